#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/base/file.h"
#include "gate/screen/display.h"
#include "gate/screen/sheet.h"
#include "gate/term.h"
#include "store/base/clock.h"
#include "store/core/typed.h"
#include "store/base/utf8.h"
#include "store/core/verdict.h"

#define LINE_MAX_BYTES 4096 /* bytes typed at one prompt before it gives up */
#define PATIENCE_S     120  /* for everything outside a prompt */
#define SPARE_S        15   /* for a terminal that accepts no output */
#define FAREWELL_S     5    /* to write the log at the end */

static const int guarded[] = {
    SIGINT, SIGQUIT, SIGTSTP, SIGHUP, SIGTERM, SIGALRM};
#define GUARDED (sizeof(guarded) / sizeof(guarded[0]))

static struct sigaction saved[GUARDED];

static volatile sig_atomic_t asking, gone; /* gone: how many such signals
					    * came */

/*
 * Nothing needs cleaning up, because nobody was let in.  Only the log is
 * written, for a person who goes away at the prompt.  The first signal ends the
 * prompt.  If it came just before the wait for a key, a second one ends it; and
 * if the terminal accepts no output, a third one ends the process.
 */
static void
give_up(int sig)
{
	if (!asking || (sig == SIGALRM && gone != 1))
		_exit(GATE_EXIT_DENIED);
	gone++;
	alarm(1);
}

void
term_guard(void)
{
	struct sigaction action = {.sa_handler = give_up};

	for (size_t i = 0; i < GUARDED; i++)
		sigaction(guarded[i], &action, &saved[i]);
	alarm(PATIENCE_S);
}

void
term_release(void)
{
	alarm(0);
	for (size_t i = 0; i < GUARDED; i++)
		sigaction(guarded[i], &saved[i], NULL);
}

void
term_write(const char *text)
{
	if (file_write(STDERR_FILENO, text, strlen(text)) != FAULT_NONE)
		_exit(GATE_EXIT_DENIED);
}

void
term_say(const char *line)
{
	struct sheet sheet = {.columns = display_columns(STDERR_FILENO)};
	char clean[1024];

	utf8_clean(line, strlen(line), clean, sizeof(clean));
	if (sheet.columns > 0)
		sheet_say(&sheet, clean);
	else
		sheet_line(&sheet, clean);
	term_write(sheet.text);
}

/* Returns the next byte, or -1 if none will come. */
static int
next_byte(int64_t until_ms)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t left_ms = until_ms - clock_ms();
	unsigned char c;

	if (gone || left_ms <= 0 || poll(&p, 1, (int)left_ms) != 1)
		return -1;
	return read(STDIN_FILENO, &c, 1) == 1 ? c : -1;
}

/* A terminal in raw mode sends ^C, ^D, ^Z and ^\ as bytes. */
static int
is_interrupt(int c)
{
	return c == 'C' - '@' || c == 'D' - '@' || c == 'Z' - '@' ||
	    c == '\\' - '@';
}

/* Returns the length without the last character, which may be several bytes
 * of UTF-8. */
static size_t
rub_out(const char *line, size_t len)
{
	while (len > 0 && ((unsigned char)line[--len] & 0xc0) == 0x80)
		;
	return len;
}

/* Adds one byte to the line, and returns its new length.  Handles Backspace,
 * ^W and ^U for a terminal in raw mode, which sends them as bytes. */
static size_t
edit_line(char *line, size_t len, int c)
{
	switch (c) {
	case '\b':
	case 0x7f:
		return rub_out(line, len);
	case 'U' - '@':
		return 0;
	case 'W' - '@':
		while (len > 0 && line[len - 1] == ' ')
			len--;
		while (len > 0 && line[len - 1] != ' ')
			len--;
		return len;
	default:
		line[len] = (char)c;
		return len + 1;
	}
}

/* Ends a prompt that was not answered.  The newline may fail: the terminal
 * may be gone too. */
static enum answer
end_unanswered(enum answer left_how)
{
	enum fault fault;

	asking = 0;
	alarm(left_how == ANSWER_NONE ? SPARE_S : FAREWELL_S);
	fault = file_write(STDERR_FILENO, "\n", 1);
	(void)fault;
	return left_how;
}

enum answer
term_ask(const char *prompt, int64_t timeout_s, char *ret, size_t size)
{
	int64_t until_ms = clock_ms() + timeout_s * 1000;
	char line[LINE_MAX_BYTES];
	bool left = false;
	size_t len = 0;
	int c;

	alarm((unsigned)timeout_s + SPARE_S);
	ret[0] = '\0';
	asking = 1;
	if (file_write(STDERR_FILENO, prompt, strlen(prompt)) != FAULT_NONE)
		gone = 1;
	while ((c = next_byte(until_ms)) != '\n' && c != '\r') {
		left = c < 0 || is_interrupt(c) || len == sizeof(line);
		if (left)
			break;
		len = edit_line(line, len, c);
	}
	asking = 0;
	if (left || gone) {
		explicit_bzero(line, sizeof(line));
		return end_unanswered(
		    c < 0 && !gone ? ANSWER_NONE : ANSWER_GONE);
	}
	typed_plain(line, len, ret, size);
	explicit_bzero(line, sizeof(line));
	return ret[0] == '\0' ? ANSWER_EMPTY : ANSWER_LINE;
}
