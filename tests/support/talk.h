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

/* longer than any answer of the keeper takes */
#define TALK_LIMIT_MS 25000

/* Connects as user; -1 if nobody listens. */
int talk_open(const struct bastion *b, const char *user);

/* Connects as this uid, which need not be a user's. */
int talk_open_as(const struct bastion *b, uid_t uid);

/* Sends one packet; false if the socket did not take it. */
bool talk_send(int fd, const void *bytes, size_t len);

/* The next packet as text, or NULL if none comes in time or the peer closed. */
char *talk_receive(int fd, int limit_ms);

/*
 * Sends one request as user, and returns the first packet of the answer, or
 * NULL. fields: "'request':'login'" with ' for "; the version is put in front.
 */
char *talk_ask(const struct bastion *b, const char *user, const char *fields);

/* The string value of a key in an answer, or "". */
const char *talk_word(const char *answer, const char *key);

/* True if the answer has this verdict; answer may be NULL. */
bool talk_is(const char *answer, const char *verdict);

#endif
