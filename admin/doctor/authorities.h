/*
 * The gate's decision on any key, by the gate's own functions: on the files
 * that keys.files of the policy names, read as the user.  And the authorities
 * whose certificates sshd lets in.
 */
#ifndef TFA_AUTHORITIES_H
#define TFA_AUTHORITIES_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "gate/sshd/keys.h"
#include "store/core/policy.h"

#define AUTHORITIES_FILE "/etc/tfa/authorities" /* where setup puts a new one */

/* The gate's decision on a key. */
struct gate_says {
	enum key_verdict verdict;
	bool command; /* the key may run one command alone */
};

/*
 * The decision for one user.  Root reads the files with that user's rights.  pw
 * NULL: for everyone, by the files alone that are the same for all.
 * KEY_DOUBTFUL also if the gate could not read a file.
 */
struct gate_says gate_says(const struct policy *policy, const struct passwd *pw,
    const struct key *key);

/* A line of a TrustedUserCAKeys file. */
struct authority {
	const char *path;
	int number;       /* from 1 */
	const char *line; /* "ssh-ed25519 AAAA... comment" */
	struct key
	    key; /* the certificates it signs; blob NULL: sshd cannot read it */
};

/* Calls each for every authority of a file.  False (errno) if the file cannot
 * be read. */
bool authorities_each(const char *path,
    void (*each)(void *ctx, const struct authority *authority), void *ctx);

#endif
