/*
 * The conversation with the person.  Reads standard input, which is a
 * terminal, and writes standard error: never standard output, which belongs
 * to the session.  The terminal's settings are left as they are.
 *
 * Until term_release(), ^C, ^\, ^Z, a hang-up, SIGTERM and a time limit end
 * the process with GATE_EXIT_DENIED; at a prompt, they first end that, and
 * leave some seconds for the log.
 */
#ifndef TFA_TERM_H
#define TFA_TERM_H

#include <stddef.h>
#include <stdint.h>

enum answer {
	ANSWER_GONE = 0, /* ^C, ^D, a hang-up: somebody who went away */
	ANSWER_NONE,     /* time-out, end of file: nobody is there */
	ANSWER_EMPTY,
	ANSWER_LINE,
};

/* Takes over the signals above. */
void term_guard(void);

/* Gives them back as they were, for the session. */
void term_release(void);

/*
 * Asks, and reads a line byte by byte: what follows it belongs to the shell.
 * Waits at most timeout_s seconds in all.  ret: the line by typed_plain(),
 * which leaves out what a paste adds; one that is too long comes as "?".
 */
enum answer
term_ask(const char *prompt, int64_t timeout_s, char *ret, size_t size);

/* Writes a line and a newline, cleaned of control characters. */
void term_say(const char *line);

/* Writes text as it is: for a QR code. */
void term_write(const char *text);

#endif
