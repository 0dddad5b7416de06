/* Reads an otpauth://totp/ URI: the secret and other parameters. */
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
		r->import->algorithm = i;
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
	r->import->digits = (int64_t)n;
	return FAULT_NONE;
}

/* An icon says nothing about codes. */
static enum fault
take_image(struct import_reader *r, struct span value)
{
	(void)value;
	import_note(r, "image is not taken over: the app keeps its own icon");
	return FAULT_NONE;
}

enum { SECRET };
static const struct {
	const char *name;
	enum fault (*take)(struct import_reader *r, struct span value);
} parameters[] = {
    [SECRET] = {"secret", import_base32},
    {"issuer", take_issuer},
    {"algorithm", take_algorithm},
    {"digits", take_digits},
    {"period", import_period},
    {"image", take_image},
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

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
	if ((r->seen & 1U << i) != 0)
		return import_refuse(r, "%s appears twice", parameters[i].name);
	r->seen |= 1U << i;
	return parameters[i].take(r, value);
}

enum fault
import_uri(struct import_reader *r)
{
	struct span line = {NULL, 0}, more = {NULL, 0};
	enum fault fault = FAULT_NONE;

	(void)import_line(r, &line);
	if (span_begins(line, "otpauth://hotp/"))
		return import_refuse(r,
		    "counter-based codes (hotp) are not supported: " IMPORT_ANEW);
	if (!span_begins(line, "otpauth://totp/"))
		return import_refuse(r, "not an otpauth://totp/ URI");
	(void)span_cut(&line, '?');
	while (fault == FAULT_NONE && line.len > 0)
		fault = read_parameter(r, span_cut(&line, '&'));
	if (fault != FAULT_NONE)
		return fault;
	if ((r->seen & 1U << SECRET) == 0)
		return import_refuse(r, "the secret is missing");
	while (import_line(r, &more))
		if (more.len > 0)
			return import_refuse(r, "more than one URI");
	return FAULT_NONE;
}
