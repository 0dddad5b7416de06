/*
 * Tries the door before it opens: the launcher starts it at the loopback
 * interface for a moment, with a key made now that opens nothing else.  A login
 * with that key, and no code, must come as far as the question and no further.
 * Nothing of a user's is touched, and the process ends with this one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/system/child.h"

#define TRY_MS  10000 /* for one login, or the start */
#define TRY_MAX 8     /* users, until sshd takes one of them */

struct door_trial {
	int port;
	char folder[40], key[48], public[56];
	struct child *door, *ssh;
};

/* A folder that the user can reach, since sshd reads the keys as the user. */
static bool
make_key(struct door_trial *trial)
{
	const char *folder = trial->folder;

	snprintf(trial->folder, sizeof(trial->folder), "/run/tfa-door.XXXXXX");
	if (mkdtemp(trial->folder) == NULL || chmod(folder, 0711) < 0)
		return setup_fail(folder);
	snprintf(trial->key, sizeof(trial->key), "%s/key", folder);
	snprintf(trial->public, sizeof(trial->public), "%s.pub", trial->key);
	if (command_works(COMMAND("ssh-keygen", "-q", "-t", "ed25519", "-N", "",
		"-f", trial->key)) &&
	    chmod(trial->public, 0644) == 0)
		return true;
	admin_say("ssh-keygen made no key to try the door with");
	return false;
}

static void
remove_key(const struct door_trial *trial)
{
	unlink(trial->key);
	unlink(trial->public);
	rmdir(trial->folder);
}

static bool
is_open(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	scoped_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool
start_trial(struct door_trial *trial)
{
	const char *const argv[] = {SETUP_DOOR, "--trial", trial->public, NULL};
	long long end = child_clock_ms() + TRY_MS;

	if (!child_start(
		&(const struct child_options){.argv = argv}, trial->door))
		return setup_fail(SETUP_DOOR);
	while (trial->door->end == CHILD_RUNS && child_clock_ms() < end) {
		if (is_open(trial->port))
			return true;
		child_wait(trial->door, 50);
	}
	fputs(trial->door->err.text, stderr);
	admin_say("the door does not start for a trial");
	return false;
}

enum trial_end {
	TRIAL_OPEN = 0, /* something was reached without a code */
	TRIAL_ASKED,    /* the key was taken, and a code asked for */
	TRIAL_REFUSED,  /* sshd takes no key for this user */
};

/* The far end of -W is the door itself, which greets every client. */
static enum trial_end
log_in(struct door_trial *trial, const char *user)
{
	char port[12], there[40];
	const char *const argv[] = {DOCTOR_SSH, "-F", "none", "-o",
	    "LogLevel=VERBOSE", "-o", "BatchMode=yes", "-o",
	    "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o",
	    "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
	    "-o", "GlobalKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5",
	    "-i", trial->key, "-p", port, "-l", user, "-W", there, "127.0.0.1",
	    NULL};
	struct child *ssh = trial->ssh;

	snprintf(port, sizeof(port), "%d", trial->port);
	snprintf(there, sizeof(there), "127.0.0.1:%d", trial->port);
	child_run(argv, TRY_MS, ssh);
	if (ssh->out.len > 0 || ssh->end != CHILD_EXITED || ssh->status != 255)
		return TRIAL_OPEN;
	return strstr(ssh->err.text, "with partial success") != NULL
	    ? TRIAL_ASKED
	    : TRIAL_REFUSED;
}

/* True if nothing was reached, as far as a login says so. */
static bool
try_user(struct door_trial *trial, const char *user, bool *ret_asked)
{
	switch (log_in(trial, user)) {
	case TRIAL_ASKED:
		*ret_asked = true;
		return true;
	case TRIAL_REFUSED:
		return true;
	case TRIAL_OPEN:
		break;
	}
	admin_say("a key alone opened the door for %s, or how it ended is not "
		  "known: %.300s",
	    user, trial->ssh->err.text);
	return false;
}

/* sshd may take no key for some users; whom it takes one for, no matter. */
static bool
try_users(struct door_trial *trial)
{
	const char *caller = caller_name();
	const struct passwd *pw;
	bool asked = false, ok;
	int tried = 1;

	ok = try_user(trial, caller != NULL ? caller : "root", &asked);
	setpwent();
	while (ok && !asked && tried < TRY_MAX && (pw = getpwent()) != NULL) {
		if (pw->pw_uid < 1000 || access(pw->pw_dir, F_OK) < 0)
			continue;
		ok = try_user(trial, pw->pw_name, &asked);
		tried++;
	}
	endpwent();
	if (ok && !asked)
		admin_say("sshd took no key of those users who were tried, so "
			  "it is not proved that the door asks for a code: "
			  "tfa-admin doctor --probe USER -i KEY");
	return ok;
}

bool
door_try(const struct stage *stage)
{
	scoped_free struct child *door = calloc(1, sizeof(*door));
	scoped_free struct child *ssh = calloc(1, sizeof(*ssh));
	struct door_trial trial = {.port = (int)strtol(stage->path, NULL, 10),
	    .door = door,
	    .ssh = ssh};
	bool ok;

	if (door == NULL || ssh == NULL)
		return false;
	ok = make_key(&trial) && start_trial(&trial) && try_users(&trial);
	child_stop(door);
	remove_key(&trial);
	return ok;
}
