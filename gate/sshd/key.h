/*
 * A public key or certificate, as sshd names it to the gate and as a line of
 * authorized_keys has it.  Pure: texts go in.  A string in a key ends within the
 * key.
 * proved: tests/proofs/parts.c 10a 10b, 16 bytes.
 */
#ifndef TFA_KEY_H
#define TFA_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

/* The key that sshd accepted, decoded. */
struct key {
	uint8_t *blob;
	size_t len;
	char *text; /* in base64: the blob, or of a certificate the authority */
	bool hardware;       /* a key of FIDO2 or U2F, by its type */
	bool is_certificate; /* then the rest is set; it points into blob */
	const uint8_t *authority; /* the key that signed it */
	size_t authority_len;
	char *force_command; /* its critical option, or NULL; on the heap */
	bool of_user;        /* it is a user's, not a host's */
	bool no_touch;       /* its extensions may take the touch away */
	bool verify;         /* it demands the PIN */
	const uint8_t *principals; /* a string for each */
	size_t principals_len;
};

/*
 * *ret: the key in "publickey TYPE BLOB", a line of SSH_USER_AUTH's file;
 * key_done() frees it.  FAULT_FORMAT for anything else, for a certificate that
 * does not parse (PROTOCOL.certkeys of OpenSSH) or has a critical option other
 * than force-command, source-address and verify-required, which sshd enforces;
 * FAULT_MEMORY.
 */
MUST_USE enum fault key_parse(const char *auth, struct key *ret);

/* False if such a line has no hardware key, by the type that sshd names: then
 * nobody need parse it to know that. */
bool key_may_be_hardware(const char *auth);
void key_done(struct key *key);

/* True if a certificate names this principal. */
bool key_has_principal(const struct key *key, const char *name, size_t len);

/* True if a line that cannot be read has the text of the key in it, with or
 * without white space, or if there is no memory to look. */
bool key_is_mentioned(const char *line, const struct key *key);

/*
 * True if a word of the line is the key, or a certificate's authority, in any
 * writing, or cannot be decoded.  sshd compares what follows the
 * name of the type: of that name there are several, such as ED25519-SK, and a
 * number may have zeros before it.
 */
bool key_is_rewritten(const char *line, const struct key *key);

/*
 * *ret: the key of a line of a file, as if sshd had let it in; or, with
 * authority, any certificate that this key has signed.  keys_search() looks for
 * it, and key_done() frees it.  FAULT_FORMAT if the line has none;
 * FAULT_MEMORY.
 */
MUST_USE enum fault
key_of_line(const char *line, bool authority, struct key *ret);

#endif
