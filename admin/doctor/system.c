/*
 * The rest of the system that runs or reads something before the gate.
 */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/version.h"
#include "store/base/file.h"
#include "gate/screen/scan.h"

#define SSHRC      "/etc/ssh/sshrc"
#define SSHD_BYTES (16UL << 20)

/* *ret_hidden: users do not see the processes of others.  False (errno) where
 * /proc/mounts cannot be read; *ret_found: it names /proc. */
static bool
look_at_proc(bool *ret_hidden, bool *ret_found)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	const struct mntent *mount;

	*ret_hidden = *ret_found = false;
	if (mounts == NULL)
		return false;
	while ((mount = getmntent(mounts)) != NULL) {
		const char *option = hasmntopt(mount, "hidepid");

		if (strcmp(mount->mnt_type, "proc") != 0 ||
		    strcmp(mount->mnt_dir, "/proc") != 0)
			continue;
		*ret_found = true;
		*ret_hidden |= option != NULL &&
		    strncmp(option, "hidepid=0", 9) != 0 &&
		    strncmp(option, "hidepid=off", 11) != 0;
	}
	endmntent(mounts);
	return true;
}

bool
doctor_hides_processes(void)
{
	bool hidden, found;

	return look_at_proc(&hidden, &found) && hidden;
}

void
doctor_hidepid(struct doctor *doctor)
{
	bool hidden, found;

	if (!look_at_proc(&hidden, &found)) {
		doctor_warn(doctor, NULL, "/proc/mounts: %s", strerror(errno));
		return;
	}
	if (hidden)
		doctor_warn(doctor, DOCTOR_SHOW_PROC,
		    "/proc is mounted with hidepid: logins work, but "
		    "the log cannot name who became root");
	if (!found)
		doctor_warn(doctor, NULL,
		    "/proc/mounts names no /proc: whether the log can name "
		    "who became root is not known");
	doctor_ok(doctor,
	    "/proc is mounted without it: who became root can be seen there");
}

void
doctor_sshrc(struct doctor *doctor)
{
	struct stat st;

	doctor_ok(doctor, "there is no " SSHRC);
	if (stat(SSHRC, &st) < 0) {
		if (errno != ENOENT)
			doctor_warn(doctor, NULL,
			    SSHRC ": %s: whether it runs before the gate is "
				  "not known",
			    strerror(errno));
		return;
	}
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		doctor_fail(doctor, "chown root " SSHRC "; chmod 0644 " SSHRC,
		    SSHRC " runs before the gate, and others than root can "
			  "write it");
	else
		doctor_warn(doctor, NULL,
		    SSHRC " runs before the gate, for everyone: see that it "
			  "starts nothing of the user's");
}

/* *ret: the program that one view names; false if it names none. */
static bool
find_sftp(const struct view *view, char ret[static CONFIG_WORD])
{
	const char *at = view->dump, *rest;
	char value[CONFIG_WORD];

	while (dump_next(&at, "subsystem", value)) {
		rest = value;
		if (!config_word(&rest, ret) || strcmp(ret, "sftp") != 0 ||
		    !config_word(&rest, ret))
			continue;
		if (strcmp(ret, "internal-sftp") == 0)
			snprintf(
			    ret, CONFIG_WORD, "/usr/lib/openssh/sftp-server");
		return true;
	}
	return false;
}

void
doctor_sftp(struct doctor *doctor)
{
	char path[CONFIG_WORD];

	if (doctor->views.list.count == 0)
		doctor_warn(
		    doctor, NULL, "whether sftp and scp can work is not known");
	list_each(const struct view, view, doctor->views.list) {
		if (!find_sftp(view, path))
			doctor_warn(doctor,
			    "Subsystem sftp /usr/lib/openssh/sftp-server",
			    "no Subsystem sftp, for %s: sftp and scp cannot "
			    "work",
			    view->who);
		else if (access(path, X_OK) != 0)
			doctor_warn(doctor,
			    "apt-get install openssh-sftp-server",
			    "%.200s: %s: sftp and scp cannot work", path,
			    strerror(errno));
		else
			doctor_ok(doctor,
			    "Subsystem sftp: %.200s is there and can be run",
			    path);
	}
}

/* Without a QR code people who set up a device have to type a key. */
void
doctor_qr(struct doctor *doctor)
{
	doctor_ok(doctor, "tfa-qr made one just now");
	if (!scan_works())
		doctor_warn(doctor, "apt-get install libqrencode4",
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

/* True if both are closed by name, so that the hole does not matter. */
static bool
both_are_closed(const struct doctor *doctor)
{
	static const char *const keywords[] = {
	    "allowagentforwarding", "x11forwarding"};
	char value[CONFIG_WORD];

	list_each(const struct view, view, doctor->views.list)
		for (size_t k = 0; k < 2; k++)
			if (!view->door &&
			    (!dump_value(view, keywords[k], value) ||
				strcasecmp(value, "no") != 0))
				return false;
	return doctor->views.list.count > 0;
}

void
doctor_openssh(struct doctor *doctor)
{
	char version[128];

	if (!doctor_version(version, sizeof(version))) {
		doctor_warn(doctor, NULL,
		    DOCTOR_SSHD ": its version cannot be read, so whether it "
				"has CVE-2025-32728 is not known");
		return;
	}
	switch (version_cve_2025_32728(version)) {
	case CVE_NO:
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "%s is %s: DisableForwarding covers agent and X11",
		    DOCTOR_SSHD, version);
		break;
	case CVE_UNKNOWN:
		doctor_warn(doctor, NULL,
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
