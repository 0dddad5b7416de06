#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "gate/pam/ruling.h"
#include "store/base/utf8.h"

static const enum verdict verdicts[] = {
    VERDICT_DENY, VERDICT_CHALLENGE, VERDICT_PASS};

static struct ruling
sound(void)
{
	struct ruling ruling;

	ruling_deny(&ruling, RULING_ENDS, "Locked.");
	return ruling;
}

Test(ruling, zeroed_memory_denies)
{
	static const struct ruling zero;

	cr_assert(ruling_is_sound(&zero));
	cr_assert_eq(zero.verdict, VERDICT_DENY);
	cr_assert_eq(zero.then, RULING_ENDS);
}

Test(ruling, other_verdicts_are_not_believed)
{
	struct ruling ruling = sound();
	int believed = 0;

	for (uint32_t v = 0; v < 0x10000; v++) {
		ruling.verdict = v;
		believed += ruling_is_sound(&ruling);
	}
	cr_assert_eq(believed, 3);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		ruling.verdict = verdicts[i];
		cr_expect(ruling_is_sound(&ruling), "%zu", i);
		ruling.verdict |= 0x10000;
		cr_expect_not(ruling_is_sound(&ruling), "%zu", i);
	}
	ruling.verdict = VERDICT_ENROLL;
	cr_expect_not(ruling_is_sound(&ruling));
}

Test(ruling, other_ways_to_go_on_are_not_believed)
{
	struct ruling ruling = sound();
	int believed = 0;

	for (uint32_t then = 0; then < 0x10000; then++) {
		ruling.then = then;
		believed += ruling_is_sound(&ruling);
	}
	cr_assert_eq(believed, 3);
	ruling.then = RULING_RETRY;
	ruling.verdict = VERDICT_PASS;
	cr_expect_not(ruling_is_sound(&ruling));
}

Test(ruling, lines_that_are_not_clean_are_not_believed)
{
	static const char *const odd[] = {
	    "\033[2J", "two\nlines", "\xff", "\xe2\x80\xae"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct ruling ruling = sound();

		memcpy(ruling.message, odd[i], strlen(odd[i]) + 1);
		cr_expect_not(ruling_is_sound(&ruling), "%zu", i);
		ruling = sound();
		ruling.notes = NOTES_MAX;
		memcpy(ruling.note[NOTES_MAX - 1], odd[i], strlen(odd[i]) + 1);
		cr_expect_not(ruling_is_sound(&ruling), "%zu", i);
	}
}

Test(ruling, lines_without_an_end_are_not_believed)
{
	struct ruling ruling = sound();

	memset(ruling.message, 'a', sizeof(ruling.message));
	cr_expect_not(ruling_is_sound(&ruling));
	ruling = sound();
	memset(ruling.note, 'a', sizeof(ruling.note));
	cr_expect_not(ruling_is_sound(&ruling));
}

Test(ruling, more_notes_than_there_are_are_not_believed)
{
	struct ruling ruling = sound();

	ruling.notes = NOTES_MAX;
	cr_expect(ruling_is_sound(&ruling));
	ruling.notes = NOTES_MAX + 1;
	cr_expect_not(ruling_is_sound(&ruling));
	ruling.notes = UINT32_MAX;
	cr_expect_not(ruling_is_sound(&ruling));
}

Test(ruling, texts_are_cut_at_whole_characters_and_cleaned)
{
	struct ruling ruling;
	char text[800];

	memset(text, 'a', sizeof(text));
	memcpy(text + 239, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	ruling_deny(&ruling, RULING_RETRY, text);
	cr_expect_eq(strlen(ruling.message), 239);
	cr_expect(ruling_is_sound(&ruling));
	ruling_deny(&ruling, RULING_RETRY, "a\033b");
	cr_expect_str_eq(ruling.message, "a?b");
}

static struct ruling
of(enum verdict verdict, enum reason reason, const char *message)
{
	struct reply reply = {.verdict = verdict, .reason = reason};
	struct ruling ruling;

	strncpy(reply.message, message, sizeof(reply.message) - 1);
	ruling_of_reply(&reply, &ruling);
	cr_expect(ruling_is_sound(&ruling));
	return ruling;
}

Test(ruling, another_code_is_asked_for_only_where_one_may_pass)
{
	static const struct {
		enum reason reason;
		enum ruling_then then;
	} cases[] = {{REASON_WRONG_CODE, RULING_RETRY},
	    {REASON_CODE_USED, RULING_RETRY}, {REASON_NOT_A_CODE, RULING_RETRY},
	    {REASON_ONE_TIME_USED, RULING_RETRY}, {REASON_LOCKED, RULING_ENDS},
	    {REASON_STOPPED, RULING_ENDS}, {REASON_CLOSED, RULING_ENDS},
	    {REASON_BAD_POLICY, RULING_ENDS},
	    {REASON_UNKNOWN_USER, RULING_ENDS}, {REASON_BUSY, RULING_ENDS}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruling r = of(VERDICT_DENY, cases[i].reason, "No.");

		cr_expect_eq(r.verdict, VERDICT_DENY, "%zu", i);
		cr_expect_eq(r.then, cases[i].then, "%zu", i);
		cr_expect_str_eq(r.message, "No.");
	}
}

Test(ruling, pass_and_challenge_stay_what_they_are)
{
	struct ruling pass = of(VERDICT_PASS, REASON_CODE, "");
	struct ruling ask = of(VERDICT_CHALLENGE, REASON_ASK_LOCKED, "Wait.");

	cr_expect_eq(pass.verdict, VERDICT_PASS);
	cr_expect_eq(ask.verdict, VERDICT_CHALLENGE);
	cr_expect_str_eq(ask.message, "Wait.");
}

/* A module sets no device up. */
Test(ruling, enrolment_is_a_denial_that_says_where)
{
	struct ruling r = of(VERDICT_ENROLL, REASON_SETUP, "From now on.");

	cr_expect_eq(r.verdict, VERDICT_DENY);
	cr_expect_eq(r.then, RULING_ENDS);
	cr_expect_not_null(strstr(r.message, "log in once with a terminal"));
}

Test(ruling, verdict_that_is_none_denies)
{
	struct reply reply = {.verdict = (enum verdict)0x1234};
	struct ruling ruling;

	memset(&ruling, 0xff, sizeof(ruling));
	ruling_of_reply(&reply, &ruling);
	cr_expect_eq(ruling.verdict, VERDICT_DENY);
	cr_expect(ruling_is_sound(&ruling));
}

Test(ruling, notes_are_taken_but_no_more_than_there_is_room)
{
	struct note notes[NOTES_MAX + 4] = {{""}};
	struct reply reply = {.verdict = VERDICT_PASS,
	    .notes = {.items = notes, .count = NOTES_MAX + 4}};
	struct ruling ruling;

	for (size_t i = 0; i < NOTES_MAX + 4; i++)
		memset(notes[i].text, 'n', sizeof(notes[i].text) - 1);
	ruling_of_reply(&reply, &ruling);
	cr_expect_eq(ruling.notes, NOTES_MAX);
	cr_expect_eq(strlen(ruling.note[NOTES_MAX - 1]), RULING_TEXT - 1);
	cr_expect(ruling_is_sound(&ruling));
}

/* A pipe takes it in one piece. */
Test(ruling, fits_a_pipe)
{
	cr_assert_leq(sizeof(struct ruling), 4096);
}
