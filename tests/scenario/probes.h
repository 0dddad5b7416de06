/*
 * Every channel that sshd can open beside a session, each asked for by the real
 * client: on the ordinary port or at the door, by whoever has the key alone, or
 * by somebody who answers the door's question.
 *
 *	struct visit v = visit_of(b, "door", "user49", code);
 *	cr_assert(probe_jump(&v));
 *
 * At the far end is a bastion without a gate, whose sshd greets whoever
 * connects.  The tests show of each probe that it gets there where sshd lets it.
 */
#ifndef TFA_TESTS_PROBES_H
#define TFA_TESTS_PROBES_H

#include <stdbool.h>

#include "tests/scenario/scenario.h"

struct visit {
	const struct bastion *b;
	const char *host, *user;      /* host: of b's ssh_config */
	const char *answers;          /* as door_run() takes them */
	const char *option;           /* of ssh's -o; NULL: none */
	const struct bastion *beyond; /* at the far end */
};

/* A visit whose far end is the same one for all visits of a test. */
struct visit visit_of(const struct bastion *b, const char *host,
    const char *user, const char *answers);

/* A code that works once, of a device that takes the place of all before. */
const char *visit_new_code(const struct bastion *b, const char *user);

/*
 * ssh -T [args] user@host [command] of a visit. visit_terminal() does the same
 * with a terminal on the other side.
 */
struct run *
visit_run(const struct visit *v, const char *const args[], const char *command);
struct session *visit_terminal(
    const struct visit *v, const char *const args[], const char *command);

/* True if the channel opens. */
bool probe_session(const struct visit *v);
bool probe_jump(const struct visit *v);
bool probe_stdio(const struct visit *v);
bool probe_local(const struct visit *v);
bool probe_dynamic(const struct visit *v);
bool probe_agent(const struct visit *v);
bool probe_remote(const struct visit *v);
bool probe_remote_dynamic(const struct visit *v);
bool probe_unix_local(const struct visit *v);
bool probe_unix_remote(const struct visit *v);
bool probe_x11(const struct visit *v);
bool probe_tunnel(const struct visit *v);

/* All of them, by the name of the option that asks for it; ends with NULL. */
struct probe {
	const char *name;
	bool (*opens)(const struct visit *v);
};
extern const struct probe probes[];

#endif
