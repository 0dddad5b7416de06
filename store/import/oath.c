/* Reads the user's line in users.oath: TYPE USER PIN SECRET [COUNTER [OTP
 * [TIME]]]. */
#include <openssl/crypto.h>
#include <string.h>

#include "store/import/reader.h"

static enum fault
read_hex(struct import_reader *r, struct span span)
{
	struct otp_secret *secret = &r->import->secret;

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

static enum fault
read_type(struct import_reader *r, struct span type)
{
	static const char *const totp[] = {"HOTP/T30", "HOTP/T60"};
	size_t i = 0;

	while (i < 2 && !span_begins(type, totp[i]))
		i++;
	if (i == 2)
		return import_refuse(r,
		    "only HOTP/T30 and HOTP/T60 are supported, no "
		    "counter-based codes: " IMPORT_ANEW);
	r->import->period_s = i == 0 ? 30 : 60;
	type.at += strlen(totp[i]);
	type.len -= strlen(totp[i]);
	if (type.len == 0)
		return FAULT_NONE;
	if (type.len != 2 || type.at[0] != '/' || type.at[1] < '6' ||
	    type.at[1] > '8')
		return import_refuse(
		    r, "codes must have 6, 7 or 8 digits: " IMPORT_ANEW);
	r->import->digits = type.at[1] - '0';
	return FAULT_NONE;
}

/* Finds the step of the last code that was used, so that the code does not
 * pass again. */
static enum fault
find_last_step(struct import_reader *r, struct span otp)
{
	struct import *import = r->import;
	uint64_t step = otp_step(r->now_s - IMPORT_AHEAD_S, import->period_s);
	uint64_t last = otp_step(r->now_s + IMPORT_AHEAD_S, import->period_s);
	uint64_t number = 0;

	if (otp.len != (size_t)import->digits || !span_number(otp, &number))
		return import_refuse(r, "the last code does not have %d digits",
		    (int)import->digits);
	for (; step <= last; step++) {
		char code[OTP_DIGITS_MAX + 1] = "";

		if (otp_code((enum otp_algorithm)import->algorithm,
			&import->secret, step, (int)import->digits,
			code) != FAULT_NONE)
			return FAULT_MEMORY;
		if (CRYPTO_memcmp(code, otp.at, otp.len) == 0)
			import->last_step = step;
		OPENSSL_cleanse(code, sizeof(code));
	}
	return FAULT_NONE;
}

/* Reads what may follow the secret: COUNTER OTP TIME. */
static enum fault
read_last_use(struct import_reader *r, struct span rest)
{
	struct span counter = span_word(&rest);
	struct span otp = span_word(&rest);
	uint64_t number = 0;

	(void)span_word(&rest);
	if (span_word(&rest).len > 0)
		return import_refuse(r, "more than seven fields");
	if (counter.len > 0 && !span_number(counter, &number))
		return import_refuse(r, "the counter is not a number");
	return otp.len > 0 ? find_last_step(r, otp) : FAULT_NONE;
}

static enum fault
read_account(struct import_reader *r, struct span type, struct span rest)
{
	struct span pin = span_word(&rest);
	struct span secret = span_word(&rest);
	enum fault fault = read_type(r, type);

	if (fault != FAULT_NONE)
		return fault;
	if (secret.len == 0)
		return import_refuse(r, "the secret is missing");
	if (!span_is(pin, "-") && !span_is(pin, "+"))
		import_note(
		    r, "the PIN is not taken over: only the code is asked for");
	fault = read_hex(r, secret);
	return fault == FAULT_NONE ? read_last_use(r, rest) : fault;
}

enum fault
import_oath(struct import_reader *r)
{
	struct span line = {NULL, 0};
	bool found = false;

	while (import_line(r, &line)) {
		struct span type = span_word(&line);
		struct span user = span_word(&line);
		enum fault fault;

		if (span_begins(type, "#") || !span_is(user, r->user))
			continue;
		if (found)
			return import_refuse(
			    r, "a second line for %s", r->user);
		found = true;
		fault = read_account(r, type, line);
		if (fault != FAULT_NONE)
			return fault;
	}
	r->line = 0;
	return found ? FAULT_NONE : import_refuse(r, "no line for %s", r->user);
}
