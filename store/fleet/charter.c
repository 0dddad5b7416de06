#include "store/fleet/charter.h"

#include <stdio.h>
#include <string.h>

#include "store/json/lex.h"

static bool
id_read(const char *text, void *ret)
{
	size_t digits = CHARTER_ID - 1;

	if (strlen(text) != digits ||
	    strspn(text, "0123456789abcdef") != digits)
		return false;
	memcpy(ret, text, CHARTER_ID);
	return true;
}

static void
id_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%s", (const char *)value);
}

static const struct json_form form_id = {
    "32 hexadecimal digits", id_read, id_write};

#define ROW(kind, key, ...) \
	JSON_ROW_##kind(key, JSON_REQUIRED, struct charter, __VA_ARGS__)

static const struct json_field charter_fields[] = {
    ROW(FORM, "id", id, &form_id),
    ROW(NUMBER, "epoch", epoch, 1, CHARTER_EPOCH),
    ROW(NUMBER, "level", level, 1, CHARTER_MOST),
    ROW(FORM, "name", name, &fleet_form_host),
};
static const struct json_shape charter_shape = JSON_SHAPE(charter_fields, NULL);

enum fault
charter_parse(const char *text, size_t len, struct charter *ret,
    struct json_error *ret_error)
{
	struct charter charter = {.epoch = 0};
	enum fault fault = json_read(
	    &charter_shape, text, len, CHARTER_MAX, &charter, ret_error);

	if (fault == FAULT_NONE)
		*ret = charter;
	return fault;
}

/* A bastion that is too old for the list of uids would refuse the record. */
const char *
charter_uids(const struct charter *charter, const struct fleet_config *config,
    const char *host)
{
	return config->uids == FLEET_UIDS_PER_BASTION &&
		charter->level >= CHARTER_UIDS
	    ? host
	    : "";
}

static bool
has_key_of_keys(const char *text, size_t len, const char *key)
{
	struct json_lex lex = json_lex_begin(text, len);

	return json_lex_find_key(&lex, "keys") && json_lex_find_key(&lex, key);
}

static bool
has_key_of_rule(const char *text, size_t len, const char *key)
{
	struct json_lex rules = json_lex_begin(text, len);

	if (!json_lex_find_key(&rules, "rules") || !json_lex_open(&rules, '['))
		return false;
	for (size_t n = 0; json_lex_more(&rules, n, ']'); n++) {
		struct json_lex rule = rules;

		if (json_lex_find_key(&rule, key))
			return true;
		if (!json_lex_skip(&rules))
			return false;
	}
	return false;
}

bool
charter_takes_policy(
    const struct charter *charter, const char *text, size_t len)
{
	return charter->level >= CHARTER_HARDWARE ||
	    (!has_key_of_rule(text, len, "hardware_keys") &&
		!has_key_of_keys(text, len, "hardware_files") &&
		!has_key_of_keys(text, len, "hardware_authorities"));
}

enum fault
charter_format(const struct charter *charter, char **ret_text)
{
	return json_write(&charter_shape, charter, false, ret_text);
}
