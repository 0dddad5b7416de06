#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

pid_t
server_start(const char *const argv[], const char *log)
{
	return server_start_at(NULL, argv, log);
}

pid_t
server_start_at(const char *ahead_s, const char *const argv[], const char *log)
{
	const char *library = getenv("TFA_AHEAD");
	pid_t pid = fork();
	int fd;

	if (pid < 0 || (ahead_s != NULL && library == NULL))
		fail("fork, or TFA_AHEAD: %s", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setsid();
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || dup2(open("/dev/null", O_RDONLY), 0) < 0 ||
	    dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(127);
	if (ahead_s != NULL &&
	    (setenv("LD_PRELOAD", library, 1) != 0 ||
		setenv("TFA_AHEAD_S", ahead_s, 1) != 0))
		_exit(127);
	execv(argv[0], (char *const *)(const void *)argv);
	_exit(127);
}

void
server_stop(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGTERM);
	if (run_wait(*pid, 2000) < 0) {
		kill(*pid, SIGKILL);
		run_wait(*pid, 2000);
	}
	*pid = 0;
}

bool
server_says(const char *log, const char *words, pid_t *pid)
{
	long long end = run_clock_ms() + SERVER_LIMIT_MS;

	while (run_clock_ms() < end) {
		scoped_free char *so_far = read_text(log);

		if (so_far != NULL && strstr(so_far, words) != NULL)
			return true;
		if (run_wait(*pid, 0) >= 0) {
			*pid = 0;
			return false;
		}
		run_sleep_ms(5);
	}
	return false;
}
