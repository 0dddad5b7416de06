/*
 * The keeper's answers.  A reply that cannot be sent is a denial: the peer gets
 * nothing.
 */
#ifndef TFA_ANSWER_H
#define TFA_ANSWER_H

#include "store/core/enroll.h"
#include "store/keeper/call.h"

/* Sends the reply; false where the peer did not take it, which is logged. */
bool answer_send(struct call *call, const struct reply *reply);

/* Answers that it is done.  answer_end() ends a stream, with that message. */
void answer_done(struct call *call);
void answer_end(struct call *call, const char *message);

/* Answers with a denial.  name: the user, group or rule that it is about.  The
 * notes, and what reply holds, stay the caller's. */
void answer_deny(struct call *call, enum reason reason, const char *name);
void answer_deny_with(struct call *call, enum reason reason, const char *name,
    struct note *notes, size_t count);
void answer_deny_as(struct call *call, enum reason reason, const char *name,
    struct reply *reply);
/* Answers with the denial for too many or too much; most: what there may be. */
void answer_deny_most(struct call *call, enum reason reason, size_t most);

/* Answers that the user has devices, and would get more than fit. */
void answer_deny_full(struct call *call, size_t has, size_t more);

/* Answers with the denial that a look-up of that user led to, by its fault. */
void answer_deny_user(struct call *call, enum fault fault, const char *user);

/* Answers that no client of ours makes this request, and says in the log which
 * key is wrong, and how. */
void answer_misunderstood(struct call *call, const char *key, const char *why);

/* Logs how a packet is no request, with the peer's words in it cleaned. */
void answer_complain(const struct call *call, const struct json_error *error);

/*
 * Adds a line to a list of a reply: to notes, codes or key_files.  False
 * without memory.
 */
bool __attribute__((format(printf, 2, 3)))
answer_add(void *list, const char *format, ...);

/* Puts a new secret into the reply, with the names for its otpauth URI. */
void answer_add_secret(struct call *call,
    const uint8_t secret[static ENROLL_SECRET_BYTES], struct reply *reply);

/*
 * Puts recovery codes into the reply; false without memory.  To be done before
 * the record gets them, so that none is in force that nobody can read; where
 * the record does not get them they are dropped again.
 */
bool answer_add_codes(const struct recovery *recovery, struct reply *reply);
void answer_drop_codes(struct reply *reply);

#endif
