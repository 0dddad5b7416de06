/*
 * The story of a second factor, with a real sshd: enrol, log in, be refused,
 * lose the phone, enrol again.  examples/demo starts it.  On a terminal a person
 * plays it.  Otherwise the program plays it: it reads the QR code from the
 * screen and computes the codes.  It ends with status 0 only if everything went
 * as it should.  "demo COMMAND" runs a command beside the bastion instead.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/bastion.h"
#include "tests/support/code.h"
#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/run.h"
#include "tests/support/screen.h"
#include "tests/support/session.h"

#define LOGINS_MAX 50
#define SHELL_MS   5000

static const char policy[] =
    "{'version':1,'issuer':'Demo-Bastion',"
    "'rules':[{'name':'everyone','users':['*'],'mode':'required'}],"
    "'otherwise':'required','enrollment':{'self':'always'},"
    "'forwarding':'after-code','keys':{'unlisted':'allow'}}";

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
	exit(1);
}

static void
heading(const char *title)
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
static void
show(const char *seen)
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

static void
show_run(const char *command, const struct run *r)
{
	printf("    $ %s\n", command);
	show(r->out);
	show(r->err);
	printf("    exit status %d\n", r->status);
}

static void
expect_status(int status, int wanted)
{
	if (status != wanted)
		fail("exit status %d, not %d", status, wanted);
}

static struct session *
log_in(const struct bastion *b)
{
	puts("    $ ssh bastion");
	return session_open(b, b->me, NULL, NULL);
}

static void
enter(struct session *s, const char *keys)
{
	session_type(s, keys);
	session_type(s, "\r");
}

/*
 * Waits for a shell's prompt, or some seconds where the prompt looks different.
 */
static void
await_shell(struct session *s)
{
	session_sees(s, geteuid() == 0 ? "# " : "$ ", SHELL_MS);
}

/* Runs a command in the shell that the code opened, and leaves it. */
static void
look_round(struct session *s)
{
	await_shell(s);
	enter(s, "echo \"I am $(id -un), and this is my shell: $0\"");
	session_expect(s, "I am ");
	session_expect(s, "and this is my shell: ");
	await_shell(s);
	enter(s, "exit");
	expect_status(session_status(s), 0);
	show(s->seen);
}

/* Enrols, and returns the secret that the phone now has. */
static const char *
enrol(const struct bastion *b, uint64_t step)
{
	struct session *s = log_in(b);
	const char *uri, *secret, *code;

	session_expect(s, PROMPT);
	uri = screen_qr(s->seen);
	if (uri == NULL)
		fail("no QR code on the screen:\n%s", s->seen);
	secret = uri_parameter(uri, "secret");
	if (secret == NULL)
		fail("no secret in %s", uri);
	code = code_at(secret, step);
	enter(s, code);
	session_expect(s, "Press Enter when you have kept them: ");
	enter(s, "");
	look_round(s);
	printf("\n    (The QR code was read from the screen: %s\n"
	       "    An app that scanned it shows %s.)\n",
	    uri, code);
	return secret;
}

static void
log_in_again(const struct bastion *b, const char *code)
{
	struct session *s = log_in(b);

	session_expect(s, PROMPT);
	enter(s, code);
	look_round(s);
}

static void
wrong_codes(const struct bastion *b, const char *secret)
{
	const char *wrong = code_wrong(secret);
	struct session *s = log_in(b);

	for (int i = 0; i < 3; i++) {
		session_expect(s, PROMPT);
		enter(s, wrong);
		session_expect(s, "Wrong code");
	}
	expect_status(session_status(s), 77);
	show(s->seen);
	puts("    exit status 77");
}

static void
replay(const struct bastion *b, const char *code)
{
	struct run *r = ssh_with_code(b, b->me, code, "id");

	show_run(text("ssh -o SetEnv=TFA_CODE=%s bastion id", code), r);
	expect_status(r->status, 77);
	if (strstr(r->err, "already used") == NULL || r->out_len > 0)
		fail("the replay was not refused as one");
}

static void
command(const struct bastion *b, const char *code)
{
	struct run *r = ssh_run(b, b->me, ARGV("-o", with_code(code)), "wc -c",
	    "twenty-four characters.\n");

	show_run(text("echo twenty-four characters. | "
		      "ssh -o SetEnv=TFA_CODE=%s bastion wc -c",
		     code),
	    r);
	expect_status(r->status, 0);
}

static void
lose_phone(const struct bastion *b, const char *code)
{
	struct run *r = bastion_admin(b, ARGV("revoke", b->me, "--yes"));

	show_run(text("tfa-admin revoke %s", b->me), r);
	expect_status(r->status, 0);
	r = ssh_with_code(b, b->me, code, "id");
	show_run(text("ssh -o SetEnv=TFA_CODE=%s bastion id", code), r);
	if (r->status == 0 || r->out_len > 0)
		fail("the lost phone still opens the door");
}

static void
play(const struct bastion *b)
{
	uint64_t step = step_fresh(8);
	const char *phone, *code, *other;

	heading("The first login: a QR code, one code to confirm, "
		"and recovery codes");
	phone = enrol(b, step - 1);

	heading("Every login after that: one prompt");
	code = code_at(phone, step);
	log_in_again(b, code);

	heading("A code works once: whoever saw it typed is refused");
	replay(b, code);

	heading("Three wrong codes end a login");
	wrong_codes(b, phone);

	heading("scp, rsync, git and scripts hand the code over in TFA_CODE");
	command(b, code_at(phone, step + 1));

	heading("The phone is lost: an admin revokes it");
	lose_phone(b, code_at(phone, step_now() + 1));

	heading("The next login sets up the new one");
	other = enrol(b, step_now());
	if (strcmp(other, phone) == 0)
		fail("the new phone got the old secret");
	puts("\nAll of this went through ssh, and as it should.");
}

/* Lets people play with their own terminal and phone. */
static void
hand_over(const struct bastion *b)
{
	char *ssh = text("ssh -F %s bastion", b->ssh_config);

	puts("An authenticator app on your phone and this terminal are all "
	     "you need:\nssh to a private bastion on 127.0.0.1 follows, scan "
	     "what it shows.\n");
	for (int i = 0; i < LOGINS_MAX; i++) {
		printf("$ ssh bastion\n");
		fflush(stdout);
		if (system(ssh) == -1)
			fail("cannot run ssh");
		printf("\nEnter to log in once more, ^D to end: ");
		fflush(stdout);
		for (int c = getchar(); c != '\n'; c = getchar()) {
			if (c == EOF) {
				puts("\n\nThe rest of the story, from a used "
				     "code to a lost phone: make demo "
				     "</dev/null");
				return;
			}
		}
	}
}

/* Runs a command, which finds the bastion in the folder TFA_BASTION. */
static int
lend(const struct bastion *b, char *argv[])
{
	int status;
	pid_t pid;

	setenv("TFA_BASTION", b->dir, 1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		fprintf(stderr, "demo: cannot run %s\n", argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("cannot run %s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char *argv[])
{
	/* The story has no door; who looks around by a command has one. */
	const struct bastion *b = bastion_open(.policy = policy,
	    .door = argc > 1 && door_missing() == NULL);
	int status = 0;

	if (argc > 1)
		status = lend(b, argv + 1);
	else if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		hand_over(b);
	else
		play(b);
	bastion_close_all();
	return status;
}
