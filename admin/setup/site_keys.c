/*
 * Which keys and certificates of anybody's sshd takes and the gate will refuse,
 * and what to write so that they go on working.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor/authorities.h"
#include "admin/setup/site.h"

#define KEY_PATH (2 * CONFIG_WORD)

struct site {
	const struct passwd *pw;
	const struct policy *policy;
	const struct config *config;
	bool refused; /* an authority */
};

static void
look_at_authority(void *ctx, const struct authority *authority)
{
	struct site *anyone = ctx;

	anyone->refused |= authority->key.blob != NULL &&
	    gate_says(anyone->policy, NULL, &authority->key).verdict !=
		KEY_PASSES;
}

static void
report_authorities(
    struct site *anyone, const struct config_line *line, FILE *report)
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

static bool
has_path(const struct site *anyone, const char *words, const char *path)
{
	char word[CONFIG_WORD], other[KEY_PATH];

	while (config_word(&words, word))
		if (key_file_path(word, anyone->pw, other, sizeof(other)) &&
		    strcmp(other, path) == 0)
			return true;
	return false;
}

/* Those of keys.files that sshd does not read for everyone.  A file that is
 * the same for all is the place for authorities. */
static void
report_unread(
    const struct site *anyone, const struct config_line *line, FILE *report)
{
	const struct policy *policy = anyone->policy;
	char path[KEY_PATH];

	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *word = policy->keys.files.items[i].text;

		if ((word[0] == '/' && strchr(word, '%') == NULL) ||
		    !key_file_path(word, anyone->pw, path, sizeof(path)) ||
		    has_path(anyone, line->value, path))
			continue;
		fprintf(report,
		    "%s:%d: sshd does not read %s, which keys.files of the "
		    "policy has: a key there without command= is free of the "
		    "command= that it has elsewhere; take it out of "
		    "keys.files\n",
		    line->file, line->number, word);
	}
}

static void
report_files(
    const struct site *anyone, const struct config_line *line, FILE *report)
{
	bool allow = anyone->policy->keys.unlisted == UNLISTED_ALLOW;
	char word[CONFIG_WORD], path[KEY_PATH];
	const char *rest = line->value;

	while (config_word(&rest, word)) {
		if (strcasecmp(word, "none") == 0 ||
		    (key_file_path(word, anyone->pw, path, sizeof(path)) &&
			key_file_listed(anyone->policy, anyone->pw, path) !=
			    NULL))
			continue;
		fprintf(report, "%s:%d: ", line->file, line->number);
		if (!allow)
			fprintf(report,
			    "keys in %s are let in only where keys.files of "
			    "the policy has \"%s\"; until then a",
			    word, word);
		fprintf(report, "%s command= there is lost for a key that %s\n",
		    allow ? "a" : "",
		    allow ? "the policy lets pass unlisted: keys.files lacks it"
			  : "also stands in a file that keys.files has");
	}
}

struct exempt {
	const struct config *config;
	bool all;
};

static void
look_at_account(void *ctx, const char *user)
{
	struct exempt *exempt = ctx;

	exempt->all &= config_exempts(exempt->config, user);
}

/* Whether a block before ours leaves all whom a Match names to sshd. */
static bool
is_exempt(const struct config *config, const struct config_line *line)
{
	struct config_line match = {.keyword = "Match", .value = line->match};
	struct config one = {.lines = {&match, 1}};
	struct exempt exempt = {.config = config, .all = true};

	config_criteria(&one, "user", look_at_account, &exempt);
	return exempt.all;
}

/* The accounts of "Match User git", and nothing else; false for patterns. */
static bool
names_accounts(const struct config_line *line, char ret[static CONFIG_WORD])
{
	const char *rest = line->match != NULL ? line->match : "";

	return config_word(&rest, ret) &&
	    (strncasecmp(ret, "user=", 5) == 0
		    ? memmove(ret, ret + 5, strlen(ret + 5) + 1) != NULL
		    : strcasecmp(ret, "user") == 0 &&
			config_word(&rest, ret)) &&
	    ret[strcspn(ret, "*?!")] == '\0' &&
	    rest[strspn(rest, " \t")] == '\0';
}

/*
 * The keys of such an account are for the commands that their lines name, and
 * sshd imposes these where no ForceCommand does.  What the drop-in closes
 * stays closed: only what stands here is decided before it.
 */
static void
report_account(const struct site *anyone, const struct config_line *line,
    const char *users, FILE *report)
{
	bool allow = anyone->policy->keys.unlisted == UNLISTED_ALLOW;

	fprintf(report,
	    "%s:%d: the gate cannot see what keys of %s may run that only %s "
	    "gives, and %s.  With this block in " SITE_FILE
	    ", which comes before ours, sshd itself holds them to their "
	    "command=; nobody is asked for a code there, and a key without "
	    "command= opens a shell:\n"
	    "    Match User %s\n"
	    "        ForceCommand none\n"
	    "        AuthenticationMethods publickey\n"
	    "        PermitTTY no\n"
	    "        DisableForwarding yes\n"
	    "        AllowTcpForwarding no\n"
	    "        AllowStreamLocalForwarding no\n"
	    "        AllowAgentForwarding no\n"
	    "        X11Forwarding no\n"
	    "        PermitTunnel no\n"
	    "        SetEnv SHLVL=0\n",
	    line->file, line->number, users, line->value,
	    allow ? "lets them pass, to a shell (\"unlisted\": \"allow\")"
		  : "refuses them",
	    users);
}

static void
report_command(
    const struct site *anyone, const struct config_line *line, FILE *report)
{
	bool allow = anyone->policy->keys.unlisted == UNLISTED_ALLOW;
	char users[CONFIG_WORD];

	if (names_accounts(line, users)) {
		if (!is_exempt(anyone->config, line))
			report_account(anyone, line, users, report);
		return;
	}
	fprintf(report,
	    "%s:%d: keys that only %s gives are let in %s keys of the policy "
	    "has \"unlisted\": \"allow\"\n" LOST,
	    line->file, line->number, line->value,
	    allow ? "since" : "only where");
}

static void
report_line(struct site *anyone, const struct config_line *line, FILE *report)
{
	bool allow = anyone->policy->keys.unlisted == UNLISTED_ALLOW;

	if (strcasecmp(line->keyword, "AuthorizedKeysFile") == 0 &&
	    line->match == NULL)
		report_unread(anyone, line, report);
	if (strcasecmp(line->value, "none") == 0)
		return;
	if (strcasecmp(line->keyword, "TrustedUserCAKeys") == 0 && !allow)
		report_authorities(anyone, line, report);
	else if (strcasecmp(line->keyword, "AuthorizedKeysFile") == 0)
		report_files(anyone, line, report);
	else if (strcasecmp(line->keyword, "AuthorizedKeysCommand") == 0)
		report_command(anyone, line, report);
}

/* A place is the same for all where it is the same for root. */
void
site_keys(const struct config *config, FILE *report)
{
	const struct passwd *root = getpwuid(0);
	char why[POLICY_WHY_TEXT];
	struct policy policy;
	struct site anyone = {.pw = root, .policy = &policy, .config = config};

	if (root == NULL || caller_policy(&policy, why) != FAULT_NONE)
		return; /* caller_may_enter() says what it is */
	for (size_t i = 0; i < config->lines.count; i++)
		report_line(&anyone, &config->lines.items[i], report);
	policy_done(&policy);
}
