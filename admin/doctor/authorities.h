/*
 * What the gate would say of a key: by its own functions, on the files that
 * keys.files of the policy names, read as the user.  And the authorities whose
 * certificates sshd lets in.
 */
#ifndef TFA_AUTHORITIES_H
#define TFA_AUTHORITIES_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "gate/sshd/keys.h"
#include "store/core/policy.h"

#define AUTHORITIES_FILE "/etc/tfa/authorities" /* the place for a new one */
#define KEYS_MS          2000 /* for a user's file, as read_keys_as() has it */

/* What the gate finds for a key. */
struct gate_says {
	enum key_verdict verdict;
	bool command; /* it would run this one only */
};

/*
 * For one user, whose files are read with that user's rights, which needs
 * root.  Where pw is NULL, for everyone: as a user who has no files of one's
 * own.  A file that the gate could not read is doubtful here too.
 */
struct gate_says gate_says(const struct policy *policy, const struct passwd *pw,
    const struct key *key);

/* A line of a TrustedUserCAKeys file. */
struct authority {
	const char *path;
	int number;       /* from 1 */
	const char *line; /* "ssh-ed25519 AAAA... comment" */
	struct key key;   /* what it signs; blob NULL: sshd cannot read it */
};

/* Calls each for the authorities of a file.  False (errno) where it cannot be
 * read. */
bool authorities_each(const char *path,
    void (*each)(void *ctx, const struct authority *authority), void *ctx);

/* A word of AuthorizedKeysFile or keys.files as a user's path; false where
 * sshd or the gate could make none of it. */
bool key_file_path(
    const char *word, const struct passwd *pw, char *ret, size_t size);

/* The name of keys.files that is this path for a user, or NULL. */
const char *key_file_listed(
    const struct policy *policy, const struct passwd *pw, const char *path);

#endif
