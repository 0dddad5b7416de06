/*
 * Tries the door before it opens: the launcher starts it at the loopback
 * interface for a moment, with a key made now that opens nothing else.  A login
 * with that key, and no code, must come as far as the question and no further.
 * Nothing of a user's is touched, and the process ends with this one.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/probe.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/base/clock.h"

#define TRY_MS  10000 /* for the start */
#define TRY_MAX 8     /* users, until sshd takes one of them */

#define FOLDER "/run/tfa-door-trial"
#define KEY    FOLDER "/key"
#define KEYS   KEY ".pub"

bool
door_trial_clean(const struct stage *stage)
{
	(void)stage;
	return folder_remove(FOLDER);
}

/* The user can reach the folder: sshd reads the keys as the user. */
static bool
make_key(void)
{
	if (!folder_remove(FOLDER))
		return false;
	if (mkdir(FOLDER, 0711) < 0)
		return setup_fail(FOLDER);
	if (command_works(COMMAND(
		"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)) &&
	    chmod(FOLDER, 0711) == 0 && chmod(KEYS, 0644) == 0)
		return true;
	admin_say("ssh-keygen made no key to try the door with");
	return false;
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
start_trial(struct child *door, int port)
{
	const char *const argv[] = {DOOR_LAUNCHER, "--trial", KEYS, NULL};
	long long end = clock_ms() + TRY_MS;

	if (!child_start(&(const struct child_options){.argv = argv}, door))
		return setup_fail(DOOR_LAUNCHER);
	while (door->end == CHILD_RUNS && clock_ms() < end) {
		if (is_open(port))
			return true;
		child_wait(door, 50);
	}
	fputs(door->err.text, stderr);
	admin_say("the door does not start for a trial");
	return false;
}

/* True if nothing was reached, as far as a login says so. */
static bool
try_user(int port, const struct passwd *pw, bool *ret_asked)
{
	char why[PROBE_TEXT];

	switch (door_try_key("127.0.0.1", port, pw, KEY, why)) {
	case DOOR_ASKS:
		*ret_asked = true;
		return true;
	case DOOR_REFUSES:
		return true;
	case DOOR_OPEN:
		admin_say("a key alone opened the door for %s", pw->pw_name);
		return false;
	case DOOR_UNCLEAR:
		break;
	}
	admin_say("it is not known how a login of %s with a key alone ended: "
		  "%s",
	    pw->pw_name, why);
	return false;
}

/* sshd may take no key of some users: one whose key it takes is enough. */
static bool
try_users(int port)
{
	const char *caller = caller_name();
	const struct passwd *pw = getpwnam(caller != NULL ? caller : "root");
	bool asked = false, ok = pw == NULL || try_user(port, pw, &asked);
	int tried = 1;

	setpwent();
	while (ok && !asked && tried < TRY_MAX && (pw = getpwent()) != NULL) {
		if (pw->pw_uid < 1000 || access(pw->pw_dir, F_OK) < 0)
			continue;
		ok = try_user(port, pw, &asked);
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
door_trial(const struct stage *stage)
{
	scoped_free struct child *door = calloc(1, sizeof(*door));
	int port = (int)strtol(stage->path, NULL, 10);
	bool ok;

	if (door == NULL)
		return false;
	ok = make_key() && start_trial(door, port) && try_users(port);
	child_stop(door);
	return door_trial_clean(stage) && ok;
}
