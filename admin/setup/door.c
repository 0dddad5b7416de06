/*
 * Starts and stops the door.  Its launcher refuses where the door would let
 * somebody in without a code, and says why.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/read.h"
#include "admin/setup/setup.h"
#include "gate/sshd/started.h"
#include "gate/sshd/title.h"
#include "store/base/cleanup.h"
#include "store/system/child.h"

#define WAIT_MS 10000
#define LOOK_MS 50

bool
door_is_process(pid_t pid)
{
	struct started process;

	/* Anybody can give a program the door's name. */
	return pid > 0 && started_read(pid, &process) &&
	    strcmp(process.name, DOOR_SERVICE) == 0 && doctor_is_roots(pid);
}

/* The process that listens as the door; 0 where none does. */
static pid_t
door_pid(void)
{
	pid_t pid = sshd_running(DOOR_PID_FILE);

	return door_is_process(pid) ? pid : 0;
}

/* sshd shows its arguments in its title once it listens. */
static bool
listens_at(pid_t pid, int port)
{
	char path[64], option[24];
	scoped_free char *title = NULL;
	struct listener listener;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	snprintf(option, sizeof(option), " -p %d ", port);
	title = read_whole(path);
	return title != NULL && title_listener(title, &listener) &&
	    strstr(title, option) != NULL;
}

/* Unlike is-enabled, show says nothing of a unit that is not there. */
static bool
is_enabled(void)
{
	scoped_free char *state = NULL;

	return systemd_runs() &&
	    command_run(COMMAND("systemctl", "show", "--value", "--property",
			    "UnitFileState", DOOR_UNIT),
		&state) == 0 &&
	    state != NULL && strcmp(state, "enabled\n") == 0;
}

bool
door_is_there(void)
{
	return door_pid() > 0 || is_enabled();
}

bool
door_runs(int port)
{
	pid_t pid = door_pid();

	return pid > 0 && listens_at(pid, port) &&
	    (!systemd_runs() || is_enabled());
}

const char *
door_how(void)
{
	return systemd_runs() ? "systemctl enable --now " DOOR_UNIT
			      : DOOR_LAUNCHER " --daemon";
}

bool
door_reload(void)
{
	pid_t pid = door_pid();

	return pid == 0 || kill(pid, SIGHUP) == 0;
}

bool
door_run(const char *option)
{
	const char *const argv[] = {DOOR_LAUNCHER, option, NULL};
	struct child child;

	child_run(argv, WAIT_MS, &child);
	fputs(child.err.text, stderr);
	if (child.end == CHILD_NO_PROGRAM)
		admin_say(DOOR_LAUNCHER
		    ": %s; libpam-tfa puts it there, or make install-door",
		    strerror(child.error));
	return child.end == CHILD_EXITED && child.status == 0;
}

static bool
start_unit(void)
{
	return command_works(COMMAND("systemctl", "daemon-reload")) &&
	    command_works(
		COMMAND("systemctl", "enable", "--now", "--quiet", DOOR_UNIT));
}

bool
door_start(const struct stage *stage)
{
	bool ok = door_run("--check");

	(void)stage;
	if (ok && door_pid() == 0)
		ok = systemd_runs() ? start_unit() : door_run("--daemon");
	for (int i = 0; ok && i < WAIT_MS / LOOK_MS; i++) {
		if (door_pid() > 0)
			return true;
		usleep(LOOK_MS * 1000);
	}
	admin_say("the door does not start: %s",
	    systemd_runs() ? "journalctl -u " DOOR_UNIT " says why"
			   : "the log of sshd says why");
	return false;
}

bool
door_stop(const struct stage *stage)
{
	pid_t pid;

	(void)stage;
	if (is_enabled())
		command_works(COMMAND(
		    "systemctl", "disable", "--now", "--quiet", DOOR_UNIT));
	for (int i = 0; i < WAIT_MS / LOOK_MS; i++) {
		pid = door_pid();
		if (pid == 0 || (i == 0 && kill(pid, SIGTERM) < 0))
			return true;
		usleep(LOOK_MS * 1000);
	}
	admin_say("process %d, the door, does not end", (int)pid);
	return false;
}
