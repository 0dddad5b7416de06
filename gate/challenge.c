#include <string.h>

#include "gate.h"
#include "term.h"

/* The prompt that VS Code, ansible and others look for. */
const char gate_prompt[] = "Verification code: ";

/* Judges one code, and keeps it where it is one to enrol with. */
static enum verdict
try_code(struct gate *gate, const char *code)
{
	enum verdict verdict = gate_ask(gate, "verify", code);

	if (verdict == VERDICT_ENROLL)
		memcpy(gate->enroll_code, code, strlen(code) + 1);
	else if (verdict == VERDICT_DENY)
		gate_say(gate);
	return verdict;
}

/* Whether the next code may be right where this one was not. */
static bool
may_try_again(const struct gate *gate)
{
	enum reason reason = reason_from_name(gate->reply.reason);

	return reason == REASON_WRONG_CODE || reason == REASON_CODE_USED ||
	    reason_is_undecided(reason);
}

bool
gate_is_put_off(const struct gate *gate, enum answer answer)
{
	bool command = gate->facts.command != NULL || gate->command != NULL;

	return answer == ANSWER_EMPTY || (answer == ANSWER_NONE && command);
}

/* An offer was put off, or no code of these was one: the keeper says whether
 * that is all right. */
static enum verdict
put_off(struct gate *gate)
{
	enum verdict verdict = gate_ask(gate, "skip", NULL);

	if (verdict == VERDICT_PASS || verdict == VERDICT_CHALLENGE)
		return verdict;
	gate_say(gate);
	return VERDICT_DENY;
}

enum verdict
gate_challenge(struct gate *gate)
{
	bool may_skip = gate->reply.may_skip;
	int64_t tries = gate->reply.tries, timeout_s = gate->reply.timeout_s;
	char code[INPUT_TEXT] = "";

	if (gate->facts.code[0] != '\0' && !gate->code_tried) {
		gate->code_tried = true;
		return try_code(gate, gate->facts.code);
	}
	gate_say(gate);
	if (!gate->facts.terminal)
		return gate_turn_away(gate, REASON_NEEDS_TERMINAL);
	for (; tries > 0; tries--) {
		enum answer answer = term_ask(
		    gate_prompt, timeout_s, code, sizeof(code));
		enum verdict verdict;

		if (may_skip && gate_is_put_off(gate, answer))
			break;
		if (answer != ANSWER_LINE)
			return gate_turn_away(gate, REASON_NO_CODE);
		verdict = try_code(gate, code);
		explicit_bzero(code, sizeof(code));
		if (verdict != VERDICT_DENY)
			return verdict;
		if (!may_try_again(gate))
			break;
	}
	if (may_skip)
		return put_off(gate);
	return tries > 0 ? VERDICT_DENY : gate_refuse(gate, REASON_TRIES);
}
