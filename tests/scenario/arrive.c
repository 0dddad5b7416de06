/*
 * The words that meet a person who has come in: news of their account, the
 * message of the day, their last login. Users user133 to user138.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"

Scenarios(arrive);

#define EXEMPT "{'name':'all','users':['*'],'mode':'exempt'}"
#define MOTD   "Maintenance on \033[1mFriday\033[0m."
#define LAST   "Last login: "
#define PAM    "UsePAM yes\nPrintMotd no\nPrintLastLog yes\n"

/* A message of the day that no other test sees. */
static void
own_motd(void)
{
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /mnt\n"
		   "cp -a /etc/. /mnt/\n"
		   "mount --bind /mnt /etc\n"
		   "umount /mnt\n");
	write_text("/etc/motd", MOTD "\n");
}

/* How often the words are in the text. */
static size_t
times(const char *text, const char *words)
{
	size_t n = 0;

	for (; (text = strstr(text, words)) != NULL; text++)
		n++;
	return n;
}

/* All that a terminal shows until the shell has ended. */
static const char *
seen_at(const struct bastion *b, const char *user, const char *command)
{
	struct session *s = session_open(b, user, NULL, command);

	if (command == NULL)
		session_type(s, "echo in''side; exit\r");
	session_expect(s, "inside");
	(void)session_status(s);
	return s->seen;
}

/* sshd and PAM show it without a gate, and once with one: were sshd to show it
 * behind a ForceCommand too, it would come twice. */
Test(arrive, sees_the_motd_once_as_without_a_gate)
{
	const char *user = "user133";
	struct bastion *bare, *b;

	needs_people();
	own_motd();
	bare = bastion_open(.no_gate = true, .before = PAM);
	b = bastion_open(.rules = EXEMPT, .before = PAM);
	cr_expect_eq(times(seen_at(bare, user, NULL), MOTD), 1);
	cr_expect_eq(times(seen_at(b, user, NULL), MOTD), 1);
	cr_expect_eq(times(seen_at(bare, user, "echo inside"), MOTD), 0);
	cr_expect_eq(times(seen_at(b, user, "echo inside"), MOTD), 0);
}

/* Without a terminal nothing may stand before what a script reads. */
Test(arrive, sees_nothing_without_a_terminal)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	own_motd();
	b = bastion_open(.rules = EXEMPT, .before = PAM);
	for (int i = 0; i < 2; i++) {
		r = ssh_run(b, "user133", NULL, NULL, "echo inside\n");
		cr_expect_str_eq(r->out, "inside\n");
		cr_expect_eq(times(r->err, LAST), 0);
	}
}

Test(arrive, sees_nothing_with_a_hushlogin)
{
	const char *user = "user134", *hush = text("/home/%s/.hushlogin", user);
	struct bastion *bare, *b;

	needs_people();
	own_motd();
	bare = bastion_open(.no_gate = true, .before = PAM);
	b = bastion_open(.rules = EXEMPT, .before = PAM);
	(void)seen_at(bare, user, NULL);
	(void)seen_at(b, user, NULL);
	write_text(hush, "");
	cr_expect_eq(times(seen_at(bare, user, NULL), MOTD), 0);
	cr_expect_eq(times(seen_at(b, user, NULL), MOTD), 0);
	cr_expect_eq(times(seen_at(b, user, NULL), LAST), 0);
	unlink(hush);
	cr_expect_eq(times(seen_at(b, user, NULL), MOTD), 1);
}

/* A key for one command gets no shell. */
Test(arrive, sees_nothing_where_a_key_runs_a_command)
{
	const char *user = "user135";
	const char *list = text("/home/%s/.ssh/authorized_keys", user);
	const char *key = read_text(list);
	struct bastion *b;

	needs_people();
	own_motd();
	b = bastion_open(.rules = EXEMPT, .before = PAM);
	write_text(list, text("command=\"echo inside\" %s", key));
	cr_expect_eq(times(seen_at(b, user, NULL), MOTD), 0);
	write_text(list, key);
	cr_expect_eq(times(seen_at(b, user, NULL), MOTD), 1);
}

/* The login before this one: none at first; of the same words as sshd's. */
Test(arrive, sees_the_last_login_after_the_motd)
{
	const char *user = "user136", *seen, *motd, *last;
	struct bastion *bare, *b;

	needs_people();
	own_motd();
	bare = bastion_open(.no_gate = true, .before = PAM);
	b = bastion_open(.rules = EXEMPT, .before = PAM);
	cr_expect_eq(times(seen_at(b, user, NULL), LAST), 0);
	(void)seen_at(bare, user, NULL);
	for (int i = 0; i < 2; i++) {
		seen = seen_at(i == 0 ? bare : b, user, NULL);
		motd = strstr(seen, MOTD);
		last = strstr(seen, LAST);
		cr_assert(motd != NULL && last != NULL, "%s", seen);
		cr_expect_lt(motd, last);
		cr_expect_eq(times(seen, LAST), 1);
		/* "Last login: Sun Nov 29 19:50:37 2026 from 127.0.0.1" */
		cr_expect_eq(strncmp(last + 36, " from 127.0.0.1\r", 16), 0,
		    "%.70s", last);
	}
}

/* The door has noted the connection before its session begins. */
Test(arrive, sees_the_login_before_the_doors_own)
{
	const char *user = "user137", *secret;
	struct bastion *b;
	struct session *s;
	struct visit v;
	uint64_t step = step_now();

	needs_door();
	b = bastion_open(.rules = REQUIRED, .more = "'forwarding':'after-code'",
	    .door = true);
	v = visit_of(b, "door", user, NULL);
	secret = fixture_enrol(b, user);
	for (int i = 0; i < 2; i++) {
		v.answers = code_at(secret, step + (uint64_t)i);
		s = visit_terminal(&v, NULL, NULL);
		session_type(s, "echo in''side; exit\r");
		session_expect(s, "inside");
		(void)session_status(s);
		cr_expect_eq(times(s->seen, LAST), (size_t)i, "%s", s->seen);
	}
}

/* Wrong codes are said to whoever answers the door's question, once. */
Test(arrive, hears_of_wrong_codes_once_at_the_door)
{
	const char *secret;
	struct bastion *b;
	struct visit v;
	struct run *r;
	uint64_t step = step_now() - 1;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .more = "'forwarding':'after-code'",
	    .door = true);
	v = visit_of(b, "door", "user138", NULL);
	secret = fixture_enrol(b, v.user);
	v.answers = code_wrong(secret);
	(void)visit_run(&v, NULL, "true");
	for (int i = 0; i < 3; i++) {
		v.answers = code_at(secret, step++);
		r = i == 1
		    ? visit_run(&v, NULL, "true")
		    : visit_run(&v,
			  ARGV("-W", text("127.0.0.1:%d", v.beyond->port)),
			  NULL);
		assert_status(r, 0);
		cr_expect_eq(times(r->err, "1 wrong code since your last"),
		    (size_t)(i == 0), "%d: %s", i, r->err);
	}
}
