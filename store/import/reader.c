#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/base/base32.h"
#include "store/import/reader.h"

bool
span_is(struct span span, const char *word)
{
	return strlen(word) == span.len && memcmp(span.at, word, span.len) == 0;
}

bool
span_begins(struct span span, const char *word)
{
	size_t len = strlen(word);

	return span.len >= len && memcmp(span.at, word, len) == 0;
}

struct span
span_cut(struct span *rest, char c)
{
	const char *at = memchr(rest->at, c, rest->len);
	size_t len = at != NULL ? (size_t)(at - rest->at) : rest->len;
	size_t taken = at != NULL ? len + 1 : len;
	struct span before = {rest->at, len};

	rest->at += taken;
	rest->len -= taken;
	return before;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span
span_word(struct span *rest)
{
	struct span word;

	while (rest->len > 0 && is_blank(rest->at[0])) {
		rest->at++;
		rest->len--;
	}
	word = (struct span){rest->at, 0};
	while (word.len < rest->len && !is_blank(word.at[word.len]))
		word.len++;
	rest->at += word.len;
	rest->len -= word.len;
	return word;
}

bool
span_number(struct span span, uint64_t *ret)
{
	uint64_t n = 0;

	if (span.len == 0 || span.len > 18)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		if (span.at[i] < '0' || span.at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(span.at[i] - '0');
	}
	*ret = n;
	return true;
}

bool
import_line(struct import_reader *r, struct span *ret)
{
	if (r->rest.len == 0)
		return false;
	*ret = span_cut(&r->rest, '\n');
	r->line++;
	while (ret->len > 0 && is_blank(ret->at[ret->len - 1]))
		ret->len--;
	return true;
}

enum fault
import_begin(struct import_reader *r)
{
	struct import *import = r->import;

	if (r->count == IMPORT_MAX)
		return import_refuse(r,
		    "more than %d devices for one user: take out those that "
		    "are not used any more",
		    IMPORT_MAX);
	r->account = r->count == 0
	    ? &import->first
	    : list_add(&import->more, sizeof(*r->account));
	if (r->account == NULL)
		return FAULT_MEMORY;
	r->report->lines[r->count++] = r->line;
	*r->account = (struct import_account){.type = DEVICE_TOTP,
	    .algorithm = OTP_SHA1,
	    .digits = 6,
	    .period_s = 30};
	return FAULT_NONE;
}

void
import_count_from(struct import_reader *r, uint64_t counter)
{
	r->account->type = DEVICE_HOTP;
	r->account->counter = counter;
	r->account->period_s = 0;
	r->account->last_step = 0;
}

enum fault
import_refuse(struct import_reader *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(r->report->error, sizeof(r->report->error), format, ap);
	va_end(ap);
	r->report->line = r->line;
	return FAULT_FORMAT;
}

void
import_name(struct span span, char ret[static IMPORT_SETTING])
{
	memset(ret, 0, IMPORT_SETTING);
	if (span.len >= IMPORT_SETTING)
		return;
	for (size_t i = 0; i < span.len; i++)
		if (!(span.at[i] >= 'a' && span.at[i] <= 'z') &&
		    !(span.at[i] >= 'A' && span.at[i] <= 'Z') &&
		    span.at[i] != '_' && span.at[i] != '-')
			return;
	memcpy(ret, span.at, span.len);
}

void
import_note(struct import_reader *r, const char *format, ...)
{
	struct import_report *report = r->report;
	char text[IMPORT_TEXT - IMPORT_SETTING];
	va_list ap;

	if (report->notes_count == IMPORT_NOTES_MAX)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (report->form == IMPORT_OATH)
		snprintf(report->notes[report->notes_count++], IMPORT_TEXT,
		    "line %d: %s", r->line, text);
	else
		snprintf(report->notes[report->notes_count++], IMPORT_TEXT,
		    "%s", text);
}

enum fault
import_judge_secret(struct import_reader *r)
{
	size_t bits = r->account->secret.len * 8;

	if (r->account->secret.len < IMPORT_SECRET_MIN)
		return import_refuse(r,
		    "the secret has %zu bits and must have at least 80: " IMPORT_ANEW,
		    bits);
	if (bits < 128)
		import_note(r,
		    "the secret has only %zu bits, where 128 are the least "
		    "that RFC 4226 asks for: better set up a new device",
		    bits);
	return FAULT_NONE;
}

/* Returns the character that google-authenticator reads c as. */
static char
google_char(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if (c == '0')
		return 'O';
	if (c == '1')
		return 'L';
	return c == '8' ? 'B' : c;
}

enum fault
import_base32(struct import_reader *r, struct span span)
{
	struct otp_secret *secret = &r->account->secret;
	char text[BASE32_LEN(OTP_SECRET_MAX) + 1];
	size_t n = 0;
	enum fault fault;

	for (size_t i = 0; i < span.len && n < sizeof(text); i++)
		if (!is_blank(span.at[i]) && span.at[i] != '-')
			text[n++] = google_char(span.at[i]);
	fault = base32_decode(
	    text, n, secret->bytes, sizeof(secret->bytes), &secret->len);
	OPENSSL_cleanse(text, sizeof(text));
	if (fault == FAULT_LIMIT)
		return import_refuse(r,
		    "the secret is longer than %d bytes: " IMPORT_ANEW,
		    OTP_SECRET_MAX);
	if (fault != FAULT_NONE)
		return import_refuse(r, "the secret is not base32");
	return import_judge_secret(r);
}

enum fault
import_period(struct import_reader *r, struct span span)
{
	uint64_t n = 0;

	if (!span_number(span, &n) || n < IMPORT_PERIOD_MIN ||
	    n > IMPORT_PERIOD_MAX)
		return import_refuse(r,
		    "the time step must be %d to %d seconds: " IMPORT_ANEW,
		    IMPORT_PERIOD_MIN, IMPORT_PERIOD_MAX);
	r->account->period_s = (int64_t)n;
	return FAULT_NONE;
}

enum fault
import_counter(struct import_reader *r, struct span span, const char *what,
    uint64_t least, uint64_t *ret)
{
	if (!span_number(span, ret) || *ret < least)
		return import_refuse(r,
		    "%s must be a number from %llu on, of at most 18 digits",
		    what, (unsigned long long)least);
	return FAULT_NONE;
}
