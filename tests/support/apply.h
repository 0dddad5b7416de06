/*
 * An application of PAM's, in the test's own process: it asks what pam_tfa.so
 * says about somebody, and answers as told.  For root in a private-root where
 * the module was built (needs_door()).
 *
 *	struct apply a = apply_open(b, "alice", "");
 *
 *	a.answer = code;
 *	apply_auth(&a) == PAM_SUCCESS, a.prompts == 1, a.said
 *	apply_close(&a);
 */
#ifndef TFA_TESTS_APPLY_H
#define TFA_TESTS_APPLY_H

#include <security/pam_appl.h>
#include <stdbool.h>

#include "tests/support/bastion.h"

#define APPLY_FROM "192.0.2.7 40000 192.0.2.1 2222"

struct apply {
	pam_handle_t *pamh;
	const char *answer; /* to each prompt; NULL: no text at all */
	bool fails;         /* the conversation has nobody to ask */
	void (*asked)(void *ctx);
	void *ctx;         /* for asked(), which is called at a prompt */
	const char *given; /* its copy, which is the module's to free */
	int prompts;       /* so far */
	char said[4096];   /* prompts and lines, a line each */
	char *service;
};

/*
 * Begins for a user, by a PAM service of its own: auth and account are the
 * module with the bastion's socket and these arguments.  The service is in the
 * bastion's folder: "setup" sees none of /etc/pam.d that a test left.
 * SSH_CONNECTION is APPLY_FROM.
 */
struct apply
apply_open(const struct bastion *b, const char *user, const char *arguments);

/* Sets NAME=VALUE, or with NAME unsets it, as PAM's environment. */
void apply_set(struct apply *a, const char *variable);

/* PAM's results; said and prompts begin anew. */
int apply_auth(struct apply *a);
int apply_account(struct apply *a);

/* TFA_CONNECTION as the module left it, or "". */
const char *apply_token(const struct apply *a);

void apply_close(struct apply *a);

#endif
