#include <string.h>

#include "store/import/reader.h"

bool
import_step_ok(const struct import *import, int64_t now_s)
{
	for (size_t i = 0; i < import_count(import); i++) {
		const struct import_account *account = import_at(import, i);

		if (account->type == DEVICE_TOTP &&
		    account->last_step >
			otp_step(now_s + IMPORT_AHEAD_S, account->period_s))
			return false;
	}
	return true;
}

/* Tells the form by the first line that is not empty or a comment.  "/" and
 * "#" are not in base32. */
static enum import_form
form_of(struct span rest)
{
	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');
		struct span word = span_word(&line);

		if (span_begins(word, "otpauth-migration:"))
			return IMPORT_MIGRATION;
		if (span_begins(word, "otpauth:"))
			return IMPORT_URI;
		if (span_begins(word, "HOTP/") || span_is(word, "HOTP"))
			return IMPORT_OATH;
		if (word.len > 0 && !span_begins(word, "#"))
			return IMPORT_GOOGLE;
	}
	return IMPORT_GOOGLE;
}

static enum fault
read_any(struct import_reader *r)
{
	r->report->form = form_of(r->rest);
	if (memchr(r->rest.at, '\0', r->rest.len) != NULL)
		return import_refuse(r, "a NUL byte: this is not a text file");
	if (r->wanted != NULL && r->report->form != IMPORT_MIGRATION)
		return import_refuse(r,
		    "--account is for an export of Google Authenticator "
		    "(otpauth-migration:), which this is not");
	switch (r->report->form) {
	case IMPORT_GOOGLE:
		return import_google(r);
	case IMPORT_OATH:
		return import_oath(r);
	case IMPORT_URI:
		return import_uri(r);
	case IMPORT_MIGRATION:
		return import_migration(r);
	}
	return FAULT_FORMAT;
}

/* Refuses a step that nobody can have used yet. */
static enum fault
check_last_step(struct import_reader *r)
{
	if (import_step_ok(r->import, r->now_s))
		return FAULT_NONE;
	r->line = 0;
	return import_refuse(r,
	    "a spent code lies more than 10 minutes in the future: "
	    "is the clock right?");
}

enum fault
import_parse(const char *text, size_t len, const char *user,
    const char *account, int64_t now_s, struct import *ret,
    struct import_report *ret_report)
{
	struct import_reader r = {
	    .rest = {text, len},
	    .user = user,
	    .wanted = account,
	    .now_s = now_s,
	    .import = ret,
	    .report = ret_report,
	};
	enum fault fault;

	*ret_report = (struct import_report){.line = 0};
	*ret = (struct import){.present = true};
	fault = len > IMPORT_FILE_MAX ? import_refuse(&r, "larger than 64 KiB")
				      : read_any(&r);
	if (fault == FAULT_NONE)
		fault = check_last_step(&r);
	if (fault != FAULT_NONE)
		import_done(ret);
	return fault;
}
