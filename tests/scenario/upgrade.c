/*
 * The programs are replaced while people log in: by renaming, as packages do,
 * and by removing first, as "make install" does.  Nobody is refused for it.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/boot.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

TestSuite(upgrade, .timeout = 180, .fini = boot_crash);

#define ADMIN(...) ARGV("/usr/sbin/tfa-admin", __VA_ARGS__)
#define NEVER_SEEN                              \
	"-o", "StrictHostKeyChecking=no", "-o", \
	    "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"

/* Other tests have the programs that this one replaces. */
static void
machine_with_own_programs(void)
{
	machine_new();
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /mnt\n"
		   "cp -a /usr/sbin/. /mnt/\n"
		   "mount --bind /mnt /usr/sbin\n"
		   "umount /mnt");
}

/* A file with another inode takes the program's name at once. */
static void
replace(const char *program)
{
	machine_sh(text("cp -a /usr/sbin/%s /usr/sbin/%s.new\n"
			"mv /usr/sbin/%s.new /usr/sbin/%s",
	    program, program, program, program));
}

static const char *
booted(void)
{
	machine_with_own_programs();
	boot();
	assert_status(boot_run(ADMIN("setup", "--yes")), 0);
	assert_status(boot_run(ADMIN("setup", "--confirm", "--yes")), 0);
	assert_status(boot_run(ADMIN("--yes", "enforce", "alice")), 0);
	return boot_enroll("alice");
}

static const char *
port(void)
{
	return text("%d", machine_port);
}

static const char *
key(void)
{
	return text("%s/alice", getenv("TFA_KEYS"));
}

/* A login with that code, or with none: then the keeper's answer is 76. */
static struct run *
log_in_start(const char *code)
{
	return boot_start(ARGV("ssh", "-F", "none", "-p", port(), "-i", key(),
	    NEVER_SEEN, "-o", "BatchMode=yes", "-o",
	    text("SetEnv=TFA_CODE=%s", code), "alice@127.0.0.1", "true"));
}

static void
assert_login(const char *code, int status)
{
	struct run *r = log_in_start(code);

	run_finish(r);
	assert_status(r, status);
}

static const char *
keeper_pid(void)
{
	return boot_run(
	    ARGV("systemctl", "show", "-P", "MainPID", "tfa-keeper.service"))
	    ->out;
}

/* The gate at the prompt is the old one, and a new keeper gets the code. */
Test(upgrade, open_prompt_passes_with_the_new_keeper)
{
	const char *secret, *before;
	struct session *s;

	needs_people();
	needs_boot();
	secret = booted();
	s = boot_session(ARGV("ssh", "-F", "none", "-tt", "-p", port(), "-i",
	    key(), NEVER_SEEN, "alice@127.0.0.1"));
	session_expect(s, "Verification code:");
	before = keeper_pid();
	replace("tfa-gate");
	replace("tfa-keeper");
	session_type(s, text("%s\r", code_at(secret, step_now())));
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
	cr_assert_str_neq(keeper_pid(), before);
	assert_never_says(boot_run(ADMIN("doctor"))->out, "before an upgrade");
	assert_says(boot_run(ARGV("journalctl", "--no-pager", "-o", "cat", "-t",
				 "tfa-keeper"))
			->out,
	    "/usr/sbin/tfa-keeper was replaced: this process ends");
	session_kill(s);
}

/* The door's module holds the question, and a new keeper gets the answer. */
Test(upgrade, question_at_the_door_passes_with_the_new_keeper)
{
	const char *door, *secret, *before;
	struct session *s;

	needs_people();
	needs_door();
	needs_boot();
	secret = booted();
	door = text("%d", machine_port - 12000);
	boot_sh("rm -f /run/nologin"); /* no user session service runs here */
	assert_status(boot_run(ADMIN("setup", "--yes", "--door", door)), 0);
	assert_status(boot_run(ADMIN("setup", "--confirm", "--yes")), 0);
	assert_status(boot_run(ADMIN("forward", "alice", "after-code")), 0);
	s = boot_session(
	    ARGV("ssh", "-F", "none", "-p", door, "-i", key(), NEVER_SEEN, "-W",
		text("127.0.0.1:%d", machine_port), "alice@127.0.0.1"));
	session_expect(s, "Verification code:");
	before = keeper_pid();
	replace("tfa-keeper");
	session_type(s, text("%s\r", code_at(secret, step_now())));
	session_expect(s, "SSH-2.0-OpenSSH");
	cr_assert_str_neq(keeper_pid(), before);
	session_kill(s);
}

/* A copy of setup's, or an administrator's, would hide the unit of an upgrade. */
Test(upgrade, units_that_are_there_are_used_and_not_hidden)
{
	static const char hides[] = "/etc/systemd/system/tfa-keeper.service "
				    "hides /run/systemd/system/tfa-keeper."
				    "service, so that an upgrade";

	needs_people();
	needs_boot();
	machine_new();
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /usr/local\n"
		   "mkdir -p /usr/local/lib/systemd/system\n"
		   "cp etc/tfa-keeper.* /usr/local/lib/systemd/system/");
	boot();
	assert_status(boot_run(ADMIN("setup", "--yes")), 0);
	cr_assert_not(machine_has("/etc/systemd/system/tfa-keeper.service"));
	cr_assert_not(machine_has("/etc/systemd/system/tfa-keeper.socket"));
	assert_status(boot_run(ADMIN("setup", "--confirm", "--yes")), 0);
	assert_never_says(boot_run(ADMIN("doctor"))->out, " hides ");
	boot_sh("cd /usr/local/lib/systemd/system\n"
		"cp tfa-keeper.service /etc/systemd/system/\n"
		"mkdir -p /run/systemd/system\n"
		"cp tfa-keeper.service /run/systemd/system/");
	assert_says(boot_run(ADMIN("doctor"))->out, hides);
}

/* Whatever an installer has not finished is no program to make way for. */
static const char *const unfinished[] = {
    "mv /usr/sbin/tfa-keeper /usr/sbin/kept",
    "head -c 4096 /usr/sbin/kept >/usr/sbin/tfa-keeper\n"
    "chmod 600 /usr/sbin/tfa-keeper",
    ": >/usr/sbin/tfa-keeper; chmod 755 /usr/sbin/tfa-keeper",
    "cat /usr/sbin/kept >/usr/sbin/tfa-keeper\n"
    "chmod 644 /usr/sbin/tfa-keeper",
};

/* From ten on sshd turns some away, by MaxStartups. */
#define AT_ONCE 8

Test(upgrade, keeper_waits_for_a_whole_program)
{
	const char *secret, *before;
	struct run *logins[AT_ONCE];

	needs_people();
	needs_boot();
	secret = booted();
	assert_login("", 76);
	before = keeper_pid();
	for (size_t i = 0; i < sizeof(unfinished) / sizeof(unfinished[0]);
	     i++) {
		machine_sh(unfinished[i]);
		assert_login("", 76);
		cr_expect_str_eq(keeper_pid(), before, "%zu", i);
	}
	machine_sh("chmod 755 /usr/sbin/tfa-keeper");
	assert_login(code_at(secret, step_now()), 0);
	cr_assert_str_neq(keeper_pid(), before);
	/* More often than an attacker or an installer could. */
	for (size_t i = 0; i < 4 * AT_ONCE; i++) {
		replace("tfa-keeper");
		logins[i % AT_ONCE] = log_in_start("");
		if (i % AT_ONCE != AT_ONCE - 1)
			continue;
		for (size_t j = 0; j < AT_ONCE; j++) {
			run_finish(logins[j]);
			assert_status(logins[j], 76);
		}
	}
	boot_sh("systemctl -q is-active tfa-keeper.socket\n"
		"[ -z \"$(systemctl --failed -q --no-legend)\" ]");
}

/* Nobody would start it again: it stays, and doctor says so. */
Test(upgrade, keeper_without_systemd_stays)
{
	struct run *r;

	needs_people();
	machine_with_own_programs();
	machine_install();
	machine_keeper();
	r = run(ADMIN("doctor"), NULL, 0);
	assert_never_says(r->out, "before an upgrade");
	replace("tfa-keeper");
	assert_status(run(ADMIN("users", "alice"), NULL, 0), 0);
	assert_status(run(ADMIN("users", "alice"), NULL, 0), 0);
	r = run(ADMIN("doctor"), NULL, 0);
	assert_says(r->out,
	    "still runs the program that was "
	    "/usr/sbin/tfa-keeper before an upgrade");
}

/* A disk that is full costs the new program, and never the old one. */
Test(upgrade, full_disk_leaves_the_old_programs)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("mount -t tmpfs -o mode=755,size=20m tmpfs /mnt\n"
		   "cp /usr/sbin/tfa-* /mnt/\n"
		   "sha256sum /mnt/* >/root/before\n"
		   "dd if=/dev/zero of=/mnt/filler bs=1k 2>/dev/null || :");
	r = run(ARGV("make", "--no-print-directory", "-o", "all", "install",
		    text("BUILD=%s", getenv("TFA_PROGRAMS")), "PREFIX=/root/p",
		    "SBINDIR=/mnt", "SYSCONFDIR=/root/etc"),
	    NULL, 0);
	assert_status(r, 2);
	assert_says(r->err, "No space left on device");
	machine_sh("sha256sum --quiet -c /root/before");
}
