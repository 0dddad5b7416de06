/* Adoption by group, counted from the rows of the user list. */
#ifndef TFA_SUMMARY_H
#define TFA_SUMMARY_H

#include "admin/admin.h"
#include "store/system/groups.h"
#include "store/core/report.h"

struct summary;

/* NULL, after a message, if the policy cannot be read. */
struct summary *summary_new(const struct admin *admin);

/*
 * Counts the row in the total and in each of the user's groups. user is NULL
 * for one who is not in passwd, and then no group counts it.
 */
void summary_add(struct summary *summary, const struct user_row *row,
    struct groups_user *user);

/* A table with a bar, or CSV, or a JSON object a line.  Returns an admin_exit. */
int summary_print(const struct summary *summary, const struct admin *admin);

void summary_free(struct summary *summary);

#endif
