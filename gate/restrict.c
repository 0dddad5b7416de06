#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/gate.h"

struct keyfile_user
gate_keyfile_user(const struct gate *gate)
{
	return (struct keyfile_user){.name = gate->facts.user,
	    .home = gate->facts.home,
	    .uid = gate->facts.uid,
	    .gid = getgid()};
}

static bool
refuse(struct gate *gate, enum reason reason)
{
	return gate_turn_away(gate, reason) == VERDICT_PASS;
}

/* A file that is not there says nothing; one that cannot be read might. */
static enum reason
search_files(
    struct gate *gate, const struct key *key, struct restriction *doubted)
{
	struct keyfile_user user = gate_keyfile_user(gate);

	for (size_t i = 0; i < gate->reply.key_files.count; i++) {
		scoped_keyfile struct keyfile file = {.text = NULL};

		if (keyfile_read(&user, gate->reply.key_files.items[i].text,
			&file, gate->why) != FAULT_NONE)
			return REASON_KEY_FILE;
		if (file.text != NULL &&
		    keys_search(file.text, strlen(file.text), key,
			file.sound ? &gate->restriction : doubted) !=
			FAULT_NONE) {
			snprintf(gate->why, sizeof(gate->why),
			    "%.350s: out of memory", file.path);
			return REASON_KEY_FILE;
		}
	}
	return REASON_NONE;
}

static enum reason
reason_of(enum key_verdict verdict)
{
	switch (verdict) {
	case KEY_PASSES:
		return REASON_NONE;
	case KEY_UNLISTED:
		return REASON_KEY_UNLISTED;
	case KEY_IN_OPEN_FILE:
		return REASON_KEY_IN_OPEN_FILE;
	case KEY_DOUBTFUL:
		break;
	}
	return REASON_KEY_DOUBTFUL;
}

static enum reason
judge_key(struct gate *gate, const struct key *key)
{
	struct restriction doubted = {.listed = false};
	enum reason reason = search_files(gate, key, &doubted);

	if (reason == REASON_NONE)
		reason = reason_of(keys_judge(
		    &gate->restriction, &doubted, gate->reply.unlisted));
	restriction_done(&doubted);
	return reason;
}

/* Both may restrict a certificate; sshd wants them to agree, and so do we. */
static enum reason
combine(struct key *key, struct restriction *restriction)
{
	if (key->force_command == NULL)
		return REASON_NONE;
	if (restriction->command != NULL &&
	    strcmp(restriction->command, key->force_command) != 0)
		return REASON_KEY_COMMANDS;
	free(restriction->command);
	restriction->command = take(key->force_command);
	return REASON_NONE;
}

/* A line that runs a private gate of the user's: this process is it. */
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

static bool
restrict_to(struct gate *gate, struct key *key)
{
	struct restriction *found = &gate->restriction;
	enum reason reason = judge_key(gate, key);

	if (reason == REASON_NONE)
		reason = combine(key, found);
	if (reason != REASON_NONE)
		return refuse(gate, reason);
	if (found->command != NULL && gate->command == NULL &&
	    !is_this_gate(gate, found->command))
		gate->command = found->command;
	return true;
}

bool
gate_restrict(struct gate *gate)
{
	const struct facts *facts = &gate->facts;
	struct key key;
	bool ok;

	if (facts->auth_lost) {
		snprintf(gate->why, sizeof(gate->why), "%s", facts->auth_why);
		return refuse(gate, REASON_KEY_SPOILT);
	}
	/* Without ExposeAuthInfo only a line of authorized_keys itself, which
	 * is then obeyed by sshd, can have started a private gate. */
	if (facts->auth_path[0] == '\0') {
		enum reason reason;

		if (gate->keeper.store != NULL)
			return true;
		reason = gate_judge_unknown(gate);
		return reason == REASON_NONE || refuse(gate, reason);
	}
	if (facts->keys == 0)
		return true;
	if (facts->keys > 1)
		return refuse(gate, REASON_KEY_SEVERAL);
	if (facts->auth == NULL || key_parse(facts->auth, &key) != FAULT_NONE)
		return refuse(gate, REASON_KEY_ODD);
	ok = restrict_to(gate, &key);
	key_done(&key);
	return ok;
}
