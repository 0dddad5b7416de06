/*
 * Speaks to a bastion's keeper as a user's own program could: any packet, at
 * any speed, past gate and sshd.  For the full form, whose keeper listens, and
 * for root, who can connect as everybody.
 */
#ifndef TFA_TESTS_TALK_H
#define TFA_TESTS_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/support/bastion.h"

/* Longer than the keeper ever takes. */
#define TALK_LIMIT_MS 25000

/* A connection of that user's, or -1 where nobody listens. */
int talk_open(const struct bastion *b, const char *user);

/* The same for a uid, which need not be a user's. */
int talk_open_as(const struct bastion *b, uid_t uid);

/* Sends a packet of these bytes; false where it was not taken. */
bool talk_send(int fd, const void *bytes, size_t len);

/* The next packet as text, or NULL where there is none in time or any more. */
char *talk_receive(int fd, int limit_ms);

/*
 * One request as that user, with the version put in front: "'request':'login'"
 * with ' for ".  The first packet of the answer, or NULL.
 */
char *talk_ask(const struct bastion *b, const char *user, const char *fields);

/* The string that a key has in an answer, "" where it has none. */
const char *talk_word(const char *answer, const char *key);

/* Whether the answer has that verdict; NULL has none. */
bool talk_is(const char *answer, const char *verdict);

#endif
