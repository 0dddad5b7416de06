#include "store/core/enroll.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "store/core/spent.h"
#include "store/core/verify.h"

static const uint8_t secret[ENROLL_SECRET_BYTES] = {'1', '2', '3', '4', '5',
    '6', '7', '8', '9', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0'};

struct scene {
	struct policy policy;
	struct record record;
	struct login login;
	struct recovery recovery;
	struct outcome outcome;
	enum fault fault;
};

static struct scene
begin(void)
{
	struct scene s = {.login = fixture_login(NOW_S)};

	fixture_policy("", "", &s.policy);
	fixture_record(&s.record);
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		memset(s.recovery.codes[i], (int)(i + 1), ONETIME_BYTES);
	cr_assert_eq(
	    enroll_begin(&s.record, secret, "phone", NOW_S), FAULT_NONE);
	return s;
}

static void
end(struct scene *s)
{
	record_done(&s->record);
	policy_done(&s->policy);
}

static void
confirm(struct scene *s, const char *typed)
{
	s->fault = enroll_confirm(&s->policy, &s->record, &s->login, "", typed,
	    strlen(typed), &s->recovery, &s->outcome);
}

/* Confirms with the code that the app shows that many steps from now. */
static void
confirm_step(struct scene *s, int steps)
{
	struct device app = {
	    .digits = 6, .period_s = 30, .secret.len = sizeof(secret)};
	char code[OTP_DIGITS_MAX + 1];

	memcpy(app.secret.bytes, secret, sizeof(secret));
	fixture_code(&app, s->login.now_s, steps, code);
	confirm(s, code);
}

Test(enroll, keeps_the_secret_pending_for_ten_minutes)
{
	struct scene s = begin();

	cr_expect(s.record.pending.present);
	cr_expect_eq(s.record.pending.until_s, NOW_S + 600);
	cr_expect_str_eq(s.record.pending.name, "phone");
	cr_expect_eq(s.record.pending.secret.len, 20);
	cr_expect_arr_eq(s.record.pending.secret.bytes, secret, 20);
	cr_expect_eq(s.record.devices.count, 0);
	cr_expect_not(s.record.enrolled_once);
	end(&s);
}

Test(enroll, makes_a_device_of_the_first_code)
{
	struct scene s = begin();
	const struct device *device;

	fixture_one_time(&s.record, CODE_ENROLL, "0000000000000001", LATER_S);
	fixture_one_time(&s.record, CODE_RECOVER, "0000000000000002", 0);
	s.record.invited_until_s = LATER_S;
	s.record.skipped_s = NOW_S - 5;
	confirm_step(&s, 0);
	cr_expect_eq(s.fault, FAULT_NONE);
	cr_expect_eq(s.outcome.verdict, VERDICT_PASS);
	cr_expect_eq(s.outcome.reason, REASON_ENROLLED);
	cr_expect(s.outcome.changed);
	cr_expect_str_eq(s.outcome.device, "d1");
	cr_assert_eq(s.record.devices.count, 1);
	device = s.record.devices.items;
	cr_expect_str_eq(device->id, "d1");
	cr_expect_str_eq(device->name, "phone");
	cr_expect_eq(device->algorithm, OTP_SHA1);
	cr_expect_eq(device->digits, 6);
	cr_expect_eq(device->period_s, 30);
	cr_expect_arr_eq(device->secret.bytes, secret, 20);
	cr_expect_eq(device->added_s, NOW_S);
	cr_expect_str_eq(device->added_from, ALICE_ADDRESS);
	cr_expect_str_eq(device->added_key, ALICE_KEY);
	cr_expect(s.record.enrolled_once);
	cr_expect_eq(s.record.invited_until_s, 0);
	cr_expect_eq(s.record.skipped_s, 0);
	cr_expect_eq(record_codes_left(&s.record, CODE_ENROLL, NOW_S), 0);
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 10);
	cr_expect(login_is_known(&s.record, &s.login));
	end(&s);
}

/* The secret is moved: none of it stays in the old place. */
Test(enroll, wipes_what_was_pending)
{
	static const struct pending nothing;
	struct scene s = begin();

	confirm_step(&s, 0);
	cr_expect_eq(memcmp(&s.record.pending, &nothing, sizeof(nothing)), 0);
	end(&s);
}

Test(enroll, spends_the_first_code)
{
	for (int steps = -1; steps <= 1; steps++) {
		struct scene s = begin();
		char code[OTP_DIGITS_MAX + 1];

		confirm_step(&s, steps);
		cr_assert_eq(s.outcome.verdict, VERDICT_PASS);
		fixture_code(s.record.devices.items, NOW_S, steps, code);
		verify_code(
		    &s.policy, &s.record, &s.login, code, 6, &s.outcome);
		cr_expect_eq(s.outcome.reason, REASON_CODE_USED, "%d", steps);
		end(&s);
	}
}

Test(enroll, hands_out_codes_that_work)
{
	struct scene s = begin();

	fixture_one_time(&s.record, CODE_RECOVER, "0000000000000002", 0);
	fixture_one_time(&s.record, CODE_SCRATCH, "12345678", 0);
	confirm_step(&s, 0);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		char text[ONETIME_TEXT];

		onetime_format(s.recovery.codes[i], text);
		verify_code(&s.policy, &s.record, &s.login, text, strlen(text),
		    &s.outcome);
		cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_CODE);
		cr_expect_eq(
		    s.outcome.recovery_left, (long)(RECOVERY_CODES - i - 1));
	}
	verify_code(
	    &s.policy, &s.record, &s.login, "0000000000000002", 16, &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_REPLACED);
	cr_expect_eq(s.outcome.spent_s, NOW_S);
	cr_expect_eq(s.record.failures.known.count, 0);
	verify_code(&s.policy, &s.record, &s.login, "12345678", 8, &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_REPLACED);
	cr_expect_eq(s.record.failures.known.count, 0);
	end(&s);
}

static struct import
imported(size_t codes)
{
	struct import import = {.present = true,
	    .first = {.digits = 8,
		.period_s = 60,
		.secret = {"12345678901234567890", 20},
		.last_step = 7}};

	for (size_t i = 0; i < codes; i++) {
		struct scratch *scratch = list_add(
		    &import.scratch, sizeof(*scratch));

		snprintf(scratch->code, sizeof(scratch->code), "1000000%zu", i);
	}
	return import;
}

/* The oldest code is dropped, reported as dropped, and does not count as
 * wrong. */
Test(enroll, says_which_of_an_admins_codes_is_void)
{
	struct scene s = begin();
	char texts[ADMIN_CODES + 1][ONETIME_TEXT];
	size_t voided;

	fixture_device(&s.record);
	for (uint8_t i = 0; i <= ADMIN_CODES; i++) {
		uint8_t random[ONETIME_BYTES] = {i};

		cr_expect_eq(enroll_add_code(&s.record, CODE_PASS, random,
				 NOW_S + i, texts[i], &voided),
		    FAULT_NONE);
		cr_expect_eq(voided, i == ADMIN_CODES ? 1 : 0, "%d", i);
	}
	s.login.now_s = NOW_S + DAY_S;
	for (int again = 0; again < 3; again++) {
		verify_code(&s.policy, &s.record, &s.login, texts[0],
		    strlen(texts[0]), &s.outcome);
		cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_REPLACED);
		cr_expect_eq(s.outcome.spent_s, NOW_S + ADMIN_CODES);
		cr_expect_eq(s.record.failures.other.count, 0);
	}
	verify_code(&s.policy, &s.record, &s.login, texts[ADMIN_CODES],
	    strlen(texts[0]), &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_CODE);
	/* Expired codes are not reported as dropped. */
	s.login.now_s += DAY_S;
	cr_expect_eq(
	    enroll_add_code(&s.record, CODE_PASS, (uint8_t[ONETIME_BYTES]){77},
		s.login.now_s, texts[8], &voided),
	    FAULT_NONE);
	cr_expect_eq(voided, 0);
	verify_code(&s.policy, &s.record, &s.login, texts[1], strlen(texts[1]),
	    &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_EXPIRED);
	cr_expect_eq(s.outcome.spent_s, NOW_S + 1 + DAY_S);
	end(&s);
}

/* Any code typed after a revocation is answered with what happened to it. */
Test(enroll, revokes_codes_without_making_them_guesses)
{
	struct scene s = begin();
	char code[OTP_DIGITS_MAX + 1];

	fixture_device(&s.record);
	fixture_code(s.record.devices.items, NOW_S, 0, code);
	verify_code(&s.policy, &s.record, &s.login, code, 6, &s.outcome);
	cr_assert_eq(s.outcome.reason, REASON_CODE);
	fixture_one_time(&s.record, CODE_RECOVER, "0000000000000002", 0);
	fixture_one_time(&s.record, CODE_PASS, "0000000000000003", NOW_S + 9);
	enroll_revoke(&s.record, false, NOW_S);
	cr_expect_eq(s.record.devices.count, 0);
	cr_expect_eq(s.record.codes.count, 0);
	s.login.connection[0] = '\0';
	s.login.now_s += 90;
	verify_code(&s.policy, &s.record, &s.login, code, 6, &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_USED);
	verify_code(
	    &s.policy, &s.record, &s.login, "0000000000000002", 16, &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_VOID);
	verify_code(
	    &s.policy, &s.record, &s.login, "0000000000000003", 16, &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_VOID);
	cr_expect_eq(s.record.failures.other.count, 0);
	end(&s);
}

/* With the same secret on two devices one code would pass twice. */
Test(enroll, sets_up_no_secret_that_is_there)
{
	struct scene s = begin();
	struct import import = imported(0);
	struct device *device = fixture_device(&s.record);
	char id[DEVICE_ID_TEXT] = "";
	struct imported added;
	bool recovers;

	device->secret = s.record.pending.secret;
	confirm_step(&s, 0);
	cr_expect_eq(s.fault, FAULT_STALE);
	cr_expect_neq(s.outcome.verdict, VERDICT_PASS);
	cr_expect_eq(enroll_provision(&s.record, secret, DEVICE_TOTP, "phone",
			 NOW_S, NULL, &recovers, id),
	    FAULT_STALE);
	/* To HMAC both are the same secret. */
	import.first.secret = device->secret;
	import.first.secret.len += 4;
	cr_expect_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_STALE);
	cr_expect_eq(s.record.devices.count, 1);
	end(&s);
}

/* Unlike a code that was removed unused with its device. */
Test(enroll, imports_no_scratch_code_that_was_used)
{
	struct scene s = begin();
	struct import import = imported(2);
	struct imported added;

	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	verify_code(&s.policy, &s.record, &s.login, "1000-0000", 9, &s.outcome);
	cr_assert_eq(s.outcome.reason, REASON_ONE_TIME_CODE);
	enroll_revoke(&s.record, false, NOW_S);
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_expect_eq(record_codes_left(&s.record, CODE_SCRATCH, NOW_S), 1);
	verify_code(&s.policy, &s.record, &s.login, "10000000", 8, &s.outcome);
	cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
	verify_code(&s.policy, &s.record, &s.login, "10000001", 8, &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_CODE);
	import_done(&import);
	end(&s);
}

Test(enroll, refuses_a_wrong_code_and_says_how_far_off_a_clock_is)
{
	static const struct {
		int steps;
		int64_t drift_s;
	} cases[] = {
	    {2, 60}, {-2, -60}, {20, 600}, {-20, -600}, {21, 0}, {100, 0}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		confirm_step(&s, cases[i].steps);
		cr_expect_eq(s.fault, FAULT_NONE);
		cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
		cr_expect_eq(s.outcome.reason, REASON_WRONG_CODE);
		cr_expect_eq(s.outcome.drift_s, cases[i].drift_s);
		cr_expect_eq(s.record.devices.count, 0);
		cr_expect(s.record.pending.present);
		cr_expect_not(s.record.enrolled_once);
		end(&s);
	}
}

Test(enroll, refuses_what_is_no_code)
{
	static const char *const typed[] = {
	    "", "12345", "abcdef", "123456789", "0123-4567-89AB-CDEF"};

	for (size_t i = 0; i < COUNT(typed); i++) {
		struct scene s = begin();

		confirm(&s, typed[i]);
		cr_expect_eq(s.outcome.reason, REASON_NOT_DIGITS);
		cr_expect_eq(s.outcome.drift_s, 0);
		cr_expect_eq(s.record.devices.count, 0);
		end(&s);
	}
}

Test(enroll, knows_when_nothing_is_pending)
{
	static const struct {
		bool present;
		int64_t later_s;
		enum reason reason;
	} cases[] = {
	    {true, 0, REASON_ENROLLED},
	    {true, ENROLL_S - 1, REASON_ENROLLED},
	    {true, ENROLL_S, REASON_PENDING_LATE},
	    {true, DAY_S, REASON_PENDING_LATE},
	    {true, -1, REASON_NO_PENDING}, /* the clock went back */
	    {false, 0, REASON_NO_PENDING},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();

		s.record.pending.present = cases[i].present;
		s.login.now_s += cases[i].later_s;
		confirm_step(&s, 0);
		cr_expect_eq(s.fault, FAULT_NONE);
		cr_expect_eq(s.outcome.reason, cases[i].reason, "%zu", i);
		cr_expect_eq(s.record.devices.count,
		    cases[i].reason == REASON_ENROLLED ? 1 : 0);
		end(&s);
	}
}

/* Somebody who began earlier does not know the secret that is confirmed. */
Test(enroll, forgets_the_secret_of_one_who_began_earlier)
{
	static const uint8_t newer[ENROLL_SECRET_BYTES] = {'0', '9', '8', '7',
	    '6', '5', '4', '3', '2', '1', '0', '9', '8', '7', '6', '5', '4',
	    '3', '2', '1'};
	struct scene s = begin();

	cr_assert_eq(
	    enroll_begin(&s.record, newer, "tablet", NOW_S), FAULT_NONE);
	confirm_step(&s, 0);
	cr_expect_eq(s.outcome.reason, REASON_WRONG_CODE);
	cr_expect_arr_eq(s.record.pending.secret.bytes, newer, sizeof(newer));
	end(&s);
}

/* The secret and the code of window number n. */
struct window {
	uint8_t secret[ENROLL_SECRET_BYTES];
	char id[DEVICE_ID_TEXT];
	char code[OTP_DIGITS_MAX + 1];
};

static struct window
open_window(struct scene *s, unsigned char n)
{
	struct device app = {
	    .digits = 6, .period_s = 30, .secret.len = ENROLL_SECRET_BYTES};
	struct window w;

	memset(w.secret, n, sizeof(w.secret));
	cr_assert_eq(
	    enroll_begin(&s->record, w.secret, "phone", s->login.now_s),
	    FAULT_NONE);
	memcpy(w.id, s->record.pending.id, sizeof(w.id));
	memcpy(app.secret.bytes, w.secret, sizeof(w.secret));
	fixture_code(&app, s->login.now_s, 0, w.code);
	return w;
}

static void
confirm_window(struct scene *s, const struct window *w)
{
	s->fault = enroll_confirm(&s->policy, &s->record, &s->login, w->id,
	    w->code, strlen(w->code), &s->recovery, &s->outcome);
}

/* An IDE opens two windows: each is confirmed by the code for the secret it
 * shows. */
Test(enroll, lets_each_window_confirm_its_own_secret)
{
	for (unsigned char which = 0; which < 4; which++) {
		struct scene s = begin();
		struct window windows[4];

		for (unsigned char n = 0; n < 4; n++)
			windows[n] = open_window(&s, n + 1);
		confirm_window(&s, &windows[which]);
		cr_expect_eq(s.outcome.reason, REASON_ENROLLED, "%d: %s", which,
		    reason_name(s.outcome.reason));
		cr_assert_eq(s.record.devices.count, 1);
		cr_expect_arr_eq(s.record.devices.items[0].secret.bytes,
		    windows[which].secret, ENROLL_SECRET_BYTES);
		/* The first confirmation ended the others, whoever began
		 * them. */
		for (unsigned char n = 0; n < 4; n++) {
			cr_expect_not(
			    enroll_is_pending(&s.record, windows[n].id));
			confirm_window(&s, &windows[n]);
			cr_expect_eq(s.outcome.reason, REASON_NO_PENDING);
		}
		cr_expect_eq(s.record.devices.count, 1);
		end(&s);
	}
}

/* The code of one window is worth nothing in another. */
Test(enroll, takes_no_code_of_another_window)
{
	struct scene s = begin();
	struct window one = open_window(&s, 1), other = open_window(&s, 2);

	cr_expect_str_neq(one.id, other.id);
	memcpy(other.code, one.code, sizeof(other.code));
	confirm_window(&s, &other);
	cr_expect_eq(s.outcome.reason, REASON_WRONG_CODE);
	memcpy(other.id, "pnone", sizeof("pnone"));
	confirm_window(&s, &other);
	cr_expect_eq(s.outcome.reason, REASON_NO_PENDING);
	cr_expect_eq(s.record.devices.count, 0);
	end(&s);
}

/* The fifth replaces the first, which is told so. */
Test(enroll, lets_four_windows_wait)
{
	struct scene s = begin();
	struct window windows[5];

	for (unsigned char n = 0; n < 5; n++) {
		windows[n] = open_window(&s, n + 1);
		s.login.now_s++;
	}
	confirm_window(&s, &windows[0]);
	cr_expect_eq(s.outcome.reason, REASON_NO_PENDING);
	s.login.now_s = NOW_S + 1 + ENROLL_S;
	confirm_window(&s, &windows[1]);
	cr_expect_eq(s.outcome.reason, REASON_PENDING_LATE);
	s.login.now_s = NOW_S + 5;
	confirm_window(&s, &windows[4]);
	cr_expect_eq(s.outcome.reason, REASON_ENROLLED);
	end(&s);
}

/* With "tfa add" in a session, a first device gets recovery codes, and no
 * login is noted. */
Test(enroll, hands_out_codes_with_a_first_device_alone)
{
	struct scene s = begin();
	struct window other;

	s.login.proof = true;
	confirm_step(&s, 0);
	cr_expect_eq(s.outcome.reason, REASON_ENROLLED);
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 10);
	cr_expect_not(login_is_known(&s.record, &s.login));
	cr_expect_eq(s.record.verified.count, 0);
	spent_retire(&s.record, CODE_RECOVER, SPENT_VOID, NOW_S);
	other = open_window(&s, 2);
	confirm_window(&s, &other);
	cr_expect_eq(s.outcome.reason, REASON_ENROLLED);
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 0);
	end(&s);
}

/* A log that names d2 means one device, whatever is removed. */
Test(enroll, gives_no_id_twice)
{
	struct scene s = begin();

	fixture_device(&s.record);
	fixture_device(&s.record);
	fixture_device(&s.record);
	enroll_remove(&s.record, 2, NOW_S);
	cr_assert_eq(
	    enroll_begin(&s.record, secret, "phone", NOW_S), FAULT_NONE);
	confirm_step(&s, 0);
	cr_expect_str_eq(s.outcome.device, "d4");
	enroll_remove(&s.record, 2, NOW_S);
	cr_expect_eq(s.record.last_device, 4);
	enroll_revoke(&s.record, false, NOW_S);
	cr_expect_eq(s.record.last_device, 4);
	end(&s);
}

Test(enroll, revokes_one_device_and_leaves_the_others)
{
	struct scene s = begin();

	fixture_device(&s.record);
	fixture_device(&s.record);
	fixture_one_time(&s.record, CODE_RECOVER, "0000000000000001", 0);
	list_add(&s.record.verified, sizeof(struct verified));
	enroll_revoke_device(&s.record, 0, NOW_S);
	cr_expect_eq(s.record.devices.count, 1);
	cr_expect_str_eq(s.record.devices.items[0].id, "d2");
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 1);
	cr_expect_eq(s.record.verified.count, 0);
	end(&s);
}

/* A lost phone may have begun to set up another one with its code. */
Test(enroll, device_that_goes_takes_along_what_was_begun)
{
	for (int removed = 0; removed < 2; removed++) {
		struct scene s = begin();

		fixture_device(&s.record);
		fixture_device(&s.record);
		s.record.renewal.present = true;
		s.record.renewal.until_s = LATER_S;
		if (removed)
			enroll_remove(&s.record, 0, NOW_S);
		else
			enroll_revoke_device(&s.record, 0, NOW_S);
		cr_expect_not(s.record.renewal.present);
		cr_expect_not(enroll_is_pending(&s.record, ""));
		confirm_step(&s, 0);
		cr_expect_eq(s.outcome.verdict, VERDICT_DENY);
		cr_expect_eq(s.record.devices.count, 1);
		end(&s);
	}
}

Test(enroll, has_room_for_eight_devices)
{
	struct scene s = begin();

	for (int i = 0; i < DEVICES_MAX; i++)
		fixture_device(&s.record);
	confirm_step(&s, 0);
	cr_expect_eq(s.fault, FAULT_LIMIT);
	cr_expect_neq(s.outcome.verdict, VERDICT_PASS);
	cr_expect_eq(s.record.devices.count, DEVICES_MAX);
	end(&s);
}

/* A record that cannot be read again would lock the user out. */
Test(enroll, leaves_a_record_that_can_be_read)
{
	for (size_t passes = 0; passes <= CODES_MAX; passes++) {
		struct scene s = begin();
		struct json_error error = {.line = 0};
		struct record again;
		char *text = NULL;

		for (size_t i = 0; i < passes; i++) {
			char pass[ONETIME_CHARS + 1];

			snprintf(pass, sizeof(pass), "00000000000001%02zu", i);
			fixture_one_time(
			    &s.record, CODE_PASS, pass, NOW_S + 60);
		}
		confirm_step(&s, 0);
		if (s.fault == FAULT_NONE) {
			cr_assert_eq(
			    record_format(&s.record, &text), FAULT_NONE);
			cr_expect_eq(
			    record_parse(text, strlen(text), &again, &error),
			    FAULT_NONE, "%zu pass codes: %s: %s", passes,
			    error.path, error.text);
			if (error.path[0] == '\0')
				record_done(&again);
			json_text_free(&text);
		}
		end(&s);
	}
}

Test(enroll, adds_an_admins_code_for_a_day)
{
	static const uint8_t random[ONETIME_BYTES] = {
	    0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf};
	struct scene s = begin();
	char text[ONETIME_TEXT];
	size_t voided;

	cr_expect_eq(
	    enroll_add_code(&s.record, CODE_PASS, random, NOW_S, text, &voided),
	    FAULT_NONE);
	cr_expect_str_eq(text, "GHJK-MNPQ-RSTV-WXYZ");
	cr_assert_eq(s.record.codes.count, 1);
	cr_expect_eq(s.record.codes.items[0].use, CODE_PASS);
	cr_expect_eq(s.record.codes.items[0].until_s, NOW_S + DAY_S);
	verify_code(
	    &s.policy, &s.record, &s.login, text, strlen(text), &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_ONE_TIME_CODE);
	end(&s);
}

/* Expired codes are dropped first, then the oldest from administrators,
 * never a recovery code. */
Test(enroll, makes_room_for_an_admins_code)
{
	static const uint8_t random[ONETIME_BYTES] = {1};
	struct scene s = begin();
	char text[ONETIME_TEXT];
	size_t voided;

	for (int i = 0; i < RECOVERY_CODES; i++)
		fixture_one_time(
		    &s.record, CODE_RECOVER, "0000000000000001", 0);
	for (int i = 0; i < 5; i++)
		fixture_one_time(
		    &s.record, CODE_PASS, "0000000000000002", NOW_S - i);
	for (size_t i = 0; i < 2 * CODES_MAX; i++) {
		cr_expect_eq(enroll_add_code(&s.record, CODE_ENROLL, random,
				 NOW_S + (int64_t)i, text, &voided),
		    FAULT_NONE);
		cr_expect_leq(s.record.codes.count, CODES_MAX);
		cr_expect_eq(record_codes_left(&s.record, CODE_PASS, NOW_S), 0);
		cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S),
		    RECOVERY_CODES);
	}
	cr_assert_eq(s.record.codes.count, RECOVERY_CODES + ADMIN_CODES);
	cr_expect_eq(s.record.codes.items[s.record.codes.count - 1].until_s,
	    NOW_S + 2 * CODES_MAX - 1 + DAY_S);
	end(&s);
}

/* Only a record that tfa did not write has so many codes that never expire. */
Test(enroll, adds_no_code_that_the_record_cannot_hold)
{
	static const uint8_t random[ONETIME_BYTES] = {1};
	struct scene s = begin();
	char text[ONETIME_TEXT];
	size_t voided;

	for (int i = 0; i < CODES_MAX; i++)
		fixture_one_time(
		    &s.record, CODE_RECOVER, "0000000000000001", 0);
	cr_expect_eq(
	    enroll_add_code(&s.record, CODE_PASS, random, NOW_S, text, &voided),
	    FAULT_LIMIT);
	cr_expect_eq(s.record.codes.count, CODES_MAX);
	cr_expect_eq(voided, 0);
	spent_retire(&s.record, CODE_RECOVER, SPENT_REPLACED, NOW_S);
	cr_expect_eq(
	    enroll_add_code(&s.record, CODE_PASS, random, NOW_S, text, &voided),
	    FAULT_NONE);
	end(&s);
}

/* A pass code brings no offer. */
Test(enroll, offers_again_what_an_admin_made_a_code_for)
{
	static const uint8_t random[ONETIME_BYTES] = {1};
	struct scene s = begin();
	char text[ONETIME_TEXT];
	size_t voided;

	s.record.skipped_s = NOW_S - 60;
	cr_assert_eq(
	    enroll_add_code(&s.record, CODE_PASS, random, NOW_S, text, &voided),
	    FAULT_NONE);
	cr_expect_eq(s.record.skipped_s, NOW_S - 60);
	cr_assert_eq(enroll_add_code(
			 &s.record, CODE_ENROLL, random, NOW_S, text, &voided),
	    FAULT_NONE);
	cr_expect_eq(s.record.skipped_s, 0);
	end(&s);
}

Test(enroll, cuts_a_long_name_at_a_whole_character)
{
	static const char *const names[] = {
	    "a name of thirty-one characters\u00e9 and more",
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9",
	    "line\nbreak\x1b[2J",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct scene s = begin();
		struct json_error error = {.line = 0};
		struct record again;
		char *text = NULL;

		cr_assert_eq(enroll_begin(&s.record, secret, names[i], NOW_S),
		    FAULT_NONE);
		cr_assert_eq(record_format(&s.record, &text), FAULT_NONE);
		if (record_parse(text, strlen(text), &again, &error) ==
		    FAULT_NONE)
			record_done(&again);
		cr_expect_str_empty(error.text, "%zu: %s", i, error.text);
		json_text_free(&text);
		end(&s);
	}
}

static struct record
enrolled(void)
{
	struct scene s = begin();

	s.record.first_seen_s = NOW_S - DAY_S;
	s.record.grace_started_s = NOW_S - DAY_S;
	s.record.skipped_s = NOW_S - 5;
	snprintf(s.record.last_rule, sizeof(s.record.last_rule), "staff");
	confirm_step(&s, 0);
	cr_assert_eq(s.outcome.verdict, VERDICT_PASS);
	cr_assert_eq(
	    enroll_begin(&s.record, secret, "tablet", NOW_S), FAULT_NONE);
	s.record.failures.other.count = 100;
	s.record.failures.known.count = 7;
	s.record.failures.known.spent = 100;
	s.record.failures.known.spent_since_s = NOW_S;
	policy_done(&s.policy);
	return s.record;
}

Test(enroll, revokes_all_that_opens_a_door)
{
	for (int block = 0; block <= 1; block++) {
		struct record record = enrolled();

		enroll_revoke(&record, block, NOW_S);
		cr_expect_eq(record.devices.count, 0);
		cr_expect_eq(record.codes.count, 0);
		cr_expect_eq(record.sources.count, 0);
		cr_expect_eq(record.verified.count, 0);
		cr_expect_not(record.pending.present);
		cr_expect_eq(record.failures.known.count, 0);
		cr_expect_eq(record.failures.known.spent, 0);
		cr_expect_eq(record.failures.other.count, 0);
		cr_expect_str_empty(record.last_rule);
		cr_expect(record.enrolled_once);
		cr_expect_str_eq(record.user, "alice");
		cr_expect_eq(record.uid, 1001);
		cr_expect_eq(record.first_seen_s, NOW_S - DAY_S);
		cr_expect(record.last_login.present);
		cr_expect_eq(record.invited_until_s, block ? 0 : NOW_S + DAY_S);
		record_done(&record);
	}
}

/* The next login, an hour later, for each way of enrolling. */
Test(enroll, opens_enrolment_for_a_day_or_closes_it)
{
	static const struct {
		int self;
		bool block;
		int64_t later_s;
		enum reason reason;
	} cases[] = {
	    {SELF_GRACE, false, 3600, REASON_SETUP},
	    {SELF_GRACE, false, DAY_S - 1, REASON_SETUP},
	    {SELF_GRACE, false, DAY_S, REASON_CLOSED},
	    {SELF_GRACE, true, 3600, REASON_CLOSED},
	    {SELF_ALWAYS, false, 3600, REASON_SETUP},
	    {SELF_ALWAYS, true, 3600, REASON_CLOSED},
	    {SELF_CODE, false, 3600, REASON_CLOSED},
	    {SELF_CODE, true, 3600, REASON_CLOSED},
	};
	struct rule rule = {.name = "all", .mode = MODE_REQUIRED};
	struct decision decision = {.mode = MODE_REQUIRED, .rule = &rule};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct login login = fixture_login(NOW_S + cases[i].later_s);
		struct record record = enrolled();
		struct outcome outcome;
		struct policy policy;

		fixture_policy("", "", &policy);
		policy.enrollment.self = cases[i].self;
		enroll_revoke(&record, cases[i].block, NOW_S);
		login_decide(&policy, &decision, &record, &login, &outcome);
		cr_expect_eq(outcome.reason, cases[i].reason, "case %zu", i);
		policy_done(&policy);
		record_done(&record);
	}
}

/* The state in the user list, before and after the day. */
Test(enroll, shows_a_revoked_user_as_invited_overdue_or_blocked)
{
	struct rule rule = {.name = "all", .mode = MODE_REQUIRED};
	struct decision decision = {.mode = MODE_REQUIRED, .rule = &rule};
	struct record record = enrolled();
	struct policy policy;
	int64_t deadline_s;

	fixture_policy("", "", &policy);
	enroll_revoke(&record, false, NOW_S);
	cr_expect_eq(
	    login_state(&policy, &decision, &record, NOW_S, &deadline_s),
	    STATE_INVITED);
	cr_expect_eq(login_state(&policy, &decision, &record, NOW_S + DAY_S,
			 &deadline_s),
	    STATE_OVERDUE);
	enroll_revoke(&record, true, NOW_S);
	cr_expect_eq(
	    login_state(&policy, &decision, &record, NOW_S, &deadline_s),
	    STATE_BLOCKED);
	enroll_revoke(&record, false, NOW_S);
	cr_expect_eq(
	    login_state(&policy, &decision, &record, NOW_S, &deadline_s),
	    STATE_INVITED);
	policy_done(&policy);
	record_done(&record);
}

/* A user who never had a device, blocked: no grace is left. */
Test(enroll, blocks_one_who_never_enrolled)
{
	struct rule rule = {.name = "all", .mode = MODE_OPTIONAL};
	struct decision decision = {.mode = MODE_OPTIONAL, .rule = &rule};
	struct login login = fixture_login(NOW_S);
	struct outcome outcome;
	struct record record;
	struct policy policy;

	fixture_policy("", "", &policy);
	fixture_record(&record);
	enroll_revoke(&record, true, NOW_S);
	login_decide(&policy, &decision, &record, &login, &outcome);
	cr_expect_eq(outcome.reason, REASON_CLOSED);
	record_done(&record);
	policy_done(&policy);
}

/* A thief may have begun an enrolment, which must not become a device. */
Test(enroll, provisions_a_device_that_counts_at_once)
{
	struct scene s = begin();
	char id[DEVICE_ID_TEXT] = "";
	bool recovers = false;

	fixture_one_time(&s.record, CODE_ENROLL, "0000000000000001", LATER_S);
	s.record.invited_until_s = LATER_S;
	cr_assert_eq(enroll_provision(&s.record, secret, DEVICE_TOTP, "phone",
			 NOW_S, &s.recovery, &recovers, id),
	    FAULT_NONE);
	cr_assert_eq(s.record.devices.count, 1);
	cr_expect_str_eq(id, "d1");
	cr_expect_str_eq(s.record.devices.items[0].id, "d1");
	cr_expect_arr_eq(s.record.devices.items[0].secret.bytes, secret, 20);
	cr_expect_str_eq(s.record.devices.items[0].added_from, "tfa-admin");
	cr_expect_eq(s.record.devices.items[0].added_s, NOW_S);
	cr_expect_eq(s.record.devices.items[0].last_used_s, 0);
	cr_expect(s.record.enrolled_once);
	cr_expect_not(s.record.pending.present);
	cr_expect_eq(s.record.invited_until_s, 0);
	cr_expect_eq(record_codes_left(&s.record, CODE_ENROLL, NOW_S), 0);
	cr_expect(recovers);
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 10);
	end(&s);
}

Test(enroll, provisions_beside_what_there_is)
{
	struct scene s = begin();
	char id[DEVICE_ID_TEXT] = "";
	bool recovers = true;

	fixture_device(&s.record);
	fixture_one_time(&s.record, CODE_RECOVER, "0000000000000001", 0);
	cr_assert_eq(enroll_provision(&s.record, secret, DEVICE_TOTP, "phone",
			 NOW_S, &s.recovery, &recovers, id),
	    FAULT_NONE);
	cr_expect_str_eq(id, "d2");
	cr_expect_eq(s.record.devices.count, 2);
	cr_expect_not(recovers);
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 1);
	while (s.record.devices.count < DEVICES_MAX)
		fixture_device(&s.record);
	s.record.devices.items[1].secret.bytes[0] ^= 1;
	cr_expect_eq(enroll_provision(&s.record, secret, DEVICE_TOTP, "phone",
			 NOW_S, NULL, &recovers, id),
	    FAULT_LIMIT);
	end(&s);
}

/* announce.h decides which devices know of which change. */
Test(enroll, notes_who_made_the_codes_and_until_when_a_device_was_told)
{
	struct scene s = begin();

	confirm_step(&s, 0);
	cr_expect(s.record.made.present);
	cr_expect_eq(s.record.made.at_s, NOW_S);
	cr_expect_str_eq(s.record.made.from, ALICE_ADDRESS);
	cr_expect_str_eq(s.record.made.key, ALICE_KEY);
	cr_expect_eq(s.record.devices.items[0].told_s, NOW_S);
	cr_expect_eq(s.outcome.news.count, 0);
	spent_retire(&s.record, CODE_RECOVER, SPENT_VOID, NOW_S);
	cr_expect_not(s.record.made.present);
	end(&s);
}

Test(enroll, begins_a_second_device_where_the_first_was_told)
{
	struct scene s = begin();

	fixture_device(&s.record)->told_s = NOW_S - 500;
	s.login.proof = true;
	confirm_step(&s, 0);
	cr_assert_eq(s.record.devices.count, 2);
	cr_expect_eq(s.record.devices.items[0].told_s, NOW_S - 500);
	cr_expect_eq(s.record.devices.items[1].told_s, NOW_S - 500);
	cr_expect_not(s.record.made.present);
	end(&s);
}

/* In a record from an earlier version, the old device is told of the new
 * one, even after that was used. */
Test(enroll, is_announced_to_a_device_that_was_never_told)
{
	struct scene s = begin();
	struct announcements news;

	fixture_device(&s.record);
	s.record.last_login = (struct last_login){
	    .present = true, .at_s = NOW_S - 60};
	s.login.proof = true;
	confirm_step(&s, 0);
	s.record.last_login.at_s = NOW_S + 60;
	announce_changes(&s.record, "d1", NOW_S + 90, &news);
	cr_expect_eq(news.count, 1);
	end(&s);
}

Test(enroll, imports_a_device_and_its_scratch_codes_once)
{
	struct scene s = begin();
	struct import import = imported(2);
	const struct device *device;
	struct imported added;

	fixture_one_time(&s.record, CODE_RECOVER, "0000000000000001", 0);
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_assert_eq(s.record.devices.count, 1);
	device = &s.record.devices.items[0];
	cr_expect_eq(added.count, 1);
	cr_expect_str_eq(added.devices[0], "d1");
	cr_expect_str_eq(device->id, "d1");
	cr_expect_str_eq(device->added_from, "tfa-admin");
	cr_expect_arr_eq(device->secret.bytes, secret, 20);
	cr_expect_eq(device->digits, 8);
	cr_expect_eq(device->period_s, 60);
	cr_expect_eq(device->last_step, 7);
	cr_expect_not(s.record.pending.present);
	cr_expect(s.record.enrolled_once);
	cr_expect_eq(record_codes_left(&s.record, CODE_RECOVER, NOW_S), 1);
	cr_expect_eq(record_codes_left(&s.record, CODE_SCRATCH, NOW_S), 2);
	cr_expect_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_STALE);
	cr_expect_eq(s.record.devices.count, 1);
	cr_expect_eq(record_codes_left(&s.record, CODE_SCRATCH, NOW_S), 2);
	import_done(&import);
	end(&s);
}

/* The second is HOTP, and counts on from where it was. */
static void
add_more(struct import *import, uint8_t last)
{
	struct import_account *more = list_add(&import->more, sizeof(*more));

	*more = (struct import_account){.type = DEVICE_HOTP,
	    .algorithm = OTP_SHA256,
	    .digits = 6,
	    .secret = {"12345678901234567890", 20},
	    .counter = 42};
	more->secret.bytes[19] = last;
}

Test(enroll, imports_several_devices_at_once)
{
	struct scene s = begin();
	struct import import = imported(2);
	struct imported added;
	const struct device *device;

	add_more(&import, 1);
	add_more(&import, 2);
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_assert_eq(added.count, 3);
	cr_assert_eq(s.record.devices.count, 3);
	cr_expect_str_eq(added.devices[0], "d1");
	cr_expect_str_eq(added.devices[2], "d3");
	cr_expect_str_eq(s.record.devices.items[2].id, "d3");
	cr_expect_str_eq(s.record.devices.items[2].name, "imported-3");
	device = &s.record.devices.items[1];
	cr_expect_eq(device->type, DEVICE_HOTP);
	cr_expect_eq(device->algorithm, OTP_SHA256);
	cr_expect_eq(device->counter, 42);
	cr_expect_eq(device->period_s, 0);
	cr_expect_eq(device->last_step, 0);
	cr_expect_str_eq(device->added_from, "tfa-admin");
	cr_expect_eq(record_codes_left(&s.record, CODE_SCRATCH, NOW_S), 2);
	import_done(&import);
	end(&s);
}

/* The caller then writes nothing, and says which account it is. */
Test(enroll, says_which_of_several_has_a_known_secret)
{
	for (size_t known = 0; known < 3; known++) {
		struct scene s = begin();
		struct import import = imported(0);
		struct imported added;
		struct device *device = fixture_device(&s.record);

		add_more(&import, 1);
		add_more(&import, 2);
		device->secret = import_at(&import, known)->secret;
		cr_expect_eq(enroll_import(&s.record, &import, NOW_S, &added),
		    FAULT_STALE);
		cr_expect_eq(added.count, known);
		import_done(&import);
		end(&s);
	}
}

/* The file is as old as it is: a device that was used since goes on. */
Test(enroll, a_counter_that_comes_back_goes_on_behind_the_last_code)
{
	static const struct {
		uint64_t used; /* the last counter that was */
		uint64_t next; /* then, with a file that says 42 */
	} cases[] = {{41, 42}, {42, 43}, {50, 51}, {1041, 1042}, {1042, 42}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = begin();
		struct import import = imported(0);
		struct imported added;
		struct device *device;
		uint64_t *spent;

		add_more(&import, 1);
		cr_assert_eq(enroll_import(&s.record, &import, NOW_S, &added),
		    FAULT_NONE);
		device = &s.record.devices.items[1];
		spent = list_add(&device->spent_counters, sizeof(*spent));
		*spent = cases[i].used;
		device->counter = cases[i].used + 1;
		enroll_revoke(&s.record, false, NOW_S);
		cr_assert_eq(enroll_import(&s.record, &import, NOW_S, &added),
		    FAULT_NONE);
		cr_expect_eq(s.record.devices.items[1].counter, cases[i].next,
		    "%llu",
		    (unsigned long long)s.record.devices.items[1].counter);
		import_done(&import);
		end(&s);
	}
}

/* That a code was replaced says nothing about a counter. */
Test(enroll, a_counter_goes_on_behind_used_codes_only)
{
	struct scene s = begin();
	struct import import = imported(0);
	struct imported added;
	char code[OTP_DIGITS_MAX + 1], hash[HASH_TEXT];

	add_more(&import, 1);
	cr_assert_eq(
	    otp_code(OTP_SHA256, &import.more.items[0].secret, 45, 6, code),
	    FAULT_NONE);
	cr_assert_eq(onetime_hash(code, hash), FAULT_NONE);
	spent_add(&s.record, hash, SPENT_VOID, NOW_S);
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_expect_eq(s.record.devices.items[1].counter, 42);
	import_done(&import);
	end(&s);
}

Test(enroll, imports_no_secret_twice_from_one_packet)
{
	struct scene s = begin();
	struct import import = imported(0);
	struct imported added;

	add_more(&import, 1);
	add_more(&import, 1);
	cr_expect_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_STALE);
	cr_expect_eq(added.count, 2);
	import_done(&import);
	end(&s);
}

/* Two files may hold the same code, as after a change of the phone. */
Test(enroll, imports_a_scratch_code_once)
{
	struct scene s = begin();
	struct import import = imported(2);
	struct imported added;

	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	import.first.secret.bytes[0] ^= 1;
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_expect_eq(s.record.devices.count, 2);
	cr_expect_eq(record_codes_left(&s.record, CODE_SCRATCH, NOW_S), 2);
	import_done(&import);
	end(&s);
}

/* Administrators may still add codes, and the record must stay readable with
 * them. */
Test(enroll, imports_no_more_codes_than_a_record_holds)
{
	for (size_t there = 14; there <= 15; there++) {
		struct scene s = begin();
		struct import import = imported(10);
		struct imported added;

		for (size_t i = 0; i < there; i++)
			fixture_one_time(
			    &s.record, CODE_SCRATCH, "20000000", 0);
		cr_expect_eq(enroll_import(&s.record, &import, NOW_S, &added),
		    there == 14 ? FAULT_NONE : FAULT_LIMIT);
		import_done(&import);
		end(&s);
	}
}

/* Names may stand twice in an older record only. */
Test(enroll, numbers_a_name_that_is_taken)
{
	static const char *const names[] = {"phone", "phone-2", "phone-3"};
	struct scene s = begin();
	uint8_t another[ENROLL_SECRET_BYTES];
	char device[DEVICE_ID_TEXT];
	bool recovers;

	memcpy(another, secret, sizeof(another));
	for (size_t i = 0; i < COUNT(names); i++) {
		another[0]++;
		cr_assert_eq(enroll_provision(&s.record, another, DEVICE_TOTP,
				 "phone", NOW_S, NULL, &recovers, device),
		    FAULT_NONE);
		cr_expect_str_eq(s.record.devices.items[i].name, names[i]);
	}
	cr_expect_not(enroll_is_name_free(&s.record, "phone-2"));
	cr_expect_not(enroll_is_name_free(&s.record, "d4"));
	cr_expect(enroll_is_name_free(&s.record, "phone-4"));
	cr_expect(enroll_is_name_free(&s.record, "d"));
	cr_expect(enroll_is_name_free(&s.record, "d4x"));
	end(&s);
}

Test(enroll, cuts_a_long_name_for_its_number)
{
	struct scene s = begin();
	uint8_t another[ENROLL_SECRET_BYTES];
	char device[DEVICE_ID_TEXT];
	bool recovers;

	memcpy(another, secret, sizeof(another));
	for (size_t i = 0; i < 2; i++) {
		another[0]++;
		cr_assert_eq(
		    enroll_provision(&s.record, another, DEVICE_TOTP,
			"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
			"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
			"\xc3\xa9xx",
			NOW_S, NULL, &recovers, device),
		    FAULT_NONE);
	}
	cr_expect_str_eq(s.record.devices.items[1].name,
	    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9-2");
	end(&s);
}

/* An administrator's device that counts is good at once, from 0 on. */
Test(enroll, provisions_a_device_that_counts)
{
	struct scene s = begin();
	char id[DEVICE_ID_TEXT], code[OTP_DIGITS_MAX + 1];
	bool recovers = true;
	const struct device *device;

	cr_assert_eq(enroll_provision(&s.record, secret, DEVICE_HOTP, "token",
			 NOW_S, NULL, &recovers, id),
	    FAULT_NONE);
	device = &s.record.devices.items[s.record.devices.count - 1];
	cr_expect_eq(device->type, DEVICE_HOTP);
	cr_expect_eq(device->period_s, 0);
	cr_expect_eq(device->counter, 0);
	cr_expect_eq(device->last_used_s, 0);
	cr_expect_str_eq(device->name, "token");
	fixture_code_of(device, 0, code);
	verify_code(
	    &s.policy, &s.record, &s.login, code, strlen(code), &s.outcome);
	cr_expect_eq(s.outcome.reason, REASON_CODE);
	cr_expect_eq(device->counter, 1);
	end(&s);
}
