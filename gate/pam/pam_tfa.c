/*
 * pam_tfa.so: asks for a code in sshd's door, before a connection may forward,
 * and with "caller" in sudo and su.  This file is all of it that runs as root,
 * with ruling_is_sound() and, in a child, inquiry_run() until it has become the
 * user: the child asks the keeper (inquiry.h).  Everything that fails denies,
 * and nothing is ever ignored.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gate/pam/inquiry.h"
#include "store/base/clock.h"
#include "store/wire/connection.h"

#define EXPORT       __attribute__((visibility("default")))
#define LIMIT_MS     ((INQUIRY_LIFE_S + 5) * 1000)
#define PASSWD_BYTES 16384
#define TOKEN_BYTES  16

/* Reads one ruling, which a pipe hands on in one piece.  *ret stays where
 * anything else comes, or nothing within LIMIT_MS. */
static void
read_ruling(int fd, struct ruling *ret)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	long long end = clock_ms() + LIMIT_MS, left;
	struct ruling ruling[2];
	int ready;

	do {
		left = end - clock_ms();
		ready = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready == 1 &&
	    read(fd, ruling, sizeof(ruling)) == (ssize_t)sizeof(*ret) &&
	    ruling_is_sound(ruling))
		*ret = ruling[0];
}

/* Has a child ask.  An application may collect its children itself, or have the
 * kernel do it: a child is killed only while it is still ours. */
static void
ask_keeper(const struct inquiry *inquiry, struct ruling *ret)
{
	int ends[2];
	pid_t pid;

	ruling_deny(ret, RULING_UNASKED,
	    "Access denied: the keeper could not be asked: try again.");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		inquiry_run(inquiry, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		read_ruling(ends[0], ret);
		if (waitpid(pid, NULL, WNOHANG) == 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	if (inquiry->unknown && ret->verdict == VERDICT_PASS)
		ret->verdict = VERDICT_DENY;
}

/* sudo always asks for silence, but a caller who is refused must know why.  su
 * writes to its standard output what is no error, and that may be a pipe. */
static void
say(pam_handle_t *pamh, unsigned flags, bool door, const struct ruling *ruling)
{
	bool denied = ruling->verdict == VERDICT_DENY;
	int style = denied || !door ? PAM_ERROR_MSG : PAM_TEXT_INFO;

	if (door && (flags & PAM_SILENT) != 0)
		return;
	for (uint32_t i = 0; i < ruling->notes; i++)
		(void)pam_prompt(pamh, style, NULL, "%s", ruling->note[i]);
	if (ruling->message[0] != '\0')
		(void)pam_prompt(pamh, style, NULL, "%s", ruling->message);
}

/* The module itself refuses, by its arguments or its application. */
static int
refuse(pam_handle_t *pamh, int result, const char *wrong)
{
	pam_syslog(pamh, LOG_ERR, "denied: %s", wrong);
	(void)pam_prompt(pamh, PAM_ERROR_MSG, NULL,
	    "Access denied: %s: tell an administrator.", wrong);
	return result;
}

/* Returns what is wrong with the arguments, or NULL: a line that was misspelt
 * must not be a weaker one. */
static const char *
read_arguments(
    pam_handle_t *pamh, int argc, const char **argv, struct inquiry *ret)
{
	*ret = (struct inquiry){.door = true,
	    .keeper = {.socket = CLIENT_SOCKET, .keeper_user = CLIENT_USER}};
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "caller") == 0)
			ret->door = false;
		else if (strncmp(argv[i], "socket=/", 8) == 0)
			ret->keeper.socket = argv[i] + 7;
		else if (strncmp(argv[i], "keeper-user=", 12) == 0)
			ret->keeper.keeper_user = argv[i] + 12;
		else {
			pam_syslog(pamh, LOG_ERR, "no argument: %s", argv[i]);
			return "pam_tfa.so has an argument that is not known";
		}
	}
	return NULL;
}

/* Finds whom to ask: at the door the user who logs in; of sudo and su the one
 * who called, whom the program names.  bytes hold what passwd says of them.
 * Returns what is wrong, or NULL. */
static const char *
find_person(pam_handle_t *pamh, struct inquiry *inquiry,
    char bytes[static PASSWD_BYTES])
{
	int fault, item = inquiry->door ? PAM_USER : PAM_RUSER;
	const void *name = NULL, *service = NULL;
	struct passwd entry, *found = NULL;

	if (pam_get_item(pamh, item, &name) != PAM_SUCCESS || name == NULL ||
	    *(const char *)name == '\0')
		return "PAM does not say who asks";
	fault = getpwnam_r(name, &entry, bytes, PASSWD_BYTES, &found);
	/* Some name services say so of a user who is not there. */
	if (fault != 0 && fault != ENOENT && fault != ESRCH)
		return "users cannot be looked up";
	inquiry->unknown = found == NULL;
	inquiry->user = found != NULL ? entry.pw_name : NULL;
	inquiry->home = found != NULL ? entry.pw_dir : NULL;
	inquiry->uid = found != NULL ? entry.pw_uid : INQUIRY_NOBODY;
	inquiry->gid = found != NULL ? entry.pw_gid : INQUIRY_NOBODY;
	if (pam_get_item(pamh, PAM_SERVICE, &service) == PAM_SUCCESS)
		inquiry->service = service;
	inquiry->ssh_connection = pam_getenv(pamh, "SSH_CONNECTION");
	inquiry->ssh_auth_info = pam_getenv(pamh, "SSH_AUTH_INFO_0");
	inquiry->request = "login";
	return NULL;
}

/* One prompt, and the keeper's ruling on the answer. */
static int
ask_person(pam_handle_t *pamh, struct inquiry *inquiry, struct ruling *ruling)
{
	char *code = NULL;
	int result = pam_prompt(
	    pamh, PAM_PROMPT_ECHO_OFF, &code, "%s", VERDICT_PROMPT);

	if (result == PAM_SUCCESS && code == NULL)
		result = PAM_CONV_ERR;
	inquiry->request = "verify";
	inquiry->code = code;
	if (result == PAM_SUCCESS)
		ask_keeper(inquiry, ruling);
	inquiry->code = NULL;
	if (code != NULL)
		explicit_bzero(code, strlen(code));
	free(code);
	return result;
}

static int
result_of(const struct ruling *ruling)
{
	if (ruling->verdict == VERDICT_PASS)
		return PAM_SUCCESS;
	if (ruling->verdict == VERDICT_DENY && ruling->then == RULING_RETRY)
		return PAM_AUTH_ERR;
	return ruling->then == RULING_UNASKED ? PAM_AUTHINFO_UNAVAIL
					      : PAM_MAXTRIES;
}

/* CONNECTION_VARIABLE=pam/HEX, drawn at random. */
static bool
draw_token(char *ret, size_t size)
{
	unsigned char random[TOKEN_BYTES];
	int n = snprintf(ret, size, CONNECTION_VARIABLE "=pam/");

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		n += snprintf(ret + n, size - (size_t)n, "%02x", random[i]);
	return true;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	char token[sizeof(CONNECTION_VARIABLE "=pam/") + 2 * TOKEN_BYTES];
	char bytes[PASSWD_BYTES];
	struct inquiry inquiry;
	struct ruling ruling;
	const char *wrong = read_arguments(pamh, argc, argv, &inquiry);
	int result = PAM_SUCCESS;

	if (wrong == NULL)
		wrong = find_person(pamh, &inquiry, bytes);
	if (wrong == NULL && !draw_token(token, sizeof(token)))
		wrong = "there are no random bytes";
	if (wrong != NULL)
		return refuse(pamh, PAM_AUTH_ERR, wrong);
	inquiry.token = token + sizeof(CONNECTION_VARIABLE);
	ask_keeper(&inquiry, &ruling);
	say(pamh, (unsigned)flags, inquiry.door, &ruling);
	if (ruling.verdict == VERDICT_CHALLENGE) {
		result = ask_person(pamh, &inquiry, &ruling);
		if (result != PAM_SUCCESS)
			return PAM_CONV_ERR;
		say(pamh, (unsigned)flags, inquiry.door, &ruling);
	}
	result = result_of(&ruling);
	if (result == PAM_SUCCESS && inquiry.door)
		result = pam_putenv(pamh, token);
	return result;
}

/* There are no credentials to set. */
EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}

/* The second line: whatever sshd was told about methods, the keeper must have
 * let this connection pass. */
EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	char bytes[PASSWD_BYTES];
	struct inquiry inquiry;
	struct ruling ruling;
	const char *wrong = read_arguments(pamh, argc, argv, &inquiry);

	if (wrong == NULL)
		wrong = find_person(pamh, &inquiry, bytes);
	inquiry.token = pam_getenv(pamh, CONNECTION_VARIABLE);
	if (wrong == NULL && (!inquiry.door || inquiry.token == NULL))
		wrong = "no code was asked for";
	if (wrong != NULL)
		return refuse(pamh, PAM_PERM_DENIED, wrong);
	inquiry.judged = true;
	ask_keeper(&inquiry, &ruling);
	if (ruling.verdict == VERDICT_PASS)
		return PAM_SUCCESS;
	say(pamh, (unsigned)flags, inquiry.door, &ruling);
	return PAM_PERM_DENIED;
}
