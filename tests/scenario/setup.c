/*
 * tfa-admin setup on a machine of its own: each test has an /etc, /run,
 * /var/lib and /root that nobody else sees, in the private-root.  There is no
 * systemd in it, as in a container.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(setup);

#define DROPIN MACHINE_DROPIN
#define SITE   "/etc/ssh/sshd_config.d/00-site.conf"

/* The files and folders that setup makes. */
static const char *const made[] = {DROPIN, "/etc/tfa", "/etc/tfa/policy.json",
    "/var/lib/tfa", "/run/tfa", "/etc/systemd/system/tfa-keeper.service",
    "/etc/systemd/system/tfa-keeper.socket"};
#define MADE (sizeof(made) / sizeof(made[0]))

Test(setup, dry_run_shows_every_change_and_makes_none)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	before = machine_files();
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 0);
	cr_assert_str_eq(machine_files(), before);
	cr_assert(!machine_has("/run/tfa-setup.lock"));
	assert_says(r->out, "add the system user _tfa");
	for (size_t i = 0; i < MADE; i++)
		assert_says(r->out, made[i]);
	assert_says(r->out, "+     ForceCommand /usr/sbin/tfa-gate\n");
	assert_says(r->out, "+     \"otherwise\": \"optional\"");
	assert_says(r->out, "+ ListenSequentialPacket=/run/tfa/keeper.sock");
	assert_says(r->out, "reload sshd: ");
	assert_says(r->err, "setsid /usr/sbin/tfa-keeper");
}

#define PAM      "/etc/pam.d/sshd"
#define READ_ENV "session required pam_env.so user_readenv=1 # locale"

static void
ask_pam(void)
{
	machine_sh("sed -i 's/^UsePAM no/UsePAM yes/' /etc/ssh/sshd_config");
}

Test(setup, closes_a_users_own_variables_at_their_source)
{
	struct run *r;
	char *was;

	needs_people();
	machine_new();
	ask_pam();
	machine_sh("printf '%s\\n' '@include common-account' '" READ_ENV
		   "' '@include common-session' 'auth required pam_env.so "
		   "user_readenv=1' 'session optional pam_env.so "
		   "user_readenv=1' >" PAM "; chmod 640 " PAM);
	was = read_text(PAM);
	r = machine_setup("--dry-run", NULL, NULL);
	assert_says(r->out, "write " PAM);
	assert_says(
	    r->out, "+ session required pam_env.so user_readenv=0 # locale\n");
	cr_assert_str_eq(read_text(PAM), was);
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	machine_sh("! grep '^[^#]*user_readenv=1' " PAM "\n"
		   "[ \"$(grep -c '^[as].*user_readenv=0' " PAM ")\" = 3 ]\n"
		   "[ \"$(stat -c %a " PAM ")\" = 640 ]");
	assert_status(machine_setup("--undo", NULL, NULL), 0);
	cr_assert_str_eq(read_text(PAM), was);
	machine_install();
	cr_assert_str_empty(machine_setup("--yes", NULL, NULL)->out);
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	cr_assert_str_eq(read_text(PAM), was);
}

/* Lines that somebody changed since are not ours to remove. */
Test(setup, removal_leaves_a_line_that_was_changed_since)
{
	needs_people();
	machine_new();
	ask_pam();
	machine_sh("printf '%s\\n' '" READ_ENV "' >" PAM);
	machine_install();
	machine_sh("sed -i 's/^session required/session optional/' " PAM);
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	cr_assert_str_eq(read_text(PAM),
	    "session optional pam_env.so user_readenv=0 # locale\n");
}

/* A last line without a newline stays a line of its own, and is restored. */
Test(setup, closes_a_source_at_the_very_end_of_the_file)
{
	needs_people();
	machine_new();
	ask_pam();
	machine_sh("printf %s '" READ_ENV "' >" PAM);
	machine_install();
	cr_assert_str_eq(read_text(PAM),
	    "#tfa: " READ_ENV "\n"
	    "session required pam_env.so user_readenv=0 # locale\n");
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	cr_assert_str_eq(read_text(PAM), READ_ENV "\n");
}

Test(setup, leaves_pam_alone_that_sshd_does_not_ask)
{
	needs_people();
	machine_new();
	machine_sh("printf '%s\\n' '" READ_ENV "' >" PAM);
	assert_never_says(
	    machine_setup("--dry-run", NULL, NULL)->out, "write " PAM);
}

Test(setup, names_a_source_that_other_services_share)
{
	struct run *r;

	needs_people();
	machine_new();
	ask_pam();
	machine_sh("echo '" READ_ENV "' >>/etc/pam.d/common-session");
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "FAIL  pam           /etc/pam.d/common-session:");
	assert_says(r->err, "fix: session required pam_env.so user_readenv=0");
	assert_never_says(r->out, "write /etc/pam.d/common-session");
}

Test(setup, with_systemd_the_commands_are_its)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("mkdir -p /run/systemd/system");
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->out, "systemctl enable --now tfa-keeper.socket\n");
	assert_says(r->out, "reload sshd: systemctl reload ssh\n");
	assert_never_says(r->err, "setsid");
}

Test(setup, asks_before_it_changes_anything)
{
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	assert_status(machine_setup(NULL, NULL, NULL), 1);
	cr_assert_str_eq(machine_files(), before);
}

Test(setup, installs_and_a_second_run_changes_nothing)
{
	struct run *r;
	struct stat st;
	char *after;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	machine_install();
	for (size_t i = 0; i < MADE; i++)
		cr_assert(machine_has(made[i]), "%s", made[i]);
	cr_assert_eq(stat("/var/lib/tfa", &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	cr_assert_str_eq(getpwuid(st.st_uid)->pw_name, "_tfa");
	cr_assert_str_eq(read_text(DROPIN), read_text("etc/sshd-tfa.conf"));
	cr_assert_str_eq(
	    read_text(made[5]), read_text("etc/tfa-keeper.service"));
	after = machine_files();
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
	cr_assert_str_empty(r->out);
	cr_assert_str_eq(machine_files(), after);
}

Test(setup, keeps_a_policy_and_blocks_that_are_there)
{
	static const char policy[] = "{\"version\":1,\"issuer\":\"Mine\","
				     "\"rules\":[],\"otherwise\":\"exempt\"}";
	static const char block[] = "# ours\nMatch User bob\n"
				    "    ForceCommand none\nMatch all\n";
	char *dropin;

	needs_people();
	machine_new();
	machine_sh("mkdir -m 755 /etc/tfa");
	write_text("/etc/tfa/policy.json", policy);
	machine_install();
	cr_assert_str_eq(read_text("/etc/tfa/policy.json"), policy);
	dropin = read_text(DROPIN);
	*strstr(dropin, "Match all\n") = '\0';
	write_text(DROPIN,
	    text("%s%s    ForceCommand /usr/sbin/old-gate\n", dropin, block));
	machine_install();
	assert_says(read_text(DROPIN), block);
	assert_says(read_text(DROPIN), "ForceCommand /usr/sbin/tfa-gate\n");
	assert_never_says(read_text(DROPIN), "old-gate");
}

Test(setup, failing_sshd_test_leaves_every_file_as_it_was)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_sshd_config("NoSuchKeyword yes\n");
	before = machine_files();
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "sshd -t");
	cr_assert_str_eq(machine_files(), before);
}

Test(setup, step_that_fails_undoes_those_before_it)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	machine_sh(
	    "mount --bind /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d\n"
	    "mount -o remount,bind,ro /etc/ssh/sshd_config.d");
	before = machine_files();
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "Read-only");
	assert_says(r->err, "everything is back");
	cr_assert_str_eq(machine_files(), before);
	cr_assert_null(getpwnam("_tfa"));
}

Test(setup, on_a_root_that_is_read_only_says_where_to_run_it)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("mount -o remount,ro /var/lib");
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "Read-only");
	assert_says(r->err, "nothing is changed");
	assert_says(r->err, "where its image is built");
	cr_assert(!machine_has(DROPIN));
}

/* As in a container, where root may read no file of others. */
Test(setup, doctor_looks_at_the_store_without_the_rights_of_root)
{
	struct run *r;

	needs_people();
	needs_program("setpriv");
	machine_new();
	machine_install();
	machine_keeper();
	machine_sh("install -d -m 0700 -o _tfa -g _tfa /var/lib/tfa/users");
	r = run(ARGV("setpriv", "--bounding-set=-dac_override,-dac_read_search",
		    "/usr/sbin/tfa-admin", "doctor"),
	    NULL, 0);
	assert_says(r->out, "ok    store");
	machine_sh("chmod 0750 /var/lib/tfa/users");
	r = run(ARGV("setpriv", "--bounding-set=-dac_override,-dac_read_search",
		    "/usr/sbin/tfa-admin", "doctor"),
	    NULL, 0);
	assert_says(r->out,
	    "/var/lib/tfa/users is not a folder of the "
	    "keeper's alone");
}

Test(setup, killed_half_way_is_undone)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	/* An sshd that is slow once the drop-in exists. */
	machine_sh("cp /usr/sbin/sshd /run/real-sshd\n"
		   "printf '#!/bin/sh\\n[ ! -e " DROPIN " ] || sleep 3\\n"
		   "exec /run/real-sshd \"$@\"\\n' >/run/slow-sshd\n"
		   "chmod 755 /run/slow-sshd\n"
		   "mount --bind /run/slow-sshd /usr/sbin/sshd");
	before = machine_files();
	r = run_start(ARGV("/usr/sbin/tfa-admin", "setup", "--yes"), NULL, 0);
	for (int i = 0; i < 1500 && !machine_has(DROPIN); i++)
		run_sleep_ms(20);
	cr_assert(machine_has(DROPIN));
	kill(r->pid, SIGKILL);
	run_finish(r);
	machine_settled(30000);
	cr_assert_str_eq(machine_files(), before);
}

Test(setup, unconfirmed_is_put_back_in_time)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	before = machine_files();
	r = machine_setup("--yes", "--wait", "2s");
	assert_status(r, 0);
	assert_says(r->err, "2 seconds");
	cr_assert(machine_has(DROPIN));
	machine_settled(30000);
	cr_assert_str_eq(machine_files(), before);
}

/* An ssh command line that logs in as root. */
static char *
ssh_to(const char *more, const char *command)
{
	return text("exec ssh -F none -p %d -i $TFA_KEYS/alice "
		    "-o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
		    "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
		    "%s root@127.0.0.1 %s",
	    machine_port, more, command);
}

static struct run *
ssh(const char *more, const char *command)
{
	return run(ARGV("sh", "-c", ssh_to(more, command)), NULL, 0);
}

static struct run *
start_sshd(void)
{
	struct run *sshd = run_start(
	    ARGV("/usr/sbin/sshd", "-D", "-E", "/run/sshd.log"), NULL, 0);

	for (int i = 0; i < 1500 && !machine_has("/run/sshd.pid"); i++)
		run_sleep_ms(20);
	return sshd;
}

static struct run *
start_keeper(void)
{
	struct run *keeper = run_start(ARGV("/usr/sbin/tfa-keeper"), NULL, 0);

	for (int i = 0; i < 1500 && !machine_has("/run/tfa/keeper.sock"); i++)
		run_sleep_ms(20);
	return keeper;
}

/* The whole setup with a real sshd: logins before and after. */
Test(setup, only_a_new_login_confirms)
{
	struct run *sshd, *keeper, *master, *r;
	char *pid;

	needs_people();
	machine_new();
	sshd = start_sshd();
	pid = read_text("/run/sshd.pid");
	master = run_start(
	    ARGV("sh", "-c", ssh_to("-M -S /run/master -N", "")), NULL, 0);
	for (int i = 0; i < 1500 && !machine_has("/run/master"); i++)
		run_sleep_ms(20);
	r = ssh("-S /run/master", "tfa-admin setup --dry-run");
	assert_status(r, 1);
	assert_says(r->err, "no keeper runs");
	assert_says(r->err, "would be locked out until then: --yes goes on");
	machine_sh("install -d -m 0755 /run/tfa");
	keeper = start_keeper();
	r = ssh("-S /run/master", "tfa-admin setup --yes");
	assert_status(r, 0);
	assert_says(r->out, text("kill -HUP %s", pid));
	r = machine_setup("--confirm", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "not an ssh login");
	r = ssh("-S /run/master", "tfa-admin setup --confirm");
	assert_status(r, 1);
	assert_says(r->err, "older than the change");
	r = ssh("-S none", "'tfa-admin setup --confirm; env'");
	assert_status(r, 0);
	assert_says(r->err, "confirmed");
	assert_says(r->out, "SSH_USER_AUTH="); /* the drop-in holds */
	cr_assert(!machine_has("/var/lib/tfa-setup"));
	kill(master->pid, SIGTERM);
	run_finish(master);
	kill(keeper->pid, SIGTERM);
	run_finish(keeper);
	kill(sshd->pid, SIGTERM);
	run_finish(sshd);
}

/* Start times count from the boot, so those of an earlier boot say nothing. */
Test(setup, after_a_restart_every_ssh_login_is_new)
{
	struct run *sshd, *keeper, *r;

	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	machine_sh("sed -i 's/\"loaded\": [0-9]*/\"loaded\": 99999999999/' "
		   "/var/lib/tfa-setup/journal.json");
	sshd = start_sshd();
	keeper = start_keeper();
	r = ssh("-S none", "tfa-admin setup --confirm");
	assert_status(r, 1);
	assert_says(r->err, "older than the change");
	machine_sh("sed -i 's/\"boot\": \"[^\"]*/\"boot\": \"another/' "
		   "/var/lib/tfa-setup/journal.json");
	assert_status(ssh("-S none", "tfa-admin setup --confirm"), 0);
	kill(keeper->pid, SIGTERM);
	run_finish(keeper);
	kill(sshd->pid, SIGTERM);
	run_finish(sshd);
}

Test(setup, break_glass_user_needs_no_code)
{
	struct run *sshd, *r;

	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", "--break-glass", "no_such"), 1);
	r = machine_setup("--yes", "--break-glass", "root");
	assert_status(r, 0);
	assert_says(r->err, "without a code");
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	r = machine_setup("--yes", "--break-glass", "root");
	assert_status(r, 0);
	cr_assert_str_empty(r->out);
	sshd = start_sshd();
	r = ssh("-S none", "'echo $HOME'"); /* no keeper is left */
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "/root\n");
	kill(sshd->pid, SIGTERM);
	run_finish(sshd);
}

/* One who cannot log in is no way out of an emergency. */
Test(setup, break_glass_refuses_an_account_that_could_not_log_in)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
	    {"rm $keys",
		"no key for a shell in a file that sshd reads, and no "
		"password that sshd takes"},
	    {"chmod go+w $keys", "no key for a shell"},
	    {"sed -i 's/^/command=\"date\" /' $keys", "no key for a shell"},
	    {"echo '# none' >$keys", "no key for a shell"},
	    {"usermod -s /usr/sbin/nologin user116", "opens no session"},
	    {"usermod -s /bin/false user116", "opens no session"},
	    {"usermod -s /bin/gone user116",
		"has the shell /bin/gone: No such"},
	    {"usermod -L user116", "is locked"},
	    {"chage -E 2001-01-01 user116", "has expired"},
	    {"echo 'DenyUsers user1*' >>/etc/ssh/sshd_config", "DenyUsers"},
	    {"echo 'AllowGroups root' >>/etc/ssh/sshd_config", "AllowGroups"},
	    {"echo 'PubkeyAuthentication no' >>/etc/ssh/sshd_config",
		"no key for a shell"},
	    {"echo 'AuthorizedKeysFile /etc/keys/%u' >>/etc/ssh/sshd_config",
		"no key for a shell"},
	    {"echo 'AuthenticationMethods publickey,password' "
	     ">>/etc/ssh/sshd_config",
		"cannot give what AuthenticationMethods"},
	};
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("cp -a /etc/passwd /etc/shadow /etc/ssh/sshd_config /run\n"
		   "cp -a /home/user116/.ssh/authorized_keys /run/keys");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		machine_sh(text("keys=/home/user116/.ssh/authorized_keys\n"
				"cp -a /run/passwd /run/shadow /etc\n"
				"cp -a /run/sshd_config /etc/ssh\n"
				"cp -a /run/keys $keys\n%s",
		    cases[i].script));
		r = machine_setup("--dry-run", "--break-glass", "user116");
		cr_expect_eq(r->status, 1, "%s", cases[i].script);
		assert_says(r->err, cases[i].says);
		assert_says(r->err, "could not log in in an emergency");
	}
	/* a password will do where sshd takes one */
	machine_sh(
	    "cp -a /run/passwd /run/shadow /etc\n"
	    "cp -a /run/sshd_config /etc/ssh\n"
	    "rm /home/user116/.ssh/authorized_keys\n"
	    "usermod -p '$6$a$b' user116\n"
	    "sed -i '1iPasswordAuthentication yes' /etc/ssh/sshd_config");
	assert_status(
	    machine_setup("--dry-run", "--break-glass", "user116"), 0);
}

/* Debian's configuration has nothing that setup refuses. */
Test(setup, over_the_configuration_that_debian_ships)
{
	static const char shipped[] = "/usr/share/openssh/sshd_config";
	struct run *sshd, *r;

	needs_people();
	machine_new();
	cr_assert(machine_has(shipped));
	machine_sh(text("sed 's/^#Port .*/Port %d/; s|^#HostKey .*ed25519.*|"
			"HostKey %s/host|' %s >/etc/ssh/sshd_config\n"
			"printf 'ListenAddress 127.0.0.1\\nPidFile "
			"/run/sshd.pid\\n' >>/etc/ssh/sshd_config",
	    machine_port, getenv("TFA_KEYS"), shipped));
	assert_status(machine_setup("--yes", "--break-glass", "root"), 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	sshd = start_sshd();
	r = ssh("-S none", "'echo in'");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "in\n");
	kill(sshd->pid, SIGTERM);
	run_finish(sshd);
}

Test(setup, refuses_to_displace_what_the_site_has)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_sshd_config("AcceptEnv GIT_*\nSetEnv SITE=1\n"
			    "Match Group helpdesk\n"
			    "    ForceCommand internal-sftp -l INFO\n"
			    "    ChrootDirectory /srv\n");
	before = machine_files();
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 1);
	cr_assert_str_eq(machine_files(), before);
	assert_says(r->err, "sshd_config:13: ForceCommand internal-sftp");
	assert_says(r->err,
	    "    Match Group helpdesk\n"
	    "        ForceCommand /usr/sbin/tfa-gate --command "
	    "'internal-sftp -l INFO'\n");
	assert_says(r->err, "        ChrootDirectory none\n");
	assert_says(r->err, "    Match all\n        AcceptEnv GIT_*\n");
	assert_says(
	    r->err, "    Match all\n        SetEnv SITE=1 LD_PRELOAD= ");
	/* With the printed block where the message says, setup goes on. */
	machine_sh("mkdir -p /run/printed");
	write_text("/run/printed/err", r->err);
	machine_sh(
	    "sed -n 's/^    //p' /run/printed/err | grep -v install >" SITE);
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
}

Test(setup, refuses_where_sshd_would_not_read_the_drop_in)
{
	struct run *r;

	needs_people();
	machine_new();
	write_text("/etc/ssh/sshd_config",
	    "Match User bob\nInclude /etc/ssh/sshd_config.d/*.conf\n");
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "Include /etc/ssh/sshd_config.d/*.conf");
	cr_assert(!machine_has("/etc/tfa"));
}

Test(setup, refuses_to_lock_the_caller_out)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("mkdir -m 755 /etc/tfa");
	write_text("/etc/tfa/policy.json",
	    "{\"version\":1,\"issuer\":\"T\",\"rules\":[{\"name\":\"all\","
	    "\"users\":[\"*\"],\"mode\":\"required\"}],"
	    "\"otherwise\":\"optional\"}");
	setenv("SUDO_USER", "bob", 1);
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "lock yourself out: bob");
	cr_assert(!machine_has(DROPIN));
	assert_status(machine_setup("--yes", NULL, NULL), 0);
}

#define CA      "/etc/ssh/user_ca.pub"
#define REFUSED CA ":2: the gate refuses the certificates of this authority"
#define LOCKED  "you would lock yourself out: bob has no key that the gate takes"

/*
 * bob's sshd trusts an authority. bob has no keys but those that the script
 * makes.
 */
static struct run *
with_authority(const char *script, const char *argument)
{
	machine_sh(text("umask 022\n"
			"umount /home/bob 2>/dev/null || true\n"
			"mount -t tmpfs -o mode=755 tmpfs /home/bob\n"
			"mkdir /home/bob/.ssh\n"
			"echo '# ours' >" CA "\n"
			"cat $TFA_KEYS/user-ca.pub >>" CA "\n"
			"rm -rf /etc/tfa\n"
			"%s",
	    script));
	setenv("SUDO_USER", "bob", 1);
	machine_sh("mkdir -p /run/systemd/system"); /* to start the keeper */
	return machine_setup("--dry-run", argument,
	    argument != NULL && strcmp(argument, "--break-glass") == 0 ? "bob"
								       : NULL);
}

#define KEY(options, file) \
	"sed 's/^/" options "/' $TFA_KEYS/bob.pub >>/home/bob/" file "\n"

/* A caller who logs in only with such a certificate would be locked out. */
Test(setup, refuses_a_caller_whose_certificate_the_gate_would_refuse)
{
	/* bob's own key, or none that would do */
	static const char *const refused[] = {"",
	    "echo '#' >/home/bob/.ssh/authorized_keys\n",
	    "echo not a key >/home/bob/.ssh/authorized_keys\n",
	    KEY("#", ".ssh/authorized_keys"),
	    KEY("command=\"date\" ", ".ssh/authorized_keys"),
	    KEY("cert-authority ", ".ssh/authorized_keys"),
	    KEY("", ".ssh/other"),
	    KEY("", ".ssh/other") "echo 'AuthorizedKeysFile .ssh/other' "
				  ">>/etc/ssh/sshd_config\n",
	    KEY("", ".ssh/authorized_keys") "chmod 600 /home/bob/.ssh/*\n",
	    KEY("", ".ssh/authorized_keys") "echo 'AuthorizedKeysFile none' "
					    ">>/etc/ssh/sshd_config\n"};
	struct run *r;

	needs_people();
	machine_new();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		machine_sshd_config("TrustedUserCAKeys " CA "\n");
		r = with_authority(refused[i], NULL);
		cr_assert_eq(r->status, 1, "case %zu: %s", i, r->err);
		assert_says(r->err, REFUSED);
		assert_says(r->err, LOCKED);
		assert_says(r->err, "\n    cert-authority ssh-ed25519 AAAA");
	}
	machine_sshd_config("TrustedUserCAKeys " CA "\n");
	assert_status(with_authority("", "--yes"), 0);
	assert_status(with_authority("", "--break-glass"), 0);
	r = machine_setup("--dry-run", "--break-glass", "alice");
	assert_status(r, 1);
}

/* The printed line, where the message says. */
Test(setup, goes_on_where_the_policy_knows_the_authority)
{
	static const char policy[] =
	    "install -d -m 755 /etc/tfa\n"
	    "sed 's|\"otherwise\"|\"keys\": {\"files\": "
	    "[\".ssh/authorized_keys\", \".ssh/authorized_keys2\", "
	    "\"/etc/tfa/authorities\"]}, &|' etc/policy.json "
	    ">/etc/tfa/policy.json\n";
	struct run *r;

	needs_people();
	machine_new();
	machine_sshd_config("TrustedUserCAKeys " CA "\n");
	r = with_authority(policy, NULL);
	assert_status(r, 1);
	write_text("/run/printed", r->err);
	r = with_authority(text("%ssed -n 's/^    cert/cert/p' /run/printed "
				">/etc/tfa/authorities\n",
			       policy),
	    NULL);
	assert_status(r, 0);
	assert_never_says(r->err, "refuses the certificates");
	assert_never_says(r->err, "certificates by");
	/* The gate cannot use a file that bob cannot read. */
	assert_says(with_authority(text("%ssed -n 's/^    cert/cert/p' "
					"/run/printed >/etc/tfa/authorities\n"
					"chmod 600 /etc/tfa/authorities\n",
				       policy),
			NULL)
			->err,
	    REFUSED);
	r = with_authority(
	    text("%ssed -i 's|\"/etc/tfa/authorities\"\\]|&, "
		 "\"unlisted\": \"allow\"|' /etc/tfa/policy.json\n",
		policy),
	    NULL);
	assert_status(r, 0);
	assert_never_says(r->err, "refuses the certificates");
}

Test(setup, says_that_only_a_key_of_ones_own_will_do)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sshd_config("TrustedUserCAKeys " CA "\n");
	r = with_authority(KEY("", ".ssh/authorized_keys2"), NULL);
	assert_status(r, 0);
	assert_says(r->err, REFUSED);
	assert_says(r->err,
	    "only your key in /home/bob/.ssh/authorized_keys2 "
	    "will let you in");
	assert_never_says(r->err, "lock yourself out");
	/* Only the settings for the caller count, not those for other users. */
	machine_sshd_config("Match User alice\n    TrustedUserCAKeys " CA "\n");
	r = with_authority("", NULL);
	assert_status(r, 0);
	assert_never_says(r->err, "lock yourself out");
	machine_sshd_config("Match User bob\n    TrustedUserCAKeys " CA "\n");
	assert_status(with_authority("", NULL), 1);
	/* With this setting neither certificate nor key logs in. */
	machine_sshd_config(
	    "PubkeyAuthentication no\nTrustedUserCAKeys " CA "\n");
	assert_never_says(with_authority("", NULL)->err, "lock yourself out");
	machine_sshd_config("TrustedUserCAKeys /etc/ssh/not_there\n");
	assert_status(with_authority("", NULL), 0);
	machine_sshd_config("TrustedUserCAKeys /etc\n");
	r = with_authority("", NULL);
	assert_status(r, 1);
	assert_says(r->err, "TrustedUserCAKeys /etc: ");
}

/* Keys may also lie where the gate does not look. */
Test(setup, refuses_a_caller_whose_key_the_gate_would_not_find)
{
	static const char elsewhere[] =
	    "install -d /etc/ssh/keys\n"
	    "install -m 644 $TFA_KEYS/bob.pub /etc/ssh/keys/bob\n";
	static const char said[] = LOCKED
	    ", which refuses the keys of bob in /etc/ssh/keys/bob\n";
	struct run *r;

	needs_people();
	machine_new();
	machine_sshd_config("AuthorizedKeysFile /etc/ssh/keys/%u\n");
	r = with_authority(elsewhere, NULL);
	assert_status(r, 1);
	assert_says(r->err, said);
	assert_says(r->err, "fix: \"/etc/ssh/keys/%u\" in keys.files of ");
	/* It is not the caller's own affair: others would be refused, too. */
	assert_status(with_authority(elsewhere, "--yes"), 1);
	r = with_authority(text("%sinstall -d -m 755 /etc/tfa\n"
				"sed 's|\"otherwise\"|\"keys\": {\"files\": "
				"[\"/etc/ssh/keys/%%u\"]}, &|' etc/policy.json "
				">/etc/tfa/policy.json\n",
			       elsewhere),
	    NULL);
	assert_status(r, 0);
	assert_never_says(r->err, "lock yourself out");
	r = with_authority("rm -f /etc/ssh/keys/bob\n", NULL);
	assert_status(r, 1);
	assert_never_says(r->err, "lock yourself out");
	machine_sshd_config(
	    "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys\n");
	machine_sshd_config("AuthorizedKeysFile /etc/ssh/keys/%U\n");
	r = with_authority(text("install -m 644 $TFA_KEYS/bob.pub "
				"/etc/ssh/keys/$(id -u bob)\n"),
	    NULL);
	assert_status(r, 1);
	assert_says(r->err, "fix: \"/etc/ssh/keys/%U\" in keys.files of ");
	machine_sshd_config(
	    "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys\n");
	/*
	 * bob is known to have a way in. Others may not, and the message says
	 * so.
	 */
	r = with_authority(
	    text("%s" KEY("", ".ssh/authorized_keys"), elsewhere), NULL);
	assert_status(r, 1);
	assert_never_says(r->err, "lock yourself out");
	assert_says(r->err, "AuthorizedKeysFile /etc/ssh/keys/%u, for root");
	assert_says(r->err,
	    "its keys are refused, but one that also stands in a file that "
	    "the gate reads loses its command=");
	assert_never_says(r->err, "AuthorizedKeysFile .ssh/authorized_keys");
	machine_sshd_config("AuthorizedKeysCommand /usr/bin/keys\n"
			    "AuthorizedKeysCommandUser nobody\n");
	r = with_authority("", NULL);
	assert_status(r, 1);
	assert_says(r->err,
	    "keys that only AuthorizedKeysCommand "
	    "/usr/bin/keys gives");
	assert_says(r->err,
	    "fix: in /etc/tfa/policy.json:\n"
	    "    \"keys\": {\"unlisted\": \"allow\"}\n");
	r = with_authority(KEY("", ".ssh/authorized_keys"), NULL);
	assert_status(r, 0);
	assert_says(
	    r->err, "AuthorizedKeysCommand /usr/bin/keys, for root and ");
}

/* The printed block that follows these words. */
static char *
block_in(const char *said)
{
	const char *from = strstr(said, "\n    Match "), *to;

	cr_assert_not_null(from, "%s", said);
	for (to = ++from; strncmp(to, "    ", 4) == 0;)
		to += strcspn(to, "\n") + 1;
	return text("%.*s", (int)(to - from), from);
}

#define GITEA                                                   \
	"Match User git\n"                                      \
	"    AuthorizedKeysCommand /usr/local/bin/gitea keys\n" \
	"    AuthorizedKeysCommandUser nobody\n"

/*
 * The keys of such an account come with commands that only sshd sees. setup
 * prints the Match block that leaves them to sshd, and with that block it says
 * nothing more.
 */
Test(setup, prints_the_block_for_an_account_whose_keys_a_command_gives)
{
	static const char allow[] =
	    "install -d -m 755 /etc/tfa\n"
	    "sed 's|\"otherwise\"|\"keys\": {\"unlisted\": \"allow\"}, "
	    "&|' etc/policy.json >/etc/tfa/policy.json\n";
	struct run *r;
	char *block;

	needs_people();
	machine_new();
	machine_sshd_config(GITEA);
	r = with_authority(allow, NULL);
	assert_status(r, 1);
	assert_says(r->err, "and lets such keys pass, to a shell");
	r = with_authority(KEY("", ".ssh/authorized_keys"), NULL);
	assert_status(r, 0);
	assert_says(r->err, "and refuses such keys");
	assert_says(r->err, "nobody is asked for a code there");
	assert_never_says(r->err, "\"unlisted\"");
	block = block_in(r->err);
	assert_says(block, "    Match User git\n        ForceCommand none\n");
	write_text("/etc/ssh/sshd_config.d/00-site.conf", block);
	r = with_authority(KEY("", ".ssh/authorized_keys"), NULL);
	assert_status(r, 0);
	assert_never_says(r->err, "gitea");
	/* There is no such block for everyone: setup says what that costs. */
	unlink("/etc/ssh/sshd_config.d/00-site.conf");
	machine_sshd_config("AuthorizedKeysCommand /usr/bin/keys\n"
			    "AuthorizedKeysCommandUser nobody\n");
	r = with_authority(KEY("", ".ssh/authorized_keys"), NULL);
	assert_says(
	    r->err, "this program gives is lost: such a key opens a shell");
}

/* The gate's own functions judge the key: two lines, a command, modes. */
Test(setup, refuses_a_caller_whose_key_the_gate_would_not_take)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
	    {KEY("", ".ssh/authorized_keys")
		    KEY("command=\"date\" ", ".ssh/authorized_keys2"),
		"limits them to a command, or cannot be read"},
	    {KEY("", ".ssh/authorized_keys")
		    KEY("nonsense ", ".ssh/authorized_keys"),
		"limits them to a command, or cannot be read"},
	    {KEY("", ".ssh/authorized_keys") "chown -R bob /home/bob\n"
					     "chmod 0757 /home/bob/.ssh\n",
		"so the gate does not believe it"},
	};
	struct run *r;

	needs_people();
	machine_new();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		machine_sshd_config("Match User alice\n");
		r = with_authority(cases[i].script, NULL);
		cr_expect_eq(r->status, 1, "%zu: %s", i, r->err);
		cr_expect(strstr(r->err, cases[i].says) != NULL, "%zu: %s", i,
		    r->err);
	}
}

Test(setup, remove_leaves_nothing_behind)
{
	struct run *keeper;
	char *before;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	before = machine_files();
	machine_install();
	keeper = start_keeper();
	machine_sh(
	    "mkdir /var/lib/tfa/users; ln -s /etc/passwd /var/lib/tfa/users/x");
	assert_status(machine_setup("--remove", "--dry-run", NULL), 0);
	cr_assert(machine_has(DROPIN));
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	run_finish(keeper);
	for (size_t i = 0; i < MADE; i++)
		cr_assert(!machine_has(made[i]), "%s", made[i]);
	cr_assert_null(getpwnam("_tfa"));
	cr_assert_str_eq(machine_files(), before);
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
}

/* On the last bastion of a fleet no copy of the keys would be left. */
Test(setup, removal_leaves_a_fleet_its_keys)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_install();
	machine_sh("echo '{\"version\":1' >/etc/tfa/store.json\n"
		   "echo key >/etc/tfa/fleet.key");
	r = machine_setup("--remove", "--yes", NULL);
	assert_status(r, 1);
	assert_says(r->err, "tfa-admin store leave");
	assert_says(r->err, "migrate --to folder");
	cr_assert(machine_has("/etc/tfa/fleet.key"));
	cr_assert(machine_has(DROPIN));
	/* store leave has destroyed them. */
	machine_sh("rm /etc/tfa/fleet.key");
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	cr_assert_not(machine_has("/etc/tfa"));
}

/* logrotate's file, which came with the programs, still names that user. */
Test(setup, removal_leaves_the_user_who_came_with_the_programs)
{
	needs_people();
	machine_new();
	machine_sh("mkdir -p /usr/lib/sysusers.d\n"
		   "mount -t tmpfs tmpfs /usr/lib/sysusers.d\n"
		   "cp etc/tfa.sysusers /usr/lib/sysusers.d/tfa.conf");
	machine_install();
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	cr_assert_not_null(getpwnam("_tfa"));
	cr_assert_not(machine_has("/var/lib/tfa"));
}

Test(setup, removal_that_fails_puts_all_back)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_install();
	/* A folder that is a mount point cannot be moved aside. */
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /etc/tfa\n"
		   "cp etc/policy.json /etc/tfa/");
	before = machine_files();
	r = machine_setup("--remove", "--yes", NULL);
	assert_status(r, 1);
	cr_assert_str_eq(machine_files(), before);
	cr_assert_not_null(getpwnam("_tfa"));
}

Test(setup, one_at_a_time)
{
	struct run *r;

	needs_people();
	machine_new();
	r = run(ARGV("sh", "-c",
		    "umask 077; exec flock /run/tfa-setup.lock "
		    "/usr/sbin/tfa-admin setup --yes"),
	    NULL, 0);
	assert_status(r, 1);
	assert_says(r->err, "busy");
}

/* A user who could hold the lock could stop a bad setup from being undone. */
Test(setup, nobody_but_root_can_hold_the_lock)
{
	needs_people();
	machine_new();
	assert_status(machine_setup("--dry-run", NULL, NULL), 0);
	assert_status(run(ARGV("setpriv", "--reuid", "bob", "--clear-groups",
			      "flock", "-n", "/run/tfa-setup.lock", "true"),
			  NULL, 0),
	    66);
	assert_status(run(ARGV("setpriv", "--reuid", "bob", "--clear-groups",
			      "flock", "-n", "/etc/ssh", "/usr/bin/true"),
			  NULL, 0),
	    0);
}
