/* The user's own devices and recovery codes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate/own/own.h"
#include "gate/term.h"
#include "store/base/when.h"
#include "store/core/report.h"
#include "store/wire/dial.h"

#define scoped_row __attribute__((cleanup(user_row_done)))

/* Reads a line from the terminal.  Returns false, with a message, if there
 * is none. */
static bool
ask_line(struct gate *gate, const char *prompt, int64_t timeout_s, char *ret,
    size_t size)
{
	enum answer answer = term_ask(prompt, timeout_s, ret, size);

	if (answer != ANSWER_LINE)
		gate_refuse(gate, REASON_NO_CODE);
	return answer == ANSWER_LINE;
}

/* Reads a current code from the terminal.  Returns false, with a message, if
 * there is none. */
static bool
ask_code(struct gate *gate, char *ret, size_t size)
{
	if (!gate->facts.terminal) {
		gate_refuse(gate,
		    gate->facts.code_empty ? REASON_EMPTY_CODE
					   : REASON_NEEDS_TERMINAL);
		return false;
	}
	gate->exit = GATE_EXIT_DENIED;
	return ask_line(gate, gate_prompt, 120, ret, size);
}

/* Sends the request to the keeper with a current code: with TFA_CODE if that
 * is good, else with one that the user types. */
static enum verdict
ask_with_code(struct gate *gate, const char *request)
{
	char code[INPUT_TEXT] = "";
	enum verdict verdict = VERDICT_DENY;

	if (gate->facts.code[0] != '\0') {
		verdict = gate_ask(gate, request, gate->facts.code);
		if (verdict != VERDICT_DENY || !gate_say_environment(gate))
			return verdict;
	}
	if (ask_code(gate, code, sizeof(code))) {
		verdict = gate_ask(gate, request, code);
		if (verdict == VERDICT_DENY)
			gate_say(gate);
	}
	explicit_bzero(code, sizeof(code));
	return verdict;
}

static void
print_row(const struct user_row *row)
{
	char when[WHEN_MINUTE];

	for (size_t i = 0; i < row->devices.count; i++) {
		const struct device_row *d = &row->devices.items[i];

		when_say_minute(d->added_s, when);
		printf("%s \"%s\"%s, added %s%s%s%s%s\n", d->id, d->name,
		    device_row_type(d), when,
		    d->added_from[0] != '\0' ? " from " : "", d->added_from,
		    d->added_key[0] != '\0' ? " with key " : "", d->added_key);
		when_say_minute(d->last_used_s, when);
		printf("    %s%s\n",
		    d->last_used_s > 0 ? "last used " : "never used",
		    d->last_used_s > 0 ? when : "");
	}
	if (row->devices.count == 0)
		puts("no device");
	printf("recovery codes left: %lld\n", (long long)row->recovery_left);
	if (row->last_login_s > 0) {
		when_say_minute(row->last_login_s, when);
		printf("last login: %s%s%s\n", when,
		    row->last_address[0] != '\0' ? " from " : "",
		    row->last_address);
	}
	printf(
	    "wrong codes since a right one: %lld\n", (long long)row->failures);
}

/* *ret: the user's own row; free it with user_row_done() in any case.  The
 * keeper's message is in gate->reply.  Returns 0, or after a message the exit
 * status. */
static int
read_row(struct gate *gate, struct user_row *ret)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "status"};
	const struct client_rows rows = {
	    &user_row_shape, ret, sizeof(*ret), NULL, NULL};
	char why[320], said[360];

	memcpy(request.address, gate->facts.address, sizeof(request.address));
	if (client_stream(&gate->keeper, &request, &rows, &gate->reply, why,
		sizeof(why)) != FAULT_NONE) {
		dial_say_unreached(
		    &gate->keeper, geteuid(), why, said, sizeof(said));
		fprintf(stderr, "tfa: %s\n", said);
		return GATE_EXIT_KEEPER;
	}
	if (!gate->reply.end || ret->user[0] == '\0') {
		fputs("tfa: the keeper refused\n", stderr);
		return GATE_EXIT_DENIED;
	}
	return 0;
}

int
own_status(struct own *own)
{
	struct gate *gate = &own->gate;
	scoped_row struct user_row row = {.state = STATE_NONE};
	int status = read_row(gate, &row);

	if (status != 0)
		return status;
	print_row(&row);
	if (gate->reply.message[0] != '\0')
		puts(gate->reply.message);
	return 0;
}

/* The device of that id; else the first of that name, and *ret_count how many
 * have it; NULL if there is none. */
static const struct device_row *
find_device_row(const struct user_row *row, const char *word, size_t *ret_count)
{
	const struct device_row *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < row->devices.count; i++) {
		const struct device_row *d = &row->devices.items[i];

		if (strcmp(d->id, word) == 0) {
			*ret_count = 1;
			return d;
		}
		if (strcmp(d->name, word) != 0)
			continue;
		found = found != NULL ? found : d;
		++*ret_count;
	}
	return found;
}

static int
refuse_ambiguous(
    struct gate *gate, const struct user_row *row, const char *name)
{
	char line[256];
	size_t len = (size_t)snprintf(line, sizeof(line),
	    "Several of your devices are called \"%.32s\": name one by its id:",
	    name);

	for (size_t i = 0; i < row->devices.count && len < sizeof(line); i++)
		if (strcmp(row->devices.items[i].name, name) == 0)
			len += (size_t)snprintf(line + len, sizeof(line) - len,
			    " %s", row->devices.items[i].id);
	term_say(line);
	gate->exit = GATE_EXIT_DENIED;
	return gate->exit;
}

/*
 * Returns 0, or the exit status if the keeper would refuse with any code; the
 * message comes before a code is asked for. word: the id or the name of the
 * device that must exist, or NULL; *ret then has its id and name, unless the
 * record is damaged.
 */
static int
check_device(struct gate *gate, const char *word, struct device_row *ret)
{
	scoped_row struct user_row row = {.state = STATE_NONE};
	const struct device_row *found = NULL;
	int status = read_row(gate, &row);
	size_t count = 0;

	if (status != 0)
		return status;
	if (word != NULL)
		found = find_device_row(&row, word, &count);
	if (row.problem[0] != '\0')
		return 0;
	if (row.devices.count == 0)
		gate_refuse(gate, REASON_NOT_ENROLLED);
	else if (count > 1)
		return refuse_ambiguous(gate, &row, word);
	else if (word != NULL && found == NULL)
		gate_refuse(gate, REASON_NO_DEVICE);
	else {
		if (found != NULL)
			*ret = *found;
		return 0;
	}
	return gate->exit;
}

/* Shows the recovery codes, which come with a first device, as at the gate. */
static int
end_of_add(struct gate *gate)
{
	if (gate->reply.codes.count > 0)
		return gate_keep(gate) ? 0 : gate->exit;
	puts("Done: codes from either device are good.");
	return 0;
}

/* Begins to set up a first device.  The user has no code yet, except perhaps
 * an administrator's code to enrol with; the keeper says if it needs one. */
static enum verdict
begin_first(struct gate *gate)
{
	enum verdict verdict = gate_ask(gate, "device_begin", NULL);
	int64_t tries = gate->reply.tries;

	for (; verdict == VERDICT_CHALLENGE && tries > 0; tries--) {
		gate_say(gate);
		if (!ask_line(gate, gate_prompt, gate->reply.timeout_s,
			gate->enroll_code, sizeof(gate->enroll_code)))
			return VERDICT_DENY;
		verdict = gate_ask(gate, "device_begin", NULL);
		if (verdict == VERDICT_DENY &&
		    gate->reply.reason == REASON_WRONG_CODE)
			verdict = VERDICT_CHALLENGE;
	}
	if (verdict != VERDICT_ENROLL)
		gate_say(gate);
	return verdict;
}

int
own_add(struct own *own)
{
	struct gate *gate = &own->gate;
	scoped_row struct user_row row = {.state = STATE_NONE};
	const char *name = own->words[0];
	int status = read_row(gate, &row);
	enum verdict verdict;
	size_t count;

	if (status != 0)
		return status;
	if (!gate->facts.terminal) {
		gate_refuse(gate, REASON_DEVICE_TERMINAL);
		return gate->exit;
	}
	if (name != NULL && find_device_row(&row, name, &count) != NULL) {
		gate_refuse(gate, REASON_NAME_TAKEN);
		return gate->exit;
	}
	gate->device = name;
	verdict = row.devices.count == 0 ? begin_first(gate)
					 : ask_with_code(gate, "device_begin");
	if (verdict != VERDICT_ENROLL)
		return gate->exit;
	gate->device = NULL;
	return gate_add_device(gate, false) == VERDICT_PASS ? end_of_add(gate)
							    : gate->exit;
}

int
own_remove(struct own *own)
{
	struct gate *gate = &own->gate;
	struct device_row device = {.id = ""};
	int status = check_device(gate, own->words[0], &device);

	if (status != 0)
		return status;
	gate->device = device.id[0] != '\0' ? device.id : own->words[0];
	if (ask_with_code(gate, "device_remove") != VERDICT_PASS)
		return gate->exit;
	printf("%s \"%s\" is removed.\n", device.id, device.name);
	return 0;
}

int
own_recovery(struct own *own)
{
	struct gate *gate = &own->gate;
	scoped_sheet struct sheet sheet = {
	    .columns = gate->facts.display.columns};
	int status = check_device(gate, NULL, NULL);

	if (status != 0)
		return status;
	if (ask_with_code(gate, "recovery") != VERDICT_PASS)
		return gate->exit;
	show_recovery(&gate->reply, &sheet);
	term_write(sheet.text);
	term_say("The earlier codes are void.");
	return 0;
}
