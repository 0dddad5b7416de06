#include "store/fleet/bastion.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST INT64_C(1000000000)

static bool
key_read(const char *text, void *ret)
{
	size_t digits = BASTION_KEY - 1;

	if (strlen(text) != digits ||
	    strspn(text, "0123456789abcdef") != digits)
		return false;
	memcpy(ret, text, BASTION_KEY);
	return true;
}

static void
key_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%s", (const char *)value);
}

static const struct json_form form_key = {
    "8 hexadecimal digits", key_read, key_write};
static const struct json_field item_key = JSON_ITEM_FORM(
    struct bastion_key, &form_key);

#define ROW(kind, key, ...) \
	JSON_ROW_##kind(key, JSON_REQUIRED, struct bastion, __VA_ARGS__)

static const struct json_field bastion_fields[] = {
    ROW(TEXT, "version", version),
    ROW(NUMBER, "level", level, 1, MOST),
    ROW(LIST, "keys", keys, BASTION_KEYS, &item_key),
    ROW(NUMBER, "clock_off_ms", clock_off_ms, -JSON_COUNT_MAX, JSON_COUNT_MAX),
    ROW(NUMBER, "policy", policy, 0, MOST),
    ROW(TIME, "time", time_s),
};
static const struct json_shape bastion_shape = JSON_SHAPE(bastion_fields, NULL);

enum fault
bastion_parse(const char *text, size_t len, struct bastion *ret,
    struct json_error *ret_error)
{
	struct bastion bastion = {.level = 0};
	enum fault fault = json_read(
	    &bastion_shape, text, len, BASTION_MAX, &bastion, ret_error);

	if (fault == FAULT_NONE)
		*ret = bastion;
	else
		bastion_done(&bastion);
	return fault;
}

enum fault
bastion_format(const struct bastion *bastion, char **ret_text)
{
	return json_write(&bastion_shape, bastion, false, ret_text);
}

void
bastion_done(struct bastion *bastion)
{
	json_done(&bastion_shape, bastion);
}

bool
bastion_host(char ret[static BASTION_HOST])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789._-";

	memset(ret, 0, BASTION_HOST);
	if (gethostname(ret, BASTION_HOST - 1) < 0)
		return false;
	for (char *c = ret; *c != '\0'; c++)
		if (strchr(letters, *c) == NULL)
			*c = '_';
	return ret[0] != '\0';
}
