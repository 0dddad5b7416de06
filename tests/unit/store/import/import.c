#include "store/import/import.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/enroll.h"
#include "tests/unit/fixture.h"
#include "store/wire/protocol.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* RFC 6238's secret, "12345678901234567890". */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define HEX    "3132333435363738393031323334353637383930"
#define GOOGLE SECRET "\n\" TOTP_AUTH\n"
#define URI    "otpauth://totp/Old:alice?secret=" SECRET
#define TEN                                                            \
	"10000000\n10000001\n10000002\n10000003\n10000004\n10000005\n" \
	"10000006\n10000007\n10000008\n10000009\n"

static enum fault
parse(const char *text, struct import *ret, struct import_report *ret_report)
{
	return import_parse(
	    text, strlen(text), "alice", NULL, NOW_S, ret, ret_report);
}

static const struct {
	const char *text;
	int digits, period_s, algorithm;
	size_t secret_len, scratch, notes;
	uint64_t last_step;
} good[] = {
    {GOOGLE, 6, 30, OTP_SHA1, 20, 0, 0, 0},
    {GOOGLE "12345678\n87654321\n", 6, 30, OTP_SHA1, 20, 2, 0, 0},
    {GOOGLE TEN, 6, 30, OTP_SHA1, 20, 10, 0, 0},
    {"gezd gnbv-gy3t qojq gezd gnbv gy3t qojq\r\n\" TOTP_AUTH\r\n\n", 6, 30,
	OTP_SHA1, 20, 0, 0, 0},
    {"0818081808180818081808180A\n\" TOTP_AUTH", 6, 30, OTP_SHA1, 16, 0, 0, 0},
    {"GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n", 6, 30, OTP_SHA1, 10, 0, 1, 0},
    {GOOGLE "\" STEP_SIZE 60\n", 6, 60, OTP_SHA1, 20, 0, 0, 0},
    {GOOGLE "\" DISALLOW_REUSE\n", 6, 30, OTP_SHA1, 20, 0, 0, 0},
    {GOOGLE "\" DISALLOW_REUSE 5 99 7\n", 6, 30, OTP_SHA1, 20, 0, 0, 99},
    {GOOGLE "\" RATE_LIMIT 3 30 1 2\n\" WINDOW_SIZE 17\n\" TIME_SKEW -3\n", 6,
	30, OTP_SHA1, 20, 0, 3, 0},
    {GOOGLE "\" LAST0 10.0.0.1 5\n\" LAST1 10.0.0.2 5\n", 6, 30, OTP_SHA1, 20,
	0, 1, 0},
    {"HOTP/T30 alice - " HEX "\n", 6, 30, OTP_SHA1, 20, 0, 0, 0},
    {"# people\n\nHOTP bob - 00\nHOTP/T60/8\talice\t+\t" HEX "\t0\n", 8, 60,
	OTP_SHA1, 20, 0, 0, 0},
    {"HOTP/T30/7 alice 1234 " HEX "\n", 7, 30, OTP_SHA1, 20, 0, 1, 0},
    {URI, 6, 30, OTP_SHA1, 20, 0, 0, 0},
    {URI "&image=https%3A%2F%2Fx.example%2Fy.png", 6, 30, OTP_SHA1, 20, 0, 1,
	0},
    {URI "&issuer=Old%20One&algorithm=SHA256&digits=8&period=60\n\n", 8, 60,
	OTP_SHA256, 20, 0, 0, 0},
};

Test(import, reads_what_is_whole)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct import import;
		struct import_report report;

		cr_assert_eq(parse(good[i].text, &import, &report), FAULT_NONE,
		    "%s: %s", good[i].text, report.error);
		cr_expect(import.present);
		cr_expect_eq(import.digits, good[i].digits);
		cr_expect_eq(import.period_s, good[i].period_s);
		cr_expect_eq(import.algorithm, good[i].algorithm);
		cr_expect_eq(import.secret.len, good[i].secret_len);
		if (import.secret.len == 20)
			cr_expect_arr_eq(
			    import.secret.bytes, "12345678901234567890", 20);
		cr_expect_eq(import.scratch.count, good[i].scratch);
		cr_expect_eq(report.notes_count, good[i].notes, "%s: %zu notes",
		    good[i].text, report.notes_count);
		cr_expect_eq(import.last_step, good[i].last_step);
		import_done(&import);
	}
}

static const struct {
	const char *text;
	int line;
	const char *says;
} bad[] = {
    {"", 0, "empty"},
    {"\n\" TOTP_AUTH\n", 1, "at least 80"},
    {"GEZDGNBV\n\" TOTP_AUTH\n", 1, "at least 80"},
    {"GEZDGNBVGY3TQOJ9\n\" TOTP_AUTH\n", 1, "base32"},
    {"GEZDGNBVGY3TQOJQG\n\" TOTP_AUTH\n", 1, "base32"},
    {"GEZDGNBVGY3TQOJQGF\n\" TOTP_AUTH\n", 1, "base32"},
    {SECRET SECRET SECRET SECRET "\n\" TOTP_AUTH\n", 1, "64 bytes"},
    {SECRET "\n", 0, "TOTP_AUTH is missing"},
    {SECRET "\n\" HOTP_COUNTER 1\n", 2, "HOTP_COUNTER"},
    {GOOGLE "\" HOTP_COUNTER 1\n", 3, "HOTP_COUNTER"},
    {SECRET "\n\" TOTP_AUTH 1\n", 2, "takes nothing"},
    {GOOGLE "\" TOTP_AUTH\n", 3, "TOTP_AUTH appears twice"},
    {GOOGLE "\" STEP_SIZE 14\n", 3, "15 to 300"},
    {GOOGLE "\" STEP_SIZE 301\n", 3, "15 to 300"},
    {GOOGLE "\" STEP_SIZE\n", 3, "15 to 300"},
    {GOOGLE "\" STEP_SIZE 30 30\n", 3, "one number"},
    {GOOGLE "\" DISALLOW_REUSE x\n", 3, "numbers"},
    {GOOGLE "\" DISALLOW_REUSE 99999999999\n", 0, "future"},
    {GOOGLE "\" SOMETHING\n", 3, "the option SOMETHING is not known"},
    {GOOGLE "\" LAST\n", 3, "the option LAST is not known"},
    {GOOGLE "\" " SECRET "\n", 3, "an option that is not known"},
    {GOOGLE "\"TIME_SKEW 1\n", 3, "neither"},
    {GOOGLE "1234567\n", 3, "neither"},
    {GOOGLE "123456789\n", 3, "neither"},
    {GOOGLE "1234567a\n", 3, "neither"},
    {GOOGLE "12345678\n12345678\n", 4, "twice"},
    {GOOGLE TEN "12345678\n", 13, "more than 10"},
    {"HOTP/T30 bob - " HEX "\n", 0, "no line for alice"},
    {"HOTP/T30 alice - " HEX "\nHOTP/T30 alice - " HEX "\n", 2, "second"},
    {"HOTP alice - " HEX "\n", 1, "counter-based"},
    {"HOTP/E/6 alice - " HEX "\n", 1, "counter-based"},
    {"HOTP/T45 alice - " HEX "\n", 1, "counter-based"},
    {"HOTP/T30/9 alice - " HEX "\n", 1, "digits"},
    {"HOTP/T30 alice -\n", 1, "secret is missing"},
    {"HOTP/T30 alice - 313\n", 1, "hexadecimal"},
    {"HOTP/T30 alice - 3132333435363738393g\n", 1, "hexadecimal"},
    {"HOTP/T30 alice - 31323334\n", 1, "at least 80"},
    {"HOTP/T30 alice - " HEX HEX HEX HEX "\n", 1, "64 bytes"},
    {"HOTP/T30 alice - " HEX " x\n", 1, "counter"},
    {"HOTP/T30 alice - " HEX " 0 12345\n", 1, "6 digits"},
    {"HOTP/T30 alice - " HEX " 0 123456 now more\n", 1, "seven"},
    {"otpauth://hotp/a?secret=" SECRET "&counter=1", 1, "counter-based"},
    {"otpauth://totp/a", 1, "secret is missing"},
    {"otpauth:totp", 1, "not an otpauth"},
    {URI "&secret=" SECRET, 1, "twice"},
    {URI "&colour=x", 1, "the parameter \"colour\" is not known"},
    {URI "&" SECRET, 1, "a parameter that is not known"},
    {"otpauth-migration://online?data=", 1, "offline"},
    {URI "&algorithm=MD5", 1, "algorithm"},
    {URI "&digits=9", 1, "digits"},
    {URI "&period=5", 1, "15 to 300"},
    {URI "\n" URI, 2, "more than one"},
};

Test(import, refuses_by_name_and_leaves_nothing)
{
	static const struct import none;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct import import;
		struct import_report report;

		cr_expect_eq(parse(bad[i].text, &import, &report), FAULT_FORMAT,
		    "%s", bad[i].text);
		cr_expect_eq(report.line, bad[i].line, "%s: line %d",
		    bad[i].text, report.line);
		cr_expect_not_null(strstr(report.error, bad[i].says), "%s: %s",
		    bad[i].text, report.error);
		cr_expect_eq(memcmp(&import, &none, sizeof(none)), 0);
		import_done(&import);
	}
}

Test(import, refuses_a_nul_and_what_is_too_long)
{
	static char text[IMPORT_FILE_MAX + 2] = GOOGLE;
	struct import import;
	struct import_report report;

	cr_expect_eq(import_parse(text, sizeof(GOOGLE), "alice", NULL, NOW_S,
			 &import, &report),
	    FAULT_FORMAT);
	cr_expect_not_null(strstr(report.error, "NUL"));
	memset(text + strlen(GOOGLE), '\n', sizeof(text) - sizeof(GOOGLE));
	cr_expect_eq(import_parse(text, IMPORT_FILE_MAX, "alice", NULL, NOW_S,
			 &import, &report),
	    FAULT_NONE);
	import_done(&import);
	cr_expect_eq(import_parse(text, IMPORT_FILE_MAX + 1, "alice", NULL,
			 NOW_S, &import, &report),
	    FAULT_FORMAT);
	cr_expect_not_null(strstr(report.error, "64 KiB"));
}

/* Accepts ten minutes ahead, and not one step more. */
Test(import, takes_a_spent_step_as_far_as_clocks_differ)
{
	uint64_t last = otp_step(NOW_S + IMPORT_AHEAD_S, 30);

	for (uint64_t more = 0; more < 2; more++) {
		struct import import;
		struct import_report report;
		char text[128];

		snprintf(text, sizeof(text), GOOGLE "\" DISALLOW_REUSE %llu\n",
		    (unsigned long long)(last + more));
		cr_expect_eq(parse(text, &import, &report),
		    more == 0 ? FAULT_NONE : FAULT_FORMAT);
		import_done(&import);
	}
}

Test(import, spends_the_last_code_of_users_oath)
{
	struct otp_secret secret = {"12345678901234567890", 20};
	uint64_t step = otp_step(NOW_S, 30) - 3;
	struct import import;
	struct import_report report;
	char code[OTP_DIGITS_MAX + 1], text[160];

	cr_assert_eq(otp_code(OTP_SHA1, &secret, step, 6, code), FAULT_NONE);
	snprintf(text, sizeof(text),
	    "HOTP/T30 alice - " HEX " 0 %s 2026-11-01T08:00:00L\n", code);
	cr_assert_eq(parse(text, &import, &report), FAULT_NONE);
	cr_expect_eq(import.last_step, step);
	import_done(&import);
}

/* The keeper checks a packet in the same way. */
Test(import, refuses_packets_that_no_file_gives)
{
	static const struct {
		const char *secret, *scratch;
		enum fault fault;
	} packets[] = {
	    {SECRET, "\"12345678\"", FAULT_NONE},
	    {"GEZDGNBV", "\"12345678\"", FAULT_FORMAT},
	    {SECRET, "\"1234567\"", FAULT_FORMAT},
	    {SECRET, "\"1234567a\"", FAULT_FORMAT},
	    {SECRET, "\"12345678\",\"12345678\"", FAULT_FORMAT},
	};

	for (size_t i = 0; i < COUNT(packets); i++) {
		struct import import = {.present = false};
		struct json_error error;
		char text[256];

		snprintf(text, sizeof(text),
		    "{\"algorithm\":\"SHA1\",\"digits\":6,\"period\":30,"
		    "\"secret\":\"%s\",\"last_step\":\"0\",\"scratch\":[%s]}",
		    packets[i].secret, packets[i].scratch);
		cr_expect_eq(json_read(&import_shape, text, strlen(text),
				 PACKET_MAX, &import, &error),
		    packets[i].fault, "%s: %s", text, error.text);
		import_done(&import);
	}
}
