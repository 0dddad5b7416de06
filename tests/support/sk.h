/*
 * Hardware keys of people: keys of the types sk-..., whose authenticator is the
 * library $TFA_SK (tests/sk/provider.c), for the real ssh and ssh-keygen.
 *
 *	const char *key = sk_new(b, "ed25519-sk", NULL);
 *	struct bastion with_key = sk_client(b, key);
 *	write_text(file, sk_line("", key));
 *	sk_person("away");
 *	r = ssh_run(&with_key, "alice", NULL, "true", NULL);
 */
#ifndef TFA_TESTS_SK_H
#define TFA_TESTS_SK_H

#include "tests/support/bastion.h"

#define SK_PIN "271828"

/* Makes a key of this type, "ed25519-sk" or "ecdsa-sk", in the bastion's
 * folder; option is one of ssh-keygen's -O, or NULL.  Returns the path of its
 * file. */
const char *
sk_new(const struct bastion *b, const char *type, const char *option);

/* Makes a software key there, of ssh-keygen's type. */
const char *sk_software(const struct bastion *b, const char *type);

/*
 * Makes a certificate for the key, signed by the key that is in the file
 * authority; options are further words of ssh-keygen, or "".  Returns the path
 * of the certificate, which does not lie where ssh looks for it by itself.
 */
const char *sk_certify(const char *key, const char *authority, const char *user,
    const char *options);

/* A line of authorized_keys: options, with a blank behind them or "", and the
 * key in this file. */
const char *sk_line(const char *options, const char *key);

/* As that, and sshd takes it for the same key: in it the type, which is of
 * sk_new(), has another name. */
const char *
sk_line_renamed(const char *options, const char *key, const char *type);

/* The bastion for a client that has this key and no other one. */
struct bastion sk_client(const struct bastion *b, const char *key);

/* As that, with a certificate for it. */
struct bastion sk_client_certified(
    const struct bastion *b, const char *key, const char *certificate);

/* From now on, the person who holds any key does this: a word of
 * tests/sk/provider.c. */
void sk_person(const char *does);

#endif
