#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/gate.h"
#include "store/base/cleanup.h"

/* *ret_command: what the key may run, or NULL for everything. */
static enum reason
judge_key(struct gate *gate, struct key *key, char **ret_command)
{
	struct keypath_user user = facts_keypath_user(&gate->facts);
	struct keys_question question = {.files = gate_key_files(gate),
	    .user = &user,
	    .unlisted = gate_takes_unlisted(gate),
	    .read = keyfile_read};

	return keys_decide(&question, key, ret_command, gate->why);
}

/* True if the command of a key's line is a private gate of the user's, which
 * is this very process. */
static bool
is_this_gate(const struct gate *gate, const char *command)
{
	size_t n = strcspn(command, " \t");
	static const char name[] = "tfa-gate";
	size_t len = sizeof(name) - 1;

	return gate->keeper.store != NULL && n >= len &&
	    strncmp(command + n - len, name, len) == 0 &&
	    (n == len || command[n - len - 1] == '/');
}

static enum reason
restrict_to(struct gate *gate, struct key *key)
{
	enum reason reason = judge_key(gate, key, &gate->key_command);

	if (reason == REASON_NONE && gate->key_command != NULL &&
	    gate->command == NULL && !is_this_gate(gate, gate->key_command))
		gate->command = gate->key_command;
	return reason;
}

static enum reason
judge_login(struct gate *gate)
{
	const struct facts *facts = &gate->facts;
	enum reason reason;
	struct key key;

	if (facts->auth_lost) {
		snprintf(gate->why, sizeof(gate->why), "%s", facts->auth_why);
		return REASON_KEY_SPOILT;
	}
	/* Without ExposeAuthInfo only a line of authorized_keys itself, which
	 * is then obeyed by sshd, can have started a private gate. */
	if (!facts->auth_named)
		return gate->keeper.store != NULL ? REASON_NONE
						  : gate_judge_unknown(gate);
	if (facts->keys == 0)
		return REASON_NONE;
	if (facts->keys > 1)
		return REASON_KEY_SEVERAL;
	if (facts->auth == NULL || key_parse(facts->auth, &key) != FAULT_NONE)
		return REASON_KEY_ODD;
	reason = restrict_to(gate, &key);
	key_done(&key);
	return reason;
}

/* An earlier look, in other files, does not count. */
void
gate_restrict(struct gate *gate)
{
	if (gate->key_command != NULL && gate->command == gate->key_command)
		gate->command = NULL;
	free(take(gate->key_command));
	gate->refusal = judge_login(gate);
}
