/*
 * A token: a maker's device that shows codes, whose secret came in the maker's
 * file.  tfa-admin import --csv puts tokens into a list (tokens.h), which only
 * the keeper reads; tfa-admin assign gives one to a user.  Then the user's
 * record has its secret, and the list forgets it.
 *
 * Without libcrypto: clients read packets of tokens by these tables too.
 */
#ifndef TFA_TOKEN_H
#define TFA_TOKEN_H

#include "store/core/record.h"

#define TOKEN_SERIAL 41 /* bytes of a serial number, and a NUL */
#define TOKEN_SECRET_MIN \
	10 /* bytes; RFC 4226 asks for 16, old tokens have 10 */
#define TOKEN_PERIOD_MIN 15 /* seconds, as in a record */
#define TOKEN_PERIOD_MAX 300
#define TOKENS_SENT      256 /* in one packet, at most */

/*
 * free      nobody has it: the list has its secret
 * begun     it is being given to a user: the list has its secret, and the
 *           user's record may have it too.  The keeper was stopped just then
 * assigned  the user's record got it: the list has the secret's hash alone
 */
enum token_state { TOKEN_FREE = 0, TOKEN_BEGUN, TOKEN_ASSIGNED };

struct token {
	char serial[TOKEN_SERIAL];
	int type;      /* enum device_type */
	int algorithm; /* enum otp_algorithm */
	int64_t digits;
	int64_t period_s;         /* of a totp */
	uint64_t counter;         /* of a hotp: the next that may pass */
	struct otp_secret secret; /* len 0: the list has it no more */
	char hash[HASH_TEXT];     /* of the secret, where it is gone; or "" */
	int64_t imported_s;
	char user[USER_TEXT]; /* whose it is, or is about to be; or "" */
	int64_t assigned_s;   /* 0: not yet */
};

/* A token as a client sends it: what the maker's file says of it. */
extern const struct json_shape token_facts_shape;

/* A token as the list keeps it. */
extern const struct json_shape token_shape;

/* "free", "begun", "assigned"; for JSON_CHOICE. */
extern const char *const token_state_names[];

enum token_state token_state(const struct token *token);

/* True if text can be a serial number: letters, digits, and . _ - within. */
bool token_is_serial(const char *text);

/* Compares serial numbers as strcmp(3) does, but "ab1" is "AB1": people type
 * what they read on the token's back. */
int token_compare(const char *one, const char *other);

/* True if both are the same but for what became of them. */
bool token_same_facts(const struct token *one, const struct token *other);

/* A row of the request "tokens". */
struct token_row {
	char serial[TOKEN_SERIAL];
	int type, algorithm;
	int64_t digits, period_s;
	uint64_t counter;
	int state; /* enum token_state */
	char user[USER_TEXT];
	int64_t imported_s, assigned_s;
};
extern const struct json_shape token_row_shape;

/* *ret: the row of that token, without its secret. */
void token_row_of(const struct token *token, struct token_row *ret);

#endif
