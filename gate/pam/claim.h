/*
 * The claim of a hardware key at the door, in the module's child, which is the
 * user by then: it reads no file that the user could not read, and the worst
 * that a user's own file can do to it is to make it say that the key proves
 * nothing.
 */
#ifndef TFA_CLAIM_H
#define TFA_CLAIM_H

#include "gate/pam/inquiry.h"

/* Puts into a login at the door that its key may be a hardware key, where it is
 * one by its type, and the only key that sshd asked for. */
void claim_begin(const struct inquiry *inquiry, struct request *request);

/* Judges the key by the files that the keeper's reply names.  Only for a
 * request with such a claim, and a reply of the reason LOOK. */
void claim_judge(const struct inquiry *inquiry, const struct reply *reply,
    struct request *request);

/* Takes the claim back: a keeper of an older release does not know it. */
void claim_drop(struct request *request);

#endif
