#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/probe.h"
#include "store/base/file.h"
#include "store/core/report.h"
#include "store/core/verdict.h"

/* Finds the address where sshd listens: loopback if it takes any. */
static bool
find_address(struct probe *probe)
{
	const char *at = probe->doctor->views.list.count > 0
	    ? probe->doctor->views.list.items[0].dump
	    : "";
	char value[CONFIG_WORD], *colon;

	while (dump_next(&at, "listenaddress", value)) {
		const char *address = value;

		colon = strrchr(value, ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		snprintf(probe->port, sizeof(probe->port), "%.11s", colon + 1);
		if (value[0] == '[') {
			value[strcspn(value, "]")] = '\0';
			address++;
		}
		snprintf(probe->address, sizeof(probe->address), "%.63s",
		    strcmp(address, "0.0.0.0") == 0  ? "127.0.0.1"
			: strcmp(address, "::") == 0 ? "::1"
						     : address);
		/* IPv4 where there is a choice. */
		if (strchr(probe->address, ':') == NULL)
			break;
	}
	return probe->address[0] != '\0';
}

/* Writes all options to a file, since -J hands on no others. */
static bool
write_config(struct probe *probe)
{
	char text[PATH_MAX + 1024];
	scoped_fd int fd = -1;
	int n;

	snprintf(
	    probe->config, sizeof(probe->config), "%s/config", probe->folder);
	fd = open(probe->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	n = snprintf(text, sizeof(text),
	    "Host *\n"
	    "HostName %s\nPort %s\nUser %s\nIdentityFile \"%s\"\n"
	    "IdentitiesOnly yes\nBatchMode yes\nConnectTimeout 5\n"
	    "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"
	    "GlobalKnownHostsFile /dev/null\nUpdateHostKeys no\n"
	    "ControlMaster no\nControlPath none\nForwardX11Trusted yes\n"
	    "ServerAliveInterval 2\n",
	    probe->address, probe->port, probe->pw->pw_name, probe->key);
	return fd >= 0 && n > 0 && (size_t)n < sizeof(text) &&
	    file_write(fd, text, (size_t)n) == FAULT_NONE;
}

static bool
is_gates_status(int status)
{
	return status == GATE_EXIT_KEEPER ||
	    (status >= GATE_EXIT_LATER && status <= GATE_EXIT_CONFIG);
}

bool
probe_is_let_in(const struct probe *probe, bool door)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "explain", .door = door};
	struct explanation row;
	const struct client_rows rows = {
	    &explanation_shape, &row, sizeof(row), NULL, NULL};
	scoped_reply struct reply reply = {.version = 0};
	enum verdict verdict = VERDICT_DENY;
	char why[320];

	snprintf(request.user, sizeof(request.user), "%s", probe->pw->pw_name);
	snprintf(
	    request.address, sizeof(request.address), "%.45s", probe->address);
	if (client_stream(&probe->doctor->keeper, &request, &rows, &reply, why,
		sizeof(why)) == FAULT_NONE)
		verdict = verdict_from_name(row.login.verdict);
	explanation_done(&row);
	return verdict == VERDICT_PASS || verdict == VERDICT_ENROLL;
}

/* False if the user cannot log in at all: then nothing is proved. */
static bool
probe_gate(struct probe *probe)
{
	struct child *child = probe->child;
	const char *said = child->err.text;
	int len;

	if (!probe_ssh(probe,
		(const char *const[]){"-T", "-o", "LogLevel=ERROR", NULL},
		"echo " PROBE_INSIDE))
		return false;
	child_wait(child, 3 * PROBE_MS);
	len = (int)strcspn(said, "\r\n");
	if (strstr(child->out.text, PROBE_INSIDE) != NULL &&
	    probe_is_let_in(probe, false))
		doctor_warn(probe->doctor, NULL,
		    "the policy lets %s in without a code, so this proves "
		    "nothing of the gate: probe with somebody else",
		    probe->pw->pw_name);
	else if (strstr(child->out.text, PROBE_INSIDE) != NULL)
		doctor_fail(probe->doctor, "ForceCommand /usr/sbin/tfa-gate",
		    "%s ran a command without a code: the gate is not met",
		    probe->pw->pw_name);
	else if (is_gates_status(child->status))
		findings_add(&probe->doctor->findings, FINDING_OK, NULL,
		    "the gate is met (%d): %.*s", child->status, len, said);
	else
		doctor_fail(probe->doctor, NULL,
		    "%s at %s: %s (status %d), so nothing is proved: %.*s",
		    probe->pw->pw_name, probe->there,
		    child->status == 255 ? "could not log in"
					 : "the gate did not answer",
		    child->status, len, said);
	child_stop(child);
	return child->status != 255 && child->status != 127;
}

void
probe_remove(const struct probe *probe)
{
	static const char *const names[] = {"config", "agent", "target",
	    "local", "local-unix", "remote/socket"};
	char path[PROBE_TEXT];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", probe->folder, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/remote", probe->folder);
	rmdir(path);
	rmdir(probe->folder);
}

/* In the folder there is one where the user may put a socket. */
bool
probe_make(struct probe *probe)
{
	char path[PROBE_TEXT];

	snprintf(probe->there, sizeof(probe->there),
	    strchr(probe->address, ':') != NULL ? "[%s]:%s" : "%s:%s",
	    probe->address, probe->port);
	snprintf(
	    probe->folder, sizeof(probe->folder), "/tmp/tfa-doctor.XXXXXX");
	if (mkdtemp(probe->folder) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/remote", probe->folder);
	return chmod(probe->folder, 0711) == 0 && mkdir(path, 0700) == 0 &&
	    chown(path, probe->pw->pw_uid, probe->pw->pw_gid) == 0 &&
	    write_config(probe);
}

static bool
prepare_probe(struct probe *probe)
{
	const struct admin *admin = probe->doctor->admin;

	probe->pw = getpwnam(admin->probe);
	if (probe->pw == NULL)
		doctor_fail(probe->doctor, NULL, "there is no user %.80s",
		    admin->probe);
	else if (realpath(admin->key, probe->key) == NULL)
		doctor_fail(probe->doctor, NULL, "%.200s: %s", admin->key,
		    strerror(errno));
	else if (strpbrk(probe->key, "\"%$\n") != NULL)
		doctor_fail(probe->doctor, NULL,
		    "%.200s: ssh cannot be given a key of that name",
		    probe->key);
	else if (!find_address(probe))
		doctor_fail(probe->doctor, NULL,
		    "sshd's address is not known (sshd -T, needs root)");
	else
		return true;
	return false;
}

void
doctor_probe(struct doctor *doctor)
{
	scoped_free struct child *child = calloc(1, sizeof(*child));
	scoped_free struct child *agent = calloc(1, sizeof(*agent));
	struct probe probe = {.doctor = doctor, .child = child, .agent = agent};

	if (child == NULL || agent == NULL) {
		doctor->findings.failed = true;
		return;
	}
	if (!prepare_probe(&probe))
		return;
	if (!probe_make(&probe))
		doctor_fail(
		    doctor, NULL, "%s: %s", probe.folder, strerror(errno));
	else if (probe_gate(&probe)) {
		probe_forwards(&probe);
		probe_session(&probe);
	}
	probe_remove(&probe);
	if (doctor->door != 0 && !doctor->door_is_sshds)
		probe_door(&probe);
}
