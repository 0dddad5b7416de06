/*
 * The command doctor.  Of a machine on which setup was not run it says that,
 * and what would stop setup: on such a machine most checks would fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/library.h"
#include "admin/setup/setup.h"

static void
print_finding_json(const struct finding *finding)
{
	char fix[FINDING_FIX];

	finding_fix(finding, fix);
	printf("{\"check\":\"%s\",\"status\":\"%s\"", finding->check,
	    finding_word(finding->status));
	admin_print_string(",\"detail\":", finding->detail);
	admin_print_string(",\"fix\":", fix);
	printf("}\n");
}

static void
print_finding(const struct doctor *doctor, const struct finding *finding)
{
	if (doctor->progress != NULL)
		progress_hide(doctor->progress);
	if (doctor->admin->json)
		print_finding_json(finding);
	else
		finding_print(stdout, finding,
		    isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL);
	fflush(stdout);
}

/* The machine's own configuration, which setup is for. */
static bool
is_machine(const struct doctor *doctor)
{
	return doctor->admin->config == NULL && doctor->keeper.store == NULL;
}

static bool
is_set_up(const struct doctor *doctor)
{
	return !is_machine(doctor) || doctor->lines.files.count == 0 ||
	    config_gate(&doctor->lines) != NULL;
}

/* Calls found, unless it is NULL, with each finding from there on. */
static void
say_found(const struct doctor *doctor, size_t from, doctor_found *found)
{
	for (size_t i = from; found != NULL && i < doctor->findings.list.count;
	     i++)
		found(doctor, &doctor->findings.list.items[i]);
}

static void
judge_setup(struct doctor *doctor, doctor_found *found)
{
	struct findings *findings = &doctor->findings;

	findings_begin(findings, "setup");
	setup_judge_journal(findings);
	if (is_machine(doctor) && doctor->lines.files.count == 0)
		findings_warn(findings, NULL,
		    "whether tfa is set up here is not known: %s",
		    doctor->no_views);
	else if (!is_set_up(doctor))
		findings_fail(findings, "tfa-admin setup",
		    "tfa is not set up here: sshd asks nobody for a code");
	findings_end(findings, "no setup is under way");
	say_found(doctor, 0, found);
}

/* Only root can read all that setup would. */
static void
judge_obstacles(struct doctor *doctor, doctor_found *found)
{
	struct findings obstacles = {.check = NULL};
	size_t before = doctor->findings.list.count;

	if (geteuid() != 0 || !setup_judge(doctor->admin, &obstacles)) {
		findings_begin(&doctor->findings, "setup");
		doctor_warn(doctor, NULL,
		    "what would stop setup is not known%s",
		    geteuid() == 0 ? "" : " (needs root)");
	}
	for (size_t i = 0; i < obstacles.list.count; i++)
		if (obstacles.list.items[i].status == FINDING_FAIL)
			findings_copy(
			    &doctor->findings, &obstacles.list.items[i]);
	findings_done(&obstacles);
	say_found(doctor, before, found);
}

/* All of it; doctor_done() in any case. */
static void
examine(struct doctor *doctor, const struct admin *admin, doctor_found *found)
{
	struct progress progress;

	progress_begin(&progress, DOCTOR_ASKS, 0);
	*doctor = (struct doctor){.admin = admin,
	    .config = admin->config != NULL ? admin->config : CONFIG_DEFAULT,
	    .keeper = admin->keeper,
	    .policy = admin->policy,
	    .progress = found != NULL ? &progress : NULL};
	doctor_gather(doctor);
	judge_setup(doctor, found);
	if (is_set_up(doctor))
		doctor_run(doctor, found);
	else
		judge_obstacles(doctor, found);
	progress_end(&progress);
	doctor->progress = NULL;
}

bool
doctor_findings(const struct admin *admin, struct findings *ret)
{
	struct admin quiet = *admin;
	struct doctor doctor;

	quiet.probe = quiet.key = quiet.config = NULL;
	examine(&doctor, &quiet, NULL);
	*ret = doctor.findings;
	doctor.findings = (struct findings){.check = NULL};
	doctor_done(&doctor);
	return !ret->failed;
}

int
admin_doctor(struct admin *admin, int argc, char **argv)
{
	struct doctor doctor;
	int status;

	(void)argc;
	(void)argv;
	if ((admin->probe == NULL) != (admin->key == NULL) ||
	    (admin->code && admin->probe == NULL)) {
		admin_say("%s",
		    admin->probe != NULL
			? "--probe needs -i KEY: the user's private key"
			: "-i and --code need --probe USER");
		return ADMIN_MISUSED;
	}
	if (admin->probe != NULL && !admin_is_user(admin->probe))
		return ADMIN_NOT;
	examine(&doctor, admin, print_finding);
	status = findings_count(&doctor.findings, FINDING_FAIL) > 0 ||
		doctor.findings.failed
	    ? ADMIN_NOT
	    : ADMIN_DONE;
	doctor_done(&doctor);
	return status;
}
