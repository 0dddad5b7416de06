#include "store/core/restored.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store/core/enroll.h"
#include "store/core/renew.h"
#include "store/core/verify.h"
#include "tests/unit/fixture.h"

#define RECOVERY "REC0000000000000"
#define ENROL    "ENR0000000000000"
#define PASS     "PASS000000000000"

struct scene {
	struct policy policy;
	struct record record;
	struct login login;
	struct outcome outcome;
};

static struct scene
begin(void)
{
	struct scene s = {.login = fixture_login(NOW_S)};

	fixture_policy("", "", &s.policy);
	fixture_record(&s.record);
	fixture_device(&s.record);
	fixture_device(&s.record)->last_step = 7;
	fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
	fixture_one_time(&s.record, CODE_ENROLL, ENROL, LATER_S);
	fixture_one_time(&s.record, CODE_PASS, PASS, LATER_S);
	fixture_one_time(&s.record, CODE_SCRATCH, "12345678", 0);
	memcpy(s.login.connection, CONNECTION, sizeof(CONNECTION));
	return s;
}

static void
end(struct scene *s)
{
	record_done(&s->record);
	policy_done(&s->policy);
}

static enum reason
give(struct scene *s, const char *code)
{
	verify_code(
	    &s->policy, &s->record, &s->login, code, strlen(code), &s->outcome);
	return s->outcome.verdict == VERDICT_PASS ? REASON_DONE
						  : s->outcome.reason;
}

/* Each code up to now may have been typed since the backup and, with a fast clock,
 * the next one. */
Test(restored, spends_the_codes_of_all_devices_up_to_the_next)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	restored_close(&s.record, NOW_S);
	for (size_t i = 0; i < s.record.devices.count; i++)
		for (int step = -1; step <= 1; step++) {
			fixture_code(
			    &s.record.devices.items[i], NOW_S, step, code);
			cr_expect_neq(
			    give(&s, code), REASON_DONE, "%zu %d", i, step);
		}
	/* A minute later all is well. */
	s.login.now_s += 60;
	fixture_code(&s.record.devices.items[1], s.login.now_s, 0, code);
	cr_expect_eq(give(&s, code), REASON_DONE);
	end(&s);
}

Test(restored, never_takes_a_step_back)
{
	struct scene s = begin();
	uint64_t ahead = otp_step(NOW_S, 30) + 5;

	s.record.devices.items[0].last_step = ahead;
	restored_close(&s.record, NOW_S);
	cr_expect_eq(s.record.devices.items[0].last_step, ahead);
	end(&s);
}

Test(restored, voids_one_time_codes_and_says_so)
{
	struct scene s = begin();

	restored_close(&s.record, NOW_S);
	cr_expect_eq(s.record.codes.count, 0);
	cr_expect_eq(give(&s, RECOVERY), REASON_ONE_TIME_VOID);
	cr_expect_eq(give(&s, "12345678"), REASON_ONE_TIME_VOID);
	cr_expect_eq(give(&s, PASS), REASON_ONE_TIME_VOID);
	cr_expect_eq(give(&s, ENROL), REASON_ONE_TIME_VOID);
	end(&s);
}

Test(restored, ends_what_was_begun_and_what_was_remembered)
{
	static const uint8_t secret[ENROLL_SECRET_BYTES] = {1},
			     other[ENROLL_SECRET_BYTES] = {2};
	struct scene s = begin();

	cr_assert_eq(
	    enroll_begin(&s.record, secret, "phone", NOW_S), FAULT_NONE);
	cr_assert_eq(
	    enroll_begin(&s.record, other, "other", NOW_S), FAULT_NONE);
	cr_assert_gt(s.record.earlier.count, 0);
	cr_assert_eq(give(&s, RECOVERY), REASON_DONE);
	cr_assert(s.outcome.may_renew);
	cr_assert_gt(s.record.verified.count, 0);
	s.record.invited_until_s = LATER_S;
	restored_close(&s.record, NOW_S);
	cr_expect_not(s.record.pending.present);
	cr_expect_eq(s.record.earlier.count, 0);
	cr_expect_not(s.record.renewal.present);
	cr_expect_eq(s.record.verified.count, 0);
	cr_expect_eq(s.record.invited_until_s, 0);
	end(&s);
}

Test(restored, keeps_devices_and_counts)
{
	struct scene s = begin();

	s.record.failures.known.count = 3;
	s.record.failures.other.spent = 9;
	restored_close(&s.record, NOW_S);
	cr_expect_eq(s.record.devices.count, 2);
	cr_expect_eq(s.record.failures.known.count, 3);
	cr_expect_eq(s.record.failures.other.spent, 9);
	end(&s);
}

/* record_check() has rules of its own. */
Test(restored, leaves_a_record_that_can_be_read)
{
	struct scene s = begin();
	scoped_json_text char *text = NULL;
	struct record again;
	struct json_error error;

	restored_close(&s.record, NOW_S);
	cr_assert_eq(record_format(&s.record, &text), FAULT_NONE);
	cr_assert_eq(record_parse(text, strlen(text), &again, &error),
	    FAULT_NONE, "%s", error.text);
	record_done(&again);
	end(&s);
}

/* Codes that were typed since the backup are good by its counter: only two in a
 * row, which nobody has seen, bring the device back. */
Test(restored, wants_two_codes_of_a_device_that_counts)
{
	struct scene s = begin();
	struct device *device = fixture_counted(&s.record, 100);
	char code[OTP_DIGITS_MAX + 1];
	size_t n = s.record.devices.count;

	device->resync = (struct resync){
	    .present = true, .counter = 140, .at_s = NOW_S};
	restored_close(&s.record, NOW_S);
	device = &s.record.devices.items[n - 1];
	cr_expect(device->unsure);
	cr_expect_eq(device->counter, 100);
	fixture_code_of(device, 141, code);
	cr_expect_eq(give(&s, code), REASON_WRONG_CODE);
	fixture_code_of(device, 100, code);
	cr_expect_eq(give(&s, code), REASON_WRONG_CODE);
	fixture_code_of(device, 102, code);
	cr_expect_eq(give(&s, code), REASON_WRONG_CODE);
	fixture_code_of(device, 103, code);
	cr_expect_eq(give(&s, code), REASON_DONE);
	cr_expect_not(device->unsure);
	end(&s);
}
