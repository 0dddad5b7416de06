/*
 * Talks to the person at the terminal.  Reads standard input, which is a
 * terminal, and writes standard error, never standard output, which belongs to
 * the session.  The terminal's settings stay as they are.
 *
 *	term_guard();
 *	answer = term_ask("Verification code: ", 60, line, sizeof(line));
 *	...                     any other questions and messages
 *	term_release();         then start the session
 *
 * Between term_guard() and term_release(), ^C, ^\, ^Z, a hang-up, SIGTERM and a
 * time limit end the process with GATE_EXIT_DENIED.  During term_ask() they
 * first end the prompt, and leave some seconds to write the log.
 */
#ifndef TFA_TERM_H
#define TFA_TERM_H

#include <stddef.h>
#include <stdint.h>

enum answer {
	ANSWER_GONE = 0, /* ^C, ^D, a hang-up: the person went away */
	ANSWER_NONE,     /* time-out, end of file: nobody is there */
	ANSWER_EMPTY,
	ANSWER_LINE,
};

/* Catches the signals above. */
void term_guard(void);

/* Restores the signals, for the session. */
void term_release(void);

/*
 * Writes the prompt, and reads a line byte by byte, because what follows it is
 * for the shell.  Waits at most timeout_s seconds in all.  ret: the line by
 * typed_plain(), which removes what a paste adds; a line that is too long
 * becomes "?".
 */
enum answer
term_ask(const char *prompt, int64_t timeout_s, char *ret, size_t size);

/*
 * Writes a message, cleaned of control characters, and a newline.  In a window
 * that is narrower it breaks at blanks; in a pipe it stays one line, for grep.
 */
void term_say(const char *line);

/* Writes text unchanged, such as a QR code. */
void term_write(const char *text);

#endif
