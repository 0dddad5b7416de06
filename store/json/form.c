#include <stdio.h>
#include <string.h>

#include "store/json/json.h"
#include "store/base/when.h"

static bool
time_read(const char *text, void *ret)
{
	return when_parse(text, ret);
}

static void
time_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	when_format(*(const int64_t *)value, ret);
}

static bool
duration_read(const char *text, void *ret)
{
	return duration_parse(text, ret);
}

static void
duration_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	duration_format(*(const int64_t *)value, ret);
}

/* JSON numbers lose bits above 2^53: counters travel as strings. */
static bool
counter_read(const char *text, void *ret)
{
	uint64_t value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(unsigned char)*text - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	memcpy(ret, &value, sizeof(value));
	return true;
}

static void
counter_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%llu",
	    (unsigned long long)*(const uint64_t *)value);
}

const struct json_form json_form_time = {
    "a time such as \"2026-11-01T00:00:00Z\"", time_read, time_write};
const struct json_form json_form_duration = {
    "a duration such as \"90s\", \"15m\", \"8h\" or \"14d\"", duration_read,
    duration_write};
const struct json_form json_form_counter = {
    "a whole number as a string", counter_read, counter_write};
