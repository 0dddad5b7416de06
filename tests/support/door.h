/*
 * The door of a bastion: a second sshd with the bastion's sshd_config, on
 * b->door, whose PAM service has pam_tfa.so.  It is started by a link, whose
 * name is the service, as sshd before 9.8 wants it; each bastion has a service
 * of its own in /etc/pam.d.  Only in a private-root, and where the module was
 * built.
 *
 *	needs_door();
 *	b = bastion_open(.rules = REQUIRED, .door = true);
 *	r = door_ssh(b, "alice", code, NULL, "echo inside");
 *
 * In the bastion's ssh_config its host is "door".
 */
#ifndef TFA_TESTS_DOOR_H
#define TFA_TESTS_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/bastion.h"
#include "tests/support/run.h"
#include "tests/support/session.h"

/* Why there can be no door here, or NULL. */
const char *door_missing(void);

/* Writes the PAM service and starts the second sshd; false if it ends. */
bool door_opens(struct bastion *b);

/* Ends the second sshd, and removes its PAM service. */
void door_close(struct bastion *b);

/* Ends the second sshd and starts it anew, with the PAM service as it is now;
 * it reads sshd_config again. */
void door_restart(struct bastion *b);

/* The path of its PAM service. */
char *door_pam_path(const struct bastion *b);

/*
 * The words that run argv so that all questions of its ssh go to an SSH_ASKPASS.
 * The first one gets the first line of answers, and so on; then each answer is
 * empty.  answers may be NULL: no line.
 */
const char *const *door_words(
    const struct bastion *b, const char *answers, const char *const argv[]);

/* Runs them, without a terminal. */
struct run *door_run(
    const struct bastion *b, const char *answers, const char *const argv[]);

/* How many questions were asked by the clients of door_words() until now. */
size_t door_questions(const struct bastion *b);

/* ssh -T [args] user@door [command], as door_run(). */
struct run *door_ssh(const struct bastion *b, const char *user,
    const char *answers, const char *const args[], const char *command);

/* ssh [args] user@door [command] on a terminal, with one on the other side. */
struct session *door_session(const struct bastion *b, const char *user,
    const char *const args[], const char *command);

#endif
