#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/boot.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

#define BOOT_MS  60000
#define ARGS_MAX 32

static bool is_on;
static struct run *power; /* the process that ends with the machine */
static pid_t systemd;

bool
boot_possible(void)
{
	/* A sanitizer needs system calls that the unit refuses. */
	return getenv("ASAN_OPTIONS") == NULL &&
	    run(ARGV("sh", "-c",
		    "[ -x /lib/systemd/systemd ] && unshare -m sh -c "
		    "'mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
		    "rmdir $(mktemp -d /sys/fs/cgroup/tfa.XXXXXX)'"),
		NULL, 0)
		->status == 0;
}

/* The words that run a program on the machine. */
static const char *const *
words_inside(const char *const argv[])
{
	static const char *words[ARGS_MAX];
	size_t n = 0;

	for (const char *const *way =
		 ARGV("nsenter", "-t", text("%ld", (long)systemd), "-m", "-p",
		     "-i", "-u", "-C", "-r", "--");
	     *way != NULL; way++)
		words[n++] = *way;
	for (size_t i = 0; argv[i] != NULL; i++) {
		cr_assert_lt(n, ARGS_MAX - 1);
		words[n++] = argv[i];
	}
	words[n] = NULL;
	return words;
}

struct run *
boot_start(const char *const argv[])
{
	return run_start(words_inside(argv), NULL, 0);
}

struct session *
boot_session(const char *const argv[])
{
	return session_start(words_inside(argv));
}

/* Where systemctl only names the journal, its last lines are added. */
void
boot_finish(struct run *r)
{
	run_finish(r);
	if (strstr(r->err, "journalctl") != NULL)
		r->err = text("%s%s", r->err,
		    boot_run(ARGV("journalctl", "--no-pager", "-n", "60"))
			->out);
}

struct run *
boot_run(const char *const argv[])
{
	struct run *r = boot_start(argv);

	boot_finish(r);
	return r;
}

void
boot_sh(const char *script)
{
	struct run *r = boot_run(ARGV("sh", "-ec", script));

	cr_assert_eq(
	    r->status, 0, "%s: %d: %s%s", script, r->status, r->out, r->err);
}

/* Other runs of these tests have the same ports, in roots of their own. */
static const char *
cgroup(void)
{
	struct stat st;

	cr_assert_eq(stat("/", &st), 0);
	return text("tfa.%lx.%d", (unsigned long)st.st_dev, machine_port);
}

/* The pid of the machine's systemd, or 0 if there is none yet. */
static pid_t
find_systemd(void)
{
	struct run *r = run(ARGV("pgrep", "-o", "-x", "systemd"), NULL, 0);

	return (pid_t)strtol(r->out, NULL, 10);
}

void
boot(void)
{
	long long end = run_clock_ms() + BOOT_MS;
	struct run *r;

	power = run_start(ARGV("tests/support/boot", cgroup()), NULL, 0);
	is_on = true;
	while ((systemd = find_systemd()) == 0 && run_clock_ms() < end)
		run_sleep_ms(20);
	if (systemd == 0) {
		boot_crash();
		fail("systemd does not start: %s", power->err);
	}
	do {
		run_sleep_ms(50);
		r = boot_run(ARGV("systemctl", "is-system-running", "--wait"));
	} while (strcmp(r->out, "running\n") != 0 &&
	    strcmp(r->out, "degraded\n") != 0 && run_clock_ms() < end);
	cr_assert_str_eq(r->out, "running\n", "%s%s", r->err,
	    boot_run(ARGV("systemctl", "--failed", "--no-pager"))->out);
}

const char *
boot_enroll(const char *user)
{
	struct run *r = boot_run(
	    ARGV("/usr/sbin/tfa-admin", "enroll", user, "--qr", "uri"));
	const char *secret = strstr(r->out, "secret=");

	assert_status(r, 0);
	cr_assert_not_null(secret, "%s", r->out);
	secret += strlen("secret=");
	return text("%.*s", (int)strcspn(secret, "&\n"), secret);
}

void
boot_install(void)
{
	const char *admin = "/usr/sbin/tfa-admin";

	assert_status(boot_run(ARGV(admin, "setup", "--yes")), 0);
	assert_status(boot_run(ARGV(admin, "setup", "--confirm", "--yes")), 0);
	assert_status(boot_run(ARGV(admin, "--yes", "enforce", "alice")), 0);
}

struct run *
boot_login_start(const char *user, const char *code, const char *command)
{
	return boot_start(
	    ARGV("ssh", "-F", "none", "-p", text("%d", machine_port), "-i",
		text("%s/%s", getenv("TFA_KEYS"), user), "-o",
		"StrictHostKeyChecking=no", "-o",
		"UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o",
		"BatchMode=yes", "-o", text("SetEnv=TFA_CODE=%s", code),
		text("%s@127.0.0.1", user), command));
}

struct run *
boot_login(const char *user, const char *code, const char *command)
{
	struct run *r = boot_login_start(user, code, command);

	run_finish(r);
	return r;
}

void
boot_assert_unit(const char *unit, const char *state)
{
	struct run *r = boot_run(ARGV("systemctl", "is-active", unit));

	cr_assert_str_eq(r->out, text("%s\n", state), "%s: %s", unit, r->out);
}

void
boot_crash(void)
{
	long long end = run_clock_ms() + BOOT_MS;

	if (!is_on)
		return;
	is_on = false;
	kill(power->pid, SIGKILL);
	run_finish(power);
	/*
	 * Waits until all its processes are gone, or the next boot would find
	 * them.
	 */
	while (find_systemd() != 0 && run_clock_ms() < end)
		run_sleep_ms(20);
	run(ARGV("sh", "-c",
		text("find /sys/fs/cgroup/%s -depth -type d -exec rmdir {} +",
		    cgroup())),
	    NULL, 0);
}
