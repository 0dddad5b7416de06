/*
 * The watcher puts everything back in time.  It is a process of its own, which
 * outlives the login that started it.  systemd may end all processes of a login
 * together with it: there the watcher is a service, installed for as long as it
 * is needed, so that neither a kill nor a restart of the machine ends it.
 * Without systemd it has a session of its own, and what starts the machine's
 * daemons must start it too.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"

#define UNIT    "tfa-setup.service"
#define LATER_S 3600 /* that another setup may hold the lock */
#define AGAIN_S 10   /* after something that failed */

/* The state of the watcher. */
struct watch {
	struct journal known; /* as read last; version 0: never read yet */
	int64_t end_s;        /* of the wait, in seconds since boot */
	bool failed;          /* the last try did not work */
};

static bool
put_back(struct watch *watch, struct journal *journal, bool is_late)
{
	bool ok = journal_undo(journal);

	syslog(ok ? LOG_WARNING : LOG_CRIT, "setup was %s: %s put back",
	    is_late ? "not confirmed in time" : "cut off",
	    ok ? "all is" : "not all could be");
	watch->failed = !ok;
	return ok;
}

/* The journal is there and cannot be read: what it said before still holds. */
static bool
look_without_journal(struct watch *watch, enum fault fault)
{
	if (!watch->failed)
		syslog(LOG_CRIT,
		    "the journal of setup cannot be read (%s): the watcher "
		    "tries again",
		    fault_name(fault));
	watch->failed = true;
	if (watch->known.version == 0 || boot_now_s() < watch->end_s)
		return false;
	return put_back(watch, &watch->known, true);
}

/* Needs the lock.  True where there is nothing more to watch. */
static bool
look(struct watch *watch)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);
	struct journal before = watch->known;
	bool is_late;

	if (fault == FAULT_ABSENT)
		return true;
	if (fault != FAULT_NONE)
		return look_without_journal(watch, fault);
	if (journal.state == JOURNAL_DONE ||
	    (before.version != 0 && before.until_s != journal.until_s))
		return true; /* done, or the journal of another setup */
	if (before.version == 0)
		watch->end_s = boot_now_s() + journal_left_s(&journal);
	watch->failed = false;
	watch->known = journal;
	journal = before;
	is_late = boot_now_s() >= watch->end_s;
	if (watch->known.state == JOURNAL_WAITING && !is_late)
		return false;
	return put_back(watch, &watch->known, is_late);
}

/* Removes the unit; with stop the watcher ends, too, which may be the caller. */
static void
drop_unit(bool stop)
{
	if (!systemd_runs() || journal_exists() ||
	    (access(SETUP_UNITS "/" UNIT, F_OK) < 0 && errno == ENOENT))
		return;
	command_works(COMMAND("systemctl", "disable", "--quiet", UNIT));
	if (unlink(SETUP_UNITS "/" UNIT) < 0)
		admin_say(SETUP_UNITS "/" UNIT ": %s", strerror(errno));
	if (stop)
		command_works(COMMAND("systemctl", "stop", "--quiet", UNIT));
	command_works(COMMAND("systemctl", "daemon-reload"));
}

/* look(), with the lock, which is free again afterwards. */
static bool
look_locked(struct watch *watch)
{
	scoped_fd int lock = journal_lock();
	bool over = lock >= 0 && look(watch);

	if (over)
		drop_unit(false);
	return over;
}

int
watch_run(void)
{
	struct watch watch = {.end_s = boot_now_s()};
	bool over = false;

	openlog("tfa-admin", LOG_PID, LOG_AUTHPRIV);
	while (!over && boot_now_s() < watch.end_s + LATER_S) {
		over = look_locked(&watch);
		if (!over)
			sleep(watch.failed ? AGAIN_S : 1);
	}
	if (!over)
		syslog(LOG_CRIT,
		    "the watcher gives up: what setup changed may be in force "
		    "and unconfirmed; see tfa-admin doctor");
	journal_done(&watch.known);
	return over ? ADMIN_DONE : ADMIN_NOT;
}

/* Becomes the child of a child that has ended, so that nobody waits for it. */
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
		    command_works(COMMAND("systemctl", "daemon-reload")) &&
		    command_works(COMMAND(
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
