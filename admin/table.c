#include <libsmartcols/libsmartcols.h>

#include "admin/admin.h"

struct libscols_table *
table_new(const char *const *headings, size_t columns)
{
	struct libscols_table *table = scols_new_table();

	for (size_t i = 0; table != NULL && i < columns; i++)
		if (scols_table_new_column(table, headings[i], 0, 0) == NULL) {
			table_free(table);
			table = NULL;
		}
	return table;
}

bool
table_row(struct libscols_table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (line == NULL)
		return false;
	for (size_t i = 0; i < scols_table_get_ncols(table); i++)
		if (scols_line_set_data(line, i, cells[i]) != 0)
			return false;
	return true;
}

bool
table_print(struct libscols_table *table)
{
	return scols_table_get_nlines(table) == 0 ||
	    scols_print_table(table) == 0;
}

void
table_free(struct libscols_table *table)
{
	scols_unref_table(table);
}

const char *
table_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}
