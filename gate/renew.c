/*
 * A further device: for a person whose recovery code let them in, and for tfa.
 */
#include <strings.h>
#include <string.h>
#include <unistd.h>

#include "gate/gate.h"
#include "gate/screen/sheet.h"
#include "gate/term.h"

/* Short enough to stand beside the margin of a QR code. */
static const char new_prompt[] = "New device's code: ";

static void
say_broken(struct gate *gate, const char *text)
{
	struct sheet sheet = {.columns = 0};

	display_size(STDERR_FILENO, &gate->facts.display);
	sheet.columns = gate->facts.display.columns;
	sheet_say(&sheet, text);
	term_write(sheet.text);
}

/* Asks for the new device's first code; a wrong one may be typed again. */
static enum verdict
confirm_further(struct gate *gate, bool may_skip)
{
	int64_t tries = gate->reply.tries, timeout_s = gate->reply.timeout_s;
	char code[INPUT_TEXT] = "";

	for (; tries > 0; tries--) {
		enum answer answer = term_ask(
		    new_prompt, timeout_s, code, sizeof(code));
		enum verdict verdict;

		if (answer != ANSWER_LINE && may_skip)
			return VERDICT_DENY;
		if (answer != ANSWER_LINE)
			return gate_refuse(gate, REASON_NO_CODE);
		verdict = gate_ask(gate, "device_confirm", code);
		explicit_bzero(code, sizeof(code));
		if (verdict == VERDICT_PASS)
			return verdict;
		gate_say(gate);
		if (gate->reply.reason != REASON_WRONG_CODE &&
		    reason_is_counted(gate->reply.reason))
			break;
	}
	return VERDICT_DENY;
}

enum verdict
gate_add_device(struct gate *gate, bool may_skip)
{
	const struct showing showing = {
	    may_skip ? "Press Enter to do this later." : "", new_prompt};
	enum verdict verdict;

	memcpy(gate->pending, gate->reply.device, sizeof(gate->pending));
	if (!gate_show(gate, &showing))
		return VERDICT_DENY;
	gate->device = gate->pending;
	verdict = confirm_further(gate, may_skip);
	gate->device = NULL;
	return verdict;
}

static bool
wants_device(struct gate *gate)
{
	char line[INPUT_TEXT] = "";

	say_broken(gate,
	    "You used a recovery code. If your phone is lost or new, you can "
	    "set up the new one now, without a second code.");
	return term_ask("Type yes to set it up, or press Enter: ",
		   gate->reply.timeout_s, line, sizeof(line)) == ANSWER_LINE &&
	    (strcasecmp(line, "yes") == 0 || strcasecmp(line, "y") == 0);
}

/* The login has passed, so whatever happens here, the session begins. */
void
gate_renew(struct gate *gate)
{
	bool may = gate->reply.may_renew && gate->recovery_code[0] != '\0' &&
	    gate->facts.terminal && gate->facts.command == NULL &&
	    gate->command == NULL;

	if (may && wants_device(gate)) {
		if (gate_ask(gate, "device_begin", gate->recovery_code) !=
		    VERDICT_ENROLL)
			gate_say(gate);
		else if (gate_add_device(gate, true) == VERDICT_PASS)
			say_broken(gate,
			    "Done: the new device's codes are good. If the old "
			    "one is lost, remove it: tfa status, tfa remove.");
		else
			say_broken(gate, "No device was set up.");
	} else if (may) {
		say_broken(gate,
		    "Not now. Within ten minutes, on this connection, tfa add "
		    "takes the same recovery code again.");
	}
	explicit_bzero(gate->recovery_code, sizeof(gate->recovery_code));
}
