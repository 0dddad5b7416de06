/*
 * --probe: logs in over loopback with a real key and no code, and tries each
 * channel.  It is the only proof of what the running sshd does.  All files lie
 * in one folder, which is removed, and everything ends within its time limits.
 *
 *	probe.c        the gate, the list of channels
 *	probe_ready.c  the folder, ssh's options, the policy's word on the user
 *	door_probe.c   the door, without a code and with one
 *	forward.c      -W -L -D -J -R -w
 *	session.c      agent and X11, from the environment of a session
 *	channel.c      one run of ssh, and one line for a channel
 */
#ifndef TFA_DOCTOR_PROBE_H
#define TFA_DOCTOR_PROBE_H

#include <limits.h>
#include <pwd.h>

#include "admin/doctor/doctor.h"
#include "store/system/child.h"

#define PROBE_MS   5000 /* for an answer */
#define PROBE_TEXT 256

/* A word that only a command on the far side prints. */
#define PROBE_INSIDE "tfa-probe-is-inside"

struct probe {
	struct doctor *doctor;   /* NULL: nothing is said */
	const struct passwd *pw; /* who logs in */
	char address[64];        /* where sshd listens */
	char port[12];
	char there[PROBE_TEXT]; /* "ADDRESS:PORT", as ssh -W takes it */
	char folder[64];
	char config[80]; /* for ssh -F */
	char key[PATH_MAX];
	struct child *child, *agent;
	bool terminal; /* ssh asks there, and not a program that says "" */
};

enum channel { CHANNEL_REFUSED, CHANNEL_OPEN, CHANNEL_UNCLEAR };

/* Adds the finding for a channel; fix is the setting that closes it. */
void probe_say(struct probe *probe, const char *channel, enum channel found,
    const char *fix);

/* Starts ssh with the probe's options, then more, then the host and command
 * (NULL: -N).  False, after a finding, if it cannot be started. */
bool
probe_ssh(struct probe *probe, const char *const *more, const char *command);

/* Makes the folder and what ssh reads in it, for address, port, pw and key.
 * False: errno.  probe_remove() in any case. */
bool probe_make(struct probe *probe);
void probe_remove(const struct probe *probe);

/* Waits a little, and reads what the child says.  False, at once, if the child
 * has ended or it is later than end_ms. */
bool probe_waits(struct child *child, long long end_ms);

/* True if the policy lets this user in without a code, at the door or
 * elsewhere. */
bool probe_is_let_in(const struct probe *probe, bool door);

/* Tries a channel to sshd itself, which greets: probe_stdio() runs ssh -W, with
 * more options; probe_local() takes the socket "local" in the folder, which an
 * ssh -L that runs has made. */
enum channel probe_stdio(struct probe *probe, const char *const *more);
enum channel probe_local(struct probe *probe);

void probe_forwards(struct probe *probe);
void probe_session(struct probe *probe);

/* Tries the door as that of the probe, whose port becomes the door's: nothing
 * may open without a code; with one from standard input, if --code asks for
 * that, a port and a session must. */
void probe_door(struct probe *probe);

/* The answer of the door to a key without a code. */
enum door_answer {
	DOOR_UNCLEAR = 0, /* it proves nothing: no answer in time, ... */
	DOOR_REFUSES,     /* it did not take the key, and opened nothing */
	DOOR_ASKS,        /* it took the key, wants more, opened nothing */
	DOOR_OPEN,        /* -W led to sshd, or a command ran */
};

/*
 * Logs in at that address and port with the file of a private key, and answers
 * no question: PAM is not asked, so the policy has no say, no record and no log
 * of the user's is touched.  One connection, of some seconds at most.  ret_why:
 * the last line of ssh's.
 */
enum door_answer door_try_key(const char *address, int port,
    const struct passwd *pw, const char *key, char ret_why[static PROBE_TEXT]);

/* *ret: why the policy lets the user in without a code: "is in grace until
 * ...". */
#define PROBE_WHY 500
void probe_say_why(const struct probe *probe, char ret[static PROBE_WHY]);

/* *ret: somebody else who has a device and is asked for a code; false for
 * nobody. */
bool probe_find_other(const struct probe *probe, char ret[static USER_TEXT]);

#endif
