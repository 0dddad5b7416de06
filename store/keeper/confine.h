/*
 * What the keeper gives up for good, so that whoever takes it over by a packet
 * has little: the system calls it never needs, and writing anywhere but in the
 * store.  For the keeper alone: a gate would pass it on to the user's shell.
 *
 * The list of calls says what is refused, not what is allowed: name service
 * modules (sss, ldap) run in this process, and open sockets and map files as
 * they like.
 */
#ifndef TFA_KEEPER_CONFINE_H
#define TFA_KEEPER_CONFINE_H

#include <stdbool.h>

/*
 * No exec, no tracing, no other namespace, no key ring, no kernel interface
 * that only attackers need (seccomp): EPERM.  Holds for what is forked later.
 * False (errno) where the kernel has no such filter.
 */
bool keeper_confine_calls(void);

/*
 * Writes beneath store alone (landlock); reading is left to permissions.
 * False (errno) where the kernel cannot, ENOENT where there is no store.
 */
bool keeper_confine_writes(const char *store);

/* Whether the kernel could do the second. */
bool keeper_can_confine_writes(void);

/* No core, no ptrace, no look into /proc.  False (errno). */
bool keeper_close_up(void);

/* Closes what was inherited, all descriptors of from and above, and
 * opens 0 to 2 where they are not, so that no socket takes their place. */
void keeper_close_inherited(int from);

/* At most so many descriptors; never more than are allowed already. */
void keeper_limit_files(unsigned most);

/* Opens syslog(3) as tfa-keeper, over a socket that no other process has. */
void keeper_open_log(void);

#endif
