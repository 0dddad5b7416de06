#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "gate.h"
#include "term.h"
#include "utf8.h"

#define COMMAND_SENT   256  /* bytes of a command that the log keeps */
#define REPORT_WAIT_MS 2000 /* for a keeper that answered just now */

/* The claims of this login, cleaned: the reader of packets is strict. */
static enum fault
fill(const struct gate *gate, const char *request, const char *code,
    struct request *ret)
{
	const struct facts *facts = &gate->facts;

	*ret = (struct request){.version = PROTOCOL_VERSION,
	    .terminal = facts->terminal,
	    .shell = facts->command == NULL && gate->command == NULL};
	snprintf(ret->request, sizeof(ret->request), "%s", request);
	memcpy(ret->address, facts->address, sizeof(ret->address));
	memcpy(ret->auth_path, facts->auth_path, sizeof(ret->auth_path));
	memcpy(ret->enroll_code, gate->enroll_code, sizeof(ret->enroll_code));
	if (gate->device != NULL)
		utf8_clean(gate->device, strlen(gate->device), ret->device,
		    sizeof(ret->device));
	if (code != NULL)
		snprintf(ret->code, sizeof(ret->code), "%s", code);
	if (facts->auth != NULL && (ret->auth = strdup(facts->auth)) == NULL)
		return FAULT_MEMORY;
	if (facts->command == NULL)
		return FAULT_NONE;
	ret->command = malloc(COMMAND_SENT + 1);
	if (ret->command == NULL)
		return FAULT_MEMORY;
	utf8_clean(facts->command, strlen(facts->command), ret->command,
	    COMMAND_SENT + 1);
	return FAULT_NONE;
}

static enum verdict
no_keeper(struct gate *gate, const char *why)
{
	char line[400];

	snprintf(line, sizeof(line),
	    "%s: denied, the keeper cannot be reached: %s",
	    program_invocation_short_name, why);
	term_say(line);
	gate->exit = GATE_EXIT_KEEPER;
	return VERDICT_DENY;
}

/* A code at hand follows at once; no process of the keeper's waits while a
 * person thinks. */
static bool
is_followed(const struct gate *gate, const char *request, enum verdict verdict)
{
	return strcmp(request, "login") == 0 && verdict == VERDICT_CHALLENGE &&
	    gate->facts.code[0] != '\0';
}

enum verdict
gate_ask(struct gate *gate, const char *request, const char *code)
{
	scoped_request struct request packet = {.version = 0};
	enum verdict verdict;

	if (strcmp(request, "verify") != 0)
		client_close(&gate->client);
	reply_done(&gate->reply);
	gate->reply = (struct reply){.version = 0};
	if (fill(gate, request, code, &packet) != FAULT_NONE)
		return no_keeper(gate, "out of memory");
	if (client_follow(&gate->client, &gate->keeper, &packet,
		&gate->reply) != FAULT_NONE)
		return no_keeper(gate, gate->client.why);
	verdict = verdict_from_name(gate->reply.verdict);
	if (strcmp(request, "login") == 0 && verdict != VERDICT_DENY &&
	    !facts_name(&gate->facts, &gate->reply))
		return no_keeper(gate, "it names no home folder and shell");
	gate->exit = reason_exit(reason_from_name(gate->reply.reason));
	if (!is_followed(gate, request, verdict))
		client_close(&gate->client);
	return verdict;
}

void
gate_say(const struct gate *gate)
{
	for (size_t i = 0; i < gate->reply.notes.count; i++)
		term_say(gate->reply.notes.items[i].text);
	if (gate->reply.message[0] != '\0')
		term_say(gate->reply.message);
}

enum verdict
gate_refuse(struct gate *gate, enum reason reason)
{
	char line[MESSAGE_TEXT + WHY_TEXT];
	struct reason_facts facts = {.name = gate->why};

	reason_say(reason, &facts, line, sizeof(line));
	term_say(line);
	gate->exit = reason_exit(reason);
	return VERDICT_DENY;
}

static void
report(const struct gate *gate, enum reason reason)
{
	struct client_options keeper = gate->keeper;
	scoped_request struct request packet = {.version = 0};
	struct reply reply;
	char why[320];

	keeper.wait_ms = REPORT_WAIT_MS;
	if (fill(gate, "refuse", NULL, &packet) != FAULT_NONE)
		return;
	snprintf(
	    packet.reason, sizeof(packet.reason), "%s", reason_name(reason));
	if (client_call(&keeper, &packet, &reply, why, sizeof(why)) ==
	    FAULT_NONE)
		reply_done(&reply);
}

enum verdict
gate_turn_away(struct gate *gate, enum reason reason)
{
	client_close(&gate->client); /* or the keeper waits for a code */
	report(gate, reason);
	return gate_refuse(gate, reason);
}
