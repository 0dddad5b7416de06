/*
 * Who puts all back in time.  A process of its own, which outlives the login
 * that started it.  Where systemd runs, that may end all processes of a login
 * with it: there it is a service, installed for as long as it is needed, so
 * that a kill or a restart of the machine does not end it.  Elsewhere it is a
 * session of its own, and whoever starts the machine's daemons starts it too.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "setup.h"

#define UNIT    "tfa-setup.service"
#define LATER_S 3600 /* that another setup may hold the lock */

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

static bool
systemctl(const char *const argv[])
{
	return command_run(argv, NULL) == 0;
}

/* The unit goes; with stop the watcher too, which may be the caller. */
static void
drop_unit(bool stop)
{
	if (!systemd_runs() || journal_exists() ||
	    (access(SETUP_UNITS "/" UNIT, F_OK) < 0 && errno == ENOENT))
		return;
	systemctl(COMMAND("systemctl", "disable", "--quiet", UNIT));
	if (unlink(SETUP_UNITS "/" UNIT) < 0)
		admin_say(SETUP_UNITS "/" UNIT ": %s", strerror(errno));
	if (stop)
		systemctl(COMMAND("systemctl", "stop", "--quiet", UNIT));
	systemctl(COMMAND("systemctl", "daemon-reload"));
}

int
watch_run(void)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);
	bool over = false;
	int64_t end_s;

	openlog("tfa-admin", LOG_PID, LOG_AUTHPRIV);
	if (fault != FAULT_NONE)
		return fault == FAULT_ABSENT ? ADMIN_DONE : ADMIN_NOT;
	end_s = boot_now_s() + journal_left_s(&journal);
	while (!over && boot_now_s() < end_s + LATER_S) {
		int lock;

		sleep(1);
		lock = journal_lock();
		if (lock < 0)
			continue;
		over = look(journal.until_s, boot_now_s() >= end_s);
		if (over)
			drop_unit(false);
		close(lock);
	}
	return ADMIN_DONE;
}

/* The child's child, so that nobody waits for it. */
_Noreturn static void
detach(int lock)
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
	_exit(watch_run());
}

static bool
write_unit(void)
{
	scoped_fd int folder = open(
	    SETUP_UNITS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_free char *text = text_unit(UNIT);

	return folder >= 0 && text != NULL &&
	    file_replace(folder, UNIT, "." UNIT ".new", 0644, 0, 0, text,
		strlen(text)) == FAULT_NONE;
}

bool
watch_start(int lock)
{
	pid_t pid;

	if (systemd_runs())
		return write_unit() &&
		    systemctl(COMMAND("systemctl", "daemon-reload")) &&
		    systemctl(COMMAND(
			"systemctl", "enable", "--now", "--quiet", UNIT));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		detach(lock);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

void
watch_stop(void)
{
	drop_unit(true);
}
