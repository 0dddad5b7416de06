#include <string.h>

#include "store/import/import.h"

static const struct json_field scratch_item = JSON_ITEM_TEXT(struct scratch);

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field import_fields[] = {
    ROW(CHOICE, import, "algorithm", REQUIRED, algorithm,
	record_algorithm_names),
    ROW(NUMBER, import, "digits", REQUIRED, digits, OTP_DIGITS_MIN,
	OTP_DIGITS_MAX),
    ROW(NUMBER, import, "period", REQUIRED, period_s, IMPORT_PERIOD_MIN,
	IMPORT_PERIOD_MAX),
    ROW(FORM, import, "secret", REQUIRED, secret, &record_form_secret),
    ROW(FORM, import, "last_step", REQUIRED, last_step, &json_form_counter),
    ROW(LIST, import, "scratch", MAYBE, scratch, IMPORT_SCRATCH_MAX,
	&scratch_item),
};

bool
import_is_scratch(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len == SCRATCH_CHARS;
}

bool
import_has_scratch(const struct import *import, const char *code, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(import->scratch.items[i].code, code,
			SCRATCH_CHARS) == 0)
			return true;
	return false;
}

static const char *
import_check(const void *value, struct json_place *ret_place)
{
	const struct import *import = value;

	*ret_place = (struct json_place){.key = "secret", .index = -1};
	if (import->secret.len < IMPORT_SECRET_MIN)
		return "must have at least 80 bits";
	ret_place->key = "scratch";
	for (size_t i = 0; i < import->scratch.count; i++) {
		const char *code = import->scratch.items[i].code;

		ret_place->index = (int)i;
		if (!import_is_scratch(code, strlen(code)))
			return "must be eight digits";
		if (import_has_scratch(import, code, i))
			return "must not appear twice";
	}
	return NULL;
}

const struct json_shape import_shape = JSON_SHAPE(import_fields, import_check);

void
import_done(struct import *import)
{
	json_done(&import_shape, import);
	import->present = false;
}
