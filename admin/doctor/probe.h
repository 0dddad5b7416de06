/*
 * --probe: logs in over loopback with a real key and no code, and tries each
 * channel.  It is the only proof of what the running sshd does.  What is made
 * for it lies in one folder that is removed; all ends within its time limits.
 *
 *	doctor_probe.c    the folder, the gate, the list of channels
 *	doctor_forward.c  -W -L -D -J -R -w
 *	doctor_session.c  agent and X11, from the environment of a session
 */
#ifndef TFA_DOCTOR_PROBE_H
#define TFA_DOCTOR_PROBE_H

#include <limits.h>
#include <pwd.h>

#include "admin/doctor/doctor.h"
#include "store/system/child.h"

#define PROBE_MS   5000 /* for an answer */
#define PROBE_TEXT 256

struct probe {
	struct doctor *doctor;
	const struct passwd *pw; /* who logs in */
	char address[64];        /* where sshd listens */
	char port[12];
	char there[PROBE_TEXT]; /* the same as ssh -W takes it */
	char folder[64];
	char config[80]; /* for ssh -F */
	char key[PATH_MAX];
	struct child *child, *agent;
};

enum channel { CHANNEL_REFUSED, CHANNEL_OPEN, CHANNEL_UNCLEAR };

/* One line for a channel; fix is the setting that closes it. */
void probe_say(struct probe *probe, const char *channel, enum channel found,
    const char *fix);

/* Starts ssh with the probe's options, then more, then the host and command
 * (NULL: -N).  False, after a finding, where it cannot be started. */
bool
probe_ssh(struct probe *probe, const char *const *more, const char *command);

/* Waits until ssh has said words on standard error, or has ended; whether it
 * has said them. */
bool probe_says(struct probe *probe, const char *words);

void probe_forwards(struct probe *probe);
void probe_session(struct probe *probe);

#endif
