/*
 * The files in which sshd looks for keys, and those in which the gate does.
 * For every user and in every view, keys.files of the policy should be the
 * files that sshd reads.
 */
#ifndef TFA_DOCTOR_KEYNAMES_H
#define TFA_DOCTOR_KEYNAMES_H

#include <pwd.h>

#include "admin/doctor/doctor.h"

/* A name that only one of AuthorizedKeysFile and keys.files has, or both. */
struct key_name {
	char name[CONFIG_WORD];
	char path[CONFIG_WORD]; /* for whom it was seen first */
	char who[200];
	size_t others; /* connections besides */
	bool unseen; /* somewhere keys come from where the gate does not look */
};

struct key_names {
	LIST_OF(struct key_name)
	unlisted; /* sshd reads it, and the gate does not */
	LIST_OF(struct key_name)
	unread; /* the gate reads it, and sshd does not */
	LIST_OF(struct key_name) read; /* both do */
	bool home; /* what sshd reads is a file of the user's own, somewhere */
	bool failed; /* out of memory: not all are here */
};

/* Compares the files that both read for a user in a view. */
void keynames_add(struct key_names *names, const struct policy *policy,
    const struct passwd *pw, const struct view *view);

/* Says what differs. */
void keynames_judge(const struct key_names *names, const struct policy *policy,
    struct doctor *doctor);

void keynames_done(struct key_names *names);

#endif
