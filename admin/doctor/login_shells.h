/*
 * The users whom a Match block before ours exempts from the gate, from every
 * address.
 */
#ifndef TFA_SHELLS_H
#define TFA_SHELLS_H

#include <pwd.h>

#include "gate/sshd/config.h"

/* True if a Match block before ours gives this user another ForceCommand. */
bool shells_spared(const struct config *config, const struct passwd *pw);

#endif
