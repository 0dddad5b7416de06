/*
 * When to authenticate with etcd.  Pure.  One authentication is for all
 * requests, and at most one a second goes out: each is a bcrypt in etcd, and an
 * entry in its log.
 *
 * Tokens die: after some minutes without use, when a member starts again, when
 * somebody adds a user.
 */
#ifndef TFA_LINK_TOKEN_H
#define TFA_LINK_TOKEN_H

#include "store/link/etcd.h"

#define TOKEN_GAP_MS 1000

struct token {
	bool wanted; /* there is a user: requests need a token */
	bool asking;
	int64_t asked_ms; /* when the last authentication began; 0: never */
	int64_t got_ms;
	unsigned serial;       /* of the token; 0: there was none yet */
	char text[ETCD_TOKEN]; /* "": none that is good */
	char refused
	    [LINK_WHY]; /* etcd refused the last one, in its words; or "" */
};

/* True if an authentication is to begin now: the caller begins it, and calls
 * token_got(), token_refused() or token_lost() once. */
bool token_ask_now(struct token *token, int64_t now_ms);

void token_got(
    struct token *token, const char text[static ETCD_TOKEN], int64_t now_ms);
void token_refused(struct token *token, const char *why);
void token_lost(struct token *token); /* no answer */

/* etcd does not take the token of that serial.  One that is new may not have come
 * to that member yet, and stays. */
void token_is_bad(struct token *token, unsigned serial, int64_t now_ms);

/*
 * No member has answered since since_ms: a token that is older may be why. etcd
 * waits, without a word, for the entry of its log that a token names, and after
 * a snapshot was restored that may never come.
 */
void token_is_doubtful(struct token *token, int64_t since_ms);

/* True if a request may go out: there is a good token, or none is needed. */
bool token_is_ready(const struct token *token);

#endif
