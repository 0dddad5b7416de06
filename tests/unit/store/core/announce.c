#include "store/core/announce.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "store/core/verify.h"

#define HOUR_S 3600

/* Alice with that many devices, added long ago; all were told an hour ago. */
static struct record
record_with(size_t devices)
{
	struct record record;

	fixture_record(&record);
	for (size_t i = 0; i < devices; i++) {
		struct device *device = fixture_device(&record);

		snprintf(device->name, sizeof(device->name), "phone %zu", i);
		device->added_s = NOW_S - 9 * DAY_S;
		device->told_s = NOW_S - HOUR_S;
	}
	return record;
}

static struct device *
add(struct record *record, const char *name, int64_t added_s)
{
	struct device *device = fixture_device(record);

	snprintf(device->name, sizeof(device->name), "%s", name);
	device->added_s = added_s;
	device->told_s = NOW_S - HOUR_S;
	return device;
}

static void
make_codes(struct record *record, int64_t at_s)
{
	record->made = (struct made){.present = true,
	    .at_s = at_s,
	    .from = ALICE_ADDRESS,
	    .key = ALICE_KEY};
}

static size_t
lines_for(const struct record *record, const char *device)
{
	struct announcements news;

	announce_changes(record, device, NOW_S, &news);
	return news.count;
}

Test(announce, says_when_from_where_and_with_which_key)
{
	struct record record = record_with(1);
	struct device *laptop = add(&record, "laptop", 1795435380);
	struct announcements news;

	setenv("TZ", "UTC0", 1);
	record.devices.items[0].told_s = 1795435380;
	snprintf(laptop->added_from, sizeof(laptop->added_from), ALICE_ADDRESS);
	snprintf(laptop->added_key, sizeof(laptop->added_key), ALICE_KEY);
	make_codes(&record, 1795435440);
	announce_changes(&record, "d1", 1795435500, &news);
	cr_assert_eq(news.count, 2);
	cr_expect_str_eq(news.lines[0],
	    "New recovery codes were made on Mon 2026-11-23 12:04 UTC from "
	    "203.0.113.7 (key " ALICE_KEY "). If that was not you, tell your "
	    "admin.");
	cr_expect_str_eq(news.lines[1],
	    "A device \"laptop\" was added on Mon 2026-11-23 12:03 UTC from "
	    "203.0.113.7 (key " ALICE_KEY "). If that was not you, tell your "
	    "admin.");
	record_done(&record);
}

/* A password has no key, and an administrator has no address. */
Test(announce, leaves_out_what_is_not_known)
{
	struct record record = record_with(1);
	struct device *other = add(&record, "", 1795435380);
	struct announcements news;

	setenv("TZ", "UTC0", 1);
	announce_changes(&record, "d1", NOW_S, &news);
	cr_expect_str_eq(news.lines[0],
	    "A device \"d2\" was added on Mon 2026-11-23 12:03 UTC. If that was "
	    "not you, tell your admin.");
	snprintf(other->added_from, sizeof(other->added_from), "tfa-admin");
	announce_changes(&record, "d1", NOW_S, &news);
	cr_expect_str_eq(news.lines[0],
	    "A device \"d2\" was added on Mon 2026-11-23 12:03 UTC by an "
	    "administrator. If that was not you, tell your admin.");
	record_done(&record);
}

/* When a device came, until when its owner was told, and whether it is news
 * at NOW_S. */
Test(announce, tells_what_came_since)
{
	static const struct {
		int64_t came_s, told_s;
		bool news;
	} cases[] = {
	    {NOW_S - 10, NOW_S - 20, true},
	    {NOW_S - 20, NOW_S - 20, true}, /* the same second counts as
					     * later */
	    {NOW_S - 21, NOW_S - 20, false}, {NOW_S - 10, NOW_S, false},
	    {NOW_S, NOW_S, true},
	    {NOW_S - 9 * DAY_S, NOW_S + 1, true}, /* a clock was ahead */
	    {NOW_S - 10, 0, false}, /* never logged in: no flood */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct record record = record_with(1);

		record.devices.items[0].added_s = 1;
		record.devices.items[0].told_s = cases[i].told_s;
		make_codes(&record, cases[i].came_s);
		cr_expect_eq(
		    lines_for(&record, "d1"), cases[i].news, "codes %zu", i);
		record.made.present = false;
		add(&record, "laptop", cases[i].came_s);
		cr_expect_eq(
		    lines_for(&record, "d1"), cases[i].news, "device %zu", i);
		record_done(&record);
	}
}

/* A record as earlier versions wrote it. */
Test(announce, counts_from_the_last_login_where_no_time_is_kept)
{
	struct record record = record_with(1);

	record.devices.items[0].told_s = 0;
	record.last_login = (struct last_login){
	    .present = true, .at_s = NOW_S - 100};
	add(&record, "old", NOW_S - 101);
	cr_expect_eq(lines_for(&record, "d1"), 0);
	add(&record, "new", NOW_S - 100);
	cr_expect_eq(lines_for(&record, "d1"), 1);
	record.last_login.at_s = NOW_S + 1;
	cr_expect_eq(lines_for(&record, "d1"), 0);
	add(&record, "newest", NOW_S);
	cr_expect_eq(lines_for(&record, "d1"), 1);
	record_done(&record);
}

Test(announce, is_silent_on_the_codes_that_came_with_a_device)
{
	struct record record = record_with(2);

	make_codes(&record, NOW_S - 10);
	record.devices.items[0].added_s = NOW_S - 10;
	record.devices.items[0].told_s = NOW_S - 10;
	cr_expect_eq(lines_for(&record, "d1"), 0);
	cr_expect_eq(lines_for(&record, "d2"), 2);
	record_done(&record);
}

Test(announce, tells_one_with_a_recovery_code_what_any_device_was_not_told)
{
	struct record record = record_with(2);

	cr_expect_eq(lines_for(&record, ""), 0);
	add(&record, "laptop", NOW_S - 10);
	record.devices.items[1].told_s = record.devices.items[2].told_s = NOW_S;
	cr_expect_eq(lines_for(&record, ""), 1);
	record.devices.items[0].told_s = NOW_S;
	cr_expect_eq(lines_for(&record, ""), 0);
	record_done(&record);
}

/* The only device of an account, with its codes, is not news to itself. */
Test(announce, tells_nobody_of_the_device_that_is_used)
{
	struct record record = record_with(1);

	record.devices.items[0].added_s = NOW_S - 10;
	record.devices.items[0].told_s = NOW_S - 10;
	cr_expect_eq(lines_for(&record, "d1"), 0);
	cr_expect_eq(lines_for(&record, ""), 0);
	record_done(&record);
}

Test(announce, counts_what_has_no_room_and_names_the_newest)
{
	struct record record = record_with(1);
	struct announcements news;

	for (int i = 2; i <= DEVICES_MAX; i++) {
		struct device *device = add(&record, "", NOW_S - 100 + i);

		memset(device->name, 'n', NAME_TEXT - 1);
		memset(device->added_from, 'a', ADDRESS_TEXT - 1);
		memset(device->added_key, 'k', KEY_TEXT - 1);
		device->name[0] = (char)('0' + i);
	}
	make_codes(&record, NOW_S - 1);
	announce_changes(&record, "d1", NOW_S, &news);
	cr_assert_eq(news.count, ANNOUNCE_MAX);
	cr_expect_eq(strncmp(news.lines[1], "A device \"8nnn", 14), 0);
	cr_expect_eq(strncmp(news.lines[4], "A device \"5nnn", 14), 0);
	cr_expect_str_eq(
	    news.lines[5], "3 more devices were added: tfa status lists them.");
	record_done(&record);
}

Test(announce, begins_a_device_with_the_earliest_time_of_the_others)
{
	struct record record = record_with(3);

	cr_expect_eq(announce_begin(&record, NOW_S), NOW_S - HOUR_S);
	record.devices.items[2].told_s = NOW_S - 2 * HOUR_S;
	record.devices.items[1].told_s = 0;
	cr_expect_eq(announce_begin(&record, NOW_S), NOW_S - 2 * HOUR_S);
	cr_expect_eq(record.devices.items[1].told_s, NOW_S);
	record_done(&record);
	fixture_record(&record);
	cr_expect_eq(announce_begin(&record, NOW_S), NOW_S);
	record_done(&record);
}

/* Logs in with device number i, on a terminal or not.  Returns the news. */
static struct announcements
log_in(struct record *record, const struct policy *policy, size_t i,
    bool terminal, int64_t now_s)
{
	struct login login = fixture_login(now_s);
	struct outcome outcome;
	char code[OTP_DIGITS_MAX + 1];

	login.terminal = terminal;
	fixture_code(&record->devices.items[i], now_s, 0, code);
	verify_code(policy, record, &login, code, strlen(code), &outcome);
	cr_assert_eq(outcome.verdict, VERDICT_PASS);
	return outcome.news;
}

/* A thief who adds a device and logs in with it cannot hide that from the
 * owner. */
Test(announce, lets_no_device_use_up_the_news_of_another)
{
	struct record record = record_with(1);
	struct policy policy;

	fixture_policy("", "", &policy);
	add(&record, "thief", NOW_S - 10);
	cr_expect_eq(log_in(&record, &policy, 1, true, NOW_S).count, 0);
	cr_expect_eq(log_in(&record, &policy, 0, true, NOW_S).count, 1);
	cr_expect_eq(log_in(&record, &policy, 0, true, NOW_S + 60).count, 0);
	record_done(&record);
	policy_done(&policy);
}

/* The login itself must not change the time that news is counted from. */
Test(announce, counts_from_the_login_before_this_one)
{
	struct record record = record_with(1);
	struct policy policy;

	fixture_policy("", "", &policy);
	record.devices.items[0].told_s = 0;
	record.last_login = (struct last_login){
	    .present = true, .at_s = NOW_S - 100};
	add(&record, "laptop", NOW_S - 10);
	cr_expect_eq(log_in(&record, &policy, 0, true, NOW_S).count, 1);
	record_done(&record);
	policy_done(&policy);
}

/* sshd discards what sftp writes to standard error. */
Test(announce, says_again_what_no_terminal_showed)
{
	struct record record = record_with(1);
	struct policy policy;

	fixture_policy("", "", &policy);
	add(&record, "laptop", NOW_S - 10);
	cr_expect_eq(log_in(&record, &policy, 0, false, NOW_S).count, 1);
	cr_expect_eq(log_in(&record, &policy, 0, true, NOW_S + 60).count, 1);
	cr_expect_eq(log_in(&record, &policy, 0, false, NOW_S + 120).count, 0);
	record_done(&record);
	policy_done(&policy);
}

Test(announce, says_it_with_a_recovery_code_too_and_again)
{
	struct record record = record_with(1);
	struct login login = fixture_login(NOW_S);
	struct outcome outcome;
	struct policy policy;

	fixture_policy("", "", &policy);
	fixture_one_time(&record, CODE_RECOVER, "0000000000000001", 0);
	add(&record, "laptop", NOW_S - 10);
	verify_code(&policy, &record, &login, "0000000000000001", 16, &outcome);
	cr_expect_eq(outcome.news.count, 1);
	cr_expect_eq(log_in(&record, &policy, 0, true, NOW_S).count, 1);
	record_done(&record);
	policy_done(&policy);
}

/* A user who confirms a change with tfa does not see a session's first
 * lines. */
Test(announce, says_nothing_to_a_proof)
{
	struct record record = record_with(1);
	struct login login = fixture_login(NOW_S);
	struct outcome outcome;
	struct policy policy;
	char code[OTP_DIGITS_MAX + 1];

	fixture_policy("", "", &policy);
	add(&record, "laptop", NOW_S - 10);
	login.proof = true;
	fixture_code(record.devices.items, NOW_S, 0, code);
	verify_code(&policy, &record, &login, code, strlen(code), &outcome);
	cr_assert_eq(outcome.verdict, VERDICT_PASS);
	cr_expect_eq(outcome.news.count, 0);
	cr_expect_eq(log_in(&record, &policy, 0, true, NOW_S + 60).count, 1);
	record_done(&record);
	policy_done(&policy);
}
