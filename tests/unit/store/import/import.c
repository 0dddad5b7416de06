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
#define HURI   "otpauth://hotp/Old:alice?secret=" SECRET
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
	uint64_t moving; /* last_step, or the counter */
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
    {SECRET "\n\" HOTP_COUNTER 1\n", 6, 0, OTP_SHA1, 20, 0, 0, 1},
    {SECRET "\n\" STEP_SIZE 60\n\" DISALLOW_REUSE 5\n\" WINDOW_SIZE 17\n"
	    "\" HOTP_COUNTER 999999999999999999\n" TEN,
	6, 0, OTP_SHA1, 20, 10, 3, 999999999999999999},
    {"HOTP alice - " HEX "\n", 6, 0, OTP_SHA1, 20, 0, 0, 0},
    {"HOTP/E alice - " HEX " 7\n", 6, 0, OTP_SHA1, 20, 0, 0, 7},
    {"HOTP/E/7 alice - " HEX "\n", 7, 0, OTP_SHA1, 20, 0, 0, 0},
    /* RFC 4226, appendix D: 162583 is the code of counter 7. */
    {"HOTP alice - " HEX " 7 162583 2026-11-30T18:04:16L\n", 6, 0, OTP_SHA1, 20,
	0, 0, 8},
    {"HOTP/T30 alice - " HEX " -1 123456 2026-11-30T18:04:16L\n", 6, 30,
	OTP_SHA1, 20, 0, 0, 0},
    {HURI "&counter=0", 6, 0, OTP_SHA1, 20, 0, 0, 0},
    {HURI "&counter=41&digits=8&period=30", 8, 0, OTP_SHA1, 20, 0, 1, 41},
    {URI "&counter=3", 6, 30, OTP_SHA1, 20, 0, 1, 0},
    {URI "&issuer=Old%20One&algorithm=SHA256&digits=8&period=60\n\n", 8, 60,
	OTP_SHA256, 20, 0, 0, 0},
};

Test(import, reads_what_is_whole)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct import import;
		const struct import_account *one = &import.first;
		struct import_report report;

		cr_assert_eq(parse(good[i].text, &import, &report), FAULT_NONE,
		    "%s: %s", good[i].text, report.error);
		cr_expect(import.present);
		cr_expect_eq(import_count(&import), 1);
		cr_expect_eq(one->type,
		    good[i].period_s > 0 ? DEVICE_TOTP : DEVICE_HOTP);
		cr_expect_eq(one->digits, good[i].digits);
		cr_expect_eq(one->period_s, good[i].period_s);
		cr_expect_eq(one->algorithm, good[i].algorithm);
		cr_expect_eq(one->secret.len, good[i].secret_len);
		if (one->secret.len == 20)
			cr_expect_arr_eq(
			    one->secret.bytes, "12345678901234567890", 20);
		cr_expect_eq(import.scratch.count, good[i].scratch);
		cr_expect_eq(report.notes_count, good[i].notes, "%s: %zu notes",
		    good[i].text, report.notes_count);
		cr_expect_eq(
		    one->type == DEVICE_HOTP ? one->counter : one->last_step,
		    good[i].moving, "%s", good[i].text);
		cr_expect_eq(
		    one->type == DEVICE_HOTP ? one->last_step : one->counter,
		    0);
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
    {SECRET "\n", 0, "TOTP_AUTH, or HOTP_COUNTER, is missing"},
    {SECRET "\n\" HOTP_COUNTER\n", 2, "HOTP_COUNTER must be a number"},
    {SECRET "\n\" HOTP_COUNTER 0\n", 2, "from 1 on"},
    {SECRET "\n\" HOTP_COUNTER -1\n", 2, "from 1 on"},
    {SECRET "\n\" HOTP_COUNTER 1 2\n", 2, "one number"},
    {SECRET "\n\" HOTP_COUNTER 1\n\" HOTP_COUNTER 1\n", 3, "twice"},
    {SECRET "\n\" HOTP_COUNTER 1000000000000000000\n", 2, "18 digits"},
    {GOOGLE "\" HOTP_COUNTER 1\n", 0, "both TOTP_AUTH and HOTP_COUNTER"},
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
    {"HOTP/T30 alice - " HEX "\n#\nHOTP alice - " HEX "\n", 3,
	"same secret as line 1"},
    {"HOTP/T30 alice - " HEX "\nHOTP alice - 31\n", 2, "at least 80"},
    {"HOTP/T45 alice - " HEX "\n", 1, "the type must be"},
    {"HOTP/X alice - " HEX "\n", 1, "the type must be"},
    {"HOTP/6 alice - " HEX "\n", 1, "the type must be"},
    {"HOTP/E/9 alice - " HEX "\n", 1, "digits"},
    {"HOTP alice - " HEX " -1\n", 1, "the counter must be a number"},
    {"HOTP alice - " HEX " 1000000000000000000\n", 1, "18 digits"},
    /* 399871 is that of counter 8. */
    {"HOTP alice - " HEX " 7 399871\n", 1, "not that of the counter"},
    {"HOTP alice - " HEX " 7 16258x\n", 1, "6 digits"},
    {"HOTP/E/8 alice - " HEX " 7 162583\n", 1, "8 digits"},
    {"HOTP/T30/9 alice - " HEX "\n", 1, "digits"},
    {"HOTP/T30 alice -\n", 1, "secret is missing"},
    {"HOTP/T30 alice - 313\n", 1, "hexadecimal"},
    {"HOTP/T30 alice - 3132333435363738393g\n", 1, "hexadecimal"},
    {"HOTP/T30 alice - 31323334\n", 1, "at least 80"},
    {"HOTP/T30 alice - " HEX HEX HEX HEX "\n", 1, "64 bytes"},
    {"HOTP/T30 alice - " HEX " x\n", 1, "counter"},
    {"HOTP/T30 alice - " HEX " 0 12345\n", 1, "6 digits"},
    {"HOTP/T30 alice - " HEX " 0 123456 now more\n", 1, "seven"},
    {HURI, 1, "the counter is missing: add &counter=N"},
    {HURI "&counter=", 1, "counter must be a number"},
    {HURI "&counter=1&counter=1", 1, "counter appears twice"},
    {HURI "&counter=-1", 1, "counter must be a number"},
    {"otpauth://motp/a?secret=" SECRET, 1, "not an otpauth"},
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
	cr_expect_eq(import.first.last_step, step);
	import_done(&import);
}

#define A_SECRET "31323334353637383930313233343536373839%02zx"

/* ret: a users.oath with that many lines for alice, and others between. */
static void
oath_of(size_t lines, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < lines; i++)
		len += (size_t)snprintf(ret + len, size - len,
		    "HOTP%s alice - " A_SECRET " %zu\nHOTP bob - 00\n",
		    i % 2 == 0 ? "/T60" : "/E/8", i, i);
}

/* Each line is a device of its own, in the file's order. */
Test(import, several_lines_of_a_user_are_several_devices)
{
	char text[2048];
	struct import import;
	struct import_report report;

	oath_of(IMPORT_MAX, text, sizeof(text));
	cr_assert_eq(
	    parse(text, &import, &report), FAULT_NONE, "%s", report.error);
	cr_assert_eq(import_count(&import), IMPORT_MAX);
	for (size_t i = 0; i < IMPORT_MAX; i++) {
		const struct import_account *one = import_at(&import, i);
		bool counts = i % 2 == 1;

		cr_expect_eq(one->secret.bytes[19], i);
		cr_expect_eq(one->type, counts ? DEVICE_HOTP : DEVICE_TOTP);
		cr_expect_eq(one->digits, counts ? 8 : 6);
		cr_expect_eq(one->period_s, counts ? 0 : 60);
		cr_expect_eq(one->counter, counts ? i : 0);
		cr_expect_eq(report.lines[i], 1 + 2 * (int)i);
	}
	import_done(&import);
	oath_of(IMPORT_MAX + 1, text, sizeof(text));
	cr_expect_eq(parse(text, &import, &report), FAULT_FORMAT);
	cr_expect_eq(report.line, 1 + 2 * IMPORT_MAX);
	cr_expect_not_null(strstr(report.error, "more than 8 devices"));
	import_done(&import);
}

/* Zeros at the end make no difference to HMAC. */
Test(import, two_lines_with_one_secret_are_refused)
{
	struct import import;
	struct import_report report;

	cr_expect_eq(
	    parse("HOTP alice - " HEX "\nHOTP/T30 alice - " HEX "0000\n",
		&import, &report),
	    FAULT_FORMAT);
	cr_expect_eq(report.line, 2);
	cr_expect_not_null(strstr(report.error, "same secret as line 1"));
	import_done(&import);
}

Test(import, notes_say_which_line_they_are_about)
{
	struct import import;
	struct import_report report;

	cr_assert_eq(
	    parse("HOTP alice - " HEX "\nHOTP alice 99 31323334353637383930\n",
		&import, &report),
	    FAULT_NONE);
	cr_assert_eq(report.notes_count, 2);
	cr_expect_not_null(strstr(report.notes[0], "line 2: the PIN"));
	cr_expect_not_null(strstr(report.notes[1], "line 2: the secret"));
	import_done(&import);
}

/* Which way a setting is dropped depends on the type, which may follow. */
Test(import, says_what_a_counter_has_no_use_for)
{
	struct import import;
	struct import_report report;

	cr_assert_eq(parse(SECRET "\n\" TIME_SKEW 3\n\" HOTP_COUNTER 4\n",
			 &import, &report),
	    FAULT_NONE);
	cr_assert_eq(report.notes_count, 1);
	cr_expect_not_null(strstr(report.notes[0], "need no clock"));
	import_done(&import);
}

#define TOTP_ACCOUNT                                                             \
	"\"algorithm\":\"SHA1\",\"digits\":6,\"period\":30,\"secret\":\"" SECRET \
	"\",\"last_step\":\"0\""
#define HOTP_ACCOUNT(counter)                                    \
	"\"type\":\"hotp\",\"algorithm\":\"SHA1\",\"digits\":6," \
	"\"secret\":\"" SECRET "\"" counter

static enum fault
read_packet(const char *text, struct import *ret, struct json_error *ret_error)
{
	*ret = (struct import){.present = false};
	return json_read(
	    &import_shape, text, strlen(text), PACKET_MAX, ret, ret_error);
}

/* Packets as release 0.3.0 sends them: they have no type. */
Test(import, reads_packets_of_each_release)
{
	struct import import;
	struct json_error error;

	cr_assert_eq(
	    read_packet("{" TOTP_ACCOUNT ",\"scratch\":[\"12345678\"]}",
		&import, &error),
	    FAULT_NONE, "%s", error.text);
	cr_expect_eq(import.first.type, DEVICE_TOTP);
	cr_expect_eq(import.first.period_s, 30);
	cr_expect_eq(import.scratch.count, 1);
	import_done(&import);
	cr_assert_eq(
	    read_packet("{" TOTP_ACCOUNT ",\"scratch\":[]}", &import, &error),
	    FAULT_NONE);
	import_done(&import);
}

/* An older keeper can read what is no news to it. */
Test(import, one_account_is_sent_as_before)
{
	struct import import;
	struct import_report report;
	char *text = NULL;

	cr_assert_eq(parse(URI, &import, &report), FAULT_NONE);
	cr_assert_eq(
	    json_write(&import_shape, &import, false, &text), FAULT_NONE);
	cr_expect_str_eq(text, "{" TOTP_ACCOUNT "}", "%s", text);
	json_text_free(&text);
	import_done(&import);
}

/* The keeper checks each account in a packet in the same way. */
Test(import, refuses_packets_that_no_file_gives)
{
	static const struct {
		const char *text, *says; /* says: NULL if it is good */
	} packets[] = {
	    {"{" TOTP_ACCOUNT ",\"scratch\":[\"12345678\"]}", NULL},
	    {"{" HOTP_ACCOUNT(",\"counter\":\"7\"") "}", NULL},
	    {"{" HOTP_ACCOUNT(",\"counter\":\"0\"") ",\"more\":[{" TOTP_ACCOUNT
						    "}]}",
		NULL},
	    {"{\"algorithm\":\"SHA1\",\"digits\":6,\"period\":30,"
	     "\"secret\":\"GEZDGNBV\",\"last_step\":\"0\"}",
		"80 bits"},
	    {"{" TOTP_ACCOUNT ",\"scratch\":[\"1234567\"]}", "eight digits"},
	    {"{" TOTP_ACCOUNT ",\"scratch\":[\"1234567a\"]}", "eight digits"},
	    {"{" TOTP_ACCOUNT ",\"scratch\":[\"12345678\",\"12345678\"]}",
		"twice"},
	    {"{" TOTP_ACCOUNT ",\"counter\":\"0\"}", "is for hotp"},
	    {"{" HOTP_ACCOUNT("") "}", "\"counter\" is missing"},
	    {"{" HOTP_ACCOUNT(",\"counter\":\"1000000000000000000\"") "}",
		"18 digits"},
	    {"{" HOTP_ACCOUNT(",\"counter\":\"0\",\"period\":30") "}",
		"is for totp"},
	    {"{" HOTP_ACCOUNT(",\"counter\":\"0\",\"last_step\":\"0\"") "}",
		"is for totp"},
	    {"{\"type\":\"sms\"," TOTP_ACCOUNT "}", "must be"},
	    {"{" TOTP_ACCOUNT ",\"more\":[{" HOTP_ACCOUNT("") "}]}",
		"\"counter\" is missing"},
	    {"{" TOTP_ACCOUNT ",\"more\":[{" HOTP_ACCOUNT(
		 ",\"counter\":\"1000000000000000000\"") "}]}",
		"18 digits"},
	    {"{" TOTP_ACCOUNT ",\"more\":[{" TOTP_ACCOUNT ",\"scratch\":[]}]}",
		"unknown key"},
	};

	for (size_t i = 0; i < COUNT(packets); i++) {
		struct import import;
		struct json_error error = {.line = 0};
		enum fault fault = read_packet(
		    packets[i].text, &import, &error);

		if (packets[i].says == NULL)
			cr_expect_eq(fault, FAULT_NONE, "%s: %s",
			    packets[i].text, error.text);
		else
			cr_expect(fault == FAULT_FORMAT &&
				strstr(error.text, packets[i].says) != NULL,
			    "%s: %s", packets[i].text, error.text);
		import_done(&import);
	}
}

/* One user has at most as many accounts as devices. */
Test(import, refuses_a_packet_with_more_accounts_than_devices)
{
	for (size_t more = IMPORT_MAX - 1; more <= IMPORT_MAX; more++) {
		char text[4096];
		size_t len = (size_t)snprintf(
		    text, sizeof(text), "{" TOTP_ACCOUNT ",\"more\":[");
		struct import import;
		struct json_error error;

		for (size_t i = 0; i < more; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s{" TOTP_ACCOUNT "}", i > 0 ? "," : "");
		snprintf(text + len, sizeof(text) - len, "]}");
		cr_expect_eq(read_packet(text, &import, &error),
		    more < IMPORT_MAX ? FAULT_NONE : FAULT_FORMAT, "%s",
		    error.text);
		import_done(&import);
	}
}
