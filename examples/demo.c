/*
 * The story of a second factor, with a real sshd: enrol, log in, be refused,
 * lose the phone, enrol again.  examples/demo starts it.  On a terminal a person
 * plays it.  Otherwise the program plays it: it reads the QR code from the
 * screen and computes the codes.  It ends with status 0 only if everything went
 * as it should.  "demo COMMAND" runs a command beside the bastion instead.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examples/story.h"
#include "tests/support/bastion.h"
#include "tests/support/code.h"
#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/run.h"
#include "tests/support/session.h"

#define LOGINS_MAX 50

static const char policy[] =
    "{'version':1,'issuer':'Demo-Bastion',"
    "'rules':[{'name':'everyone','users':['*'],'mode':'required'}],"
    "'otherwise':'required','enrollment':{'self':'always'},"
    "'forwarding':'after-code','keys':{'unlisted':'allow'}}";

static void
wrong_codes(const struct bastion *b, const char *secret)
{
	const char *wrong = code_wrong(secret);
	struct session *s = story_log_in(b, "bastion");

	for (int i = 0; i < 3; i++) {
		session_expect(s, PROMPT);
		story_enter(s, wrong);
		session_expect(s, "Wrong code");
	}
	story_expect_status(session_status(s), 77);
	story_show(s->seen);
	puts("    exit status 77");
}

static void
replay(const struct bastion *b, const char *code)
{
	struct run *r = ssh_with_code(b, b->me, code, "id");

	story_run(text("ssh -o SetEnv=TFA_CODE=%s bastion id", code), r);
	story_expect_status(r->status, 77);
	if (strstr(r->err, "already used") == NULL || r->out_len > 0)
		fail("the replay was not refused as one");
}

static void
command(const struct bastion *b, const char *code)
{
	struct run *r = ssh_run(b, b->me, ARGV("-o", with_code(code)), "wc -c",
	    "twenty-four characters.\n");

	story_run(text("echo twenty-four characters. | "
		       "ssh -o SetEnv=TFA_CODE=%s bastion wc -c",
		      code),
	    r);
	story_expect_status(r->status, 0);
}

static void
lose_phone(const struct bastion *b, const char *code)
{
	struct run *r = bastion_admin(b, ARGV("revoke", b->me, "--yes"));

	story_run(text("tfa-admin revoke %s", b->me), r);
	story_expect_status(r->status, 0);
	r = ssh_with_code(b, b->me, code, "id");
	story_run(text("ssh -o SetEnv=TFA_CODE=%s bastion id", code), r);
	if (r->status == 0 || r->out_len > 0)
		fail("the lost phone still opens the door");
}

static void
play(const struct bastion *b)
{
	uint64_t step = step_fresh(8);
	const char *phone, *code, *other;

	story_heading("The first login: a QR code, one code to confirm, "
		      "and recovery codes");
	phone = story_enrol(b, "bastion", step - 1);

	story_heading("Every login after that: one prompt");
	code = code_at(phone, step);
	story_log_in_with(b, "bastion", code);

	story_heading("A code works once: whoever saw it typed is refused");
	replay(b, code);

	story_heading("Three wrong codes end a login");
	wrong_codes(b, phone);

	story_heading(
	    "scp, rsync, git and scripts hand the code over in TFA_CODE");
	command(b, code_at(phone, step + 1));

	story_heading("The phone is lost: an admin revokes it");
	lose_phone(b, code_at(phone, step_now() + 1));

	story_heading("The next login sets up the new one");
	other = story_enrol(b, "bastion", step_now());
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
