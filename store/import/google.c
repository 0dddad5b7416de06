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

/* The module accepts the code of this counter and WINDOW_SIZE - 1 more. */
static enum fault
take_hotp(struct import_reader *r, struct span rest)
{
	struct span word = span_word(&rest);
	uint64_t counter = 0;
	enum fault fault;

	if (span_word(&rest).len > 0)
		return import_refuse(r, "HOTP_COUNTER takes one number");
	fault = import_counter(r, word, "HOTP_COUNTER", 1, &counter);
	if (fault == FAULT_NONE)
		r->account->counter = counter;
	return fault;
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
		if (step > r->account->last_step)
			r->account->last_step = step;
	}
	return FAULT_NONE;
}

enum { TOTP_AUTH, HOTP_COUNTER, STEP_SIZE, REUSE, LAST = 7 };
static const struct {
	const char *name;
	enum fault (*take)(struct import_reader *r, struct span rest);
	/* what applies instead, with time steps and with a counter; NULL: it is
	 * taken over */
	const char *instead, *counted;
} options[] = {
    [TOTP_AUTH] = {"TOTP_AUTH", take_totp, NULL, NULL},
    [HOTP_COUNTER] = {"HOTP_COUNTER", take_hotp, NULL, NULL},
    [STEP_SIZE] = {"STEP_SIZE", take_step_size, NULL,
	"counted codes have no time step"},
    [REUSE] = {"DISALLOW_REUSE", take_reuse, NULL,
	"a counted code never counts twice"},
    {"RATE_LIMIT", NULL, "attempts in the policy limits guesses",
	"attempts in the policy limits guesses"},
    {"WINDOW_SIZE", NULL, "a code counts one step before and after its own",
	"how far a code may be ahead is fixed"},
    {"TIME_SKEW", NULL, "the phone's clock must be right",
	"counted codes need no clock"},
    [LAST] = {"LAST", NULL, "remember in the policy says who is not asked",
	"remember in the policy says who is not asked"},
    {"RESETTING_TIME_SKEW", NULL, "the phone's clock must be right",
	"counted codes need no clock"},
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

static bool
has_option(const struct import_reader *r, size_t i)
{
	return (r->seen & 1U << i) != 0;
}

static enum fault
google_option(struct import_reader *r, struct span rest)
{
	struct span name = span_word(&rest);
	size_t i = find_option(name);
	char said[IMPORT_SETTING];
	bool again = i < OPTIONS && has_option(r, i);

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
	return options[i].take != NULL ? options[i].take(r, rest) : FAULT_NONE;
}

/* Which settings apply depends on the type, and the options have no order. */
static enum fault
settle(struct import_reader *r)
{
	bool counts = has_option(r, HOTP_COUNTER);

	r->line = 0;
	if (!counts && !has_option(r, TOTP_AUTH))
		return import_refuse(r,
		    "TOTP_AUTH, or HOTP_COUNTER, is missing: is the file "
		    "whole?");
	if (counts && has_option(r, TOTP_AUTH))
		return import_refuse(r,
		    "has both TOTP_AUTH and HOTP_COUNTER: remove the one that "
		    "the device does not use");
	if (counts)
		import_count_from(r, r->account->counter);
	for (size_t i = 0; i < OPTIONS; i++) {
		const char *instead = counts ? options[i].counted
					     : options[i].instead;

		if (has_option(r, i) && instead != NULL)
			import_note(r, "%s is not taken over: %s",
			    options[i].name, instead);
	}
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
	fault = import_begin(r);
	if (fault == FAULT_NONE)
		fault = import_base32(r, line);
	while (fault == FAULT_NONE && import_line(r, &line)) {
		if (span_begins(line, "\" "))
			fault = google_option(
			    r, (struct span){line.at + 2, line.len - 2});
		else if (line.len > 0)
			fault = google_scratch(r, line);
	}
	return fault == FAULT_NONE ? settle(r) : fault;
}
