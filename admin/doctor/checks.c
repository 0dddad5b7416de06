/*
 * The checks of doctor, in the order in which they are shown.  Each also judges
 * what setup plans, unless the row says PLAN_NO: the keeper and its folder are
 * not there yet, or no hole can be found.  Of a check that does not depend on
 * the plan only a FAIL counts then: PLAN_FAILS.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/doctor.h"

static const struct {
	const char *name;
	doctor_check *run;
	enum { PLAN_NO = 0, PLAN_FAILS, PLAN_ALL } plan;
} checks[] = {
    {"sshd-config", doctor_accepted, PLAN_ALL},
    {"scope", doctor_scope, PLAN_ALL},
    {"gate", doctor_gate, PLAN_ALL},
    {"channels", doctor_channels, PLAN_ALL},
    {"environment", doctor_environment, PLAN_ALL},
    {"order", doctor_order, PLAN_ALL},
    {"drop-in", doctor_drop_in, PLAN_ALL},
    {"config-files", doctor_config_files, PLAN_ALL},
    {"gate-file", doctor_gate_file, PLAN_ALL},
    {"policy-file", doctor_policy_file, PLAN_ALL},
    {"socket", doctor_socket, PLAN_NO},
    {"running", doctor_running, PLAN_FAILS},
    {"servers", doctor_servers, PLAN_FAILS},
    {"door", doctor_door, PLAN_ALL},
    {"shells", doctor_shells, PLAN_ALL},
    {"sftp-only", doctor_sftp_only, PLAN_ALL},
    {"uids", doctor_uids, PLAN_FAILS},
    {"keys", doctor_keys, PLAN_ALL},
    {"certificates", doctor_certificates, PLAN_ALL},
    {"hardware-keys", doctor_hardware, PLAN_ALL},
    {"pam", doctor_pam, PLAN_ALL},
    {"tmp", doctor_tmp, PLAN_FAILS},
    {"hidepid", doctor_hidepid, PLAN_NO},
    {"sshrc", doctor_sshrc, PLAN_ALL},
    {"sftp", doctor_sftp, PLAN_NO},
    {"qr", doctor_qr, PLAN_NO},
    {"openssh", doctor_openssh, PLAN_FAILS},
    {"keeper", doctor_keeper, PLAN_NO},
    {"store", doctor_store, PLAN_NO},
    {"fleet", doctor_fleet, PLAN_NO},
    {"clock", doctor_clock, PLAN_NO},
    {"policy", doctor_policy, PLAN_ALL},
    {"probe", doctor_probe, PLAN_NO},
};
#define CHECKS (sizeof(checks) / sizeof(checks[0]))

/* Takes away what was found since then, but for a FAIL. */
static void
keep_fails(struct findings *findings, size_t from)
{
	for (size_t i = findings->list.count; i-- > from;)
		if (findings->list.items[i].status != FINDING_FAIL)
			list_drop(
			    &findings->list, sizeof(*findings->list.items), i);
}

void
doctor_run(struct doctor *doctor, doctor_found *found)
{
	struct findings *findings = &doctor->findings;

	for (size_t i = 0; i < CHECKS; i++) {
		size_t before = findings->list.count;

		if ((checks[i].run == doctor_probe &&
			doctor->admin->probe == NULL) ||
		    (doctor->planned != NULL && checks[i].plan == PLAN_NO))
			continue;
		findings_begin(findings, checks[i].name);
		if (doctor->progress != NULL)
			doctor->progress->what = checks[i].name;
		doctor_step(doctor);
		checks[i].run(doctor);
		findings_end(findings, "no fault was found");
		if (doctor->planned != NULL && checks[i].plan == PLAN_FAILS)
			keep_fails(findings, before);
		for (size_t k = before;
		     found != NULL && k < findings->list.count; k++)
			found(doctor, &findings->list.items[k]);
	}
}

bool
doctor_judge_planned(const struct admin *admin, const struct planned *planned,
    struct findings *ret)
{
	struct doctor doctor = {.admin = admin,
	    .config = CONFIG_DEFAULT,
	    .planned = planned,
	    .keeper = admin->keeper,
	    .policy = admin->policy};
	struct progress progress;

	progress_begin(&progress, DOCTOR_ASKS, 0);
	doctor.progress = &progress;
	doctor_gather(&doctor);
	doctor_run(&doctor, NULL);
	progress_end(&progress);
	doctor.progress = NULL;
	*ret = doctor.findings;
	doctor.findings = (struct findings){.check = NULL};
	doctor_done(&doctor);
	return !ret->failed;
}
