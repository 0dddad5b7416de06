#include "admin/log/rows.h"

#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/cell.h"
#include "store/base/cleanup.h"
#include "store/base/when.h"

#define INDENT      4
#define LEAST_WIDTH 24 /* a narrower window is treated as this wide */
#define CELL_MOST   20 /* a longer cell moves the rest of its row */

static void
field(FILE *out, const char *name, const char *value)
{
	if (value[0] != '\0')
		fprintf(out, " %s=%s", name, value);
}

static void
write_rest(FILE *out, const struct audit *entry)
{
	field(out, "door", entry->door ? "yes" : "");
	field(out, "key", entry->key);
	field(out, "device", entry->device);
	field(out, "by", entry->actor);
	if (entry->suppressed > 0)
		fprintf(out, " suppressed=%lld", (long long)entry->suppressed);
	field(out, "host", entry->host);
	if (entry->detail[0] != '\0')
		fprintf(out, " (%s)", entry->detail);
	field(out, "to", entry->target);
	if (entry->command[0] != '\0')
		fprintf(out, " command: %s", entry->command);
}

static void
print_entry_line(FILE *out, const struct audit *entry)
{
	char when[WHEN_TEXT];

	when_format(entry->time_s, when);
	fprintf(out, "%s %-6s %-8s %s", when, entry->event,
	    table_dash(entry->verdict), table_dash(entry->user));
	field(out, "reason", entry->reason);
	field(out, "rule", entry->rule);
	field(out, "from", entry->address);
	write_rest(out, entry);
	putc('\n', out);
}

static void
write_csv_field(
    struct csv *csv, const struct json_field *row, const struct audit *entry)
{
	const char *at = (const char *)entry + row->offset;
	int64_t number;

	memcpy(&number, at, sizeof(number) <= row->size ? sizeof(number) : 0);
	switch (row->kind) {
	case JSON_TEXT:
		csv_text(csv, at);
		break;
	case JSON_FLAG:
		csv_flag(csv, *(const bool *)at);
		break;
	case JSON_FORM:
		csv_time(csv, number);
		break;
	case JSON_NUMBER:
		csv_number(csv, number);
		break;
	case JSON_STRING:
	case JSON_CHOICE:
	case JSON_OBJECT:
	case JSON_LIST:
		csv_text(csv, "");
		break;
	}
}

/* The columns are the audit's keys, by the table that reads it. */
static void
write_csv(struct view *view, const struct audit *entry)
{
	struct csv *csv = &view->csv;

	csv->to = view->to;
	if (!view->begun) {
		for (size_t i = 0; i < audit_shape.count; i++)
			csv_text(csv, audit_shape.fields[i].key);
		csv_end(csv);
	}
	view->begun = true;
	for (size_t i = 0; entry != NULL && i < audit_shape.count; i++)
		write_csv_field(csv, &audit_shape.fields[i], entry);
	if (entry != NULL)
		csv_end(csv);
}

/* The cells of a row, with the names under which they move to the lines below
 * where they do not fit. */
struct cells {
	char when[WHEN_MINUTE];
	const char *text[VIEW_COLUMNS];
};

static const char *const headings[VIEW_COLUMNS] = {
    "TIME", "EVENT", "VERDICT", "USER", "REASON", "FROM", "RULE"};
static const char *const below[VIEW_COLUMNS] = {
    "time", "event", "verdict", "user", "reason", "from", "rule"};

static void
set_cells(const struct audit *entry, struct cells *ret)
{
	const char *const text[VIEW_COLUMNS] = {ret->when, entry->event,
	    entry->verdict, entry->user, entry->reason, entry->address,
	    entry->rule};

	when_say_minute(entry->time_s, ret->when);
	memcpy(ret->text, text, sizeof(text));
}

/* Writes the text on indented lines, broken at blanks where there are any. */
static void
write_wrapped(const struct view *view, const char *text)
{
	size_t room = (size_t)(view->columns - INDENT);

	while (*text == ' ')
		text++;
	while (*text != '\0') {
		size_t len = cell_fitting(text, room);
		size_t cut = len;

		if (text[len] != '\0' && text[len] != ' ')
			while (cut > 0 && text[cut - 1] != ' ')
				cut--;
		if (cut == 0)
			cut = len > 0 ? len : 1;
		len = cut;
		while (len > 1 && text[len - 1] == ' ')
			len--;
		fprintf(view->to, "%*s%.*s\n", INDENT, "", (int)len, text);
		for (text += cut; *text == ' ';)
			text++;
	}
}

/* Writes the cells that fit, and puts the others into rest. */
static void
write_cells(const struct view *view, const char *const text[], FILE *rest)
{
	int at = 0, start = 0;

	for (size_t i = 0; i < VIEW_COLUMNS; i++) {
		const char *cell = table_dash(text[i]);
		int width = (int)cell_width(cell), gap;

		if (view->widths[i] == 0)
			continue;
		gap = at < start ? start - at : at > 0;
		start += view->widths[i] + 1;
		if (at + gap + width <= view->columns) {
			fprintf(view->to, "%*s%s", gap, "", cell);
			at += gap + width;
		} else if (rest != NULL)
			field(rest, below[i], text[i]);
	}
	putc('\n', view->to);
}

static void
write_row(const struct view *view, const struct audit *entry)
{
	scoped_free char *text = NULL;
	struct cells cells;
	size_t size = 0;
	FILE *rest = open_memstream(&text, &size);

	if (rest == NULL)
		return;
	set_cells(entry, &cells);
	write_cells(view, cells.text, rest);
	write_rest(rest, entry);
	if (fclose(rest) == 0)
		write_wrapped(view, text);
}

/* Makes the columns wide enough for the block.  True if they were not. */
static bool
widen(struct view *view)
{
	bool wider = false;

	list_each(const struct audit, entry, view->block) {
		struct cells cells;

		set_cells(entry, &cells);
		for (size_t i = 0; i < VIEW_COLUMNS; i++) {
			int width = (int)cell_width(cells.text[i]);

			if (width > CELL_MOST)
				width = CELL_MOST;
			if (width > 0 && width < (int)cell_width(headings[i]))
				width = (int)cell_width(headings[i]);
			if (width <= view->widths[i])
				continue;
			view->widths[i] = width;
			wider = true;
		}
	}
	return wider;
}

void
view_flush(struct view *view)
{
	if (view->kind == VIEW_CSV && !view->begun)
		write_csv(view, NULL);
	if (view->block.count > 0) {
		if (view->columns < LEAST_WIDTH)
			view->columns = LEAST_WIDTH;
		if (widen(view))
			write_cells(view, headings, NULL);
		list_each(const struct audit, entry, view->block)
			write_row(view, entry);
	}
	free(view->block.items);
	view->block.items = NULL;
	view->block.count = 0;
	fflush(view->to);
}

bool
view_is_full(const struct view *view)
{
	return view->kind != VIEW_TABLE || view->block.count >= VIEW_BLOCK;
}

/* Adds a row to the block, without what would steer a terminal. */
static bool
add_to_block(struct view *view, const struct audit *entry)
{
	struct audit *row;

	if (view_is_full(view))
		view_flush(view);
	row = list_add(&view->block, sizeof(*row));
	if (row == NULL)
		return false;
	*row = *entry;
	audit_clean(row);
	return true;
}

bool
view_add(struct view *view, const struct audit *entry, const char *line)
{
	switch (view->kind) {
	case VIEW_LINES:
		print_entry_line(view->to, entry);
		break;
	case VIEW_TABLE:
		return add_to_block(view, entry);
	case VIEW_JSON:
		fprintf(view->to, "%s\n", line);
		break;
	case VIEW_CSV:
		write_csv(view, entry);
		break;
	}
	return true;
}
