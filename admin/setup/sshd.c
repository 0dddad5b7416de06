/*
 * Asks sshd what it would do, and reloads it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "admin/doctor/dump.h"
#include "admin/setup/setup.h"
#include "gate/sshd/started.h"

bool
sshd_test(void)
{
	return command_works(COMMAND("sshd", "-t"));
}

char *
sshd_dump(const char *user, const char *address)
{
	char *out = NULL;
	char who[USER_TEXT + 160];
	int len = snprintf(who, sizeof(who),
	    "user=%s,host=localhost,addr=%s,laddr=127.0.0.1,lport=22", user,
	    address);

	/* A name that is cut short would be another user's. */
	if (len < 0 || (size_t)len >= sizeof(who))
		return NULL;
	if (command_run(COMMAND("sshd", "-T", "-C", who), &out) == 0)
		return out;
	free(out);
	return NULL;
}

char *
sshd_force_command(const char *user)
{
	scoped_free char *dump = sshd_dump(user, "127.0.0.1");
	const char *at = dump;
	char value[CONFIG_WORD];

	return dump != NULL && dump_next(&at, "forcecommand", value)
	    ? strdup(value)
	    : NULL;
}

/* The unit that runs sshd, or NULL. */
static const char *
unit(void)
{
	static const char *const units[] = {"ssh", "sshd"};

	for (size_t i = 0; i < 2 && systemd_runs(); i++)
		if (command_works(
			COMMAND("systemctl", "is-active", "--quiet", units[i])))
			return units[i];
	return NULL;
}

void
sshd_reload_how(char *ret, size_t size)
{
	const char *name = unit();
	pid_t pid = sshd_running(STARTED_PID_FILE);

	if (name != NULL || systemd_runs())
		snprintf(ret, size, "systemctl reload %s",
		    name != NULL ? name : "ssh");
	else if (pid > 0)
		snprintf(ret, size, "kill -HUP %d", (int)pid);
	else
		snprintf(ret, size,
		    "no sshd is found that could be told; if one runs, send "
		    "it SIGHUP");
}

/* sshd would not come back with a configuration that it refuses. */
bool
sshd_reload(const struct stage *stage)
{
	const char *name = unit();
	pid_t pid = sshd_running(STARTED_PID_FILE);

	(void)stage;
	if (!sshd_test()) {
		admin_say("sshd is not reloaded: sshd -t does not accept its "
			  "configuration");
		return false;
	}
	if (name != NULL) /* the door's unit follows */
		return command_works(COMMAND("systemctl", "reload", name));
	return (pid == 0 || kill(pid, SIGHUP) == 0) && door_reload();
}
