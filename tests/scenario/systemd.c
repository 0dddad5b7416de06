/*
 * The units under a real systemd: what setup enables starts, serves and is
 * taken away again, and nobody is kept out by a restart.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/scenario/boot.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

TestSuite(systemd, .timeout = 180, .fini = boot_crash);

#define ADMIN(...) ARGV("/usr/sbin/tfa-admin", __VA_ARGS__)

static void
booted_machine(void)
{
	machine_new();
	machine_sh(
	    "echo 'Subsystem sftp internal-sftp' >>/etc/ssh/sshd_config");
	boot();
}

static void
installed_machine(void)
{
	booted_machine();
	boot_install();
}

/*
 * The unit must leave the keeper the calls with which it takes rights away from
 * itself, and what it reads and writes: its folder, the log, the boot id,
 * loginuid.
 */
static void
assert_hardened_and_whole(void)
{
	struct run *r = boot_run(
	    ARGV("journalctl", "--no-pager", "-o", "cat", "-t", "tfa-keeper"));

	assert_says(r->out, "\"event\":\"login\"");
	assert_never_says(r->out, "no seccomp");
	assert_never_says(r->out, "no landlock");
	assert_never_says(r->out, "did not take its answer");
	assert_says(boot_run(ADMIN("log", "--user", "alice"))->out, "login");
	r = boot_run(ARGV("sh", "-c",
	    "p=$(systemctl show -P MainPID tfa-keeper.service); ps -o user= -p "
	    "$p; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/$p/status"));
	cr_assert_str_eq(r->out,
	    "_tfa\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
}

Test(systemd, setup_brings_the_gate_and_remove_takes_it_away)
{
	const char *secret;
	struct run *r;

	needs_people();
	needs_boot();
	installed_machine();
	boot_assert_unit("tfa-keeper.socket", "active");
	boot_assert_unit("tfa-setup.service", "inactive");
	secret = boot_enroll("alice");
	r = boot_login("alice", "", "echo inside");
	assert_status(r, 76);
	cr_assert_str_empty(r->out);
	r = boot_login("alice", code_at(secret, step_now()), "echo inside");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
	r = boot_run(ADMIN("doctor"));
	assert_status(r, 0);
	assert_never_says(r->out, "FAIL");
	assert_hardened_and_whole();
	assert_status(boot_run(ADMIN("setup", "--remove", "--yes")), 0);
	boot_assert_unit("tfa-keeper.socket", "inactive");
	boot_assert_unit("tfa-keeper.service", "inactive");
	r = boot_login("alice", "", "echo inside");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}

/* The power is cut before the setup is confirmed, and after. */
Test(systemd, reboot_puts_back_only_what_nobody_confirmed)
{
	const char *secret;

	needs_people();
	needs_boot();
	booted_machine();
	assert_status(boot_run(ADMIN("setup", "--yes", "--wait", "12s")), 0);
	boot_assert_unit("tfa-setup.service", "active");
	boot_crash();
	cr_assert(machine_has(MACHINE_DROPIN));
	boot();
	machine_settled(25000);
	cr_assert(!machine_has(MACHINE_DROPIN));
	assert_status(boot_login("alice", "", "true"), 0);
	boot_install();
	secret = boot_enroll("alice");
	boot_crash();
	boot();
	boot_assert_unit("tfa-keeper.socket", "active");
	assert_status(boot_login("alice", "", "true"), 76);
	assert_status(
	    boot_login("alice", code_at(secret, step_now()), "true"), 0);
}

/* No user session service runs here, which would remove it. */
static const char logins_allowed[] = "rm -f /run/nologin";

/* ssh to the door at that port; its question gets this code. */
static const char *
jump(int door, const char *user, const char *code)
{
	struct run *r;

	machine_sh(text("printf '#!/bin/sh\\necho %s\\n' >/root/ask\n"
			"chmod 755 /root/ask",
	    code));
	r = boot_run(ARGV("env", "SSH_ASKPASS=/root/ask",
	    "SSH_ASKPASS_REQUIRE=force", "ssh", "-F", "none", "-p",
	    text("%d", door), "-i", text("%s/%s", getenv("TFA_KEYS"), user),
	    "-o", "StrictHostKeyChecking=no", "-o",
	    "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-W",
	    text("127.0.0.1:%d", machine_port), text("%s@127.0.0.1", user)));
	return text("%s%s", r->out, r->err);
}

/* A code that works once. */
static const char *
pass_code(const char *user)
{
	struct run *r = boot_run(ADMIN("code", user, "--pass"));
	const char *code = strstr(r->out, ": ");

	assert_status(r, 0);
	cr_assert_not_null(code, "%s", r->out);
	return text("%.*s", (int)strcspn(code + 2, "\n"), code + 2);
}

static void
install_door(int door)
{
	struct run *r = boot_run(
	    ADMIN("setup", "--yes", "--door", text("%d", door)));

	assert_status(r, 0);
	assert_says(r->out, "systemctl enable --now tfa-sshd.service\n");
	assert_status(boot_run(ADMIN("setup", "--confirm", "--yes")), 0);
	assert_status(boot_run(ADMIN("forward", "alice", "after-code")), 0);
}

/* Starts, stops and reloads with the other sshd, and again when it is killed. */
static const char goes_with_sshd[] =
    "systemctl stop ssh\n"
    "! systemctl -q is-active tfa-sshd\n"
    "systemctl start ssh\n"
    "for i in $(seq 100); do\n"
    "	systemctl -q is-active tfa-sshd && break; sleep 0.1\n"
    "done\n"
    "before=$(systemctl show -P MainPID tfa-sshd)\n"
    "systemctl restart ssh\n"
    "for i in $(seq 100); do\n"
    "	old=$(systemctl show -P MainPID tfa-sshd)\n"
    "	[ $old != 0 ] && [ $old != $before ] && break; sleep 0.1\n"
    "done\n"
    "[ $old != 0 ]\n"
    "[ $old != $before ]\n"
    "echo 'Banner /etc/hostname' >/etc/ssh/sshd_config.d/z.conf\n"
    "systemctl reload ssh\n"
    "[ \"$(systemctl show -P MainPID tfa-sshd)\" = $old ]\n"
    "kill -KILL $old\n"
    "for i in $(seq 100); do\n"
    "	[ -s /run/tfa-sshd.pid ] &&\n"
    "	    [ \"$(cat /run/tfa-sshd.pid)\" != $old ] && break\n"
    "	sleep 0.2\n"
    "done";

/*
 * The door starts, stops and reads its configuration again with sshd, comes
 * back after a crash, and not where a login without a code might be possible.
 */
Test(systemd, door_goes_with_sshd)
{
	static const char greeting[] = "SSH-2.0-OpenSSH";
	int door;

	needs_people();
	needs_door();
	needs_boot();
	installed_machine();
	boot_sh(logins_allowed);
	door = machine_port - 12000;
	install_door(door);
	boot_enroll("alice");
	boot_assert_unit("tfa-sshd.service", "active");
	assert_never_says(jump(door, "alice", ""), greeting);
	assert_says(jump(door, "alice", pass_code("alice")), greeting);
	boot_sh(goes_with_sshd);
	assert_says(jump(door, "alice", pass_code("alice")), greeting);
	boot_crash();
	boot();
	boot_sh(logins_allowed);
	boot_assert_unit("tfa-sshd.service", "active");
	assert_says(jump(door, "alice", pass_code("alice")), greeting);
	boot_sh("sed -i 's/^auth .*/auth required pam_permit.so/' "
		"/etc/pam.d/tfa-sshd\n"
		"systemctl restart tfa-sshd || true\n"
		"for i in $(seq 50); do\n"
		"	systemctl -q is-failed tfa-sshd && break; sleep 0.1\n"
		"done\n"
		"[ $(systemctl show -P ExecMainStatus tfa-sshd) = 78 ]");
	assert_never_says(jump(door, "alice", ""), greeting);
	assert_status(boot_run(ADMIN("setup", "--yes")), 0);
	boot_assert_unit("tfa-sshd.service", "active");
	assert_status(boot_run(ADMIN("setup", "--no-door", "--yes")), 0);
	boot_assert_unit("tfa-sshd.service", "inactive");
	assert_status(boot_run(ADMIN("setup", "--undo")), 0);
	boot_assert_unit("tfa-sshd.service", "active");
	assert_status(boot_run(ADMIN("setup", "--remove", "--yes")), 0);
	boot_assert_unit("tfa-sshd.service", "inactive");
	cr_assert_not(machine_has("/etc/pam.d/tfa-sshd"));
	cr_assert_not(machine_has("/etc/systemd/system/tfa-sshd.service"));
}

/* The power is cut before a door is confirmed. */
Test(systemd, reboot_takes_an_unconfirmed_door_away)
{
	needs_people();
	needs_door();
	needs_boot();
	installed_machine();
	assert_status(boot_run(ADMIN("setup", "--yes", "--wait", "12s",
			  "--door", text("%d", machine_port - 12000))),
	    0);
	boot_assert_unit("tfa-sshd.service", "active");
	boot_crash();
	boot();
	machine_settled(25000);
	boot_assert_unit("tfa-sshd.service", "inactive");
	cr_assert_not(machine_has("/etc/pam.d/tfa-sshd"));
	cr_assert(machine_has(MACHINE_DROPIN));
	assert_status(boot_login("alice", "", "true"), 77);
}

/*
 * An upgrade: requests being served are answered, the socket holds new ones,
 * and running sessions do not notice. A keeper that crashes is started again.
 */
Test(systemd, nobody_notices_that_the_keeper_is_restarted)
{
	struct run *session, *restart, *logins[12];
	int lock;

	needs_people();
	needs_boot();
	installed_machine();
	session = boot_login_start("alice",
	    code_at(boot_enroll("alice"), step_now()),
	    "sleep 3; echo still here");
	run_sleep_ms(500);
	for (size_t i = 0; i < 12; i++) {
		logins[i] = boot_login_start("alice", "", "true");
		if (i % 2 == 0)
			boot_sh("systemctl daemon-reload\n"
				"systemctl restart tfa-keeper.service");
	}
	for (size_t i = 0; i < 12; i++)
		run_finish(logins[i]);
	for (size_t i = 0; i < 12; i++)
		assert_status(logins[i], 76);
	/* A request that is being served at that moment. */
	lock = open("/var/lib/tfa/locks/alice", O_RDWR | O_CLOEXEC);
	cr_assert_eq(flock(lock, LOCK_EX), 0);
	logins[0] = boot_login_start("alice", "", "true");
	run_sleep_ms(1500);
	restart = boot_start(
	    ARGV("systemctl", "restart", "tfa-keeper.service"));
	run_sleep_ms(500);
	close(lock);
	run_finish(logins[0]);
	assert_status(logins[0], 76);
	boot_finish(restart);
	assert_status(restart, 0);
	for (size_t i = 0; i < 4; i++) {
		boot_sh("systemctl kill -s KILL tfa-keeper.service");
		assert_status(boot_login("alice", "", "true"), 76);
	}
	run_finish(session);
	assert_status(session, 0);
	cr_assert_str_eq(session->out, "still here\n");
}

/* Its user cannot read the key itself. Nobody listens at the link's socket. */
Test(systemd, keeper_gets_the_key_of_its_fleet)
{
	struct run *r;

	needs_people();
	needs_boot();
	installed_machine();
	boot_sh("cat >/etc/tfa/store.json <<'END'\n"
		"{\"version\": 1, \"name\": \"b\", \"engine\": \"etcd\",\n"
		"\"endpoints\": [\"https://e:2379\"], \"prefix\": \"/t/\",\n"
		"\"tls\": {\"ca\": \"/ca\"}, \"user\": \"tfa\"}\n"
		"END\n"
		"systemctl restart tfa-keeper.service");
	r = boot_login("alice", "000000", "true");
	assert_status(r, 75);
	assert_says(r->err, "does not work");
	boot_sh(
	    "umask 077; k=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \\n')\n"
	    "printf '{\"version\":1,\"fleet\":\"%.32s\",\"use\":\"00000001\","
	    "\"keys\":[{\"id\":\"00000001\",\"key\":\"%s\","
	    "\"since\":\"2026-11-29T12:00:00Z\"}]}' \"$k\" \"$k\" "
	    ">/etc/tfa/fleet.key\n"
	    "systemctl restart tfa-keeper.service");
	r = boot_login("alice", "000000", "true");
	assert_status(r, 75);
	assert_says(r->err, "does not answer");
}

/* The lines as the page prints them, but for the wait. */
Test(systemd, lines_of_the_handbook_restore_a_backup)
{
	const char *secret;

	needs_people();
	needs_boot();
	installed_machine();
	secret = boot_enroll("alice");
	machine_sh("tests/support/printed etc/tfa.7 'BACKUP AND RESTORE' "
		   ">/root/lines\n"
		   "[ \"$(wc -l </root/lines)\" -eq 11 ]\n"
		   "sed -n 1,2p /root/lines >/root/backup\n"
		   "sed -n '3,7s/^sleep 120$/true/;3,7p' /root/lines "
		   ">/root/restore\n"
		   "sed -n 10,11p /root/lines >/root/look");
	boot_sh("cd /root\n"
		"export GNUPGHOME=/root/gpg\n"
		"mkdir -m 700 gpg\n"
		"gpg --batch -q --passphrase '' --quick-gen-key "
		"ops@example.org\n"
		"sh -e backup\n"
		"rm -rf /var/lib/tfa/* /etc/tfa/policy.json\n"
		"[ ! -e /etc/tfa/policy.json ]\n"
		"sh -e restore\n"
		"gpgconf --kill all\n"
		"tfa-admin policy check");
	assert_status(boot_login("alice", "", "true"), 76);
	assert_status(
	    boot_login("alice", code_at(secret, step_now()), "true"), 0);
	assert_status(boot_run(ADMIN("revoke", "alice", "--yes")), 0);
	boot_sh("sh -e /root/look | grep -q revoke");
}

Test(systemd, lines_of_the_handbook_take_over_each_users_account)
{
	struct run *r;

	needs_people();
	needs_boot();
	needs_program("google-authenticator");
	installed_machine();
	machine_sh("tests/support/printed etc/tfa.7 "
		   "'MOVING FROM GOOGLE-AUTHENTICATOR' >/root/all\n"
		   "tail -n +2 /root/all >/root/lines\n"
		   "[ \"$(wc -l </root/lines)\" -eq 4 ]");
	boot_sh("for user in mover1 mover2; do\n"
		"	useradd -m $user\n"
		"	runuser -u $user -- google-authenticator -t -d -f -C "
		"-q -Q NONE -r 3 -R 30 -w 3 -s "
		"/home/$user/.google_authenticator\n"
		"done");
	r = boot_run(ARGV("sh", "-e", "/root/lines"));
	boot_sh("userdel -r mover1 2>/dev/null; userdel -r mover2 2>/dev/null");
	assert_status(r, 0);
	assert_says(r->out, "mover1: imported as d1");
	assert_says(r->out, "mover2: imported as d1");
	assert_says(r->err, "mover1: RATE_LIMIT is not taken over");
}
