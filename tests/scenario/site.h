/*
 * What the tests of clients begin with: a bastion whose user must give a code,
 * two good ones and a wrong one, and a folder where whoever got in may write,
 * so that a test can see that nobody did.
 */
#ifndef TFA_TESTS_SITE_H
#define TFA_TESTS_SITE_H

#include <sys/types.h>

#include "tests/support/bastion.h"
#include "tests/scenario/scenario.h"

struct site {
	struct bastion *b;
	const char *user, *secret, *code, *later, *wrong;
	char *open; /* the folder */
};

/* Of a bastion's own user; more: further keys of the policy, or NULL. */
struct site site_open(const char *more);

/* Of another user, on a bastion that is open. */
struct site site_of(struct bastion *b, const char *user);

/* ssh as a client is told to start it; code may be NULL. */
char *site_ssh(const struct site *s, const char *code);

/* A client's configuration for "beyond", a host behind the bastion, by the
 * ProxyCommand of tfa-clients(7); code may be NULL. */
char *site_beyond(const struct site *s, const char *code);

/* Sends a file to the first who connects to *ret_port of loopback, from a
 * process of its own, which waits 15 s for somebody. */
pid_t site_serve(const char *path, int *ret_port);

/* A shell script with a limit, which ends at the first failure. */
struct run *site_shell(const char *script);

#define assert_refused(r, wanted)                   \
	do {                                        \
		const struct run *refused_ = (r);   \
		assert_status(refused_, wanted);    \
		cr_assert_str_empty(refused_->out); \
	} while (0)

void assert_holds(const char *path, const char *wanted);
void assert_nothing_in(const char *folder);

#endif
