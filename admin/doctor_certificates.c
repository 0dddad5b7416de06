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

#include "authorities.h"
#include "doctor.h"
#include "doctor_person.h"
#include "policy_file.h"

/* Those of sshd that are judged, and whether any passes. */
struct judging {
	struct doctor *doctor;
	const struct policy *policy;
	bool pass;
};

/* Whether the gate lets in what this authority signs; said where not. */
static void
judge_authority(void *ctx, const struct authority *authority)
{
	struct judging *judging = ctx;
	char fix[CONFIG_WORD + 160];

	if (authority_passes(judging->policy, NULL, authority)) {
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
static bool
judge_authorities(
    struct doctor *doctor, const struct policy *policy, const char *path)
{
	struct judging judging = {.doctor = doctor,
	    .policy = policy,
	    .pass = policy->keys.unlisted == UNLISTED_ALLOW};

	if (!authorities_each(path, judge_authority, &judging))
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "TrustedUserCAKeys %.300s: %s: whose certificates sshd "
		    "takes is not known",
		    path, strerror(errno));
	if (judging.pass)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "TrustedUserCAKeys %.200s: whoever holds that authority's "
		    "key signs who may log in; the gate keeps a certificate's "
		    "force-command",
		    path);
	return judging.pass;
}

/* A command= beside a principal, which the gate does not look at. */
static void
judge_principal(
    struct doctor_lines *lines, const char *path, int number, const char *line)
{
	if (!key_options(line).command)
		return;
	findings_add(&lines->doctor->findings,
	    lines->pass ? FINDING_FAIL : FINDING_WARN,
	    lines->pass ? "the command as force-command of the certificate"
			: NULL,
	    "%.300s:%d: a command= of a principal, which %s", path, number,
	    lines->pass ? "sshd drops under ForceCommand and the gate does not "
			  "impose again"
			: "would be lost if the gate let certificates in");
}

static void
judge_principals(struct doctor_lines *lines, const char *words)
{
	if (geteuid() == 0)
		doctor_each_file(lines, words);
	else
		findings_add(&lines->doctor->findings, FINDING_WARN, NULL,
		    "AuthorizedPrincipalsFile %.200s cannot be read (needs "
		    "root)",
		    words);
}

/* Where sshd finds a command= that nobody can look at beforehand. */
static void
judge_unseen(
    struct doctor *doctor, const char *setting, const char *fix, bool pass)
{
	findings_add(&doctor->findings, pass ? FINDING_FAIL : FINDING_WARN,
	    pass ? fix : NULL,
	    "%.300s: the gate does not see a command= in what it prints, %s",
	    setting,
	    pass ? "and lets such keys pass" : "and refuses such keys");
}

/* By the files: beside a Match block, "sshd -T" of 9.2 says none. */
static void
judge_principals_command(struct doctor *doctor, bool pass)
{
	char setting[CONFIG_WORD];

	for (size_t i = 0; i < doctor->lines.lines.count; i++) {
		const struct config_line *line = &doctor->lines.lines.items[i];

		if (strcasecmp(line->keyword, "AuthorizedPrincipalsCommand") !=
			0 ||
		    strcasecmp(line->value, "none") == 0)
			continue;
		snprintf(setting, sizeof(setting), "%.200s:%d: %s %.300s",
		    line->file, line->number, line->keyword, line->value);
		judge_unseen(doctor, setting,
		    "AuthorizedPrincipalsFile in its place", pass);
	}
}

static void
judge_certificates(struct doctor *doctor, const struct policy *policy)
{
	struct doctor_lines lines = {
	    .doctor = doctor, .judge = judge_principal};
	bool allow = policy->keys.unlisted == UNLISTED_ALLOW;
	char value[CONFIG_WORD], setting[CONFIG_WORD];

	if (doctor_setting(doctor, "trustedusercakeys", value) &&
	    strcasecmp(value, "none") != 0)
		lines.pass = judge_authorities(doctor, policy, value);
	if (doctor_setting(doctor, "authorizedprincipalsfile", value) &&
	    strcasecmp(value, "none") != 0)
		judge_principals(&lines, value);
	if (doctor_setting(doctor, "authorizedkeyscommand", value) &&
	    strcasecmp(value, "none") != 0) {
		snprintf(setting, sizeof(setting),
		    "AuthorizedKeysCommand %.300s", value);
		judge_unseen(
		    doctor, setting, "\"unlisted\": \"refuse\"", allow);
	}
	judge_principals_command(doctor, lines.pass);
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
	if (policy_load(doctor->policy, doctor_policy_owner(doctor), &policy,
		why) != FAULT_NONE) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "without a valid policy, which certificates pass is not "
		    "known");
		return;
	}
	judge_certificates(doctor, &policy);
	policy_done(&policy);
}
