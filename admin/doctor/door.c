/*
 * The check "door".  The drop-in gives the door its port; without one there is
 * no door, and a connection at any port is judged as all others are.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/door.h"
#include "admin/doctor/doctor.h"

/* A port in our drop-in in another spelling is no door's: whoever starts the
 * door does not find it either. */
static void
judge_spelling(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);

	list_each(const struct config_line, line, doctor->lines.lines)
		if (doctor->door == 0 && gate != NULL &&
		    strcmp(line->file, gate->file) == 0 &&
		    config_has_keyword(line, "match") &&
		    strncasecmp(line->value, "localport", 9) == 0)
			doctor_warn(doctor,
			    "one \"" GUARD_DOOR_MATCH
			    "PORT\", as tfa-admin setup --door writes it",
			    "%.200s:%d: Match %.100s: that is not the door's "
			    "block, and what holds there is judged as for any "
			    "other port",
			    line->file, line->number, line->value);
}

static void
judge_ports(struct doctor *doctor)
{
	char fix[CONFIG_WORD + 64];

	if (doctor->door_is_sshds)
		doctor_fail(doctor, "tfa-admin setup --door with another port",
		    "port %d is the door's and sshd's own: sshd would open "
		    "there what only the door may open",
		    doctor->door);
	list_each(const struct config_line, line, doctor->lines.lines) {
		if (!config_has_keyword(line, "listenaddress") ||
		    !door_loses_port(line->value))
			continue;
		snprintf(fix, sizeof(fix),
		    "ListenAddress %.*s, and its port "
		    "in a line \"Port\"",
		    (int)(strrchr(line->value, ':') - line->value),
		    line->value);
		doctor_fail(doctor, fix,
		    "%.200s:%d: ListenAddress %.100s: its port counts before "
		    "the door's, so the door would listen there",
		    line->file, line->number, line->value);
	}
}

static void
judge_settings(struct doctor *doctor)
{
	static const enum guard_group groups[] = {
	    GUARD_ASKS, GUARD_CHANNELS, GUARD_ENVIRONMENT, GUARD_OPENS};

	if (!dump_has(&doctor->views, true))
		findings_add(&doctor->findings,
		    geteuid() == 0 ? FINDING_FAIL : FINDING_WARN, NULL,
		    "what sshd does at port %d is not known: %s%s",
		    doctor->door, doctor->no_views,
		    geteuid() == 0 ? "" : " (needs root)");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		dump_judge_settings(&doctor->views, &doctor->lines, groups[i],
		    true, &doctor->findings);
}

/* A line before our Match all holds at the door, too, and is judged by
 * sshd's answers. */
static void
judge_site_methods(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);

	list_each(const struct config_line, line, doctor->lines.lines) {
		if (!config_has_keyword(line, "authenticationmethods") ||
		    (line->match != NULL &&
			(line < gate || config_match_port(line->match) != 0)) ||
		    !door_asks_less(line->value))
			continue;
		doctor_warn(doctor, NULL,
		    "%.200s:%d: AuthenticationMethods %.100s: that holds at "
		    "other ports: the door asks for a key and a code alone",
		    line->file, line->number, line->value);
	}
}

/* sshd asks after each method whether root may use it, and only a key is more
 * than a password to it. */
static void
note_root(struct doctor *doctor)
{
	char value[CONFIG_WORD];

	list_each(const struct view, view, doctor->views.list) {
		if (!view->door || strcmp(view->user, "root") != 0 ||
		    !dump_value(view, "permitrootlogin", value) ||
		    (strcasecmp(value, "prohibit-password") != 0 &&
			strcasecmp(value, "without-password") != 0))
			continue;
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "note: root cannot use the door under PermitRootLogin "
		    "%.40s: sshd takes a key and nothing else from root",
		    value);
		break;
	}
}

/* OpenSSH 9.8 and later; others do not print it. */
static void
note_penalties(struct doctor *doctor)
{
	char value[CONFIG_WORD];

	if (doctor_setting(doctor, "persourcepenalties", value) &&
	    strcasecmp(value, "no") != 0)
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "note: PerSourcePenalties: after some wrong codes sshd "
		    "turns an address away for a time, and with it all who "
		    "share it; PerSourcePenaltyExemptList exempts networks");
}

static bool
opens(int forwarding)
{
	return forwarding == FORWARDING_AFTER_CODE ||
	    forwarding == FORWARDING_OPEN;
}

/* The check "policy" says why one cannot be read. */
static void
judge_forwarding(struct doctor *doctor)
{
	char why[POLICY_WHY_TEXT];
	struct policy policy;
	bool open;

	if (doctor_load_policy(doctor, &policy, why) != FAULT_NONE)
		return;
	open = opens(policy.forwarding);
	list_each(const struct rule, rule, policy.rules)
		open |= opens(rule->forwarding);
	policy_done(&policy);
	if (!open)
		doctor_warn(doctor,
		    "tfa-admin forward TARGET after-code, for those who may",
		    "%.300s: forwarding is closed for everyone: nobody passes "
		    "the door",
		    doctor->policy);
}

static void
judge_all_of_it(struct doctor *doctor)
{
	size_t before = doctor->findings.list.count;

	judge_ports(doctor);
	if (!doctor->door_is_sshds)
		judge_settings(doctor);
	judge_site_methods(doctor);
	door_judge_files(doctor);
	judge_forwarding(doctor);
	if (doctor->planned == NULL) /* setup starts it */
		door_judge_process(doctor);
	if (doctor->findings.list.count == before)
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "port %d: PAM asks for the code there before any channel "
		    "is open, as sshd -T and " DOOR_PAM " say%s",
		    doctor->door,
		    doctor->planned == NULL
			? ", and the sshd that listens there was started so"
			: "");
	note_root(doctor);
	note_penalties(doctor);
}

void
doctor_door(struct doctor *doctor)
{
	doctor_ok(doctor, "there is none: a session is all that a code opens");
	judge_spelling(doctor);
	if (doctor->door != 0)
		judge_all_of_it(doctor);
	else if (doctor->planned == NULL)
		door_judge_process(doctor);
}
