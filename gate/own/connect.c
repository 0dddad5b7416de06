/*
 * tfa connect: in place of nc, and the one command of an account that may only
 * jump.
 *
 * For such an account the administrator's words alone are options.  The
 * client's are a host and a port, which are compared with a list; no shell ever
 * reads them.  It must never connect to what is not in the list, nor before the
 * keeper has it in its log, nor run a program.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate/own/tcp.h"
#include "gate/own/own.h"
#include "gate/own/relay.h"
#include "store/base/cleanup.h"
#include "store/folder/policy_file.h"
#include "store/wire/dial.h"

#define LOG_WAIT_MS 2000 /* where the connection is made in any case */

/* Tells the keeper, and returns its answer; ret_message: its words, or why
 * there is no answer, and own->gate.exit. */
static enum verdict
tell_keeper(struct own *own, const struct endpoint *endpoint,
    enum reason reason, char *ret_message, size_t size)
{
	struct client_options keeper = own->gate.keeper;
	scoped_request struct request packet = {.version = 0};
	scoped_reply struct reply reply = {.version = 0};
	char why[320] = "out of memory", said[360];

	if (own->targets == NULL)
		keeper.wait_ms = LOG_WAIT_MS;
	own->gate.exit = GATE_EXIT_KEEPER;
	if (gate_claim(&own->gate, "connect", NULL, &packet) == FAULT_NONE) {
		endpoint_format(endpoint, packet.target);
		packet.reason = reason;
		if (client_call(&keeper, &packet, &reply, why, sizeof(why)) ==
		    FAULT_NONE) {
			own->gate.exit = reason_exit(reply.reason);
			snprintf(ret_message, size, "tfa: %s", reply.message);
			return reply.verdict;
		}
	}
	dial_say_unreached(&keeper, geteuid(), why, said, sizeof(said));
	snprintf(ret_message, size, "tfa: no connection: %s", said);
	return VERDICT_DENY;
}

static int
connect_to(const struct endpoint *endpoint)
{
	scoped_fd int fd = tcp_connect(endpoint);
	int error;

	if (fd < 0)
		return OWN_FAILED;
	error = relay(STDIN_FILENO, STDOUT_FILENO, fd, RELAY_SILENT_MS);
	if (error == 0)
		return 0;
	fprintf(stderr, "tfa: the connection to %s port %s broke off: %s\n",
	    endpoint->host, endpoint->port, strerror(error));
	return OWN_FAILED;
}

/* A user who can run this can run another program, too, so that nothing is
 * gained by refusing what cannot be logged. */
static int
connect_given(struct own *own)
{
	struct endpoint endpoint;
	char message[MESSAGE_TEXT + 8];
	bool ok = own->words[1] != NULL
	    ? endpoint_parse(own->words[0], own->words[1], &endpoint)
	    : own->words[0] != NULL &&
		endpoint_parse_pair(own->words[0], &endpoint);

	if (!ok) {
		fputs("tfa: \"connect\" needs a host and a port from 1 to "
		      "65535: tfa connect HOST PORT\n",
		    stderr);
		return OWN_USAGE;
	}
	(void)tell_keeper(
	    own, &endpoint, REASON_NONE, message, sizeof(message));
	return connect_to(&endpoint);
}

/* The list is root's: of a store of one's own, the owner's too, as the policy.
 */
static bool
read_list(const struct own *own, char **ret, size_t *ret_len)
{
	uid_t owner = own->gate.keeper.store != NULL ? geteuid() : 0;
	char why[POLICY_WHY_TEXT];

	if (policy_file_read(own->targets, owner, ret, ret_len, why) !=
	    FAULT_NONE)
		fprintf(stderr, "tfa: no connection: %s\n", why);
	else if (*ret_len > POLICY_MAX)
		fprintf(stderr, "tfa: no connection: %s is too large\n",
		    own->targets);
	else
		return true;
	return false;
}

static void
say_purpose(const char *list, size_t len)
{
	struct endpoint endpoint;
	char text[ENDPOINT_TEXT];
	size_t at = 0;

	fputs(
	    "tfa: this account runs no command: it only connects to\n", stderr);
	while (endpoint_next(list, len, &at, &endpoint)) {
		endpoint_format(&endpoint, text);
		fprintf(stderr, "tfa:     %s\n", text);
	}
	fputs("tfa: In your ~/.ssh/config, for each of these hosts:\n"
	      "tfa:     ProxyCommand ssh BASTION tfa connect %h %p\n",
	    stderr);
}

/* 0 if endpoint is in the list, or after a message the exit status. */
static int
check_listed(struct own *own, const struct endpoint *endpoint, const char *list,
    size_t len)
{
	char message[MESSAGE_TEXT + 8];
	size_t line = 0;

	switch (endpoint_look_up(endpoint, list, len, &line)) {
	case LISTED_HERE:
		if (tell_keeper(own, endpoint, REASON_NONE, message,
			sizeof(message)) == VERDICT_PASS)
			return 0;
		break;
	case LISTED_NOT:
		(void)tell_keeper(own, endpoint, REASON_TARGET_CLOSED, message,
		    sizeof(message));
		endpoint_format(endpoint, own->gate.why);
		(void)gate_refuse(&own->gate, REASON_TARGET_CLOSED);
		return own->gate.exit;
	case LISTED_WRONG:
		fprintf(stderr,
		    "tfa: no connection: line %zu of %s is no HOST:PORT\n",
		    line, own->targets);
		return GATE_EXIT_CONFIG;
	}
	fprintf(stderr, "%s\n", message);
	return own->gate.exit;
}

/* "true" only opens a connection that others share: ssh -t BASTION true. */
static int
connect_listed(struct own *own)
{
	const char *command = own->gate.facts.command;
	scoped_free char *list = NULL;
	size_t len = 0;
	struct endpoint endpoint;
	int status;

	if (own->words[0] != NULL) {
		fputs("tfa: with --targets the client names host and port\n",
		    stderr);
		return OWN_USAGE;
	}
	if (!read_list(own, &list, &len))
		return GATE_EXIT_CONFIG;
	if (command != NULL && strcmp(command, "true") == 0)
		return 0;
	if (command == NULL || !endpoint_parse_command(command, &endpoint)) {
		say_purpose(list, len);
		return OWN_FAILED;
	}
	status = check_listed(own, &endpoint, list, len);
	return status != 0 ? status : connect_to(&endpoint);
}

int
own_connect(struct own *own)
{
	return own->targets != NULL ? connect_listed(own) : connect_given(own);
}
