/* An export of Google Authenticator, written here by the format's description
 * and read by ours. */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/import/import.h"
#include "store/import/protobuf.h"
#include "tests/unit/fixture.h"

#define SECRET "12345678901234567890"
#define START  "otpauth-migration://offline?data="

struct bytes {
	uint8_t at[4096];
	size_t len;
};

static void
put_number(struct bytes *b, uint64_t n)
{
	for (; n > 127; n >>= 7)
		b->at[b->len++] = (uint8_t)(n | 128);
	b->at[b->len++] = (uint8_t)n;
}

static void
put_varint(struct bytes *b, unsigned field, uint64_t n)
{
	put_number(b, (uint64_t)field << 3);
	put_number(b, n);
}

static void
put_bytes(struct bytes *b, unsigned field, const void *at, size_t len)
{
	put_number(b, (uint64_t)field << 3 | 2);
	put_number(b, len);
	memcpy(b->at + b->len, at, len);
	b->len += len;
}

enum { HOTP = 1, TOTP = 2 };

static void
put_account(struct bytes *b, const char *secret, const char *name,
    const char *issuer, int type, int algorithm, int digits)
{
	struct bytes account = {.len = 0};

	put_bytes(&account, 1, secret, strlen(secret));
	put_bytes(&account, 2, name, strlen(name));
	put_bytes(&account, 3, issuer, strlen(issuer));
	put_varint(&account, 4, (uint64_t)algorithm);
	put_varint(&account, 5, (uint64_t)digits);
	put_varint(&account, 6, (uint64_t)type);
	if (type == HOTP)
		put_varint(&account, 7, 41);
	put_bytes(b, 1, account.at, account.len);
}

/* Ends a message, behind its accounts; the id may be negative. */
static void
put_end(struct bytes *b, uint64_t parts, uint64_t part)
{
	put_varint(b, 2, 1);
	put_varint(b, 3, parts);
	put_varint(b, 4, part);
	put_varint(b, 5, (uint64_t)-12345);
}

/* The line that a QR code has: '+', '/' and '=' are percent-encoded. */
static const char *
line_of(const struct bytes *b)
{
	static char line[16384];
	char base64[8192];
	size_t len = strlen(START);

	EVP_EncodeBlock((uint8_t *)base64, b->at, (int)b->len);
	memcpy(line, START, len);
	for (const char *c = base64; *c != '\0'; c++)
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    strchr("+/=", *c) != NULL ? "%%%02X" : "%c", *c);
	return line;
}

struct result {
	enum fault fault;
	struct import import;
	struct import_report report;
};

static struct result
parse(const char *text, const char *account)
{
	struct result r = {.fault = FAULT_MEMORY};

	r.fault = import_parse(
	    text, strlen(text), "alice", account, NOW_S, &r.import, &r.report);
	return r;
}

Test(migration, reads_an_account_of_each_kind)
{
	static const struct {
		int algorithm, digits, read_algorithm, read_digits;
	} cases[] = {
	    {1, 1, OTP_SHA1, 6},
	    {0, 0, OTP_SHA1, 6},
	    {2, 2, OTP_SHA256, 8},
	    {3, 1, OTP_SHA512, 6},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes b = {.len = 0};
		struct result r;

		put_account(&b, SECRET, "Old:alice", "Old", TOTP,
		    cases[i].algorithm, cases[i].digits);
		put_end(&b, 1, 0);
		r = parse(line_of(&b), NULL);
		cr_assert_eq(r.fault, FAULT_NONE, "%s", r.report.error);
		cr_expect_eq(r.report.form, IMPORT_MIGRATION);
		cr_expect_eq(r.import.first.algorithm, cases[i].read_algorithm);
		cr_expect_eq(r.import.first.digits, cases[i].read_digits);
		cr_expect_eq(r.import.first.period_s, 30);
		cr_expect_eq(r.import.first.last_step, 0);
		cr_expect_eq(r.import.first.secret.len, 20);
		cr_expect_arr_eq(r.import.first.secret.bytes, SECRET, 20);
		cr_expect_eq(r.report.notes_count, 0);
		import_done(&r.import);
	}
}

/* Three that may be meant, one of them twice by name, and a counted one. */
static void
put_several(struct bytes *b)
{
	put_account(b, SECRET "A", "alice@old", "Old", TOTP, 1, 1);
	put_account(b, SECRET "BB", "Bank:alice", "Bank", TOTP, 1, 1);
	put_account(b, SECRET "CCC", "mail", "", TOTP, 1, 1);
	put_account(b, SECRET "DDDD", "alice@old", "New", TOTP, 1, 1);
	put_account(b, SECRET "EEEEE", "door", "Work", HOTP, 1, 1);
	put_end(b, 1, 0);
}

Test(migration, takes_the_account_that_is_named)
{
	static const struct {
		const char *name;
		size_t secret_len; /* 0: refused */
		const char *says;
	} cases[] = {
	    {"Old:alice@old", 21, ""},
	    {"New:alice@old", 24, ""},
	    {"Bank:alice", 22, ""},
	    {"mail", 23, ""},
	    {"alice@old", 0, "2 accounts called \"alice@old\""},
	    {"alice", 22, ""},
	    {"alic", 0, "no account \"alic\""},
	    {"", 0, "no account \"\""},
	    {"Work:door", 25, ""},
	    {"door", 25, ""},
	    {NULL, 0, "5 accounts, listed below: choose one with --account"},
	};
	struct bytes b = {.len = 0};

	put_several(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const struct import none;
		struct result r = parse(line_of(&b), cases[i].name);

		cr_expect_eq(
		    r.import.first.secret.len, cases[i].secret_len, "%zu", i);
		cr_expect_eq(r.fault == FAULT_NONE, cases[i].secret_len > 0);
		cr_expect_not_null(strstr(r.report.error, cases[i].says), "%s",
		    r.report.error);
		if (r.fault != FAULT_NONE)
			cr_expect_eq(memcmp(&r.import, &none, sizeof(none)), 0);
		import_done(&r.import);
	}
}

Test(migration, lists_what_may_be_meant)
{
	static const char *const names[] = {"Old:alice@old", "Bank:alice",
	    "mail", "New:alice@old", "Work:door"};
	struct bytes b = {.len = 0};
	struct result r;

	put_several(&b);
	r = parse(line_of(&b), NULL);
	cr_assert_eq(r.report.listed_count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		cr_expect_str_eq(r.report.listed[i], names[i]);
}

/* The app counts before it shows a code: that of its counter has been seen. */
Test(migration, a_counter_is_that_of_the_code_which_was_shown)
{
	static const struct {
		uint64_t counter;
		bool is_there;
		uint64_t next; /* 0: refused */
	} cases[] = {
	    {41, true, 42}, {0, true, 1}, {0, false, 1},
	    {IMPORT_COUNTER_MAX - 1, true, IMPORT_COUNTER_MAX},
	    {IMPORT_COUNTER_MAX, true, 0}, {UINT64_MAX, true, 0}, /* -1 */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes b = {.len = 0}, account = {.len = 0};
		struct result r;

		put_bytes(&account, 1, SECRET, 20);
		put_bytes(&account, 2, "door", 4);
		put_varint(&account, 6, HOTP);
		if (cases[i].is_there)
			put_varint(&account, 7, cases[i].counter);
		put_bytes(&b, 1, account.at, account.len);
		r = parse(line_of(&b), NULL);
		cr_expect_eq(r.fault == FAULT_NONE, cases[i].next > 0);
		if (r.fault != FAULT_NONE)
			cr_expect_not_null(strstr(r.report.error,
			    "\"door\": the counter has more than 18"));
		if (r.fault == FAULT_NONE)
			cr_expect_eq(r.import.first.type, DEVICE_HOTP);
		cr_expect_eq(r.import.first.counter, cases[i].next, "%zu", i);
		cr_expect_eq(r.import.first.period_s, 0);
		import_done(&r.import);
	}
}

Test(migration, names_what_it_cannot_follow)
{
	static const struct {
		const char *secret;
		int type, algorithm, digits;
		const char *says;
	} cases[] = {
	    {SECRET, TOTP, 4, 1, "\"Old:alice\" uses MD5"},
	    {SECRET, TOTP, 9, 1, "\"Old:alice\" uses no known hash"},
	    {SECRET, TOTP, 1, 3, "\"Old:alice\": codes must have 6 or 8"},
	    {SECRET, 3, 1, 1, "\"Old:alice\" is of a kind"},
	    {SECRET, 0, 1, 1, "\"Old:alice\" is of a kind"},
	    {"short", TOTP, 1, 1, "40 bits"},
	    {"", TOTP, 1, 1, "0 bits"},
	    {SECRET SECRET SECRET "12345", TOTP, 1, 1, "longer than 64"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes b = {.len = 0};
		struct result r;

		put_account(&b, cases[i].secret, "alice", "Old", cases[i].type,
		    cases[i].algorithm, cases[i].digits);
		r = parse(line_of(&b), NULL);
		cr_expect_eq(r.fault, FAULT_FORMAT, "%zu", i);
		cr_expect_not_null(strstr(r.report.error, cases[i].says), "%s",
		    r.report.error);
	}
}

/* An export of more accounts than one QR code holds. */
Test(migration, reads_several_lines_and_says_which_are_missing)
{
	static char text[32768];
	struct bytes b = {.len = 0};
	struct result r;

	put_account(&b, SECRET "A", "alice", "Old", TOTP, 1, 1);
	put_end(&b, 2, 0);
	snprintf(text, sizeof(text), "%s\n", line_of(&b));
	r = parse(text, NULL);
	cr_assert_eq(r.fault, FAULT_NONE, "%s", r.report.error);
	cr_expect_not_null(
	    strstr(r.report.notes[0], "2 QR codes, and the file has 1"));
	import_done(&r.import);
	b.len = 0;
	put_account(&b, SECRET "BB", "alice", "New", TOTP, 1, 1);
	put_end(&b, 2, 1);
	strcat(text, line_of(&b));
	r = parse(text, "New:alice");
	cr_assert_eq(r.fault, FAULT_NONE, "%s", r.report.error);
	cr_expect_eq(r.import.first.secret.len, 22);
	cr_expect_eq(r.report.notes_count, 0);
	import_done(&r.import);
}

Test(migration, names_are_clean_and_no_secret_is_said)
{
	struct bytes b = {.len = 0};
	struct result r;

	put_account(&b, "short-secret", "al\033[31mice\n", "O\xff", TOTP, 9, 1);
	r = parse(line_of(&b), NULL);
	cr_expect_eq(r.fault, FAULT_FORMAT);
	cr_expect_not_null(
	    strstr(r.report.error, "\"O?:al?[31mice?\""), "%s", r.report.error);
	cr_expect_null(strstr(r.report.error, "short-secret"));
}

/* Each prefix of an export, and each of its bytes changed, is either read or
 * refused; none of it is read beyond its end (make test-asan). */
Test(migration, survives_damage)
{
	struct bytes b = {.len = 0};
	size_t refused = 0;

	put_account(&b, SECRET, "alice", "Old", TOTP, 1, 1);
	put_end(&b, 1, 0);
	for (size_t i = 0; i < b.len; i++) {
		struct bytes cut = b;
		struct result r;

		cut.len = i;
		r = parse(line_of(&cut), NULL);
		refused += r.fault == FAULT_FORMAT;
		import_done(&r.import);
		for (int bit = 0; bit < 8; bit++) {
			cut = b;
			cut.at[i] ^= (uint8_t)(1 << bit);
			r = parse(line_of(&cut), NULL);
			cr_expect(r.fault == FAULT_NONE ||
			    (r.fault == FAULT_FORMAT &&
				r.report.error[0] != '\0'));
			import_done(&r.import);
		}
	}
	cr_expect_gt(refused, b.len / 2);
}

/* Two secrets or names in one account: nobody can say which is meant. */
Test(migration, refuses_a_field_that_stands_twice)
{
	for (unsigned field = 1; field <= 3; field++) {
		struct bytes b = {.len = 0}, account = {.len = 0};
		struct result r;

		put_bytes(&account, 1, SECRET, 20);
		put_varint(&account, 6, TOTP);
		if (field > 1)
			put_bytes(&account, field, SECRET, 20);
		put_bytes(&account, field, SECRET, 20);
		put_bytes(&b, 1, account.at, account.len);
		r = parse(line_of(&b), NULL);
		cr_expect_eq(r.fault, FAULT_FORMAT, "%u", field);
		cr_expect_not_null(strstr(r.report.error, "damaged"));
	}
}

Test(migration, refuses_what_is_not_base64)
{
	static const char *const data[] = {"A", "AAAAA", "AB==C", "A%3", "A%zz",
	    "AA AA", "AA\tAA", "AB", "AAAA&x=y", "====A", "AA*A", "%00AAA"};
	char text[256];

	for (size_t i = 0; i < COUNT(data); i++) {
		struct result r;

		snprintf(text, sizeof(text), START "%s", data[i]);
		r = parse(text, NULL);
		cr_expect_eq(r.fault, FAULT_FORMAT, "%s", data[i]);
		cr_expect_not_null(strstr(r.report.error, "base64"), "%s: %s",
		    data[i], r.report.error);
	}
}

Test(migration, a_number_has_64_bits)
{
	static const struct {
		uint8_t at[12];
		size_t len;
		enum protobuf_step step;
		uint64_t value;
	} cases[] = {
	    {{0x08, 0x00}, 2, PROTOBUF_FIELD, 0},
	    {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		11, PROTOBUF_FIELD, UINT64_MAX},
	    {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
		11, PROTOBUF_BROKEN, 0},
	    {{0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		 0x01},
		12, PROTOBUF_BROKEN, 0},
	    {{0x08}, 1, PROTOBUF_BROKEN, 0},
	    {{0x08, 0x80}, 2, PROTOBUF_BROKEN, 0},
	    {{0x00, 0x00}, 2, PROTOBUF_BROKEN, 0},      /* field 0 */
	    {{0x0b, 0x0c}, 2, PROTOBUF_BROKEN, 0},      /* a group */
	    {{0x0a, 0x02, 'x'}, 3, PROTOBUF_BROKEN, 0}, /* cut short */
	    {{0x0d, 1, 2, 3, 4}, 5, PROTOBUF_FIELD, 0},
	    {{0x0d, 1, 2, 3}, 4, PROTOBUF_BROKEN, 0},
	    {{0}, 0, PROTOBUF_END, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct protobuf message = {cases[i].at, cases[i].len};
		struct protobuf_field field;

		cr_expect_eq(
		    protobuf_next(&message, &field), cases[i].step, "%zu", i);
		if (cases[i].step == PROTOBUF_FIELD)
			cr_expect_eq(field.value, cases[i].value, "%zu", i);
	}
}
