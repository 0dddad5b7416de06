/*
 * The login shells of all users: for doctor, and for setup before it changes
 * anything.  Each is tried (shell_try.h); a program that is the same for all
 * once, a script, which may ask who calls, for each of its users.
 */
#ifndef TFA_SHELLS_H
#define TFA_SHELLS_H

#include <pwd.h>

#include "gate/sshd/config.h"
#include "admin/doctor/findings.h"

struct shells {
	const char *gate;
	const struct config *config; /* whom it spares the gate are left out */
	bool home;                   /* SetEnv has HOME */
};

#define SHELLS_FIX                                                       \
	"chsh -s /bin/bash USER, or a block \"Match User USER\" with a " \
	"ForceCommand of their own above our \"Match all\""

/* FAIL: a shell that does not run the gate, or lets its users decide what runs
 * before it.  Users who cannot log in, with nologin or false, have none. */
void shells_judge(const struct shells *shells, struct findings *findings);

/* Whether a Match block before ours gives this user another ForceCommand. */
bool shells_spared(const struct config *config, const struct passwd *pw);

#endif
