/*
 * Reads the user's lines in users.oath: TYPE USER PIN SECRET [COUNTER [OTP
 * [TIME]]].  Each is a device of its own, as in liboath, where a code of any of
 * them lets the user in.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "store/import/reader.h"

static enum fault
read_hex(struct import_reader *r, struct span span)
{
	struct otp_secret *secret = &r->account->secret;

	if (span.len > 2 * sizeof(secret->bytes))
		return import_refuse(r,
		    "the secret is longer than %d bytes: " IMPORT_ANEW,
		    OTP_SECRET_MAX);
	if (span.len % 2 != 0)
		return import_refuse(r, "the secret is not hexadecimal");
	for (size_t i = 0; i < span.len; i += 2) {
		int high = OPENSSL_hexchar2int((unsigned char)span.at[i]);
		int low = OPENSSL_hexchar2int((unsigned char)span.at[i + 1]);

		if (high < 0 || low < 0)
			return import_refuse(
			    r, "the secret is not hexadecimal");
		secret->bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	secret->len = span.len / 2;
	return import_judge_secret(r);
}

static const struct {
	const char *name;
	int64_t period_s; /* 0: counted */
} types[] = {{"HOTP/T30", 30}, {"HOTP/T60", 60}, {"HOTP/E", 0}, {"HOTP", 0}};
#define TYPES (sizeof(types) / sizeof(types[0]))

static enum fault
read_type(struct import_reader *r, struct span type)
{
	size_t i = span_is(type, "HOTP") ? TYPES - 1 : 0;

	while (i < TYPES - 1 && !span_begins(type, types[i].name))
		i++;
	if (i == TYPES - 1 && !span_is(type, "HOTP"))
		return import_refuse(r,
		    "the type must be HOTP, HOTP/E, HOTP/T30 or "
		    "HOTP/T60: " IMPORT_ANEW);
	if (types[i].period_s == 0)
		import_count_from(r, 0);
	else
		r->account->period_s = types[i].period_s;
	type.at += strlen(types[i].name);
	type.len -= strlen(types[i].name);
	if (type.len == 0)
		return FAULT_NONE;
	if (type.len != 2 || type.at[0] != '/' || type.at[1] < '6' ||
	    type.at[1] > '8')
		return import_refuse(
		    r, "codes must have 6, 7 or 8 digits: " IMPORT_ANEW);
	r->account->digits = type.at[1] - '0';
	return FAULT_NONE;
}

/* *ret: true if the code is that of the step or counter. */
static enum fault
is_code_of(const struct import_account *account, uint64_t moving,
    struct span otp, bool *ret)
{
	char code[OTP_DIGITS_MAX + 1] = "";
	enum fault fault = otp_code((enum otp_algorithm)account->algorithm,
	    &account->secret, moving, (int)account->digits, code);

	*ret = fault == FAULT_NONE && CRYPTO_memcmp(code, otp.at, otp.len) == 0;
	OPENSSL_cleanse(code, sizeof(code));
	return fault == FAULT_NONE ? FAULT_NONE : FAULT_MEMORY;
}

/* Finds the step of the last code that was used, so that the code does not
 * pass again. */
static enum fault
find_last_step(struct import_reader *r, struct span otp)
{
	struct import_account *account = r->account;
	uint64_t step = otp_step(r->now_s - IMPORT_AHEAD_S, account->period_s);
	uint64_t last = otp_step(r->now_s + IMPORT_AHEAD_S, account->period_s);

	for (; step <= last; step++) {
		bool found = false;
		enum fault fault = is_code_of(account, step, otp, &found);

		if (fault != FAULT_NONE)
			return fault;
		if (found)
			account->last_step = step;
	}
	return FAULT_NONE;
}

/*
 * liboath writes the counter of the last code beside that code, and searches
 * from this counter on; the code itself it refuses because it stands there.
 * Without a code the counter is the first that may pass.
 */
static enum fault
find_counter(struct import_reader *r, uint64_t counter, struct span otp)
{
	bool found = false;
	enum fault fault = FAULT_NONE;

	if (otp.len > 0)
		fault = is_code_of(r->account, counter, otp, &found);
	if (fault != FAULT_NONE)
		return fault;
	if (otp.len > 0 && !found)
		return import_refuse(r,
		    "the last code is not that of the counter: if somebody "
		    "changed the counter, remove the code and what follows");
	import_count_from(r, counter + (found ? 1 : 0));
	return FAULT_NONE;
}

/* Reads what may follow the secret: COUNTER OTP TIME.  With time steps, COUNTER
 * says how many steps off the last code was, and may be negative. */
static enum fault
read_last_use(struct import_reader *r, struct span rest)
{
	struct span counter = span_word(&rest);
	struct span otp = span_word(&rest);
	bool counts = r->account->type == DEVICE_HOTP;
	uint64_t number = 0, code = 0;
	enum fault fault = FAULT_NONE;

	(void)span_word(&rest);
	if (span_word(&rest).len > 0)
		return import_refuse(r, "more than seven fields");
	if (!counts && span_begins(counter, "-"))
		(void)span_cut(&counter, '-');
	if (counter.len > 0)
		fault = import_counter(r, counter, "the counter", 0, &number);
	if (fault != FAULT_NONE)
		return fault;
	if (otp.len > 0 &&
	    (otp.len != (size_t)r->account->digits || !span_number(otp, &code)))
		return import_refuse(r, "the last code does not have %d digits",
		    (int)r->account->digits);
	if (counts)
		return find_counter(r, number, otp);
	return otp.len > 0 ? find_last_step(r, otp) : FAULT_NONE;
}

/* Two devices with one secret would show the same codes. */
static enum fault
check_secret_is_new(struct import_reader *r)
{
	for (size_t i = 0; i + 1 < r->count; i++)
		if (record_same_secret(
			&import_at(r->import, i)->secret, &r->account->secret))
			return import_refuse(r,
			    "has the same secret as line %d: remove the one "
			    "that is not used",
			    r->report->lines[i]);
	return FAULT_NONE;
}

static enum fault
read_account(struct import_reader *r, struct span type, struct span rest)
{
	struct span pin = span_word(&rest);
	struct span secret = span_word(&rest);
	enum fault fault = import_begin(r);

	if (fault == FAULT_NONE)
		fault = read_type(r, type);
	if (fault != FAULT_NONE)
		return fault;
	if (secret.len == 0)
		return import_refuse(r, "the secret is missing");
	if (!span_is(pin, "-") && !span_is(pin, "+"))
		import_note(
		    r, "the PIN is not taken over: only the code is asked for");
	fault = read_hex(r, secret);
	if (fault == FAULT_NONE)
		fault = check_secret_is_new(r);
	return fault == FAULT_NONE ? read_last_use(r, rest) : fault;
}

enum fault
import_oath(struct import_reader *r)
{
	struct span line = {NULL, 0};

	while (import_line(r, &line)) {
		struct span type = span_word(&line);
		struct span user = span_word(&line);
		enum fault fault;

		if (span_begins(type, "#") || !span_is(user, r->user))
			continue;
		fault = read_account(r, type, line);
		if (fault != FAULT_NONE)
			return fault;
	}
	r->line = 0;
	return r->count > 0 ? FAULT_NONE
			    : import_refuse(r, "no line for %s", r->user);
}
