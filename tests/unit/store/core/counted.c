#include "store/core/counted.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/core/spent.h"
#include "store/core/verify.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

#define FREE     5
#define COUNTER  1000
#define RECOVERY "0123-4567-89AB-CDEF"

/* Alice, a device that counts, and the outcome of the last code. */
struct scene {
	struct policy policy;
	struct record record;
	struct login login;
	struct outcome outcome;
};

static struct scene
begin(uint64_t counter)
{
	struct scene s = {.login = fixture_login(NOW_S)};

	fixture_policy("", "", &s.policy);
	fixture_record(&s.record);
	fixture_counted(&s.record, counter);
	return s;
}

/* Whatever was typed, the record can be read again. */
static void
end(struct scene *s)
{
	struct json_place place;

	cr_expect_null(record_check(&s->record, &place));
	record_done(&s->record);
	policy_done(&s->policy);
}

static struct device *
device(struct scene *s, size_t i)
{
	return &s->record.devices.items[i];
}

static enum reason
type_on(struct scene *s, const char *connection, const char *typed)
{
	snprintf(
	    s->login.connection, sizeof(s->login.connection), "%s", connection);
	verify_code(&s->policy, &s->record, &s->login, typed, strlen(typed),
	    &s->outcome);
	cr_expect_eq(s->outcome.verdict == VERDICT_PASS,
	    s->outcome.reason == REASON_CODE ||
		s->outcome.reason == REASON_ONE_TIME_CODE);
	return s->outcome.reason;
}

/* Each code comes on a connection of its own. */
static enum reason
type(struct scene *s, const char *typed)
{
	static int n;
	char connection[16];

	snprintf(connection, sizeof(connection), "c%d", n++);
	return type_on(s, connection, typed);
}

/* Types the code of that counter, of device number i. */
static enum reason
type_of(struct scene *s, size_t i, uint64_t counter)
{
	char code[OTP_DIGITS_MAX + 1];

	fixture_code_of(device(s, i), counter, code);
	return type(s, code);
}

static enum reason
type_at(struct scene *s, uint64_t counter)
{
	return type_of(s, 0, counter);
}

static enum reason
type_wrong(struct scene *s)
{
	char code[7];

	fixture_wrong(&s->record, s->login.now_s, code);
	return type(s, code);
}

static int64_t
counted(const struct scene *s)
{
	return s->record.failures.known.count + s->record.failures.other.count;
}

/* The secret is "12345678901234567890". */
Test(counted, agrees_with_rfc_4226_appendix_d)
{
	static const char *const codes[] = {"755224", "287082", "359152",
	    "969429", "338314", "254676", "287922", "162583", "399871",
	    "520489"};
	struct scene s = begin(0);

	memcpy(device(&s, 0)->secret.bytes, "12345678901234567890", 20);
	for (size_t i = 0; i < COUNT(codes); i++) {
		cr_expect_eq(type(&s, codes[i]), REASON_CODE, "%zu", i);
		cr_expect(s.outcome.changed);
		cr_expect_str_eq(s.outcome.device, "d1");
		cr_expect_eq(device(&s, 0)->counter, i + 1);
		cr_expect_eq(type(&s, codes[i]), REASON_CODE_USED, "%zu", i);
	}
	cr_expect_eq(counted(&s), 0);
	end(&s);
}

Test(counted, takes_codes_ahead_up_to_the_edge_and_no_further)
{
	for (int ahead = -3; ahead <= HOTP_RESYNC + 2; ahead++) {
		struct scene s = begin(COUNTER);
		bool right = ahead >= 0 && ahead < HOTP_AHEAD;
		uint64_t counter = (uint64_t)(COUNTER + ahead);

		cr_expect_eq(type_at(&s, counter),
		    right ? REASON_CODE : REASON_WRONG_CODE, "%d", ahead);
		cr_expect_eq(counted(&s), right ? 0 : 1, "%d", ahead);
		cr_expect_eq(device(&s, 0)->counter,
		    right ? counter + 1 : COUNTER, "%d", ahead);
		cr_expect_eq(device(&s, 0)->last_used_s, right ? NOW_S : 0);
		cr_expect(s.outcome.changed);
		end(&s);
	}
}

Test(counted, takes_other_digits_and_algorithms)
{
	for (int digits = OTP_DIGITS_MIN; digits <= OTP_DIGITS_MAX; digits++)
		for (int i = OTP_SHA1; i <= OTP_SHA512; i++) {
			struct scene s = begin(COUNTER);
			char code[OTP_DIGITS_MAX + 1];

			device(&s, 0)->digits = digits;
			device(&s, 0)->algorithm = i;
			fixture_code_of(device(&s, 0), COUNTER, code);
			cr_expect_eq(type(&s, code), REASON_CODE);
			code[digits - 1] = '\0';
			cr_expect_neq(type(&s, code), REASON_CODE);
			end(&s);
		}
}

/* A code that was skipped was never spent: it counts as a guess. */
Test(counted, refuses_an_older_code_after_a_newer)
{
	struct scene s = begin(COUNTER);

	cr_expect_eq(type_at(&s, COUNTER + 2), REASON_CODE);
	cr_expect_eq(type_at(&s, COUNTER + 1), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, COUNTER), REASON_WRONG_CODE);
	cr_expect_eq(counted(&s), 2);
	cr_expect_eq(type_at(&s, COUNTER + 2), REASON_CODE_USED);
	cr_expect_eq(counted(&s), 2);
	cr_expect_eq(type_at(&s, COUNTER + 3), REASON_CODE);
	end(&s);
}

/* The last few that were spent, and those that are sent again and again. */
Test(counted, knows_the_codes_that_were_used_last)
{
	struct scene s = begin(0);
	size_t n = SPENT_STEPS_MAX + 2;

	for (size_t i = 0; i < n; i++)
		cr_expect_eq(type_at(&s, i), REASON_CODE);
	cr_expect_eq(device(&s, 0)->spent_counters.count, SPENT_STEPS_MAX);
	for (size_t i = n; i-- > 2;)
		cr_expect_eq(type_at(&s, i), REASON_CODE_USED, "%zu", i);
	cr_expect_eq(counted(&s), 0);
	cr_expect_eq(type_at(&s, 1), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, n), REASON_CODE);
	cr_expect_eq(type_at(&s, 2), REASON_CODE_USED, "asked for last");
	cr_expect_eq(type_at(&s, n - 1), REASON_WRONG_CODE, "dropped");
	end(&s);
}

/* A client that shares its connection sends its code for weeks. */
Test(counted, knows_what_a_connection_sends_however_old)
{
	struct scene s = begin(0);
	char first[OTP_DIGITS_MAX + 1];

	fixture_code_of(device(&s, 0), 0, first);
	cr_expect_eq(type_on(&s, "shared", first), REASON_CODE);
	for (uint64_t i = 1; i < 3 * SPENT_STEPS_MAX; i++) {
		cr_expect_eq(type_at(&s, i), REASON_CODE);
		cr_expect_eq(type_on(&s, "shared", first), REASON_CODE_USED);
	}
	cr_expect_eq(type(&s, first), REASON_CODE_USED, "still remembered");
	cr_expect_eq(counted(&s), 0);
	end(&s);
}

/* One in a million codes belongs to two counters that are both near. */
Test(counted, refuses_a_code_twice_that_belongs_to_two_counters)
{
	static const struct {
		uint64_t first, second;
		const char *code;
	} cases[] = {{346219, 346221, "938498"}, {85921, 85924, "438537"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin(cases[i].first);

		cr_expect_eq(type(&s, cases[i].code), REASON_CODE);
		cr_expect_eq(device(&s, 0)->counter, cases[i].first + 1);
		for (uint64_t c = cases[i].first + 1; c < cases[i].second; c++)
			cr_expect_eq(type_at(&s, c), REASON_CODE);
		cr_expect_eq(type(&s, cases[i].code), REASON_CODE_USED);
		cr_expect_eq(
		    type_at(&s, cases[i].second + 1), REASON_CODE, "the next");
		end(&s);
	}
}

/* Six digits may be right for two devices: they still pass once. */
Test(counted, spends_a_code_of_all_devices_that_it_fits)
{
	struct scene s = begin(7);

	fixture_counted(&s.record, 632158);
	cr_expect_eq(type(&s, "052470"), REASON_CODE);
	cr_expect_str_eq(s.outcome.device, "d1");
	cr_expect_eq(device(&s, 0)->counter, 8);
	cr_expect_eq(device(&s, 1)->counter, 632160);
	cr_expect_eq(type(&s, "052470"), REASON_CODE_USED);
	cr_expect_eq(counted(&s), 0);
	end(&s);
}

/* Alice, a device that goes by the time, and one that counts. */
static struct scene
begin_both(uint64_t counter)
{
	struct scene s = {.login = fixture_login(NOW_S)};

	fixture_policy("", "", &s.policy);
	fixture_record(&s.record);
	fixture_device(&s.record);
	fixture_counted(&s.record, counter);
	return s;
}

Test(counted, spends_a_code_of_both_types_of_device)
{
	struct scene s = begin_both(1044580);

	cr_expect_eq(type(&s, "180584"), REASON_CODE);
	cr_expect_eq(device(&s, 0)->last_step, otp_step(NOW_S, 30));
	cr_expect_eq(device(&s, 1)->counter, 1044582);
	cr_expect_eq(type(&s, "180584"), REASON_CODE_USED);
	cr_expect_eq(type_of(&s, 1, 1044582), REASON_CODE);
	cr_expect_str_eq(s.outcome.device, "d2");
	end(&s);
}

/* A code of a device is no first one of another's two: only a wrong code is. */
Test(counted, notes_no_code_that_was_right)
{
	struct scene s = begin_both(1044581 - 50);

	cr_expect_eq(type(&s, "180584"), REASON_CODE);
	cr_expect_not(device(&s, 1)->resync.present);
	cr_expect_eq(type(&s, "180584"), REASON_CODE_USED);
	cr_expect_not(device(&s, 1)->resync.present);
	cr_expect_eq(type_of(&s, 1, 1044582), REASON_WRONG_CODE);
	end(&s);
}

/* With a clock that went back only the device that counts can judge. */
Test(counted, needs_no_clock)
{
	struct scene s = begin_both(COUNTER);

	device(&s, 0)->last_step = otp_step(NOW_S, 30) + 1000;
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_eq(counted(&s), 1);
	cr_expect_eq(type_of(&s, 1, COUNTER), REASON_CODE);
	end(&s);
}

Test(counted, comes_back_by_two_codes_in_a_row)
{
	for (int ahead = HOTP_AHEAD; ahead < HOTP_RESYNC; ahead++) {
		struct scene s = begin(COUNTER);
		uint64_t counter = (uint64_t)(COUNTER + ahead);

		cr_expect_eq(type_at(&s, counter), REASON_WRONG_CODE);
		cr_expect_eq(counted(&s), 1);
		cr_expect_eq(device(&s, 0)->counter, COUNTER);
		s.login.now_s += HOTP_RESYNC_S;
		cr_expect_eq(
		    type_at(&s, counter + 1), REASON_CODE, "%d", ahead);
		cr_expect_eq(device(&s, 0)->counter, counter + 2);
		cr_expect_not(device(&s, 0)->resync.present);
		/* The two are of no use to somebody who saw them. */
		cr_expect_eq(type_at(&s, counter), REASON_CODE_USED);
		cr_expect_eq(type_at(&s, counter + 1), REASON_CODE_USED);
		cr_expect_eq(device(&s, 0)->counter, counter + 2);
		cr_expect_eq(type_at(&s, counter + 2), REASON_CODE);
		end(&s);
	}
}

Test(counted, does_not_come_back_from_further_away)
{
	static const int ahead[] = {HOTP_RESYNC, HOTP_RESYNC + 1, -2, -50};

	for (size_t i = 0; i < COUNT(ahead); i++) {
		struct scene s = begin(COUNTER);
		uint64_t counter = (uint64_t)(COUNTER + ahead[i]);

		cr_expect_eq(type_at(&s, counter), REASON_WRONG_CODE);
		cr_expect_not(device(&s, 0)->resync.present);
		cr_expect_eq(type_at(&s, counter + 1), REASON_WRONG_CODE);
		cr_expect_eq(counted(&s), 2);
		cr_expect_eq(device(&s, 0)->counter, COUNTER);
		end(&s);
	}
}

/* The second must be the next counter's: no other one, and not the same. */
Test(counted, takes_no_other_code_as_the_second)
{
	for (int second = 30; second <= 60; second++) {
		struct scene s = begin(COUNTER);
		bool right = second == 41;

		cr_expect_eq(type_at(&s, COUNTER + 40), REASON_WRONG_CODE);
		cr_expect_eq(type_at(&s, (uint64_t)(COUNTER + second)),
		    right ? REASON_CODE : REASON_WRONG_CODE, "%d", second);
		cr_expect_eq(counted(&s), right ? 0 : 2);
		end(&s);
	}
}

/* A note that a hand wrote further away, or earlier, counts for nothing. */
Test(counted, takes_no_note_that_is_out_of_reach)
{
	static const uint64_t noted[] = {COUNTER - 2, COUNTER - 20,
	    COUNTER + HOTP_RESYNC, COUNTER + 1000, UINT64_MAX, 0};

	for (size_t i = 0; i < COUNT(noted); i++) {
		struct scene s = begin(COUNTER);

		device(&s, 0)->resync = (struct resync){
		    .present = true, .counter = noted[i], .at_s = NOW_S};
		cr_expect_eq(
		    type_at(&s, noted[i] + 1), REASON_WRONG_CODE, "%zu", i);
		cr_expect_eq(device(&s, 0)->counter, COUNTER);
		end(&s);
	}
}

enum between { NOTHING, WRONG, RIGHT, USED, ONE_TIME, WRONG_ONE_TIME, NO_CODE };

static void
type_between(struct scene *s, enum between between)
{
	switch (between) {
	case NOTHING:
		break;
	case WRONG:
		cr_assert_eq(type_wrong(s), REASON_WRONG_CODE);
		break;
	case RIGHT:
		cr_assert_eq(type_at(s, COUNTER), REASON_CODE);
		break;
	case USED:
		cr_assert_eq(type_at(s, COUNTER - 1), REASON_CODE_USED);
		break;
	case ONE_TIME:
		cr_assert_eq(type(s, RECOVERY), REASON_ONE_TIME_CODE);
		break;
	case WRONG_ONE_TIME:
		cr_assert_eq(type(s, "0000-1111-2222-3333"), REASON_WRONG_CODE);
		break;
	case NO_CODE:
		cr_assert_eq(type(s, "hello"), REASON_NOT_A_CODE);
		break;
	}
}

Test(counted, takes_the_second_as_the_very_next_code_alone)
{
	for (enum between i = NOTHING; i <= NO_CODE; i++) {
		struct scene s = begin(COUNTER - 1);
		bool right = i == NOTHING || i == NO_CODE;

		fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
		cr_assert_eq(type_at(&s, COUNTER - 1), REASON_CODE);
		cr_expect_eq(type_at(&s, COUNTER + 40), REASON_WRONG_CODE);
		type_between(&s, i);
		cr_expect_eq(device(&s, 0)->resync.present, right, "%d", i);
		cr_expect(right || s.outcome.changed, "it is written: %d", i);
		cr_expect_eq(type_at(&s, COUNTER + 41),
		    right ? REASON_CODE : REASON_WRONG_CODE, "%d", i);
		end(&s);
	}
}

/* Without the policy's word a pass code alone is judged, and that too is the
 * next code. */
Test(counted, forgets_the_first_when_a_pass_code_was_judged)
{
	struct scene s = begin(COUNTER);

	cr_expect_eq(type_at(&s, COUNTER + 40), REASON_WRONG_CODE);
	verify_pass(&s.policy, &s.record, &s.login, "0000-1111-2222-3333", 19,
	    &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_WRONG_CODE);
	cr_expect_not(device(&s, 0)->resync.present);
	end(&s);
}

Test(counted, gives_the_second_ten_minutes)
{
	static const struct {
		int64_t later_s;
		enum reason reason;
	} cases[] = {{0, REASON_CODE}, {HOTP_RESYNC_S, REASON_CODE},
	    {HOTP_RESYNC_S + 1, REASON_WRONG_CODE}, {-1, REASON_WRONG_CODE},
	    {-DAY_S, REASON_WRONG_CODE}, {400LL * DAY_S, REASON_WRONG_CODE}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin(COUNTER);

		cr_expect_eq(type_at(&s, COUNTER + 40), REASON_WRONG_CODE);
		s.login.now_s += cases[i].later_s;
		cr_expect_eq(
		    type_at(&s, COUNTER + 41), cases[i].reason, "%zu", i);
		end(&s);
	}
}

/* A code that is not judged is neither a first nor a second one. */
Test(counted, notes_nothing_while_its_counter_is_shut)
{
	struct scene s = begin(COUNTER);

	for (int i = 0; i <= FREE; i++)
		cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, COUNTER + 40), REASON_LOCKED);
	cr_expect_not(device(&s, 0)->resync.present);
	cr_expect_not(s.outcome.changed);
	s.login.now_s += s.outcome.wait_s;
	cr_expect_eq(type_at(&s, COUNTER + 41), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, COUNTER + 42), REASON_LOCKED);
	cr_expect(device(&s, 0)->resync.present);
	s.login.now_s += s.outcome.wait_s;
	cr_expect_eq(type_at(&s, COUNTER + 42), REASON_CODE);
	end(&s);
}

/* Whatever matched: it says nothing about the code. */
Test(counted, says_at_each_code_that_a_device_counts)
{
	struct scene s = begin(COUNTER);

	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect(s.outcome.counts);
	cr_expect_eq(type_at(&s, COUNTER + 40), REASON_WRONG_CODE);
	cr_expect(s.outcome.counts);
	cr_expect_eq(s.outcome.drift_s, 0);
	device(&s, 0)->type = DEVICE_TOTP;
	device(&s, 0)->period_s = 30;
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_not(s.outcome.counts);
	end(&s);
}

/* As libpam-oath's and google-authenticator's counters should: none wraps. */
Test(counted, ends_at_the_last_counter)
{
	static const uint64_t low[] = {0, 1, 2, 50};
	struct scene s = begin(UINT64_MAX - 2);

	cr_expect_eq(type_at(&s, UINT64_MAX), REASON_WRONG_CODE);
	cr_expect_not(device(&s, 0)->resync.present);
	cr_expect_eq(type_at(&s, UINT64_MAX - 1), REASON_CODE);
	cr_expect_eq(device(&s, 0)->counter, UINT64_MAX);
	s.record.failures = (struct failures){.known = {.count = 0}};
	cr_expect_eq(type_at(&s, UINT64_MAX), REASON_WRONG_CODE);
	for (size_t i = 0; i < COUNT(low); i++) {
		s.record.failures = (struct failures){.known = {.count = 0}};
		cr_expect_eq(type_at(&s, low[i]), REASON_WRONG_CODE);
		cr_expect_not(device(&s, 0)->resync.present);
	}
	cr_expect_eq(device(&s, 0)->counter, UINT64_MAX);
	end(&s);
}

Test(counted, comes_back_up_to_the_last_counter)
{
	struct scene s = begin(UINT64_MAX - 20);

	cr_expect_eq(type_at(&s, UINT64_MAX - 2), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, UINT64_MAX - 1), REASON_CODE);
	cr_expect_eq(device(&s, 0)->counter, UINT64_MAX);
	end(&s);
	s = begin(UINT64_MAX - 20);
	cr_expect_eq(type_at(&s, UINT64_MAX - 1), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, UINT64_MAX), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, 0), REASON_WRONG_CODE);
	end(&s);
}

/* The counter of a backup is old, and somebody may have seen codes since. */
Test(counted, takes_two_codes_after_a_restore)
{
	struct scene s = begin(COUNTER);

	device(&s, 0)->unsure = true;
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_eq(type_at(&s, COUNTER + 1), REASON_WRONG_CODE);
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	s.record.failures = (struct failures){.known = {.count = 0}};
	for (uint64_t i = 0; i < 5; i += 2)
		cr_expect_eq(type_at(&s, COUNTER + i), REASON_WRONG_CODE);
	cr_expect_eq(device(&s, 0)->counter, COUNTER);
	cr_expect_eq(type_at(&s, COUNTER + 5), REASON_CODE);
	cr_expect_eq(device(&s, 0)->counter, COUNTER + 6);
	cr_expect_not(device(&s, 0)->unsure);
	cr_expect_eq(type_at(&s, COUNTER + 6), REASON_CODE);
	end(&s);
}

Test(counted, refuses_and_counts_nothing_if_no_code_can_be_made)
{
	for (int n = 1; n <= 2 * (HOTP_RESYNC + 1); n++) {
		struct scene s = begin(COUNTER);
		char code[7];
		bool reached;

		cr_assert_eq(type_at(&s, COUNTER), REASON_CODE);
		fixture_wrong(&s.record, NOW_S, code);
		inject_arm_call("EVP_MAC_init", 2 * n - 1, INJECT_USUAL);
		(void)type(&s, code);
		reached = inject_disarm();
		cr_expect_eq(s.outcome.reason,
		    reached ? REASON_STORE : REASON_WRONG_CODE, "%d", n);
		cr_expect_eq(counted(&s), reached ? 0 : 1);
		cr_expect_eq(device(&s, 0)->counter, COUNTER + 1);
		end(&s);
		if (!reached)
			return;
	}
	cr_assert_fail("the last call was not reached");
}

Test(counted, spends_the_code_that_proves_who_asks)
{
	struct scene s = begin(COUNTER);

	s.login.proof = true;
	cr_expect_eq(type_at(&s, COUNTER), REASON_CODE);
	cr_expect_eq(device(&s, 0)->counter, COUNTER + 1);
	s.login.proof = false;
	cr_expect_eq(type_at(&s, COUNTER), REASON_CODE_USED);
	end(&s);
}

Test(counted, remembers_the_last_code_of_a_device_that_is_gone)
{
	struct scene s = begin(COUNTER);
	char code[OTP_DIGITS_MAX + 1];

	fixture_counted(&s.record, COUNTER);
	fixture_code_of(device(&s, 0), COUNTER, code);
	cr_assert_eq(type(&s, code), REASON_CODE);
	spent_device(&s.record, 0, NOW_S);
	cr_expect_eq(type(&s, code), REASON_ONE_TIME_USED);
	end(&s);
}

/* A file of that device goes on behind it (resume.h): whoever types an older
 * code again must not turn that back. */
Test(counted, remembers_the_last_code_of_all_whichever_was_typed_again)
{
	struct scene s = begin(COUNTER);
	char code[OTP_DIGITS_MAX + 1];

	fixture_counted(&s.record, COUNTER);
	fixture_code_of(device(&s, 0), COUNTER + 2, code);
	cr_assert_eq(type_at(&s, COUNTER), REASON_CODE);
	cr_assert_eq(type(&s, code), REASON_CODE);
	cr_assert_eq(type_at(&s, COUNTER), REASON_CODE_USED);
	spent_device(&s.record, 0, NOW_S);
	cr_expect_eq(type(&s, code), REASON_ONE_TIME_USED);
	end(&s);
}

/* The counter of a file may be wrong, and is put right by another file. */
Test(counted, remembers_nothing_of_a_device_that_was_never_used)
{
	struct scene s = begin(COUNTER);

	spent_device(&s.record, 0, NOW_S);
	cr_expect_eq(s.record.spent.count, 0);
	end(&s);
}
