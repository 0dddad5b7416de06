/*
 * Hardware keys that the policy takes for enough, in place of a code: can the
 * gate believe the files that it names, does sshd read them, and does sshd
 * itself demand the touch?  hardware.c looks, hardware_judge.c judges what it
 * saw, without any I/O.
 */
#ifndef TFA_DOCTOR_HARDWARE_H
#define TFA_DOCTOR_HARDWARE_H

#include "admin/doctor/dump.h"
#include "store/core/policy.h"

#define HARDWARE_PLACE 512 /* a path, or "PATH:LINE" */

/* A name of keys.hardware_files, or of keys.hardware_authorities, and all files
 * that it stands for. */
struct hardware_file {
	const char *name;         /* as the policy has it */
	bool authorities;         /* it is of keys.hardware_authorities */
	size_t found;             /* how many are there */
	char bad[HARDWARE_PLACE]; /* the first that the gate does not believe;
				   * "": none */
	char culprit[HARDWARE_PLACE];    /* what of its path is wrong, */
	char why[128];                   /* and how */
	bool others_write;               /* so: others than root can write it */
	bool home;                       /* it is the home folder of a user */
	char unreadable[HARDWARE_PLACE]; /* the first that its user cannot
					  * read; "" */
	char plain[HARDWARE_PLACE];      /* the first line with a key that is no
				       * authority's; "" */
	char stray[HARDWARE_PLACE];    /* the first beside those of users whose
					* name is no user's; "" */
	size_t keys;                   /* lines with a hardware key, or with an
				       * authority for such */
	char no_touch[HARDWARE_PLACE]; /* the first that says
					* no-touch-required; "" */
	char no_pin[HARDWARE_PLACE];   /* the first hardware key that does not
					* say verify-required; "" */
	char unread[256]; /* for whom sshd does not read it; "": for none */
	char value[300];  /* all that sshd reads for the first of them; "" */
	bool read;        /* sshd reads it for somebody */
};

struct hardware_facts {
	const char *enough;   /* the first rule with "enough"; NULL: none */
	const char *with_pin; /* and with "enough-with-pin" */
	LIST_OF(struct hardware_file) files;
	/* Names in AuthorizedKeysFile of files that users can write. */
	LIST_OF(struct name) open;
	char version[128];       /* of sshd; "" where it is not known */
	const struct keys *keys; /* of the policy */
	bool hidden;             /* users do not see sshd's processes */
};

/* *ret: what the policy says of hardware keys, and a row for each file, for
 * hardware_done().  False without memory.  The names point into the policy. */
bool hardware_begin(const struct policy *policy, struct hardware_facts *ret);
void hardware_done(struct hardware_facts *hardware);

/* True if a rule lets hardware keys be enough. */
bool hardware_is_used(const struct hardware_facts *hardware);

/* Judges the files: policy is the policy's path. */
void hardware_judge_files(const struct hardware_facts *hardware,
    const char *policy, struct findings *findings);

/* Judges hidepid: without a sight of sshd the gate does not know if a file that
 * users can write changed since the connection began.  fix: the way out. */
void hardware_judge_proc(const struct hardware_facts *hardware, const char *fix,
    struct findings *findings);

/*
 * Judges PubkeyAuthOptions.  A line in a file that users write may say
 * no-touch-required, and need not say verify-required; only sshd's own setting
 * overrides that.
 */
void hardware_judge_options(const struct hardware_facts *hardware,
    const struct views *views, struct findings *findings);

#endif
