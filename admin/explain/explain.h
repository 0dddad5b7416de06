/*
 * "explain": the verdict that a login would meet, all of it.
 *
 *	explain.c   the command: asks the keeper, prints
 *	keys.c      what the gate decides on each key, by the gate's functions
 *	sshd.c      what sshd says: other sources of keys, is there a gate at all
 *
 * What cannot be found out is said in a note, and decides nothing.
 */
#ifndef TFA_EXPLAIN_H
#define TFA_EXPLAIN_H

#include "admin/admin.h"
#include "gate/sshd/keys.h"
#include "store/core/report.h"

/* The user whose keys are looked at. */
struct explaining_gate {
	const struct admin *admin;
	struct explanation *explanation;
	const struct policy *policy;
	const struct keypath_user *user;
	bool outside; /* "setup --only" leaves the user out */
	bool failed;  /* out of memory */
};

/* Adds a note, cleaned. */
void explain_note(struct explaining_gate *g, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Adds the keys in the files of the policy, or the one that --key names.  False
 * after a message if that is neither a fingerprint nor a file with a key.
 */
bool explain_keys(struct explaining_gate *g);

/* Adds the keys that come from elsewhere, as sshd says, and what makes the
 * gate's decision void. */
void explain_sshd(struct explaining_gate *g);

/* Adds a key, or if key is NULL all keys that are in no file of the policy. */
void
explain_add_key(struct explaining_gate *g, struct key *key, const char *where);

#endif
