/*
 * A setup that nobody confirmed: who undoes it if the process that should is
 * gone. And a machine with systemd: what happens if a call of systemctl fails.
 * A stand-in for systemctl notes its calls and does the little that setup
 * needs; systemd.c has the real one.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(setup_late);

#define JOURNAL "/var/lib/tfa-setup/journal.json"
#define UNIT    "/etc/systemd/system/tfa-setup.service"
#define CALLS   "/mnt/calls"

static const char stand_in[] =
    "#!/bin/sh\n"
    "echo \"$*\" >>/mnt/calls\n"
    "[ \"$(wc -l </mnt/calls)\" != \"$(cat /mnt/refused)\" ] || exit 1\n"
    "case \"$*\" in\n"
    "'enable --now --quiet tfa-setup.service')\n"
    "	setsid $(sed -n 's/^ExecStart=//p' " UNIT
    ") </dev/null >/dev/null 2>&1 &\n"
    "	echo $! >/mnt/watcher ;;\n"
    "'stop --quiet tfa-setup.service')\n"
    "	kill \"$(cat /mnt/watcher)\" ;;\n"
    "'enable --now tfa-keeper.socket')\n"
    "	install -d -m 0755 /run/tfa\n"
    "	setsid /usr/sbin/tfa-keeper </dev/null >/dev/null 2>&1 &\n"
    "	for i in 1 2 3 4 5 6 7 8 9; do\n"
    "		[ -S /run/tfa/keeper.sock ] || sleep 0.1\n"
    "	done ;;\n"
    "'is-enabled --quiet tfa-keeper.socket')\n"
    "	exit 1 ;;\n"
    "esac\n"
    "exit 0\n";

/* Lines of a shell that wait until a keeper answers. */
#define ANSWERS                                              \
	"for i in $(seq 50); do\n"                           \
	"	! tfa-admin users root >/dev/null 2>&1 || break\n" \
	"	sleep 0.1\n"                                       \
	"done\n"

static void
new_machine_with_systemd(void)
{
	machine_new();
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /mnt\n"
		   "mkdir -p /run/systemd/system; echo 0 >/mnt/refused");
	write_text("/mnt/systemctl", stand_in);
	machine_sh("chmod 755 /mnt/systemctl\n"
		   "mount --bind /mnt/systemctl /usr/bin/systemctl");
}

static void
kill_watcher(void)
{
	machine_sh("pkill -KILL -x tfa-admin");
}

/* Leaves a setup whose watcher was killed and whose time is over. */
static void
leave_a_late_setup(void)
{
	assert_status(machine_setup("--yes", "--wait", "5s"), 0);
	kill_watcher();
	run_sleep_ms(5200);
	cr_assert(machine_has(MACHINE_DROPIN));
}

Test(setup_late, confirming_too_late_finds_all_put_back)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	leave_a_late_setup();
	r = machine_setup("--confirm", "--yes", NULL);
	assert_status(r, 1);
	assert_says(r->err, "everything is back as it was");
	cr_assert_str_eq(machine_files(), before);
}

/* An upgrade in between must not keep anybody from undoing the setup. */
Test(setup_late, journal_has_the_words_of_its_first_version)
{
	static const char *const words[] = {"\"steps\": [",
	    "\"kind\": \"file_write\"", "\"kind\": \"sshd_before\"",
	    "\"kind\": \"sshd_check\"", "\"kind\": \"sshd_reload\""};

	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		machine_sh(text("grep -qF '%s' " JOURNAL, words[i]));
	assert_status(machine_setup("--undo", "--yes", NULL), 0);
	cr_assert_not(machine_has(MACHINE_DROPIN));
}

Test(setup_late, next_setup_puts_it_back_first)
{
	struct run *r;
	char *left;

	needs_people();
	machine_new();
	leave_a_late_setup();
	left = machine_files();
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "setup --undo");
	cr_assert_str_eq(machine_files(), left);
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->err, "everything is back as it was");
	assert_says(r->out, "write " MACHINE_DROPIN);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	cr_assert(machine_has(MACHINE_DROPIN));
}

Test(setup_late, watch_begins_again_where_it_was_killed)
{
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	assert_status(machine_setup("--yes", "--wait", "5s"), 0);
	kill_watcher();
	assert_status(machine_setup("--watch", NULL, NULL), 0);
	cr_assert_str_eq(machine_files(), before);
}

Test(setup_late, watch_leaves_a_confirmed_setup_alone)
{
	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", "--wait", "6s"), 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	run_sleep_ms(7500);
	assert_status(machine_setup("--watch", NULL, NULL), 0);
	cr_assert(machine_has(MACHINE_DROPIN));
}

/* The watcher puts back what it read before the journal was spoilt. */
Test(setup_late, watch_puts_all_back_though_its_journal_is_spoilt)
{
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	assert_status(machine_setup("--yes", "--wait", "6s"), 0);
	run_sleep_ms(2500);
	write_text(JOURNAL, "{");
	for (int i = 0; i < 250 && machine_has(MACHINE_DROPIN); i++)
		run_sleep_ms(100);
	machine_settled(20000);
	cr_assert_str_eq(machine_files(), before);
}

/*
 * A watcher that could not read the journal yet goes on: it may be readable
 * soon.
 */
Test(setup_late, watch_waits_for_a_journal_that_cannot_be_read)
{
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	assert_status(machine_setup("--yes", "--wait", "5s"), 0);
	kill_watcher();
	machine_sh("cp -p " JOURNAL " /run/good; echo '{' >" JOURNAL "\n"
		   "setsid /usr/sbin/tfa-admin setup --watch </dev/null "
		   ">/dev/null 2>&1 &\n"
		   "sleep 2; pgrep -x tfa-admin >/dev/null\n"
		   "cp -p /run/good " JOURNAL "; rm /run/good");
	machine_settled(30000);
	cr_assert_str_eq(machine_files(), before);
}

/* Something is in the way at first, so not everything can be put back. */
Test(setup_late, watch_tries_again_until_all_is_put_back)
{
	char *before;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	before = machine_files();
	assert_status(machine_setup("--yes", "--wait", "3s"), 0);
	machine_sh("setsid setpriv --reuid=_tfa --regid=_tfa --clear-groups "
		   "sleep 8 </dev/null >/dev/null 2>&1 &\n"
		   "sleep 0.3");
	machine_settled(40000);
	cr_assert_str_eq(machine_files(), before);
}

/* Covers a program that setup starts with one that never ends. */
static void
hang(const char *program)
{
	write_text("/run/hangs", "#!/bin/sh\nexec sleep 1000\n");
	machine_sh(
	    text("chmod 755 /run/hangs; mount --bind /run/hangs %s", program));
}

Test(setup_late, sshd_that_hangs_does_not_hold_the_lock)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	hang("/usr/sbin/sshd");
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 1);
	assert_says(
	    r->err, "/etc/ssh/sshd_config: did not end within 10 seconds");
	machine_sh("umount /usr/sbin/sshd; rm /run/hangs");
	cr_assert_str_eq(machine_files(), before);
	assert_status(machine_setup("--yes", NULL, NULL), 0);
}

/*
 * After a restart the wall clock counts. A wrong clock changes how long the
 * watch waits, not that it ends.
 */
Test(setup_late, restart_of_the_machine_does_not_end_the_watch)
{
	static const char *const until[] = {
	    "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"};
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	for (size_t i = 0; i < 2; i++) {
		long long began;

		assert_status(machine_setup("--yes", "--wait", "5s"), 0);
		kill_watcher();
		machine_sh(text("sed -i 's/\"boot\": \"[^\"]*/\"boot\": "
				"\"another/; s/\"until\": \"[^\"]*/\"until\": "
				"\"%s/' " JOURNAL,
		    until[i]));
		began = run_clock_ms();
		assert_status(machine_setup("--watch", NULL, NULL), 0);
		cr_assert_eq(run_clock_ms() - began > 3000, i == 1);
		cr_assert_str_eq(machine_files(), before);
	}
}

/* The lines as the page prints them, after a restart, which empties /run; without
 * those for a fleet. */
Test(setup_late, lines_of_the_handbook_start_keeper_and_watch)
{
	struct run *r;

	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", "--wait", "5s"), 0);
	kill_watcher();
	machine_sh("rm -rf /run/tfa");
	r = run(ARGV("/usr/sbin/tfa-keeper"), NULL, 0);
	assert_status(r, 1);
	assert_says(r->err, "install -d -m 0755 /run/tfa)");
	machine_sh("tests/support/printed etc/tfa.7 'WITHOUT SYSTEMD' | "
		   "grep -v tfa-link >/run/lines\n"
		   "[ \"$(wc -l </run/lines)\" -eq 3 ]\n"
		   "sh -e /run/lines\n" ANSWERS);
	assert_status(run(ARGV("/usr/sbin/tfa-admin", "users"), NULL, 0), 0);
	cr_assert(machine_has(MACHINE_DROPIN));
	machine_settled(30000);
	cr_assert(!machine_has(MACHINE_DROPIN));
}

/* The lines as the page prints them, but for the wait.  The old keeper still has
 * the deleted store open: another one must answer afterwards. */
Test(setup_late, lines_of_the_handbook_restore_a_backup_without_systemd)
{
	needs_people();
	machine_new();
	machine_install();
	machine_sh("tests/support/printed etc/tfa.7 'WITHOUT SYSTEMD' "
		   ">/root/lines\n"
		   "sed -n 1,2p /root/lines >/root/start\n"
		   "tests/support/printed etc/tfa.7 'BACKUP AND RESTORE' "
		   ">/root/lines\n"
		   "[ \"$(wc -l </root/lines)\" -eq 11 ]\n"
		   "sed -n 1,2p /root/lines >/root/backup\n"
		   "for n in 8 4 5 6 9; do\n"
		   "	sed -n \"${n}p\" /root/lines\n"
		   "done | sed 's/^sleep 120$/sleep 1/' >/root/restore\n"
		   "grep -qx 'sleep 1' /root/restore\n"
		   "sh -e /root/start");
	machine_sh(
	    ANSWERS "tfa-admin enroll alice --qr uri >/dev/null\n"
		    "cd /root\n"
		    "export GNUPGHOME=/root/gpg\n"
		    "mkdir -m 700 gpg\n"
		    "gpg --batch -q --passphrase '' --quick-gen-key "
		    "ops@example.org\n"
		    "sh -e backup\n"
		    "pgrep -x tfa-keeper >before\n"
		    "rm -rf /var/lib/tfa /etc/tfa\n"
		    "sh -e restore\n" ANSWERS "gpgconf --kill all\n"
		    "pgrep -x tfa-keeper >after\n"
		    "[ \"$(cat before)\" != \"$(cat after)\" ]\n"
		    "tfa-admin policy check\n"
		    "tfa-admin users alice | grep -q 'state  *enrolled'");
}

Test(setup_late, doctor_says_where_a_setup_stands)
{
	struct run *r;

	needs_people();
	machine_new();
	r = run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
	assert_status(r, 1);
	assert_says(r->out, "FAIL  setup         tfa is not set up here");
	assert_says(r->out, "fix: tfa-admin setup\n");
	assert_status(machine_setup("--yes", "--wait", "8s"), 0);
	kill_watcher();
	r = run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
	assert_says(
	    r->out, "warn  setup         a setup waits to be confirmed");
	run_sleep_ms(8000);
	r = run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
	assert_status(r, 1);
	assert_says(r->out, "FAIL  setup         a setup was to be confirmed");
	assert_status(machine_setup("--undo", NULL, NULL), 0);
}

Test(setup_late, machine_without_run_sshd_is_told_how_to_make_it)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("rmdir /run/sshd");
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 1);
	assert_says(r->err, "install -d -m 0755 /run/sshd");
	r = run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
	assert_status(r, 1);
	assert_says(r->out, "fix: install -d -m 0755 /run/sshd\n");
}

static void
assert_order(const char *calls, const char *const wanted[])
{
	for (size_t i = 0; wanted[i] != NULL; i++) {
		const char *found = strstr(calls, wanted[i]);

		cr_assert_not_null(found, "no \"%s\" in: %s", wanted[i], calls);
		calls = found + strlen(wanted[i]);
	}
}

Test(setup_late, with_systemd_a_service_watches_until_it_is_confirmed)
{
	needs_people();
	new_machine_with_systemd();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	cr_assert(machine_has(UNIT));
	assert_order(read_text(CALLS),
	    ARGV("daemon-reload\nenable --now --quiet tfa-setup.service\n",
		"daemon-reload\nenable --now tfa-keeper.socket\n",
		"reload ssh\n"));
	machine_sh(": >" CALLS);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	cr_assert_str_eq(read_text(CALLS),
	    "disable --quiet tfa-setup.service\n"
	    "stop --quiet tfa-setup.service\n"
	    "daemon-reload\n");
	cr_assert(!machine_has(UNIT));
	cr_assert(machine_has(MACHINE_DROPIN));
}

Test(setup_late, with_systemd_the_service_takes_itself_away)
{
	char *before;

	needs_people();
	new_machine_with_systemd();
	before = machine_files();
	assert_status(machine_setup("--yes", "--wait", "1s"), 0);
	machine_settled(30000);
	for (int i = 0; i < 1500 && machine_has(UNIT); i++)
		run_sleep_ms(20);
	cr_assert_str_eq(machine_files(), before);
}

/* Each call of systemctl in a whole setup fails once. */
Test(setup_late, any_call_of_systemctl_that_fails_leaves_nothing_half_done)
{
	int calls = 0, failed = 0;
	char *before;

	needs_people();
	new_machine_with_systemd();
	before = machine_files();
	for (int i = 0; i <= calls; i++) {
		struct run *r;

		machine_sh(text(": >" CALLS "; echo %d >/mnt/refused", i));
		r = machine_setup("--yes", NULL, NULL);
		if (i == 0)
			calls = atoi(
			    run(ARGV("wc", "-l", CALLS), NULL, 0)->out);
		machine_sh("echo 0 >/mnt/refused");
		if (r->status == 0)
			assert_status(machine_setup("--undo", NULL, NULL), 0);
		failed += r->status != 0;
		cr_assert_str_eq(
		    machine_files(), before, "call %d: %s", i, r->err);
	}
	/* Two calls for each service, and the reload. */
	cr_assert_eq(failed, 5, "%d of %d", failed, calls);
}

static void
start_keeper(void)
{
	machine_sh("setsid /usr/sbin/tfa-keeper </dev/null >/dev/null 2>&1 &\n"
		   "for i in 1 2 3 4 5 6 7 8 9; do\n"
		   "	[ -S /run/tfa/keeper.sock ] || sleep 0.1\n"
		   "done");
}

/* Without systemd somebody started the keeper by hand meanwhile. */
Test(setup_late, undo_stops_the_keeper_whose_user_it_deletes)
{
	struct run *r;
	char *before;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	before = machine_files();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	start_keeper();
	r = machine_setup("--undo", NULL, NULL);
	assert_status(r, 0);
	cr_assert_str_eq(machine_files(), before, "%s", r->err);
	assert_status(run(ARGV("pgrep", "-x", "tfa-keeper"), NULL, 0), 1);
}

Test(setup_late, half_undone_setup_is_not_confirmed)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_no_keeper_user();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	kill_watcher();
	machine_sh("setsid setpriv --reuid=_tfa --regid=_tfa --clear-groups "
		   "sleep 50 </dev/null >/dev/null 2>&1 &\n"
		   "sleep 0.3");
	assert_status(machine_setup("--undo", NULL, NULL), 1);
	cr_assert(!machine_has(MACHINE_DROPIN));
	r = machine_setup("--confirm", "--yes", NULL);
	assert_status(r, 1);
	assert_says(r->err, "tfa-admin setup --undo");
	machine_sh("pkill -KILL -x sleep");
	assert_status(machine_setup("--undo", NULL, NULL), 0);
}

/* A script must not take the door for closed. */
Test(setup_late, another_one_while_one_waits_is_no_success)
{
	static const char words[] =
	    "nothing is changed: an earlier setup waits to be confirmed until";
	char *before;
	struct run *r;

	needs_people();
	machine_new();
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	before = machine_files();
	r = machine_setup("--no-door", "--yes", NULL);
	assert_status(r, 1);
	assert_says(r->err, words);
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->err, words);
	cr_assert_str_eq(machine_files(), before);
}

/* The watcher looks each second. */
Test(setup_late, waits_a_moment_for_who_only_looks)
{
	int lock;

	needs_people();
	machine_new();
	lock = open("/run/tfa-setup.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(lock, 0);
	cr_assert_eq(flock(lock, LOCK_EX), 0);
	if (fork() == 0) {
		run_sleep_ms(700);
		_exit(0);
	}
	close(lock);
	assert_says(machine_setup("--undo", NULL, NULL)->err,
	    "there is nothing to undo");
}
