#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/log/history.h"
#include "admin/log/rows.h"
#include "admin/progress.h"
#include "gate/screen/display.h"
#include "store/base/cleanup.h"
#include "store/base/when.h"
#include "store/core/report.h"
#include "store/core/verdict.h"

#define LINES_MOST    100000 /* of -n */
#define FOLLOW_LINES  10     /* that -f begins with */
#define FOLLOW_MS     2000   /* between two looks, each of which is a request */
#define NEWEST_BYTES  (256 << 10) /* to look for the last lines in, at first */
#define NEWEST_FACTOR 8           /* as much again, if they are not there */

/* A line that is kept, since it may be among the last. */
struct kept {
	struct audit entry;
	char *line;
};

struct listing {
	const struct admin *admin;
	struct history_ask ask;
	struct history_end end;
	struct view view;
	struct progress progress;
	time_t block_s;    /* when the first row of the block came */
	int64_t found;     /* lines that were asked for */
	int64_t most;      /* of the last lines; 0: all */
	struct kept *kept; /* a ring of that many */
};

/* True if the word is one of a list with commas, or there is no list. */
static bool
list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	if (list == NULL)
		return true;
	for (; *list != '\0'; list += *list == ',') {
		size_t n = strcspn(list, ",");

		if (n == len && strncmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

static bool
log_wants(const struct admin *admin, const struct audit *entry)
{
	return (admin->user == NULL || strcmp(admin->user, entry->user) == 0) &&
	    list_has(admin->verdict, entry->verdict) &&
	    list_has(admin->event, entry->event) &&
	    list_has(admin->reason, entry->reason);
}

/* Shows a line, and the block that it is in after a second at the latest. */
static bool
show_entry(void *ctx, const struct audit *entry, const char *line)
{
	struct listing *listing = ctx;
	struct view *view = &listing->view;

	if (!log_wants(listing->admin, entry))
		return true;
	listing->found++;
	if (view_is_full(view))
		progress_hide(&listing->progress);
	if (!view_add(view, entry, line))
		return false;
	if (view->kind != VIEW_TABLE)
		return true;
	if (view->block.count == 1)
		listing->block_s = time(NULL);
	else if (time(NULL) > listing->block_s) {
		progress_hide(&listing->progress);
		view_flush(view);
	}
	return true;
}

static bool
keep_entry(void *ctx, const struct audit *entry, const char *line)
{
	struct listing *listing = ctx;
	struct kept *kept;
	char *copy;

	if (!log_wants(listing->admin, entry))
		return true;
	copy = strdup(line);
	if (copy == NULL)
		return false;
	kept = &listing->kept[listing->found++ % listing->most];
	free(kept->line);
	*kept = (struct kept){.entry = *entry, .line = copy};
	return true;
}

static void
drop_kept(struct listing *listing)
{
	for (int64_t i = 0; i < listing->most; i++) {
		free(listing->kept[i].line);
		listing->kept[i].line = NULL;
	}
}

static void
show_kept(struct listing *listing)
{
	int64_t first = listing->found > listing->most
	    ? listing->found - listing->most
	    : 0;

	progress_hide(&listing->progress);
	for (int64_t i = first; i < listing->found; i++) {
		const struct kept *kept = &listing->kept[i % listing->most];

		(void)view_add(&listing->view, &kept->entry, kept->line);
	}
}

/* Looks for the last lines from the end, in ever more of the history. */
static int
show_last(struct listing *listing)
{
	int64_t newest = NEWEST_BYTES;
	int status;

	listing->kept = calloc((size_t)listing->most, sizeof(struct kept));
	if (listing->kept == NULL) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	for (;; newest *= NEWEST_FACTOR) {
		listing->ask.newest = newest;
		listing->progress.done = 0;
		status = history_read(listing->admin, &listing->ask, keep_entry,
		    listing, &listing->end);
		if (status != ADMIN_DONE || listing->end.whole ||
		    listing->found >= listing->most)
			break;
		drop_kept(listing);
		listing->found = 0;
		history_end_done(&listing->end);
	}
	if (status == ADMIN_DONE)
		show_kept(listing);
	drop_kept(listing);
	free(listing->kept);
	return status;
}

/* Waits for a moment.  False if nobody reads our output any more. */
static bool
wait_to_follow(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, FOLLOW_MS) == 0;
}

static int
follow(struct listing *listing)
{
	int64_t damaged = listing->end.damaged;
	int status = ADMIN_DONE;

	while (status == ADMIN_DONE && wait_to_follow()) {
		status = history_more(listing->admin, &listing->ask, show_entry,
		    listing, &listing->end);
		view_flush(&listing->view);
		if (listing->end.damaged > damaged)
			admin_say("a line cannot be read and is left out");
		damaged = listing->end.damaged;
	}
	return status;
}

static bool
know_user(void *ctx, const struct audit *entry, const char *line)
{
	struct listing *listing = ctx;

	(void)line;
	if (strcmp(entry->user, listing->admin->user) != 0)
		return true;
	listing->found++;
	return false;
}

/*
 * Nothing was found.  Is there such a user?  The log may have lines about one
 * who is gone from everywhere else, and the keeper knows the others.
 */
static int
check_user(struct listing *listing)
{
	const struct history_ask all = {.since_s = 0};
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	struct user_row row;
	const struct client_rows rows = {
	    &user_row_shape, &row, sizeof(row), NULL, NULL};
	struct history_end end;
	int status;

	(void)history_read(listing->admin, &all, know_user, listing, &end);
	history_end_done(&end);
	if (listing->found > 0)
		return ADMIN_DONE;
	snprintf(
	    request.user, sizeof(request.user), "%s", listing->admin->user);
	status = admin_stream(
	    listing->admin, &request, listing->admin->user, &rows);
	json_done(&user_row_shape, &row);
	return status;
}

/* True if the history begins after the time that was asked for. */
static bool
begins_too_late(const struct listing *listing)
{
	char begins[WHEN_SAID];
	int64_t begins_s = listing->end.begins_s;

	if (listing->ask.since_s == 0 ||
	    (begins_s > 0 && begins_s <= listing->ask.since_s))
		return false;
	when_say(begins_s, begins);
	if (begins_s == 0)
		admin_say("the log is empty: it does not reach back so far");
	else
		admin_say(
		    "the log begins at %s: nothing older is kept", begins);
	return true;
}

static int
judge_end(struct listing *listing)
{
	const struct history_end *end = &listing->end;
	char begins[WHEN_SAID];
	bool is_incomplete = history_say_faults(end);
	int status = ADMIN_DONE;

	if (listing->found == 0 && listing->admin->user != NULL)
		status = check_user(listing);
	if (status != ADMIN_DONE)
		return status;
	if (begins_too_late(listing) || is_incomplete)
		return ADMIN_NOT;
	if (listing->found == 0 && end->begins_s > 0 &&
	    listing->view.kind == VIEW_TABLE) {
		when_say(end->begins_s, begins);
		admin_say("no such line; the log begins at %s", begins);
	}
	return end->damaged > 0 ? ADMIN_DAMAGED : ADMIN_DONE;
}

static int
run_listing(struct listing *listing)
{
	int status;

	progress_begin(&listing->progress, "reading the log", 0);
	listing->ask.progress = &listing->progress;
	status = listing->most > 0 ? show_last(listing)
				   : history_read(listing->admin, &listing->ask,
					 show_entry, listing, &listing->end);
	progress_end(&listing->progress);
	view_flush(&listing->view);
	if (status == ADMIN_DONE)
		status = judge_end(listing);
	if (listing->admin->follow &&
	    (status <= ADMIN_NOT || status == ADMIN_DAMAGED))
		status = follow(listing);
	history_end_done(&listing->end);
	return status;
}

/* Words that --verdict, --event or --reason takes. */
struct vocabulary {
	const char *one; /* "a verdict" */
	const struct json_form *form;
	const char *(*word)(size_t i); /* NULL after the last; or NULL: there
					* are too many to list */
};

static const char *
verdict_word(size_t i)
{
	static const enum verdict logged[] = {VERDICT_PASS, VERDICT_DENY};

	return i < sizeof(logged) / sizeof(logged[0]) ? verdict_name(logged[i])
						      : NULL;
}

static const char *
event_word(size_t i)
{
	const struct audit_event *event = audit_event(i);

	return event != NULL ? event->word : NULL;
}

static const struct vocabulary verdicts = {
    "a verdict", &verdict_form, verdict_word};
static const struct vocabulary events = {
    "an event", &audit_event_form, event_word};
static const struct vocabulary reasons = {"a reason", &reason_form, NULL};

static void
refuse_word(const char *word, const struct vocabulary *known)
{
	char all[512] = "";
	size_t len = 0;

	for (size_t i = 0;
	     known->word != NULL && known->word(i) != NULL && len < sizeof(all);
	     i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
		    i == 0                           ? ": "
			: known->word(i + 1) != NULL ? ", "
						     : " or ",
		    known->word(i));
	admin_say("%.80s is not %s%s", word, known->one,
	    all[0] != '\0' ? all : ": tfa-keeper(8) lists them");
}

/* Refuses a word that no line can have, in a list with commas. */
static bool
are_words(const char *list, const struct vocabulary *known)
{
	char word[JSON_FORM_TEXT];
	int ignored;

	while (list != NULL && *list != '\0') {
		size_t n = strcspn(list, ",");

		snprintf(word, sizeof(word), "%.*s", (int)n, list);
		if (!known->form->parse(word, &ignored)) {
			refuse_word(word, known);
			return false;
		}
		list += n + (list[n] == ',');
	}
	return true;
}

/* Reads how many lines are asked for.  False after a message. */
static bool
read_count(const struct admin *admin, int64_t *ret)
{
	char *end = NULL;
	long long count = 0;

	*ret = admin->follow && admin->since == NULL ? FOLLOW_LINES : 0;
	if (admin->lines == NULL)
		return true;
	if (strspn(admin->lines, "0123456789") == strlen(admin->lines))
		count = strtoll(admin->lines, &end, 10);
	if (count < 1 || count > LINES_MOST) {
		admin_say("-n %.40s: not a number of lines: 1 to %d",
		    admin->lines, LINES_MOST);
		return false;
	}
	*ret = count;
	return true;
}

static bool
read_times(const struct admin *admin, struct history_ask *ret)
{
	int64_t now_s = time(NULL);

	return (admin->since == NULL ||
		   admin_time(admin->since, now_s, &ret->since_s)) &&
	    (admin->until == NULL ||
		admin_time(admin->until, now_s, &ret->until_s));
}

static enum view_kind
view_of(const struct admin *admin, int columns)
{
	if (admin->json)
		return VIEW_JSON;
	if (admin->csv)
		return VIEW_CSV;
	return columns > 0 ? VIEW_TABLE : VIEW_LINES;
}

int
admin_log(struct admin *admin, int argc, char **argv)
{
	struct listing listing = {.admin = admin};
	struct display display;

	(void)argv;
	if (argc != 0)
		return ADMIN_MISUSED;
	if ((admin->json && admin->csv) ||
	    (admin->follow && admin->until != NULL)) {
		admin_say(admin->follow
			? "--until ends what -f goes on with"
			: "--json and --csv exclude each other");
		return ADMIN_MISUSED;
	}
	if (admin->user != NULL && !admin_is_user(admin->user))
		return ADMIN_NOT;
	if (!read_times(admin, &listing.ask) ||
	    !read_count(admin, &listing.most) ||
	    !are_words(admin->verdict, &verdicts) ||
	    !are_words(admin->event, &events) ||
	    !are_words(admin->reason, &reasons))
		return ADMIN_USAGE;
	display_size(STDOUT_FILENO, &display);
	listing.view = (struct view){.to = stdout,
	    .kind = view_of(admin, display.columns),
	    .columns = display.columns};
	return run_listing(&listing);
}
