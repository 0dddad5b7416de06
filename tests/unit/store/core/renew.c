#include "store/core/renew.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/core/enroll.h"
#include "store/core/verify.h"
#include "tests/unit/fixture.h"

#define CODE  "REC0-0000-0000-0000"
#define PLAIN "REC0000000000000"
#define OTHER "REC1-0000-0000-0000"

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
	fixture_one_time(&s.record, CODE_RECOVER, PLAIN, 0);
	fixture_one_time(&s.record, CODE_RECOVER, "REC1000000000000", 0);
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

static bool
log_in(struct scene *s, const char *code)
{
	verify_code(
	    &s->policy, &s->record, &s->login, code, strlen(code), &s->outcome);
	return s->outcome.may_renew;
}

/* Gives the code again, as tfa sends it. */
static bool
again(struct scene *s, const char *code)
{
	struct login login = s->login;

	login.proof = true;
	return renew_is_allowed(&s->record, &login, code, strlen(code));
}

Test(renew, allows_the_code_of_the_login_and_no_other)
{
	struct scene s = begin();

	cr_expect_not(again(&s, CODE));
	cr_expect(log_in(&s, CODE));
	cr_expect(again(&s, CODE));
	cr_expect(again(&s, "rec000000000oooo"), "as people type it");
	cr_expect_not(again(&s, OTHER));
	cr_expect_not(again(&s, "12345678"));
	cr_expect_not(again(&s, ""));
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 1);
	end(&s);
}

Test(renew, allows_a_scratch_code)
{
	struct scene s = begin();

	cr_expect(log_in(&s, "12345678"));
	cr_expect(again(&s, "1234-5678"));
	cr_expect_not(again(&s, CODE));
	end(&s);
}

/* A code of a device, or an administrator's to pass with, is not about a lost
 * phone. */
Test(renew, is_for_recovery_codes_alone)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(s.record.devices.items, NOW_S, 0, code);
	cr_expect_not(log_in(&s, code));
	cr_expect_eq(s.outcome.verdict, VERDICT_PASS);
	cr_expect_not(again(&s, code));
	fixture_one_time(&s.record, CODE_PASS, "PASS000000000000", LATER_S);
	cr_expect_not(log_in(&s, "PASS-0000-0000-0000"));
	cr_expect_eq(s.outcome.verdict, VERDICT_PASS);
	cr_expect_not(again(&s, "PASS-0000-0000-0000"));
	end(&s);
}

Test(renew, is_over_after_ten_minutes)
{
	static const struct {
		int64_t later_s;
		bool allowed;
	} cases[] = {{RENEW_S - 1, true}, {RENEW_S, false}, {DAY_S, false},
	    {-1, false}, {-DAY_S, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		cr_assert(log_in(&s, CODE));
		s.login.now_s = NOW_S + cases[i].later_s;
		cr_expect_eq(again(&s, CODE), cases[i].allowed, "%lld",
		    (long long)cases[i].later_s);
		end(&s);
	}
}

Test(renew, is_for_its_own_connection)
{
	struct scene s = begin();

	cr_assert(log_in(&s, CODE));
	memcpy(s.login.connection, "another", sizeof("another"));
	cr_expect_not(again(&s, CODE));
	s.login.connection[0] = '\0';
	cr_expect_not(again(&s, CODE));
	end(&s);
}

/* Nobody is there who could scan a code; a key for one command sets up
 * nothing; at the door no person is asked. */
Test(renew, needs_a_person_with_a_shell_on_a_terminal)
{
	for (int i = 0; i < 5; i++) {
		struct scene s = begin();

		s.login.terminal = i != 0;
		s.login.shell = i != 1;
		s.login.door = i == 2;
		s.login.proof = i == 3;
		if (i == 4)
			s.login.connection[0] = '\0';
		cr_expect_not(log_in(&s, CODE), "%d", i);
		cr_expect_eq(s.outcome.verdict, VERDICT_PASS);
		s.login = fixture_login(NOW_S);
		memcpy(s.login.connection, CONNECTION, sizeof(CONNECTION));
		cr_expect_not(again(&s, CODE), "%d", i);
		end(&s);
	}
}

Test(renew, is_not_offered_where_no_further_device_is_allowed)
{
	struct scene s = begin();

	s.policy.enrollment.max_devices = 1;
	cr_expect_not(log_in(&s, CODE));
	cr_expect_not(again(&s, CODE));
	end(&s);
}

/* Whichever device comes, and whenever the codes are made anew. */
Test(renew, ends_with_a_device_new_codes_or_a_revoke)
{
	static const uint8_t secret[ENROLL_SECRET_BYTES] = {1};
	static const struct recovery recovery;
	char device[DEVICE_ID_TEXT];
	bool recovers;

	for (int i = 0; i < 4; i++) {
		struct scene s = begin();

		cr_assert(log_in(&s, CODE));
		if (i == 0)
			cr_assert_eq(
			    enroll_provision(&s.record, secret, DEVICE_TOTP,
				"phone", NOW_S, NULL, &recovers, device),
			    FAULT_NONE);
		else if (i == 1)
			cr_assert_eq(
			    enroll_recovery(&s.record, &s.login, &recovery),
			    FAULT_NONE);
		else if (i == 2)
			enroll_revoke(&s.record, false, NOW_S);
		else
			cr_assert(log_in(&s, OTHER));
		cr_expect_not(again(&s, CODE), "%d", i);
		end(&s);
	}
}

/* A record keeps nothing that is over. */
Test(renew, is_kept_no_longer_than_it_holds)
{
	struct scene s = begin();
	struct decision decision = {.mode = MODE_REQUIRED};

	cr_assert(log_in(&s, CODE));
	s.login.now_s += RENEW_S - 1;
	login_note_visit(&decision, &s.record, &s.login, &s.outcome);
	cr_expect(s.record.renewal.present);
	s.login.now_s++;
	login_note_visit(&decision, &s.record, &s.login, &s.outcome);
	cr_expect_not(s.record.renewal.present);
	end(&s);
}
