/*
 * The authorities whose certificates sshd lets in, and whether the gate does:
 * only where a file of the policy's keys.files lists the authority in a line
 * with cert-authority, or the policy lets unlisted keys pass.
 */
#ifndef TFA_AUTHORITIES_H
#define TFA_AUTHORITIES_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy.h"

#define AUTHORITIES_FILE "/etc/tfa/authorities" /* the place for a new one */

/* A line of a TrustedUserCAKeys file. */
struct authority {
	const char *path;
	int number;       /* from 1 */
	const char *line; /* "ssh-ed25519 AAAA... comment" */
	const char *blob; /* its key, in base64 */
};

/* Calls each for the authorities of a file.  False (errno) where it cannot be
 * read. */
bool authorities_each(const char *path,
    void (*each)(void *ctx, const struct authority *authority), void *ctx);

/*
 * Whether the gate lets in what this authority signs: for one user, whose
 * files are read with that user's rights, which needs root; or, where pw is
 * NULL, for everyone, by the files that are the same for all.
 */
bool authority_passes(const struct policy *policy, const struct passwd *pw,
    const struct authority *authority);

#define KEYS_MS 2000 /* for a user's file of keys, as read_whole_as() has it */

/* A word of AuthorizedKeysFile or keys.files as a user's path: %h, %u, %U, %%,
 * or below the home. */
void key_file_path(
    const char *word, const struct passwd *pw, char *ret, size_t size);

#endif
