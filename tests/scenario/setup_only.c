/*
 * tfa-admin setup --only: a trial that nobody else notices.  The members are
 * asked by a real sshd, and the others forward as before.
 */
#include <signal.h>
#include <stdlib.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(setup_only);

#define DROPIN MACHINE_DROPIN
#define GREETS "SSH-2.0-OpenSSH"

/* user109 is in ops, user110 by the primary group alone, and user111 in both
 * groups; the others are in none. */
static void
new_machine(void)
{
	machine_new();
	machine_sh("groupadd ops; groupadd Dev\n"
		   "usermod -aG ops user109; usermod -g ops user110\n"
		   "usermod -aG ops,Dev user111; usermod -aG Dev user112");
}

static void
run_both(void)
{
	machine_keeper();
	machine_sh("/usr/sbin/sshd -E /run/sshd.log");
}

static struct run *
ssh_once(const char *user, const char *more)
{
	return run(ARGV("sh", "-c",
		       text("exec ssh -F none -p %d -i $TFA_KEYS/%s -l %s "
			    "-o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
			    "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
			    "-o BatchMode=yes %s </dev/null",
			   machine_port, user, user, more)),
	    NULL, 0);
}

/* sshd, reloaded, listens again in a moment. */
static struct run *
ssh(const char *user, const char *more)
{
	struct run *r = ssh_once(user, more);

	for (int i = 0; i < 50 && strstr(r->err, "refused") != NULL; i++) {
		run_sleep_ms(100);
		r = ssh_once(user, more);
	}
	return r;
}

static const char *
forward(void)
{
	return text("-W 127.0.0.1:%d 127.0.0.1", machine_port);
}

/* Everybody who is in must give a code; nobody else is asked anything. */
static void
enforce(const char *target)
{
	assert_status(
	    run(ARGV("/usr/sbin/tfa-admin", "enforce", target, "--yes"), NULL,
		0),
	    0);
}

static void
assert_asked(const char *user)
{
	struct run *r = ssh(user, "127.0.0.1 echo in");

	cr_assert_str_empty(r->out, "%s", user);
	cr_assert_neq(r->status, 0, "%s", user);
	assert_never_says(ssh(user, forward())->out, GREETS);
}

static void
assert_as_before(const char *user)
{
	struct run *r = ssh(user, "127.0.0.1 'echo $HOME $SHLVL'");

	assert_status(r, 0);
	assert_says(r->out, text("/home/%s", user));
	assert_says(ssh(user, forward())->out, GREETS);
}

static struct run *
doctor(void)
{
	return run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
}

Test(setup_only, members_are_asked_and_the_others_forward)
{
	struct run *r;

	needs_people();
	new_machine();
	run_both();
	r = machine_setup("--yes", "--only", "@ops,user113");
	assert_status(r, 0);
	assert_says(r->out, "+ Match Group ops\n");
	assert_says(r->out, "+ Match User user113\n");
	assert_never_says(r->out, "+ Match all");
	assert_says(r->err, "for the group ops and user113 (4 accounts");
	assert_says(r->err, "ssh -J and ProxyJump, -W, -L, -R and -D");
	assert_says(r->err, "ProxyCommand ssh BASTION tfa connect %h %p");
	assert_says(r->err, "nothing changes for the other ");
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	enforce("@ops");
	enforce("user113");
	for (int i = 109; i <= 113; i++)
		if (i == 112)
			assert_as_before("user112");
		else
			assert_asked(text("user%d", i));
	r = doctor();
	cr_assert(finding_is(r->out, "ok", "scope",
		      "only the group ops and user113 meet the gate, 4 "
		      "accounts"),
	    "%s", r->out);
	assert_says(r->out, "outside log in as without tfa: ");
	assert_never_says(r->out, "FAIL");
	r = run(ARGV("/usr/sbin/tfa-admin", "enforce", "*", "--yes"), NULL, 0);
	assert_says(r->err,
	    "the gate stands before the group ops and user113 "
	    "alone");
	r = run(ARGV("/usr/sbin/tfa-admin", "explain", "user112"), NULL, 0);
	assert_says(r->out, "user112: pass\n");
	assert_says(r->out, "before others alone (setup --only); with it: ");
	r = run(ARGV("/usr/sbin/tfa-admin", "explain", "user113"), NULL, 0);
	assert_never_says(r->out, "setup --only");
}

/* Those outside of the block pass, whatever the policy says. */
Test(setup_only, policy_that_asks_somebody_outside_is_a_fail)
{
	struct run *r;

	needs_people();
	new_machine();
	run_both();
	assert_status(machine_setup("--yes", "--only", "@ops"), 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	enforce("user112");
	r = doctor();
	assert_status(r, 1);
	cr_assert(finding_is(r->out, "FAIL", "scope",
		      "requires a code of 1 account outside: user112"),
	    "%s", r->out);
	/* and setup stops at what doctor says */
	r = machine_setup("--dry-run", "--only", "@ops,user113");
	assert_status(r, 1);
	assert_says(r->err, "requires a code of 1 account outside: user112");
	assert_status(machine_setup("--dry-run", "--only", "@ops,user112"), 0);
}

Test(setup_only, names_are_those_of_sshd)
{
	static const char *const refused[] = {"@nobody-has-this", "@op*",
	    "@ops,", "@ops,!user109", "@o?s", "no-such-user", "@", "", "@DEV",
	    "@ops @Dev", "root\nMatch all"};
	struct run *r;

	needs_people();
	new_machine();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		r = machine_setup("--dry-run", "--only", refused[i]);
		cr_assert_neq(r->status, 0, "\"%s\"", refused[i]);
		cr_assert_str_empty(r->out, "\"%s\"", refused[i]);
		cr_assert(!machine_has(DROPIN));
	}
	r = machine_setup("--dry-run", "--only", "ops");
	assert_says(r->err, "ops: there is no such user; for the group: @ops");
	/* getgrgid(3) finds the first name of a number: so does sshd */
	machine_sh("groupadd -o -g $(getent group Dev | cut -d: -f3) zzz");
	r = machine_setup("--dry-run", "--only", "@zzz,@Dev");
	assert_status(r, 0);
	assert_says(r->err, "sshd knows the group zzz as Dev");
	assert_says(r->out, "+ Match Group Dev\n");
}

/* A directory may know "bob" as "BOB", too, and sshd's Match User does not. */
Test(setup_only, user_of_a_directory_is_given_as_a_group)
{
	struct run *r;

	needs_people();
	new_machine();
	machine_sh("sed -i '/^nobody:/d' /etc/passwd\n"
		   "sed -i 's/^passwd:.*/passwd: files systemd/' "
		   "/etc/nsswitch.conf");
	if (run(ARGV("getent", "passwd", "nobody"), NULL, 0)->status != 0)
		cr_skip_test("needs libnss-systemd");
	r = machine_setup("--dry-run", "--only", "@ops,nobody");
	cr_assert_neq(r->status, 0);
	assert_says(r->err, "put them into a group");
	cr_assert_str_empty(r->out);
}

/* A group of a directory may have a blank, dots and plus signs in its name. */
Test(setup_only, odd_name_of_a_group_holds_its_members_alone)
{
	static const char odd[] = "domain users+x.y@corp";
	struct run *r;

	needs_people();
	new_machine();
	machine_sh(text("echo '%s:x:7777:user114' >>/etc/group", odd));
	run_both();
	r = machine_setup("--yes", "--only", text("@%s,@Dev", odd));
	assert_status(r, 0);
	assert_says(r->out, text("+ Match Group \"%s,Dev\"\n", odd));
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	enforce(text("@%s", odd));
	enforce("@Dev");
	assert_asked("user114");
	assert_asked("user111");
	assert_as_before("user109");
	r = doctor();
	assert_never_says(r->out, "FAIL");
	/* the group went: nobody of it is asked */
	machine_sh("sed -i '/^domain users/d' /etc/group");
	r = doctor();
	assert_says(r->out, "there is no group domain users+x.y@corp here");
}

/* The other forms keep those who are asked; plain setup is for everybody. */
Test(setup_only, others_forms_keep_it_and_plain_setup_widens_it)
{
	struct run *r;
	char *before;

	needs_people();
	new_machine();
	run_both();
	before = machine_files();
	assert_status(machine_setup("--yes", "--only", "@ops"), 0);
	assert_status(machine_setup("--undo", NULL, NULL), 0);
	cr_assert(!machine_has(DROPIN));
	(void)before;
	assert_status(machine_setup("--yes", "--only", "@ops"), 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	r = machine_setup("--yes", "--only", "@ops");
	assert_says(r->err, "nothing to change");
	r = machine_setup("--yes", "--break-glass", "root");
	assert_status(r, 0);
	assert_says(read_text(DROPIN), "\nMatch Group ops\n");
	assert_says(read_text(DROPIN), "\nMatch User root\n");
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	r = machine_setup("--dry-run", "--only", "@ops,@Dev");
	assert_says(r->out, "+ Match Group ops,Dev\n");
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->out, "- Match Group ops\n");
	assert_says(r->out, "+ Match all\n");
	assert_says(r->err,
	    "until now the gate stands before the group ops; "
	    "from then on before everybody");
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	assert_says(read_text(DROPIN), "\nMatch User root\n");
	enforce("*");
	assert_asked("user112");
	r = machine_setup("--dry-run", "--only", "@ops");
	assert_says(r->err, "will no longer be asked for a code");
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	assert_as_before("user109");
}

/* A caller outside goes on as before, and is not told of a lock-out. */
Test(setup_only, caller_outside_is_not_in_danger)
{
	struct run *r;

	needs_people();
	new_machine();
	machine_sh("mkdir -m 755 /etc/tfa");
	write_text("/etc/tfa/policy.json",
	    "{\"version\":1,\"issuer\":\"T\",\"rules\":[{\"name\":\"ops\","
	    "\"groups\":[\"ops\"],\"mode\":\"required\"}],"
	    "\"otherwise\":\"optional\"}");
	machine_keeper();
	setenv("SUDO_USER", "user112", 1);
	r = machine_setup("--dry-run", "--only", "@ops");
	assert_status(r, 0);
	assert_says(r->out, "ForceCommand /usr/sbin/tfa-gate for user109");
	setenv("SUDO_USER", "user109", 1);
	r = machine_setup("--dry-run", "--only", "@ops");
	assert_status(r, 1);
	assert_says(r->err, "lock yourself out: user109");
}

/* Lines for others do no harm; those for members are judged as ever. */
Test(setup_only, lines_of_the_site_count_for_members_alone)
{
	struct run *r;

	needs_people();
	new_machine();
	machine_sshd_config("Match User user112\n"
			    "    ForceCommand internal-sftp\n"
			    "    SetEnv A=b\n");
	r = machine_setup("--dry-run", "--only", "@ops");
	assert_status(r, 0);
	machine_sshd_config("Match Group Dev\n"
			    "    ForceCommand internal-sftp\n");
	r = machine_setup("--dry-run", "--only", "@ops");
	assert_status(r, 1);
	assert_says(r->err,
	    "    Match Group Dev Group ops\n"
	    "        ForceCommand /usr/sbin/tfa-gate --command "
	    "internal-sftp\n");
	write_text("/etc/ssh/sshd_config.d/00-site.conf",
	    "Match Group Dev Group ops\n"
	    "    ForceCommand /usr/sbin/tfa-gate --command internal-sftp\n");
	assert_status(machine_setup("--dry-run", "--only", "@ops"), 0);
	write_text("/etc/ssh/sshd_config.d/00-site.conf",
	    "Match User user109\n    AllowTcpForwarding yes\n");
	machine_sshd_config("");
	assert_status(machine_setup("--dry-run", "--only", "@ops"), 1);
	assert_status(machine_setup("--dry-run", "--only", "@Dev"), 0);
}
