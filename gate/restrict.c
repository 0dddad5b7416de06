#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "gate.h"
#include "keyfile.h"

#define KEYS_FILE_MAX (4UL << 20) /* bytes of an authorized_keys file */

/* What the files say of a key. */
struct search {
	const struct key *key;
	struct keyfile_user user;
	struct restriction *found;  /* by files that sshd believes */
	struct restriction doubted; /* by others */
};

/* A file that is not there says nothing; one that cannot be read might. */
static enum fault
search_file(const char *path, struct search *search)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	scoped_json_text char *text = NULL;
	char culprit[PATH_MAX];
	enum fault fault;
	size_t len = 0;

	if (fd < 0)
		return keyfile_is_absent(errno) ? FAULT_NONE : FAULT_IO;
	fault = file_read(fd, KEYS_FILE_MAX + 1, &text, &len);
	if (fault != FAULT_NONE)
		return fault;
	if (len > KEYS_FILE_MAX)
		return FAULT_FORMAT;
	return keys_search(text, len, search->key,
	    keyfile_is_sound(fd, path, &search->user, keyfile_main_group,
		culprit, sizeof(culprit))
		? search->found
		: &search->doubted);
}

static enum fault
search_files(const struct gate *gate, struct search *search)
{
	enum fault fault = FAULT_NONE;
	char path[PATH_MAX];

	for (size_t i = 0; i < gate->reply.key_files.count; i++) {
		if (!keyfile_path(gate->reply.key_files.items[i].text,
			&search->user, path, sizeof(path)))
			return FAULT_FORMAT;
		fault = search_file(path, search);
		if (fault != FAULT_NONE)
			return fault;
	}
	return fault;
}

static enum key_verdict
search_key(struct gate *gate, const struct key *key)
{
	struct search search = {.key = key,
	    .user = {.name = gate->facts.user,
		.home = gate->facts.home,
		.uid = gate->facts.uid,
		.gid = getgid()},
	    .found = &gate->restriction};
	enum key_verdict verdict = KEY_DOUBTFUL;

	if (search_files(gate, &search) == FAULT_NONE)
		verdict = keys_judge(
		    search.found, &search.doubted, gate->reply.unlisted);
	restriction_done(&search.doubted);
	return verdict;
}

/* Both may restrict a certificate; sshd wants them to agree, and so do we. */
static bool
combine(struct key *key, struct restriction *restriction)
{
	if (key->force_command == NULL)
		return true;
	if (restriction->command != NULL &&
	    strcmp(restriction->command, key->force_command) != 0)
		return false;
	free(restriction->command);
	restriction->command = take(key->force_command);
	return true;
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
refuse(struct gate *gate, enum reason reason)
{
	return gate_turn_away(gate, reason) == VERDICT_PASS;
}

static enum reason
reason_of(enum key_verdict verdict)
{
	if (verdict == KEY_UNLISTED)
		return REASON_KEY_UNLISTED;
	if (verdict == KEY_IN_OPEN_FILE)
		return REASON_KEY_IN_OPEN_FILE;
	return REASON_KEY_DOUBTFUL;
}

static bool
restrict_to(struct gate *gate, struct key *key)
{
	struct restriction *found = &gate->restriction;
	enum key_verdict verdict = search_key(gate, key);

	if (verdict != KEY_PASSES)
		return refuse(gate, reason_of(verdict));
	if (!combine(key, found))
		return refuse(gate, REASON_KEY_DOUBTFUL);
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

	if (facts->auth_lost)
		return refuse(gate, REASON_KEY_DOUBTFUL);
	/* Without ExposeAuthInfo only a line of authorized_keys itself, which
	 * is then obeyed by sshd, can have started a private gate. */
	if (facts->auth_path[0] == '\0') {
		if (gate->keeper.store != NULL)
			return true;
		return refuse(gate, REASON_KEY_UNKNOWN);
	}
	if (facts->keys == 0)
		return true;
	if (facts->keys > 1 || facts->auth == NULL ||
	    key_parse(facts->auth, &key) != FAULT_NONE)
		return refuse(gate, REASON_KEY_DOUBTFUL);
	ok = restrict_to(gate, &key);
	key_done(&key);
	return ok;
}
