/*
 * Adoption by group, from the rows of the user list.
 */
#ifndef TFA_SUMMARY_H
#define TFA_SUMMARY_H

#include "admin/admin.h"
#include "store/system/groups.h"
#include "store/core/report.h"

struct summary;

/* NULL, after a message, where the policy cannot be read. */
struct summary *summary_new(const struct admin *admin);

/* Counts the row in each group of the user's; in none where user is NULL,
 * which is one whom passwd does not have. */
void summary_add(struct summary *summary, const struct user_row *row,
    struct groups_user *user);

/* A table with a bar, or a JSON object a line.  Returns an admin_exit. */
int summary_print(const struct summary *summary, bool json);

void summary_free(struct summary *summary);

#endif
