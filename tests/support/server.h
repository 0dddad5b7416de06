/*
 * A program in the background that ends with the test and writes to a log: an
 * sshd, a keeper.
 */
#ifndef TFA_TESTS_SERVER_H
#define TFA_TESTS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/* The time that a server may take to start, on a busy machine. */
#define SERVER_LIMIT_MS 30000

/* Starts argv[0], a path; its output is added to the log. */
pid_t server_start(const char *const argv[], const char *log);

/* As that; for this program alone it is so many seconds later, which may be
 * NULL. By the library $TFA_AHEAD. */
pid_t
server_start_at(const char *ahead_s, const char *const argv[], const char *log);

/* Ends it, if *pid is not 0, and sets *pid to 0. */
void server_stop(pid_t *pid);

/*
 * Waits until the server's log has the words. Returns false if they do not come
 * in time; if the server ended before, *pid becomes 0.
 */
bool server_says(const char *log, const char *words, pid_t *pid);

#endif
