/*
 * --probe: logs in over loopback with a real key and no code, and tries each
 * channel.  It is the only proof of what the running sshd does.  All files lie
 * in one folder, which is removed, and everything ends within its time limits.
 *
 *	probe.c    the folder, the gate, the list of channels
 *	forward.c  -W -L -D -J -R -w
 *	session.c  agent and X11, from the environment of a session
 *	channel.c  one run of ssh, and one line for a channel
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
	char there[PROBE_TEXT]; /* "ADDRESS:PORT", as ssh -W takes it */
	char folder[64];
	char config[80]; /* for ssh -F */
	char key[PATH_MAX];
	struct child *child, *agent;
};

enum channel { CHANNEL_REFUSED, CHANNEL_OPEN, CHANNEL_UNCLEAR };

/* Adds the finding for a channel; fix is the setting that closes it. */
void probe_say(struct probe *probe, const char *channel, enum channel found,
    const char *fix);

/* Starts ssh with the probe's options, then more, then the host and command
 * (NULL: -N).  False, after a finding, if it cannot be started. */
bool
probe_ssh(struct probe *probe, const char *const *more, const char *command);

/* Waits a little, and reads what the child says.  False, at once, if the child
 * has ended or it is later than end_ms. */
bool probe_waits(struct child *child, long long end_ms);

void probe_forwards(struct probe *probe);
void probe_session(struct probe *probe);

#endif
