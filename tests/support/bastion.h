/*
 * A bastion of one's own: sshd on a free loopback port with the drop-in that
 * we install, the gate, a keeper, a policy and a store, all in a folder that
 * is gone afterwards.  A test has its own, so tests run side by side.
 *
 *	struct bastion *b = bastion_open(.rules = REQUIRED);
 *	const char *secret = fixture_enrol(b, b->me);
 *	...
 *	bastion_close_all();		in the suite's .fini
 *
 * There are two forms.  In a private-root the keeper runs under its own user
 * and the people of tests/support/people exist; b->me is alice.  Elsewhere
 * sshd runs as whoever runs the tests, who is b->me and the only one who can
 * log in, and the gate starts its keeper itself (--store).
 *
 * From the environment, set by tests/scenario/run and examples/demo:
 * TFA_PROGRAMS, the folder of tfa-gate and the others; TFA_WORK, where folders
 * may be made; TFA_KEYS, a host key "host" and a key for each user;
 * TFA_PEOPLE, present in a private-root; TFA_DOOR, present where the door's
 * module is installed; TFA_SSHD, another sshd than the machine's; ASAN_OPTIONS,
 * which sshd hands to the gate.
 */
#ifndef TFA_TESTS_BASTION_H
#define TFA_TESTS_BASTION_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/run.h"

struct link;

struct bastion_plan {
	const char *rules;     /* inside of "rules": [ ] */
	const char *more;      /* further keys of the policy: "'x':1,'y':2" */
	const char *policy;    /* the whole file instead; "" for no file */
	const char *match;     /* sshd_config above "Match all" */
	const char *before;    /* above all else: sshd's first value counts */
	const char *after;     /* below our "Match all" */
	const char *gate;      /* further arguments of tfa-gate */
	const char *subsystem; /* of sftp; default: the real sftp-server */
	const char *owner;     /* embedded, and the store is this user's */
	const struct link
	    *fleet;     /* whose records the keeper has from this link */
	bool no_fleet;  /* the link's cluster stays empty */
	bool no_keeper; /* nobody answers at the socket */
	bool passwords; /* sshd takes them, beside keys */
	bool no_gate;   /* a bastion without tfa, to compare with */
	bool door;      /* a second sshd, as tests/support/door.h says */
};

struct bastion {
	const char *me;
	bool embedded;
	char dir[PATH_MAX];
	char *store, *policy, *socket, *ssh_config, *log;
	char *door_log, *door_service; /* of the second sshd; or NULL */
	int port, door;                /* 0: no door */
	const struct link *fleet;      /* or NULL */
	pid_t sshd, keeper, door_sshd;
};

/*
 * True in a private-root: the people exist, and a keeper runs as its own user.
 */
bool bastion_has_people(void);

/* The sshd to test with: $TFA_SSHD, or the machine's own. */
const char *bastion_sshd(void);

/* The line of sshd's configuration that lets an address connect as often as it
 * likes, or "" for an sshd that has no such line. */
const char *bastion_no_penalties(void);

/* True if it lets a group write a user's keys that is the user's alone, as
 * Debian and its kin have patched it. */
bool bastion_sshd_is_debians(void);

/* Returns when the bastion accepts connections. */
struct bastion *bastion_start(const struct bastion_plan *plan);
#define bastion_open(...) \
	bastion_start(&(const struct bastion_plan){__VA_ARGS__})

/* Ends all bastions of this test and removes their folders. */
void bastion_close_all(void);

/* Prints the logs of sshd and keeper on standard error, for a failed test. */
void bastion_show_logs(void);

/* Starts and stops the keeper of the full form. */
void bastion_keeper_start(struct bastion *b);
void bastion_keeper_stop(struct bastion *b);

/* Replaces the store by one on a disk of 64 KiB, which the test unmounts. */
void bastion_tiny_disk(struct bastion *b);

/* Runs tfa-admin with args on this bastion, as the user who runs the tests. */
struct run *bastion_admin(const struct bastion *b, const char *const args[]);

/* Starts it; run_finish() waits for its end. */
struct run *
bastion_admin_start(const struct bastion *b, const char *const args[]);

#endif
