/*
 * What a key may run.  ForceCommand overrides the command="..." of
 * authorized_keys and a certificate's force-command, so a gate that simply ran
 * what the client asked for would turn a key for one command into a key for
 * everything. Here the restriction is found again.  Pure: texts go in.
 *
 * Every line that holds the key must say the same, a line that mentions the
 * key and cannot be read counts as saying something else, and what is doubtful
 * refuses the key: it never widens it.
 */
#ifndef TFA_KEYS_H
#define TFA_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

/* The key that sshd accepted, decoded. */
struct key {
	uint8_t *blob;
	size_t len;
	char *text; /* in base64: the blob, or of a certificate the authority */
	/* of a certificate; pointers into blob */
	bool is_certificate;
	const uint8_t *authority; /* the key that signed it */
	size_t authority_len;
	char *force_command; /* its critical option, or NULL; on the heap */
};

/* What is known of the key so far; zeroed before the first file. */
struct restriction {
	bool listed;      /* a line has the key, or its authority */
	bool free;        /* such a line has no command */
	bool conflicting; /* lines differ, or one cannot be read */
	char *command;    /* that the lines carry, or NULL; on the heap */
};

/*
 * *ret: the key in "publickey TYPE BLOB", a line of SSH_USER_AUTH's file;
 * key_done() frees it.  FAULT_FORMAT for anything else, for a certificate that
 * does not parse (PROTOCOL.certkeys of OpenSSH) or has a critical option other
 * than force-command, source-address and verify-required, which sshd enforces;
 * FAULT_MEMORY.
 */
MUST_USE enum fault key_parse(const char *auth, struct key *ret);
void key_done(struct key *key);

/*
 * *ret: what keys_search() looks for where sshd has let in the key of a line
 * of a file; or, with authority, any certificate that the key of the line has
 * signed.  FAULT_FORMAT where the line has none; FAULT_MEMORY.
 */
MUST_USE enum fault
key_of_line(const char *line, bool authority, struct key *ret);

/*
 * Takes into account what len bytes of an authorized_keys file (sshd(8)) say of
 * the key: a line that has it, or for a certificate a cert-authority line that
 * has its authority.  FAULT_FORMAT for a NUL; FAULT_MEMORY.
 */
MUST_USE enum fault keys_search(const char *text, size_t len,
    const struct key *key, struct restriction *restriction);

/* What becomes of a key; all but the first refuse it. */
enum key_verdict {
	KEY_PASSES = 0x3d07, /* with the command that was found, if any */
	KEY_DOUBTFUL = 0,
	KEY_UNLISTED,
	KEY_IN_OPEN_FILE, /* only there */
};

/*
 * The verdict on a key.  found: by the files that root and the user alone can
 * write; doubted: by those that others can write too, and that sshd passes
 * over (StrictModes).  A restriction counts wherever it stands; but only what
 * was found can let a key in.  unlisted: whether the policy lets a key pass
 * that is in no file.
 */
enum key_verdict keys_judge(const struct restriction *found,
    const struct restriction *doubted, bool unlisted);

/* What one line of an authorized_keys file is, whichever key it has. */
enum key_line {
	KEY_LINE_DOUBTFUL = 0, /* cannot be read: it may be anything */
	KEY_LINE_NONE,         /* empty, or a comment */
	KEY_LINE_FREE,         /* a key without a command */
	KEY_LINE_COMMAND,      /* a key for one command */
	KEY_LINE_AUTHORITY,    /* certificates, each with what it says */
};

enum key_line key_line_read(const char *line);

void restriction_done(struct restriction *restriction);

#endif
