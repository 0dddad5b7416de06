#include <string.h>

#include "gate/gate.h"
#include "gate/term.h"

#define SLIPS_MAX 10 /* this many inputs that are no code count as no try */

const char gate_prompt[] = VERDICT_PROMPT;

/* Has the keeper judge a code, and shows what a pass says.  A code to enrol with
 * is kept: the enrolment itself must show it to the keeper again. */
static enum verdict
try_code(struct gate *gate, const char *code)
{
	enum verdict verdict = gate_ask(gate, "verify", code);

	if (verdict == VERDICT_ENROLL)
		memcpy(gate->enroll_code, code, strlen(code) + 1);
	if (verdict == VERDICT_PASS)
		gate_say(gate);
	if (verdict == VERDICT_PASS && gate->reply.may_renew)
		memcpy(gate->recovery_code, code, strlen(code) + 1);
	return verdict;
}

/* Returns how many tries that answer takes: none if nothing was counted, as
 * after a slip of the fingers or of the clipboard. */
static int
tries_taken(const struct gate *gate, int *slips)
{
	return reason_is_counted(gate->reply.reason) || ++*slips > SLIPS_MAX;
}

/* The keeper has not logged the end of the login if the last input counted as
 * no try there. */
static enum verdict
end_of_tries(struct gate *gate)
{
	return reason_is_counted(gate->reply.reason)
	    ? gate_refuse(gate, REASON_TRIES)
	    : gate_turn_away(gate, REASON_TRIES);
}

bool
gate_is_put_off(const struct gate *gate, enum answer answer)
{
	bool command = gate->facts.command != NULL || gate->command != NULL;

	return answer == ANSWER_EMPTY || (answer == ANSWER_NONE && command);
}

enum verdict
gate_put_off(struct gate *gate)
{
	enum verdict verdict = gate_ask(gate, "skip", NULL);

	if (verdict != VERDICT_CHALLENGE)
		gate_say(gate);
	return verdict == VERDICT_ENROLL ? VERDICT_DENY : verdict;
}

/* Asks until a code passes or no more may be tried. */
static enum verdict
ask_person(struct gate *gate, bool may_skip, int64_t tries, int64_t timeout_s)
{
	char code[INPUT_TEXT] = "";
	int slips = 0;

	while (tries > 0) {
		enum answer answer = term_ask(
		    gate_prompt, timeout_s, code, sizeof(code));
		enum verdict verdict;

		if (may_skip && gate_is_put_off(gate, answer))
			break;
		if (answer != ANSWER_LINE)
			return gate_turn_away(gate, REASON_NO_CODE);
		gate->last = tries == 1 && !may_skip;
		verdict = try_code(gate, code);
		explicit_bzero(code, sizeof(code));
		if (verdict != VERDICT_DENY)
			return verdict;
		gate_say(gate);
		if (!reason_may_try_again(gate->reply.reason))
			break;
		tries -= tries_taken(gate, &slips);
	}
	if (may_skip)
		return gate_put_off(gate);
	return tries > 0 ? VERDICT_DENY : end_of_tries(gate);
}

enum verdict
gate_challenge(struct gate *gate)
{
	bool may_skip = gate->reply.may_skip;
	int64_t tries = gate->reply.tries, timeout_s = gate->reply.timeout_s;
	enum verdict verdict;

	if (gate->facts.code[0] != '\0' && !gate->code_tried) {
		gate->code_tried = true;
		gate->last = true;
		verdict = try_code(gate, gate->facts.code);
		if (verdict != VERDICT_DENY || !gate_say_environment(gate))
			return verdict;
	} else {
		gate_say(gate);
	}
	if (!gate->facts.terminal)
		return gate_turn_away(gate,
		    gate->facts.code_empty ? REASON_EMPTY_CODE
					   : REASON_NEEDS_TERMINAL);
	return ask_person(gate, may_skip, tries, timeout_s);
}
