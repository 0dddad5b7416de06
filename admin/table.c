#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/cell.h"
#include "gate/screen/display.h"
#include "store/base/cleanup.h"

#define ROWS_AT_ONCE 1000 /* then the table begins anew: memory stays flat */
#define WIDTH        80

struct table {
	struct libscols_table *scols;
	size_t columns;
	/* of the rows that wait */
	size_t widest[TABLE_COLUMNS];
	bool any[TABLE_COLUMNS];   /* a cell says something */
	char spare[TABLE_COLUMNS]; /* in which order they go; 0: it stays */
	bool failed;
};

static struct libscols_column *
column_of(const struct table *table, size_t i)
{
	return scols_table_get_column(table->scols, i);
}

static void
forget_rows(struct table *table)
{
	scols_table_remove_lines(table->scols);
	for (size_t i = 0; i < table->columns; i++) {
		const struct libscols_cell *heading = scols_column_get_header(
		    column_of(table, i));

		table->widest[i] = strlen(scols_cell_get_data(heading));
		table->any[i] = false;
	}
}

struct table *
table_new(const char *const *headings, size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL || columns > TABLE_COLUMNS ||
	    (table->scols = scols_new_table()) == NULL) {
		free(table);
		return NULL;
	}
	table->columns = columns;
	for (size_t i = 0; i < columns; i++)
		if (scols_table_new_column(
			table->scols, headings[i], 0, SCOLS_FL_TRUNC) == NULL) {
			table_free(table);
			return NULL;
		}
	forget_rows(table);
	return table;
}

void
table_spare(struct table *table, size_t column, int order)
{
	table->spare[column] = (char)order;
}

/* How wide the reader's screen is. */
static size_t
room(void)
{
	int columns = display_columns(STDOUT_FILENO);

	return columns > 0 ? (size_t)columns : WIDTH;
}

static size_t
table_width(const struct table *table)
{
	size_t width = 0;

	for (size_t i = 0; i < table->columns; i++)
		if (table->any[i])
			width += table->widest[i] + 1;
	return width > 0 ? width - 1 : 0;
}

/* Leaves out columns in which nothing stands, and spare ones as long as the
 * others do not fit. */
static void
choose_columns(struct table *table)
{
	size_t most = room();

	for (int order = 1; order < (int)TABLE_COLUMNS; order++)
		for (size_t i = 0; i < table->columns; i++)
			if (table->spare[i] == order &&
			    table_width(table) > most)
				table->any[i] = false;
	for (size_t i = 0; i < table->columns; i++)
		scols_column_set_flags(column_of(table, i),
		    table->any[i] ? SCOLS_FL_TRUNC : SCOLS_FL_HIDDEN);
}

static bool
print_rows(struct table *table)
{
	locale_t before = cell_enter();
	bool ok = true;

	if (scols_table_get_nlines(table->scols) > 0) {
		choose_columns(table);
		ok = scols_print_table(table->scols) == 0;
	}
	cell_leave(before);
	forget_rows(table);
	return ok;
}

bool
table_row(struct table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);

	if (line == NULL)
		return false;
	for (size_t i = 0; i < table->columns; i++) {
		scoped_free char *shown = cell_show(cells[i]);
		size_t width;

		if (shown == NULL || scols_line_set_data(line, i, shown) != 0)
			return false;
		width = cell_width(shown);
		if (width > table->widest[i])
			table->widest[i] = width;
		table->any[i] |= cells[i][0] != '\0' &&
		    strcmp(cells[i], "-") != 0;
	}
	if (scols_table_get_nlines(table->scols) < ROWS_AT_ONCE)
		return true;
	table->failed |= !print_rows(table);
	return !table->failed;
}

bool
table_print(struct table *table)
{
	return print_rows(table) && !table->failed;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	scols_unref_table(table->scols);
	free(table);
}

const char *
table_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}
