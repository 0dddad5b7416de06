/*
 * The rest of the system: what else runs or reads before the gate.
 */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_daemon.h"
#include "file.h"
#include "scan.h"

#define PAM_FILE   "/etc/pam.d/sshd"
#define SSHRC      "/etc/ssh/sshrc"
#define SSHD_BYTES (16UL << 20)

/* The line on which PAM lets the user's ~/.pam_environment in; 0: none. */
static int
user_readenv_line(const char *text)
{
	int number = 1;

	while (text != NULL) {
		size_t len = strcspn(text, "\n");

		if (text[strspn(text, " \t")] != '#' &&
		    memmem(text, len, "user_readenv=1", 14) != NULL)
			return number;
		text = text[len] != '\0' ? text + len + 1 : NULL;
		number++;
	}
	return 0;
}

void
doctor_pam(struct doctor *doctor)
{
	scoped_free char *text = NULL;
	char value[CONFIG_WORD];
	int line;

	if (!doctor_setting(doctor, "usepam", value)) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "whether sshd uses PAM is not known");
		return;
	}
	if (strcasecmp(value, "yes") != 0)
		return;
	text = read_whole(PAM_FILE);
	if (text == NULL) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    PAM_FILE ": %s: whether it reads files of the user's is "
			     "not known",
		    strerror(errno));
		return;
	}
	line = user_readenv_line(text);
	if (line > 0)
		findings_add(&doctor->findings, FINDING_WARN, "user_readenv=0",
		    PAM_FILE ":%d: user_readenv=1 takes variables from "
			     "~/.pam_environment; only our SetEnv beats them",
		    line);
}

void
doctor_hidepid(struct doctor *doctor)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	const struct mntent *mount;

	if (mounts == NULL) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "/proc/mounts: %s", strerror(errno));
		return;
	}
	while ((mount = getmntent(mounts)) != NULL) {
		const char *option = hasmntopt(mount, "hidepid");

		if (strcmp(mount->mnt_type, "proc") == 0 &&
		    strcmp(mount->mnt_dir, "/proc") == 0 && option != NULL &&
		    strncmp(option, "hidepid=0", 9) != 0 &&
		    strncmp(option, "hidepid=off", 11) != 0)
			findings_add(&doctor->findings, FINDING_WARN,
			    "mount -o remount,hidepid=0 /proc",
			    "/proc is mounted with hidepid: logins work, but "
			    "the log cannot name who became root");
	}
	endmntent(mounts);
}

void
doctor_sshrc(struct doctor *doctor)
{
	struct stat st;

	if (stat(SSHRC, &st) < 0) {
		if (errno != ENOENT)
			findings_add(&doctor->findings, FINDING_WARN, NULL,
			    SSHRC ": %s: whether it runs before the gate is "
				  "not known",
			    strerror(errno));
		return;
	}
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		findings_add(&doctor->findings, FINDING_FAIL,
		    "chown root " SSHRC "; chmod 0644 " SSHRC,
		    SSHRC " runs before the gate, and others than root can "
			  "write it");
	else
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    SSHRC " runs before the gate, for everyone: see that it "
			  "starts nothing of the user's");
}

void
doctor_sftp(struct doctor *doctor)
{
	const char *at = doctor->views.list.count > 0
	    ? doctor->views.list.items[0].dump
	    : "";
	char value[CONFIG_WORD], path[CONFIG_WORD];
	const char *rest;

	while (dump_next(&at, "subsystem", value)) {
		rest = value;
		if (!config_word(&rest, path) || strcmp(path, "sftp") != 0 ||
		    !config_word(&rest, path))
			continue;
		if (strcmp(path, "internal-sftp") == 0)
			snprintf(
			    path, sizeof(path), "/usr/lib/openssh/sftp-server");
		if (access(path, X_OK) != 0)
			findings_add(&doctor->findings, FINDING_WARN,
			    "apt-get install openssh-sftp-server",
			    "%.200s: %s: sftp and scp cannot work", path,
			    strerror(errno));
		return;
	}
	if (doctor->views.list.count == 0)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "whether sftp and scp can work is not known");
	else
		findings_add(&doctor->findings, FINDING_WARN,
		    "Subsystem sftp /usr/lib/openssh/sftp-server",
		    "no Subsystem sftp: sftp and scp cannot work");
}

/* What people who set up a device are spared: to type a key. */
void
doctor_qr(struct doctor *doctor)
{
	if (!scan_works())
		findings_add(&doctor->findings, FINDING_WARN,
		    "apt-get install libqrencode4",
		    "tfa-qr or libqrencode is not installed, or does not "
		    "work: people set up their app by typing a key");
}

bool
doctor_version(char *ret, size_t size)
{
	scoped_fd int fd = open(DOCTOR_SSHD, O_RDONLY | O_CLOEXEC);
	scoped_free char *bytes = NULL;
	size_t len = 0;

	return fd >= 0 &&
	    file_read(fd, SSHD_BYTES, &bytes, &len) == FAULT_NONE &&
	    version_find(bytes, len, ret, size);
}

/* Whether both are closed by name, so that the fault does not matter. */
static bool
both_are_closed(const struct doctor *doctor)
{
	static const char *const keywords[] = {
	    "allowagentforwarding", "x11forwarding"};
	char value[CONFIG_WORD];

	for (size_t i = 0; i < doctor->views.list.count; i++)
		for (size_t k = 0; k < 2; k++) {
			const char *at = doctor->views.list.items[i].dump;

			if (!dump_next(&at, keywords[k], value) ||
			    strcasecmp(value, "no") != 0)
				return false;
		}
	return doctor->views.list.count > 0;
}

void
doctor_openssh(struct doctor *doctor)
{
	char version[128];

	if (!doctor_version(version, sizeof(version))) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    DOCTOR_SSHD ": its version cannot be read, so whether it "
				"has CVE-2025-32728 is not known");
		return;
	}
	switch (version_cve_2025_32728(version)) {
	case CVE_NO:
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "%s: DisableForwarding covers agent and X11", version);
		break;
	case CVE_UNKNOWN:
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "%s may have CVE-2025-32728, which leaves agent and X11 "
		    "open: ask its vendor",
		    version);
		break;
	case CVE_YES:
		findings_add(&doctor->findings,
		    both_are_closed(doctor) ? FINDING_WARN : FINDING_FAIL,
		    "apt-get install --only-upgrade openssh-server",
		    "%s has CVE-2025-32728: DisableForwarding leaves agent "
		    "and X11 open; only AllowAgentForwarding no and "
		    "X11Forwarding no close them",
		    version);
		break;
	}
}
