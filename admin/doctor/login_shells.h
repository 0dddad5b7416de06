/*
 * The login shells of all users, for doctor, and for setup before it changes
 * anything.  Each is tried (shell_try.h): once if it is a program that is the
 * same for all, and for each of its users if it is a script, which may ask who
 * calls it.
 */
#ifndef TFA_LOGIN_SHELLS_H
#define TFA_LOGIN_SHELLS_H

#include <pwd.h>

#include "gate/sshd/config.h"
#include "admin/doctor/findings.h"

struct shells {
	const char *gate;
	const struct config *config; /* users whom it exempts are left out */
	bool home;                   /* SetEnv has HOME */
};

/* FAIL for a shell that does not run the gate, or lets its users decide what
 * runs before the gate.  Users who cannot log in, with nologin or false, are
 * left out. */
void shells_judge(const struct shells *shells, struct findings *findings);

/* True if a Match block before ours gives this user another ForceCommand. */
bool shells_spared(const struct config *config, const struct passwd *pw);

#endif
