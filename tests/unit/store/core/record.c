#include "store/core/record.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/base32.h"
#include "tests/unit/fixture.h"
#include "store/core/onetime.h"
#include "store/core/spent.h"

#define HASH1 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH3 "22112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH4 "33112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH2 "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Every field of a record; line breaks as json_write() makes them. */
static const char full[] =
    "{'version': 1, 'user': 'alice', 'uid': 1001,\n"
    "'uids': [{'bastion': 'b1', 'uid': 1001}, {'bastion': 'b2', 'uid': "
    "4294967294}],\n"
    "'devices': [{'id': 'd1', 'name': 'phone', 'type': 'totp', 'algorithm': "
    "'SHA256', 'digits': 8, 'period': 60, 'secret': "
    "'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 'last_step': "
    "'18446744073709551615', 'added': '2026-01-01T00:00:01Z', 'added_from': "
    "'203.0.113.7', 'added_key': 'SHA256:abc', 'last_used': "
    "'2026-01-01T00:00:02Z', 'told': '2026-01-01T00:00:16Z', 'spent_steps': "
    "['59700120', '59700122']}, {'id': 'd2', 'type': 'hotp', 'algorithm': "
    "'SHA1', 'digits': 6, 'secret': 'ONSWG4TFORZWKY3S', 'counter': '8', "
    "'unsure': true, 'resync': {'counter': '40', 'at': "
    "'2026-01-01T00:00:20Z'}, 'spent_counters': ['5', '7']}],\n"
    "'pending': {'secret': 'MZXW6YTB', 'name': 'new phone', 'until': "
    "'2026-01-01T00:00:03Z'},\n"
    "'pending_earlier': [{'id': 'p0123456', 'secret': 'MZXW6YTBOI', 'until': "
    "'2026-01-01T00:00:18Z'}],\n"
    "'codes': [{'use': 'recover', 'hash': '" HASH1 "'}, {'use': 'enroll', "
    "'hash': '" HASH2 "', 'until': '2026-01-01T00:00:04Z'}],\n"
    "'spent': [{'why': 'used', 'hash': '" HASH3 "', 'at': "
    "'2026-01-01T00:00:18Z'}, {'why': 'expired', 'hash': '" HASH4 "', 'at': "
    "'2026-01-01T00:00:19Z'}],\n"
    "'made': {'at': '2026-01-01T00:00:17Z', 'from': '192.0.2.7', 'key': "
    "'SHA256:jkl'},\n"
    "'first_seen': '2026-01-01T00:00:05Z', 'grace_started': "
    "'2026-01-01T00:00:06Z', 'enrolled_once': true,\n"
    "'invited_until': '2026-01-01T00:00:07Z', 'last_rule': 'engineers', "
    "'skipped': '2026-01-01T00:00:08Z',\n"
    "'failures': {'known': {'count': 1, 'told': -2, 'last': '2026-01-01T00:00:09Z', "
    "'from': '192.0.2.1', 'spent': 1000, 'spent_since': "
    "'2026-01-01T00:00:08Z', 'connection': 'cafe', 'tried': 3}, "
    "'other': {'count': 1000000000, 'last': "
    "'2026-01-01T00:00:10Z', 'from': '192.0.2.2'}},\n"
    "'sources': [{'key': 'SHA256:def', 'address': '192.0.2.3', 'last': "
    "'2026-01-01T00:00:11Z'}, {'address': '192.0.2.4', 'last': "
    "'2026-01-01T00:00:12Z'}],\n"
    "'verified': [{'connection': 'c0ffee', 'until': "
    "'2026-01-01T00:00:13Z', 'code': '" HASH1
    "'}, {'key': 'SHA256:ghi', 'address': '192.0.2.5', "
    "'until': '2026-01-01T00:00:14Z'}],\n"
    "'last_login': {'at': '2026-01-01T00:00:15Z', 'from': '192.0.2.6'}}\n";

#define HASH_END \
	"112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

#define FIRST_S 1767225600LL /* 2026-01-01T00:00:00Z */

static const char smallest[] =
    "{'version': 1, 'user': 'alice', 'uid': 0, 'enrolled_once': false, "
    "'failures': {'known': {'count': 0}, 'other': {'count': 0}}}";

static enum fault
parse(const char *text, struct record *ret, struct json_error *ret_error)
{
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	return record_parse(quoted, strlen(quoted), ret, ret_error);
}

static struct record
parse_full(void)
{
	struct record record;
	struct json_error error;

	cr_assert_eq(parse(full, &record, &error), FAULT_NONE, "%s: %s",
	    error.path, error.text);
	return record;
}

Test(record, reads_a_device)
{
	struct record record = parse_full();
	const struct device *device = record.devices.items;

	cr_assert_eq(record.devices.count, 2);
	cr_expect_str_eq(device->id, "d1");
	cr_expect_str_eq(device->name, "phone");
	cr_expect_eq(device->type, DEVICE_TOTP);
	cr_expect_eq(device->algorithm, OTP_SHA256);
	cr_expect_eq(device->digits, 8);
	cr_expect_eq(device->period_s, 60);
	cr_expect_eq(device->secret.len, 20);
	cr_expect_arr_eq(device->secret.bytes, "12345678901234567890", 20);
	cr_expect_eq(device->last_step, UINT64_MAX);
	cr_expect_eq(device->added_s, FIRST_S + 1);
	cr_expect_str_eq(device->added_from, "203.0.113.7");
	cr_expect_str_eq(device->added_key, "SHA256:abc");
	cr_expect_eq(device->last_used_s, FIRST_S + 2);
	cr_expect_eq(device->told_s, FIRST_S + 16);
	cr_assert_eq(device->spent_steps.count, 2);
	cr_expect_eq(device->spent_steps.items[1], 59700122);
	record_done(&record);
}

Test(record, reads_a_device_that_counts)
{
	struct record record = parse_full();
	const struct device *device = &record.devices.items[1];

	cr_expect_eq(device->type, DEVICE_HOTP);
	cr_expect_eq(device->counter, 8);
	cr_expect_eq(device->period_s, 0);
	cr_expect(device->unsure);
	cr_expect(device->resync.present);
	cr_expect_eq(device->resync.counter, 40);
	cr_expect_eq(device->resync.at_s, FIRST_S + 20);
	cr_assert_eq(device->spent_counters.count, 2);
	cr_expect_eq(device->spent_counters.items[1], 7);
	record_done(&record);
}

Test(record, reads_what_is_pending_and_the_one_time_codes)
{
	struct record record = parse_full();

	cr_expect(record.pending.present);
	cr_expect_eq(record.pending.secret.len, 5);
	cr_expect_arr_eq(record.pending.secret.bytes, "fooba", 5);
	cr_expect_str_eq(record.pending.name, "new phone");
	cr_expect_eq(record.pending.until_s, FIRST_S + 3);
	cr_assert_eq(record.earlier.count, 1);
	cr_expect_str_eq(record.earlier.items[0].id, "p0123456");
	cr_expect_arr_eq(record.earlier.items[0].secret.bytes, "foobar", 6);
	cr_assert_eq(record.codes.count, 2);
	cr_expect_eq(record.codes.items[0].use, CODE_RECOVER);
	cr_expect_str_eq(record.codes.items[0].hash, HASH1);
	cr_expect_eq(record.codes.items[0].until_s, 0);
	cr_expect_eq(record.codes.items[1].use, CODE_ENROLL);
	cr_expect_str_eq(record.codes.items[1].hash, HASH2);
	cr_expect_eq(record.codes.items[1].until_s, FIRST_S + 4);
	cr_assert_eq(record.spent.count, 2);
	cr_expect_eq(record.spent.items[0].why, SPENT_USED);
	cr_expect_str_eq(record.spent.items[0].hash, HASH3);
	cr_expect_eq(record.spent.items[1].why, SPENT_EXPIRED);
	cr_expect_eq(record.spent.items[1].at_s, FIRST_S + 19);
	record_done(&record);
}

Test(record, reads_the_rest)
{
	struct record r = parse_full();

	cr_expect_eq(r.version, 1);
	cr_expect_str_eq(r.user, "alice");
	cr_expect_eq(r.uid, 1001);
	cr_expect_eq(r.first_seen_s, FIRST_S + 5);
	cr_expect_eq(r.grace_started_s, FIRST_S + 6);
	cr_expect(r.enrolled_once);
	cr_expect_eq(r.invited_until_s, FIRST_S + 7);
	cr_expect_str_eq(r.last_rule, "engineers");
	cr_expect_eq(r.skipped_s, FIRST_S + 8);
	cr_expect(r.made.present);
	cr_expect_eq(r.made.at_s, FIRST_S + 17);
	cr_expect_str_eq(r.made.from, "192.0.2.7");
	cr_expect_str_eq(r.made.key, "SHA256:jkl");
	cr_expect_eq(r.failures.known.count, 1);
	cr_expect_eq(r.failures.known.told, -2);
	cr_expect_eq(r.failures.known.last_s, FIRST_S + 9);
	cr_expect_str_eq(r.failures.known.from, "192.0.2.1");
	cr_expect_eq(r.failures.known.spent, 1000);
	cr_expect_eq(r.failures.known.spent_since_s, FIRST_S + 8);
	cr_expect_str_eq(r.failures.known.connection, "cafe");
	cr_expect_eq(r.failures.known.tried, 3);
	cr_expect_eq(r.failures.other.spent, 0);
	cr_expect_eq(r.failures.other.count, 1000000000);
	cr_expect_eq(r.failures.other.last_s, FIRST_S + 10);
	cr_expect_str_eq(r.failures.other.from, "192.0.2.2");
	cr_assert_eq(r.sources.count, 2);
	cr_expect_str_eq(r.sources.items[0].key, "SHA256:def");
	cr_expect_str_eq(r.sources.items[1].key, "");
	cr_expect_str_eq(r.sources.items[1].address, "192.0.2.4");
	cr_expect_eq(r.sources.items[1].last_s, FIRST_S + 12);
	cr_assert_eq(r.verified.count, 2);
	cr_expect_str_eq(r.verified.items[0].connection, "c0ffee");
	cr_expect_str_eq(r.verified.items[0].code, HASH1);
	cr_expect_str_eq(r.verified.items[1].key, "SHA256:ghi");
	cr_expect_str_eq(r.verified.items[1].address, "192.0.2.5");
	cr_expect_eq(r.verified.items[1].until_s, FIRST_S + 14);
	cr_expect(r.last_login.present);
	cr_expect_eq(r.last_login.at_s, FIRST_S + 15);
	cr_expect_str_eq(r.last_login.from, "192.0.2.6");
	record_done(&r);
}

/* Removes blanks and line breaks, which occur only outside of strings here. */
static void
squeeze(char *text)
{
	char *out = text;
	bool quoted = false;

	for (; *text != '\0'; text++) {
		quoted ^= *text == '"';
		if (quoted || strchr(" \t\n", *text) == NULL)
			*out++ = *text;
	}
	*out = '\0';
}

Test(record, writes_what_it_reads)
{
	static const char *const texts[] = {full, smallest};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char expected[QUOTED_MAX];
		struct json_error error;
		struct record record;
		char *text = NULL;

		cr_assert_eq(parse(texts[i], &record, &error), FAULT_NONE);
		cr_assert_eq(record_format(&record, &text), FAULT_NONE);
		fixture_quote(texts[i], expected);
		squeeze(expected);
		squeeze(text);
		cr_expect_str_eq(text, expected);
		json_text_free(&text);
		record_done(&record);
	}
}

Test(record, begins_with_nothing)
{
	struct record record;
	struct json_error error;
	char *text = NULL;

	record_init(&record, "alice", 1001);
	cr_expect_str_eq(record.user, "alice");
	cr_expect_eq(record.uid, 1001);
	cr_expect_not(record.enrolled_once);
	cr_assert_eq(record_format(&record, &text), FAULT_NONE);
	cr_assert_eq(
	    record_parse(text, strlen(text), &record, &error), FAULT_NONE);
	cr_expect_eq(record.devices.count, 0);
	json_text_free(&text);
	record_done(&record);
}

Test(record, knows_the_uid_at_each_bastion)
{
	struct record record;

	record_init(&record, "alice", 1001);
	cr_expect_eq(record_uid(&record, ""), 1001);
	cr_expect(record_has_uid(&record, "", 1001));
	cr_expect_not(record_has_uid(&record, "", 1002));
	cr_expect_not(record_note_uid(&record, "", 1002));
	cr_expect_eq(record_uid(&record, "b2"), -1);
	cr_expect(record_has_uid(&record, "b2", 1002));
	cr_expect(record_note_uid(&record, "b2", 1002));
	cr_expect_not(record_note_uid(&record, "b2", 1003));
	cr_expect(record_has_uid(&record, "b2", 1002));
	cr_expect_not(record_has_uid(&record, "b2", 1001));
	cr_expect(record_has_uid(&record, "b", 1003), "no part of a name");
	cr_expect_not(record_has_uid(&record, "", 1002));
	record_done(&record);
}

/* The full record with one change: which field is refused, and why. */
static const struct {
	const char *from, *to, *path, *word;
} malformed[] = {
    {"'version': 1", "'version': 2", "version", "must be 1"},
    {"'version': 1, ", "", "", "version"},
    {"'user': 'alice'", "'user': ''", "user", "empty"},
    {"'user': 'alice', ", "", "", "user"},
    {"'user': 'alice'", "'user': ['alice']", "user", "string"},
    {"'uid': 1001", "'uid': -1", "uid", "0 to"},
    {"'uid': 1001", "'uid': 4294967295", "uid", "4294967294"},
    {"'uid': 1001", "'uid': '1001'", "uid", "number"},
    {"'uid': 1001,", "", "", "uid"},
    {"'bastion': 'b1'", "'bastion': ''", "uids[0].bastion", "empty"},
    {"'bastion': 'b1'", "'bastion': 'b2'", "uids[1].bastion", "twice"},
    {"'bastion': 'b1', ", "", "uids[0]", "bastion"},
    {"'uid': 4294967294", "'uid': 4294967295", "uids[1].uid", "4294967294"},
    {"'devices': [", "'devices': [7, ", "devices[0]", "object"},
    {"'id': 'd1'", "'id': ''", "devices[0].id", "empty"},
    {"'id': 'd1'", "'id': 'd12345678'", "devices[0].id", "8 bytes"},
    {"'id': 'd1', ", "", "devices[0]", "id"},
    {"'name': 'phone'", "'name': 7", "devices[0].name", "string"},
    {"'name': 'phone'", "'name': '123456789012345678901234567890123'",
	"devices[0].name", "32 bytes"},
    {"'totp'", "'HOTP'", "devices[0].type", "totp"},
    {"'totp'", "'hotp'", "devices[0].period", "type totp"},
    {"'hotp'", "'totp'", "devices[1]", "period"},
    {"'counter': '8', ", "", "devices[1]", "counter"},
    {"'counter': '8'", "'counter': 8", "devices[1].counter", "string"},
    {"'counter': '8'", "'counter': '18446744073709551616'",
	"devices[1].counter", "number"},
    {"'counter': '8'", "'counter': '8', 'last_step': '8'",
	"devices[1].last_step", "type totp"},
    {"'counter': '8'", "'counter': '8', 'period': 30", "devices[1].period",
	"type totp"},
    {"'counter': '8'", "'counter': '8', 'spent_steps': ['1']",
	"devices[1].spent_steps", "type totp"},
    {"'period': 60", "'period': 60, 'counter': '0'", "devices[0].counter",
	"type hotp"},
    {"'period': 60", "'period': 60, 'spent_counters': []",
	"devices[0].spent_counters", "type hotp"},
    {"'counter': '40', ", "", "devices[1].resync", "counter"},
    {"'counter': '40'", "'counter': '7'", "devices[1].resync",
	"before counter"},
    {"'5', '7'", "'5', '8'", "devices[1].spent_counters", "before counter"},
    {"'type': 'totp', ", "", "devices[0]", "type"},
    {"'SHA256', 'dig", "'sha256', 'dig", "devices[0].algorithm", "SHA1"},
    {"'SHA256', 'dig", "'MD5', 'dig", "devices[0].algorithm", "SHA1"},
    {"'digits': 8", "'digits': 5", "devices[0].digits", "6 to 8"},
    {"'digits': 8", "'digits': 9", "devices[0].digits", "6 to 8"},
    {"'digits': 8, ", "", "devices[0]", "digits"},
    {"'period': 60", "'period': 0", "devices[0].period", "15 to 300"},
    {"'period': 60", "'period': 14", "devices[0].period", "15 to 300"},
    {"'period': 60", "'period': 301", "devices[0].period", "15 to 300"},
    {"GEZDGNBVGY3TQOJQ", "gezdgnbvgy3tqojq", "devices[0].secret", "base32"},
    {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "", "devices[0].secret", "base32"},
    {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "GE======", "devices[0].secret",
	"base32"},
    {"'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'", "null", "devices[0].secret",
	"base32"},
    {"'18446744073709551615'", "'18446744073709551616'", "devices[0].last_step",
	"whole number"},
    {"'18446744073709551615'", "18446744073709551615", "devices[0].last_step",
	"string"},
    {"'18446744073709551615'", "'-1'", "devices[0].last_step", "whole number"},
    {"'last_step': '18446744073709551615', ", "", "devices[0]", "last_step"},
    {"'2026-01-01T00:00:01Z'", "'2026-01-01'", "devices[0].added", "time"},
    {"'203.0.113.7'", "7", "devices[0].added_from", "string"},
    {"'SHA256:abc'", "null", "devices[0].added_key", "string"},
    {"'2026-01-01T00:00:02Z'", "0", "devices[0].last_used", "time"},
    {"'added'", "'addde'", "devices[0].addde", "unknown"},
    {"'59700120'", "59700120", "devices[0].spent_steps[0]", "whole number"},
    {"['59700120', '59700122']", "'59700120'", "devices[0].spent_steps",
	"list"},
    {"'pending': {", "'pending': null, 'x': {", "pending", "object"},
    {"MZXW6YTB", "MZXW6YT", "pending.secret", "base32"},
    {"MZXW6YTB", "MZXW6YR", "pending.secret", "base32"},
    {"'secret': 'MZXW6YTB', ", "", "pending", "secret"},
    {"'new phone'", "[]", "pending.name", "string"},
    {"'pending_earlier': [", "'pending_earlier': [[], ", "pending_earlier[0]",
	"object"},
    {"'2026-01-01T00:00:03Z'", "''", "pending.until", "time"},
    {"'use': 'recover'", "'use': 'admin'", "codes[0].use", "recover"},
    {"'use': 'recover', ", "", "codes[0]", "use"},
    {HASH1, "0", "codes[0].hash", "SHA-256"},
    {HASH1, HASH1 "0", "codes[0].hash", "SHA-256"},
    {HASH1, "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
	"codes[0].hash", "lower-case"},
    {HASH2, "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	"codes[1].hash", "SHA-256"},
    {"'2026-01-01T00:00:04Z'", "4", "codes[1].until", "time"},
    {"'why': 'used'", "'why': 'lost'", "spent[0].why", "replaced"},
    {"'why': 'used', ", "", "spent[0]", "why"},
    {HASH3, "7", "spent[0].hash", "SHA-256"},
    {", 'at': '2026-01-01T00:00:19Z'", "", "spent[1]", "at"},
    {"'code': '" HASH1 "'", "'code': ''", "verified[0].code", "SHA-256"},
    {"'2026-01-01T00:00:05Z'", "'x'", "first_seen", "time"},
    {"'2026-01-01T00:00:06Z'", "'x'", "grace_started", "time"},
    {"'enrolled_once': true", "'enrolled_once': 1", "enrolled_once", "true"},
    {"'enrolled_once': true", "'enrolled_once': 'true'", "enrolled_once",
	"true"},
    {"'enrolled_once': true", "'enrolled_once': null", "enrolled_once", "true"},
    {", 'enrolled_once': true", "", "", "enrolled_once"},
    {"'2026-01-01T00:00:07Z'", "'x'", "invited_until", "time"},
    {"'engineers'", "false", "last_rule", "string"},
    {"'2026-01-01T00:00:08Z'", "'x'", "skipped", "time"},
    {"'failures'", "'failure'", "failure", "unknown"},
    {"'known': {", "'known': null, 'x': {", "failures.known", "object"},
    {"'count': 1,", "'count': -1,", "failures.known.count", "0 to"},
    {"'count': 1,", "", "failures.known", "count"},
    {"1000000000", "1000000001", "failures.other.count", "1000000000"},
    {"'2026-01-01T00:00:09Z'", "9", "failures.known.last", "time"},
    {"'192.0.2.2'", "{}", "failures.other.from", "string"},
    {"'spent': 1000", "'spent': 1001", "failures.known.spent", "1000"},
    {"'spent': 1000", "'spent': -1", "failures.known.spent", "0 to"},
    {"'spent_since': '2026-01-01T00:00:08Z', ", "", "failures.known.spent",
	"spent_since"},
    {"'tried': 3", "'tried': 1001", "failures.known.tried", "1000"},
    {"'address': '192.0.2.4', ", "", "sources[1]", "address"},
    {"'192.0.2.4'", "''", "sources[1].address", "empty"},
    {"'SHA256:def'", "7", "sources[0].key", "string"},
    {"'2026-01-01T00:00:12Z'", "null", "sources[1].last", "time"},
    {"'connection': 'c0ffee', ", "", "verified[0]", "connection"},
    {"'c0ffee'", "''", "verified[0]", "connection"},
    {"'key': 'SHA256:ghi', ", "", "verified[1]", "key"},
    {"'address': '192.0.2.5', ", "", "verified[1]", "address"},
    {", 'until': '2026-01-01T00:00:14Z'", "", "verified[1]", "until"},
    {"'at': '2026-01-01T00:00:15Z', ", "", "last_login", "at"},
    {"'192.0.2.6'", "6", "last_login.from", "string"},
    {"'last_login'", "'last-login'", "last-login", "unknown"},
    {"}\n", "}\n}", "", "not JSON"},
};

Test(record, refuses_a_damaged_field_and_names_it)
{
	for (size_t i = 0; i < COUNT(malformed); i++) {
		char text[QUOTED_MAX];
		struct json_error e = {.line = 0};
		struct record record = {.version = 77};
		const char *from = malformed[i].from, *to = malformed[i].to;

		fixture_change(full, from, to, text);
		cr_expect_eq(record_parse(text, strlen(text), &record, &e),
		    FAULT_FORMAT, "%s to %s", from, to);
		cr_expect_str_eq(
		    e.path, malformed[i].path, "%s to %s", from, to);
		cr_expect_not_null(strstr(e.text, malformed[i].word),
		    "%s to %s: %s", from, to, e.text);
		cr_expect_eq(record.version, 77, "touched by a failure");
	}
}

/* Copies text with two hexadecimal digits, or base32 characters, that encode
 * i in place of each '@' and '$'. */
static size_t
put_item(char *ret, size_t size, const char *item, size_t i)
{
	char first = "abcdef"[i / 6], second = "abcdef"[i % 6];
	size_t n = 0;

	cr_assert_lt(i, 36);
	for (ret[n++] = i > 0 ? ',' : ' '; *item != '\0'; item++) {
		cr_assert_lt(n + 2, size);
		ret[n++] = *item == '@' ? first
		    : *item == '$'      ? (char)(first - 'a' + 'A')
					: *item;
		if (*item == '@' || *item == '$')
			ret[n++] = *item == '@' ? second
						: (char)(second - 'a' + 'A');
	}
	return n;
}

/* The smallest record with a list of n such items, each with its own value
 * in place of '@'. */
static enum fault
parse_list(const char *name, const char *item, size_t n)
{
	char text[QUOTED_MAX];
	struct json_error error;
	struct record record;
	size_t len = 0;
	enum fault fault;

	len += (size_t)snprintf(text, sizeof(text), "%.*s, '%s': [",
	    (int)(strlen(smallest) - 1), smallest, name);
	for (size_t i = 0; i < n; i++)
		len += put_item(text + len, sizeof(text) - len, item, i);
	cr_assert_lt(len + 3, sizeof(text));
	memcpy(text + len, "]}", 3);
	fault = parse(text, &record, &error);
	if (fault == FAULT_NONE)
		record_done(&record);
	return fault;
}

#define DEVICE(id, algorithm, digits, period, secret, rest)                 \
	"{'id': '" id "', 'type': 'totp', 'algorithm': '" algorithm         \
	"', 'digits': " digits ", 'period': " period ", 'secret': '" secret \
	"', 'last_step': '59700123'" rest "}"
#define D1      DEVICE("d1", "SHA1", "6", "30", "MZXW6YTBOI", "")
#define CODE(h) "{'use': 'recover', 'hash': '" h "'}"
#define SPENT(h) \
	"{'why': 'void', 'hash': '" h "', 'at': '2026-01-01T00:00:00Z'}"

/* Records in which one code would pass twice: what is added to the smallest
 * one. */
static const struct {
	const char *more, *path, *word;
} twice[] = {
    {"'devices': [" D1
     ", " DEVICE("d2", "SHA1", "6", "30", "MZXW6YTBOI", "") "]",
	"devices[1].secret", "would pass twice"},
    {"'devices': [" D1
     ", " DEVICE("d2", "SHA1", "8", "30", "MZXW6YTBOI", "") "]",
	"devices[1].secret", "would pass twice"},
    {"'devices': [" D1
     ", " DEVICE("d2", "SHA512", "6", "60", "MZXW6YTBOI", "") "]",
	"devices[1].secret", "would pass twice"},
    /* HMAC pads with zeros: base32 of "foobar" with and without one more
     * byte. */
    {"'devices': [" D1
     ", " DEVICE("d2", "SHA1", "6", "30", "MZXW6YTBOIAA", "") "]",
	"devices[1].secret", "would pass twice"},
    {"'devices': [" D1 ", " DEVICE("d2", "SHA1", "6", "30", "MZXW6YTB",
	 "") ", " DEVICE("d3", "SHA1", "6", "30", "MZXW6YTBOI", "") "]",
	"devices[2].secret", "would pass twice"},
    {"'devices': [" D1 "], 'pending': {'secret': 'MZXW6YTBOI', 'until': "
     "'2026-01-01T00:00:00Z'}",
	"pending.secret", "would pass twice"},
    {"'devices': [" D1 ", " DEVICE("d1", "SHA1", "6", "30", "MZXW6YTB", "") "]",
	"devices[1].id", "another device's"},
    {"'devices': [" DEVICE("d1", "SHA1", "6", "30", "MZXW6YTB",
	 ", 'spent_steps': ['59700122', '59700123']") "]",
	"devices[0].spent_steps", "before last_step"},
    {"'devices': [" DEVICE("d1", "SHA1", "6", "30", "MZXW6YTB",
	 ", 'spent_steps': ['59700124']") "]",
	"devices[0].spent_steps", "before last_step"},
    {"'codes': [" CODE(HASH1) ", " CODE(HASH1) "]", "codes[1].hash",
	"would pass twice"},
    {"'codes': [" CODE(HASH1) ", " CODE(
	 HASH2) ", {'use': 'pass', 'hash': '" HASH1 "'}]",
	"codes[2].hash", "would pass twice"},
    {"'codes': [" CODE(HASH1) ", " CODE(HASH2) "], 'spent': [" SPENT(
	 HASH3) ", " SPENT(HASH2) "]",
	"spent[1].hash", "would pass again"},
    {"'spent': [" SPENT(HASH3) ", " SPENT(HASH3) "]", "spent[1].hash", "twice"},
};

Test(record, refuses_what_one_code_would_pass_with_twice)
{
	for (size_t i = 0; i < COUNT(twice); i++) {
		char text[QUOTED_MAX];
		struct json_error e = {.line = 0};
		struct record record = {.version = 77};

		snprintf(text, sizeof(text), "%.*s, %s}",
		    (int)(strlen(smallest) - 1), smallest, twice[i].more);
		cr_expect_eq(parse(text, &record, &e), FAULT_FORMAT, "%s",
		    twice[i].more);
		cr_expect_str_eq(e.path, twice[i].path, "%zu", i);
		cr_expect_not_null(
		    strstr(e.text, twice[i].word), "%zu: %s", i, e.text);
		cr_expect_null(strstr(e.text, "MZXW"), "%s", e.text);
		cr_expect_gt(e.column, 0);
		cr_expect_eq(record.version, 77, "touched by a failure");
	}
}

/* Secrets that differ in the last byte, or before zeros, are different. */
Test(record, takes_secrets_that_only_look_alike)
{
	static const char *const others[] = {
	    "MZXW6YTB", "MZXW6YTBMI", "ABTG633CMFZA", "MZXW6YTBOIAAC"};

	for (size_t i = 0; i < COUNT(others); i++) {
		char text[QUOTED_MAX];
		struct json_error e = {.line = 0};
		struct record record;

		snprintf(text, sizeof(text), "%.*s, 'devices': [%s, %s%s%s]}",
		    (int)(strlen(smallest) - 1), smallest, D1,
		    "{'id': 'd2', 'type': 'totp', 'algorithm': 'SHA1', "
		    "'digits': 6, 'period': 30, 'last_step': '0', 'secret': '",
		    others[i], "'}");
		cr_expect_eq(parse(text, &record, &e), FAULT_NONE, "%s: %s: %s",
		    others[i], e.path, e.text);
		if (e.text[0] == '\0')
			record_done(&record);
	}
}

/* A copy without a spare byte: a sanitizer sees every read beyond it. */
static char *
prefix_of(const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	cr_assert_not_null(copy);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

Test(record, refuses_whatever_is_cut_short)
{
	static char quoted[QUOTED_MAX];
	size_t whole;

	fixture_quote(full, quoted);
	whole = (size_t)(strrchr(quoted, '}') - quoted);
	for (size_t len = 0; len <= whole; len++) {
		struct json_error error = {.line = 0};
		struct record record;
		char *text = prefix_of(quoted, len);

		cr_expect_eq(record_parse(text, len, &record, &error),
		    FAULT_FORMAT, "%zu bytes", len);
		cr_expect_gt(error.line, 0);
		cr_expect_str_empty(
		    error.path, "%zu bytes: %s", len, error.path);
		free(text);
	}
}

Test(record, has_limits_to_its_lists)
{
	static const struct {
		const char *name, *item;
		size_t most;
	} lists[] = {
	    {"devices",
		"{'id': 'd@', 'type': 'totp', 'algorithm': 'SHA1', 'digits': "
		"6, 'period': 30, 'secret': 'MZXW6Y$', 'last_step': '0'}",
		DEVICES_MAX},
	    {"codes", "{'use': 'pass', 'hash': '@" HASH_END "'}", CODES_MAX},
	    {"spent",
		"{'why': 'used', 'hash': '@" HASH_END "', 'at': "
		"'2026-01-01T00:00:00Z'}",
		SPENT_CODES_MAX},
	    {"uids", "{'bastion': 'b@', 'uid': 1}", UIDS_MAX},
	    {"sources", "{'address': 'a', 'last': '2026-01-01T00:00:00Z'}",
		SOURCES_MAX},
	    {"verified", "{'connection': 'c', 'until': '2026-01-01T00:00:00Z'}",
		VERIFIED_MAX},
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		cr_expect_eq(
		    parse_list(lists[i].name, lists[i].item, lists[i].most),
		    FAULT_NONE, "%s", lists[i].name);
		cr_expect_eq(
		    parse_list(lists[i].name, lists[i].item, lists[i].most + 1),
		    FAULT_FORMAT, "%s", lists[i].name);
	}
}

Test(record, refuses_what_is_too_large)
{
	static char text[RECORD_MAX + 2];
	char quoted[QUOTED_MAX];
	struct json_error error;
	struct record record;

	memset(text, ' ', sizeof(text) - 1);
	fixture_quote(full, quoted);
	memcpy(text, quoted, strlen(quoted));
	cr_expect_eq(
	    record_parse(text, RECORD_MAX + 1, &record, &error), FAULT_LIMIT);
	text[RECORD_MAX] = '\0';
	cr_expect_eq(
	    record_parse(text, RECORD_MAX, &record, &error), FAULT_NONE);
	record_done(&record);
}

/* A record with all lists full of the longest values must not be too long
 * for itself. */
Test(record, fits_its_own_limit)
{
	struct record record;
	struct json_error error;
	char *text = NULL;

	fixture_record(&record);
	record.made.present = true;
	memset(record.made.from, 'a', ADDRESS_TEXT - 1);
	memset(record.made.key, 'k', KEY_TEXT - 1);
	for (int i = 0; i < DEVICES_MAX; i++) {
		struct device *device = fixture_device(&record);

		device->secret.len = OTP_SECRET_MAX;
		memset(device->name, '"', NAME_TEXT - 1);
		memset(device->added_key, 'k', KEY_TEXT - 1);
		memset(device->added_from, 'a', ADDRESS_TEXT - 1);
		device->last_step = UINT64_MAX;
		device->added_s = device->last_used_s = NOW_S;
		device->told_s = NOW_S;
		for (uint64_t k = SPENT_STEPS_MAX; k > 0; k--)
			*(uint64_t *)list_add(
			    &device->spent_steps, sizeof(k)) = UINT64_MAX - k;
	}
	for (int i = 0; i < CODES_MAX; i++) {
		char code[ONETIME_CHARS + 1];

		snprintf(code, sizeof(code), "0123456789ABC%03d", i);
		fixture_one_time(&record, CODE_RECOVER, code, NOW_S);
	}
	for (int i = 0; i < SPENT_CODES_MAX; i++) {
		char hash[HASH_TEXT];

		snprintf(hash, sizeof(hash), "%064d", i);
		spent_add(&record, hash, SPENT_REPLACED, NOW_S);
	}
	for (int i = 0; i < UIDS_MAX; i++) {
		struct uid_at *at = list_add(&record.uids, sizeof(*at));

		cr_assert_not_null(at);
		snprintf(at->bastion, UIDS_HOST, "%064d", i);
		at->uid = 4294967294;
	}
	for (int i = 0; i < SOURCES_MAX; i++)
		fixture_source(&record, NOW_S);
	for (int i = 0; i < VERIFIED_MAX; i++) {
		struct verified *v = list_add(&record.verified, sizeof(*v));

		cr_assert_not_null(v);
		memset(v->connection, 'c', CONNECTION_TEXT - 1);
		memset(v->key, 'k', KEY_TEXT - 1);
		memset(v->address, 'a', ADDRESS_TEXT - 1);
		memset(v->code, 'c', HASH_TEXT - 1);
		v->until_s = NOW_S;
	}
	cr_assert_eq(record_format(&record, &text), FAULT_NONE);
	record_done(&record);
	cr_expect_lt(strlen(text), RECORD_MAX * 3 / 4);
	cr_assert_eq(record_parse(text, strlen(text), &record, &error),
	    FAULT_NONE, "%s: %s", error.path, error.text);
	record_done(&record);
	json_text_free(&text);
}

Test(record, counts_the_codes_that_are_left)
{
	struct record record;

	fixture_record(&record);
	fixture_one_time(&record, CODE_RECOVER, "0000000000000001", 0);
	fixture_one_time(&record, CODE_RECOVER, "0000000000000002", 0);
	fixture_one_time(&record, CODE_ENROLL, "0000000000000003", NOW_S + 1);
	fixture_one_time(&record, CODE_PASS, "0000000000000004", NOW_S);
	cr_expect_eq(record_codes_left(&record, CODE_RECOVER, NOW_S), 2);
	cr_expect_eq(record_codes_left(&record, CODE_ENROLL, NOW_S), 1);
	cr_expect_eq(record_codes_left(&record, CODE_ENROLL, NOW_S + 1), 0);
	cr_expect_eq(record_codes_left(&record, CODE_PASS, NOW_S), 0);
	cr_expect_eq(record_codes_left(&record, CODE_PASS, NOW_S - 1), 1);
	fixture_one_time(&record, CODE_SCRATCH, "12345678", 0);
	cr_expect_eq(record_recovery_left(&record, NOW_S), 3);
	spent_retire(&record, CODE_RECOVER, SPENT_VOID, NOW_S);
	cr_expect_eq(record_recovery_left(&record, NOW_S), 1);
	spent_retire(&record, CODE_SCRATCH, SPENT_VOID, NOW_S);
	cr_expect_eq(record.codes.count, 2);
	cr_expect_eq(record_codes_left(&record, CODE_RECOVER, NOW_S), 0);
	cr_expect_eq(record_codes_left(&record, CODE_ENROLL, NOW_S), 1);
	record_done(&record);
}

/* Reads memory at an address, freed or not, through the kernel. */
static void
look(uintptr_t at, void *ret, size_t size)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(pread(fd, ret, size, (off_t)at), (ssize_t)size);
	close(fd);
}

Test(record, wipes_its_secrets_when_done)
{
	struct record record = parse_full();
	uintptr_t devices = (uintptr_t)record.devices.items;
	uintptr_t codes = (uintptr_t)record.codes.items;
	struct device device;
	struct one_time code;
	static const struct otp_secret nothing;

	look(devices, &device, sizeof(device));
	cr_assert_eq(device.secret.bytes[0], '1');
	record_done(&record);
	look(devices, &device, sizeof(device));
	cr_expect_eq(
	    memcmp(&device.secret, &nothing, sizeof(device.secret)), 0);
	look(codes, &code, sizeof(code));
	cr_expect_null(memmem(&code, sizeof(code), HASH1 + 16, 32));
	cr_expect_eq(memcmp(&record.pending, &nothing, sizeof(nothing)), 0);
	cr_expect_null(record.devices.items);
	record_done(&record);
}

#ifndef __SANITIZE_ADDRESS__

/* Returns true if the bytes are anywhere in the heap. */
static bool
heap_holds(const void *bytes, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	bool found = false;

	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long from, to;

		if (strstr(line, "[heap]") == NULL ||
		    sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		for (unsigned long at = from; at + len <= to && !found; at++)
			found = memcmp((const void *)at, bytes, len) == 0;
	}
	fclose(maps);
	return found;
}

/* Through parsing, growing, printing and freeing, with all copies.  In a
 * freed chunk malloc overwrites at most the first 16 bytes. */
Test(record, leaves_no_secret_in_the_heap)
{
	static char text[QUOTED_MAX];
	struct json_error error;
	struct record record;
	char base32[64], *again = NULL;
	uint8_t secret[20];

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(200 + 7 * i);
	cr_assert_eq(
	    base32_encode(secret, sizeof(secret), base32, sizeof(base32)),
	    FAULT_NONE);
	fixture_change(full, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", base32, text);
	cr_assert_eq(
	    record_parse(text, strlen(text), &record, &error), FAULT_NONE);
	cr_expect(heap_holds(secret, sizeof(secret)));
	fixture_device(&record);
	fixture_device(&record);
	cr_assert_eq(record_format(&record, &again), FAULT_NONE);
	cr_expect(heap_holds(base32, 32));
	json_text_free(&again);
	record_done(&record);
	cr_expect_not(heap_holds(secret, sizeof(secret)));
	cr_expect_not(heap_holds(base32 + 16, 16));
	/* A record that is refused in the middle is wiped as well. */
	memcpy(strstr(text, "failures"), "failings", 8);
	cr_assert_eq(
	    record_parse(text, strlen(text), &record, &error), FAULT_FORMAT);
	cr_expect_not(heap_holds(secret, sizeof(secret)));
	cr_expect_not(heap_holds(base32 + 16, 16));
}

#endif

Test(record, finds_a_device_by_its_id_or_by_a_name_that_it_has_alone)
{
	static const struct {
		const char *text;
		enum fault fault;
		size_t i;
	} cases[] = {
	    {"d1", FAULT_NONE, 0},
	    {"d3", FAULT_NONE, 2},
	    {"phone", FAULT_NONE, 0},
	    {"key", FAULT_LIMIT, 9},
	    {"Phone", FAULT_ABSENT, 9},
	    {"", FAULT_ABSENT, 9},
	    {"d4", FAULT_ABSENT, 9},
	};
	static const char *const names[] = {"phone", "key", "key", ""};
	struct record record;

	fixture_record(&record);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct device *device = fixture_device(&record);

		snprintf(device->name, sizeof(device->name), "%s", names[i]);
	}
	list_drop(&record.devices, sizeof(struct device), 3);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t found = 9;

		cr_expect_eq(record_find_device(&record, cases[i].text, &found),
		    cases[i].fault, "%s", cases[i].text);
		cr_expect_eq(found, cases[i].i, "%s", cases[i].text);
	}
	record_done(&record);
}

/* An id is what people type: it beats a name. */
Test(record, takes_the_id_before_a_name_that_is_the_same)
{
	struct record record;
	size_t found = 9;

	fixture_record(&record);
	snprintf(fixture_device(&record)->name, NAME_TEXT, "d2");
	snprintf(fixture_device(&record)->name, NAME_TEXT, "phone");
	cr_expect_eq(record_find_device(&record, "d2", &found), FAULT_NONE);
	cr_expect_eq(found, 1);
	record_done(&record);
}

Test(record, has_no_new_id_after_the_last)
{
	char id[DEVICE_ID_TEXT] = "";
	struct record record;

	fixture_record(&record);
	record.last_device = DEVICE_LAST - 1;
	cr_expect_eq(record_new_device_id(&record, id), FAULT_NONE);
	cr_expect_str_eq(id, "d9999999");
	cr_expect_eq(record_new_device_id(&record, id), FAULT_LIMIT);
	record_done(&record);
}
