#include "store/core/verify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "store/core/onetime.h"
#include "store/core/spent.h"

#define BACKOFF_S 30
#define MOST_S    3600
#define FREE      5
#define STOP      100

#define RECOVERY "0123-4567-89AB-CDEF"
#define ADMINS   "ZZZZ-YYYY-XXXX-WWWW"

/* Alice, a device, and the outcome of the last code. */
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
	return s;
}

static void
end(struct scene *s)
{
	record_done(&s->record);
	policy_done(&s->policy);
}

static enum reason
type(struct scene *s, const char *typed)
{
	verify_code(&s->policy, &s->record, &s->login, typed, strlen(typed),
	    &s->outcome);
	return s->outcome.reason;
}

/* Types the code of device number i, that many steps from now. */
static enum reason
type_step(struct scene *s, size_t i, int steps)
{
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(&s->record.devices.items[i], s->login.now_s, steps, code);
	return type(s, code);
}

static enum reason
type_wrong(struct scene *s)
{
	char code[7];

	fixture_wrong(&s->record, s->login.now_s, code);
	return type(s, code);
}

static struct failures
failures(const struct scene *s)
{
	return s->record.failures;
}

static void
expect_uncounted(const struct scene *s, const char *what)
{
	cr_expect_eq(failures(s).known.count, 0, "%s", what);
	cr_expect_eq(failures(s).other.count, 0, "%s", what);
}

Test(verify, takes_a_code_one_step_early_or_late_and_no_other)
{
	static const struct {
		int steps;
		enum reason reason;
	} cases[] = {
	    {-20, REASON_WRONG_CODE},
	    {-3, REASON_WRONG_CODE},
	    {-2, REASON_WRONG_CODE},
	    {-1, REASON_CODE},
	    {0, REASON_CODE},
	    {1, REASON_CODE},
	    {2, REASON_WRONG_CODE},
	    {3, REASON_WRONG_CODE},
	    {20, REASON_WRONG_CODE},
	};
	static const int64_t in_step[] = {0, 10, 29};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < COUNT(in_step); k++) {
			struct scene s = begin();
			bool right = cases[i].reason == REASON_CODE;

			s.login.now_s = NOW_S - 10 + in_step[k];
			cr_expect_eq(type_step(&s, 0, cases[i].steps),
			    cases[i].reason, "step %d", cases[i].steps);
			cr_expect_eq(s.outcome.verdict,
			    right ? VERDICT_PASS : VERDICT_DENY, "step %d",
			    cases[i].steps);
			cr_expect_eq(failures(&s).other.count, right ? 0 : 1);
			end(&s);
		}
}

Test(verify, refuses_a_code_twice)
{
	for (int steps = -1; steps <= 1; steps++) {
		struct scene s = begin();

		cr_expect_eq(type_step(&s, 0, steps), REASON_CODE);
		cr_expect(s.outcome.changed);
		for (int again = 0; again < 3; again++) {
			cr_expect_eq(type_step(&s, 0, steps), REASON_CODE_USED);
			cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
			cr_expect_not(s.outcome.changed);
		}
		expect_uncounted(&s, "a code already used");
		end(&s);
	}
}

/* One in a million codes belongs to the step before and to the one after. */
Test(verify, refuses_a_code_twice_that_belongs_to_two_steps)
{
	static const int typed_at[] = {-1, 0, 1};

	for (size_t i = 0; i < COUNT(typed_at); i++)
		for (int again = typed_at[i]; again < 3; again++) {
			struct scene s = begin();
			struct device *device = s.record.devices.items;

			memcpy(
			    device->secret.bytes, "proof000000000775239", 20);
			device->secret.len = 20;
			s.login.now_s = (INT64_C(59266667) + typed_at[i]) * 30;
			cr_expect_eq(type(&s, "798342"), REASON_CODE);
			s.login.now_s = (INT64_C(59266667) + again) * 30;
			strcpy(s.login.connection, "another");
			cr_expect_eq(type(&s, "798342"), REASON_CODE_USED,
			    "typed at %d, and at %d", typed_at[i], again);
			end(&s);
		}
}

/* Spends the current code on a connection of its own, and lets time pass. */
static void
spend_and_wait(struct scene *s, int64_t wait_s)
{
	static int n;

	snprintf(s->login.connection, sizeof(s->login.connection), "c%d", n++);
	cr_assert_eq(type_step(s, 0, 0), REASON_CODE);
	s->login.now_s += wait_s;
}

/* Clients that have the code in their environment send it whenever they
 * reconnect. */
Test(verify, knows_a_used_code_however_old)
{
	static const int64_t later_s[] = {60, 90, 3600, DAY_S, 400LL * DAY_S};

	for (size_t i = 0; i < COUNT(later_s); i++) {
		struct scene s = begin();
		char code[OTP_DIGITS_MAX + 1];

		fixture_code(s.record.devices.items, NOW_S, 0, code);
		spend_and_wait(&s, later_s[i]);
		s.login.connection[0] = '\0';
		for (int again = 0; again < FREE + 2; again++) {
			cr_expect_eq(
			    type(&s, code), REASON_CODE_USED, "%zu", i);
			cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
			cr_expect_not(s.outcome.changed);
		}
		expect_uncounted(&s, "a code used long ago");
		end(&s);
	}
}

/* The last spent code and as many before it; a code that was never spent is
 * wrong as always. */
Test(verify, knows_the_codes_that_were_used_last)
{
	struct scene s = begin();
	char codes[SPENT_STEPS_MAX + 3][OTP_DIGITS_MAX + 1];
	size_t n = COUNT(codes);

	for (size_t i = 0; i < n; i++) {
		fixture_code(
		    s.record.devices.items, s.login.now_s, 0, codes[i]);
		spend_and_wait(&s, 3600);
	}
	s.login.connection[0] = '\0';
	cr_expect_eq(
	    s.record.devices.items[0].spent_steps.count, SPENT_STEPS_MAX);
	for (size_t i = n; i-- > 2;)
		cr_expect_eq(type(&s, codes[i]), REASON_CODE_USED, "%zu", i);
	expect_uncounted(&s, "codes used before");
	cr_expect_eq(type(&s, codes[1]), REASON_WRONG_CODE);
	cr_expect_eq(type(&s, codes[0]), REASON_WRONG_CODE);
	cr_expect_eq(type_step(&s, 0, -60), REASON_WRONG_CODE);
	cr_expect_eq(failures(&s).known.count, 3);
	end(&s);
}

/* A code that is sent for weeks is remembered. */
Test(verify, forgets_no_code_that_is_sent_again_and_again)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(s.record.devices.items, NOW_S, 0, code);
	spend_and_wait(&s, 3600);
	for (int i = 0; i < 5 * SPENT_STEPS_MAX; i++) {
		spend_and_wait(&s, 3600);
		s.login.connection[0] = '\0';
		cr_expect_eq(type(&s, code), REASON_CODE_USED, "%d", i);
	}
	expect_uncounted(&s, "a code sent again and again");
	end(&s);
}

/* A shared connection sends its TFA_CODE with each session, for as long as
 * it lasts. */
Test(verify, knows_what_a_connection_gave_after_the_device_forgot_it)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(s.record.devices.items, NOW_S, 0, code);
	cr_assert_eq(type(&s, code), REASON_CODE);
	for (int i = 0; i < 5 * SPENT_STEPS_MAX; i++) {
		s.login.now_s += DAY_S;
		s.login.connection[0] = '\0';
		cr_assert_eq(type_step(&s, 0, 0), REASON_CODE);
	}
	s.login = fixture_login(s.login.now_s);
	for (int again = 0; again < FREE + 2; again++) {
		cr_expect_eq(type(&s, code), REASON_CODE_USED);
		cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	}
	expect_uncounted(&s, "what the connection gave");
	/* On another connection the code counts as a guess by now, and other
	 * codes on this one are judged as always. */
	cr_expect_eq(type_step(&s, 0, -60), REASON_WRONG_CODE);
	cr_expect_eq(type_step(&s, 0, 1), REASON_CODE);
	snprintf(s.login.connection, sizeof(s.login.connection), "thief");
	cr_expect_eq(type(&s, code), REASON_WRONG_CODE);
	s.login.connection[0] = '\0';
	cr_expect_eq(type(&s, code), REASON_WRONG_CODE);
	cr_expect_eq(failures(&s).known.count, 2);
	end(&s);
}

/* With so many other connections that the record dropped this one's entry. */
Test(verify, knows_what_a_connection_sends_however_many_there_are)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(s.record.devices.items, NOW_S, 0, code);
	cr_assert_eq(type(&s, code), REASON_CODE);
	s.login.now_s += 60;
	for (int i = 0; i < 5 * VERIFIED_MAX; i++) {
		for (int more = 0; more < SPENT_STEPS_MAX - 1; more++)
			spend_and_wait(&s, 60);
		s.login = fixture_login(s.login.now_s);
		cr_expect_eq(type(&s, code), REASON_CODE_USED, "%d", i);
	}
	expect_uncounted(&s, "what the connection sends");
	end(&s);
}

/* A code is asked for, and a recovery code may be typed. */
Test(verify, knows_what_a_connection_gave_while_locked)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(s.record.devices.items, NOW_S, 0, code);
	cr_assert_eq(type(&s, code), REASON_CODE);
	s.record.failures.known.count = FREE + 1;
	s.record.failures.known.last_s = NOW_S;
	cr_expect_eq(type(&s, code), REASON_CODE_USED);
	cr_expect_eq(type_step(&s, 0, 1), REASON_LOCKED);
	end(&s);
}

/* Six digits may be right for two devices: they still pass once. */
Test(verify, spends_a_code_of_all_devices_that_it_fits)
{
	static const uint8_t collides[] = "collide1collide2\x00\x04\x27\xcf";
	struct scene s = begin();
	struct device *second = fixture_device(&s.record);

	memcpy(second->secret.bytes, collides, 20);
	s.login.connection[0] = '\0';
	cr_expect_eq(type(&s, "180584"), REASON_CODE);
	cr_expect_str_eq(s.outcome.device, "d1");
	cr_expect_eq(s.record.devices.items[1].last_step, otp_step(NOW_S, 30));
	cr_expect_eq(type(&s, "180584"), REASON_CODE_USED);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	expect_uncounted(&s, "a code of two devices");
	end(&s);
}

/* A script that removes a device by its own code, and connects again. */
Test(verify, knows_the_last_code_of_a_device_that_is_gone)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_device(&s.record);
	fixture_code(s.record.devices.items, NOW_S, 0, code);
	spend_and_wait(&s, 90);
	s.login.connection[0] = '\0';
	spent_device(&s.record, 0, s.login.now_s);
	cr_assert_eq(s.record.devices.count, 1);
	cr_expect_eq(type(&s, code), REASON_ONE_TIME_USED);
	cr_expect_eq(s.outcome.spent_s, NOW_S);
	expect_uncounted(&s, "a code of a device that is gone");
	end(&s);
}

/* One code passes once.  And a record that has it as spent and as unspent could
 * not be read again. */
Test(verify, spends_a_scratch_code_with_a_code_that_looks_like_it)
{
	struct scene s = begin();
	struct device *device = s.record.devices.items;
	struct json_place place;
	char code[OTP_DIGITS_MAX + 1];

	device->digits = 8;
	fixture_code(device, NOW_S, 0, code);
	spend_and_wait(&s, 90);
	fixture_one_time(&s.record, CODE_SCRATCH, code, 0);
	spent_device(&s.record, 0, s.login.now_s);
	cr_expect_null(record_check(&s.record, &place));
	s.login.connection[0] = '\0';
	cr_expect_eq(type(&s, code), REASON_ONE_TIME_USED);
	end(&s);
}

Test(verify, knows_a_one_time_code_that_was_used)
{
	static const int64_t counts[] = {0, FREE + 3, STOP, 10 * STOP};

	for (size_t i = 0; i < COUNT(counts); i++) {
		struct scene s = begin();

		fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
		cr_assert_eq(type(&s, RECOVERY), REASON_ONE_TIME_CODE);
		s.record.failures.other.count = counts[i];
		s.record.failures.other.last_s = NOW_S;
		s.record.failures.known = s.record.failures.other;
		s.login.connection[0] = '\0';
		s.login.now_s += 90;
		for (int again = 0; again < FREE + 2; again++) {
			cr_expect_eq(type(&s, RECOVERY), REASON_ONE_TIME_USED);
			cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
			cr_expect_eq(s.outcome.spent_s, NOW_S);
			cr_expect_not(s.outcome.changed);
		}
		cr_expect_eq(failures(&s).known.count, counts[i]);
		end(&s);
	}
}

Test(verify, knows_the_one_time_codes_that_were_used_last)
{
	struct scene s = begin();

	for (int i = 0; i <= SPENT_CODES_MAX; i++) {
		char code[ONETIME_CHARS + 1];

		snprintf(code, sizeof(code), "0123456789ABC%03d", i);
		fixture_one_time(&s.record, CODE_RECOVER, code, 0);
		cr_assert_eq(type(&s, code), REASON_ONE_TIME_CODE);
	}
	cr_expect_eq(s.record.spent.count, SPENT_CODES_MAX);
	s.login.connection[0] = '\0';
	cr_expect_eq(type(&s, "0123456789ABC001"), REASON_ONE_TIME_USED);
	expect_uncounted(&s, "one of the last");
	cr_expect_eq(type(&s, "0123456789ABC000"), REASON_WRONG_CODE);
	cr_expect_eq(failures(&s).known.count, 1);
	end(&s);
}

/* Remembered codes make other guesses no cheaper. */
Test(verify, counts_a_guess_beside_all_that_was_spent)
{
	struct scene s = begin();

	for (int i = 0; i < 2 * SPENT_STEPS_MAX; i++)
		spend_and_wait(&s, 3600);
	s.record.failures = (struct failures){.known = {.count = 0}};
	for (int i = 0; i <= FREE; i++)
		cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_eq(failures(&s).known.count, FREE + 1);
	cr_expect_eq(type_wrong(&s), REASON_LOCKED);
	end(&s);
}

/* Thirty seconds later the same code belongs to the step before: still
 * spent. */
Test(verify, refuses_a_code_twice_while_time_goes_on)
{
	struct scene s = begin();

	cr_expect_eq(type_step(&s, 0, 1), REASON_CODE);
	s.login.now_s += 30;
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE_USED);
	s.login.now_s += 30;
	cr_expect_eq(type_step(&s, 0, -1), REASON_CODE_USED);
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	end(&s);
}

Test(verify, refuses_an_older_code_after_a_newer)
{
	struct scene s = begin();

	cr_expect_eq(type_step(&s, 0, 1), REASON_CODE);
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE_USED);
	cr_expect_eq(type_step(&s, 0, -1), REASON_CODE_USED);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	expect_uncounted(&s, "older codes");
	end(&s);
}

Test(verify, notes_what_it_spent)
{
	struct scene s = begin();
	const struct device *device = s.record.devices.items;

	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	cr_expect_eq(device->last_step, otp_step(NOW_S, 30));
	cr_expect_eq(device->last_used_s, NOW_S);
	cr_expect_str_eq(s.outcome.device, "d1");
	cr_expect_eq(s.outcome.recovery_left, -1);
	cr_expect(s.record.last_login.present);
	cr_expect_eq(s.record.last_login.at_s, NOW_S);
	cr_expect_str_eq(s.record.last_login.from, ALICE_ADDRESS);
	cr_expect(login_is_known(&s.record, &s.login));
	end(&s);
}

Test(verify, counts_each_wrong_code_where_it_comes_from)
{
	static const struct {
		const char *key, *address;
		int64_t ago_s; /* since that source gave a right code */
		bool known;
	} cases[] = {
	    {ALICE_KEY, ALICE_ADDRESS, 0, true},
	    {ALICE_KEY, ALICE_ADDRESS, 29LL * DAY_S, true},
	    {ALICE_KEY, ALICE_ADDRESS, 30LL * DAY_S - 1, true},
	    {ALICE_KEY, ALICE_ADDRESS, 30LL * DAY_S, false},
	    {ALICE_KEY, ALICE_ADDRESS, -DAY_S, true},
	    {ALICE_KEY, "203.0.113.8", 0, false},
	    {ALICE_KEY, "", 0, false},
	    {"SHA256:thief", ALICE_ADDRESS, 0, false},
	    {"", ALICE_ADDRESS, 0, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();
		const struct counter *counter = cases[i].known
		    ? &s.record.failures.known
		    : &s.record.failures.other;

		fixture_source(&s.record, NOW_S - cases[i].ago_s);
		snprintf(s.login.key, sizeof(s.login.key), "%s", cases[i].key);
		snprintf(s.login.address, sizeof(s.login.address), "%s",
		    cases[i].address);
		cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
		cr_expect(s.outcome.changed);
		cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
		cr_expect_eq(counter->count, 2, "case %zu", i);
		cr_expect_eq(counter->last_s, NOW_S);
		cr_expect_str_eq(counter->from, cases[i].address);
		cr_expect_eq(
		    failures(&s).known.count + failures(&s).other.count, 2);
		end(&s);
	}
}

/* A source without an address cannot become known. */
Test(verify, never_knows_a_login_without_an_address)
{
	struct scene s = begin();

	s.login.address[0] = '\0';
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	cr_expect_eq(s.record.sources.count, 0);
	cr_expect_not(login_is_known(&s.record, &s.login));
	/* Not even if a record lists such a source. */
	fixture_source(&s.record, NOW_S);
	s.record.sources.items[0].address[0] = '\0';
	cr_expect_not(login_is_known(&s.record, &s.login));
	end(&s);
}

Test(verify, clears_only_its_own_counter)
{
	for (int known = 0; known <= 1; known++) {
		struct scene s = begin();

		s.record.failures.known.count = 3;
		s.record.failures.other.count = 4;
		if (known)
			fixture_source(&s.record, NOW_S - DAY_S);
		cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
		cr_expect_eq(failures(&s).known.count, known ? 0 : 3);
		cr_expect_eq(failures(&s).other.count, known ? 4 : 0);
		end(&s);
	}
}

Test(verify, refuses_a_right_code_while_shut)
{
	struct scene s = begin();

	s.record.failures.other.count = FREE + 1;
	s.record.failures.other.last_s = NOW_S - 7;
	cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	cr_expect_eq(s.outcome.wait_s, BACKOFF_S - 7);
	cr_expect_not(s.outcome.changed);
	cr_expect_eq(failures(&s).other.count, FREE + 1);
	cr_expect_eq(s.record.devices.items[0].last_step, 0);

	cr_expect_eq(type_wrong(&s), REASON_LOCKED);
	cr_expect_eq(failures(&s).other.count, FREE + 1);

	s.login.now_s = NOW_S - 7 + BACKOFF_S - 1;
	cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
	cr_expect_eq(s.outcome.wait_s, 1);
	s.login.now_s++;
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	end(&s);
}

/* A thief cannot lock the owner out, and the owner's own mistakes do not
 * help a stranger. */
Test(verify, shuts_one_counter_and_not_the_other)
{
	for (int known = 0; known <= 1; known++) {
		struct scene s = begin();
		struct counter *shut = known ? &s.record.failures.other
					     : &s.record.failures.known;

		shut->count = STOP;
		shut->last_s = NOW_S;
		if (known)
			fixture_source(&s.record, NOW_S - DAY_S);
		cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
		end(&s);
	}
}

/* Each further wrong code, typed as soon as allowed, doubles the wait. */
Test(verify, doubles_the_wait_up_to_its_maximum)
{
	static const int64_t waits_s[] = {0, 0, 0, 0, 0, 30, 60, 120, 240, 480,
	    960, 1920, 3600, 3600, 3600, 3600};

	for (int known = 0; known <= 1; known++) {
		struct scene s = begin();

		if (known)
			fixture_source(&s.record, NOW_S);
		for (size_t i = 0; i < COUNT(waits_s); i++) {
			cr_expect_eq(
			    type_wrong(&s), REASON_WRONG_CODE, "%zu", i);
			if (waits_s[i] == 0)
				continue;
			cr_expect_eq(type_wrong(&s), REASON_LOCKED, "%zu", i);
			cr_expect_eq(s.outcome.wait_s, waits_s[i], "%zu", i);
			s.login.now_s += waits_s[i];
		}
		end(&s);
	}
}

Test(verify, stops_strangers_until_an_admin_acts)
{
	struct scene s = begin();

	s.record.failures.other.count = STOP - 1;
	s.record.failures.other.last_s = NOW_S - MOST_S;
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	s.login.now_s += 20LL * 365 * DAY_S;
	cr_expect_eq(type_step(&s, 0, 0), REASON_STOPPED);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	cr_expect_eq(s.outcome.wait_s, 0);
	cr_expect_not(s.outcome.changed);
	s.record.failures = (struct failures){.known = {.count = 0}};
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	end(&s);
}

Test(verify, never_stops_a_known_source)
{
	struct scene s = begin();

	fixture_source(&s.record, NOW_S);
	s.record.failures.known.count = 10 * STOP;
	s.record.failures.known.last_s = NOW_S;
	cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
	cr_expect_eq(s.outcome.wait_s, MOST_S);
	s.login.now_s += MOST_S;
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	end(&s);
}

/* Guesses between the owner's logins add up. */
Test(verify, shuts_a_counter_that_spent_too_much_over_the_long_term)
{
	for (int known = 0; known <= 1; known++) {
		struct scene s = begin();
		const struct counter *counter = known
		    ? &s.record.failures.known
		    : &s.record.failures.other;
		int guesses = 0;

		for (int day = 0; day < 3 * STOP; day++) {
			s.record.sources.count = 0;
			if (known)
				fixture_source(&s.record, s.login.now_s);
			snprintf(s.login.connection, sizeof(s.login.connection),
			    "thief%d", day);
			for (int i = 0; i < 3; i++)
				guesses += type_wrong(&s) == REASON_WRONG_CODE;
			s.login.connection[0] = '\0';
			if (type_step(&s, 0, 0) == REASON_CODE)
				cr_expect_eq(counter->count, 0);
			s.login.now_s += DAY_S;
		}
		cr_expect_leq(guesses, STOP + 3 * STOP / 7 + 1);
		cr_expect_geq(guesses, STOP);
		cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
		cr_expect_gt(s.outcome.wait_s, MOST_S);
		cr_expect_leq(s.outcome.wait_s, 7 * DAY_S);
		s.login.now_s += s.outcome.wait_s;
		cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
		end(&s);
	}
}

Test(verify, takes_back_wrong_codes_of_the_connection_that_gave_a_right_one)
{
	static const struct {
		const char *before, *wrong, *right;
		int64_t spent; /* after two by others and two of their own */
	} cases[] = {
	    {"thief", "mine", "mine", 2},
	    {"thief", "mine", "other", 4},
	    {"thief", "", "", 4},
	    {"thief", "mine", "", 4},
	    {"mine", "thief", "mine", 4},
	    {"mine", "mine", "mine", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();
		const char *typed[] = {cases[i].before, cases[i].before,
		    cases[i].wrong, cases[i].wrong, cases[i].right};

		for (size_t k = 0; k < COUNT(typed); k++) {
			snprintf(s.login.connection, sizeof(s.login.connection),
			    "%s", typed[k]);
			cr_expect_eq(
			    k < 4 ? type_wrong(&s) : type_step(&s, 0, 0),
			    k < 4 ? REASON_WRONG_CODE : REASON_CODE);
		}
		cr_expect_eq(
		    failures(&s).other.spent, cases[i].spent, "%zu", i);
		cr_expect_eq(failures(&s).other.spent_since_s,
		    cases[i].spent > 0 ? NOW_S : 0);
		cr_expect_str_empty(failures(&s).other.connection);
		cr_expect_eq(failures(&s).other.tried, 0);
		end(&s);
	}
}

/* A record with a higher count than allowed is refused. */
Test(verify, counts_no_more_of_a_connection_than_a_record_holds)
{
	struct scene s = begin();
	struct counter *other = &s.record.failures.other;

	snprintf(s.login.connection, sizeof(s.login.connection), "mine");
	snprintf(other->connection, sizeof(other->connection), "mine");
	other->tried = SPENT_MAX - 1;
	for (int i = 0; i < 3; i++)
		cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_eq(other->tried, SPENT_MAX);
	end(&s);
}

/* A one-time code lets the user in once, and does not reset the counter. */
Test(verify, leaves_what_is_spent_after_a_one_time_code)
{
	struct scene s = begin();

	fixture_source(&s.record, NOW_S);
	fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
	s.record.failures.known.spent = STOP;
	s.record.failures.known.spent_since_s = NOW_S;
	cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
	cr_expect_eq(s.outcome.wait_s, 7 * DAY_S);
	cr_expect_eq(type(&s, RECOVERY), REASON_ONE_TIME_CODE);
	cr_expect_eq(failures(&s).known.spent, STOP);
	cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
	end(&s);
}

/* A counter whose last failure is in the future was written by a clock that
 * was ahead. */
Test(verify, waits_no_longer_for_a_failure_in_the_future)
{
	struct scene s = begin();

	s.record.failures.other.count = FREE + 1;
	s.record.failures.other.last_s = NOW_S + 1000LL * DAY_S;
	cr_expect_eq(type_step(&s, 0, 0), REASON_LOCKED);
	cr_expect_eq(s.outcome.wait_s, BACKOFF_S);
	end(&s);
}

Test(verify, takes_a_one_time_code_once_while_locked_or_stopped)
{
	static const int64_t counts[] = {0, FREE + 3, STOP, 10 * STOP};

	for (size_t i = 0; i < COUNT(counts); i++) {
		struct scene s = begin();

		fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
		s.record.failures.other.count = counts[i];
		s.record.failures.other.last_s = NOW_S;
		cr_expect_eq(type(&s, RECOVERY), REASON_ONE_TIME_CODE);
		cr_expect_eq(s.outcome.verdict, VERDICT_PASS);
		cr_expect(s.outcome.changed);
		cr_expect_eq(s.record.codes.count, 0);
		cr_expect_neq(type(&s, RECOVERY), REASON_ONE_TIME_CODE);
		cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
		end(&s);
	}
}

Test(verify, reads_a_one_time_code_as_people_type_it)
{
	static const char *const spellings[] = {
	    "0123-4567-89AB-CDEF",
	    "0123456789ABCDEF",
	    "0123456789abcdef",
	    "0123 4567 89ab cdef",
	    " 0123-4567-89ab-cdef ",
	    "O123-4567-89AB-CDEF",
	    "oI23-4567-89AB-CDEF",
	    "oL23-4567-89aB-CdEf",
	    "0l23-4567-89AB-CDEF",
	    "0i23--4567--89AB--CDEF",
	};

	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct scene s = begin();

		fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
		cr_expect_eq(type(&s, spellings[i]), REASON_ONE_TIME_CODE, "%s",
		    spellings[i]);
		end(&s);
	}
}

Test(verify, refuses_a_one_time_code_that_ran_out)
{
	static const struct {
		int64_t until_s;
		enum reason reason;
	} cases[] = {
	    {0, REASON_ONE_TIME_CODE},
	    {NOW_S + 1, REASON_ONE_TIME_CODE},
	    {NOW_S, REASON_ONE_TIME_EXPIRED},
	    {NOW_S - 1, REASON_ONE_TIME_EXPIRED},
	    {1, REASON_ONE_TIME_EXPIRED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();
		bool right = cases[i].reason == REASON_ONE_TIME_CODE;

		fixture_one_time(
		    &s.record, CODE_PASS, ADMINS, cases[i].until_s);
		cr_expect_eq(type(&s, ADMINS), cases[i].reason, "%zu", i);
		cr_expect_eq(s.outcome.verdict == VERDICT_PASS, right);
		cr_expect_eq(s.outcome.spent_s, right ? 0 : cases[i].until_s);
		expect_uncounted(&s, "a code that ran out");
		end(&s);
	}
}

Test(verify, counts_a_wrong_one_time_code)
{
	struct scene s = begin();

	fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
	for (int i = 0; i <= FREE; i++)
		cr_expect_eq(
		    type(&s, "0123-4567-89AB-CDEG"), REASON_WRONG_CODE);
	cr_expect(s.outcome.changed);
	cr_expect_eq(failures(&s).other.count, FREE + 1);
	cr_expect_eq(type(&s, "0123-4567-89AB-CDEG"), REASON_LOCKED);
	cr_expect_eq(failures(&s).other.count, FREE + 1);
	cr_expect_eq(type(&s, RECOVERY), REASON_ONE_TIME_CODE);
	end(&s);
}

Test(verify, leaves_an_enrolment_code_for_the_enrolment)
{
	struct scene s = begin();

	fixture_one_time(&s.record, CODE_ENROLL, ADMINS, NOW_S + 60);
	cr_expect_eq(type(&s, ADMINS), REASON_SETUP);
	cr_expect_eq(s.outcome.verdict, VERDICT_ENROLL);
	cr_expect_not(s.outcome.may_skip);
	cr_expect_not(s.outcome.changed);
	cr_expect_eq(s.record.codes.count, 1);
	cr_expect_not(s.record.last_login.present);
	end(&s);
}

/* The keeper warns when two are left. */
Test(verify, says_how_many_recovery_codes_are_left)
{
	static const char *const codes[] = {
	    "0000000000000001", "0000000000000002", "0000000000000003"};
	struct scene s = begin();

	for (size_t i = 0; i < COUNT(codes); i++)
		fixture_one_time(&s.record, CODE_RECOVER, codes[i], 0);
	fixture_one_time(&s.record, CODE_PASS, ADMINS, NOW_S + 60);
	cr_expect_eq(type(&s, codes[1]), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, 2);
	cr_expect_eq(type(&s, ADMINS), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, -1);
	cr_expect_eq(type(&s, codes[0]), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, 1);
	cr_expect_eq(type(&s, codes[2]), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, 0);
	end(&s);
}

#define SCRATCH       "12345678"
#define SCRATCH_WRONG "87654321"

Test(verify, takes_a_scratch_code_once)
{
	struct scene s = begin();

	fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH, 0);
	cr_expect_eq(type(&s, "1234 5678"), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.verdict, VERDICT_PASS);
	cr_expect(s.outcome.changed);
	cr_expect_eq(s.record.codes.count, 0);
	s.login.connection[0] = '\0';
	cr_expect_eq(type(&s, SCRATCH), REASON_ONE_TIME_USED);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	expect_uncounted(&s, "a scratch code already used");
	cr_expect_eq(type(&s, SCRATCH_WRONG), REASON_WRONG_CODE);
	cr_expect_eq(failures(&s).known.count, 1);
	end(&s);
}

Test(verify, takes_a_scratch_code_as_people_write_it)
{
	static const char *const typed[] = {"1234-5678", "12 34 56 78",
	    "1234\xc2\xa0"
	    "5678",
	    "\033[200~12345678\033[201~", "12.34.56.78"};

	for (size_t i = 0; i < COUNT(typed); i++) {
		struct scene s = begin();

		fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH, 0);
		cr_expect_eq(
		    type(&s, typed[i]), REASON_ONE_TIME_CODE, "%zu", i);
		end(&s);
	}
}

/* A scratch code is short enough to be guessed, unlike a recovery code. */
Test(verify, refuses_a_scratch_code_while_locked_or_stopped)
{
	static const struct {
		int64_t count;
		enum reason reason;
	} cases[] = {
	    {FREE, REASON_ONE_TIME_CODE},
	    {FREE + 1, REASON_LOCKED},
	    {STOP, REASON_STOPPED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH, 0);
		s.record.failures.other.count = cases[i].count;
		s.record.failures.other.last_s = NOW_S;
		cr_expect_eq(type(&s, SCRATCH), cases[i].reason, "%zu", i);
		cr_expect_eq(s.record.codes.count, i == 0 ? 0 : 1);
		cr_expect_eq(s.outcome.verdict == VERDICT_PASS, i == 0);
		end(&s);
	}
}

Test(verify, counts_a_guess_at_a_scratch_code)
{
	struct scene s = begin();

	fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH, 0);
	for (int i = 0; i <= FREE; i++) {
		cr_expect_eq(type(&s, SCRATCH_WRONG), REASON_WRONG_CODE);
		cr_expect(s.outcome.changed);
	}
	cr_expect_eq(failures(&s).other.count, FREE + 1);
	cr_expect_eq(type(&s, SCRATCH), REASON_LOCKED);
	end(&s);
}

/* No device can judge the code then, so nothing else would count it. */
Test(verify, counts_a_guess_at_a_scratch_code_when_the_clock_went_back)
{
	static const struct {
		const char *typed;
		bool scratch;
		enum reason reason;
	} cases[] = {
	    {SCRATCH_WRONG, true, REASON_WRONG_CODE},
	    {SCRATCH_WRONG, false, REASON_CLOCK_BACK},
	    {"876543", true, REASON_CLOCK_BACK},
	    {SCRATCH, true, REASON_ONE_TIME_CODE},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		if (cases[i].scratch)
			fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH, 0);
		s.record.devices.items[0].last_step = otp_step(NOW_S, 30) + 100;
		cr_expect_eq(
		    type(&s, cases[i].typed), cases[i].reason, "%zu", i);
		cr_expect_eq(failures(&s).other.count,
		    cases[i].reason == REASON_WRONG_CODE ? 1 : 0, "%zu", i);
		end(&s);
	}
}

Test(verify, says_how_many_scratch_codes_are_left)
{
	struct scene s = begin();

	fixture_one_time(&s.record, CODE_RECOVER, RECOVERY, 0);
	fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH, 0);
	fixture_one_time(&s.record, CODE_SCRATCH, SCRATCH_WRONG, 0);
	fixture_one_time(&s.record, CODE_PASS, ADMINS, NOW_S + 60);
	cr_expect_eq(type(&s, SCRATCH), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, 2);
	cr_expect_eq(type(&s, RECOVERY), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, 1);
	cr_expect_eq(type(&s, SCRATCH_WRONG), REASON_ONE_TIME_CODE);
	cr_expect_eq(s.outcome.recovery_left, 0);
	end(&s);
}

Test(verify, refuses_every_code_when_the_clock_went_back)
{
	struct scene s = begin();

	s.record.devices.items[0].last_step = otp_step(NOW_S, 30) + 2;
	for (int steps = -1; steps <= 1; steps++) {
		cr_expect_eq(type_step(&s, 0, steps), REASON_CLOCK_BACK);
		cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
		cr_expect_not(s.outcome.changed);
	}
	cr_expect_eq(type_wrong(&s), REASON_CLOCK_BACK);
	expect_uncounted(&s, "clock back");
	s.login.now_s += 60;
	cr_expect_eq(type_step(&s, 0, 1), REASON_CODE);
	end(&s);
}

/* The step after the current one may be spent: that does not mean that the
 * clock went back. */
Test(verify, knows_an_early_code_from_a_clock_that_went_back)
{
	struct scene s = begin();

	s.record.devices.items[0].last_step = otp_step(NOW_S, 30) + 1;
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE_USED);
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	end(&s);
}

/* verify.h: "a wrong code goes uncounted" must never happen. */
Test(verify, counts_a_wrong_code_although_one_device_is_ahead_of_the_clock)
{
	for (size_t ahead = 0; ahead < 2; ahead++) {
		struct scene s = begin();

		fixture_device(&s.record);
		s.record.devices.items[ahead].last_step = otp_step(NOW_S, 30) +
		    1000;
		cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE, "%zu", ahead);
		cr_expect_eq(failures(&s).other.count, 1, "%zu", ahead);
		cr_expect_eq(type_step(&s, 1 - ahead, 0), REASON_CODE);
		end(&s);
	}
}

Test(verify, takes_the_codes_of_several_devices)
{
	struct scene s = begin();

	fixture_device(&s.record);
	fixture_device(&s.record);
	for (size_t i = 3; i-- > 0;) {
		char id[24];

		snprintf(id, sizeof(id), "d%zu", i + 1);
		cr_expect_eq(type_step(&s, i, 0), REASON_CODE);
		cr_expect_str_eq(s.outcome.device, id);
		cr_expect_eq(type_step(&s, i, 0), REASON_CODE_USED);
	}
	cr_expect_eq(type_wrong(&s), REASON_WRONG_CODE);
	cr_expect_eq(failures(&s).known.count, 1);
	end(&s);
}

Test(verify, takes_as_many_digits_as_the_device_has)
{
	for (int digits = 6; digits <= 8; digits++) {
		struct scene s = begin();
		char code[OTP_DIGITS_MAX + 1];

		s.record.devices.items[0].digits = digits;
		fixture_code(s.record.devices.items, NOW_S, 0, code);
		for (int less = 6; less < digits; less++) {
			cr_expect_eq(type(&s, code + digits - less),
			    REASON_WRONG_CODE, "%d of %d", less, digits);
			verify_code(&s.policy, &s.record, &s.login, code,
			    (size_t)less, &s.outcome);
			cr_expect_eq(s.outcome.reason, REASON_WRONG_CODE);
		}
		cr_expect_eq(type(&s, code), REASON_CODE);
		end(&s);
	}
}

Test(verify, knows_every_algorithm_and_period)
{
	static const int64_t periods_s[] = {15, 30, 60, 300};

	for (int a = OTP_SHA1; a <= OTP_SHA512; a++)
		for (size_t i = 0; i < COUNT(periods_s); i++) {
			struct scene s = begin();
			struct device *device = s.record.devices.items;

			device->algorithm = a;
			device->period_s = periods_s[i];
			cr_expect_eq(type_step(&s, 0, -1), REASON_CODE);
			cr_expect_eq(type_step(&s, 0, 1), REASON_CODE);
			cr_expect_eq(type_step(&s, 0, 2), REASON_WRONG_CODE);
			cr_expect_eq(s.outcome.drift_s, 2 * periods_s[i]);
			end(&s);
		}
}

Test(verify, reads_digits_with_spaces)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1], typed[32];

	fixture_code(s.record.devices.items, NOW_S, 0, code);
	snprintf(typed, sizeof(typed), " %.3s  %s ", code, code + 3);
	cr_expect_eq(type(&s, typed), REASON_CODE);
	end(&s);
}

/* Text that cannot be a code is neither right nor a guess. */
Test(verify, neither_passes_nor_counts_garbage)
{
	static const struct {
		const char *typed;
		size_t len;
	} cases[] = {
	    {"", 0},
	    {" ", 1},
	    {"12345", 5},
	    {"123456789", 9},
	    {"abcdef", 6},
	    {"12345a", 6},
	    {"123+456", 7},
	    {"+12345", 6},
	    {"-12345", 6},
	    {"12\00034\00056", 8},
	    {"\0\0\0\0\0\0", 6},
	    {"123456\0", 7},
	    {"\xff\xff\xff\xff\xff\xff", 6},
	    {"\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa2"
	     "456",
		12},
	    {"Code: 123456", 12},
	    {"O12345", 6},
	    {"12345\033[D6", 9},
	    {"?", 1},
	    {"0123456789012345678901234567890123456789012345678901234567890123",
		64},
	    {"0123-4567-89AB-CDEU", 19},
	    {"0123-4567-89AB-CDE", 18},
	    {"0123-4567-89AB-CDEF0", 20},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		verify_code(&s.policy, &s.record, &s.login, cases[i].typed,
		    cases[i].len, &s.outcome);
		cr_expect_eq(s.outcome.verdict, VERDICT_DENY, "%zu", i);
		cr_expect_eq(s.outcome.reason, REASON_NOT_A_CODE, "%zu", i);
		cr_expect_not(s.outcome.changed, "%zu", i);
		expect_uncounted(&s, cases[i].typed);
		end(&s);
	}
}

Test(verify, denies_one_who_has_no_device)
{
	struct scene s = begin();

	list_drop(&s.record.devices, sizeof(struct device), 0);
	cr_expect_eq(type(&s, "123456"), REASON_WRONG_CODE);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	cr_expect_eq(failures(&s).other.count, 1);
	end(&s);
}

Test(verify, notes_how_far_off_a_clock_would_fit)
{
	static const struct {
		int steps;
		int64_t drift_s;
	} cases[] = {{2, 60}, {-2, -60}, {10, 300}, {-10, -300}, {20, 600},
	    {-20, -600}, {21, 0}, {-21, 0}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		cr_expect_eq(
		    type_step(&s, 0, cases[i].steps), REASON_WRONG_CODE);
		cr_expect_eq(
		    s.outcome.drift_s, cases[i].drift_s, "%d", cases[i].steps);
		cr_expect_eq(failures(&s).other.count, 1);
		end(&s);
	}
}

/* After a right code the user is told how many failed, and from where; only
 * then is the counter reset. */
Test(verify, tells_of_the_failures_in_the_counter_that_it_clears)
{
	for (int known = 0; known <= 1; known++) {
		struct scene s = begin();

		if (known)
			fixture_source(&s.record, NOW_S - DAY_S);
		type_wrong(&s);
		type_wrong(&s);
		cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
		cr_expect_eq(s.outcome.failed, 2);
		cr_expect_str_eq(s.outcome.failed_from, ALICE_ADDRESS);
		cr_expect_eq(failures(&s).known.count, 0);
		cr_expect_eq(failures(&s).other.count, 0);
		end(&s);
	}
}

/* The counter is open again; failures that no terminal showed are reported
 * later. */
Test(verify, keeps_untold_failures_while_it_opens_the_counter)
{
	struct scene s = begin();

	s.login.terminal = false;
	for (int i = 0; i < FREE; i++)
		type_wrong(&s);
	cr_expect_eq(type_step(&s, 0, -1), REASON_CODE);
	cr_expect_eq(failures(&s).other.count, 0);
	cr_expect_eq(failures(&s).other.told, -FREE);
	fixture_source(&s.record, NOW_S);
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	cr_expect_eq(s.outcome.failed, FREE);
	s.login.terminal = true;
	cr_expect_eq(type_step(&s, 0, 1), REASON_CODE);
	cr_expect_eq(s.outcome.failed, FREE);
	cr_expect_str_eq(s.outcome.failed_from, ALICE_ADDRESS);
	cr_expect_eq(failures(&s).other.told, 0);
	end(&s);
}

/* A right code with more behind it is another code. */
Test(verify, refuses_more_digits_than_the_device_has)
{
	for (int digits = 6; digits < OTP_DIGITS_MAX; digits++) {
		struct scene s = begin();
		char code[OTP_DIGITS_MAX + 1], typed[32];

		s.record.devices.items[0].digits = digits;
		fixture_code(s.record.devices.items, NOW_S, 0, code);
		snprintf(typed, sizeof(typed), "%s0", code);
		cr_expect_eq(type(&s, typed), REASON_WRONG_CODE);
		cr_expect_eq(type(&s, code), REASON_CODE);
		end(&s);
	}
}

/* A delegate who confirms a change: judged and spent as usual, without a
 * login. */
Test(verify, remembers_nothing_of_one_who_only_proves_who_she_is)
{
	struct scene s = begin();

	s.login.proof = true;
	s.record.failures.other.count = 2;
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE);
	cr_expect(s.outcome.changed);
	cr_expect_eq(failures(&s).other.count, 2);
	cr_expect_eq(type_step(&s, 0, 0), REASON_CODE_USED);
	cr_expect_eq(s.record.verified.count, 0);
	cr_expect_eq(s.record.sources.count, 0);
	cr_expect_not(s.record.last_login.present);
	end(&s);
}

Test(verify, reads_six_to_eight_digits)
{
	static const struct {
		const char *typed, *digits;
	} cases[] = {
	    {"123456", "123456"},
	    {"1234567", "1234567"},
	    {"12345678", "12345678"},
	    {"123 456", "123456"},
	    {"  1 2 3 4 5 6 7 8  ", "12345678"},
	    {"000000", "000000"},
	    {"12345", ""},
	    {"123456789", ""},
	    {"123456 789", ""},
	    {"", ""},
	    {"      ", ""},
	    {"123\t456", "123456"},
	    {"123-456", "123456"},
	    {"\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6", "123456"},
	    {"0x1234", ""},
	    {"12345/", ""},
	    {"12345:", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char digits[OTP_DIGITS_MAX + 1] = "unset";

		cr_expect_eq(verify_digits(cases[i].typed,
				 strlen(cases[i].typed), digits),
		    cases[i].digits[0] != '\0', "%s", cases[i].typed);
		cr_expect_str_eq(digits, cases[i].digits);
	}
}

Test(verify, finds_the_step_of_a_code)
{
	struct scene s = begin();
	struct device *device = s.record.devices.items;
	uint64_t now = otp_step(NOW_S, 30), step = 0;
	char code[OTP_DIGITS_MAX + 1];

	fixture_code(device, NOW_S, 7, code);
	cr_expect_eq(verify_step(device, code, NOW_S, 6, &step), FAULT_ABSENT);
	cr_expect_eq(verify_step(device, code, NOW_S, 7, &step), FAULT_NONE);
	cr_expect_eq(step, now + 7);
	device->last_step = now + 6;
	cr_expect_eq(verify_step(device, code, NOW_S, 7, &step), FAULT_NONE);
	device->last_step = now + 7;
	cr_expect_eq(verify_step(device, code, NOW_S, 7, &step), FAULT_STALE);
	/* The window does not reach below step 0. */
	device->last_step = 0;
	fixture_code(device, 0, 1, code);
	cr_expect_eq(verify_step(device, code, 0, 1, &step), FAULT_NONE);
	cr_expect_eq(step, 1);
	end(&s);
}

#define ADMINS_PASS     "0123456789ABCDEF"
#define ADMINS_ENROLL   "1123456789ABCDEF"
#define A_RECOVERY_CODE "2123456789ABCDEF"
#define NO_CODE         "3123456789ABCDEF"

/* If the policy cannot decide, only an administrator's pass code passes. */
Test(verify, takes_a_pass_code_alone_where_the_policy_cannot_decide)
{
	static const struct {
		const char *typed; /* NULL: a right code from the device */
		enum verdict verdict;
		enum reason reason;
		int64_t counted;
	} cases[] = {
	    {NULL, VERDICT_DENY, REASON_NONE, 0},
	    {"", VERDICT_DENY, REASON_NONE, 0},
	    {"12345678", VERDICT_DENY, REASON_NONE, 0},
	    {A_RECOVERY_CODE, VERDICT_DENY, REASON_NONE, 0},
	    {ADMINS_ENROLL, VERDICT_DENY, REASON_NONE, 0},
	    {NO_CODE, VERDICT_DENY, REASON_WRONG_CODE, 1},
	    {ADMINS_PASS, VERDICT_PASS, REASON_ONE_TIME_CODE, 0},
	};
	struct policy policy;

	fixture_policy("", "", &policy);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *typed = cases[i].typed;
		struct login login = fixture_login(NOW_S);
		char code[OTP_DIGITS_MAX + 1];
		struct record record;
		struct outcome outcome;

		fixture_record(&record);
		fixture_code(fixture_device(&record), NOW_S, 0, code);
		fixture_one_time(
		    &record, CODE_PASS, ADMINS_PASS, NOW_S + DAY_S);
		fixture_one_time(
		    &record, CODE_ENROLL, ADMINS_ENROLL, NOW_S + DAY_S);
		fixture_one_time(&record, CODE_RECOVER, A_RECOVERY_CODE, 0);
		fixture_one_time(&record, CODE_SCRATCH, "12345678", 0);
		typed = typed != NULL ? typed : code;
		verify_pass(
		    &policy, &record, &login, typed, strlen(typed), &outcome);
		cr_expect_eq(outcome.verdict, cases[i].verdict, "%zu", i);
		cr_expect_eq(outcome.reason, cases[i].reason, "%zu", i);
		cr_expect_eq(
		    record.failures.other.count, cases[i].counted, "%zu", i);
		cr_expect_eq(record.devices.items[0].last_step, 0);
		cr_expect_eq(record.codes.count,
		    cases[i].verdict == VERDICT_PASS ? 3 : 4, "%zu", i);
		record_done(&record);
	}
	policy_done(&policy);
}

/* The counter shuts out guesses, and never the right code. */
Test(verify, counts_guesses_at_a_pass_code)
{
	struct policy policy;
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct outcome outcome;

	fixture_policy("", "", &policy);
	fixture_record(&record);
	fixture_one_time(&record, CODE_PASS, ADMINS_PASS, NOW_S + DAY_S);
	for (int i = 0; i < 6; i++) {
		verify_pass(&policy, &record, &login, NO_CODE, strlen(NO_CODE),
		    &outcome);
		cr_expect_eq(outcome.reason, REASON_WRONG_CODE, "%d", i);
	}
	verify_pass(
	    &policy, &record, &login, NO_CODE, strlen(NO_CODE), &outcome);
	cr_expect_eq(outcome.reason, REASON_LOCKED);
	verify_pass(&policy, &record, &login, ADMINS_PASS, strlen(ADMINS_PASS),
	    &outcome);
	cr_expect_eq(outcome.verdict, VERDICT_PASS);
	verify_pass(&policy, &record, &login, ADMINS_PASS, strlen(ADMINS_PASS),
	    &outcome);
	cr_expect_eq(outcome.verdict, VERDICT_DENY);
	record_done(&record);
	policy_done(&policy);
}
