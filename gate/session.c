#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/session.h"
#include "gate/sshd/guard.h"
#include "gate/term.h"

#define ARGS_MAX 64

/* sshd's word internal-sftp stands for the first of these that is there. */
static const char *const sftp_servers[] = {"/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server"};

static const char internal_sftp[] = "internal-sftp";

static const char *
sftp_server(void)
{
	for (size_t i = 0; i < sizeof(sftp_servers) / sizeof(sftp_servers[0]);
	     i++)
		if (access(sftp_servers[i], X_OK) == 0)
			return sftp_servers[i];
	return sftp_servers[0];
}

/* Copies the word at *at to ret, which has room for all that follows; false if
 * a quote has no end. */
static bool
split_word(const char **at, char *ret)
{
	char quote = '\0';

	for (; **at != '\0'; ++*at) {
		if (quote == '\0' && strchr(" \t", **at) != NULL)
			break;
		if (quote == '\0' && (**at == '"' || **at == '\'')) {
			quote = **at;
		} else if (quote != '\0' && **at == quote) {
			quote = '\0';
		} else {
			if (**at == '\\' && (*at)[1] != '\0' &&
			    strchr("\"'\\ ", (*at)[1]) != NULL)
				++*at;
			*ret++ = **at;
		}
	}
	*ret = '\0';
	return quote == '\0';
}

enum fault
session_split(const char *program, const char *args, char ***ret)
{
	char **argv = calloc(ARGS_MAX + 1, sizeof(*argv));
	char *text = malloc(strlen(args) + ARGS_MAX + 1);
	size_t count = 0;

	if (argv == NULL || text == NULL ||
	    (argv[count++] = strdup(program)) == NULL)
		return FAULT_MEMORY;
	for (;;) {
		while (*args == ' ' || *args == '\t')
			args++;
		if (*args == '\0')
			break;
		if (count == ARGS_MAX)
			return FAULT_LIMIT;
		argv[count++] = text;
		if (!split_word(&args, text))
			return FAULT_FORMAT;
		text += strlen(text) + 1;
	}
	*ret = argv;
	return FAULT_NONE;
}

/* A forced command may look at what the client asked for; others run it. */
static bool
is_removed(const char *variable, bool forced)
{
	static const char command[] = "SSH_ORIGINAL_COMMAND=";

	return guard_removes(variable) ||
	    (!forced && strncmp(variable, command, sizeof(command) - 1) == 0);
}

/* One pass over all variables: unsetenv(3) would make one for each name. */
static void
restore_environment(const struct facts *facts, bool forced)
{
	size_t kept = 0;

	environ = facts->environment;
	for (size_t i = 0; environ[i] != NULL; i++)
		if (!is_removed(environ[i], forced))
			environ[kept++] = environ[i];
	environ[kept] = NULL;
	if (setenv("HOME", facts->home, 1) < 0)
		_exit(GATE_EXIT_DENIED);
}

_Noreturn static void
failed(const char *program)
{
	int error = errno;

	fprintf(stderr, "tfa-gate: %s: %s\n", program, strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

_Noreturn static void
exec_sftp(const char *args)
{
	const char *server = sftp_server();
	char **argv = NULL;

	if (session_split(server, args, &argv) != FAULT_NONE) {
		fputs("tfa-gate: bad arguments of internal-sftp\n", stderr);
		_exit(126);
	}
	execv(server, argv);
	failed(server);
}

/* The name that sshd and login(1) give a shell as its argv[0]. */
static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

_Noreturn static void
exec_command(const struct facts *facts, const char *command)
{
	size_t n = sizeof(internal_sftp) - 1;
	char *argv[] = {(char *)base_name(facts->shell), (char *)"-c",
	    (char *)command, NULL};

	if (strncmp(command, internal_sftp, n) == 0 &&
	    strchr(" \t", command[n]) != NULL)
		exec_sftp(command + n);
	execv(facts->shell, argv);
	failed(facts->shell);
}

_Noreturn static void
exec_shell(const struct facts *facts)
{
	char name[PATH_MAX + 1];
	char *argv[] = {name, NULL};

	snprintf(name, sizeof(name), "-%s", base_name(facts->shell));
	execv(facts->shell, argv);
	failed(facts->shell);
}

_Noreturn void
session_exec(
    enum verdict verdict, const struct facts *facts, const char *forced)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	const char *command = forced != NULL ? forced : facts->command;

	if (verdict != VERDICT_PASS || facts->shell == NULL)
		_exit(GATE_EXIT_DENIED);
	term_release();
	sigaction(SIGPIPE, &standard, NULL);
	restore_environment(facts, forced != NULL);
	if (command != NULL)
		exec_command(facts, command);
	exec_shell(facts);
}
