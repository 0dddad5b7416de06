/*
 * sshd, asked and told.  Its configuration is tested before it is installed:
 * a file that includes the drop-in to be, and then what is there.  An Include
 * keeps a Match of the included file to itself, so the order is that of the
 * real thing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"

#define PID_FILE    "/run/sshd.pid"
#define SSHD_FOLDER "/run/sshd"

static bool
write_file(int folder, const char *name, const char *text)
{
	scoped_fd int fd = openat(folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 && file_write(fd, text, strlen(text)) == FAULT_NONE;
}

static bool
test_in(const char *folder, const char *text)
{
	scoped_fd int fd = open(
	    folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char config[PATH_MAX], includes[PATH_MAX];
	bool ok;

	snprintf(config, sizeof(config), "%.200s/sshd_config", folder);
	snprintf(includes, sizeof(includes),
	    "Include %.200s/00-tfa.conf\nInclude " SETUP_SSHD "\n", folder);
	ok = fd >= 0 && write_file(fd, "00-tfa.conf", text) &&
	    write_file(fd, "sshd_config", includes) &&
	    command_run(COMMAND("sshd", "-t", "-f", config), NULL) == 0;
	folder_remove(folder);
	return ok;
}

bool
sshd_test(const char *text)
{
	char folder[] = "/run/tfa-setup.XXXXXX";

	if (text == NULL)
		return command_run(COMMAND("sshd", "-t"), NULL) == 0;
	return mkdtemp(folder) != NULL && test_in(folder, text);
}

bool
sshd_has_folder(void)
{
	if (access(SSHD_FOLDER, F_OK) == 0)
		return true;
	admin_say("sshd was not started since boot, and cannot be asked: "
		  "install -d -m 0755 " SSHD_FOLDER);
	return false;
}

/* The value of a line of "sshd -T"; newer ones print CamelCase keywords. */
static char *
value_of(const char *out, const char *keyword)
{
	size_t len = strlen(keyword);

	for (const char *line = out; line != NULL; line = strchr(line, '\n')) {
		line += line[0] == '\n';
		if (strncasecmp(line, keyword, len) == 0 && line[len] == ' ')
			return strndup(
			    line + len + 1, strcspn(line + len + 1, "\n"));
	}
	return NULL;
}

char *
sshd_dump(const char *user, const char *address)
{
	char *out = NULL;
	char who[USER_TEXT + 160];
	int len = snprintf(who, sizeof(who),
	    "user=%s,host=localhost,addr=%s,laddr=127.0.0.1,lport=22", user,
	    address);

	/* A name that is cut is another's. */
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
	scoped_free char *out = sshd_dump(user, "127.0.0.1");

	return out != NULL ? value_of(out, "forcecommand") : NULL;
}

/* The unit that runs sshd, or NULL. */
static const char *
unit(void)
{
	static const char *const units[] = {"ssh", "sshd"};

	for (size_t i = 0; i < 2 && systemd_runs(); i++)
		if (command_run(
			COMMAND("systemctl", "is-active", "--quiet", units[i]),
			NULL) == 0)
			return units[i];
	return NULL;
}

/* The process that /run/sshd.pid names, if that is sshd; or 0. */
static pid_t
running(void)
{
	scoped_fd int fd = open(PID_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_free char *text = NULL;
	char link[64], program[PATH_MAX] = "";
	size_t len = 0;
	long pid;

	if (fd < 0 || file_read(fd, 32, &text, &len) != FAULT_NONE)
		return 0;
	pid = strtol(text, NULL, 10);
	if (pid <= 1 || pid > INT_MAX)
		return 0;
	snprintf(link, sizeof(link), "/proc/%ld/exe", pid);
	if (readlink(link, program, sizeof(program) - 1) < 0 ||
	    strrchr(program, '/') == NULL ||
	    strncmp(strrchr(program, '/'), "/sshd", 5) != 0)
		return 0;
	return (pid_t)pid;
}

void
sshd_reload_how(char *ret, size_t size)
{
	const char *name = unit();
	pid_t pid = running();

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

/* With a configuration that it refuses, sshd would not come back. */
bool
sshd_reload(void)
{
	const char *name = unit();
	pid_t pid = running();

	if (!sshd_test(NULL)) {
		admin_say("sshd is not reloaded: sshd -t does not accept its "
			  "configuration");
		return false;
	}
	if (name != NULL)
		return command_run(
			   COMMAND("systemctl", "reload", name), NULL) == 0;
	if (pid > 0)
		return kill(pid, SIGHUP) == 0;
	return true;
}
