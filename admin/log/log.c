#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/log/history.h"
#include "store/folder/audit.h"
#include "store/base/cleanup.h"
#include "gate/screen/display.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

struct listing {
	const struct admin *admin;
	int columns; /* of the terminal; 0: a pipe, lines stay whole */
	bool begun;
};

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
	if (entry->detail[0] != '\0')
		fprintf(out, " (%s)", entry->detail);
	field(out, "to", entry->target);
	if (entry->command[0] != '\0')
		fprintf(out, " command: %s", entry->command);
}

static void
log_write_line(FILE *out, const struct audit *entry)
{
	char when[WHEN_TEXT];

	when_format(entry->time_s, when);
	fprintf(out, "%s %-6s %-8s %s", when, entry->event,
	    table_dash(entry->verdict), table_dash(entry->user));
	field(out, "reason", entry->reason);
	field(out, "rule", entry->rule);
	field(out, "from", entry->address);
	write_rest(out, entry);
}

/* The columns; those that people look for most come first. */
#define ROW "%-20s %-7s %-9s %-12s %-15s %-13s %s"

static void
log_write_row(FILE *out, const struct audit *entry)
{
	char when[WHEN_TEXT];

	when_format(entry->time_s, when);
	fprintf(out, ROW, when, entry->event, table_dash(entry->verdict),
	    table_dash(entry->user), table_dash(entry->address),
	    table_dash(entry->reason), table_dash(entry->rule));
	write_rest(out, entry);
}

/* Prints as many characters of a line as the terminal has columns. */
static void
print_cut(const char *line, int columns)
{
	size_t len = strlen(line), at = 0, n;

	for (; at < len && columns > 0; columns--) {
		n = utf8_length(line + at, len - at);
		at += n > 0 ? n : 1;
	}
	printf("%.*s\n", (int)at, line);
}

static bool
log_print(struct listing *listing, const struct audit *entry)
{
	scoped_free char *line = NULL;
	char headings[128];
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (out == NULL)
		return false;
	if (listing->columns > 0)
		log_write_row(out, entry);
	else
		log_write_line(out, entry);
	if (fclose(out) != 0)
		return false;
	if (listing->columns == 0) {
		puts(line);
		return true;
	}
	snprintf(headings, sizeof(headings), ROW, "TIME", "EVENT", "VERDICT",
	    "USER", "FROM", "REASON", "RULE");
	if (!listing->begun)
		print_cut(headings, listing->columns);
	listing->begun = true;
	print_cut(line, listing->columns);
	return true;
}

static bool
show_entry(void *ctx, const struct audit *entry, const char *line)
{
	struct listing *listing = ctx;

	if (listing->admin->user != NULL &&
	    strcmp(listing->admin->user, entry->user) != 0)
		return true;
	if (!listing->admin->json)
		return log_print(listing, entry);
	puts(line);
	return true;
}

int
admin_log(struct admin *admin, int argc, char **argv)
{
	struct listing listing = {.admin = admin};
	struct history_ask ask = {.since_s = 0};
	struct history_end end;
	struct display display;
	int status;

	(void)argv;
	if (argc != 0)
		return ADMIN_MISUSED;
	if (admin->user != NULL && !admin_is_user(admin->user))
		return ADMIN_NOT;
	if (admin->since != NULL &&
	    !admin_time(admin->since, time(NULL), &ask.since_s))
		return ADMIN_USAGE;
	display_size(STDOUT_FILENO, &display);
	listing.columns = display.columns;
	status = history_read(admin, &ask, show_entry, &listing, &end);
	history_say_faults(&end);
	history_end_done(&end);
	return status;
}
