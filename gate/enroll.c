#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/gate.h"
#include "gate/term.h"

#define KEEP_S 600 /* to write the recovery codes down */

/* The device is set up, so this passes even if the codes cannot be shown, but
 * not somebody who is gone. */
bool
gate_keep(struct gate *gate)
{
	scoped_sheet struct sheet sheet = {.columns = 0};
	char line[INPUT_TEXT];
	enum answer answer;

	display_size(STDERR_FILENO, &gate->facts.display);
	sheet.columns = gate->facts.display.columns;
	term_say("");
	gate_say(gate);
	sheet_say(&sheet, "Done: from now on you will be asked for a code.");
	sheet_say(&sheet,
	    "If your app has an older entry for this login, delete it: it no "
	    "longer works.");
	show_recovery(&gate->reply, &sheet);
	term_write(sheet.text);
	answer = term_ask("Press Enter when you have kept them: ", KEEP_S, line,
	    sizeof(line));
	if (answer != ANSWER_GONE && answer != ANSWER_NONE)
		return true;
	gate->exit = GATE_EXIT_DENIED;
	return false;
}

static enum verdict
confirm_once(struct gate *gate, const char *code)
{
	enum verdict verdict;

	gate->device = gate->pending;
	verdict = gate_ask(gate, "enroll_confirm", code);
	gate->device = NULL;
	return verdict;
}

/* Let in: with a new device, by an administrator's code to pass with, or since
 * another window of this connection set a device up meanwhile. */
static enum verdict
finish_device(struct gate *gate)
{
	enum reason reason = gate->reply.reason;

	if (reason == REASON_ENROLLED)
		return gate_keep(gate) ? VERDICT_PASS : VERDICT_DENY;
	gate_say(gate);
	if (reason == REASON_ONE_TIME_CODE)
		return VERDICT_PASS;
	term_say("Nothing was set up here: a device was set up from another "
		 "window meanwhile, or none is needed now.");
	return VERDICT_PASS;
}

static enum verdict
confirm_pending(
    struct gate *gate, bool may_skip, int64_t tries, int64_t timeout_s)
{
	char code[INPUT_TEXT] = "";

	for (; tries > 0; tries--) {
		enum answer answer = term_ask(
		    gate_prompt, timeout_s, code, sizeof(code));
		enum verdict verdict;

		if (may_skip && gate_is_put_off(gate, answer))
			break;
		if (answer != ANSWER_LINE)
			return gate_turn_away(gate, REASON_NO_CODE);
		gate->last = tries == 1 && !may_skip;
		verdict = confirm_once(gate, code);
		explicit_bzero(code, sizeof(code));
		if (verdict == VERDICT_PASS)
			return finish_device(gate);
		if (verdict == VERDICT_CHALLENGE)
			return verdict;
		gate_say(gate);
		if (gate->reply.reason != REASON_WRONG_CODE &&
		    reason_is_counted(gate->reply.reason))
			return VERDICT_DENY;
	}
	if (may_skip)
		return gate_put_off(gate);
	if (!reason_is_counted(gate->reply.reason))
		gate_report(gate, REASON_TRIES);
	term_say("That was the last try: log in again.");
	return VERDICT_DENY;
}

bool
gate_show(struct gate *gate, const struct showing *showing)
{
	scoped_scan struct scan scan = {.modules = NULL};
	scoped_json_text char *shown = NULL;

	/* The window may have another size than when the login began. */
	display_size(STDERR_FILENO, &gate->facts.display);
	if (scan_make(&gate->reply, DEVICE_TOTP, &scan) != FAULT_NONE ||
	    show_device(&gate->reply, &scan, &gate->facts.display, showing,
		&shown) != FAULT_NONE) {
		term_say("The code cannot be drawn: out of memory.");
		return false;
	}
	term_write(shown);
	explicit_bzero(gate->reply.secret, sizeof(gate->reply.secret));
	return true;
}

enum verdict
gate_enroll(struct gate *gate)
{
	bool may_skip = gate->reply.may_skip;
	/* A command must not wait for long: perhaps nobody is there to scan. */
	bool is_short = may_skip && gate_is_put_off(gate, ANSWER_NONE);
	int64_t short_s = gate->reply.timeout_s;
	char message[MESSAGE_TEXT];
	const struct showing showing = {message, gate_prompt};
	enum verdict verdict;

	if (!gate->facts.terminal)
		return gate_turn_away(gate, REASON_DEVICE_TERMINAL);
	memcpy(message, gate->reply.message, sizeof(message));
	verdict = gate_ask(gate, "enroll_begin", NULL);
	if (verdict == VERDICT_CHALLENGE)
		return verdict;
	if (verdict != VERDICT_ENROLL) {
		gate_say(gate);
		return verdict;
	}
	memcpy(gate->pending, gate->reply.device, sizeof(gate->pending));
	if (!gate_show(gate, &showing))
		return VERDICT_DENY;
	return confirm_pending(gate, may_skip, gate->reply.tries,
	    is_short ? short_s : gate->reply.timeout_s);
}
