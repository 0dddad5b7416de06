/*
 * CSV (RFC 4180) for a spreadsheet: a comma between fields, CR and LF after
 * each row.  What a user or a client chose goes through csv_text(), so that a
 * cell is neither run as a formula nor torn into two rows.
 *
 *	struct csv csv = {.to = stdout};
 *
 *	csv_header(&csv, names, count);
 *	csv_text(&csv, row.user);
 *	csv_number(&csv, row.count);
 *	csv_end(&csv);
 *
 * Column names are the keys that --json has, and keep their order: add new ones
 * at the end.  Whether all was written, ferror(3) says.
 */
#ifndef TFA_CSV_H
#define TFA_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct csv {
	FILE *to;
	bool begun; /* the row has a field */
};

/*
 * The next field.  Characters that utf8_steers() names, and bytes that are not
 * UTF-8, become question marks.  A text that a spreadsheet takes for a formula
 * (it begins with = + - @, or a tab) gets a ' before it.
 */
void csv_text(struct csv *csv, const char *text);

void csv_number(struct csv *csv, int64_t number);

/* A point in time, RFC 3339 in UTC; empty for 0. */
void csv_time(struct csv *csv, int64_t time_s);

/* "true" or "false". */
void csv_flag(struct csv *csv, bool flag);

/* Ends the row. */
void csv_end(struct csv *csv);

/* The first row. */
void csv_header(struct csv *csv, const char *const *names, size_t count);

#endif
