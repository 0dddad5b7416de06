/*
 * One line of authorized_keys, as sshd reads it (auth2-pubkeyfile.c,
 * auth-options.c and sshkey.c of OpenSSH).  The gate, doctor and setup all
 * read such lines here.  Pure: texts go in.
 */
#ifndef TFA_KEYLINE_H
#define TFA_KEYLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_BLOB_MAX 32768 /* bytes of a key or certificate */

/* The key of a line. */
struct keyline {
	const char *options; /* the line from its options on, or "" */
	uint8_t *blob;       /* on the heap */
	size_t len;
	bool typed; /* the word before it is the type of the key */
};

/* The options before a key. */
struct keyline_options {
	bool authority;   /* cert-authority: it signs certificates */
	bool environment; /* it sets variables */
	bool forwarding; /* it says whether, or where to, ports are forwarded */
	bool no_touch;   /* it may take the touch of a hardware key away */
	bool verify;     /* it demands the PIN of a hardware key, */
	bool no_verify;  /* or says that it does not */
	bool limited;    /* from where, or until when, it lets the key in */
	char *command;   /* on the heap, or NULL */
	char *principals; /* that it lists for an authority; as command */
};

/*
 * *ret: the key on a line; keyline_done() frees it.  False for a blank line, a
 * comment, and a line without a key: sshd finds none there either.  If typed is
 * false, sshd finds the key only if the word is another name for the type.
 */
bool keyline_read(const char *line, struct keyline *ret);
void keyline_done(struct keyline *line);

/*
 * *ret: the options up to the first blank outside of quotes.  False if sshd
 * ignores the line: for an option that it does not know, a value without
 * quotes, two commands, two lists of principals.  keyline_options_done() frees
 * *ret in both cases.
 */
bool keyline_options(const char *text, struct keyline_options *ret);
void keyline_options_done(struct keyline_options *options);

/*
 * keyline_options() of a line of AuthorizedPrincipalsFile: its options are all
 * that stands before its last word.
 */
bool keyline_principal(const char *line, struct keyline_options *ret);

/* The bytes of base64 text, on the heap; NULL if it is no base64. */
uint8_t *keyline_decode(const char *text, size_t len, size_t *ret_len);

/* White space that sshd skips inside of base64: isspace(3) of the C locale. */
bool keyline_is_white(char c);

/* The first character from at on that is no blank and no tab. */
const char *keyline_skip(const char *at);

#endif
