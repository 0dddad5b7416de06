/*
 * Finds a key by which the caller could log in again.  sshd does not say yet
 * which key they came with; but users who have only keys and certificates that
 * the gate refuses would be locked out.
 */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor/authorities.h"
#include "admin/doctor/dump.h"
#include "admin/read.h"
#include "admin/setup/setup.h"
#include "gate/sshd/keyline.h"
#include "store/base/cleanup.h"

struct caller {
	const struct passwd *pw;
	const struct policy *policy;
	struct view view;       /* sshd -T, for the caller */
	char passes[PATH_MAX];  /* the file with a key that the gate takes */
	char refused[PATH_MAX]; /* what sshd takes and the gate does not */
};

__attribute__((format(printf, 2, 3))) static void
refuse(struct caller *caller, const char *format, ...)
{
	va_list args;

	if (caller->refused[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(caller->refused, sizeof(caller->refused), format, args);
	va_end(args);
}

static const char *
why_refused(enum key_verdict verdict)
{
	if (verdict == KEY_IN_OPEN_FILE)
		return ", since others can write that file or a folder above "
		       "it, so the gate does not believe it";
	if (verdict == KEY_DOUBTFUL)
		return ", since a line in a file of keys.files limits them to "
		       "a command, or cannot be read";
	return "";
}

/* Judges the keys of a file that open a shell in sshd's eyes. */
static void
caller_file(struct caller *caller, const char *path, char *text)
{
	char *rest = text, *line;
	struct key key;

	while (
	    (line = strsep(&rest, "\n")) != NULL && caller->passes[0] == '\0') {
		struct gate_says says;

		if (key_line_read(line) != KEY_LINE_FREE ||
		    key_of_line(line, false, &key) != FAULT_NONE)
			continue;
		says = gate_says(caller->policy, caller->pw, &key);
		key_done(&key);
		if (says.verdict == KEY_PASSES && !says.command)
			snprintf(
			    caller->passes, sizeof(caller->passes), "%s", path);
		else
			refuse(caller, "the keys of %s in %.2000s%s",
			    caller->pw->pw_name, path,
			    why_refused(
				says.command ? KEY_DOUBTFUL : says.verdict));
	}
}

/* Judges the files where sshd looks for keys; sshd, too, ends a line at a NUL. */
static void
caller_files(struct caller *caller)
{
	struct keypath_user user = keypath_user(caller->pw);
	char value[CONFIG_WORD];
	const char *rest = value;
	struct keypath file;

	if (!dump_value(&caller->view, "authorizedkeysfile", value))
		return;
	while (caller->passes[0] == '\0' && keypath_next(&rest, &user, &file)) {
		size_t len = 0;
		scoped_free char *text = file.path[0] != '\0'
		    ? read_whole_as(caller->pw, file.path, KEYS_MS, &len)
		    : NULL;

		if (text != NULL)
			caller_file(caller, file.path, text);
	}
}

static void
caller_command(struct caller *caller)
{
	char command[CONFIG_WORD];

	if (caller->policy->keys.unlisted != UNLISTED_ALLOW &&
	    dump_value(&caller->view, "authorizedkeyscommand", command) &&
	    strcasecmp(command, "none") != 0)
		refuse(caller, "keys that only AuthorizedKeysCommand %s gives",
		    command);
}

/* An authority that the gate limits to a command opens no shell. */
static void
caller_authority(void *ctx, const struct authority *authority)
{
	struct caller *caller = ctx;
	struct gate_says says;

	if (authority->key.blob == NULL)
		return;
	says = gate_says(caller->policy, caller->pw, &authority->key);
	if (says.verdict != KEY_PASSES || says.command)
		refuse(caller, "the certificates of %.2000s:%d",
		    authority->path, authority->number);
}

static void
caller_authorities(struct caller *caller)
{
	char value[CONFIG_WORD];

	if (!dump_value(&caller->view, "trustedusercakeys", value) ||
	    strcasecmp(value, "none") == 0 ||
	    authorities_each(value, caller_authority, caller) ||
	    errno == ENOENT)
		return;
	refuse(caller, "the certificates of TrustedUserCAKeys %s: %s", value,
	    strerror(errno));
}

/* False, after a message, where the gate would refuse the caller. */
static bool
judge_caller(struct caller *caller)
{
	char value[CONFIG_WORD];

	if (dump_value(&caller->view, "pubkeyauthentication", value) &&
	    strcasecmp(value, "no") == 0)
		return true;
	caller_files(caller);
	if (caller->passes[0] != '\0')
		caller->refused[0] = '\0'; /* one of the others passes */
	else
		caller_command(caller);
	caller_authorities(caller);
	if (caller->refused[0] == '\0')
		return true;
	if (caller->passes[0] != '\0')
		admin_say("only your key in %s will let you in: the gate "
			  "refuses %s",
		    caller->passes, caller->refused);
	else
		admin_say("you would lock yourself out: %s has no key that "
			  "the gate takes, which refuses %s",
		    caller->pw->pw_name, caller->refused);
	return caller->passes[0] != '\0';
}

bool
caller_has_key(const char *user)
{
	struct ssh_login login = {.address = ""};
	const struct passwd *found = getpwnam(user);
	scoped_free char *dump = NULL;
	char why[POLICY_WHY_TEXT] = "";
	struct policy policy;
	struct passwd pw;
	bool ok;

	if (!ssh_login_find(&login) || login.address[0] == '\0')
		snprintf(login.address, sizeof(login.address), "127.0.0.1");
	dump = sshd_dump(user, login.address);
	if (found == NULL || dump == NULL) {
		admin_say("sshd -T does not say how %s logs in", user);
		return false;
	}
	pw = *found;
	if (caller_policy(&policy, why) != FAULT_NONE)
		return false; /* caller_may_enter() says what it is */
	ok = judge_caller(
	    &(struct caller){.pw = &pw, .policy = &policy, .view.dump = dump});
	policy_done(&policy);
	return ok;
}
