/*
 * Starts another program of ours, which answers over a socket: the one in the
 * folder of this program, or else the installed one.  The environment cannot
 * name another, and is not passed on.
 */
#ifndef TFA_SIBLING_H
#define TFA_SIBLING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "store/base/fault.h"

struct sibling {
	int fd; /* our end, SOCK_SEQPACKET; -1: none */
	pid_t pid;
};

/*
 * Starts the program args[0].  Its standard input is the other end of the
 * socket, its output goes nowhere, and so do its errors if silent.  It has a
 * session of its own, so that the terminal's ^C does not reach it.
 * FAULT_ABSENT: the program is not there; FAULT_IO.  ret_what and errno say what
 * failed.  Call sibling_end() in any case.
 */
MUST_USE enum fault sibling_start(char *const args[], bool silent,
    struct sibling *ret, char *ret_what, size_t size);

/* Closes our end, and waits for the program to end. */
void sibling_end(struct sibling *sibling);

/* Kills a program that gives no answer; then as sibling_end(). */
void sibling_kill(struct sibling *sibling);

#endif
