/*
 * Another program of ours, started to answer over a socket: the one beside this
 * program, else the installed one.  The environment names none, and is not
 * handed on.
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
 * Starts the program args[0], with the other end as its standard input, no
 * output and a session of its own, which keeps the terminal's ^C from it; where
 * silent, it cannot complain either.  FAULT_ABSENT: it is not there; FAULT_IO.
 * ret_what and errno say what failed.  sibling_end() in any case.
 */
MUST_USE enum fault sibling_start(char *const args[], bool silent,
    struct sibling *ret, char *ret_what, size_t size);

/* Closes our end and waits for it to end. */
void sibling_end(struct sibling *sibling);

/* The same for one that gives no answer. */
void sibling_kill(struct sibling *sibling);

#endif
