#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/facts.h"
#include "gate/sshd/methods.h"
#include "store/base/file.h"
#include "store/system/passwd.h"
#include "store/core/typed.h"
#include "store/wire/connection.h"
#include "store/base/utf8.h"

#define CODE_READ 4096 /* bytes of TFA_CODE, with all that is pasted */

/* A uid that is not in /etc/passwd may be named by the keeper.  If the file
 * could not be read, nobody may name it. */
static enum fault
read_passwd(struct facts *facts)
{
	const struct passwd *pw;
	enum fault fault = passwd_of(facts->uid, &pw);

	if (fault == FAULT_ABSENT)
		return FAULT_NONE;
	if (fault != FAULT_NONE)
		return fault;
	if (strlen(pw->pw_name) >= sizeof(facts->user)) {
		facts->name_len = strlen(pw->pw_name);
		return FAULT_LIMIT;
	}
	memcpy(facts->user, pw->pw_name, strlen(pw->pw_name));
	facts->home = strdup(pw->pw_dir);
	facts->shell = strdup(passwd_shell(pw));
	return facts->home == NULL || facts->shell == NULL ? FAULT_MEMORY
							   : FAULT_NONE;
}

/* The first word of SSH_CONNECTION: the client's address. */
static void
read_connection(const char *connection, struct facts *facts)
{
	size_t n = connection != NULL ? strcspn(connection, " ") : 0;

	if (n > 0 && n < sizeof(facts->address))
		memcpy(facts->address, connection, n);
}

/* Says what is wrong with sshd's file, which must be this user's alone; NULL:
 * nothing is. */
static const char *
find_fault(int fd, const struct facts *facts)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a file";
	if (st.st_uid != facts->uid)
		return "not yours";
	return (st.st_mode & 077) != 0 ? "open to others" : NULL;
}

/*
 * Reads the file that sshd named.  If it cannot be read, that is no login
 * without a key: an earlier session may have spoilt the file.  NULL, or what is
 * wrong.
 */
static const char *
read_auth(const char *path, struct facts *facts)
{
	scoped_free char *text = NULL;
	scoped_fd int fd = -1;
	const char *why;
	size_t len = 0;

	if (strlen(path) >= sizeof(facts->auth_path))
		return "too long";
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	why = find_fault(fd, facts);
	if (why != NULL)
		return why;
	if (file_read(fd, METHODS_MAX, &text, &len) != FAULT_NONE)
		return "cannot be read";
	if (len == 0 || len == METHODS_MAX)
		return len == 0 ? "empty" : "too large";
	facts->auth = methods_key(text, &facts->keys);
	facts->asked = methods_asked(text);
	if (facts->keys > 0 && facts->auth == NULL)
		return "out of memory";
	utf8_clean(
	    path, strlen(path), facts->auth_path, sizeof(facts->auth_path));
	return NULL;
}

static void
read_auth_key(const char *path, struct facts *facts)
{
	char name[PATH_TEXT];
	const char *why = read_auth(path, facts);

	facts->auth_named = why == NULL;
	facts->auth_lost = why != NULL;
	if (why == NULL)
		return;
	utf8_clean(path, strnlen(path, PATH_TEXT), name, sizeof(name));
	snprintf(facts->auth_why, sizeof(facts->auth_why), "%s: %s", name, why);
}

/* A variable that sshd may have set; NULL if it is empty, as the drop-in's
 * SetEnv leaves it. */
static const char *
said_by_sshd(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* A value longer than anything a person pastes is not cut, since a part of it
 * might be a code: it reads as "?", which is none. */
static void
read_code(const char *code, struct facts *facts)
{
	size_t len = strnlen(code, CODE_READ);

	typed_plain(len < CODE_READ ? code : "?", len < CODE_READ ? len : 1,
	    facts->code, sizeof(facts->code));
	facts->code_empty = facts->code[0] == '\0';
}

enum fault
login_read(struct facts *ret)
{
	static char *nothing[] = {NULL};
	const char *connection = said_by_sshd("SSH_CONNECTION");
	const char *command = said_by_sshd("SSH_ORIGINAL_COMMAND");
	const char *auth = said_by_sshd("SSH_USER_AUTH");
	const char *token = getenv(CONNECTION_VARIABLE);
	const char *code = getenv("TFA_CODE");
	bool utf8 = display_is_utf8(
	    getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG"));
	enum fault fault;

	*ret = (struct facts){.uid = geteuid(), .environment = environ};
	environ = nothing;
	fault = read_passwd(ret);
	if (fault != FAULT_NONE)
		return fault;
	read_connection(connection, ret);
	if (auth != NULL)
		read_auth_key(auth, ret);
	/* At the door its module named the connection before. */
	if (token != NULL && ret->asked)
		(void)connection_name(token, connection, ret->auth_path);
	if (code != NULL)
		read_code(code, ret);
	if (command != NULL && (ret->command = strdup(command)) == NULL)
		return FAULT_MEMORY;
	ret->terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	display_size(STDERR_FILENO, &ret->display);
	ret->display.utf8 = utf8;
	return FAULT_NONE;
}

static bool
is_path(const char *text)
{
	return text != NULL && text[0] == '/';
}

bool
facts_name(struct facts *facts, struct reply *reply)
{
	if (facts->shell != NULL)
		return true;
	if (facts->uid == 0 || !is_path(reply->home) || !is_path(reply->shell))
		return false;
	memcpy(facts->user, reply->user, sizeof(facts->user));
	facts->home = take(reply->home);
	facts->shell = take(reply->shell);
	return true;
}

struct keypath_user
facts_keypath_user(const struct facts *facts)
{
	return (struct keypath_user){.name = facts->user,
	    .home = facts->home,
	    .uid = facts->uid,
	    .gid = getgid()};
}

void
facts_done(struct facts *facts)
{
	char **texts[] = {
	    &facts->home, &facts->shell, &facts->auth, &facts->command};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
}
