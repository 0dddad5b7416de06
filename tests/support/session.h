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
	char *seen; /* everything sent to the terminal; NUL-terminated */
	size_t len, size, mark;
	bool over;
	int status;
};

/*
 * The words of "ssh terminal [args] user@host [command]"; host is of the
 * bastion's ssh_config, terminal "-tt" or "-T"; args and command may be NULL.
 */
const char *const *
ssh_argv(const struct bastion *b, const char *host, const char *terminal,
    const char *user, const char *const args[], const char *command);

/*
 * ssh [args] user@bastion [command], with a terminal on both sides; args
 * (ARGV) and command may be NULL.  80 columns, 50 rows.
 */
struct session *session_open(const struct bastion *b, const char *user,
    const char *const args[], const char *command);

/* Runs any program on a terminal. */
struct session *session_start(const char *const argv[]);

/* Waits for these words, in what came after the last ones waited for.  Where a
 * blank is, the terminal may have the end of a line. */
void session_expect(struct session *s, const char *words);

/*
 * Waits likewise, but returns false if the words do not come within limit_ms,
 * or the session ends before.
 */
bool session_sees(struct session *s, const char *words, int limit_ms);

/* Types; "\r" is Enter, "\003" ^C. */
void session_type(struct session *s, const char *keys);

/* Waits for the end: the client's exit status, which is the session's. */
int session_status(struct session *s);

/* True if the session ends by itself within limit_ms. */
bool session_ends(struct session *s, int limit_ms);

/* Kills the client (-9), like a broken network or a closed laptop. */
void session_kill(struct session *s);

/* Gives the code, and checks that a shell answers. */
void session_pass(struct session *s, const char *code);

/* ssh [args] user@bastion command < input, without any terminal. */
struct run *ssh_start(const struct bastion *b, const char *user,
    const char *const args[], const char *command, const char *input);
struct run *ssh_run(const struct bastion *b, const char *user,
    const char *const args[], const char *command, const char *input);

/* Runs a command with the code in TFA_CODE and without input. */
struct run *ssh_with_code(const struct bastion *b, const char *user,
    const char *code, const char *command);

/* For ARGV("-o", with_code(code)): makes the client send TFA_CODE. */
char *with_code(const char *code);

/*
 * Quotes "NAME=VALUE" as a word of SetEnv, so that it reaches the server
 * unchanged whatever this client expands. VALUE has no '"' and no "${".
 */
char *word_of_setenv(const char *set);

#endif
