#include <string.h>

#include "store/import/import.h"

/* clang-format off */
static const struct json_field scratch_item = {
	.kind = JSON_TEXT, .need = JSON_REQUIRED,
	.size = sizeof(struct scratch)};

static const struct json_field import_fields[] = {
	{.key = "algorithm", .kind = JSON_CHOICE, .need = JSON_REQUIRED,
	    JSON_AT(struct import, algorithm),
	    .names = record_algorithm_names},
	{.key = "digits", .kind = JSON_NUMBER, .need = JSON_REQUIRED,
	    JSON_AT(struct import, digits), .min = OTP_DIGITS_MIN,
	    .max = OTP_DIGITS_MAX},
	{.key = "period", .kind = JSON_NUMBER, .need = JSON_REQUIRED,
	    JSON_AT(struct import, period_s), .min = IMPORT_PERIOD_MIN,
	    .max = IMPORT_PERIOD_MAX},
	{.key = "secret", .kind = JSON_FORM, .need = JSON_REQUIRED,
	    JSON_AT(struct import, secret), .form = &record_form_secret},
	{.key = "last_step", .kind = JSON_FORM, .need = JSON_REQUIRED,
	    JSON_AT(struct import, last_step), .form = &json_form_counter},
	{.key = "scratch", .kind = JSON_LIST, .need = JSON_MAYBE,
	    JSON_AT(struct import, scratch), .max = IMPORT_SCRATCH_MAX,
	    .item = &scratch_item},
};
/* clang-format on */

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
