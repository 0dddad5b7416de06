/*
 * tfa-gate: sshd runs this in place of what the client asked for.  It is the
 * story of a login, and whatever it does not know is a refusal.
 */
#include <stdlib.h>

#include "gate/gate.h"
#include "gate/motd.h"
#include "gate/relro.h"
#include "gate/session.h"
#include "gate/term.h"

/* The person has been told why. */
static int
leave_denied(struct gate *gate)
{
	client_close(&gate->client);
	facts_done(&gate->facts);
	reply_done(&gate->look);
	reply_done(&gate->reply);
	free(gate->key_command);
	return gate->exit != 0 ? gate->exit : GATE_EXIT_DENIED;
}

int
main(int argc, char **argv)
{
	struct gate gate;
	enum fault fault;
	enum verdict verdict;

	if (!relro_protect()) {
		term_say("The kernel does not protect the gate's memory, so "
			 "nobody is let in: tell your admin.");
		return GATE_EXIT_DENIED;
	}
	gate_options(argc, argv, &gate);
	term_guard();

	fault = login_read(&gate.facts);
	if (fault != FAULT_NONE)
		return gate_no_user(&gate, fault);

	verdict = gate_login(&gate);

	if (verdict == VERDICT_CHALLENGE)
		verdict = gate_challenge(&gate);

	if (verdict == VERDICT_ENROLL)
		verdict = gate_enroll(&gate);

	/* Another window set a device up meanwhile. */
	if (verdict == VERDICT_CHALLENGE)
		verdict = gate_challenge(&gate);

	if (verdict != VERDICT_PASS)
		return leave_denied(&gate);
	if (gate.command == NULL && gate.facts.command == NULL)
		motd_greet(&gate.facts, &gate.reply);
	gate_renew(&gate);
	session_exec(verdict, &gate.facts, gate.command);
}
