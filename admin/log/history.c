#include "admin/log/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/log/lines.h"
#include "admin/log/unpack.h"
#include "store/base/cleanup.h"
#include "store/base/when.h"

#define TRIES    10        /* of a stream that comes no further */
#define AGAIN_NS 200000000 /* between two */
#define TAILS    5         /* for half a line to become a whole one */

/* One stream of the keeper's, and where in which file it is. */
struct reading {
	const struct admin *admin;
	const struct history_ask *ask;
	history_entry *entry;
	void *ctx;
	struct history_end *end;
	struct audit parsed;

	/* the stream */
	struct request request;
	struct audit_file incoming; /* its next row */
	bool is_first;              /* no row has come */
	bool only_files;
	bool stopped;    /* entry() wants no more */
	bool is_clipped; /* its first line is half a line */
	int64_t from_s;  /* only lines from then on; 0: all */

	/* the file that is known, behind which the stream becomes new */
	bool seeking;
	size_t anchor; /* its number among the files */

	/* the file that is being read */
	struct audit_file row;
	bool is_open;
	size_t file; /* its number */
	int64_t at;  /* the next byte of it */
	struct unpack *unpack;
	struct lines lines;

	/* its hash, which goes on over streams that are cut short */
	struct hash *hash;
	char hashed_id[AUDIT_FILE_ID];
	int64_t hashed; /* bytes */
};

static struct history_file *
file_of(const struct reading *reading)
{
	return &reading->end->files.items[reading->file];
}

/* Reads the time with which a line of ours begins: faster than the line. */
static bool
peek_time(const char *line, size_t len, int64_t *ret_s)
{
	static const char start[] = "{\"time\":\"";
	char text[WHEN_TEXT];

	if (len < sizeof(start) - 1 + sizeof(text) ||
	    memcmp(line, start, sizeof(start) - 1) != 0)
		return false;
	memcpy(text, line + sizeof(start) - 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return when_parse(text, ret_s);
}

static bool
is_asked_for(const struct reading *reading, int64_t time_s)
{
	const struct history_ask *ask = reading->ask;

	return time_s >= ask->since_s && time_s >= reading->from_s &&
	    (ask->until_s == 0 || time_s < ask->until_s);
}

static void
see_time(struct history_end *end, int64_t time_s)
{
	if (!end->went_back && time_s < end->latest_s - HISTORY_BACK_S) {
		end->went_back = true;
		end->back_from_s = end->latest_s;
		end->back_to_s = time_s;
	}
	if (time_s > end->latest_s)
		end->latest_s = time_s;
}

static void
add_damage(struct reading *reading)
{
	struct history_end *end = reading->end;
	struct history_damage *damage;

	if (end->damaged < HISTORY_DAMAGES) {
		damage = &end->first_damaged[end->damaged];
		damage->line = reading->lines.count > 0 ? reading->lines.count
							: 0;
		memcpy(
		    damage->name, file_of(reading)->name, sizeof(damage->name));
	}
	end->damaged++;
}

static bool
take_history_line(struct reading *reading, const char *line, size_t len)
{
	int64_t time_s;

	if (peek_time(line, len, &time_s) && !is_asked_for(reading, time_s)) {
		see_time(reading->end, time_s);
		return true;
	}
	if (!audit_parse(line, len, &reading->parsed)) {
		add_damage(reading);
		return true;
	}
	see_time(reading->end, reading->parsed.time_s);
	if (!is_asked_for(reading, reading->parsed.time_s))
		return true;
	reading->end->lines++;
	reading->stopped = !reading->entry(
	    reading->ctx, &reading->parsed, line);
	return !reading->stopped;
}

/* The number of the file with that id, or that of a new one. */
static size_t
number_of_file(const struct history_end *end, const char *id)
{
	size_t i = 0;

	while (i < end->files.count && strcmp(end->files.items[i].id, id) != 0)
		i++;
	return i;
}

/* Notes what the keeper says of the file. */
static void
name_file(struct reading *reading)
{
	const struct audit_file *row = &reading->row;
	struct history_file *file = file_of(reading);

	memcpy(file->id, row->id, sizeof(file->id));
	memcpy(file->name, row->name, sizeof(file->name));
	if (file->sha256[0] == '\0')
		file->bytes = row->bytes;
	file->finished = false;
	if (!reading->only_files)
		reading->end->reached = reading->file + 1;
}

/* The first line says which file it is, whatever it is called by now. */
static void
meet_first(struct reading *reading, const char *line, size_t len)
{
	const struct history_end *end = reading->end;
	struct history_file *file = file_of(reading);
	size_t known = number_of_file(end, reading->row.id);
	char first[HASH_TEXT];

	if (!hash_hex(line, len, first))
		return;
	if (!reading->seeking)
		memcpy(file->first, first, sizeof(first));
	else if (strcmp(file->first, first) == 0 &&
	    (known == reading->file || known == end->files.count ||
		end->files.items[known].taken == 0)) {
		reading->seeking = false;
		name_file(reading);
	}
}

static bool
on_line(void *ctx, char *line, size_t len)
{
	struct reading *reading = ctx;
	struct history_end *end = reading->end;

	if (reading->lines.count == 1)
		meet_first(reading, line, len);
	if (reading->is_clipped) {
		reading->is_clipped = false;
		return true;
	}
	if (end->begins_s == 0)
		(void)peek_time(line, len, &end->begins_s);
	if (reading->row.skipped || reading->seeking ||
	    reading->lines.taken <= file_of(reading)->taken)
		return true;
	return take_history_line(reading, line, len);
}

static bool
on_inflated(void *ctx, char *bytes, size_t len)
{
	struct reading *reading = ctx;

	return lines_feed(&reading->lines, bytes, len);
}

/* A hash is of a file's bytes, each once, however often they come. */
static void
hash_more(struct reading *reading, const char *bytes, size_t len)
{
	int64_t before = reading->hashed - reading->at;

	if (reading->hash == NULL || before < 0 || before >= (int64_t)len)
		return;
	(void)hash_add(reading->hash, bytes + before, len - (size_t)before);
	reading->hashed += (int64_t)len - before;
}

static bool
on_bytes(void *ctx, char *bytes, size_t len)
{
	struct reading *reading = ctx;

	if (!reading->is_open)
		return true;
	hash_more(reading, bytes, len);
	reading->at += (int64_t)len;
	if (reading->ask->progress != NULL && !reading->only_files)
		progress_step(reading->ask->progress, (int64_t)len);
	return unpack_feed(reading->unpack, bytes, len);
}

static void
set_unreadable(struct history_file *file, const char *why)
{
	if (why[0] == '\0')
		return;
	file->unreadable = true;
	snprintf(file->why, sizeof(file->why), "%s", why);
}

enum ending { ENDS_CUT, ENDS_BEFORE_OTHERS, ENDS_LAST };

/* Half a line at the end is one that is being written, where the file is the
 * last; in others, nobody ends it any more. */
static void
leave_file(struct reading *reading, enum ending ending)
{
	struct history_file *file = file_of(reading);
	const char *why = unpack_end(reading->unpack);

	if (ending == ENDS_CUT)
		why = "";
	set_unreadable(file, why);
	if (ending == ENDS_CUT || why[0] != '\0')
		lines_drop(&reading->lines);
	else if (ending == ENDS_BEFORE_OTHERS ||
	    audit_file_is_packed(reading->row.name))
		(void)lines_end(&reading->lines);
	if (reading->lines.taken > file->taken) {
		file->taken = reading->lines.taken;
		file->lines = reading->lines.count;
	}
	file->finished = ending != ENDS_CUT;
	if (reading->at > file->bytes)
		file->bytes = reading->at;
	if (ending != ENDS_CUT && reading->hash != NULL) {
		hash_end(reading->hash, file->sha256);
		reading->hash = NULL;
	}
}

static void
close_file(struct reading *reading, enum ending ending)
{
	if (!reading->is_open)
		return;
	reading->is_open = false;
	if (!reading->row.skipped && !reading->seeking)
		leave_file(reading, ending);
	unpack_free(reading->unpack);
	reading->unpack = NULL;
}

static void
begin_hash(struct reading *reading)
{
	if (!reading->ask->hashes || reading->row.skipped ||
	    file_of(reading)->sha256[0] != '\0' ||
	    (reading->hash != NULL &&
		strcmp(reading->hashed_id, reading->row.id) == 0))
		return;
	if (reading->hash != NULL) {
		char ignored[HASH_TEXT];

		hash_end(reading->hash, ignored);
	}
	reading->hash = hash_begin();
	reading->hashed = 0;
	memcpy(reading->hashed_id, reading->row.id, sizeof(reading->hashed_id));
}

/* Sets up the file that the row names. */
static bool
open_file(struct reading *reading)
{
	const struct audit_file *row = &reading->row;
	struct history_file *file = file_of(reading);
	bool goes_on = row->offset > 0 && row->offset == file->taken;

	reading->lines = (struct lines){.each = on_line,
	    .ctx = reading,
	    .taken = row->offset,
	    .count = goes_on ? file->lines : 0};
	if (row->offset == 0)
		reading->is_clipped = false;
	reading->at = row->offset;
	begin_hash(reading);
	reading->unpack = unpack_new(
	    audit_file_is_packed(row->name), on_inflated, reading);
	reading->is_open = reading->unpack != NULL;
	return reading->is_open;
}

/* Chooses which of the files the row is; a new one is added.  While one is
 * sought, every file may be that one. */
static bool
choose_file(struct reading *reading)
{
	struct history_end *end = reading->end;

	reading->file = reading->seeking ? reading->anchor
					 : number_of_file(end, reading->row.id);
	if (reading->seeking)
		return true;
	if (reading->file == end->files.count &&
	    list_add(&end->files, sizeof(struct history_file)) == NULL)
		return false;
	name_file(reading);
	return true;
}

/* The last of the files that were begun and that had a line: it can be found
 * again by that. */
static bool
find_anchor(struct reading *reading)
{
	const struct history_end *end = reading->end;

	for (size_t i = end->reached; i > 0; i--)
		if (end->files.items[i - 1].first[0] != '\0') {
			reading->anchor = i - 1;
			return true;
		}
	return false;
}

/* The keeper begins a file, or says that the one it has begun is unreadable. */
static bool
on_file(void *ctx, const char *text)
{
	struct reading *reading = ctx;
	const char *asked = reading->request.file;
	bool goes_on = reading->is_open &&
	    strcmp(reading->row.id, reading->incoming.id) == 0;

	(void)text;
	if (!goes_on)
		close_file(reading, ENDS_BEFORE_OTHERS);
	reading->row = reading->incoming;
	if (reading->is_first)
		reading->seeking = asked[0] != '\0' &&
		    strcmp(asked, reading->row.id) != 0 && find_anchor(reading);
	reading->is_first = false;
	if (!goes_on && !choose_file(reading))
		return false;
	if (!reading->seeking)
		set_unreadable(file_of(reading), reading->row.why);
	return goes_on || reading->row.why[0] != '\0' || open_file(reading);
}

/* Asks for what follows on what was read. */
static void
set_request(struct reading *reading)
{
	const struct history_end *end = reading->end;
	struct request *request = &reading->request;
	const struct history_file *last = end->reached > 0
	    ? &end->files.items[end->reached - 1]
	    : NULL;

	*request = (struct request){
	    .version = PROTOCOL_VERSION, .request = "log"};
	if (!reading->ask->hashes)
		request->since_s = reading->ask->since_s;
	if (reading->only_files)
		snprintf(request->use, sizeof(request->use), "files");
	if (reading->only_files || last == NULL)
		return;
	memcpy(request->file, last->id, sizeof(last->id));
	if (!audit_file_is_packed(last->name))
		request->offset = last->taken;
	else if (last->finished)
		request->offset = last->bytes;
}

/* True if the stream came to its end, whatever the answer is. */
static bool
read_stream(
    struct reading *reading, struct reply *ret, char *ret_why, size_t size)
{
	const struct client_rows rows = {.shape = &audit_file_shape,
	    .row = &reading->incoming,
	    .size = sizeof(reading->incoming),
	    .each = on_file,
	    .ctx = reading};
	bool whole;

	reading->is_first = true;
	reading->seeking = false;
	whole = client_stream_files(&reading->admin->keeper, &reading->request,
		    &rows, on_bytes, ret, ret_why, size) == FAULT_NONE;
	close_file(reading,
	    whole && ret->verdict == VERDICT_PASS ? ENDS_LAST : ENDS_CUT);
	if (whole && ret->reason == REASON_BUSY) {
		snprintf(ret_why, size, "%s", ret->message);
		return false;
	}
	return whole;
}

/* How far the reading came, to see that it comes on. */
struct reached {
	size_t files;
	int64_t taken;
	bool finished;
};

static struct reached
reached_by(const struct history_end *end)
{
	struct reached reached = {.files = end->reached};

	if (end->reached > 0) {
		reached.taken = end->files.items[end->reached - 1].taken;
		reached.finished = end->files.items[end->reached - 1].finished;
	}
	return reached;
}

static bool
is_further(const struct reached *before, const struct reached *now)
{
	return now->files != before->files || now->taken != before->taken ||
	    now->finished != before->finished;
}

/* The file that was read last is gone, and no other begins like it: everything
 * is read that is newer than the last line. */
static void
begin_anew(struct reading *reading)
{
	reading->end->reached = 0;
	reading->from_s = reading->end->latest_s + 1;
}

static void
pause_between_tries(void)
{
	const struct timespec again = {.tv_nsec = AGAIN_NS};

	nanosleep(&again, NULL);
}

/*
 * Reads up to the end.  A stream may be cut short: by the keeper, where we did
 * not take its packets for a while, where it restarts, and where files were
 * renamed too fast.  Then it is asked for the rest.
 */
static int
read_rest(struct reading *reading)
{
	char why[MESSAGE_TEXT] = "";

	for (int tries = 0;; tries++) {
		scoped_reply struct reply reply = {.version = 0};
		struct reached before = reached_by(reading->end), now;
		bool whole;

		if (reading->only_files)
			history_end_done(reading->end);
		set_request(reading);
		whole = read_stream(reading, &reply, why, sizeof(why));
		if (reading->stopped)
			return ADMIN_DONE;
		if (whole &&
		    (reply.verdict != VERDICT_PASS || !reading->seeking))
			return admin_judge(&reply, "");
		if (whole)
			begin_anew(reading);
		now = reached_by(reading->end);
		if (is_further(&before, &now))
			tries = 0;
		else if (tries == TRIES ||
		    (reply.reason != REASON_BUSY &&
			reading->end->files.count == 0))
			return admin_no_keeper(reading->admin, why);
		else
			pause_between_tries();
	}
}

/* Lists the files, and learns how the history begins.  *ret_bytes: in all. */
static int
list_files(struct reading *reading, int64_t *ret_bytes)
{
	int status;

	reading->only_files = true;
	status = read_rest(reading);
	reading->only_files = false;
	*ret_bytes = 0;
	list_each(const struct history_file, file, reading->end->files)
		*ret_bytes += file->bytes;
	return status;
}

/* Begins so many bytes before the end, at the start of a file that is packed. */
static void
begin_near_end(struct reading *reading, int64_t newest)
{
	struct history_end *end = reading->end;
	size_t i = end->files.count;
	int64_t before = 0;
	struct history_file *file;

	while (i > 0 && before < newest)
		before += end->files.items[--i].bytes;
	if (i == end->files.count)
		return;
	file = &end->files.items[i];
	end->reached = i + 1;
	if (before > newest && !audit_file_is_packed(file->name)) {
		file->taken = before - newest;
		file->lines = INT64_MIN / 2;
		reading->is_clipped = true;
	}
	end->whole = i == 0 && file->taken == 0;
}

/* Half a line at the end may be one that is being written: it is waited for,
 * and else given as it is. */
static int
read_tail(struct reading *reading)
{
	int status = ADMIN_DONE;

	for (int i = 0; i < TAILS && status == ADMIN_DONE &&
	     reading->lines.loose > 0 && !reading->stopped;
	     i++) {
		pause_between_tries();
		status = read_rest(reading);
	}
	if (status != ADMIN_DONE || reading->lines.loose == 0 ||
	    reading->stopped)
		return status;
	(void)lines_end(&reading->lines);
	file_of(reading)->taken = reading->lines.taken;
	file_of(reading)->lines = reading->lines.count;
	return status;
}

int
history_read(const struct admin *admin, const struct history_ask *ask,
    history_entry *entry, void *ctx, struct history_end *ret)
{
	struct reading reading = {
	    .admin = admin, .ask = ask, .entry = entry, .ctx = ctx, .end = ret};
	char ignored[HASH_TEXT];
	int64_t bytes = 0;
	int status = ADMIN_DONE;

	*ret = (struct history_end){.whole = true};
	if (ask->newest > 0 || (ask->progress != NULL && ask->progress->is_on))
		status = list_files(&reading, &bytes);
	if (ask->progress != NULL)
		ask->progress->total = bytes;
	if (status == ADMIN_DONE && ask->newest > 0)
		begin_near_end(&reading, ask->newest);
	if (status == ADMIN_DONE)
		status = read_rest(&reading);
	if (status == ADMIN_DONE)
		status = read_tail(&reading);
	hash_end(reading.hash, ignored);
	return status;
}

int
history_more(const struct admin *admin, const struct history_ask *ask,
    history_entry *entry, void *ctx, struct history_end *end)
{
	struct reading reading = {
	    .admin = admin, .ask = ask, .entry = entry, .ctx = ctx, .end = end};

	return read_rest(&reading);
}

static void
say_damaged_lines(const struct history_end *end)
{
	char where[HISTORY_DAMAGES * (AUDIT_FILE_NAME + 24)] = "";
	size_t len = 0;

	for (int64_t i = 0; i < end->damaged && i < HISTORY_DAMAGES; i++) {
		const struct history_damage *one = &end->first_damaged[i];

		len += (size_t)snprintf(where + len, sizeof(where) - len,
		    "%s%s", i > 0 ? ", " : "", one->name);
		if (one->line > 0)
			len += (size_t)snprintf(where + len,
			    sizeof(where) - len, ":%" PRId64, one->line);
	}
	admin_say("%" PRId64 " line%s of the log cannot be read and %s left "
		  "out: %s%s",
	    end->damaged, end->damaged == 1 ? "" : "s",
	    end->damaged == 1 ? "is" : "are", where,
	    end->damaged > HISTORY_DAMAGES ? ", ..." : "");
}

bool
history_say_faults(const struct history_end *end)
{
	char from[WHEN_SAID], to[WHEN_SAID];
	bool any = false;

	if (end->damaged > 0)
		say_damaged_lines(end);
	list_each(const struct history_file, file, end->files) {
		if (file->unreadable)
			admin_say("%s: %s", file->name, file->why);
		any |= file->unreadable;
	}
	if (end->went_back) {
		when_say(end->back_from_s, from);
		when_say(end->back_to_s, to);
		admin_say("the clock went back, from %s to %s: lines are in "
			  "the order in which they were written",
		    from, to);
	}
	return any;
}

void
history_end_done(struct history_end *end)
{
	free(end->files.items);
	end->files.items = NULL;
	end->files.count = 0;
}
