#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/base64.h"
#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/fleet/talk.h"
#include "store/json/out.h"

#define VALUE_MAX BASE64_LEN(SEAL_MAX)
#define GRACE_MS \
	250 /* the link answers by wait_ms; its answer takes a little */

enum status {
	STATUS_NONE = 0,
	STATUS_OK,
	STATUS_STALE,
	STATUS_COMPACTED,
	STATUS_AWAY,
	STATUS_UNSURE,
	STATUS_FULL,
	STATUS_REFUSED,
};

static const char *const status_names[] = {
    "", "ok", "stale", "compacted", "away", "unsure", "full", "refused", NULL};

bool
talk_number(const char *text, uint64_t *ret)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len >= TALK_MARK || text[len] != '\0' ||
	    (text[0] == '0' && len > 1))
		return false;
	*ret = strtoull(text, NULL, 10);
	return true;
}

static bool
mark_read(const char *text, void *ret)
{
	uint64_t number;

	if (!talk_number(text, &number))
		return false;
	memcpy(ret, text, strlen(text) + 1);
	return true;
}

static void
mark_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%s", (const char *)value);
}

static const struct json_form form_mark = {
    "a number of 1 to 19 digits", mark_read, mark_write};

#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field marks_fields[] = {
    ROW(FORM, talk_marks, "policy", MAYBE, policy, &form_mark),
    ROW(FORM, talk_marks, "fleet", MAYBE, fleet, &form_mark),
};
static const struct json_shape marks_shape = JSON_SHAPE(marks_fields, NULL);

static const struct json_field row_fields[] = {
    ROW(TEXT, talk_row, "key", REQUIRED, key),
    ROW(FORM, talk_row, "mark", REQUIRED, mark, &form_mark),
    ROW(STRING, talk_row, "value", MAYBE, value, VALUE_MAX),
};
static const struct json_shape row_shape = JSON_SHAPE(row_fields, NULL);
static const struct json_field item_row = JSON_ITEM_OBJECT(
    struct talk_row, &row_shape);

enum part { STATUS, MARK, VALUE, WITH, REVISION, ROWS, MORE, WHY };
#define HAS(part) (UINT64_C(1) << (part))

static const struct json_field answer_fields[] = {
    [STATUS] = ROW(
	CHOICE, talk_answer, "status", REQUIRED, status, status_names),
    [MARK] = ROW(FORM, talk_answer, "mark", MAYBE, mark, &form_mark),
    [VALUE] = ROW(STRING, talk_answer, "value", MAYBE, value, VALUE_MAX),
    [WITH] = ROW(OBJECT, talk_answer, "with", MAYBE, with, &marks_shape),
    [REVISION] = ROW(
	FORM, talk_answer, "revision", MAYBE, revision, &form_mark),
    [ROWS] = ROW(LIST, talk_answer, "rows", MAYBE, rows, TALK_LIMIT, &item_row),
    [MORE] = ROW(FLAG, talk_answer, "more", MAYBE, more),
    [WHY] = ROW(TEXT, talk_answer, "why", MAYBE, why),
};
static const struct json_shape answer_shape = JSON_SHAPE(answer_fields, NULL);

void
talk_done(struct talk_answer *answer)
{
	json_done(&answer_shape, answer);
	*answer = (struct talk_answer){.status = STATUS_NONE};
}

/* A request, and what its answer must have. */
struct question {
	const char *op;
	bool writes;
	const struct talk_marks *marks; /* that its answer has; may be NULL */
	const struct talk_page *page;   /* of a scan */
};

static void
talk_text(struct json_out *out, const char *key, const char *text)
{
	json_out_text(out, ",\"");
	json_out_text(out, key);
	json_out_text(out, "\":");
	json_out_string(out, text);
}

static struct json_out
begin_request(const struct question *question)
{
	struct json_out out = json_out_begin(512);

	json_out_text(&out, "{\"op\":");
	json_out_string(&out, question->op);
	return out;
}

/* The keys whose marks are wanted: of a get. */
static void
say_with(struct json_out *out, const struct talk_marks *marks)
{
	bool policy = marks != NULL && marks->policy[0] != '\0';
	bool fleet = marks != NULL && marks->fleet[0] != '\0';

	json_out_text(out, ",\"with\":[");
	if (policy)
		json_out_text(out, "\"policy\"");
	if (policy && fleet)
		json_out_text(out, ",");
	if (fleet)
		json_out_text(out, "\"fleet\"");
	json_out_text(out, "]");
}

/* The marks that must hold: of a put. */
static void
say_if(struct json_out *out, const struct talk_marks *marks)
{
	json_out_text(out, ",\"if\":{");
	if (marks != NULL && marks->policy[0] != '\0') {
		json_out_text(out, "\"policy\":");
		json_out_string(out, marks->policy);
	}
	if (marks != NULL && marks->fleet[0] != '\0') {
		json_out_text(out, marks->policy[0] != '\0' ? "," : "");
		json_out_text(out, "\"fleet\":");
		json_out_string(out, marks->fleet);
	}
	json_out_text(out, "}");
}

/* Ends the request with the time that the link has for it. */
static void
end_request(struct json_out *out, int64_t until_ms)
{
	int64_t wait_ms = until_ms - clock_ms();

	json_out_text(out, ",\"wait_ms\":");
	json_out_number(out,
	    wait_ms < 1           ? 1
		: wait_ms > 30000 ? 30000
				  : wait_ms);
	json_out_text(out, "}");
}

static enum fault
say_why(struct line *line, enum fault fault, const char *why)
{
	snprintf(line->why, sizeof(line->why), "tfa-link: %.200s", why);
	return fault;
}

/* True if the answer has the marks that were asked for, and no others. */
static bool
has_marks(const struct question *question, const struct talk_marks *with)
{
	static const struct talk_marks none;
	const struct talk_marks *asked = question->marks != NULL
	    ? question->marks
	    : &none;

	return (asked->policy[0] != '\0') == (with->policy[0] != '\0') &&
	    (asked->fleet[0] != '\0') == (with->fleet[0] != '\0');
}

/* True if these keys are what stands under one key. */
static bool
is_state(const struct question *question, const struct talk_answer *answer,
    uint64_t carried)
{
	bool absent = strcmp(answer->mark, "0") == 0;

	return carried ==
	    (HAS(STATUS) | HAS(MARK) | HAS(WITH) | HAS(REVISION) |
		(absent ? 0 : HAS(VALUE))) &&
	    has_marks(question, &answer->with);
}

/* True if the rows are a page: each key behind the one before. */
static bool
is_page(const struct talk_page *page, const struct talk_answer *answer)
{
	const char *last = page->after;

	if (strcmp(page->revision, "0") != 0 &&
	    strcmp(page->revision, answer->revision) != 0)
		return false;
	list_each(const struct talk_row, row, answer->rows) {
		if (strncmp(row->key, page->prefix, strlen(page->prefix)) !=
			0 ||
		    strcmp(row->key, last) <= 0 ||
		    (page->until != NULL &&
			strcmp(row->key, page->until) > 0) ||
		    (row->value == NULL) != page->keys_only)
			return false;
		last = row->key;
	}
	/* A page without a row that says that there are more has no end. */
	return answer->rows.count > 0 || !answer->more;
}

static bool
is_done(const struct question *question, const struct talk_answer *answer,
    uint64_t carried)
{
	if (question->page != NULL)
		return carried ==
		    (HAS(STATUS) | HAS(ROWS) | HAS(MORE) | HAS(REVISION)) &&
		    is_page(question->page, answer);
	if (strcmp(question->op, "get") == 0)
		return is_state(question, answer, carried);
	if (strcmp(question->op, "put") == 0)
		return carried == (HAS(STATUS) | HAS(MARK) | HAS(REVISION)) &&
		    strcmp(answer->mark, "0") != 0;
	return carried == (HAS(STATUS) | HAS(REVISION));
}

/* The answer says what stands under one key, but not under each of many. */
static bool
is_stale(const struct question *question, const struct talk_answer *answer,
    uint64_t carried)
{
	return strcmp(question->op, "put_all") == 0
	    ? carried == (HAS(STATUS) | HAS(REVISION))
	    : is_state(question, answer, carried);
}

static enum fault
judge(struct line *line, const struct question *question,
    const struct talk_answer *answer, uint64_t carried)
{
	bool told = carried == (HAS(STATUS) | HAS(WHY));

	switch ((enum status)answer->status) {
	case STATUS_OK:
		if (is_done(question, answer, carried))
			return FAULT_NONE;
		break;
	case STATUS_STALE:
		if (question->writes && is_stale(question, answer, carried))
			return FAULT_STALE;
		break;
	case STATUS_COMPACTED:
		if (question->page != NULL)
			return say_why(line, FAULT_STALE,
			    "the list is too old to be continued");
		break;
	case STATUS_AWAY:
		if (told)
			return say_why(line, FAULT_AWAY, answer->why);
		break;
	case STATUS_UNSURE:
		if (told && question->writes)
			return say_why(line, FAULT_UNSURE, answer->why);
		break;
	case STATUS_FULL:
		if (told)
			return say_why(line, FAULT_FULL, answer->why);
		break;
	case STATUS_REFUSED:
		if (told)
			return say_why(line, FAULT_REFUSED, answer->why);
		break;
	case STATUS_NONE:
		break;
	}
	return say_why(
	    line, FAULT_FORMAT, "its answer does not fit the request");
}

/* The line is closed after an answer that is none: nobody knows what would come
 * next. */
static enum fault
read_answer(struct line *line, const struct question *question,
    const char *text, size_t len, struct talk_answer *ret)
{
	struct json_error error;
	uint64_t carried = 0;
	char why[LINE_WHY];
	enum fault fault = json_read_carried(
	    &answer_shape, text, len, LINE_PACKET, ret, &carried, &error);

	if (fault == FAULT_NONE) {
		fault = judge(line, question, ret, carried);
	} else if (fault != FAULT_MEMORY) {
		json_error_say(&error, "answer", why, sizeof(why));
		fault = say_why(line, FAULT_FORMAT, why);
	}
	if (fault == FAULT_FORMAT || fault == FAULT_MEMORY)
		line_close(line);
	return fault;
}

/* Takes the answer to what was sent.  Where there is none that can be read a write
 * may have been done; a request that only reads was not, whatever happened. */
static enum fault
take_answer(struct line *line, const struct question *question,
    int64_t until_ms, struct talk_answer *ret)
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	enum fault fault = line_receive(line, until_ms, &text, &len);

	if (fault == FAULT_UNSURE && !question->writes)
		return FAULT_AWAY;
	if (fault == FAULT_NONE)
		fault = read_answer(line, question, text, len, ret);
	return question->writes &&
		(fault == FAULT_LIMIT || fault == FAULT_MEMORY ||
		    fault == FAULT_FORMAT)
	    ? FAULT_UNSURE
	    : fault;
}

/* Sends what was written, and reads the answer. */
static enum fault
put_question(struct line *line, const struct question *question,
    struct json_out *out, int64_t until_ms, struct talk_answer *ret)
{
	scoped_json_text char *request = NULL;
	enum fault fault;

	*ret = (struct talk_answer){.status = STATUS_NONE};
	end_request(out, until_ms);
	request = out->text;
	if (request == NULL)
		return say_why(line, FAULT_MEMORY, "out of memory");
	fault = line_send(line, request, until_ms + GRACE_MS);
	return fault == FAULT_NONE
	    ? take_answer(line, question, until_ms + GRACE_MS, ret)
	    : fault;
}

enum fault
talk_get(struct line *line, const char *key, const struct talk_marks *with,
    int64_t until_ms, struct talk_answer *ret)
{
	const struct question question = {.op = "get", .marks = with};
	struct json_out out = begin_request(&question);

	talk_text(&out, "key", key);
	say_with(&out, with);
	return put_question(line, &question, &out, until_ms, ret);
}

static bool
say_value(struct json_out *out, const struct sealed *value)
{
	size_t size = BASE64_LEN(value->len) + 1;
	scoped_free char *text = malloc(size);

	if (text == NULL ||
	    base64_encode(value->bytes, value->len, text, size) != FAULT_NONE)
		return false;
	talk_text(out, "value", text);
	return true;
}

enum fault
talk_put(struct line *line, const char *key, const char *mark,
    const struct sealed *value, const struct talk_marks *also, int64_t until_ms,
    struct talk_answer *ret)
{
	const struct question question = {
	    .op = "put", .writes = true, .marks = also};
	struct json_out out = begin_request(&question);

	talk_text(&out, "key", key);
	talk_text(&out, "mark", mark);
	if (!say_value(&out, value)) {
		json_text_free(&out.text);
		*ret = (struct talk_answer){.status = STATUS_NONE};
		return say_why(line, FAULT_MEMORY, "out of memory");
	}
	say_if(&out, also);
	return put_question(line, &question, &out, until_ms, ret);
}

#define BATCH_END 40 /* room for the end of the request */

void
talk_batch_begin(struct talk_batch *batch)
{
	static const struct question question = {.op = "put_all"};

	*batch = (struct talk_batch){.out = begin_request(&question)};
	json_out_text(&batch->out, ",\"rows\":[");
}

void
talk_batch_done(struct talk_batch *batch)
{
	json_text_free(&batch->out.text);
	*batch = (struct talk_batch){.out.text = NULL};
}

enum fault
talk_batch_add(struct talk_batch *batch, const char *key, const char *mark,
    const struct sealed *value)
{
	struct json_out *out = &batch->out;
	size_t before = out->len;
	enum fault fault = FAULT_LIMIT;

	if (batch->count == LINE_TOGETHER)
		return fault;
	json_out_text(out, batch->count > 0 ? ",{\"key\":" : "{\"key\":");
	json_out_string(out, key);
	talk_text(out, "mark", mark);
	if (!say_value(out, value))
		fault = FAULT_MEMORY;
	else if (out->len + BATCH_END <= LINE_PACKET)
		fault = FAULT_NONE;
	json_out_text(out, "}");
	if (fault != FAULT_NONE)
		json_out_cut(out, before);
	else
		batch->count++;
	return out->text != NULL ? fault : FAULT_MEMORY;
}

enum fault
talk_put_all(struct line *line, struct talk_batch *batch, int64_t until_ms,
    struct talk_answer *ret)
{
	const struct question question = {.op = "put_all", .writes = true};

	enum fault fault;

	json_out_text(&batch->out, "]");
	fault = put_question(line, &question, &batch->out, until_ms, ret);
	*batch = (struct talk_batch){.out.text = NULL};
	return fault;
}

enum fault
talk_remove(struct line *line, const char *key, const char *mark,
    int64_t until_ms, struct talk_answer *ret)
{
	const struct question question = {.op = "remove", .writes = true};
	struct json_out out = begin_request(&question);

	talk_text(&out, "key", key);
	talk_text(&out, "mark", mark);
	return put_question(line, &question, &out, until_ms, ret);
}

static struct json_out
say_scan(const struct question *question, const struct talk_page *page)
{
	struct json_out out = begin_request(question);

	talk_text(&out, "prefix", page->prefix);
	talk_text(&out, "after", page->after);
	talk_text(&out, "until", page->until != NULL ? page->until : "");
	json_out_text(&out,
	    page->keys_only ? ",\"keys_only\":true" : ",\"keys_only\":false");
	talk_text(&out, "revision", page->revision);
	json_out_text(&out, ",\"limit\":");
	json_out_number(&out, page->limit);
	return out;
}

enum fault
talk_scan(struct line *line, const struct talk_page *page, int64_t until_ms,
    struct talk_answer *ret)
{
	const struct question question = {.op = "scan", .page = page};
	struct json_out out = say_scan(&question, page);

	return put_question(line, &question, &out, until_ms, ret);
}

enum fault
talk_scan_ask(struct line *line, const struct talk_page *page, int64_t until_ms)
{
	const struct question question = {.op = "scan", .page = page};
	struct json_out out = say_scan(&question, page);
	scoped_json_text char *request = NULL;

	end_request(&out, until_ms);
	request = out.text;
	return request != NULL ? line_send(line, request, until_ms)
			       : say_why(line, FAULT_MEMORY, "out of memory");
}

enum fault
talk_scan_take(struct line *line, const struct talk_page *page,
    int64_t until_ms, struct talk_answer *ret)
{
	const struct question question = {.op = "scan", .page = page};

	*ret = (struct talk_answer){.status = STATUS_NONE};
	return take_answer(line, &question, until_ms, ret);
}

enum fault
talk_value(const char *value, struct sealed *ret)
{
	size_t len = strlen(value);
	struct sealed sealed = {.bytes = malloc(len + 1)};
	enum fault fault;

	if (sealed.bytes == NULL)
		return FAULT_MEMORY;
	fault = base64_decode(value, len, sealed.bytes, len + 1, &sealed.len);
	if (fault == FAULT_NONE)
		*ret = sealed;
	else
		sealed_free(&sealed);
	return fault == FAULT_LIMIT ? FAULT_FORMAT : fault;
}

bool
talk_is_value(const char *value, const struct sealed *sealed)
{
	scoped_sealed struct sealed other = {.bytes = NULL};

	return value != NULL && talk_value(value, &other) == FAULT_NONE &&
	    other.len == sealed->len &&
	    memcmp(other.bytes, sealed->bytes, sealed->len) == 0;
}
