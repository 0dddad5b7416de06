/*
 * The checks of sshd's answers on its configuration.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/scope.h"
#include "store/system/child.h"

#define SSHD_MS 10000

/* sshd's own words on a machine where it was never started. */
static const char no_folder[] = "Missing privilege separation directory: ";

void
doctor_accepted(struct doctor *doctor)
{
	scoped_free struct child *child = malloc(sizeof(*child));
	char why[400], fix[440] = "";

	if (child == NULL) {
		doctor_warn(doctor, NULL, "%s could not be asked: %s",
		    DOCTOR_SSHD, strerror(errno));
		return;
	}
	doctor_ok(
	    doctor, "%s -t -f %.200s accepts it", DOCTOR_SSHD, doctor->config);
	child_run((const char *const[]){DOCTOR_SSHD, "-t", "-f",
		      doctor_asked(doctor), NULL},
	    SSHD_MS, child);
	if (child->status == 0)
		return;
	doctor_first_line(child->err.text,
	    child->status == CHILD_RUNNING ? "did not end within 10 seconds"
					   : "cannot be run",
	    why, sizeof(why));
	planned_copy_rename(&doctor->copy, why, sizeof(why));
	if (strncmp(why, no_folder, sizeof(no_folder) - 1) == 0)
		snprintf(fix, sizeof(fix), "install -d -m 0755 %s",
		    why + sizeof(no_folder) - 1);
	findings_add(&doctor->findings,
	    geteuid() == 0 && child->status != 127 ? FINDING_FAIL
						   : FINDING_WARN,
	    fix, "%s -t -f %.200s: %s%s", DOCTOR_SSHD, doctor->config, why,
	    geteuid() == 0 ? "" : " (needs root)");
}

static bool
has_views(struct doctor *doctor)
{
	if (doctor->no_views[0] != '\0')
		findings_add(&doctor->findings,
		    geteuid() == 0 && doctor->views.list.count == 0
			? FINDING_FAIL
			: FINDING_WARN,
		    NULL, "%s: %s%s",
		    doctor->views.list.count == 0
			? "what sshd does is not known, since sshd -T fails"
			: "not every connection was looked at",
		    doctor->no_views, geteuid() == 0 ? "" : " (needs root)");
	return doctor->views.list.count > 0;
}

/* Sets the "ok" text, with the number of connections that it holds for. */
static void
say_connections(struct doctor *doctor, const char *what)
{
	char whom[400];

	scope_say(&doctor->lines, whom, sizeof(whom));
	doctor_ok(doctor,
	    "%s%s%.200s: sshd -T says so of %zu connection%s, all that Match "
	    "lines tell apart",
	    what, whom[0] != '\0' ? ", for " : "", whom, doctor->asked,
	    findings_s(doctor->asked));
}

/* sshd tells the gate all keys that it asked for, and the gate can judge
 * one. */
static void
judge_methods(void *ctx, const struct held *held)
{
	static const char key[] = "publickey";
	struct doctor *doctor = ctx;
	const char *rest = held->value;
	char word[CONFIG_WORD];

	while (config_word(&rest, word)) {
		const char *first = strcasestr(word, key);

		if (first != NULL &&
		    strcasestr(first + sizeof(key) - 1, key) != NULL)
			doctor_fail(doctor,
			    "AuthenticationMethods with one publickey",
			    "AuthenticationMethods %.200s, %.200s: the gate "
			    "refuses a login by two keys",
			    word, held->where);
	}
}

void
doctor_gate(struct doctor *doctor)
{
	if (!has_views(doctor))
		return;
	dump_judge_gate(&doctor->views, &doctor->lines, &doctor->findings);
	dump_each_value(&doctor->views, &doctor->lines, "AuthenticationMethods",
	    judge_methods, doctor);
	say_connections(doctor, "every connection meets the gate");
}

void
doctor_channels(struct doctor *doctor)
{
	if (!has_views(doctor))
		return;
	dump_judge_settings(&doctor->views, &doctor->lines, GUARD_CHANNELS,
	    false, &doctor->findings);
	if (scope_is_partial(&doctor->lines))
		say_connections(
		    doctor, "forwarding, agent, X11 and tunnels are closed");
	else
		say_connections(doctor,
		    dump_has(&doctor->views, true)
			? "forwarding, agent, X11 and tunnels are closed for "
			  "everyone but at the door"
			: "forwarding, agent, X11 and tunnels are closed for "
			  "everyone");
}

void
doctor_environment(struct doctor *doctor)
{
	if (!has_views(doctor))
		return;
	dump_judge_settings(&doctor->views, &doctor->lines, GUARD_ENVIRONMENT,
	    false, &doctor->findings);
	dump_judge_variables(&doctor->views, &doctor->lines, &doctor->findings);
	say_connections(doctor,
	    "SetEnv, AcceptEnv, PermitUserEnvironment and PermitUserRC let no "
	    "variable of a client's or a user's run code before the gate");
}

/* Lines for nobody before whom the gate stands can do it no harm. */
static void
judge_order(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	struct config near = doctor->lines;
	int block = -1;
	bool matters = true;

	near.lines.items = NULL;
	near.lines.count = 0;
	list_each(const struct config_line, line, doctor->lines.lines) {
		struct config_line *slot;

		if (line->block != block)
			matters = scope_matters(
			    &doctor->lines, line->match, line > gate);
		block = line->block;
		if (!matters)
			continue;
		slot = list_add(&near.lines, sizeof(*slot));
		if (slot == NULL) {
			near.failed = true;
			break;
		}
		*slot = *line;
	}
	config_judge(&near, doctor->door, &doctor->findings);
	free(near.lines.items);
}

void
doctor_order(struct doctor *doctor)
{
	if (doctor->lines.lines.count == 0)
		doctor_warn(
		    doctor, NULL, "%.200s could not be read", doctor->config);
	else
		judge_order(doctor);
	doctor_ok(doctor,
	    "nothing before the gate's lines or below them undoes them, in %zu "
	    "line%s of %.200s and of the files that it includes",
	    doctor->lines.lines.count, findings_s(doctor->lines.lines.count),
	    doctor->config);
}
