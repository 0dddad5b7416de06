/*
 * By which key the caller could still log in.  sshd has not said yet which one
 * it was; but whoever can only have come with a key or a certificate that the
 * gate does not know would not come again.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/keyline.h"
#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/doctor/dump.h"
#include "admin/read.h"
#include "admin/setup/site.h"
#include "store/base/utf8.h"

#define KEY_PATH       (2 * CONFIG_WORD)
#define AUTHORITY_TEXT 8192 /* of an authority: RSA of 16384 bits has 2800 */

/* The line follows. */
#define UNTIL                                                              \
	"until this line stands in " AUTHORITIES_FILE " and that file in " \
	"keys.files of " SETUP_POLICY ":"

struct caller {
	const struct passwd *pw;
	const struct policy *policy;
	const char *dump;         /* sshd -T, for the caller */
	char own[KEY_PATH];       /* the file with a key of theirs, or "" */
	char unseen[KEY_PATH];    /* one with a key that the gate refuses */
	char word[CONFIG_WORD];   /* sshd's for that: with %u for the user */
	enum key_verdict verdict; /* of the gate, on that key */
	bool refused;             /* what opens sshd is not known to the gate */
};

/* A line that opens a shell for sshd: a key, no authority, no command=. */
static bool
opens_shell(const char *text)
{
	struct keyline_options options;
	struct keyline line;
	bool opens;

	if (!keyline_read(text, &line))
		return false;
	opens = keyline_options(line.options, &options) && line.typed &&
	    !options.authority && options.command == NULL;
	keyline_options_done(&options);
	keyline_done(&line);
	return opens;
}

/* What the gate says of the keys of a file that open a shell: whether it lets
 * one in to it. */
static void
judge_file(
    struct caller *caller, const char *word, const char *path, char *text)
{
	char *rest = text, *line;
	struct key key;

	while ((line = strsep(&rest, "\n")) != NULL && caller->own[0] == '\0') {
		struct gate_says says;

		if (!opens_shell(line) ||
		    key_of_line(line, false, &key) != FAULT_NONE)
			continue;
		says = gate_says(caller->policy, caller->pw, &key);
		key_done(&key);
		if (says.verdict == KEY_PASSES && !says.command) {
			snprintf(caller->own, sizeof(caller->own), "%s", path);
			return;
		}
		snprintf(caller->unseen, sizeof(caller->unseen), "%s", path);
		snprintf(caller->word, sizeof(caller->word), "%s", word);
		caller->verdict = says.command ? KEY_DOUBTFUL : says.verdict;
	}
}

/* In the files where sshd looks for keys; a line ends at a NUL for it too. */
static void
find_keys(struct caller *caller)
{
	char words[CONFIG_WORD], word[CONFIG_WORD], path[KEY_PATH];
	const char *at = caller->dump, *rest = words;

	if (!dump_next(&at, "authorizedkeysfile", words))
		return;
	while (caller->own[0] == '\0' && config_word(&rest, word)) {
		scoped_free char *text = NULL;
		size_t len = 0;

		if (strcasecmp(word, "none") == 0 ||
		    !key_file_path(word, caller->pw, path, sizeof(path)))
			continue;
		text = read_whole_as(caller->pw, path, KEYS_MS, &len);
		if (text != NULL)
			judge_file(caller, word, path, text);
	}
}

/* Keys that sshd takes and the gate does not. */
static void
say_unseen(const struct caller *caller)
{
	const char *user = caller->pw->pw_name;

	if (caller->verdict == KEY_IN_OPEN_FILE) {
		admin_say(
		    "you would lock yourself out: others than %s can "
		    "write %s, or a folder above it, so the gate does not "
		    "believe it: chmod go-w them",
		    user, caller->unseen);
		return;
	}
	if (caller->verdict == KEY_DOUBTFUL) {
		admin_say("you would lock yourself out: the gate refuses the "
			  "keys of %s in %s: a line in a file of keys.files "
			  "limits them to a command, or cannot be read",
		    user, caller->unseen);
		return;
	}
	admin_say("you would lock yourself out: the gate does not look "
		  "for keys in %s, and %s has none where it does, "
		  "until this stands in keys.files of " SETUP_POLICY ":",
	    caller->unseen, user);
	fprintf(stderr, "    \"%s\"\n", caller->word);
}

/* Keys that open sshd, and that the gate would refuse. */
static void
judge_keys(struct caller *caller)
{
	const char *user = caller->pw->pw_name, *at = caller->dump;
	char command[CONFIG_WORD];

	if (caller->own[0] != '\0')
		return;
	if (caller->unseen[0] != '\0') {
		caller->refused = true;
		say_unseen(caller);
	}
	if (caller->policy->keys.unlisted != UNLISTED_ALLOW &&
	    dump_next(&at, "authorizedkeyscommand", command) &&
	    strcasecmp(command, "none") != 0) {
		caller->refused = true;
		admin_say(
		    "you would lock yourself out: the gate refuses keys "
		    "that only AuthorizedKeysCommand %s gives, and %s has "
		    "none where it looks, until this stands in keys "
		    "of " SETUP_POLICY ":",
		    command, user);
		fputs("    \"unlisted\": \"allow\"\n" LOST, stderr);
	}
}

static void
judge_authority(void *ctx, const struct authority *authority)
{
	struct caller *caller = ctx;
	char line[AUTHORITY_TEXT];

	struct gate_says says;

	if (authority->key.blob == NULL)
		return;
	/* One that the gate limits to a command opens no shell. */
	says = gate_says(caller->policy, caller->pw, &authority->key);
	if (says.verdict == KEY_PASSES && !says.command)
		return;
	caller->refused = true;
	if (caller->own[0] != '\0')
		admin_say(
		    "%s:%d: the gate refuses the certificates of this "
		    "authority: only your key in %s will let you in, " UNTIL,
		    authority->path, authority->number, caller->own);
	else
		admin_say("you would lock yourself out: %s:%d: the gate "
			  "refuses the certificates of this authority, and %s "
			  "has no key that it knows, " UNTIL,
		    authority->path, authority->number, caller->pw->pw_name);
	utf8_clean(
	    authority->line, strlen(authority->line), line, sizeof(line));
	fprintf(stderr, "    cert-authority %s\n", line);
}

static void
judge_authorities(struct caller *caller)
{
	char value[CONFIG_WORD];
	const char *at = caller->dump;

	if (!dump_next(&at, "trustedusercakeys", value) ||
	    strcasecmp(value, "none") == 0 ||
	    authorities_each(value, judge_authority, caller) || errno == ENOENT)
		return;
	admin_say("TrustedUserCAKeys %s: %s", value, strerror(errno));
	caller->refused = true;
}

/* False where the caller would be refused; said. */
static bool
judge(struct caller *caller)
{
	char value[CONFIG_WORD];
	const char *at = caller->dump;

	if (dump_next(&at, "pubkeyauthentication", value) &&
	    strcasecmp(value, "no") == 0)
		return true;
	find_keys(caller);
	judge_keys(caller);
	judge_authorities(caller);
	return !caller->refused || caller->own[0] != '\0';
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

	if (!login_find(&login) || login.address[0] == '\0')
		snprintf(login.address, sizeof(login.address), "127.0.0.1");
	dump = sshd_dump(user, login.address);
	if (found == NULL || dump == NULL) {
		admin_say("sshd -T does not say how %s logs in", user);
		return false;
	}
	pw = *found;
	if (caller_policy(&policy, why) != FAULT_NONE)
		return false; /* caller_may_enter() says what it is */
	ok = judge(
	    &(struct caller){.pw = &pw, .policy = &policy, .dump = dump});
	policy_done(&policy);
	return ok;
}
