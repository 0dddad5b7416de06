/*
 * A machine of one's own for a test of setup: an /etc, /run, /var/lib and
 * /root, and processes, that nobody else sees and that end with the test.  In
 * the private-root only.
 */
#ifndef TFA_TESTS_MACHINE_H
#define TFA_TESTS_MACHINE_H

#include <stdbool.h>

#include "tests/support/run.h"

#define MACHINE_DROPIN "/etc/ssh/sshd_config.d/00-tfa.conf"

/* The port of its sshd, on loopback. */
extern int machine_port;

/* A machine without tfa; only the programs and the user _tfa exist. */
void machine_new(void);
void machine_no_keeper_user(void);

/* Replaces sshd_config; more are its last lines. */
void machine_sshd_config(const char *more);

/* Runs a shell script, which must succeed. */
void machine_sh(const char *command);

bool machine_has(const char *path);

/*
 * Lists every file of the machine with mode, owner and content, without the
 * backups that useradd keeps.
 */
char *machine_files(void);

/*
 * Runs tfa-admin setup with up to three arguments; machine_install() also
 * confirms it.
 */
struct run *machine_setup(const char *a, const char *b, const char *c);
void machine_install(void);

/* Starts the keeper, and returns when it listens. */
void machine_keeper(void);

/* Waits until no setup is under way any more. */
void machine_settled(int limit_ms);

#endif
