#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/gate.h"
#include "gate/term.h"
#include "store/base/utf8.h"
#include "store/wire/dial.h"

#define COMMAND_SENT   256  /* bytes of a command that the log keeps */
#define REPORT_WAIT_MS 2000 /* for a keeper that answered just now */

/* Cleaned: the keeper refuses a packet with a control character in it. */
enum fault
gate_claim(const struct gate *gate, const char *request, const char *code,
    struct request *ret)
{
	const struct facts *facts = &gate->facts;

	*ret = (struct request){.version = PROTOCOL_VERSION,
	    .terminal = facts->terminal,
	    .shell = facts->command == NULL && gate->command == NULL,
	    .last = code != NULL && gate->last};
	snprintf(ret->request, sizeof(ret->request), "%s", request);
	memcpy(ret->address, facts->address, sizeof(ret->address));
	memcpy(ret->auth_path, facts->auth_path, sizeof(ret->auth_path));
	/* The keeper refuses a field that the request does not take. */
	if (strncmp(request, "enroll_", 7) == 0 ||
	    strncmp(request, "device_", 7) == 0)
		memcpy(ret->enroll_code, gate->enroll_code,
		    sizeof(ret->enroll_code));
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
gate_no_keeper(struct gate *gate, const char *why)
{
	char said[360], line[400];

	dial_say_unreached(&gate->keeper, geteuid(), why, said, sizeof(said));
	snprintf(line, sizeof(line), "%s: denied, %s",
	    program_invocation_short_name, said);
	term_say(line);
	gate->exit = GATE_EXIT_KEEPER;
	return VERDICT_DENY;
}

/* A code that is at hand follows on the same connection, as does the login
 * after a look at other files.  While a person thinks, no process of the
 * keeper's waits. */
static bool
is_followed(const struct gate *gate, const char *request, enum verdict verdict)
{
	if (strcmp(request, "login") != 0)
		return false;
	return verdict == VERDICT_CHALLENGE ? gate->facts.code[0] != '\0'
					    : gate->reply.reason == REASON_LOOK;
}

/* A login that the gate refuses anyhow waits for the keeper to log it, and to
 * say if the policy has a reason of its own, but not for long. */
static enum fault
send_packet(struct gate *gate, bool refused, const struct request *packet)
{
	struct client_options keeper = gate->keeper;
	enum fault fault;

	/* A login that follows on the connection may be one of another kind. */
	if (refused)
		keeper.wait_ms = REPORT_WAIT_MS;
	gate->client.wait_ms = keeper.wait_ms > 0 ? keeper.wait_ms
						  : CLIENT_WAIT_MS;
	fault = client_follow(&gate->client, &keeper, packet, &gate->reply);
	if (fault == FAULT_NONE || !refused)
		return fault;
	client_close(&gate->client);
	gate->reply = (struct reply){.reason = gate->refusal};
	return FAULT_NONE;
}

/* True if the keeper's reply to a login names this user. */
static bool
has_name(struct gate *gate)
{
	bool needed = gate->reply.verdict != VERDICT_DENY ||
	    gate->reply.reason == REASON_LOOK;

	return !needed || facts_name(&gate->facts, &gate->reply);
}

/* Puts the gate's judgement of the key into a login. */
static void
claim_keys(const struct gate *gate, struct request *ret)
{
	const char *name = gate->look.keys[0] != '\0' ? gate->look.keys
						      : KEYS_DEFAULT;

	ret->reason = gate->refusal;
	if (gate->facts.shell == NULL)
		name = KEYS_NONE;
	snprintf(ret->keys, sizeof(ret->keys), "%s", name);
	ret->hardware = (int)gate->hardware;
}

enum verdict
gate_ask(struct gate *gate, const char *request, const char *code)
{
	scoped_request struct request packet = {.version = 0};
	bool is_login = strcmp(request, "login") == 0;
	enum verdict verdict;

	if (!is_login && strcmp(request, "verify") != 0)
		client_close(&gate->client);
	reply_done(&gate->reply);
	gate->reply = (struct reply){.version = 0};
	if (gate_claim(gate, request, code, &packet) != FAULT_NONE)
		return gate_no_keeper(gate, "out of memory");
	if (is_login)
		claim_keys(gate, &packet);
	if (send_packet(gate, is_login && gate->refusal != REASON_NONE,
		&packet) != FAULT_NONE)
		return gate_no_keeper(gate, gate->client.why);
	verdict = gate->reply.verdict;
	if (is_login && !has_name(gate))
		return gate_no_keeper(
		    gate, "it names no home folder and shell");
	gate->exit = reason_exit(gate->reply.reason);
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

/* True if a denial is about the code; *ret_now: another code may pass now. */
static bool
is_of_code(const struct gate *gate, bool *ret_now)
{
	enum reason reason = gate->reply.reason;

	*ret_now = reason == REASON_WRONG_CODE || !reason_is_counted(reason);
	return *ret_now || reason == REASON_LOCKED || reason == REASON_STOPPED;
}

bool
gate_say_environment(const struct gate *gate)
{
	char line[MESSAGE_TEXT + 64];
	bool now;

	if (!is_of_code(gate, &now)) {
		gate_say(gate);
		return false;
	}
	snprintf(line, sizeof(line), "TFA_CODE in your environment: %s",
	    gate->reply.message);
	term_say(line);
	if (gate->facts.terminal && !reason_is_counted(gate->reply.reason))
		return true;
	if (gate->facts.terminal)
		term_say("Take TFA_CODE out of your environment to be asked "
			 "for a code.");
	else if (now)
		term_say("Send a new code in TFA_CODE, or leave it out and use "
			 "a terminal (ssh -t).");
	return false;
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

int
gate_no_user(const struct gate *gate, enum fault fault)
{
	char line[MESSAGE_TEXT + 64], why[MESSAGE_TEXT], bytes[24];
	struct reason_facts facts = {.name = bytes};

	snprintf(bytes, sizeof(bytes), "%zu", gate->facts.name_len);
	snprintf(why, sizeof(why), "Who you are cannot be found out: %s.",
	    fault == FAULT_MEMORY ? "out of memory"
				  : "/etc/passwd cannot be read");
	if (gate->facts.name_len > 0)
		reason_say(REASON_LONG_NAME, &facts, why, sizeof(why));
	snprintf(line, sizeof(line), "%s: access denied. %s",
	    program_invocation_short_name, why);
	term_say(line);
	return gate->facts.name_len > 0 ? GATE_EXIT_CONFIG : GATE_EXIT_DENIED;
}

void
gate_report(struct gate *gate, enum reason reason)
{
	struct client_options keeper = gate->keeper;
	scoped_request struct request packet = {.version = 0};
	struct reply reply;
	char why[320];

	client_close(&gate->client); /* the keeper waits for a code there */
	keeper.wait_ms = REPORT_WAIT_MS;
	if (gate_claim(gate, "refuse", NULL, &packet) != FAULT_NONE)
		return;
	packet.reason = reason;
	if (client_call(&keeper, &packet, &reply, why, sizeof(why)) ==
	    FAULT_NONE)
		reply_done(&reply);
}

enum verdict
gate_turn_away(struct gate *gate, enum reason reason)
{
	gate_report(gate, reason);
	return gate_refuse(gate, reason);
}

static enum verdict
ask_login(struct gate *gate)
{
	/* The files are in a home folder that is not known yet. */
	if (gate->facts.shell != NULL)
		gate_restrict(gate);
	gate_judge_hardware(gate);
	return gate_ask(gate, "login", NULL);
}

/* A keeper of an older release does not know the claim, and takes no request
 * that has it: the login is then as that of any other key. */
static enum verdict
ask_any_keeper(struct gate *gate)
{
	enum verdict verdict = ask_login(gate);

	if (gate->hardware == HARDWARE_UNSAID || verdict != VERDICT_DENY ||
	    gate->reply.reason != REASON_BAD_REQUEST)
		return verdict;
	gate->hardware_unknown = true;
	return ask_login(gate);
}

enum verdict
gate_login(struct gate *gate)
{
	enum verdict verdict = ask_any_keeper(gate);

	if (verdict == VERDICT_DENY && gate->reply.reason == REASON_LOOK) {
		gate->look = gate->reply;
		gate->reply = (struct reply){.version = 0};
		verdict = ask_login(gate);
	}
	/* Whatever was answered, a key that is refused does not get in. */
	if (gate->refusal != REASON_NONE &&
	    (verdict != VERDICT_DENY || gate->reply.reason == gate->refusal))
		return gate_refuse(gate, gate->refusal);
	if (verdict == VERDICT_DENY || verdict == VERDICT_PASS)
		gate_say(gate);
	return verdict;
}
