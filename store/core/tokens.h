/*
 * The list of tokens of a bastion: token.h says which.  Pure: folder/
 * tokens_file.h has its file, and keeper/tokens.c the requests.
 *
 *	scoped_tokens struct tokens list = {.version = 0};
 *
 *	fault = tokens_parse(text, len, &list, &error);   or tokens_init()
 *	tokens_merge(&list, &more, now_s, &clashes, &added);
 *	fault = tokens_format(&list, &text);
 *
 * What must never be: one secret twice in the list, so that two people get it;
 * a secret still in the list once a user's record has it for good.
 *
 * A token is given in three steps, each on disk before the next, so that a
 * crash between two of them neither loses it nor leaves it free for somebody
 * else:
 *
 *	tokens_begin()    it is that user's, and its secret is still here
 *	enroll_assign()   the user's record has the secret
 *	tokens_end()      the list has its hash alone
 *
 * Whoever does all three again, for the same user, ends what was begun.
 */
#ifndef TFA_TOKENS_H
#define TFA_TOKENS_H

#include "store/core/token.h"

#define TOKENS_MAX      20000
#define TOKENS_TEXT_MAX (16UL * 1024 * 1024) /* bytes of the list's text */

struct tokens {
	int64_t version;
	LIST_OF(struct token) list; /* in the order of token_compare() */
};

/* *ret: an empty list. */
void tokens_init(struct tokens *ret);

/* *ret: the list in text; free it with tokens_done().  FAULT_FORMAT,
 * FAULT_LIMIT: *ret_error says where and why; FAULT_MEMORY.  *ret is untouched
 * on failure. */
MUST_USE enum fault tokens_parse(const char *text, size_t len,
    struct tokens *ret, struct json_error *ret_error);

/* *ret_text: the list as text, with its secrets: json_text_free().
 * FAULT_MEMORY. */
MUST_USE enum fault tokens_format(const struct tokens *tokens, char **ret_text);

/* Wipes and frees the tokens. */
void tokens_done(struct tokens *tokens);
#define scoped_tokens __attribute__((cleanup(tokens_done)))

/* The token with that serial number, in either case of letters; or NULL. */
struct token *tokens_find(const struct tokens *tokens, const char *serial);

/* Why a token cannot come into the list. */
enum clash_why {
	CLASH_TWICE,    /* one of the others has its serial number */
	CLASH_SECRET,   /* another has its secret, or had it */
	CLASH_FACTS,    /* the list has that serial number with other facts */
	CLASH_ASSIGNED, /* the list has it, and so has a user */
};

struct clash {
	char serial[TOKEN_SERIAL];
	enum clash_why why;
	char other[TOKEN_SERIAL]; /* SECRET: whose it is */
	char user[USER_TEXT];     /* ASSIGNED */
};
struct clashes {
	LIST_OF(struct clash) list;
};
void clashes_done(struct clashes *clashes);

/* Says in a sentence, without a full stop, what the clash is and what to do. */
#define CLASH_TEXT 480
void clash_say(const struct clash *clash, char ret[static CLASH_TEXT]);

/*
 * Puts more into the list, and sorts more.  A token that the list has already,
 * free and with the same facts, stays as it is.  If one of them clashes, none
 * is taken, and *ret_clashes says why; clashes_done() frees that in any case.
 * *ret_added: how many are new.  FAULT_LIMIT: there would be more than
 * TOKENS_MAX; FAULT_MEMORY.  After a fault the list must not be written.
 */
MUST_USE enum fault tokens_merge(struct tokens *tokens, struct tokens *more,
    int64_t now_s, struct clashes *ret_clashes, size_t *ret_added);

/* ret: the hash by which a secret is known again.  Zeros at its end make no
 * difference, as for record_same_secret().  False if OpenSSL fails. */
bool tokens_hash(const struct otp_secret *secret, char ret[static HASH_TEXT]);

/* The token is that user's from now on; takes a free one, or one that was begun
 * for the same user. */
void tokens_begin(struct token *token, const char *user);

/* The token is free again: the user's record did not get its secret. */
void tokens_abandon(struct token *token);

/* The user's record has the secret: the list has its hash alone.  False if
 * OpenSSL fails; the token is then as it was. */
bool tokens_end(struct token *token, int64_t now_s);

/*
 * *ret: the number of the record's device that has the token's secret.
 * FAULT_ABSENT: none has; FAULT_MEMORY: OpenSSL fails.
 */
MUST_USE enum fault tokens_find_device(
    const struct token *token, const struct record *record, size_t *ret);

/* Takes the token out of the list, and wipes it. */
void tokens_remove(struct tokens *tokens, struct token *token);

#endif
