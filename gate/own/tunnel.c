/*
 * tfa tunnel: an sshd of the user's own on standard input and output, in a
 * session that has passed the gate.  Through it the user's client forwards.
 *
 * It is no new power: whoever has a shell can start an sshd.  So the keeper is
 * asked as at the door, for the administrator to know and to decide, and not to
 * keep anybody in.  Who has no shell, with a key for one command, never gets
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/own/hostkey.h"
#include "gate/own/own.h"
#include "gate/own/tool.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/wire/dial.h"

static int
no_tunnel(const char *why, int status)
{
	fprintf(stderr, "tfa: no tunnel: %s\n", why);
	return status;
}

/* 0, or after a message the exit status.  sshd lets in the key of this login,
 * so there must be one. */
static int
check_login(const struct facts *facts)
{
	if (facts->uid == 0)
		return no_tunnel("an sshd of root's would let root's key in as "
				 "anybody",
		    GATE_EXIT_DENIED);
	if (facts->auth_lost)
		return no_tunnel(facts->auth_why, GATE_EXIT_DENIED);
	if (facts->keys != 1 || facts->auth == NULL)
		return no_tunnel(
		    "you did not log in with a key", GATE_EXIT_DENIED);
	if (strstr(facts->auth, "-cert-v01@openssh.com ") != NULL)
		return no_tunnel("you logged in with a certificate: use the "
				 "key alone",
		    GATE_EXIT_DENIED);
	return 0;
}

static const char *
reason_here(const struct reply *reply)
{
	if (reply->reason == REASON_FORWARDING_CLOSED)
		return "forwarding is not open to you: ask an administrator "
		       "(tfa-admin forward)";
	if (reply->reason == REASON_CODE_FIRST)
		return "it opens after a verification code, and you have no "
		       "device: tfa add";
	if (reply->verdict == VERDICT_CHALLENGE)
		return "no code was given on this connection, or the policy "
		       "does not remember it";
	return reply->message;
}

/* A pass as at the door.  0, or after a message the exit status. */
static int
ask_as_door(struct own *own)
{
	scoped_request struct request packet = {.version = 0};
	struct reply *reply = &own->gate.reply;
	char why[320] = "out of memory", line[400];

	if (gate_claim(&own->gate, "login", NULL, &packet) == FAULT_NONE) {
		packet.door = true;
		packet.shell = false;
		free(packet.command);
		packet.command = strdup("tfa tunnel");
		if (client_call(&own->gate.keeper, &packet, reply, why,
			sizeof(why)) == FAULT_NONE) {
			if (reply->verdict == VERDICT_PASS)
				return 0;
			return no_tunnel(
			    reason_here(reply), reason_exit(reply->reason));
		}
	}
	dial_say_unreached(
	    &own->gate.keeper, geteuid(), why, line, sizeof(line));
	return no_tunnel(line, GATE_EXIT_KEEPER);
}

/* A file in memory with the key of this login: "TYPE BLOB".  -1: errno. */
static int
open_authorized(const struct facts *facts)
{
	const char *key = facts->auth + strlen("publickey ");
	scoped_fd int fd = memfd_create("authorized_keys", MFD_CLOEXEC);

	if (fd < 0 || file_write(fd, key, strlen(key)) != FAULT_NONE ||
	    file_write(fd, "\n", 1) != FAULT_NONE)
		return -1;
	return take_fd(&fd);
}

/*
 * StrictModes would look at the folders above a file in memory.  What sshd has
 * to say goes to the client's standard error.
 */
_Noreturn static void
exec_sshd(const char *sshd, const char *hostkey, const char *authorized)
{
	const char *const argv[] = {sshd, "-i", "-e", "-f", "/dev/null", "-o",
	    hostkey, "-o", authorized, "-o", "StrictModes=no", "-o",
	    "UsePAM=no", "-o", "AuthenticationMethods=publickey", "-o",
	    "MaxAuthTries=20", "-o", "LogLevel=ERROR", "-o", "PidFile=none",
	    "-o", "PrintMotd=no", "-o", "PrintLastLog=no", "-o", "UseDNS=no",
	    "-o", "AcceptEnv=LANG LC_* COLORTERM NO_COLOR", "-o",
	    "Subsystem=sftp internal-sftp", NULL};
	static char *environment[] = {
	    (char *)"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", NULL};

	execve(sshd, (char *const *)(const void *)argv, environment);
	fprintf(stderr, "tfa: no tunnel: %s: %s\n", sshd, strerror(errno));
	_exit(OWN_FAILED);
}

/* Standard input and output are sshd's alone, so that their end is seen. */
static int
wait_sshd(pid_t pid)
{
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return OWN_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : OWN_FAILED;
}

/* The file with the key lives as long as this process, which waits. */
static int
run_sshd(const struct own *own, const char *sshd)
{
	char path[PATH_MAX], hostkey[PATH_MAX + 16], authorized[64];
	scoped_fd int keys = open_authorized(&own->gate.facts);
	pid_t pid;

	if (keys < 0)
		return no_tunnel(strerror(errno), OWN_FAILED);
	if (!hostkey_find(own->gate.facts.home, path))
		return OWN_FAILED;
	snprintf(hostkey, sizeof(hostkey), "HostKey=\"%s\"", path);
	snprintf(authorized, sizeof(authorized),
	    "AuthorizedKeysFile=/proc/%ld/fd/%d", (long)getpid(), keys);
	pid = fork();
	if (pid < 0)
		return no_tunnel(strerror(errno), OWN_FAILED);
	if (pid == 0)
		exec_sshd(sshd, hostkey, authorized);
	return wait_sshd(pid);
}

int
own_tunnel(struct own *own)
{
	char sshd[TOOL_PATH];
	int status = check_login(&own->gate.facts);

	if (status != 0)
		return status;
	if (isatty(STDIN_FILENO))
		return no_tunnel("it is for ProxyCommand, not for a terminal: "
				 "ProxyCommand ssh BASTION tfa tunnel",
		    OWN_USAGE);
	if (!tool_find("sshd", sshd))
		return no_tunnel(
		    "there is no sshd in " TOOL_PLACES, OWN_FAILED);
	status = ask_as_door(own);
	if (status != 0)
		return status;
	if (!facts_name(&own->gate.facts, &own->gate.reply))
		return no_tunnel(
		    "the keeper names no home folder", GATE_EXIT_KEEPER);
	return run_sshd(own, sshd);
}
