/* The columns of a CSV of tokens, by its first line, in any order. */
#ifndef TFA_COLUMNS_H
#define TFA_COLUMNS_H

#include "admin/tokens/csv_text.h"
#include "admin/tokens/seeds.h"

enum column {
	COLUMN_SERIAL = 0,
	COLUMN_SECRET,
	COLUMN_TYPE,
	COLUMN_DIGITS,
	COLUMN_PERIOD,
	COLUMN_COUNTER,
	COLUMN_ALGORITHM,
	COLUMNS,
};

struct columns {
	int at[COLUMNS];           /* the cell's number; -1: there is none */
	size_t count;              /* of all cells of a line */
	enum secrets_form secrets; /* if the secret's column says it */
};

/* Reads the first line.  False, after refusals, if it does not name the
 * columns, or one that could mean something. */
bool columns_read(
    struct seeds *seeds, const struct csv_row *row, struct columns *ret);

/* The text of a line in that column; "" where there is none. */
const char *columns_cell(const struct columns *columns,
    const struct csv_row *row, enum column column);

#endif
