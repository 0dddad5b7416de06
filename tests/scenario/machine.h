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

/* A machine without tfa, but for the programs and the user _tfa. */
void machine_new(void);
void machine_no_keeper_user(void);

/* Replaces sshd_config; more are its last lines. */
void machine_sshd_config(const char *more);

/* Runs a shell script, which must succeed. */
void machine_sh(const char *command);

bool machine_has(const char *path);

/* Every file of the machine with its mode, owner and content; but for what
 * useradd keeps of before. */
char *machine_files(void);

/* tfa-admin setup with up to three arguments, and until it is confirmed. */
struct run *machine_setup(const char *a, const char *b, const char *c);
void machine_install(void);

/* Waits until no setup is under way any more. */
void machine_settled(int limit_ms);

#endif
