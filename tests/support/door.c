#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/server.h"

#define ARGS_MAX 60
#define MODULE   "pam_tfa.so"
#define SERVICE  "etc/tfa-sshd.pam"

const char *
door_missing(void)
{
	if (!bastion_has_people())
		return "needs root and a private-root for a PAM service";
	if (getenv("TFA_DOOR") == NULL)
		return "no " MODULE " was built";
	return NULL;
}

char *
door_pam_path(const struct bastion *b)
{
	return text("/etc/pam.d/%s", b->door_service);
}

/* The module's lines get the bastion's socket. */
static void
write_service(const struct bastion *b)
{
	const char *from = read_text(SERVICE), *found;
	char *whole = text("%s", "");

	if (from == NULL)
		fail("no " SERVICE);
	while ((found = strstr(from, MODULE)) != NULL) {
		whole = text("%s%.*s" MODULE " socket=%s", whole,
		    (int)(found - from), from, b->socket);
		from = found + strlen(MODULE);
	}
	write_text(door_pam_path(b), text("%s%s", whole, from));
}

/* OpenSSH 9.8 and later ignore the name of the link. */
static bool
knows_service_name(const char *config)
{
	const struct run *r = run(ARGV(bastion_sshd(), "-t", "-f", config, "-o",
				      "PAMServiceName=sshd"),
	    NULL, 0);

	return r->status == 0;
}

static bool
start(struct bastion *b)
{
	char *link = text("%s/%s", b->dir, b->door_service);
	char *config = text("%s/sshd_config", b->dir);
	const char *const argv[] = {link, "-D", "-e", "-f", config, "-p",
	    text("%d", b->door), "-o", "UsePAM=yes", "-o",
	    "KbdInteractiveAuthentication=yes", "-o",
	    text("PidFile=%s/door.pid", b->dir),
	    knows_service_name(config) ? "-o" : NULL,
	    text("PAMServiceName=%s", b->door_service), NULL};

	unlink(link);
	unlink(b->door_log);
	if (symlink(bastion_sshd(), link) != 0)
		fail("no link %s", link);
	b->door_sshd = server_start(argv, b->door_log);
	return server_says(
	    b->door_log, "Server listening on 127.0.0.1", &b->door_sshd);
}

bool
door_opens(struct bastion *b)
{
	if (door_missing() != NULL)
		fail("no door: %s", door_missing());
	/* No other bastion has it, also where the port is taken. */
	b->door_service = text("tfa-sshd-%d", (int)b->sshd);
	write_service(b);
	if (start(b))
		return true;
	door_close(b);
	return false;
}

void
door_close(struct bastion *b)
{
	server_stop(&b->door_sshd);
	if (b->door_service != NULL)
		unlink(door_pam_path(b));
}

void
door_restart(struct bastion *b)
{
	server_stop(&b->door_sshd);
	if (!start(b))
		fail("no door again: %s", read_text(b->door_log));
}

/* Counts the questions, and takes its answer from a file of lines.  That a
 * hardware key blinks is told, and not asked. */
static char *
askpass(const struct bastion *b, const char *answers)
{
	static int number;
	char *path = text("%s/askpass-%d-%d", b->dir, (int)getpid(), ++number);

	write_text(text("%s.answers", path), answers == NULL ? "" : answers);
	write_text(path,
	    text("#!/bin/sh\n"
		 "[ \"$SSH_ASKPASS_PROMPT\" != none ] || exit 0\n"
		 "printf . >>%s/questions\n"
		 "sed -n 1p %s.answers\n"
		 "sed -i 1d %s.answers\n",
		b->dir, path, path));
	if (chmod(path, 0755) != 0)
		fail("chmod %s", path);
	return path;
}

const char *const *
door_words(
    const struct bastion *b, const char *answers, const char *const argv[])
{
	const char **all = calloc(ARGS_MAX, sizeof(*all));
	size_t n = 0;

	if (all == NULL)
		fail("out of memory");
	all[n++] = "env";
	all[n++] = text("SSH_ASKPASS=%s", askpass(b, answers));
	all[n++] = "SSH_ASKPASS_REQUIRE=force";
	all[n++] = "DISPLAY=127.0.0.1:0";
	while (*argv != NULL && n < ARGS_MAX - 1)
		all[n++] = *argv++;
	return all;
}

struct run *
door_run(const struct bastion *b, const char *answers, const char *const argv[])
{
	return run(door_words(b, answers, argv), NULL, 0);
}

size_t
door_questions(const struct bastion *b)
{
	const char *dots = read_text(text("%s/questions", b->dir));

	return dots == NULL ? 0 : strlen(dots);
}

struct run *
door_ssh(const struct bastion *b, const char *user, const char *answers,
    const char *const args[], const char *command)
{
	return door_run(
	    b, answers, ssh_argv(b, "door", "-T", user, args, command));
}

struct session *
door_session(const struct bastion *b, const char *user,
    const char *const args[], const char *command)
{
	return session_start(ssh_argv(b, "door", "-tt", user, args, command));
}
