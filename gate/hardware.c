/*
 * Finds out whether the touch of the key that was used may stand for a code.
 * The files that say so are root's, and the policy names them: without the
 * keeper's word on them no key counts.
 */
#include <unistd.h>

#include "gate/gate.h"
#include "gate/sshd/hardware.h"
#include "gate/sshd/started.h"

static enum hardware
search(const struct gate *gate, const struct key *key)
{
	struct keypath_user user = facts_keypath_user(&gate->facts);
	const struct hardware_question question = {.user = &user,
	    .files = gate_key_files(gate),
	    .hardware = KEYPATH_LIST(gate->look.hardware_files),
	    .authorities = KEYPATH_LIST(gate->look.hardware_authorities)};
	struct timespec since;

	if (question.hardware.count + question.authorities.count == 0 ||
	    gate->facts.shell == NULL)
		return HARDWARE_NONE;
	if (!started_connection(getppid(), user.name, &since))
		since = (struct timespec){0};
	return hardware_prove(&question, key, &since);
}

/* If there are several keys, it is not clear which one was touched. */
void
gate_judge_hardware(struct gate *gate)
{
	const struct facts *facts = &gate->facts;
	struct key key;

	gate->hardware = HARDWARE_UNSAID;
	if (gate->hardware_unknown || facts->keys != 1 || facts->auth == NULL ||
	    !key_may_be_hardware(facts->auth) ||
	    key_parse(facts->auth, &key) != FAULT_NONE)
		return;
	if (key.hardware)
		gate->hardware = search(gate, &key);
	key_done(&key);
}
