/*
 * revoke --end-sessions: it ends what runs, also at the door, and is root's.
 * Nothing stays for the next account of a name.  Users user161 to user165.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(ends);

#define LEFT "left161" /* whose account is made after forget */

Test(ends, forward_at_the_door_with_the_device)
{
	const char *user = "user161", *secret;
	struct bastion *b;
	struct session *s;
	struct run *r;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .more = "'forwarding':'after-code'",
	    .before = "AllowTcpForwarding yes\n", .door = true);
	secret = fixture_enrol(b, user);
	s = session_start(door_words(b, code_at(secret, step_now()),
	    ssh_argv(b, "door", "-T", user,
		ARGV("-W", text("127.0.0.1:%d", b->port)), NULL)));
	session_expect(s, "SSH-2.0-");
	r = bastion_admin(b, ARGV("revoke", user, "--end-sessions", "--yes"));
	assert_status(r, 0);
	assert_says(r->out, text("%s: ended: 1 connection, ", user));
	cr_assert(session_ends(s, 20000), "the forward goes on");
	assert_status(run(ARGV("pgrep", "-u", user), NULL, 0), 1);
}

/* The device of somebody else may have been meant, and the session of somebody
 * else. */
Test(ends, nothing_for_a_device_that_is_not_there)
{
	struct bastion *b;
	struct session *s;
	const char *secret;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "user165");
	s = session_open(b, "user165", NULL, NULL);
	session_pass(s, code_at(secret, step_now()));
	r = bastion_admin(b,
	    ARGV("revoke", "user165", "--device", "phnoe", "--end-sessions",
		"--yes"));
	assert_status(r, 1);
	assert_says(r->err, "user165 has d1 ");
	assert_says(r->err, "; nothing is changed\n");
	cr_expect_eq(fixture_audit_count(b, "end_sessions"), 0);
	session_type(s, "echo sti''ll here\r");
	session_expect(s, "still here");
	session_kill(s);
}

/* Root by sudo, in a session of the one whose sessions are to end. */
Test(ends, own_session_after_a_yes_alone)
{
	const char *user = "user162", *secret, *command;
	struct bastion *b;
	struct session *s;
	char *sudoers = text("/etc/sudoers.d/tfa-%s", user);

	needs_people();
	needs_program("sudo");
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, user);
	write_text(sudoers,
	    text("Defaults:%s pam_service=tfa-ends, !lecture, !use_pty\n"
		 "%s ALL=(ALL:ALL) NOPASSWD: ALL\n",
		user, user));
	cr_assert_eq(chmod(sudoers, 0440), 0);
	write_text("/etc/pam.d/tfa-ends",
	    "auth required pam_permit.so\naccount required pam_permit.so\n"
	    "session required pam_permit.so\n");
	command = text("sudo %s/tfa-admin --socket %s --policy %s "
		       "revoke %s --end-sessions; echo sta''tus $?\r",
	    getenv("TFA_PROGRAMS"), b->socket, b->policy, user);
	s = session_open(b, user, NULL, NULL);
	session_pass(s, code_at(secret, step_now()));
	session_type(s, command);
	session_expect(s, "Revoke user162?");
	session_type(s, "y\r");
	session_expect(s, "Your own session ends with it.");
	session_type(s, "n\r");
	session_expect(s, "nothing is changed");
	session_expect(s, "status 1");
	assert_says(fixture_record(b, user), "\"secret\"");
	session_type(s, command);
	session_expect(s, "Revoke user162?");
	session_type(s, "y\r");
	session_expect(s, "Your own session ends with it.");
	session_type(s, "y\r");
	cr_assert(session_ends(s, 30000), "the session goes on");
	assert_never_says(fixture_record(b, user), "\"secret\"");
	/* The command outlives the session for a moment. */
	for (int i = 0; i < 200 && fixture_audit_count(b, "end_sessions") == 0;
	     i++)
		run_sleep_ms(50);
	assert_says(fixture_audit(b), "\"event\":\"end_sessions\"");
}

/* A delegate may revoke, but not end; the half of it is not done either. */
Test(ends, nothing_for_a_delegate)
{
	struct bastion *b;
	struct session *s;
	const char *secret;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .more = "'admins':{'users':['user163']}");
	secret = fixture_enrol(b, "user164");
	fixture_enrol(b, "user163");
	s = session_open(b, "user164", NULL, NULL);
	session_pass(s, code_at(secret, step_now()));
	r = run(
	    ARGV("setpriv", "--reuid=user163", "--regid=user163",
		"--init-groups", text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
		"--socket", b->socket, "--policy", b->policy, "revoke",
		"user164", "--end-sessions", "--yes"),
	    NULL, 0);
	assert_status(r, 77);
	assert_says(r->err, "only root may end sessions: nothing is changed");
	assert_says(fixture_record(b, "user164"), "\"secret\"");
	session_type(s, "echo sti''ll here\r");
	session_expect(s, "still here");
	session_kill(s);
}

/* Makes an account of that name, number and key. */
static void
add_account(const char *name, int uid)
{
	assert_status(
	    run(ARGV("sh", "-ec",
		    "mkdir -p /home/$1/.ssh; cp /home/alice/.ssh/"
		    "authorized_keys /home/$1/.ssh/; chown -R $2:$2 /home/$1; "
		    "echo $1:x:$2:$2::/home/$1:/bin/bash >>/etc/passwd; "
		    "echo $1:*:19000:0:99999:7::: >>/etc/shadow",
		    "sh", name, text("%d", uid)),
		NULL, 0),
	    0);
}

/* Everything that a record can keep of somebody, left by an account that had
 * the same number, too. */
Test(ends, nothing_of_them_for_the_next_of_that_name)
{
	struct bastion *b;
	const char *secret, *code;
	struct run *r, *made;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "alice");
	made = bastion_admin(b, ARGV("code", "alice", "--pass"));
	assert_status(made, 0);
	code = strstr(made->out, ": ");
	cr_assert_not_null(code);
	code = text("%.*s", (int)strcspn(code + 2, " \n"), code + 2);
	assert_status(
	    ssh_with_code(b, "alice", code_at(secret, step_now()), "true"), 0);
	assert_status(
	    run(ARGV("sh", "-ec",
		    text("cd %s/users; cp -p alice.json " LEFT ".json; sed -i "
			 "'s/\"user\": *\"[^\"]*\"/\"user\":\"" LEFT
			 "\"/; s/\"uid\": *[0-9]*/\"uid\":4161/' " LEFT ".json",
			b->store)),
		NULL, 0),
	    0);
	assert_says(fixture_record(b, LEFT), "\"codes\"");
	assert_says(fixture_record(b, LEFT), "\"verified\"");
	r = bastion_admin(b, ARGV("forget", LEFT, "--yes"));
	assert_status(r, 0);
	add_account(LEFT, 4161);
	r = bastion_admin(b, ARGV("--json", "users", LEFT));
	assert_status(r, 0);
	assert_says(r->out, "\"devices\":[]");
	assert_says(r->out, "\"last_login\":null");
	assert_says(r->out, "\"codes\":[]");
	assert_says(r->out, "\"state\":\"overdue\"");
	cr_assert_neq(
	    ssh_with_code(b, LEFT, code_at(secret, step_now() + 1), "true")
		->status,
	    0);
	cr_assert_neq(ssh_with_code(b, LEFT, code, "true")->status, 0);
	/* It was good for a login, of the one for whom it was made. */
	assert_status(ssh_with_code(b, "alice", code, "true"), 0);
}
