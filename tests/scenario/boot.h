/*
 * A machine, as machine.h makes it, with a real systemd as its process 1.
 * Whatever runs under it ends with boot_crash(), which each suite has as .fini.
 */
#ifndef TFA_TESTS_BOOT_H
#define TFA_TESTS_BOOT_H

#include <stdbool.h>

#include "tests/support/run.h"
#include "tests/support/session.h"

/* True if this kernel and container let a systemd run. Says why if not. */
bool boot_possible(void);

/* First line of a test that needs it, after needs_people(). */
#define needs_boot()                                              \
	do {                                                      \
		if (!boot_possible())                             \
			cr_skip("no systemd can be booted here"); \
	} while (0)

/* Boots the machine, until systemd has started everything. */
void boot(void);

/* Kills the machine, like a power cut. Does nothing if it is not running. */
void boot_crash(void);

/*
 * Runs a program on the machine; boot_sh() runs a script, which must succeed;
 * boot_session() runs it on a terminal.
 */
struct run *boot_start(const char *const argv[]);
struct run *boot_run(const char *const argv[]);
void boot_finish(struct run *r);
void boot_sh(const char *script);

/* Sets tfa up there, and alice must have a code. */
void boot_install(void);

/* A login by ssh with that code, or "", on the machine; fails the test unless
 * the unit is "active", "inactive", ... */
struct run *
boot_login_start(const char *user, const char *code, const char *command);
struct run *boot_login(const char *user, const char *code, const char *command);
void boot_assert_unit(const char *unit, const char *state);

/* Sets a device up for the user there, and returns its secret in Base32. */
const char *boot_enroll(const char *user);
struct session *boot_session(const char *const argv[]);

#endif
