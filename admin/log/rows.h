/*
 * How a line of the audit is shown.
 *
 *	struct view view = {.to = stdout, .kind = VIEW_TABLE, .columns = 80};
 *
 *	view_add(&view, entry, line)	for each
 *	view_flush(&view)		now and then, and at the end
 *
 * A table is made for a person: minutes where they are, columns as wide as what
 * is in them, none that is empty; what does not fit goes to indented lines
 * below the row, and nothing is cut.  It is laid out in blocks, so that its
 * first rows come before its last ones are known.
 */
#ifndef TFA_ROWS_H
#define TFA_ROWS_H

#include <stdbool.h>
#include <stdio.h>

#include "admin/csv.h"
#include "store/base/list.h"
#include "store/folder/audit.h"

#define VIEW_COLUMNS 7
#define VIEW_BLOCK   100

enum view_kind {
	VIEW_LINES, /* for programs: "TIME EVENT VERDICT USER key=value ..." */
	VIEW_TABLE,
	VIEW_JSON, /* as they are in the audit */
	VIEW_CSV,
};

struct view {
	FILE *to;
	enum view_kind kind;
	int columns; /* of the terminal, for a table */
	bool begun;  /* the headings are out */
	struct csv csv;
	int widths[VIEW_COLUMNS]; /* 0: empty so far */
	LIST_OF(struct audit) block;
};

/* Adds a line.  False without memory. */
bool view_add(struct view *view, const struct audit *entry, const char *line);

/* Writes what waits for the end of its block. */
void view_flush(struct view *view);

/* True if the next view_add() may write. */
bool view_is_full(const struct view *view);

#endif
