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
	const char *ok;
	enum { PLAN_NO = 0, PLAN_FAILS, PLAN_ALL } plan;
} checks[] = {
    {"sshd-config", doctor_accepted, "sshd -t accepts it", PLAN_ALL},
    {"gate", doctor_gate, "every connection meets the gate", PLAN_ALL},
    {"channels", doctor_channels,
	"forwarding, agent, X11 and tunnels are closed for everyone", PLAN_ALL},
    {"environment", doctor_environment,
	"nothing of a client's or a user's runs before the gate", PLAN_ALL},
    {"order", doctor_order,
	"nothing before our Match all or below it undoes it", PLAN_ALL},
    {"drop-in", doctor_drop_in, "its name and place are right", PLAN_ALL},
    {"config-files", doctor_config_files, "only root can write them", PLAN_ALL},
    {"gate-file", doctor_gate_file, "only root can write it", PLAN_ALL},
    {"policy-file", doctor_policy_file, "only root can write it", PLAN_ALL},
    {"socket", doctor_socket, "only root and the keeper can replace it",
	PLAN_NO},
    {"running", doctor_running, "sshd runs with this configuration",
	PLAN_FAILS},
    {"servers", doctor_servers, "there is no other SSH server", PLAN_FAILS},
    {"shells", doctor_shells,
	"each login shell was tried: it runs the gate and nothing else",
	PLAN_ALL},
    {"uids", doctor_uids, "no two names have one uid", PLAN_FAILS},
    {"keys", doctor_keys, "no key has a restriction of its own", PLAN_ALL},
    {"certificates", doctor_certificates,
	"sshd takes no certificates, and asks no command for keys", PLAN_ALL},
    {"pam", doctor_pam, "PAM reads nothing of the user's", PLAN_ALL},
    {"tmp", doctor_tmp, "sshd can write there", PLAN_FAILS},
    {"hidepid", doctor_hidepid, "the keeper can see in /proc who became root",
	PLAN_NO},
    {"sshrc", doctor_sshrc, "there is no /etc/ssh/sshrc", PLAN_ALL},
    {"sftp", doctor_sftp, "the sftp server is there", PLAN_NO},
    {"qr", doctor_qr, "a QR code can be made", PLAN_NO},
    {"openssh", doctor_openssh, "DisableForwarding covers agent and X11",
	PLAN_FAILS},
    {"keeper", doctor_keeper, "it answers", PLAN_NO},
    {"store", doctor_store, "only the keeper can read it; there is room",
	PLAN_NO},
    {"clock", doctor_clock, "it is synchronised", PLAN_NO},
    {"policy", doctor_policy, "it is valid, and its groups are known",
	PLAN_ALL},
    {"probe", doctor_probe, "", PLAN_NO},
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
		checks[i].run(doctor);
		findings_end(findings, checks[i].ok);
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

	doctor_gather(&doctor);
	doctor_run(&doctor, NULL);
	*ret = doctor.findings;
	doctor.findings = (struct findings){.check = NULL};
	doctor_done(&doctor);
	return !ret->failed;
}
