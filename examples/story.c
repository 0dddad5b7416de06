#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/story.h"
#include "tests/support/code.h"
#include "tests/support/fail.h"
#include "tests/support/link.h"
#include "tests/support/screen.h"

#define SHELL_MS 5000

_Noreturn void
fail(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("demo: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	bastion_show_logs();
	bastion_close_all();
	link_close_all();
	cluster_close();
	exit(1);
}

void
story_heading(const char *title)
{
	static int number;

	printf("\n%d. %s\n\n", ++number, title);
}

/* True for a colour of the QR code, which cannot be scanned without it. */
static bool
is_of_qr(const char *escape, const char *end)
{
	size_t len = (size_t)(end - escape);

	return memmem(escape, len, "48;", 3) != NULL ||
	    (len == 3 && escape[2] == '0');
}

/* Skips what a terminal acts on and does not show: titles, modes, colours. */
static const char *
skip_control(const char *at)
{
	const char *end;

	if (at[0] == '\r' || at[0] == '\007')
		return at + 1;
	if (at[0] != '\033' || at[1] == '\0')
		return at;
	if (at[1] == ']')
		return at + strcspn(at, "\007");
	end = at + 2 + strspn(at + 2, "0123456789;?");
	if (*end == '\0' || (*end == 'm' && is_of_qr(at, end)))
		return at;
	return end + 1;
}

/* Prints the transcript, indented. */
void
story_show(const char *seen)
{
	bool fresh = true;

	while (*seen != '\0') {
		const char *next = skip_control(seen);

		if (next != seen) {
			seen = next;
			continue;
		}
		if (fresh)
			fputs("    ", stdout);
		fresh = *seen == '\n';
		putchar(*seen++);
	}
	if (!fresh)
		putchar('\n');
}

void
story_run(const char *command, const struct run *r)
{
	printf("    $ %s\n", command);
	story_show(r->out);
	story_show(r->err);
	printf("    exit status %d\n", r->status);
}

void
story_expect_status(int status, int wanted)
{
	if (status != wanted)
		fail("exit status %d, not %d", status, wanted);
}

struct session *
story_log_in(const struct bastion *b, const char *name)
{
	printf("    $ ssh %s\n", name);
	return session_open(b, b->me, NULL, NULL);
}

void
story_enter(struct session *s, const char *keys)
{
	session_type(s, keys);
	session_type(s, "\r");
}

/*
 * Waits for a shell's prompt, or some seconds where the prompt looks different.
 */
static void
await_shell(const struct bastion *b, struct session *s)
{
	bool is_root = strcmp(b->me, "root") == 0;

	session_sees(s, is_root ? "# " : "$ ", SHELL_MS);
}

/* Runs a command in the shell that the code opened, and leaves it. */
static void
look_round(const struct bastion *b, struct session *s)
{
	await_shell(b, s);
	story_enter(s, "echo \"I am $(id -un), and this is my shell: $0\"");
	session_expect(s, "I am ");
	session_expect(s, "and this is my shell: ");
	await_shell(b, s);
	story_enter(s, "exit");
	story_expect_status(session_status(s), 0);
	story_show(s->seen);
}

/* Enrols, and returns the secret that the phone now has. */
const char *
story_enrol(const struct bastion *b, const char *name, uint64_t step)
{
	struct session *s = story_log_in(b, name);
	const char *uri, *secret, *code;

	session_expect(s, PROMPT);
	uri = screen_qr(s->seen);
	if (uri == NULL)
		fail("no QR code on the screen:\n%s", s->seen);
	secret = uri_parameter(uri, "secret");
	if (secret == NULL)
		fail("no secret in %s", uri);
	code = code_at(secret, step);
	story_enter(s, code);
	session_expect(s, "Press Enter when you have kept them: ");
	story_enter(s, "");
	look_round(b, s);
	printf("\n    (The QR code was read from the screen: %s\n"
	       "    An app that scanned it shows %s.)\n",
	    uri, code);
	return secret;
}

void
story_log_in_with(const struct bastion *b, const char *name, const char *code)
{
	struct session *s = story_log_in(b, name);

	session_expect(s, PROMPT);
	story_enter(s, code);
	look_round(b, s);
}
