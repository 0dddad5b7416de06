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

#define KEYS_FILE_MAX (4UL << 20) /* bytes of an authorized_keys file */

/*
 * A name of the policy as a path: %h is the home folder, %u the user, %U the
 * uid, %% a percent sign, and a relative one starts in the home folder, as in
 * sshd_config.  False where it does not fit or has another %.
 */
static bool
expand(const struct facts *facts, const char *name, char *ret, size_t size)
{
	char uid[24];
	size_t len = 0;

	ret[0] = '\0';
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)facts->uid);
	if (name[0] != '/' && strncmp(name, "%h", 2) != 0)
		len = (size_t)snprintf(ret, size, "%s/", facts->home);
	for (; *name != '\0' && len + 1 < size; name++) {
		const char *with = NULL;

		if (*name == '%') {
			name++;
			with = *name == 'h' ? facts->home
			    : *name == 'u'  ? facts->user
			    : *name == 'U'  ? uid
			    : *name == '%'  ? "%"
					    : NULL;
			if (with == NULL)
				return false;
			len += (size_t)snprintf(
			    ret + len, size - len, "%s", with);
		} else {
			ret[len++] = *name;
			ret[len] = '\0';
		}
	}
	return *name == '\0' && len < size;
}

/* A file that is not there says nothing; one that cannot be read might. */
static enum fault
search_file(
    const char *path, const struct key *key, struct restriction *restriction)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	scoped_json_text char *text = NULL;
	enum fault fault;
	size_t len = 0;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? FAULT_NONE
							   : FAULT_IO;
	fault = file_read(fd, KEYS_FILE_MAX + 1, &text, &len);
	if (fault != FAULT_NONE)
		return fault;
	if (len > KEYS_FILE_MAX || strlen(text) != len)
		return FAULT_FORMAT;
	return keys_search(text, key, restriction);
}

static enum fault
search_files(const struct gate *gate, const struct key *key,
    struct restriction *restriction)
{
	enum fault fault = FAULT_NONE;
	char path[PATH_MAX];

	for (size_t i = 0; i < gate->reply.key_files.count; i++) {
		if (!expand(&gate->facts, gate->reply.key_files.items[i].text,
			path, sizeof(path)))
			return FAULT_FORMAT;
		fault = search_file(path, key, restriction);
		if (fault != FAULT_NONE)
			return fault;
	}
	return fault;
}

/* Both may restrict a certificate; sshd wants them to agree, and so do we. */
static bool
combine(struct key *key, struct restriction *restriction)
{
	if (key->force_command == NULL)
		return !restriction->conflicting;
	if (restriction->command != NULL &&
	    strcmp(restriction->command, key->force_command) != 0)
		return false;
	free(restriction->command);
	restriction->command = take(key->force_command);
	return !restriction->conflicting;
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

static bool
restrict_to(struct gate *gate, struct key *key)
{
	struct restriction *found = &gate->restriction;

	if (search_files(gate, key, found) != FAULT_NONE ||
	    !combine(key, found))
		return refuse(gate, REASON_KEY_DOUBTFUL);
	if (!found->listed && !gate->reply.unlisted)
		return refuse(gate, REASON_KEY_UNLISTED);
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
