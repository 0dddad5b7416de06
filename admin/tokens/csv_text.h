/*
 * Reads CSV (RFC 4180), a line at a time, with comma, semicolon or tab between
 * the cells.  A cell in quotes ends on its line: one quote too few must not eat
 * the lines that follow.
 *
 *	struct csv_text csv = csv_text_begin(text, len);
 *
 *	while (csv_text_next(&csv, &row))
 *		if (row.wrong != NULL)
 *			row.line is wrong
 */
#ifndef TFA_CSV_TEXT_H
#define TFA_CSV_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_CELLS 64  /* in a line */
#define CSV_CELL  256 /* bytes of one, and a NUL */

struct csv_text {
	const char *at, *end;
	char separator;
	int line; /* that was read last */
};

struct csv_row {
	char cells[CSV_CELLS][CSV_CELL]; /* without blanks around them */
	size_t count;
	int line;          /* from 1 */
	const char *wrong; /* what is wrong with the line; or NULL */
};

/* Which separator it is the first line says: the first of them that stands
 * there outside of quotes. */
struct csv_text csv_text_begin(const char *text, size_t len);

/* *ret: the next line that has something in it.  False at the end. */
bool csv_text_next(struct csv_text *csv, struct csv_row *ret);

#endif
