/*
 * Certificates: whether the gate lets in what sshd's authorities sign, and
 * which restrictions of theirs it would not see.
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
	const struct held *held;
	bool pass;
};

/* Whether the gate lets in what this authority signs; said where not. */
static void
judge_authority(void *ctx, const struct authority *authority)
{
	struct judging *judging = ctx;
	char fix[CONFIG_WORD + 160];

	if (authority->key.blob == NULL) {
		findings_add(&judging->doctor->findings, FINDING_WARN,
		    "TYPE KEY, and nothing before it",
		    "%.300s:%d: sshd reads no authority from this line",
		    authority->path, authority->number);
		return;
	}
	if (gate_says(judging->policy, NULL, &authority->key).verdict ==
	    KEY_PASSES) {
		judging->pass = true;
		return;
	}
	snprintf(fix, sizeof(fix),
	    "this line with \"cert-authority \" before it in " AUTHORITIES_FILE
	    ", and that name in keys.files of %.500s",
	    judging->doctor->policy);
	findings_add(&judging->doctor->findings, FINDING_WARN, fix,
	    "%.300s:%d: the gate refuses the certificates of this authority, "
	    "which sshd trusts",
	    authority->path, authority->number);
}

/* Whether the gate lets certificates of any of sshd's authorities in. */
static void
judge_authorities(void *ctx, const struct held *held)
{
	struct judging *judging = ctx;
	struct doctor *doctor = judging->doctor;
	const char *rest = held->value;
	char path[CONFIG_WORD];

	judging->pass = judging->policy->keys.unlisted == UNLISTED_ALLOW;
	if (!config_word(&rest, path))
		return;
	if (!authorities_each(path, judge_authority, judging))
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "TrustedUserCAKeys %.200s, %.200s: %s: whose certificates "
		    "sshd takes is not known",
		    path, held->where, strerror(errno));
	if (judging->pass)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "TrustedUserCAKeys %.200s, %.200s: whoever holds that "
		    "authority's key signs who may log in; the gate keeps a "
		    "certificate's force-command",
		    path, held->where);
	judging->lines->pass |= judging->pass;
}

/* A command= beside a principal, which the gate does not look at. */
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
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "the files of AuthorizedPrincipalsFile cannot be read "
		    "(needs root)");
}

/* Where sshd finds a command= that nobody can look at beforehand. */
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

static void
judge_keys_command(void *ctx, const struct held *held)
{
	struct judging *judging = ctx;
	bool pass = judging->policy->keys.unlisted == UNLISTED_ALLOW;
	char setting[300];

	if (held->seen || pass) {
		judge_unseen(judging->doctor, held,
		    pass ? "\"unlisted\": \"refuse\", and the Match block of "
			   "tfa-gate(8) for an account whose keys it gives"
			 : "the Match block of tfa-gate(8), if it is for an "
			   "account of its own",
		    pass);
		return;
	}
	snprintf(setting, sizeof(setting), "%.200s: AuthorizedKeysCommand",
	    held->where);
	findings_add(&judging->doctor->findings, FINDING_WARN, NULL,
	    "%.220s is under a Match that takes in nobody whom sshd could be "
	    "asked about: its keys would be refused",
	    setting);
}

/* Beside a Match block, "sshd -T" of 9.2 says none: so its line counts. */
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
		findings_add(&judging->doctor->findings, FINDING_FAIL,
		    "GSSAPIEnablek5users no",
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
	} values[] = {{"TrustedUserCAKeys", judge_authorities},
	    {"AuthorizedKeysCommand", judge_keys_command},
	    {"AuthorizedPrincipalsCommand", judge_principals_command},
	    {"GSSAPIEnablek5users", judge_kerberos}};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		dump_each_value(&doctor->views, &doctor->lines,
		    values[i].keyword, values[i].judge, &judging);
	judge_principals(&lines);
	findings_ok(&doctor->findings,
	    "sshd takes no certificates, and asks no command for keys: %zu "
	    "answers of sshd -T, %zu lines of its files",
	    doctor->views.list.count, doctor->lines.lines.count);
}

void
doctor_certificates(struct doctor *doctor)
{
	char why[POLICY_WHY_TEXT];
	struct policy policy;

	if (doctor->views.list.count == 0) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "whether sshd takes certificates is not known");
		return;
	}
	if (policy_file_load(doctor->policy, doctor_policy_owner(doctor),
		&policy, why) != FAULT_NONE) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "without a valid policy, which certificates pass is not "
		    "known");
		return;
	}
	judge_certificates(doctor, &policy);
	policy_done(&policy);
}
