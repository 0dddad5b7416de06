/*
 * All that a probe needs before it logs in: its folder, ssh's options, and what
 * the policy says of its user.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/person.h"
#include "admin/doctor/probe.h"
#include "admin/doctor/scope.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/base/when.h"
#include "store/core/report.h"
#include "store/core/verdict.h"

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

void
probe_remove(const struct probe *probe)
{
	static const char *const names[] = {"config", "agent", "target",
	    "local", "local-unix", "remote/socket"};
	char path[PROBE_TEXT];

	if (probe->folder[0] == '\0')
		return;
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
	if (mkdtemp(probe->folder) == NULL) {
		probe->folder[0] = '\0';
		return false;
	}
	snprintf(path, sizeof(path), "%s/remote", probe->folder);
	return chmod(probe->folder, 0711) == 0 && mkdir(path, 0700) == 0 &&
	    chown(path, probe->pw->pw_uid, probe->pw->pw_gid) == 0 &&
	    write_config(probe);
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

/* The rows of "users", read one after the other into row. */
struct other {
	const struct probe *probe;
	struct user_row row;
	char found[USER_TEXT];
};

static bool
take_other(void *ctx, const char *text)
{
	struct other *other = ctx;
	const struct user_row *row = &other->row;
	struct passwd pw, *found = NULL; /* getpwnam()'s is the probe's */
	char buf[4096];

	(void)text;
	if (other->found[0] != '\0' || row->state != STATE_ENROLLED ||
	    strcmp(row->user, other->probe->pw->pw_name) == 0)
		return true;
	if (getpwnam_r(row->user, &pw, buf, sizeof(buf), &found) == 0 &&
	    found != NULL && shell_kind(pw.pw_shell) != SHELL_NO_LOGIN &&
	    scope_has(&other->probe->doctor->lines, &pw))
		snprintf(other->found, sizeof(other->found), "%s", row->user);
	return true;
}

bool
probe_find_other(const struct probe *probe, char ret[static USER_TEXT])
{
	struct other other = {.probe = probe};
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	const struct client_rows rows = {
	    &user_row_shape, &other.row, sizeof(other.row), take_other, &other};
	scoped_reply struct reply reply = {.version = 0};
	char why[320];

	if (client_stream(&probe->doctor->keeper, &request, &rows, &reply, why,
		sizeof(why)) != FAULT_NONE ||
	    other.found[0] == '\0')
		return false;
	memcpy(ret, other.found, sizeof(other.found));
	return true;
}

void
probe_say_why(const struct probe *probe, char ret[static PROBE_WHY])
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	struct user_row row;
	const struct client_rows rows = {
	    &user_row_shape, &row, sizeof(row), NULL, NULL};
	scoped_reply struct reply reply = {.version = 0};
	char why[320], until[WHEN_SAID] = "";
	bool known;

	snprintf(request.user, sizeof(request.user), "%s", probe->pw->pw_name);
	known = client_stream(&probe->doctor->keeper, &request, &rows, &reply,
		    why, sizeof(why)) == FAULT_NONE;
	if (known && row.deadline_s != 0)
		when_say(row.deadline_s, until);
	if (known && row.state == STATE_GRACE)
		snprintf(ret, PROBE_WHY, "is in grace%s%s",
		    until[0] != '\0' ? " until " : "", until);
	else if (known && row.mode == MODE_EXEMPT)
		snprintf(ret, PROBE_WHY, "is exempt by the rule %.200s",
		    row.rule[0] != '\0' ? row.rule : "otherwise");
	else
		snprintf(
		    ret, PROBE_WHY, "is let in by the policy without a code");
	user_row_done(&row);
}
