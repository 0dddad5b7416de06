/*
 * Starts and stops the keeper.  Without systemd, setup only says how the keeper
 * is started: what starts the machine's other daemons has to do that.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/setup/setup.h"

#define SOCKET_UNIT  "tfa-keeper.socket"
#define SERVICE_UNIT "tfa-keeper.service"
#define WAIT_MS      5000

/* The process that listens at the keeper's socket; 0 where none does. */
static pid_t
listener(void)
{
	struct sockaddr_un address = {
	    .sun_family = AF_UNIX, .sun_path = CLIENT_SOCKET};
	scoped_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);

	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return 0;
	return peer.pid;
}

bool
keeper_answers(void)
{
	return listener() > 0;
}

static bool
run_systemctl(const char *const argv[])
{
	if (command_works(argv))
		return true;
	admin_say("systemctl %s failed", argv[1]);
	return false;
}

bool
keeper_start(const struct stage *stage)
{
	(void)stage;
	if (!run_systemctl(COMMAND("systemctl", "daemon-reload")) ||
	    !run_systemctl(
		COMMAND("systemctl", "enable", "--now", SOCKET_UNIT)))
		return false;
	if (keeper_answers())
		return true;
	admin_say("nobody listens at %s", CLIENT_SOCKET);
	return false;
}

static bool
is_keeper(pid_t pid)
{
	char link[64], program[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	return pid > 1 && readlink(link, program, sizeof(program) - 1) > 0 &&
	    strstr(program, "/tfa-keeper") != NULL;
}

/* Stops a keeper that systemd did not start. */
static bool
stop_process(void)
{
	pid_t pid = listener();

	if (pid == 0)
		return true;
	if (!is_keeper(pid) || kill(pid, SIGTERM) < 0) {
		admin_say("process %d listens at %s and cannot be stopped",
		    (int)pid, CLIENT_SOCKET);
		return false;
	}
	for (int i = 0; i < WAIT_MS / 50 && is_keeper(pid); i++)
		usleep(50000);
	unlink(CLIENT_SOCKET);
	return true;
}

bool
keeper_stop(const struct stage *stage)
{
	(void)stage;
	if (!systemd_runs())
		return stop_process();
	command_run(COMMAND("systemctl", "disable", "--now", "--quiet",
			SOCKET_UNIT, SERVICE_UNIT),
	    NULL);
	return stop_process();
}

/* After a removal that failed the gate is back, and asks the keeper. */
bool
keeper_restart(const struct stage *stage)
{
	pid_t pid;

	if (systemd_runs())
		return keeper_start(stage);
	if (keeper_answers())
		return true;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		setsid();
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		execl(SETUP_KEEPER, "tfa-keeper", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < WAIT_MS / 50 && pid > 0; i++) {
		if (keeper_answers())
			return true;
		usleep(50000);
	}
	admin_say("the keeper does not start: " ADMIN_KEEPER_LINE);
	return false;
}
