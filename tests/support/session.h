/*
 * A person at a terminal: the real ssh client on a pty, and the client without
 * one.  Whatever does not come in time ends the test and shows what came.
 *
 *	struct session *s = session_open(b, "alice", NULL, NULL);
 *	session_expect(s, "Verification code: ");
 *	session_type(s, "123456\r");
 *	session_status(s) == 77
 */
#ifndef TFA_TESTS_SESSION_H
#define TFA_TESTS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/support/bastion.h"
#include "tests/support/run.h"

#define PROMPT "Verification code: "

struct session {
	pid_t pid;
	int fd;
	char *seen; /* all that the terminal was sent; NUL-terminated */
	size_t len, size, mark;
	bool over;
	int status;
};

/*
 * ssh [args] user@bastion [command], with a terminal on both sides; args
 * (ARGV) and command may be NULL.  80 columns, 50 rows.
 */
struct session *session_open(const struct bastion *b, const char *user,
    const char *const args[], const char *command);

/* Any program on a terminal. */
struct session *session_start(const char *const argv[]);

/* Waits for words that come after the last ones waited for. */
void session_expect(struct session *s, const char *words);

/* The same, false where they have not come after limit_ms or it ended. */
bool session_sees(struct session *s, const char *words, int limit_ms);

/* Types; "\r" is Enter, "\003" ^C. */
void session_type(struct session *s, const char *keys);

/* Waits for the end: the client's exit status, which is the session's. */
int session_status(struct session *s);

/* Whether it ends by itself within limit_ms. */
bool session_ends(struct session *s, int limit_ms);

/* The client dies (kill -9), as in a broken network or a closed laptop. */
void session_kill(struct session *s);

/* Gives the code and has a shell that says so. */
void session_pass(struct session *s, const char *code);

/* ssh [args] user@bastion command < input, without any terminal. */
struct run *ssh_start(const struct bastion *b, const char *user,
    const char *const args[], const char *command, const char *input);
struct run *ssh_run(const struct bastion *b, const char *user,
    const char *const args[], const char *command, const char *input);

/* The same with a code in TFA_CODE and no input. */
struct run *ssh_with_code(const struct bastion *b, const char *user,
    const char *code, const char *command);

/* "-o", with_code(code): the client sends TFA_CODE. */
char *with_code(const char *code);

/*
 * "NAME=VALUE" as a word of SetEnv that reaches the server as it is, whatever
 * this client expands in it. VALUE has no '"' and no "${".
 */
char *word_of_setenv(const char *set);

#endif
