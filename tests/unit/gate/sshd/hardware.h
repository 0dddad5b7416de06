/*
 * Keys of the tests: lines of authorized_keys and of SSH_USER_AUTH's file, with
 * keys that no hardware has.  Nothing here looks at a signature.
 */
#ifndef TFA_TEST_HARDWARE_H
#define TFA_TEST_HARDWARE_H

#include <stdbool.h>

#define HARDWARE_LINE 4096 /* bytes of a line, with its NUL */
#define HARDWARE_TYPE "sk-ssh-ed25519@openssh.com"

/* A certificate, of which the rest is as ssh-keygen makes it. */
struct test_certificate {
	const char *type;       /* NULL: of a hardware key */
	const char *principals; /* "a,b"; NULL: "alice" */
	const char *critical;   /* names of critical options, "a,b" */
	const char *extensions; /* names of extensions */
	bool of_host;
	bool torn; /* the extensions do not parse */
};

/* ret: "TYPE BLOB" of a plain key; mark tells keys of one type apart. */
void hardware_key(const char *type, char mark, char ret[static HARDWARE_LINE]);

/* ret: "TYPE BLOB" of the key that hardware_key() makes, for sshd; the blob
 * begins with another name of the type, and has one more zero in it. */
void hardware_key_renamed(const char *type, const char *name, char mark,
    char ret[static HARDWARE_LINE]);

/* ret: "TYPE BLOB", signed by the authority hardware_authority() names. */
void hardware_certificate(
    const struct test_certificate *certificate, char ret[static HARDWARE_LINE]);

/* ret: "ssh-ed25519 BLOB" of the authority. */
void hardware_authority(char ret[static HARDWARE_LINE]);

#endif
