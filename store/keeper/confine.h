/*
 * The keeper gives up for good the system calls that it never needs, and
 * writing anywhere but in the store: whoever takes it over by a packet then has
 * little.  Only the keeper may do that: a gate would pass it on to the user's
 * shell.
 *
 * The list of calls says what is refused, not what is allowed: name service
 * modules (sss, ldap) run in this process, and open sockets and map files as
 * they like.
 */
#ifndef TFA_KEEPER_CONFINE_H
#define TFA_KEEPER_CONFINE_H

#include <stdbool.h>

/*
 * Refuses exec, tracing, other namespaces, key rings and kernel interfaces that
 * only attackers need, with EPERM (seccomp); also for what is forked later.
 * False (errno) if the kernel has no such filter.
 */
bool keeper_confine_calls(void);

/*
 * Allows writing only beneath store, or nowhere if that is NULL (landlock);
 * reading is left to permissions.
 * False (errno) if the kernel cannot, ENOENT if there is no store.
 */
bool keeper_confine_writes(const char *store);

/* True if the kernel can do that. */
bool keeper_can_confine_writes(void);

/* No core dump, no ptrace(2), nothing to read in /proc.  False (errno). */
bool keeper_close_up(void);

/* Closes the descriptors of from and above, which were inherited, and opens 0
 * to 2 if they are closed, so that no socket gets such a number.  False (errno)
 * if some may be open still. */
bool keeper_close_inherited(int from);

/* Allows at most so many descriptors; never more than are allowed already. */
void keeper_limit_files(unsigned most);

/* Opens syslog(3) as tfa-keeper, over a socket that no other process has. */
void keeper_open_log(void);

#endif
