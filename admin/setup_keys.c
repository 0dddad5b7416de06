/*
 * By which key the caller could still log in.  sshd has not said yet which one
 * it was; but whoever can only have come with a key or a certificate that the
 * gate does not know would not come again.  And which keys of anybody's that
 * may be.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authorities.h"
#include "cleanup.h"
#include "doctor_dump.h"
#include "doctor_person.h"
#include "read.h"
#include "setup_site.h"
#include "utf8.h"

#define KEY_PATH       (2 * CONFIG_WORD)
#define AUTHORITY_TEXT 8192 /* of an authority: RSA of 16384 bits has 2800 */

/* The line follows. */
#define UNTIL                                                              \
	"until this line stands in " AUTHORITIES_FILE " and that file in " \
	"keys.files of " SETUP_POLICY ":"

struct caller {
	const struct passwd *pw;
	const struct policy *policy;
	const char *dump;       /* sshd -T, for the caller */
	char own[KEY_PATH];     /* the file with a key of theirs; "" for none */
	char unseen[KEY_PATH];  /* likewise, where the gate does not look */
	char word[CONFIG_WORD]; /* sshd's for that: with %u for the user */
	bool refused;           /* what opens sshd is not known to the gate */
};

/* A key that opens a shell, and no authority. */
static bool
has_key(const struct passwd *pw, const char *path)
{
	size_t len = 0;
	scoped_free char *text = read_whole_as(pw, path, KEYS_MS, &len);
	char *rest = text, *line;
	bool found = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		struct key_options options = key_options(line);

		found |= options.key && !options.authority && !options.command;
	}
	return found;
}

/* Whether the gate looks for keys there too. */
static bool
is_listed(const struct caller *caller, const char *path)
{
	const struct policy *policy = caller->policy;
	char listed[KEY_PATH];

	for (size_t i = 0; i < policy->keys.files.count; i++) {
		key_file_path(policy->keys.files.items[i].text, caller->pw,
		    listed, sizeof(listed));
		if (strcmp(listed, path) == 0)
			return true;
	}
	return false;
}

/* Of the files where sshd looks for keys; "none" is none of the gate's. */
static void
find_keys(struct caller *caller)
{
	char words[CONFIG_WORD], word[CONFIG_WORD], path[KEY_PATH];
	const char *at = caller->dump, *rest = words;

	if (!dump_next(&at, "authorizedkeysfile", words))
		return;
	while (caller->own[0] == '\0' && config_word(&rest, word)) {
		key_file_path(word, caller->pw, path, sizeof(path));
		if (strcasecmp(word, "none") == 0 || !has_key(caller->pw, path))
			continue;
		if (is_listed(caller, path)) {
			memcpy(caller->own, path, sizeof(path));
		} else {
			memcpy(caller->unseen, path, sizeof(path));
			memcpy(caller->word, word, sizeof(word));
		}
	}
}

/* Keys that open sshd, and that the gate would refuse. */
static void
judge_keys(struct caller *caller)
{
	const char *user = caller->pw->pw_name, *at = caller->dump;
	char command[CONFIG_WORD];

	if (caller->own[0] != '\0' ||
	    caller->policy->keys.unlisted == UNLISTED_ALLOW)
		return;
	if (caller->unseen[0] != '\0') {
		caller->refused = true;
		admin_say("you would lock yourself out: the gate does not look "
			  "for keys in %s, and %s has none where it does, "
			  "until this stands in keys.files of " SETUP_POLICY
			  ":",
		    caller->unseen, user);
		fprintf(stderr, "    \"%s\"\n", caller->word);
	}
	if (dump_next(&at, "authorizedkeyscommand", command) &&
	    strcasecmp(command, "none") != 0) {
		caller->refused = true;
		admin_say(
		    "you would lock yourself out: the gate refuses keys "
		    "that only AuthorizedKeysCommand %s gives, and %s has "
		    "none where it looks, until this stands in keys "
		    "of " SETUP_POLICY ":",
		    command, user);
		fputs("    \"unlisted\": \"allow\"\n", stderr);
	}
}

static void
judge_authority(void *ctx, const struct authority *authority)
{
	struct caller *caller = ctx;
	char line[AUTHORITY_TEXT];

	if (authority_passes(caller->policy, caller->pw, authority))
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

static void
look_at_authority(void *ctx, const struct authority *authority)
{
	struct caller *anyone = ctx;

	anyone->refused |= !authority_passes(anyone->policy, NULL, authority);
}

static void
report_authorities(
    struct caller *anyone, const struct config_line *line, FILE *report)
{
	anyone->refused = false;
	if (authorities_each(line->value, look_at_authority, anyone) &&
	    !anyone->refused)
		return;
	fprintf(report,
	    "%s:%d: certificates by %s are let in only where keys.files of the "
	    "policy names the authority: see Certificates in tfa-gate(8)\n",
	    line->file, line->number, line->value);
}

static void
report_files(
    const struct caller *anyone, const struct config_line *line, FILE *report)
{
	char word[CONFIG_WORD], path[KEY_PATH];
	const char *rest = line->value;

	while (config_word(&rest, word)) {
		key_file_path(word, anyone->pw, path, sizeof(path));
		if (!is_listed(anyone, path))
			fprintf(report,
			    "%s:%d: keys in %s are let in only where "
			    "keys.files of the policy has \"%s\"\n",
			    line->file, line->number, word, word);
	}
}

static void
report_line(struct caller *anyone, const struct config_line *line, FILE *report)
{
	if (strcasecmp(line->value, "none") == 0)
		return;
	if (strcasecmp(line->keyword, "TrustedUserCAKeys") == 0)
		report_authorities(anyone, line, report);
	else if (strcasecmp(line->keyword, "AuthorizedKeysFile") == 0)
		report_files(anyone, line, report);
	else if (strcasecmp(line->keyword, "AuthorizedKeysCommand") == 0)
		fprintf(report,
		    "%s:%d: keys that only %s gives are let in only where "
		    "keys of the policy has \"unlisted\": \"allow\"\n",
		    line->file, line->number, line->value);
}

/* A place is the same for all where it is the same for root. */
void
site_keys(const struct config *config, FILE *report)
{
	const struct passwd *root = getpwuid(0);
	char why[POLICY_WHY_TEXT];
	struct policy policy;
	struct caller anyone = {.pw = root, .policy = &policy};

	if (root == NULL || caller_policy(&policy, why) != FAULT_NONE)
		return; /* caller_may_enter() says what it is */
	for (size_t i = 0;
	     policy.keys.unlisted != UNLISTED_ALLOW && i < config->lines.count;
	     i++)
		report_line(&anyone, &config->lines.items[i], report);
	policy_done(&policy);
}
