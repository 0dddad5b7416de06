/*
 * Agent and X11.  sshd sets them up before the gate and tells the session by
 * SSH_AUTH_SOCK and DISPLAY.  So a session with a terminal is held at its
 * prompt, and root reads its environment from /proc.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/probe.h"
#include "store/base/clock.h"

#define ENVIRONMENT_MAX 65536
#define SLACK_S         2

struct sighting {
	struct probe *probe;
	int64_t since_s;
	bool session, agent, display;
};

/* The value of a variable in an environment of NUL-terminated words, or
 * NULL. */
static const char *
variable(const char *environment, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < len; i += strlen(environment + i) + 1)
		if (strncmp(environment + i, name, n) == 0 &&
		    environment[i + n] == '=')
			return environment + i + n + 1;
	return NULL;
}

/* "ADDRESS PORT ADDRESS PORT", of which we know three. */
static bool
is_our_connection(const struct probe *probe, const char *connection)
{
	char end[PROBE_TEXT];
	size_t len, n;

	if (connection == NULL)
		return false;
	n = (size_t)snprintf(
	    end, sizeof(end), " %s %s", probe->address, probe->port);
	len = strlen(connection);
	return n < sizeof(end) && len > n &&
	    strcmp(connection + len - n, end) == 0;
}

static void
look_at_process(void *ctx, int pid, const char *title)
{
	struct sighting *seen = ctx;
	char path[64], environment[ENVIRONMENT_MAX];
	scoped_fd int fd = -1;
	struct stat st;
	size_t len = 0;
	ssize_t n;

	(void)title;
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    doctor_start_time(pid) + SLACK_S < seen->since_s)
		return;
	while (len < sizeof(environment) - 1 &&
	    (n = read(fd, environment + len, sizeof(environment) - 1 - len)) >
		0)
		len += (size_t)n;
	environment[len] = '\0';
	if (variable(environment, len, "SSH_TTY") == NULL ||
	    !is_our_connection(
		seen->probe, variable(environment, len, "SSH_CONNECTION")))
		return;
	seen->session = true;
	seen->agent |= variable(environment, len, "SSH_AUTH_SOCK") != NULL;
	seen->display |= variable(environment, len, "DISPLAY") != NULL;
}

/* ssh asks for agent forwarding only if it has an agent. */
static bool
start_agent(struct probe *probe)
{
	static const char *const environment[] = {
	    "PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	long long end = clock_ms() + PROBE_MS;
	char path[PROBE_TEXT];
	const char *const argv[] = {
	    "/usr/bin/ssh-agent", "-D", "-a", path, NULL};

	snprintf(path, sizeof(path), "%s/agent", probe->folder);
	if (!child_start(&(const struct child_options){.argv = argv,
			     .environment = environment},
		probe->agent))
		return false;
	while (access(path, F_OK) < 0 && probe_waits(probe->agent, end))
		;
	return access(path, F_OK) == 0;
}

static void
watch_session(struct probe *probe, struct sighting *seen)
{
	long long end = clock_ms() + PROBE_MS;

	if (!probe_ssh(probe, (const char *const[]){"-tt", "-A", "-X", NULL},
		"sleep 6"))
		return;
	while (!seen->session && probe_waits(probe->child, end))
		doctor_processes(look_at_process, seen);
	child_stop(probe->child);
}

void
probe_session(struct probe *probe)
{
	struct sighting seen = {.probe = probe, .since_s = time(NULL)};

	if (geteuid() != 0) {
		doctor_warn(probe->doctor, NULL,
		    "agent and X11: not seen without root");
		return;
	}
	if (start_agent(probe))
		watch_session(probe, &seen);
	if (!seen.session)
		doctor_warn(probe->doctor, NULL,
		    "agent and X11: the session ended before it could be "
		    "looked at");
	else {
		probe_say(probe, "-A",
		    seen.agent ? CHANNEL_OPEN : CHANNEL_REFUSED,
		    "AllowAgentForwarding no");
		probe_say(probe, "-X",
		    seen.display ? CHANNEL_OPEN : CHANNEL_REFUSED,
		    "X11Forwarding no");
	}
	if (probe->agent->pid > 0)
		child_stop(probe->agent);
}
