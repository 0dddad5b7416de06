/*
 * Who puts all back in time.  A process of its own, which outlives the login
 * that started it: a transient service where systemd runs, since that may end
 * all processes of a login with it; else a session of its own.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "setup.h"
#include "when.h"

#define UNIT    "tfa-setup"
#define LATER_S 3600 /* that another setup may hold the lock */

static int64_t
now_s(void)
{
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* Holding the lock: whether there is nothing more to watch. */
static bool
look(int64_t until_s, bool is_late)
{
	scoped_journal struct journal journal = {.version = 0};
	bool ok;

	if (journal_load(&journal) != FAULT_NONE ||
	    journal.until_s != until_s || journal.state == JOURNAL_DONE)
		return true;
	if (journal.state == JOURNAL_WAITING && !is_late)
		return false;
	ok = journal_undo(&journal);
	syslog(ok ? LOG_WARNING : LOG_ERR, "setup was %s: %s put back",
	    is_late ? "not confirmed in time" : "cut off",
	    ok ? "all is" : "not all could be");
	return true;
}

int
watch_run(int64_t wait_s)
{
	scoped_journal struct journal journal = {.version = 0};
	int64_t end_s = now_s() + wait_s;
	bool over = false;

	openlog("tfa-admin", LOG_PID, LOG_AUTHPRIV);
	if (journal_load(&journal) != FAULT_NONE)
		return ADMIN_NOT;
	while (!over && now_s() < end_s + LATER_S) {
		int lock;

		sleep(1);
		lock = journal_lock();
		if (lock < 0)
			continue;
		over = look(journal.until_s, now_s() >= end_s);
		close(lock);
	}
	return ADMIN_DONE;
}

/* The child's child, so that nobody waits for it. */
_Noreturn static void
detach(int64_t wait_s, int lock)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	close(lock);
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	signal(SIGHUP, SIG_IGN);
	if (chdir("/") < 0)
		_exit(1);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	_exit(watch_run(wait_s));
}

bool
watch_start(int64_t wait_s, int lock)
{
	char wait[DURATION_TEXT];
	pid_t pid;

	duration_format(wait_s, wait);
	if (systemd_runs())
		return command_run(
			   COMMAND("systemd-run", "--quiet", "--collect",
			       "--unit=" UNIT, TFA_SBINDIR "/tfa-admin",
			       "setup", "--watch", "--wait", wait),
			   NULL) == 0;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		detach(wait_s, lock);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

void
watch_stop(void)
{
	if (systemd_runs())
		command_run(
		    COMMAND("systemctl", "stop", "--quiet", UNIT ".service"),
		    NULL);
}
