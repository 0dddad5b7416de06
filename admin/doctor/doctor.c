#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"

static const struct {
	const char *name;
	doctor_check *run;
	const char *ok;
} checks[] = {
    {"setup", doctor_setup, "no setup is under way"},
    {"sshd-config", doctor_accepted, "sshd -t accepts it"},
    {"gate", doctor_gate, "every connection meets the gate"},
    {"channels", doctor_channels,
	"forwarding, agent, X11 and tunnels are closed for everyone"},
    {"environment", doctor_environment,
	"nothing of a client's or a user's runs before the gate"},
    {"order", doctor_order,
	"nothing before our Match all or below it undoes it"},
    {"drop-in", doctor_drop_in, "its name and place are right"},
    {"config-files", doctor_config_files, "only root can write them"},
    {"gate-file", doctor_gate_file, "only root can write it"},
    {"policy-file", doctor_policy_file, "only root can write it"},
    {"socket", doctor_socket, "only root and the keeper can replace it"},
    {"running", doctor_running, "sshd runs with this configuration"},
    {"servers", doctor_servers, "there is no other SSH server"},
    {"shells", doctor_shells,
	"each login shell was tried: it runs the gate and nothing else"},
    {"uids", doctor_uids, "no two names have one uid"},
    {"keys", doctor_keys, "no key has a restriction of its own"},
    {"certificates", doctor_certificates,
	"sshd takes no certificates, and asks no command for keys"},
    {"pam", doctor_pam, "PAM reads nothing of the user's"},
    {"tmp", doctor_tmp, "sshd can write there"},
    {"hidepid", doctor_hidepid, "the keeper can see in /proc who became root"},
    {"sshrc", doctor_sshrc, "there is no /etc/ssh/sshrc"},
    {"sftp", doctor_sftp, "the sftp server is there"},
    {"qr", doctor_qr, "a QR code can be made"},
    {"openssh", doctor_openssh, "DisableForwarding covers agent and X11"},
    {"keeper", doctor_keeper, "it answers"},
    {"store", doctor_store, "only the keeper can read it; there is room"},
    {"clock", doctor_clock, "it is synchronised"},
    {"policy", doctor_policy, "it is valid, and its groups are known"},
    {"probe", doctor_probe, ""},
};
#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static const char *const words[] = {
    [FINDING_OK] = "ok", [FINDING_WARN] = "warn", [FINDING_FAIL] = "FAIL"};
static const char *const colours[] = {[FINDING_OK] = "\033[32m",
    [FINDING_WARN] = "\033[33m",
    [FINDING_FAIL] = "\033[1;31m"};

static void
print_json(const struct finding *finding)
{
	printf("{\"check\":\"%s\",\"status\":\"%s\",\"detail\":",
	    finding->check, words[finding->status]);
	admin_print_string(finding->detail);
	printf(",\"fix\":");
	admin_print_string(finding->fix);
	printf("}\n");
}

static void
print_line(const struct finding *finding, bool colour)
{
	const char *word = words[finding->status];

	if (colour)
		printf("%s%-4s\033[0m", colours[finding->status], word);
	else
		printf("%-4s", word);
	printf("  %-13s %s", finding->check, finding->detail);
	if (finding->fix[0] != '\0')
		printf("; fix: %s", finding->fix);
	putchar('\n');
}

/* Those from number first on, a line each. */
static void
print_findings(
    const struct findings *findings, size_t first, bool json, bool colour)
{
	for (size_t i = first; i < findings->list.count; i++) {
		if (json)
			print_json(&findings->list.items[i]);
		else
			print_line(&findings->list.items[i], colour);
	}
}

static void
run_checks(struct doctor *doctor, bool colour)
{
	for (size_t i = 0; i < CHECKS; i++) {
		size_t before = doctor->findings.list.count;

		if (checks[i].run == doctor_probe &&
		    doctor->admin->probe == NULL)
			continue;
		findings_begin(&doctor->findings, checks[i].name);
		checks[i].run(doctor);
		findings_end(&doctor->findings, checks[i].ok);
		print_findings(
		    &doctor->findings, before, doctor->admin->json, colour);
		fflush(stdout);
	}
}

/* The socket that the gate asks, and whoever may answer there. */
static void
follow_gate(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	const char *rest = gate != NULL ? gate->value : "";
	char word[CONFIG_WORD];

	if (!config_word(&rest, doctor->gate))
		return;
	while (config_word(&rest, word))
		if (strcmp(word, "--socket") == 0)
			config_word(&rest, doctor->socket);
		else if (strncmp(word, "--socket=", 9) == 0)
			snprintf(doctor->socket, sizeof(doctor->socket), "%s",
			    word + 9);
	if (doctor->socket[0] != '\0' && doctor->keeper.store == NULL)
		doctor->keeper.socket = doctor->socket;
}

int
admin_doctor(struct admin *admin, int argc, char **argv)
{
	struct doctor doctor = {.admin = admin,
	    .config = admin->config != NULL ? admin->config : CONFIG_DEFAULT,
	    .keeper = admin->keeper,
	    .policy = admin->policy};
	bool colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	int status;

	(void)argv;
	if (argc != 0 || (admin->probe == NULL) != (admin->key == NULL))
		return ADMIN_MISUSED;
	doctor_gather(&doctor);
	follow_gate(&doctor);
	run_checks(&doctor, colour);
	status = findings_count(&doctor.findings, FINDING_FAIL) > 0 ||
		doctor.findings.failed
	    ? ADMIN_NOT
	    : ADMIN_DONE;
	findings_done(&doctor.findings);
	views_done(&doctor.views);
	kinds_done(&doctor.kinds);
	config_done(&doctor.lines);
	return status;
}
