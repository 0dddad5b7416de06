/* What "users" shows of one user: a line of a table, a block, JSON or CSV. */
#ifndef TFA_USER_ROWS_H
#define TFA_USER_ROWS_H

#include "admin/admin.h"
#include "admin/csv.h"
#include "store/core/report.h"

struct user_rows {
	bool json, in_full; /* neither, and no csv.to: a table */
	struct csv csv;     /* csv.to NULL: no CSV */
	struct table *table;
};

/*
 * Prints what stands before the rows.  in_full: a block for each user in place
 * of a table.  False, after a message, without memory; user_rows_done() in any
 * case.
 */
bool
user_rows_begin(const struct admin *admin, bool in_full, struct user_rows *ret);

/* text: the row as JSON.  False without memory. */
bool user_rows_add(
    struct user_rows *rows, const struct user_row *row, const char *text);

/* Prints what is left to print; false where that fails. */
bool user_rows_end(struct user_rows *rows);

void user_rows_done(struct user_rows *rows);

#endif
