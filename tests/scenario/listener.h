/*
 * A port on loopback that a test waits on: the test is the host to which others
 * connect. Whoever says nothing is none of them: doctors of other tests look
 * for open ports, and hang up.
 */
#ifndef TFA_TESTS_LISTENER_H
#define TFA_TESTS_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#define LISTENER_MS 30000

/* A listener on loopback; family: AF_INET or AF_INET6. */
int listener_open(int family, int *ret_port);

/* The next connection within limit_ms whose client says something, or -1; what
 * it says is still to be read. */
int listener_next(int fd, int limit_ms);

/* The next connection. The test fails if none comes. */
int listener_accept(int fd);

/* True if somebody who has something to say has connected already. */
bool listener_is_asked(int fd);

/* Starts a process that answers each client with these words, and that ends
 * with the test. */
pid_t listener_answer(int fd, const char *words);

#endif
