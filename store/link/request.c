#include "store/link/request.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/link/tree.h"

enum part {
	PART_KEY = 1 << 0,
	PART_MARK = 1 << 1,
	PART_VALUE = 1 << 2,
	PART_WITH = 1 << 3,
	PART_IF = 1 << 4,
	PART_WAIT = 1 << 5,
	PART_PREFIX = 1 << 6,
	PART_AFTER = 1 << 7,
	PART_KEYS_ONLY = 1 << 8,
	PART_REVISION = 1 << 9,
	PART_LIMIT = 1 << 10,
	PART_ROWS = 1 << 11,
	PART_UNTIL = 1 << 12,
};

static const struct {
	const char *word;
	unsigned parts; /* all of them, and no other */
} ops[] = {
    [LINK_GET] = {"get", PART_KEY | PART_WITH | PART_WAIT},
    [LINK_PUT] = {"put",
	PART_KEY | PART_MARK | PART_VALUE | PART_IF | PART_WAIT},
    [LINK_REMOVE] = {"remove", PART_KEY | PART_MARK | PART_WAIT},
    [LINK_SCAN] = {"scan",
	PART_PREFIX | PART_AFTER | PART_UNTIL | PART_KEYS_ONLY | PART_REVISION |
	    PART_LIMIT | PART_WAIT},
    [LINK_PUT_ALL] = {"put_all", PART_ROWS | PART_WAIT},
    [LINK_STATUS] = {"status", 0},
};
#define OPS (sizeof(ops) / sizeof(ops[0]))

bool
link_is_mark(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < LINK_MARK &&
	    strspn(text, "0123456789") == len && (text[0] != '0' || len == 1);
}

static bool
has_key_letters(const char *text)
{
	return text[strspn(text,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789._%@+-/")] == '\0' &&
	    strlen(text) < LINK_KEY;
}

bool
link_is_key(const char *text)
{
	return text[0] != '\0' && has_key_letters(text);
}

bool
link_is_value(const char *text)
{
	static uint8_t bytes[LINK_VALUE];
	size_t len;

	return base64_decode(text, strlen(text), bytes, sizeof(bytes), &len) ==
	    FAULT_NONE;
}

/* Copies the string of item, if it is one that fits. */
static bool
copy(const cJSON *item, bool (*fits)(const char *text), char *ret, size_t size)
{
	const char *text = cJSON_GetStringValue(item);

	if (text == NULL || !fits(text) || strlen(text) >= size)
		return false;
	memcpy(ret, text, strlen(text) + 1);
	return true;
}

static bool
request_whole(const cJSON *item, int64_t most, int64_t *ret)
{
	double number = cJSON_IsNumber(item) ? item->valuedouble : 0;

	if (!(number >= 1 && number <= (double)most) ||
	    number != (double)(int64_t)number)
		return false;
	*ret = (int64_t)number;
	return true;
}

static bool
names_twice(const struct link_request *request, const char *key)
{
	for (size_t i = 0; i < request->with_count; i++)
		if (strcmp(request->with[i].key, key) == 0)
			return true;
	return strcmp(request->key, key) == 0;
}

static bool
add_with(struct link_request *ret, const char *key, const char *mark)
{
	struct link_key *with = &ret->with[ret->with_count];

	if (ret->with_count == LINK_WITH || key == NULL || mark == NULL ||
	    !link_is_key(key) || !link_is_mark(mark) || names_twice(ret, key))
		return false;
	memcpy(with->key, key, strlen(key) + 1);
	memcpy(with->mark, mark, strlen(mark) + 1);
	ret->with_count++;
	return true;
}

static bool
request_with(const cJSON *list, struct link_request *ret)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(
	    item, list) if (!add_with(ret, cJSON_GetStringValue(item),
				"0")) return false;
	return true;
}

static bool
read_if(const cJSON *object, struct link_request *ret)
{
	const cJSON *item;

	if (!cJSON_IsObject(object))
		return false;
	cJSON_ArrayForEach(
	    item, object) if (!add_with(ret, item->string,
				  cJSON_GetStringValue(item))) return false;
	return true;
}

static bool
request_value(const cJSON *item, char **ret)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && link_is_value(text) &&
	    (*ret = strdup(text)) != NULL;
}

static bool
names_row_twice(const struct link_request *request, const char *key)
{
	for (size_t i = 0; i < request->rows_count; i++)
		if (strcmp(request->rows[i].key, key) == 0)
			return true;
	return false;
}

/* A row has these three keys and no other. */
static bool
read_row(const cJSON *item, struct link_request *ret)
{
	struct link_row row = {.value = NULL};

	if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 3 ||
	    !copy(tree_member(item, "key"), link_is_key, row.key, LINK_KEY) ||
	    !copy(
		tree_member(item, "mark"), link_is_mark, row.mark, LINK_MARK) ||
	    names_row_twice(ret, row.key) ||
	    !request_value(tree_member(item, "value"), &row.value))
		return false;
	ret->rows[ret->rows_count++] = row;
	return true;
}

static bool
read_rows(const cJSON *list, struct link_request *ret)
{
	int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
	const cJSON *item;

	if (count < 1 || count > LINE_TOGETHER)
		return false;
	ret->rows = calloc((size_t)count, sizeof(ret->rows[0]));
	if (ret->rows == NULL)
		return false;
	cJSON_ArrayForEach(item, list) if (!read_row(item, ret)) return false;
	return true;
}

static bool
read_limit(const cJSON *item, struct link_request *ret)
{
	int64_t limit;

	if (!request_whole(item, LINK_ROWS, &limit))
		return false;
	ret->limit = (int)limit;
	return true;
}

static bool
read_part(unsigned part, const cJSON *item, struct link_request *ret)
{
	switch ((enum part)part) {
	case PART_KEY:
		return copy(item, link_is_key, ret->key, LINK_KEY);
	case PART_PREFIX:
		return copy(item, has_key_letters, ret->key, LINK_KEY);
	case PART_AFTER:
		return copy(item, has_key_letters, ret->after, LINK_KEY);
	case PART_UNTIL:
		return copy(item, has_key_letters, ret->until, LINK_KEY);
	case PART_MARK:
		return copy(item, link_is_mark, ret->mark, LINK_MARK);
	case PART_REVISION:
		return copy(item, link_is_mark, ret->revision, LINK_MARK);
	case PART_VALUE:
		return request_value(item, &ret->value);
	case PART_WITH:
		return request_with(item, ret);
	case PART_IF:
		return read_if(item, ret);
	case PART_WAIT:
		return request_whole(item, LINK_WAIT_MS, &ret->wait_ms);
	case PART_LIMIT:
		return read_limit(item, ret);
	case PART_ROWS:
		return read_rows(item, ret);
	case PART_KEYS_ONLY:
		ret->keys_only = cJSON_IsTrue(item);
		return cJSON_IsBool(item);
	}
	return false;
}

static const struct {
	const char *key;
	unsigned part;
	const char *wrong;
} parts[] = {
    /* "key" comes first: "with" and "if" are compared with it. */
    {"key", PART_KEY, "\"key\" is no key"},
    {"prefix", PART_PREFIX, "\"prefix\" is none"},
    {"after", PART_AFTER, "\"after\" is no key"},
    {"until", PART_UNTIL, "\"until\" is no key"},
    {"mark", PART_MARK, "\"mark\" is no mark"},
    {"revision", PART_REVISION, "\"revision\" is none"},
    {"value", PART_VALUE, "\"value\" is no base64, or too long"},
    {"with", PART_WITH, "\"with\" is no list of keys"},
    {"if", PART_IF, "\"if\" is no object of keys and marks"},
    {"wait_ms", PART_WAIT, "\"wait_ms\" is not from 1 to 30000"},
    {"limit", PART_LIMIT, "\"limit\" is not from 1 to 4096"},
    {"rows", PART_ROWS, "\"rows\" is no list of 1 to 40 texts with marks"},
    {"keys_only", PART_KEYS_ONLY, "\"keys_only\" is not true or false"},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool
find_op(const char *word, enum link_op *ret)
{
	for (size_t i = 0; word != NULL && i < OPS; i++)
		if (strcmp(ops[i].word, word) == 0) {
			*ret = (enum link_op)i;
			return true;
		}
	return false;
}

static bool
begins_so(const char *key, const char *prefix)
{
	return key[0] == '\0' || strncmp(key, prefix, strlen(prefix)) == 0;
}

/* NULL, or why it is refused. */
static const char *
read_parts(const cJSON *object, struct link_request *ret)
{
	int known = 1; /* "op" */

	for (size_t i = 0; i < PARTS; i++) {
		const cJSON *item = tree_member(object, parts[i].key);

		if ((ops[ret->op].parts & parts[i].part) == 0)
			continue;
		if (item == NULL)
			return "a key is missing, or there twice";
		if (!read_part(parts[i].part, item, ret))
			return parts[i].wrong;
		known++;
	}
	if (cJSON_GetArraySize(object) != known)
		return "there is a key that it does not have";
	if (!begins_so(ret->after, ret->key))
		return "\"after\" does not begin with the prefix";
	if (!begins_so(ret->until, ret->key))
		return "\"until\" does not begin with the prefix";
	return NULL;
}

enum fault
link_request_read(const char *packet, size_t len, struct link_request *ret,
    const char **ret_why)
{
	scoped_tree cJSON *object = tree_read(packet, len);

	memset(ret, 0, sizeof(*ret));
	if (!cJSON_IsObject(object))
		*ret_why = "it is no JSON object";
	else if (!find_op(
		     cJSON_GetStringValue(tree_member(object, "op")), &ret->op))
		*ret_why = "there is no such \"op\"";
	else if ((*ret_why = read_parts(object, ret)) == NULL)
		return FAULT_NONE;
	return FAULT_FORMAT;
}

void
link_request_done(struct link_request *request)
{
	for (size_t i = 0; i < request->rows_count; i++)
		free(request->rows[i].value);
	free(request->rows);
	free(request->value);
	request->rows = NULL;
	request->rows_count = 0;
	request->value = NULL;
}

const char *
link_end_word(enum link_end end)
{
	static const char *const words[] = {[LINK_UNSURE] = "unsure",
	    [LINK_AWAY] = "away",
	    [LINK_FULL] = "full",
	    [LINK_REFUSED] = "refused",
	    [LINK_STALE] = "stale",
	    [LINK_COMPACTED] = "compacted",
	    [LINK_OK] = "ok"};

	return words[end];
}

void
link_plain(const char *text, char *ret, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < size; text++) {
		bool plain = *text >= ' ' && *text <= '~' && *text != '"' &&
		    *text != '\\';

		ret[n++] = plain ? *text : *text == '"' ? '\'' : ' ';
	}
	ret[n] = '\0';
}

void
link_put_text(struct json_out *out, const char *key, const char *text)
{
	if (out->len > 0 && out->text[out->len - 1] != '{')
		json_out_text(out, ",");
	json_out_string(out, key);
	json_out_text(out, ":");
	json_out_string(out, text);
}

void
link_put_with(struct json_out *out, const struct link_key *with, size_t count)
{
	json_out_text(out, ",\"with\":{");
	for (size_t i = 0; i < count; i++)
		link_put_text(out, with[i].key, with[i].mark);
	json_out_text(out, "}");
}

void
link_say(struct json_out *ret, enum link_end end, const char *why)
{
	char plain[LINK_WHY + 1];

	link_plain(why, plain, sizeof(plain));
	json_out_text(ret, "{");
	link_put_text(ret, "status", link_end_word(end));
	link_put_text(ret, "why", plain);
	json_out_text(ret, "}");
}
