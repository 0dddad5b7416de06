/*
 * The door: a second sshd with the configuration of the first, at a port of its
 * own, whose PAM service asks for the code before any channel is open.  Then
 * forwarding is open, so all that makes it ask must stand.
 *
 *	door.c          the check: the block, sshd -T at the door's port, notes
 *	door_methods.c  AuthenticationMethods and ListenAddress, as values
 *	door_files.c    its PAM service and module
 *	door_process.c  the sshd that runs it, and who listens at its port
 *
 * The names of its service and files are those that setup writes.
 */
#ifndef TFA_DOCTOR_DOOR_H
#define TFA_DOCTOR_DOOR_H

#include <stdbool.h>

#include "gate/sshd/title.h"

struct doctor;

#define DOOR_SERVICE "tfa-sshd"
#define DOOR_PAM     "/etc/pam.d/" DOOR_SERVICE
#define DOOR_MODULE  "pam_tfa"
#define DOOR_RESTART "systemctl restart tfa-sshd"

/* Installed with tfa: our text of DOOR_PAM, and what starts the door. */
#define DOOR_PAM_TEXT TFA_DOORDIR "/" DOOR_SERVICE ".pam"
#define DOOR_LAUNCHER TFA_DOORDIR "/tfa-door"

/* Connections that think about a code do not count as logged in; sshd turns
 * away some of the others from this number on. */
#define DOOR_STARTUPS 100

/*
 * True if each alternative of AuthenticationMethods asks for a key (or what
 * else is no secret of PAM's) and ends in a question of PAM's.  A password is
 * one of PAM's: the door's service would take a code for it.  "any" is false.
 */
bool door_asks(const char *methods);

/* True if a listener says that it is the door: by the name of its program or of
 * its service. */
bool door_is_named(const struct listener *listener);

/* True if a value of ListenAddress has a port, which counts before -p. */
bool door_loses_port(const char *address);

/* Adds what is wrong with the files, and with what runs. */
void door_judge_files(struct doctor *doctor);
void door_judge_process(struct doctor *doctor);

#endif
