#include "store/core/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"

#define ROW(kind, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct version, __VA_ARGS__)

static const struct json_field version_fields[] = {
    ROW(NUMBER, "number", REQUIRED, number, 1, VERSION_NUMBER),
    ROW(TIME, "time", REQUIRED, at_s),
    ROW(TEXT, "by", MAYBE, by),
    ROW(TEXT, "what", MAYBE, what),
};
const struct json_shape version_shape = JSON_SHAPE(version_fields, NULL);

static const struct json_field version_row_fields[] = {
    JSON_ROW_NUMBER(
	"number", JSON_REQUIRED, struct version_row, number, 1, VERSION_NUMBER),
    JSON_ROW_TIME("time", JSON_REQUIRED, struct version_row, at_s),
    JSON_ROW_TEXT("by", JSON_MAYBE, struct version_row, by),
    JSON_ROW_TEXT("what", JSON_MAYBE, struct version_row, what),
    JSON_ROW_TEXT("mark", JSON_REQUIRED, struct version_row, mark),
};
const struct json_shape version_row_shape = JSON_SHAPE(
    version_row_fields, NULL);

void
version_of_row(const struct version_row *row, struct version *ret)
{
	*ret = (struct version){.number = row->number, .at_s = row->at_s};
	memcpy(ret->by, row->by, sizeof(ret->by));
	memcpy(ret->what, row->what, sizeof(ret->what));
}

void
version_row_of(
    const struct version *version, const char *mark, struct version_row *ret)
{
	*ret = (struct version_row){
	    .number = version->number, .at_s = version->at_s};
	memcpy(ret->by, version->by, sizeof(ret->by));
	memcpy(ret->what, version->what, sizeof(ret->what));
	snprintf(ret->mark, sizeof(ret->mark), "%s", mark);
}

void
version_done(struct version *version)
{
	free(version->text);
	*version = (struct version){.number = 0};
}

bool
version_is(const struct version *version, const struct version *other)
{
	return version->len == other->len &&
	    memcmp(version->text, other->text, version->len) == 0;
}

/* Reads the line of a version, of len bytes. */
static enum fault
read_head(const char *line, size_t len, struct version *ret)
{
	scoped_free char *head = strndup(line, len);
	struct json_error error;
	enum fault fault;

	if (head == NULL)
		return FAULT_MEMORY;
	if (strlen(head) != len)
		return FAULT_FORMAT;
	fault = json_read(&version_shape, head, len, VERSION_HEAD, ret, &error);
	return fault == FAULT_NONE || fault == FAULT_MEMORY ? fault
							    : FAULT_FORMAT;
}

enum fault
version_parse(const char *bytes, size_t len, struct version *ret)
{
	const char *line_end = memchr(
	    bytes, '\n', len < VERSION_HEAD ? len : VERSION_HEAD);
	struct version version = {.number = 0};
	size_t head_len;
	enum fault fault;

	if (line_end == NULL)
		return FAULT_FORMAT;
	head_len = (size_t)(line_end - bytes);
	fault = read_head(bytes, head_len, &version);
	if (fault != FAULT_NONE)
		return fault;
	version.len = len - head_len - 1;
	version.text = malloc(version.len + 1);
	if (version.text == NULL)
		return FAULT_MEMORY;
	memcpy(version.text, line_end + 1, version.len);
	version.text[version.len] = '\0';
	*ret = version;
	return FAULT_NONE;
}

enum fault
version_format(const struct version *version, char **ret_bytes, size_t *ret_len)
{
	scoped_free char *head = NULL;
	size_t head_len;
	char *bytes;

	if (json_write(&version_shape, version, false, &head) != FAULT_NONE)
		return FAULT_MEMORY;
	head_len = strlen(head);
	bytes = malloc(head_len + version->len + 2);
	if (bytes == NULL)
		return FAULT_MEMORY;
	memcpy(bytes, head, head_len);
	bytes[head_len] = '\n';
	memcpy(bytes + head_len + 1, version->text, version->len);
	bytes[head_len + 1 + version->len] = '\0';
	*ret_bytes = bytes;
	*ret_len = head_len + 1 + version->len;
	return FAULT_NONE;
}
