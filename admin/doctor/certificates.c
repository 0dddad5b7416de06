/*
 * Certificates: the gate may refuse what sshd's authorities sign, and cannot
 * see every restriction that sshd knows.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/sshd/keyline.h"
#include "admin/doctor/authorities.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"
#include "store/folder/policy_file.h"

/* One of TrustedUserCAKeys, and whether any in it passes. */
struct judging {
	struct doctor *doctor;
	const struct policy *policy;
	struct doctor_lines *lines; /* of principals */
	bool pass;
};

/* Warns if the gate refuses the certificates of this authority. */
static void
judge_trusted_key(void *ctx, const struct authority *authority)
{
	struct judging *judging = ctx;
	char block[FINDING_FIX];

	if (authority->key.blob == NULL) {
		doctor_warn(judging->doctor, "TYPE KEY, and nothing before it",
		    "%.300s:%d: sshd reads no authority from this line",
		    authority->path, authority->number);
		return;
	}
	if (gate_says(judging->policy, NULL, &authority->key).verdict ==
	    KEY_PASSES) {
		judging->pass = true;
		return;
	}
	snprintf(block, sizeof(block),
	    "in " AUTHORITIES_FILE ", which must be in keys.files of %.500s:\n"
	    "    cert-authority %.1900s",
	    judging->doctor->policy,
	    strlen(authority->line) < 1900 ? authority->line : "THE SAME LINE");
	findings_add_block(&judging->doctor->findings, FINDING_WARN, block,
	    "%.300s:%d: the gate refuses the certificates of this authority, "
	    "which sshd trusts",
	    authority->path, authority->number);
}

/* Judges a file of TrustedUserCAKeys; lines->pass: the gate lets some in. */
static void
judge_trusted_file(void *ctx, const struct held *held)
{
	struct judging *judging = ctx;
	struct doctor *doctor = judging->doctor;
	const char *rest = held->value;
	char path[CONFIG_WORD];

	judging->pass = judging->policy->keys.unlisted == UNLISTED_ALLOW;
	if (!config_word(&rest, path))
		return;
	if (!authorities_each(path, judge_trusted_key, judging))
		doctor_warn(doctor, NULL,
		    "TrustedUserCAKeys %.200s, %.200s: %s: whose certificates "
		    "sshd takes is not known",
		    path, held->where, strerror(errno));
	if (judging->pass)
		doctor_warn(doctor, NULL,
		    "TrustedUserCAKeys %.200s, %.200s: whoever holds that "
		    "authority's key signs who may log in; the gate keeps a "
		    "certificate's force-command",
		    path, held->where);
	judging->lines->pass |= judging->pass;
}

/* A command= beside a principal, where the gate does not look. */
static void
judge_principal(
    struct doctor_lines *lines, const char *path, int number, const char *line)
{
	struct keyline_options options;

	(void)keyline_principal(line, &options);
	if (options.command != NULL)
		findings_add(&lines->doctor->findings,
		    lines->pass ? FINDING_FAIL : FINDING_WARN,
		    lines->pass
			? "the command as force-command of the certificate"
			: NULL,
		    "%.300s:%d: a command= of a principal, which %s", path,
		    number,
		    lines->pass
			? "sshd drops under ForceCommand and the gate does not "
			  "impose again"
			: "would be lost if the gate let certificates in");
	keyline_options_done(&options);
}

static void
count_principals(void *ctx, const struct held *held)
{
	(void)held;
	++*(size_t *)ctx;
}

static void
judge_principals(struct doctor_lines *lines)
{
	struct doctor *doctor = lines->doctor;
	size_t count = 0;

	dump_each_value(&doctor->views, &doctor->lines, lines->keyword,
	    count_principals, &count);
	if (count > 0 && geteuid() == 0)
		doctor_each_file(lines);
	else if (count > 0)
		doctor_warn(doctor, NULL,
		    "the files of AuthorizedPrincipalsFile cannot be read "
		    "(needs root)");
}

/* A program that may print a command= which nobody can see beforehand. */
static void
judge_unseen(
    struct doctor *doctor, const struct held *held, const char *fix, bool pass)
{
	char setting[600];

	if (held->line != NULL)
		snprintf(setting, sizeof(setting), "%.200s: %.60s %.250s",
		    held->where, held->keyword, held->value);
	else
		snprintf(setting, sizeof(setting), "%.60s %.250s, %.200s",
		    held->keyword, held->value, held->where);
	findings_add(&doctor->findings, pass ? FINDING_FAIL : FINDING_WARN, fix,
	    "%.400s: the gate does not see a command= in what it prints, %s",
	    setting,
	    pass ? "and lets such keys pass: who has one gets a shell"
		 : "and refuses such keys");
}

/*
 * The keys of an account of its own are for the commands that their lines name,
 * and sshd imposes these where no ForceCommand does.  What the drop-in closes
 * stays closed there.  False where it is no such account.
 */
static bool
account_block(const struct doctor *doctor, const struct held *held,
    char ret[static FINDING_FIX])
{
	const struct config_line *line = held->line != NULL
	    ? held->line
	    : config_find(&doctor->lines, held->keyword, held->value);
	const struct config_line *gate = config_gate(&doctor->lines);
	const char *slash = gate != NULL ? strrchr(gate->file, '/') : NULL;

	if (slash == NULL || line == NULL || line->match == NULL ||
	    !config_names_users(line->match))
		return false;
	snprintf(ret, FINDING_FIX,
	    "in %.*s" CONFIG_SITE ":\n"
	    "    Match %.600s\n"
	    "        ForceCommand none\n"
	    "        AuthenticationMethods publickey\n"
	    "        PermitTTY no\n"
	    "        DisableForwarding yes\n"
	    "        AllowTcpForwarding no\n"
	    "        AllowStreamLocalForwarding no\n"
	    "        AllowAgentForwarding no\n"
	    "        X11Forwarding no\n"
	    "        PermitTunnel no\n"
	    "        SetEnv SHLVL=0",
	    (int)(slash - gate->file) + 1, gate->file, line->match);
	return true;
}

static void
judge_account(struct doctor *doctor, const struct held *held, const char *block,
    bool pass)
{
	findings_add_block(&doctor->findings,
	    pass ? FINDING_FAIL : FINDING_WARN, block,
	    "%.60s %.200s, %.160s: the gate does not see a command= in what it "
	    "prints, %s; with this block sshd itself holds them to it: nobody "
	    "is asked for a code there, and a key without command= opens a "
	    "shell",
	    held->keyword, held->value, held->where,
	    pass ? "and lets such keys pass, to a shell"
		 : "and refuses such keys");
}

/* Programs that print bare keys alone, whatever they know of them: those of
 * sssd, for FreeIPA and others, and of EC2 Instance Connect. */
static bool
prints_bare_keys(const char *command)
{
	static const char *const names[] = {"sss_ssh_authorizedkeys",
	    "eic_run_authorized_keys", "google_authorized_keys"};
	char word[CONFIG_WORD];
	const char *slash;

	if (!config_word(&command, word) || word[0] != '/')
		return false;
	slash = strrchr(word, '/');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(slash + 1, names[i]) == 0)
			return true;
	return false;
}

/* Everybody whose key stands in no file is refused.  Of a program that is not
 * known it is only a warning: the way out may cost more. */
static void
judge_refused_keys(struct doctor *doctor, const struct held *held, bool bare)
{
	char block[FINDING_FIX];

	snprintf(block, sizeof(block),
	    "in %.1000s:\n    \"keys\": {\"unlisted\": \"allow\"}",
	    doctor->policy);
	findings_add_block(&doctor->findings,
	    bare ? FINDING_FAIL : FINDING_WARN, block,
	    "AuthorizedKeysCommand %.150s, %.160s: whose key only this command "
	    "gives is refused; %s",
	    held->value, held->where,
	    bare ? "it gives keys without a command=, so that this line of the "
		   "policy loses nothing"
		 : "with this line of the policy they get in, and a command= "
		   "that only this program gives is lost: such a key opens a "
		   "shell");
}

static void
judge_keys_command(void *ctx, const struct held *held)
{
	struct judging *judging = ctx;
	struct doctor *doctor = judging->doctor;
	bool pass = judging->policy->keys.unlisted == UNLISTED_ALLOW;
	bool bare = prints_bare_keys(held->value);
	char setting[300], block[FINDING_FIX];

	if (pass && bare)
		findings_note(&doctor->findings,
		    "AuthorizedKeysCommand %.150s, %.160s: it gives keys "
		    "without a command=, and the policy lets them pass",
		    held->value, held->where);
	else if (held->seen && account_block(doctor, held, block))
		judge_account(doctor, held, block, pass);
	else if (pass)
		judge_unseen(doctor, held, "\"unlisted\": \"refuse\"", pass);
	else if (held->seen)
		judge_refused_keys(doctor, held, bare);
	else {
		snprintf(setting, sizeof(setting),
		    "%.200s: AuthorizedKeysCommand", held->where);
		doctor_warn(doctor, NULL,
		    "%.220s is under a Match that takes in nobody whom sshd "
		    "could be asked about: its keys would be refused",
		    setting);
	}
}

/* Beside a Match block, "sshd -T" of OpenSSH 9.2 says "none" of this keyword,
 * so its line counts as well. */
static void
judge_principals_command(void *ctx, const struct held *held)
{
	struct judging *judging = ctx;
	bool pass = judging->lines->pass;

	judge_unseen(judging->doctor, held,
	    pass ? "AuthorizedPrincipalsFile in its place" : NULL, pass);
}

/* Commands of ~/.k5users, by a patch that Fedora and its kin have. */
static void
judge_kerberos(void *ctx, const struct held *held)
{
	struct judging *judging = ctx;

	if (strcasecmp(held->value, "no") != 0)
		doctor_fail(judging->doctor, "GSSAPIEnablek5users no",
		    "%.60s %.60s, %.200s: a command of ~/.k5users is dropped "
		    "under ForceCommand, and the gate does not see it",
		    held->keyword, held->value, held->where);
}

static void
judge_certificates(struct doctor *doctor, const struct policy *policy)
{
	struct doctor_lines lines = {.doctor = doctor,
	    .keyword = "AuthorizedPrincipalsFile",
	    .judge = judge_principal};
	struct judging judging = {
	    .doctor = doctor, .policy = policy, .lines = &lines};
	static const struct {
		const char *keyword;
		dump_held *judge;
	} values[] = {{"TrustedUserCAKeys", judge_trusted_file},
	    {"AuthorizedKeysCommand", judge_keys_command},
	    {"AuthorizedPrincipalsCommand", judge_principals_command},
	    {"GSSAPIEnablek5users", judge_kerberos}};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		dump_each_value(&doctor->views, &doctor->lines,
		    values[i].keyword, values[i].judge, &judging);
	judge_principals(&lines);
	doctor_ok(doctor,
	    "sshd takes no certificates, and asks no command for keys: %zu "
	    "answer%s of sshd -T, %zu line%s of its files",
	    doctor->views.list.count, findings_s(doctor->views.list.count),
	    doctor->lines.lines.count, findings_s(doctor->lines.lines.count));
}

void
doctor_certificates(struct doctor *doctor)
{
	char why[POLICY_WHY_TEXT];
	struct policy policy;

	if (doctor->views.list.count == 0) {
		doctor_warn(doctor, NULL,
		    "whether sshd takes certificates is not known");
		return;
	}
	if (doctor_load_policy(doctor, &policy, why) != FAULT_NONE) {
		doctor_warn(doctor, NULL,
		    "since the policy cannot be read now, which "
		    "certificates pass is not known");
		return;
	}
	judge_certificates(doctor, &policy);
	policy_done(&policy);
}
