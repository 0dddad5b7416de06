#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/admin.h"

struct table {
	struct libscols_table *scols;
	size_t columns;
	size_t rows;
};

struct table *
table_new(const char *const *headings, size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->columns = columns;
	table->scols = scols_new_table();
	for (size_t i = 0; table->scols != NULL && i < columns; i++)
		if (scols_table_new_column(table->scols, headings[i], 0, 0) ==
		    NULL) {
			table_free(table);
			return NULL;
		}
	if (table->scols == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

bool
table_row(struct table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);

	if (line == NULL)
		return false;
	for (size_t i = 0; i < table->columns; i++)
		if (scols_line_set_data(line, i, cells[i]) != 0)
			return false;
	table->rows++;
	return true;
}

bool
table_print(struct table *table)
{
	return table->rows == 0 || scols_print_table(table->scols) == 0;
}

void
table_free(struct table *table)
{
	if (table != NULL)
		scols_unref_table(table->scols);
	free(table);
}

const char *
table_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}
