/* Reads an otpauth://totp/ or otpauth://hotp/ URI: the secret and other
 * parameters. */
#include "store/import/reader.h"

/* Accepts the issuer, which only says what the app shows. */
static enum fault
take_issuer(struct import_reader *r, struct span value)
{
	(void)r;
	(void)value;
	return FAULT_NONE;
}

static enum fault
take_algorithm(struct import_reader *r, struct span value)
{
	for (int i = 0; record_algorithm_names[i] != NULL; i++) {
		if (!span_is(value, record_algorithm_names[i]))
			continue;
		r->account->algorithm = i;
		return FAULT_NONE;
	}
	return import_refuse(
	    r, "algorithm must be SHA1, SHA256 or SHA512: " IMPORT_ANEW);
}

static enum fault
take_digits(struct import_reader *r, struct span value)
{
	uint64_t n = 0;

	if (!span_number(value, &n) || n < OTP_DIGITS_MIN || n > OTP_DIGITS_MAX)
		return import_refuse(
		    r, "codes must have 6, 7 or 8 digits: " IMPORT_ANEW);
	r->account->digits = (int64_t)n;
	return FAULT_NONE;
}

/* The counter that the device was given to begin with: the next one, as far as
 * the URI knows. */
static enum fault
take_counter(struct import_reader *r, struct span value)
{
	return import_counter(r, value, "counter", 0, &r->account->counter);
}

/* An icon says nothing about codes. */
static enum fault
take_image(struct import_reader *r, struct span value)
{
	(void)value;
	import_note(r, "image is not taken over: the app keeps its own icon");
	return FAULT_NONE;
}

enum { SECRET, COUNTER, PERIOD };
static const struct {
	const char *name;
	enum fault (*take)(struct import_reader *r, struct span value);
} parameters[] = {
    [SECRET] = {"secret", import_base32},
    [COUNTER] = {"counter", take_counter},
    [PERIOD] = {"period", import_period},
    {"issuer", take_issuer},
    {"algorithm", take_algorithm},
    {"digits", take_digits},
    {"image", take_image},
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static bool
has_parameter(const struct import_reader *r, size_t i)
{
	return (r->seen & 1U << i) != 0;
}

static enum fault
read_parameter(struct import_reader *r, struct span value)
{
	struct span name = span_cut(&value, '=');
	char said[IMPORT_SETTING];
	size_t i = 0;

	while (i < PARAMETERS && !span_is(name, parameters[i].name))
		i++;
	import_name(name, said);
	if (i == PARAMETERS && said[0] != '\0')
		return import_refuse(
		    r, "the parameter \"%s\" is not known", said);
	if (i == PARAMETERS)
		return import_refuse(r, "a parameter that is not known");
	if (has_parameter(r, i))
		return import_refuse(r, "%s appears twice", parameters[i].name);
	r->seen |= 1U << i;
	return parameters[i].take(r, value);
}

/* Some apps write a period for counted codes, or a counter for others. */
static enum fault
settle(struct import_reader *r, bool counts)
{
	if (!has_parameter(r, SECRET))
		return import_refuse(r, "the secret is missing");
	if (counts && !has_parameter(r, COUNTER))
		return import_refuse(r,
		    "the counter is missing: add &counter=N, where N is that "
		    "of the next code");
	if (counts && has_parameter(r, PERIOD))
		import_note(r,
		    "period is not taken over: counted codes have no time "
		    "step");
	if (!counts && has_parameter(r, COUNTER))
		import_note(
		    r, "counter is not taken over: the codes follow the time");
	if (counts)
		import_count_from(r, r->account->counter);
	else
		r->account->counter = 0;
	return FAULT_NONE;
}

enum fault
import_uri(struct import_reader *r)
{
	struct span line = {NULL, 0}, more = {NULL, 0};
	bool counts;
	enum fault fault;

	(void)import_line(r, &line);
	counts = span_begins(line, "otpauth://hotp/");
	if (!counts && !span_begins(line, "otpauth://totp/"))
		return import_refuse(
		    r, "not an otpauth://totp/ or otpauth://hotp/ URI");
	(void)span_cut(&line, '?');
	fault = import_begin(r);
	while (fault == FAULT_NONE && line.len > 0)
		fault = read_parameter(r, span_cut(&line, '&'));
	if (fault == FAULT_NONE)
		fault = settle(r, counts);
	if (fault != FAULT_NONE)
		return fault;
	while (import_line(r, &more))
		if (more.len > 0)
			return import_refuse(r, "more than one URI");
	return FAULT_NONE;
}
