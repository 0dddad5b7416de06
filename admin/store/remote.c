#include "admin/store/remote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/base/utf8.h"

#define WAIT_MS 5000
#define ROWS    256
#define FEW     32 /* of those that are wanted, in one page */
#define TRIES   3  /* of a scan whose revision was compacted meanwhile */

void
remote_text_free(struct remote_text *text)
{
	json_text_free(&text->text);
	*text = (struct remote_text){.text = NULL};
}

static const char *const prefixes[] = {[SEAL_USER] = "users/",
    [SEAL_POLICY] = "policy",
    [SEAL_FLEET] = "fleet",
    [SEAL_BASTION] = "bastions/"};

struct remote_name
remote_name_of(enum seal_kind kind)
{
	return (struct remote_name){.kind = kind};
}

struct remote_name
remote_user(const char *file)
{
	struct remote_name name = {.kind = SEAL_USER};

	snprintf(name.text, sizeof(name.text), "%s", file);
	return name;
}

struct remote_name
remote_host(const char *host)
{
	struct remote_name name = {.kind = SEAL_BASTION};

	snprintf(name.text, sizeof(name.text), "%s", host);
	return name;
}

static void
key_of(const struct remote_name *name, char ret[static TALK_KEY])
{
	bool earlier = name->kind == SEAL_POLICY && name->text[0] != '\0';

	snprintf(ret, TALK_KEY, "%s%s%s", prefixes[name->kind],
	    earlier ? "/" : "", name->text);
}

bool
remote_parse(const char *key, struct remote_name *ret)
{
	for (int kind = SEAL_USER; kind <= SEAL_BASTION; kind++) {
		size_t len = strlen(prefixes[kind]);
		bool several = prefixes[kind][len - 1] == '/';
		const char *rest = key + len;

		if (strncmp(key, prefixes[kind], len) != 0 ||
		    (several && *rest == '\0'))
			continue;
		if (kind == SEAL_POLICY && *rest == '/')
			rest++;
		else if (!several && *rest != '\0')
			continue;
		if (strlen(rest) >= sizeof(ret->text))
			return false;
		*ret = (struct remote_name){.kind = (enum seal_kind)kind};
		memcpy(ret->text, rest, strlen(rest) + 1);
		return true;
	}
	return false;
}

static enum fault __attribute__((format(printf, 3, 4)))
remote_say(struct remote *remote, enum fault fault, const char *format, ...)
{
	char line[REMOTE_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	utf8_clean(line, strlen(line), remote->why, sizeof(remote->why));
	return fault;
}

void
remote_open(const char *path, const struct keyring *ring, struct remote *ret)
{
	*ret = (struct remote){.line = LINE_TO(path), .ring = ring, .epoch = 1};
}

void
remote_close(struct remote *remote)
{
	line_close(&remote->line);
}

static int64_t
until_ms(void)
{
	return clock_ms() + WAIT_MS;
}

/* The end of a talk with the link. */
static enum fault
said(struct remote *remote, enum fault fault)
{
	if (fault == FAULT_STALE)
		return remote_say(remote, fault, "it was changed meanwhile");
	return fault == FAULT_NONE
	    ? fault
	    : remote_say(remote, fault, "%s", remote->line.why);
}

enum fault
remote_unseal(struct remote *remote, const struct remote_name *name,
    const char *mark, const uint8_t *sealed, size_t len,
    struct remote_text *ret)
{
	struct seal_name seal = {.kind = name->kind, .name = name->text};
	struct remote_text text = {.text = NULL};
	enum fault fault = FAULT_REFUSED;
	char key[TALK_KEY];

	if (remote->ring != NULL)
		fault = seal_open(
		    remote->ring, &seal, sealed, len, &text.text, &text.len);
	key_of(name, key);
	if (fault == FAULT_REFUSED)
		return remote_say(remote, fault,
		    "%.200s is sealed with a key that is not here: bring "
		    "fleet.key from a bastion that has it",
		    key);
	if (fault != FAULT_NONE)
		return remote_say(remote, fault,
		    "%.200s does not open: it was damaged, put under another "
		    "name, or is another fleet's",
		    key);
	text.serial = seal.serial;
	(void)seal_key_id(sealed, len, text.key);
	snprintf(text.mark, sizeof(text.mark), "%s", mark);
	*ret = text;
	return FAULT_NONE;
}

/* A value of an answer, opened. */
static enum fault
open_value(struct remote *remote, const struct remote_name *name,
    const char *mark, const char *value, struct remote_text *ret)
{
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	enum fault fault = talk_value(value, &sealed);

	if (fault != FAULT_NONE)
		return remote_say(remote, fault,
		    "tfa-link's answer has a value that is no base64");
	return remote_unseal(remote, name, mark, sealed.bytes, sealed.len, ret);
}

enum fault
remote_get(struct remote *remote, const struct remote_name *name,
    struct remote_text *ret)
{
	scoped_answer struct talk_answer answer = {.status = 0};
	char key[TALK_KEY];
	enum fault fault;

	key_of(name, key);
	fault = talk_get(&remote->line, key, NULL, until_ms(), &answer);
	if (fault != FAULT_NONE)
		return said(remote, fault);
	if (answer.value == NULL)
		return remote_say(remote, FAULT_ABSENT, "it is not there");
	return open_value(remote, name, answer.mark, answer.value, ret);
}

enum fault
remote_revision(struct remote *remote, uint64_t *ret)
{
	scoped_answer struct talk_answer answer = {.status = 0};
	enum fault fault = talk_get(
	    &remote->line, prefixes[SEAL_FLEET], NULL, until_ms(), &answer);

	if (fault != FAULT_NONE)
		return said(remote, fault);
	return talk_number(answer.revision, ret)
	    ? FAULT_NONE
	    : remote_say(
		  remote, FAULT_FORMAT, "tfa-link's answer has no revision");
}

uint64_t
remote_next_serial(const struct remote *remote, uint64_t serial)
{
	uint64_t first = SEAL_SERIAL(remote->epoch, 0);

	return (serial > first ? serial : first) + 1;
}

static enum fault
seal_text(struct remote *remote, const struct remote_name *name,
    uint64_t serial, const char *text, size_t len, struct sealed *ret)
{
	const struct seal_name seal = {name->kind, name->text, serial};
	enum fault fault = seal_close(remote->ring, &seal, text, len, ret);

	return fault == FAULT_NONE
	    ? fault
	    : remote_say(
		  remote, fault, "it cannot be sealed: %s", fault_name(fault));
}

static const char *
mark_or_none(const char *mark)
{
	return mark[0] != '\0' ? mark : "0";
}

static enum fault
put_sealed(struct remote *remote, const struct remote_name *name,
    const char *mark, uint64_t serial, const char *text, size_t len)
{
	scoped_answer struct talk_answer answer = {.status = 0};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	enum fault fault = seal_text(remote, name, serial, text, len, &sealed);
	char key[TALK_KEY];

	if (fault != FAULT_NONE)
		return fault;
	key_of(name, key);
	fault = talk_put(&remote->line, key, mark_or_none(mark), &sealed, NULL,
	    until_ms(), &answer);
	/* Our own bytes, of a request that was answered twice. */
	if (fault == FAULT_STALE && talk_is_value(answer.value, &sealed))
		return FAULT_NONE;
	return said(remote, fault);
}

enum fault
remote_put(struct remote *remote, const struct remote_name *name,
    const struct remote_text *was, const char *text, size_t len)
{
	return put_sealed(remote, name, was->mark,
	    remote_next_serial(remote, was->serial), text, len);
}

enum fault
remote_batch_add(struct remote *remote, struct talk_batch *batch,
    const struct remote_name *name, const struct remote_text *was,
    const char *text, size_t len)
{
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	enum fault fault = seal_text(remote, name,
	    remote_next_serial(remote, was->serial), text, len, &sealed);
	char key[TALK_KEY];

	if (fault != FAULT_NONE)
		return fault == FAULT_LIMIT ? FAULT_IO : fault;
	key_of(name, key);
	return talk_batch_add(batch, key, mark_or_none(was->mark), &sealed);
}

enum fault
remote_put_all(struct remote *remote, struct talk_batch *batch)
{
	scoped_answer struct talk_answer answer = {.status = 0};

	return said(
	    remote, talk_put_all(&remote->line, batch, until_ms(), &answer));
}

/* A policy's serial is its number, which stays.  A user's record may come into
 * another epoch only with all closed that may have been used (older.h). */
static uint64_t
resealed_serial(const struct remote *remote, enum seal_kind kind, uint64_t was)
{
	switch (kind) {
	case SEAL_POLICY:
		return was;
	case SEAL_USER:
		return was + 1;
	case SEAL_FLEET:
	case SEAL_BASTION:
		break;
	}
	return remote_next_serial(remote, was);
}

enum fault
remote_reseal(struct remote *remote, const struct remote_name *name,
    const struct remote_text *text)
{
	return put_sealed(remote, name, text->mark,
	    resealed_serial(remote, name->kind, text->serial), text->text,
	    text->len);
}

enum fault
remote_remove(
    struct remote *remote, const struct remote_name *name, const char *mark)
{
	scoped_answer struct talk_answer answer = {.status = 0};
	char key[TALK_KEY];

	key_of(name, key);
	return said(
	    remote, talk_remove(&remote->line, key, mark, until_ms(), &answer));
}

/* A scan, and how far it has come. */
struct scan {
	struct talk_page page;
	remote_each *each;
	void *ctx;
	char after[TALK_KEY];
	char revision[REMOTE_MARK];
	bool more;
};

static enum fault
show_row(
    struct remote *remote, const struct scan *scan, const struct talk_row *row)
{
	scoped_sealed struct sealed sealed = {.bytes = NULL};

	if (row->value != NULL && talk_value(row->value, &sealed) != FAULT_NONE)
		return remote_say(remote, FAULT_FORMAT,
		    "tfa-link's answer has a value that is no base64");
	return scan->each(
		   scan->ctx, row->key, row->mark, sealed.bytes, sealed.len)
	    ? FAULT_NONE
	    : FAULT_LIMIT;
}

static enum fault
scan_page(struct remote *remote, struct scan *scan)
{
	scoped_answer struct talk_answer answer = {.status = 0};
	enum fault fault = talk_scan(
	    &remote->line, &scan->page, until_ms(), &answer);

	if (fault != FAULT_NONE)
		return said(remote, fault);
	for (size_t i = 0; fault == FAULT_NONE && i < answer.rows.count; i++) {
		fault = show_row(remote, scan, &answer.rows.items[i]);
		memcpy(scan->after, answer.rows.items[i].key, TALK_KEY);
	}
	memcpy(scan->revision, answer.revision, REMOTE_MARK);
	scan->more = answer.more;
	return fault;
}

/* A scan whose revision is gone goes on behind the last row, at the revision of
 * now: no row is shown twice. */
static enum fault
scan_all(struct remote *remote, struct scan *scan)
{
	enum fault fault = FAULT_NONE;
	int tries = 0;

	scan->page.after = scan->after;
	scan->page.revision = scan->revision;
	memcpy(scan->revision, "0", sizeof("0"));
	scan->more = true;
	while (fault == FAULT_NONE && scan->more) {
		fault = scan_page(remote, scan);
		if (fault == FAULT_STALE && ++tries < TRIES) {
			memcpy(scan->revision, "0", sizeof("0"));
			fault = FAULT_NONE;
		}
	}
	return fault;
}

enum fault
remote_scan(struct remote *remote, const char *prefix, bool keys_only,
    remote_each *each, void *ctx)
{
	struct scan scan = {.page = {.prefix = prefix,
				.keys_only = keys_only,
				.limit = keys_only ? TALK_LIMIT : ROWS},
	    .each = each,
	    .ctx = ctx};

	return scan_all(remote, &scan);
}

enum fault
remote_scan_users(struct remote *remote, const char *after, const char *last,
    remote_each *each, void *ctx)
{
	const struct remote_name first = remote_user(after);
	const struct remote_name end = remote_user(last);
	struct scan scan = {
	    .page = {.prefix = prefixes[SEAL_USER], .limit = FEW},
	    .each = each,
	    .ctx = ctx};
	char key[TALK_KEY];

	if (after[0] != '\0')
		key_of(&first, scan.after);
	key_of(&end, key);
	scan.page.until = key;
	return scan_all(remote, &scan);
}

enum fault
remote_status(struct remote *remote, char **ret_text, size_t *ret_len)
{
	enum fault fault = line_ask(&remote->line, "{\"op\":\"status\"}",
	    until_ms(), ret_text, ret_len);

	return said(remote, fault == FAULT_UNSURE ? FAULT_AWAY : fault);
}
