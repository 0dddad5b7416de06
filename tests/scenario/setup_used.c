/*
 * setup --used names what would keep people out if tfa's programs were removed,
 * and setup --remove --keep takes that out and leaves the data.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

TestSuite(setup_used, .timeout = 180);

#define SSHD "/usr/sbin/sshd"

/* Ends the process of that file, and waits until it is gone. */
static void
end_process(const char *file)
{
	machine_sh(text("pid=$(cat %s); kill $pid\n"
			"for i in $(seq 100); do\n"
			"	grep -q . /proc/$pid/cmdline || break\n"
			"	sleep 0.1\n"
			"done",
	    file));
}

static struct run *
used(void)
{
	return machine_setup("--used", NULL, NULL);
}

/* Nothing starts tfa: packages may remove it. */
static void
assert_unused(void)
{
	struct run *r = used();

	assert_status(r, 0);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "nothing on this machine starts tfa");
}

Test(setup_used, nothing_is_named_before_setup_and_after_removal)
{
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	assert_unused();
	cr_assert_str_eq(machine_files(), before);
	machine_install();
	assert_status(used(), 1);
	assert_status(machine_setup("--remove", "--yes", NULL), 0);
	assert_unused();
}

Test(setup_used, names_a_setup_that_waits)
{
	struct run *r;

	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	r = used();
	assert_status(r, 1);
	assert_says(r->out,
	    "gate: " MACHINE_DROPIN ":7: ForceCommand /usr/sbin/tfa-gate\n"
	    "setup: /var/lib/tfa-setup/journal.json: a setup waits to be ");
	assert_says(r->err, "setup --remove --keep");
	machine_sh("rm " MACHINE_DROPIN);
	assert_status(used(), 1);
	machine_sh("echo '{' >/var/lib/tfa-setup/journal.json");
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "journal.json: cannot be read");
}

/* Whatever is no clear answer is no leave to remove anything. */
static const struct {
	const char *script;
	int status;
	const char *says;
} places[] = {
    {"echo 'Match User bob\n ForceCommand /usr/sbin/tfa-gate --x' >>"
     "/etc/ssh/sshd_config",
	1, "gate: /etc/ssh/sshd_config:11: ForceCommand /usr/sbin/tfa-gate"},
    {"echo 'ForceCommand env A=b /usr/sbin/tfa-gate' >/root/more.conf\n"
     "echo 'Include /root/more.conf' >>/etc/ssh/sshd_config",
	1, "gate: /root/more.conf:1: ForceCommand env"},
    {"ln -s /usr/sbin/tfa-gate /root/tfa-gate\n"
     "echo 'ForceCommand /root/tfa-gate' >>/etc/ssh/sshd_config",
	1, "ForceCommand /root/tfa-gate"},
    {"echo '# ForceCommand /usr/sbin/tfa-gate' >>/etc/ssh/sshd_config\n"
     "echo 'ForceCommand /usr/sbin/tfa-gate' >/etc/ssh/not-included.conf",
	0, ""},
    {"echo 'ForceCommand exec /root/../sbin/tfa-gate' "
     ">>/etc/ssh/sshd_config",
	1, "ForceCommand exec /root/../sbin/tfa-gate"},
    {"echo 'Banner /etc/tfa-gate.txt' >>/etc/ssh/sshd_config", 0, ""},
    {"echo 'ForceCommand /usr/sbin/tfa-gate' >'/root/of us.conf'\n"
     "echo \"Include '/root/of us.conf'\" >>/etc/ssh/sshd_config",
	1, "gate: /root/of us.conf:1: ForceCommand"},
    {"echo 'auth required pam_tfa.so' >/etc/pam.d/.mine\n"
     "echo '@include .mine' >>/etc/pam.d/su",
	1, "module: /etc/pam.d/.mine:1: auth required pam_tfa.so"},
    {"cp /bin/true /root/tfa-gate\n"
     "echo 'ForceCommand /root/tfa-gate' >>/etc/ssh/sshd_config",
	0, ""},
    {"rm /etc/ssh/sshd_config", 0, ""},
    {"echo \"Include /root/$(printf '%01030d' 0)\" >>/etc/ssh/sshd_config", 2,
	": /etc/ssh/sshd_config:10: a word is longer than 1023 bytes"},
    {"mkdir /etc/ssh/sshd_config.d/x.conf", 2, "/etc/ssh/sshd_config.d/x.conf"},
    {"printf '#\\0\\n#\\nForceCommand /usr/sbin/tfa-gate\\n' "
     ">/etc/ssh/sshd_config.d/x.conf",
	2, "sshd_config.d/x.conf: "},
    {"echo 'auth required pam_tfa.so' >>/etc/pam.d/sudo", 1,
	"auth required pam_tfa.so\n"},
    {"echo 'auth [success=1 default=ignore] /usr/lib/x/pam_tfa.so' "
     ">/root/mine\n"
     "echo '@include /root/mine' >>/etc/pam.d/su",
	1, "module: /root/mine:1: auth [success=1"},
    {"echo '#auth required pam_tfa.so' >>/etc/pam.d/sudo", 0, ""},
    {"cp etc/tfa-sshd.pam /etc/pam.d/tfa-sshd", 1,
	"module: /etc/pam.d/tfa-sshd:7: auth "},
    {"mkdir -p /etc/systemd/system/multi-user.target.wants\n"
     "ln -s /lib/systemd/system/tfa-sshd.service "
     "/etc/systemd/system/multi-user.target.wants/",
	1, "door: /etc/systemd/system/multi-user.target.wants/tfa-sshd."},
    {"umask 077\n"
     "flock /run/tfa-setup.lock sh -c 'touch /root/held; "
     "for i in $(seq 600); do [ -e /root/held ] || break; sleep 0.1; done' &\n"
     "for i in $(seq 100); do [ -e /root/held ] && break; sleep 0.1; done",
	2, "busy"},
};

#define SSH_UNIT "/usr/lib/systemd/system/ssh.service"

/* An sshd that systemd starts when somebody connects.  Each is about one whose
 * options are in a file or a unit. */
static const struct {
	const char *script;
	int status;
	const char *says;
} units[] = {
    {"echo 'SSHD_OPTS=\"-e -4\"' >/etc/default/ssh", 0, ""},
    {"echo 'SSHD_OPTS=\"-o ForceCommand=/usr/sbin/tfa-gate\"' "
     ">/etc/default/ssh",
	1, "gate: " SSH_UNIT ": -o ForceCommand=/usr/sbin/tfa-gate\n"},
    {"echo 'ForceCommand /usr/sbin/tfa-gate' >/root/other\n"
     "echo \"SSHD_OPTS='-e -f /root/other'\" >/etc/default/ssh",
	1, "gate: /root/other:1: ForceCommand /usr/sbin/tfa-gate\n"},
    {"echo 'SSHD_OPTS=-f/root/none' >/etc/default/ssh", 0, ""},
    {"mkdir /root/folder; echo 'SSHD_OPTS=-f/root/folder' >/etc/default/ssh", 2,
	"/root/folder: "},
    {"echo 'SSHD_OPTS=-f other' >/etc/default/ssh", 2,
	"ssh.service: the folder of sshd's -f other is not known"},
    {"echo 'SSHD_OPTS=-oInclude=/root/other' >/etc/default/ssh", 2,
	"the sshd of " SSH_UNIT " was started with -o Include=/root/other"},
    {"echo 'SSHD_OPTS=$(cat /root/options)' >/etc/default/ssh", 2,
	"ssh.service: what it starts is not known: /usr/sbin/sshd -D $SSHD"},
    {"rm /etc/default/ssh; mkdir /etc/default/ssh", 2, "/etc/default/ssh: "},
    {"rm /etc/default/ssh", 0, ""},
    {"mkdir -p /etc/systemd/system/ssh.service.d\n"
     "printf '[Service]\nEnvironment=\"SSHD_OPTS=-f /root/other\"\n"
     "EnvironmentFile=\n' >/etc/systemd/system/ssh.service.d/b.conf\n"
     "echo 'ForceCommand /usr/sbin/tfa-gate' >/root/other",
	1, "gate: /root/other:1: "},
    {"mkdir -p /etc/systemd/system/ssh.service.d "
     "/run/systemd/system/ssh.service.d\n"
     "printf '[Service]\nExecStart=\nExecStart=/usr/sbin/sshd\n' "
     ">/etc/systemd/system/ssh.service.d/b.conf\n"
     "printf '[Service]\nExecStart=/usr/sbin/sshd -f x\n' "
     ">/run/systemd/system/ssh.service.d/a.conf\n"
     "ln -s /dev/null /etc/systemd/system/ssh.service.d/c.conf\n"
     "printf '[Service]\nExecStart=/usr/sbin/sshd -f x\n' "
     ">/run/systemd/system/ssh.service.d/c.conf",
	0, ""},
    {"mkdir /etc/systemd/system/service.d\n"
     "printf '[Service]\nEnvironmentFile=\nEnvironment=SSHD_OPTS=-fx' "
     ">/etc/systemd/system/service.d/a.conf",
	2, "ssh.service: the folder of sshd's -f x is not known"},
    {"ln -s " SSH_UNIT " /etc/systemd/system/other.service\n"
     "mkdir /etc/systemd/system/other.service.d\n"
     "printf '[Service]\nEnvironmentFile=\nEnvironment=SSHD_OPTS="
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/other.service.d/a.conf",
	1, "gate: " SSH_UNIT ": -o ForceCommand=/usr/sbin/tfa-gate\n"},
    {"ln -s /dev/null /etc/systemd/system/ssh.service\n"
     "echo 'SSHD_OPTS=-oForceCommand=/usr/sbin/tfa-gate' >/etc/default/ssh",
	0, ""},
    {"printf '[Service]\nExecStart=-/usr/sbin/sshd -i -o \"ForceCommand env A=b "
     "/usr/sbin/tfa-gate\"' >/etc/systemd/system/mine@.service",
	1, "gate: /etc/systemd/system/mine@.service: -o ForceCommand env A"},
    {"printf '[Service]\nExecStart=/bin/sh -c \"exec /usr/sbin/sshd -D\"\n' "
     ">/etc/systemd/system/mine.service",
	0, ""},
    {"printf '[Service]\nExecStart=/usr/bin/nice /usr/sbin/sshd -Df /x\n' "
     ">/etc/systemd/system/mine.service",
	2, "mine.service: what sshd reads is not known: /usr/bin/nice /usr/s"},
    {"printf '[Service]\nExecStart=/usr/bin/nice /usr/sbin/sshd -D "
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/mine.service",
	1, "gate: /etc/systemd/system/mine.service: /usr/bin/nice /usr/sbin/s"},
    {"printf '[Service]\nExecStart=/usr/lib/tfa/tfa-sshd -D\n' "
     ">/etc/systemd/system/mine.service",
	1, "door: /etc/systemd/system/mine.service: systemd starts the door"},
    {"printf '[Service]\nExecStart=/usr/sbin/ss\\\\x68d -o \"\\\\x46orceCommand"
     "=/usr/sbin/tfa-gate\"\n' >/etc/systemd/system/mine.service",
	2, "mine.service: what it starts is not known: /usr/sbin/ss"},
    {"printf '[Service]\nEnvironment=D=/usr/sbin/sshd\nExecStart=/bin/sh -c "
     "\"exec $D -f /root/other\"\n' >/etc/systemd/system/mine.service",
	2, "mine.service: what it starts is not known: /bin/sh -c"},
    {"mkdir /root/folder\n"
     "printf '[Service]\nExecStart=/usr/sbin/sshd -oForceCommand="
     "/usr/sbin/tfa-gate\n' >/root/folder/ssh.service\n"
     "ln -s /root/folder/ssh.service /etc/systemd/system/mine.service",
	1, "gate: /etc/systemd/system/mine.service: -o ForceCommand"},
    {"ln -s " SSH_UNIT " /etc/systemd/system/b.service\n"
     "ln -s b.service /etc/systemd/system/a.service\n"
     "mkdir /etc/systemd/system/a.service.d\n"
     "printf '[Service]\nEnvironmentFile=\nEnvironment=SSHD_OPTS="
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/a.service.d/a.conf",
	1, "gate: " SSH_UNIT ": -o ForceCommand=/usr/sbin/tfa-gate\n"},
    {"printf '[Service]\nExecStart=/usr/sbin/sshd -D\n' "
     ">/etc/systemd/system/my-own.service\n"
     "mkdir /etc/systemd/system/my-.service.d\n"
     "printf '[Service]\nExecStart=\nExecStart=/usr/sbin/sshd "
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/my-.service.d/a.conf",
	1, "gate: /etc/systemd/system/my-own.service: -o ForceCommand"},
    {"printf '[Service]\nExecStart=/usr/sbin/sshd -i\n' "
     ">/etc/systemd/system/mine@.service\n"
     "mkdir /etc/systemd/system/mine@two.service.d\n"
     "printf '[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -i "
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/mine@two.service.d/a.conf",
	1, "gate: /etc/systemd/system/mine@.service: -o ForceCommand"},
    {"mkdir -p /run/systemd/transient\n"
     "printf '[Service]\nExecStart=/usr/sbin/sshd -oForceCommand="
     "/usr/sbin/tfa-gate\n' >/run/systemd/transient/mine.service",
	1, "gate: /run/systemd/transient/mine.service: -o ForceCommand"},
    {"printf '[Service]\nExecStart=/usr/sbin/sshd -i\n' "
     ">/etc/systemd/system/my-own@.service\n"
     "mkdir /etc/systemd/system/my-@two.service.d\n"
     "printf '[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -i "
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/my-@two.service.d/a.conf",
	1, "gate: /etc/systemd/system/my-own@.service: -o ForceCommand"},
    {"printf '[Service]\nExecStart=/usr/sbin/sshd -i\n' "
     ">/etc/systemd/system/my-own@two.service\n"
     "mkdir /etc/systemd/system/my-@.service.d\n"
     "printf '[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -i "
     "-oForceCommand=/usr/sbin/tfa-gate\n' "
     ">/etc/systemd/system/my-@.service.d/a.conf",
	1, "gate: /etc/systemd/system/my-own@two.service: -o ForceCommand"},
    {"printf '[Service]\nExecStart=/usr/sbin/sshd.distrib -D\n' "
     ">/etc/systemd/system/mine.service",
	2, "mine.service: what sshd reads is not known: /usr/sbin/sshd.d"},
    {"printf '[Service]\nExecStart=/opt/run-sshd.sh\n' "
     ">/etc/systemd/system/mine.service",
	2, "mine.service: what sshd reads is not known: /opt/run-sshd.sh"},
    {"printf '[Service]\nExecStart=/opt/sshd-auth2 -f /root/none\n"
     "ExecStart=/usr/lib/openssh/sshd-auth -f x\n"
     "ExecStart=/opt/watch /run/sshd.pid /etc/sshd.d/a\n' "
     ">/etc/systemd/system/mine.service",
	0, ""},
    {"printf '[Service]\nExecStart=/opt/sshd-auth2 -oForceCommand="
     "/usr/sbin/tfa-gate\n' >/etc/systemd/system/mine.service",
	1, "gate: /etc/systemd/system/mine.service: -o ForceCommand"},
    {"printf '[Service]\nExecStart=/opt/sshd-bastion -oForceCommand="
     "/usr/sbin/tfa-gate\n' >/etc/systemd/system/mine.service",
	1, "gate: /etc/systemd/system/mine.service: -o ForceCommand"},
    {"printf '[Service]\nExecStart=/usr/sbin/dropbear -F -c /usr/sbin/tfa-gate"
     "\n' >/etc/systemd/system/mine.service",
	1, "gate: /etc/systemd/system/mine.service: /usr/sbin/dropbear"},
    {"printf '[Service]\nExecStart=/bin/sh -c \"echo -f x | xargs "
     "/usr/sbin/sshd -D\"\n' >/etc/systemd/system/mine.service",
	2, "mine.service: what sshd reads is not known: /bin/sh"},
    {"printf '[Service]\nExecStart=/usr/sbin/sshd -D\n"
     "BindPaths=/root/other:/etc/ssh/sshd_config\n' "
     ">/etc/systemd/system/mine.service",
	2, "mine.service: its sshd may see other files"},
    {"mv " SSH_UNIT " /root/ssh.service\n"
     "echo 'export SSHD_OPTS=\"-o ForceCommand=/usr/sbin/tfa-gate\"' "
     ">/etc/default/ssh",
	2, "/etc/default/ssh: "},
    {"mv " SSH_UNIT " /root/ssh.service\n"
     "echo 'SSHD_OPTS=\"-4\"' >/etc/default/ssh",
	0, ""},
};

Test(setup_used, names_an_sshd_that_systemd_would_start)
{
	needs_people();
	machine_new();
	if (!machine_has(SSH_UNIT))
		cr_skip("no " SSH_UNIT);
	machine_sh("mkdir -p /etc/systemd/system; cp -a /etc /root/etc");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct run *r;

		machine_sh(units[i].script);
		r = used();
		cr_expect_eq(r->status, units[i].status, "%zu: %d: %s%s", i,
		    r->status, r->out, r->err);
		cr_expect_not_null(
		    strstr(text("%s%s", r->out, r->err), units[i].says),
		    "%zu: %s%s", i, r->out, r->err);
		machine_sh(
		    "rm -rf /etc/default /etc/systemd /run/systemd/system "
		    "/run/systemd/transient /root/other /root/folder\n"
		    "[ ! -e /root/ssh.service ] || "
		    "mv /root/ssh.service " SSH_UNIT "\n"
		    "cp -a /root/etc/default /root/etc/systemd /etc/");
	}
}

Test(setup_used, names_each_place_or_that_it_does_not_know)
{
	needs_people();
	machine_new();
	machine_sh("cp -a /etc /root/etc");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct run *r;

		machine_sh(places[i].script);
		r = used();
		cr_expect_eq(r->status, places[i].status, "%zu: %d: %s%s", i,
		    r->status, r->out, r->err);
		cr_expect_not_null(
		    strstr(text("%s%s", r->out, r->err), places[i].says),
		    "%zu: %s%s", i, r->out, r->err);
		machine_sh("rm -rf /etc/ssh /etc/pam.d /etc/systemd "
			   "/root/tfa-gate /root/held\n"
			   "cp -a /root/etc/ssh /root/etc/pam.d "
			   "/root/etc/systemd /etc/");
	}
}

Test(setup_used, says_it_as_json_and_to_root_alone)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_install();
	r = run(
	    ARGV("/usr/sbin/tfa-admin", "--json", "setup", "--used"), NULL, 0);
	assert_status(r, 1);
	assert_says(r->out,
	    "{\"part\":\"gate\",\"file\":\"" MACHINE_DROPIN
	    "\",\"line\":7,\"text\":\"ForceCommand /usr/sbin/tfa-gate\"}\n");
	assert_status(run(ARGV("setpriv", "--reuid", "bob", "--clear-groups",
			      "/usr/sbin/tfa-admin", "setup", "--used"),
			  NULL, 0),
	    77);
	machine_sh("mkdir /var/lib/tfa-setup\n"
		   "echo '{' >/var/lib/tfa-setup/journal.json");
	r = run(
	    ARGV("/usr/sbin/tfa-admin", "--json", "setup", "--used"), NULL, 0);
	assert_status(r, 1);
	assert_says(r->out, "{\"part\":\"gate\",");
	assert_says(r->out, "\n{\"part\":\"unknown\",\"file\":\"\",");
	assert_status(
	    run(ARGV("sh", "-c", "/usr/sbin/tfa-admin setup --used >/dev/full"),
		NULL, 0),
	    1);
}

/* Starts an sshd that is slow to write its number: its drop-in is gone by then.
 * False if it was so slow that it could as well have been reloaded. */
static bool
changes_as_it_starts(void)
{
	long long begun = run_clock_ms();

	machine_sh(SSHD "\n"
			"for i in $(seq 100); do\n"
			"	[ -s /run/sshd.pid ] && break; sleep 0.02\n"
			"done\n"
			"rm " MACHINE_DROPIN "; touch /run/sshd.pid");
	return run_clock_ms() - begun < 900;
}

/* An sshd that runs does what it read, whatever its files say now. */
Test(setup_used, asks_the_sshd_that_runs)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_install();
	machine_sh("cp -a " MACHINE_DROPIN " /root/kept");
	for (int i = 0; i < 20 && !changes_as_it_starts(); i++) {
		end_process("/run/sshd.pid");
		machine_sh("cp -a /root/kept " MACHINE_DROPIN);
	}
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "was changed after sshd (pid ");
	machine_sh("pid=$(cat /run/sshd.pid); rm /run/sshd.pid\n"
		   "kill -HUP $pid");
	assert_unused();
	machine_sh("for i in $(seq 50); do\n"
		   "	[ -s /run/sshd.pid ] && break; sleep 0.1\n"
		   "done");
	end_process("/run/sshd.pid");
	machine_sh(SSHD " -o PidFile=/run/2.pid "
			"-o ForceCommand=/usr/sbin/tfa-gate");
	r = used();
	assert_status(r, 1);
	assert_says(r->out, "/cmdline: -o ForceCommand=/usr/sbin/tfa-gate\n");
	end_process("/run/2.pid");
	machine_sh(SSHD " -o PidFile=/run/3.pid "
			"-o 'ForceCommand=env A=b /usr/sbin/tfa-gate'");
	r = used();
	assert_status(r, 1);
	assert_says(r->out, "ForceCommand=env A=b /usr/sbin/tfa-gate");
	end_process("/run/3.pid");
	machine_sh(
	    "sed '$aForceCommand /usr/sbin/tfa-gate' "
	    "/etc/ssh/sshd_config >/root/other\n" SSHD " -f /root/other");
	r = used();
	assert_status(r, 1);
	assert_says(r->out, "gate: /root/other:");
	machine_sh("rm /root/other");
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "/root/other, which sshd (pid ");
}

static void
begin_as_sshd(const char *command)
{
	machine_sh(
	    text("cd /root\n"
		 "bash -c 'exec -a /usr/sbin/sshd %s' >/dev/null 2>&1 &\n"
		 "for i in $(seq 50); do\n"
		 "	grep -q ^/usr/sbin/sshd /proc/$!/cmdline && break\n"
		 "	sleep 0.1\n"
		 "done\n"
		 "echo $! >/root/pid",
		command));
}

/* Between its start and its title an sshd looks as any other program. */
Test(setup_used, asks_the_sshd_that_starts)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("echo 'ForceCommand /usr/sbin/tfa-gate' >/root/other");
	begin_as_sshd("tail -f /root/other");
	r = used();
	assert_status(r, 1);
	assert_says(r->out, "gate: /root/other:1: ");
	end_process("/root/pid");
	assert_unused();
	begin_as_sshd("tail -f /root/other -- -R");
	assert_unused();
	end_process("/root/pid");
	begin_as_sshd("tail -f other");
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "the folder of sshd's -f other is not known");
}

Test(setup_used, knows_nothing_without_processes)
{
	struct run *r;

	if (getenv("ASAN_OPTIONS") != NULL)
		cr_skip_test("sanitizers need /proc");
	needs_people();
	machine_new();
	r = run(ARGV("unshare", "-m", "sh", "-c",
		    "mount -t tmpfs none /proc; "
		    "exec /usr/sbin/tfa-admin setup --used"),
	    NULL, 0);
	assert_status(r, 2);
	assert_says(r->err, "/proc is not mounted");
}

/* A thing that is gone from a folder leaves no trace but there. */
Test(setup_used, knows_that_an_included_file_is_gone)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("mkdir /root/more\n"
		   "echo 'Include /root/more/*.conf' >>/etc/ssh/sshd_config\n"
		   "echo 'ForceCommand /usr/sbin/tfa-gate' >/root/more/x.conf\n"
		   "sleep 0.1; " SSHD);
	assert_status(used(), 1);
	machine_sh("rm /root/more/x.conf");
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "/root/more was changed after sshd (pid ");
	end_process("/run/sshd.pid");
	machine_sh("echo 'ForceCommand /usr/sbin/tfa-gate' >/root/more/x.conf\n"
		   "mkdir /root/empty; sleep 0.1; " SSHD);
	assert_status(used(), 1);
	machine_sh("mv /root/more /root/off; mv /root/empty /root/more");
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "/root/more was changed after sshd (pid ");
	machine_sh("rm -r /root/more");
	r = used();
	assert_status(r, 2);
	assert_says(r->err, "/root was changed after sshd (pid ");
}

/* su is root's program, and bob gives it a title and waits at its prompt. */
static void
start_su(const char *options)
{
	write_text("/tmp/su",
	    text("exec -a 'sshd: /usr/sbin/sshd %s [listener] 0 of 10-100 "
		 "startups' su root\n",
		options));
	machine_sh("(sleep 30 | setpriv --reuid bob --clear-groups bash /tmp/su"
		   ") >/dev/null 2>&1 &\n"
		   "for i in $(seq 50); do\n"
		   "	pgrep -x su >/dev/null && break; sleep 0.1\n"
		   "done\n"
		   "pgrep -x su");
}

Test(setup_used, believes_no_title_of_a_setuid_program)
{
	static const char *const options[] = {"-f /tmp/other",
	    "-o ForceCommand=/usr/sbin/tfa-gate", "-o Include=/tmp/other"};

	needs_people();
	needs_program("su");
	machine_new();
	machine_sh("echo 'ForceCommand /usr/sbin/tfa-gate' >/tmp/other");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		start_su(options[i]);
		assert_unused();
		machine_sh("kill $(pgrep -x su)");
	}
}

/* The records are there for the next setup, and the keeper answers again. */
Test(setup_used, removal_keeps_the_data_if_it_is_told_to)
{
	struct run *r;
	char *record;

	needs_people();
	machine_new();
	machine_install();
	machine_keeper();
	assert_status(
	    run(ARGV("/usr/sbin/tfa-admin", "enroll", "alice", "--qr", "uri"),
		NULL, 0),
	    0);
	record = read_text("/var/lib/tfa/users/alice.json");
	r = machine_setup("--remove", "--keep", "--yes");
	assert_status(r, 0);
	assert_never_says(r->out, "/var/lib/tfa");
	assert_never_says(r->out, "delete the user");
	assert_says(r->err, "the devices and the log stay in /var/lib/tfa");
	cr_assert_str_eq(read_text("/var/lib/tfa/users/alice.json"), record);
	cr_assert(machine_has("/etc/tfa/policy.json"));
	cr_assert_not(machine_has(MACHINE_DROPIN));
	cr_assert_not(machine_has("/run/tfa"));
	assert_unused();
	machine_install();
	machine_keeper();
	r = run(ARGV("/usr/sbin/tfa-admin", "users", "alice"), NULL, 0);
	assert_status(r, 0);
	assert_says(r->out, "enrolled");
	assert_status(machine_setup("--keep", NULL, NULL), 2);
	assert_status(machine_setup("--used", "--remove", NULL), 2);
}

static struct run *
make_root(const char *target)
{
	return run(
	    ARGV("make", "--no-print-directory", "-o", "all", target,
		text("BUILD=%s", getenv("TFA_PROGRAMS")), "PREFIX=/root/usr",
		"SYSCONFDIR=/root/etc", "UNITDIR=/root/units",
		"SSHD_CONFIGS=/dev/null", "PAM_CONFIGS=/dev/null"),
	    NULL, 0);
}

/* "make uninstall" asks the program that it would remove. */
Test(setup_used, uninstall_asks_first)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_install();
	assert_status(make_root("install"), 0);
	r = make_root("uninstall");
	assert_status(r, 2);
	assert_says(r->err, "gate: " MACHINE_DROPIN ":7: ForceCommand");
	cr_assert(machine_has("/root/usr/sbin/tfa-gate"));
	assert_status(machine_setup("--remove", "--keep", "--yes"), 0);
	assert_status(make_root("uninstall"), 0);
	cr_assert_not(machine_has("/root/usr/sbin/tfa-gate"));
	cr_assert(machine_has("/root/etc/tfa/policy.json"));
}

/* Takes out of the spec, without macros, what rpm runs before it removes the
 * door's package. */
#define RPM_SCRIPT                                                        \
	"sed -n '/^%preun -n pam_tfa/,/^%files/p' etc/rpm/tfa.spec | "    \
	"sed '/^%/d; s|%{_sbindir}|/usr/sbin|g; s/%%/%/g' >/root/preun\n" \
	"grep -q tfa-admin /root/preun"

/* Runs both removals of the door's package; they must agree. */
static int
remove_door(const char *left)
{
	struct run *rpm = run(
	    ARGV("/bin/sh", "-e", "/root/preun", left), NULL, 0);
	struct run *deb = run(
	    ARGV("/bin/sh", "/root/prerm",
		strcmp(left, "0") == 0 ? "remove" : "deconfigure"),
	    NULL, 0);

	cr_expect_eq(
	    rpm->status, deb->status, "%d %d", rpm->status, deb->status);
	if (rpm->status != 0) {
		assert_says(rpm->err, "pam_tfa: nothing is removed: ");
		assert_says(rpm->err, "setup --no-door");
		assert_says(rpm->err, "setup --remove --keep");
	} else {
		cr_expect_str_empty(rpm->err);
	}
	return rpm->status;
}

/* The gate needs no module; all else may. */
Test(setup_used, removal_of_the_door_is_refused_where_its_module_is_used)
{
	needs_people();
	machine_new();
	machine_sh(RPM_SCRIPT);
	machine_sh("cp etc/debian/libpam-tfa.prerm /root/prerm");
	cr_expect_eq(remove_door("0"), 0);
	machine_install();
	cr_expect_eq(remove_door("0"), 0);
	machine_sh("cp /etc/pam.d/sudo /root/sudo\n"
		   "echo 'auth required pam_tfa.so' >>/etc/pam.d/sudo");
	cr_expect_eq(remove_door("0"), 1);
	cr_expect_eq(remove_door("1"), 0);
	machine_sh("cp /root/sudo /etc/pam.d/sudo\n"
		   "mkdir /etc/ssh/sshd_config.d/x.conf");
	cr_expect_eq(remove_door("0"), 1);
	machine_sh("rmdir /etc/ssh/sshd_config.d/x.conf");
	cr_expect_eq(remove_door("0"), 0);
	machine_sh("sed -i 's|/usr/sbin/tfa-admin|/root/none|' /root/pre*");
	cr_expect_eq(remove_door("0"), 1);
	/* It says nothing, or it is killed when it has said something. */
	machine_sh("ln -s /bin/false /root/none");
	cr_expect_eq(remove_door("0"), 1);
	machine_sh("rm /root/none\n"
		   "printf '#!/bin/sh\necho \\{\\\"part\\\":\\\"gate\\\",\\}\n"
		   "kill -KILL $$\n' >/root/none; chmod +x /root/none");
	cr_expect_eq(remove_door("0"), 1);
}
