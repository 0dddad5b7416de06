/*
 * The start of the tests of clients: a bastion whose user must give a code, two
 * good codes and a wrong one, and a folder where everybody may write, so that a
 * test can see that nobody got in.
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

/*
 * Opens a site with its own bastion, for b->me; more: further keys of the
 * policy, or NULL.
 */
struct site site_open(const char *more);

/* A site of another user on an open bastion. */
struct site site_of(struct bastion *b, const char *user);

/* The ssh command that a client is told to use; code may be NULL. */
char *site_ssh(const struct site *s, const char *code);

/* A client's configuration for "beyond", a host behind the bastion, by the
 * ProxyCommand of tfa-clients(7); code may be NULL. */
char *site_beyond(const struct site *s, const char *code);

/*
 * Starts a process that sends the file to the first who connects to *ret_port
 * on loopback, and waits 15 s for somebody.
 */
pid_t site_serve(const char *path, int *ret_port);

/* The words of a script that runs with the folder "home" of the bastion's in
 * place of root's home. */
const char *const *site_at_home(const struct site *s, const char *script);

/*
 * The words of a script that does what VS Code's Remote-SSH does: it gives a
 * script to bash on the standard input of ssh, and has SOCKS beside it, over
 * which the editor speaks to what listens there; here sshd's greeting. It prints
 * "ready" and the first bytes of that greeting.
 */
const char *const *site_remote_ssh(const struct site *s, const char *config,
    const char *option, const char *host);

/* Runs a shell script with a time limit; it ends at the first failure. */
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
