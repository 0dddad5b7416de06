/*
 * Reads an export of Google Authenticator: a line
 * otpauth-migration://offline?data=..., or several if the app showed several QR
 * codes.  data is a protocol buffer in base64, with percent-encoding:
 *
 *	message {
 *		repeated account = 1: bytes secret = 1, string name = 2,
 *		    string issuer = 3, algorithm = 4, digits = 5, type = 6,
 *		    counter = 7
 *		version = 2, parts = 3, part = 4, export = 5
 *	}
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/import/protobuf.h"
#include "store/import/reader.h"

#define START       "otpauth-migration://offline?data="
#define VERSION_MAX 2

enum { TYPE_HOTP = 1, TYPE_TOTP = 2 };
enum { DIGITS_6 = 1, DIGITS_8 = 2 };
enum { ALGORITHM_MD5 = 4 };

struct exported {
	struct protobuf secret;
	char name[IMPORT_NAME];
	char issuer[IMPORT_NAME];
	char shown[IMPORT_NAME]; /* issuer and name */
	uint64_t algorithm, digits, type, counter;
	unsigned seen;
};

struct export
{
	struct import_reader *r;
	size_t all, fitting, parts;
	uint64_t parts_wanted;
};

static int
hex_value(char c)
{
	return OPENSSL_hexchar2int((unsigned char)c);
}

/* Reads the next character of base64; -1 at the end, -2 if it is none. */
static int
next_sextet(struct span *rest)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	const char *found;
	char c;

	if (rest->len == 0)
		return -1;
	c = *rest->at++;
	rest->len--;
	if (c == '%') {
		int high = rest->len >= 2 ? hex_value(rest->at[0]) : -1;
		int low = rest->len >= 2 ? hex_value(rest->at[1]) : -1;

		if (high < 0 || low < 0)
			return -2;
		c = (char)(high << 4 | low);
		rest->at += 2;
		rest->len -= 2;
	}
	if (c == '=')
		return -1;
	found = c != '\0' ? strchr(alphabet, c) : NULL;
	return found != NULL ? (int)(found - alphabet) : -2;
}

/* True if nothing but padding is left, written as "=" or "%3D". */
static bool
is_padding(struct span rest)
{
	while (rest.len > 0)
		if (next_sextet(&rest) != -1)
			return false;
	return true;
}

/* ret has room for rest.len bytes. */
static bool
decode_payload(struct span rest, uint8_t *ret, size_t *ret_len)
{
	unsigned bits = 0, have = 0;
	int six;

	*ret_len = 0;
	while ((six = next_sextet(&rest)) >= 0) {
		bits = (bits << 6 | (unsigned)six) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		ret[(*ret_len)++] = (uint8_t)(bits >> have);
	}
	/* Bits that make no whole byte are zero. */
	return six == -1 && have < 6 && (bits & ((1U << have) - 1)) == 0 &&
	    is_padding(rest);
}

static void
take_name(struct protobuf bytes, char ret[static IMPORT_NAME])
{
	utf8_clean((const char *)bytes.at, bytes.left, ret, IMPORT_NAME);
}

/* False if the field is of another kind than it must be, or stands twice. */
static bool
take_field(const struct protobuf_field *field, struct exported *ret)
{
	bool is_bytes = field->number <= 3;

	if (field->number > 7)
		return true;
	if (field->kind != (is_bytes ? PROTOBUF_BYTES : PROTOBUF_NUMBER) ||
	    (ret->seen & 1U << field->number) != 0)
		return false;
	ret->seen |= 1U << field->number;
	if (field->number == 1)
		ret->secret = field->bytes;
	else if (field->number == 2)
		take_name(field->bytes, ret->name);
	else if (field->number == 3)
		take_name(field->bytes, ret->issuer);
	else if (field->number == 4)
		ret->algorithm = field->value;
	else if (field->number == 5)
		ret->digits = field->value;
	else if (field->number == 6)
		ret->type = field->value;
	else if (field->number == 7)
		ret->counter = field->value;
	return true;
}

/* The app often writes the issuer into the name as well. */
static void
name_account(struct exported *account)
{
	char both[2 * IMPORT_NAME + 8];
	size_t len = strlen(account->issuer);
	bool has_issuer = len == 0 ||
	    (strncmp(account->name, account->issuer, len) == 0 &&
		account->name[len] == ':');

	snprintf(both, sizeof(both), "%s%s%s",
	    has_issuer ? "" : account->issuer, has_issuer ? "" : ":",
	    account->name[0] != '\0' ? account->name : "without a name");
	utf8_clean(both, strlen(both), account->shown, sizeof(account->shown));
}

static bool
read_fields(struct protobuf message, struct exported *ret)
{
	struct protobuf_field field;
	enum protobuf_step step;

	*ret = (struct exported){.seen = 0};
	while ((step = protobuf_next(&message, &field)) == PROTOBUF_FIELD)
		if (!take_field(&field, ret))
			return false;
	name_account(ret);
	return step == PROTOBUF_END;
}

/* True if the admin asked for this account, or for none by name.  The name may
 * lack the issuer that the app wrote into it. */
static bool
is_wanted(const struct import_reader *r, const struct exported *account)
{
	size_t len = strlen(account->issuer);
	const char *alone = account->name;

	if (len > 0 && strncmp(alone, account->issuer, len) == 0 &&
	    alone[len] == ':')
		alone += len + 1 + strspn(alone + len + 1, " ");
	return r->wanted == NULL || strcmp(r->wanted, alone) == 0 ||
	    strcmp(r->wanted, account->name) == 0 ||
	    strcmp(r->wanted, account->shown) == 0;
}

static enum fault
check_exported(struct import_reader *r, const struct exported *account)
{
	if (account->secret.left > OTP_SECRET_MAX)
		return import_refuse(r,
		    "\"%s\": the secret is longer than %d bytes: " IMPORT_ANEW,
		    account->shown, OTP_SECRET_MAX);
	if (account->algorithm >= ALGORITHM_MD5)
		return import_refuse(r,
		    "\"%s\" uses %s, and not SHA1, SHA256 or SHA512: " IMPORT_ANEW,
		    account->shown,
		    account->algorithm == ALGORITHM_MD5 ? "MD5"
							: "no known hash");
	if (account->digits > DIGITS_8)
		return import_refuse(r,
		    "\"%s\": codes must have 6 or 8 digits: " IMPORT_ANEW,
		    account->shown);
	if (account->type == TYPE_HOTP &&
	    account->counter >= IMPORT_COUNTER_MAX)
		return import_refuse(r,
		    "\"%s\": the counter has more than 18 digits: " IMPORT_ANEW,
		    account->shown);
	return FAULT_NONE;
}

/*
 * Takes the account over; names what it has and tfa does not.  The counter is
 * that of the code that the app shows, which may be used already: Google's apps
 * count first, and then show.
 */
static enum fault
take_account(struct import_reader *r, const struct exported *exported)
{
	struct import_account *account;
	enum fault fault = check_exported(r, exported);

	if (fault == FAULT_NONE)
		fault = import_begin(r);
	if (fault != FAULT_NONE)
		return fault;
	account = r->account;
	if (exported->algorithm > 0)
		account->algorithm = (int)exported->algorithm - 1;
	account->digits = exported->digits == DIGITS_8 ? 8 : 6;
	if (exported->secret.left > 0)
		memcpy(account->secret.bytes, exported->secret.at,
		    exported->secret.left);
	account->secret.len = exported->secret.left;
	if (exported->type == TYPE_HOTP)
		import_count_from(r, exported->counter + 1);
	return FAULT_NONE;
}

static void
list_account(struct import_report *report, const struct exported *account)
{
	if (report->listed_count < IMPORT_LISTED_MAX)
		memcpy(report->listed[report->listed_count], account->shown,
		    sizeof(account->shown));
	report->listed_count++;
}

static enum fault
judge_exported(struct export *export, const struct exported *account)
{
	struct import_reader *r = export->r;

	if (account->type != TYPE_TOTP && account->type != TYPE_HOTP)
		return import_refuse(
		    r, "\"%s\" is of a kind that is not known", account->shown);
	export->all++;
	list_account(r->report, account);
	if (!is_wanted(r, account) || ++export->fitting > 1)
		return FAULT_NONE;
	return take_account(r, account);
}

static enum fault
read_payload(struct export *export, struct protobuf message)
{
	struct import_reader *r = export->r;
	struct protobuf_field field;
	enum protobuf_step step;
	struct exported account;
	enum fault fault = FAULT_NONE;

	while ((step = protobuf_next(&message, &field)) == PROTOBUF_FIELD &&
	    fault == FAULT_NONE) {
		if (field.number == 1 &&
		    (field.kind != PROTOBUF_BYTES ||
			!read_fields(field.bytes, &account)))
			return import_refuse(r, "the export is damaged");
		if (field.number == 1)
			fault = judge_exported(export, &account);
		else if (field.number == 2 && field.value > VERSION_MAX)
			return import_refuse(r,
			    "the export has version %llu, which is not known",
			    (unsigned long long)field.value);
		else if (field.number == 3)
			export->parts_wanted = field.value;
	}
	if (fault == FAULT_NONE && step != PROTOBUF_END)
		return import_refuse(r, "the export is damaged");
	return fault;
}

static enum fault
read_line(struct export *export, struct span line)
{
	struct import_reader *r = export->r;
	size_t start = strlen(START), len = 0;
	uint8_t *bytes;
	enum fault fault;

	if (!span_begins(line, START))
		return import_refuse(
		    r, "not an otpauth-migration://offline?data= URI");
	line.at += start;
	line.len -= start;
	bytes = malloc(line.len + 1);
	if (bytes == NULL)
		return FAULT_MEMORY;
	if (decode_payload(line, bytes, &len))
		fault = read_payload(export, (struct protobuf){bytes, len});
	else
		fault = import_refuse(r, "the data is not base64");
	OPENSSL_cleanse(bytes, line.len + 1);
	free(bytes);
	export->parts++;
	return fault;
}

/* Which account is meant must be clear. */
static enum fault
settle(const struct export *export)
{
	struct import_reader *r = export->r;

	r->line = 0;
	if (export->parts < export->parts_wanted)
		import_note(r,
		    "the app showed %llu QR codes, and the file has %zu: an "
		    "account may be missing",
		    (unsigned long long)export->parts_wanted, export->parts);
	if (export->all == 0)
		return import_refuse(r, "the export has no account");
	if (export->fitting == 0)
		return import_refuse(r,
		    "the export has no account \"%.80s\": it has those below",
		    r->wanted);
	if (export->fitting > 1 && r->wanted == NULL)
		return import_refuse(r,
		    "the export has %zu accounts, listed below: choose one "
		    "with --account",
		    export->fitting);
	if (export->fitting > 1)
		return import_refuse(r,
		    "the export has %zu accounts called \"%.80s\": export "
		    "the right one alone",
		    export->fitting, r->wanted);
	r->report->listed_count = 0;
	return import_judge_secret(r);
}

enum fault
import_migration(struct import_reader *r)
{
	struct export export = {.r = r};
	struct span line = {NULL, 0};
	enum fault fault = FAULT_NONE;

	while (fault == FAULT_NONE && import_line(r, &line))
		if (line.len > 0)
			fault = read_line(&export, line);
	return fault == FAULT_NONE ? settle(&export) : fault;
}
