/* ~/.google_authenticator: a secret, then options and scratch codes. */
#include <string.h>

#include "store/import/reader.h"

static enum fault
take_totp(struct import_reader *r, struct span rest)
{
	if (span_word(&rest).len > 0)
		return import_refuse(r, "TOTP_AUTH takes nothing");
	return FAULT_NONE;
}

static enum fault
take_hotp(struct import_reader *r, struct span rest)
{
	(void)rest;
	return import_refuse(r,
	    "HOTP_COUNTER: counter-based codes are not supported: " IMPORT_ANEW);
}

static enum fault
take_step_size(struct import_reader *r, struct span rest)
{
	struct span word = span_word(&rest);

	if (span_word(&rest).len > 0)
		return import_refuse(r, "STEP_SIZE takes one number");
	return import_period(r, word);
}

static enum fault
take_reuse(struct import_reader *r, struct span rest)
{
	struct span word;

	while ((word = span_word(&rest)).len > 0) {
		uint64_t step = 0;

		if (!span_number(word, &step))
			return import_refuse(r, "DISALLOW_REUSE takes numbers");
		if (step > r->import->last_step)
			r->import->last_step = step;
	}
	return FAULT_NONE;
}

enum { TOTP_AUTH, LAST = 7 };
static const struct {
	const char *name;
	enum fault (*take)(struct import_reader *r, struct span rest);
	const char *instead; /* for a setting that is dropped: what applies
			      * instead */
} options[] = {
    [TOTP_AUTH] = {"TOTP_AUTH", take_totp, NULL},
    {"HOTP_COUNTER", take_hotp, NULL},
    {"STEP_SIZE", take_step_size, NULL},
    {"DISALLOW_REUSE", take_reuse, NULL},
    {"RATE_LIMIT", NULL, "attempts in the policy limits guesses"},
    {"WINDOW_SIZE", NULL, "a code counts one step before and after its own"},
    {"TIME_SKEW", NULL, "the phone's clock must be right"},
    [LAST] = {"LAST", NULL, "remember in the policy says who is not asked"},
    {"RESETTING_TIME_SKEW", NULL, "the phone's clock must be right"},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* Returns the option's index, or OPTIONS.  LAST0 to LAST9 count as one
 * option. */
static size_t
find_option(struct span name)
{
	size_t i = 0;

	if (name.len == 5 && span_begins(name, "LAST") && name.at[4] >= '0' &&
	    name.at[4] <= '9')
		return LAST;
	while (i < OPTIONS && (i == LAST || !span_is(name, options[i].name)))
		i++;
	return i;
}

static enum fault
google_option(struct import_reader *r, struct span rest)
{
	struct span name = span_word(&rest);
	size_t i = find_option(name);
	char said[IMPORT_SETTING];
	bool again = i < OPTIONS && (r->seen & 1U << i) != 0;

	import_name(name, said);
	if (i == OPTIONS && said[0] != '\0')
		return import_refuse(r, "the option %s is not known", said);
	if (i == OPTIONS)
		return import_refuse(r, "an option that is not known");
	r->seen |= 1U << i;
	if (again && i == LAST)
		return FAULT_NONE;
	if (again)
		return import_refuse(r, "%s appears twice", options[i].name);
	if (options[i].take != NULL)
		return options[i].take(r, rest);
	import_note(
	    r, "%s is not taken over: %s", options[i].name, options[i].instead);
	return FAULT_NONE;
}

static enum fault
google_scratch(struct import_reader *r, struct span line)
{
	struct scratch *scratch;

	if (!import_is_scratch(line.at, line.len))
		return import_refuse(
		    r, "neither an option nor a scratch code of eight digits");
	if (import_has_scratch(r->import, line.at, r->import->scratch.count))
		return import_refuse(r, "a scratch code appears twice");
	if (r->import->scratch.count == IMPORT_SCRATCH_MAX)
		return import_refuse(
		    r, "more than %d scratch codes", IMPORT_SCRATCH_MAX);
	scratch = list_add(&r->import->scratch, sizeof(*scratch));
	if (scratch == NULL)
		return FAULT_MEMORY;
	memcpy(scratch->code, line.at, SCRATCH_CHARS);
	return FAULT_NONE;
}

enum fault
import_google(struct import_reader *r)
{
	struct span line = {NULL, 0};
	enum fault fault;

	if (!import_line(r, &line))
		return import_refuse(r, "the file is empty");
	fault = import_base32(r, line);
	while (fault == FAULT_NONE && import_line(r, &line)) {
		if (span_begins(line, "\" "))
			fault = google_option(
			    r, (struct span){line.at + 2, line.len - 2});
		else if (line.len > 0)
			fault = google_scratch(r, line);
	}
	if (fault != FAULT_NONE)
		return fault;
	r->line = 0;
	if ((r->seen & 1U << TOTP_AUTH) == 0)
		return import_refuse(
		    r, "TOTP_AUTH is missing: is the file whole?");
	return FAULT_NONE;
}
