/*
 * Accounts that sshd itself serves: no gate can be started for them, so setup
 * names each before it would keep them out, and what it advises works.
 */
#include <stdlib.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(sftp_only);

#define SUBSYSTEM "Subsystem sftp /usr/lib/openssh/sftp-server\n"
#define SITE      "/etc/ssh/sshd_config.d/00-site.conf"

static struct run *
sftp(const char *user)
{
	return run(ARGV("sh", "-c",
		       text("echo pwd | sftp -F none -P %d -i $TFA_KEYS/%s "
			    "-o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
			    "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
			    "-o BatchMode=yes -b - %s@127.0.0.1",
			   machine_port, user, user)),
	    NULL, 0);
}

static void
assert_in(const char *user, const char *folder)
{
	struct run *r = sftp(user);

	/* sshd, reloaded, listens again in a moment */
	for (int i = 0; i < 50 && strstr(r->err, "refused") != NULL; i++) {
		run_sleep_ms(100);
		r = sftp(user);
	}
	assert_status(r, 0);
	assert_says(r->out, text("Remote working directory: %s", folder));
}

/* The block that setup prints, copied as a person would. */
static void
take_advice(const struct run *r)
{
	write_text("/run/said", r->err);
	machine_sh(
	    "awk '/sftp-only .*fix: in .*00-site.conf:$/ { on = 1; next }\n"
	    "/^[^ ]/ { on = 0 }\n"
	    "on { sub(/^    /, \"\"); print }' /run/said >>" SITE);
}

static void
start(const char *config)
{
	machine_new();
	machine_sh("groupadd sftponly; usermod -aG sftponly user115\n"
		   "usermod -s /usr/sbin/nologin user114\n"
		   "usermod -s /bin/false user115\n"
		   "usermod -s /usr/sbin/nologin user116; groupadd jail\n"
		   "usermod -aG jail user113; mkdir -m 755 -p /srv/jail");
	machine_sshd_config(config);
	machine_keeper();
	machine_sh("/usr/sbin/sshd -E /run/sshd.log");
}

/* One who had sftp, on a machine with that configuration, keeps it. */
static void
keeps_sftp(const char *config, const char *user, const char *folder,
    const char *named, const char *why)
{
	struct run *r;

	start(config);
	assert_in(user, folder);
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, text("FAIL  sftp-only     %s: sftp is", named));
	assert_says(r->err, why);
	take_advice(r);
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
	assert_in(user, folder);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	r = run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
	assert_never_says(r->out, "FAIL");
	assert_says(r->out, "is exempt by sshd: no code");
	machine_sh("rm " SITE);
	r = run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
	cr_assert(finding_is(r->out, "FAIL", "sftp-only", user), "%s", r->out);
}

Test(sftp_only, account_without_a_shell_keeps_the_subsystem)
{
	needs_people();
	keeps_sftp("Subsystem sftp internal-sftp\n", "user114", "/home/user114",
	    "user114, user115, user116",
	    "starts from the shell /usr/sbin/nologin");
}

Test(sftp_only, group_without_a_shell_keeps_its_match_block)
{
	needs_people();
	keeps_sftp(SUBSYSTEM
	    "Match Group sftponly\n    ForceCommand internal-sftp -l "
	    "INFO\n",
	    "user115", "/home/user115", "user115",
	    "starts from the shell /bin/false");
}

Test(sftp_only, group_in_a_folder_of_its_own_stays_there)
{
	needs_people();
	keeps_sftp(SUBSYSTEM
	    "Match Group jail\n    ForceCommand internal-sftp\n"
	    "    ChrootDirectory /srv/jail\n",
	    "user113", "/", "user113", "is not in ChrootDirectory /srv/jail");
}

/* Nobody is named who cannot log in, or whom the gate can ask. */
Test(sftp_only, names_nobody_else)
{
	struct run *r;

	needs_people();
	start("Subsystem sftp internal-sftp\n");
	machine_sh("rm /home/user114/.ssh/authorized_keys\n"
		   "rm /home/user115/.ssh/authorized_keys\n"
		   "usermod -s /bin/bash user116");
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 0);
	assert_never_says(r->err, "sftp-only");
	/* outside of --only all stays as it is */
	machine_sh("usermod -s /usr/sbin/nologin user116");
	assert_status(machine_setup("--dry-run", NULL, NULL), 1);
	assert_status(machine_setup("--dry-run", "--only", "user113"), 0);
	assert_status(machine_setup("--dry-run", "--only", "user116"), 1);
}
