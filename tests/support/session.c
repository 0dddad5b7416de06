#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/screen.h"
#include "tests/support/session.h"

#define EXPECT_MS 45000
#define ARGS_MAX  40

struct session *
session_start(const char *const argv[])
{
	struct winsize size = {.ws_col = 80, .ws_row = 50};
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fail("out of memory");
	s->size = 1 << 16;
	s->seen = calloc(1, s->size);
	s->pid = forkpty(&s->fd, NULL, NULL, &size);
	if (s->pid < 0 || s->seen == NULL)
		fail("forkpty: %s", strerror(errno));
	if (s->pid > 0)
		return s;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/*
	 * The defaults, as in a login: the tests may have been started with
	 * others.
	 */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	setenv("TERM", "xterm-256color", 1);
	execvp(argv[0], (char *const *)(const void *)argv);
	_exit(127);
}

const char *const *
ssh_argv(const struct bastion *b, const char *host, const char *terminal,
    const char *user, const char *const args[], const char *command)
{
	const char **argv = calloc(ARGS_MAX, sizeof(*argv));
	size_t n = 0;

	if (argv == NULL)
		fail("out of memory");
	argv[n++] = "ssh";
	argv[n++] = "-F";
	argv[n++] = b->ssh_config;
	argv[n++] = terminal;
	argv[n++] = "-l";
	argv[n++] = user;
	for (; args != NULL && *args != NULL && n < ARGS_MAX - 3; args++)
		argv[n++] = *args;
	argv[n++] = host;
	argv[n] = command;
	return argv;
}

struct session *
session_open(const struct bastion *b, const char *user,
    const char *const args[], const char *command)
{
	return session_start(
	    ssh_argv(b, "bastion", "-tt", user, args, command));
}

/* Reads what is there, waiting at most wait_ms; false at the end. */
static bool
read_more(struct session *s, int wait_ms)
{
	struct pollfd ready = {.fd = s->fd, .events = POLLIN};
	ssize_t got;

	if (poll(&ready, 1, wait_ms) <= 0)
		return true;
	if (s->len + 4096 >= s->size) {
		s->size *= 2;
		s->seen = realloc(s->seen, s->size);
		if (s->seen == NULL)
			fail("out of memory");
	}
	got = read(s->fd, s->seen + s->len, 4096);
	if (got <= 0)
		return false;
	s->len += (size_t)got;
	s->seen[s->len] = '\0';
	return true;
}

/* Returns how many bytes of seen are these words, or 0.  Programs fold what they
 * say at the width of the terminal, so a blank may be a new line, indented. */
static size_t
words_at(const char *seen, const char *words)
{
	const char *at = seen;

	for (; *words != '\0'; words++) {
		if (*at == *words)
			at++;
		else if (*words == ' ' && strncmp(at, "\r\n", 2) == 0)
			at += 2 + strspn(at + 2, " ");
		else
			return 0;
	}
	return (size_t)(at - seen);
}

bool
session_sees(struct session *s, const char *words, int limit_ms)
{
	long long end = run_clock_ms() + limit_ms;
	bool open = true;

	for (;;) {
		for (size_t at = s->mark; at < s->len; at++) {
			size_t len = words_at(s->seen + at, words);

			if (len > 0) {
				s->mark = at + len;
				return true;
			}
		}
		if (!open || run_clock_ms() >= end)
			return false;
		open = read_more(s, 50);
	}
}

void
session_expect(struct session *s, const char *words)
{
	if (!session_sees(s, words, EXPECT_MS))
		fail("no \"%s\" on the terminal, which shows:\n%s", words,
		    screen_text(s->seen));
}

void
session_type(struct session *s, const char *keys)
{
	size_t len = strlen(keys);

	/* EIO: the session has ended, which is no error here. */
	if (write(s->fd, keys, len) != (ssize_t)len && errno != EIO)
		fail("cannot type: %s", strerror(errno));
}

int
session_status(struct session *s)
{
	long long end = run_clock_ms() + EXPECT_MS;

	while (!s->over && read_more(s, 50)) {
		if (run_clock_ms() >= end)
			fail("the session does not end; it shows:\n%s",
			    screen_text(s->seen));
	}
	if (!s->over)
		session_ends(s, 20000);
	if (!s->over)
		fail("the client does not end");
	return s->status;
}

bool
session_ends(struct session *s, int limit_ms)
{
	if (!s->over)
		s->status = run_wait(s->pid, limit_ms);
	s->over = s->status >= 0;
	return s->over;
}

void
session_kill(struct session *s)
{
	if (!session_ends(s, 0)) {
		kill(s->pid, SIGKILL);
		run_wait(s->pid, 2000);
	}
	close(s->fd);
	s->over = true;
}

void
session_pass(struct session *s, const char *code)
{
	session_expect(s, PROMPT);
	session_type(s, code);
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
}

struct run *
ssh_start(const struct bastion *b, const char *user, const char *const args[],
    const char *command, const char *input)
{
	return run_start(ssh_argv(b, "bastion", "-T", user, args, command),
	    input, input == NULL ? 0 : strlen(input));
}

struct run *
ssh_run(const struct bastion *b, const char *user, const char *const args[],
    const char *command, const char *input)
{
	struct run *r = ssh_start(b, user, args, command, input);

	run_finish(r);
	return r;
}

struct run *
ssh_with_code(const struct bastion *b, const char *user, const char *code,
    const char *command)
{
	return ssh_run(b, user, ARGV("-o", with_code(code)), command, NULL);
}

char *
with_code(const char *code)
{
	return text("SetEnv=TFA_CODE=%s", code);
}

/* OpenSSH 10 expands % in values only; "${" cannot be escaped there. */
static bool
client_expands_percent(void)
{
	struct run *r = run(
	    ARGV("ssh", "-G", "-F", "none", "-o", "SetEnv=A=%%", "bastion"),
	    NULL, 0);

	if (r->status != 0)
		fail("ssh -G: %s", r->err);
	return strstr(r->out, "%%") == NULL;
}

char *
word_of_setenv(const char *set)
{
	const char *value = strchr(set, '=');
	char *word;

	if (value == NULL || strchr(set, '"') != NULL ||
	    strstr(value, "${") != NULL)
		fail("SetEnv cannot send %s", set);
	if (strchr(value, '%') == NULL || !client_expands_percent())
		return text("\"%s\"", set);
	word = text("\"%.*s", (int)(value - set), set);
	for (; *value != '\0'; value++)
		word = text("%s%s%c", word, *value == '%' ? "%" : "", *value);
	return text("%s\"", word);
}
