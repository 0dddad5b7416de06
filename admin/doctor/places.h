/*
 * Where sshd looks for keys, and where the gate does: keys.files of the policy
 * should be the files that sshd reads, for every user and in every view.
 */
#ifndef TFA_DOCTOR_PLACES_H
#define TFA_DOCTOR_PLACES_H

#include <pwd.h>

#include "admin/doctor/doctor.h"

/* A name of AuthorizedKeysFile that is not in keys.files, or the other way
 * round. */
struct key_place {
	char word[CONFIG_WORD];
	char path[CONFIG_WORD]; /* for whom it was seen first */
	char who[200];
	size_t others; /* connections besides */
	bool unseen;   /* keys that the gate does not know come from elsewhere,
	                  in one of these views */
};

struct key_places {
	JSON_LIST_OF(struct key_place)
	unlisted;                              /* sshd reads it, the gate not */
	JSON_LIST_OF(struct key_place) unread; /* the gate reads it, sshd not */
	JSON_LIST_OF(struct key_place) read;   /* both do */
	bool home; /* what sshd reads is a file of the user's own, somewhere */
	bool failed; /* out of memory: not all are here */
};

/* Compares what both read for a user in a view. */
void places_add(struct key_places *places, const struct policy *policy,
    const struct passwd *pw, const struct view *view);

/* Says what differs. */
void places_judge(const struct key_places *places, const struct policy *policy,
    struct doctor *doctor);

void places_done(struct key_places *places);

#endif
