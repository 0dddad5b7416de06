/*
 * The door, tried for real: with a key alone nothing may open there, and after
 * a code a port and a session do.  At most four connections are made, since an
 * sshd turns away an address that fails often (PerSourcePenalties).
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/probe.h"
#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/core/verdict.h"

#define CODE_TEXT 80

/* These beat the lines of probe_make(): ssh may ask, and not twice. */
#define MAY_ASK                                                        \
	"-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1", "-o", \
	    "PreferredAuthentications=publickey,keyboard-interactive"

/* ssh says so, at this level, when a key was right and not enough. */
#define VERBOSE "-o", "LogLevel=VERBOSE"
static const char partial[] = "with partial success";

static void
keep_why(const struct probe *probe, char ret_why[static PROBE_TEXT])
{
	const char *said = probe->child->err.text, *line = said;

	/* The last line is the reason; those before say how it went. */
	for (const char *p = said; *p != '\0'; p++)
		if (p[0] == '\n' && p[1] != '\0' && p[1] != '\r')
			line = p + 1;
	snprintf(ret_why, PROBE_TEXT, "%.*s", (int)strcspn(line, "\r\n"), line);
	if (ret_why[0] == '\0')
		snprintf(ret_why, PROBE_TEXT, "ssh said nothing in time");
}

/* All that a session could bring along, in one connection. */
static enum door_answer
try_session(struct probe *probe)
{
	char tcp[2 * PROBE_TEXT], remote[2 * PROBE_TEXT], local[PROBE_TEXT];
	long long end = clock_ms() + 2 * PROBE_MS;
	struct child *child = probe->child;
	bool open = false;

	snprintf(local, sizeof(local), "%s/local", probe->folder);
	snprintf(tcp, sizeof(tcp), "%s:%s", local, probe->there);
	snprintf(remote, sizeof(remote), "127.0.0.1:0:%s", probe->there);
	if (!probe_ssh(probe,
		(const char *const[]){"-T", "-A", "-L", tcp, "-D",
		    "127.0.0.1:0", "-R", remote, MAY_ASK, NULL},
		"echo " PROBE_INSIDE))
		return DOOR_UNCLEAR;
	/* ssh makes its socket only where sshd let it in. */
	while (!open && probe_waits(child, end))
		open = access(local, F_OK) == 0;
	open |= strstr(child->out.text, PROBE_INSIDE) != NULL ||
	    access(local, F_OK) == 0;
	child_stop(child);
	unlink(local);
	return open                ? DOOR_OPEN
	    : child->status == 255 ? DOOR_ASKS
				   : DOOR_UNCLEAR;
}

/* The far end of -W is the door itself, which greets every client.  more: for
 * ssh.  ret_why: its last line. */
static enum door_answer
try_stdio(struct probe *probe, const char *const *more,
    char ret_why[static PROBE_TEXT])
{
	enum channel found = probe_stdio(probe, more);

	keep_why(probe, ret_why);
	switch (found) {
	case CHANNEL_OPEN:
		return DOOR_OPEN;
	case CHANNEL_REFUSED:
		return strstr(probe->child->err.text, partial) != NULL
		    ? DOOR_ASKS
		    : DOOR_REFUSES;
	case CHANNEL_UNCLEAR:
		break;
	}
	return DOOR_UNCLEAR;
}

/* ret_why: of the connection that decided. */
static enum door_answer
try_without_code(struct probe *probe, char ret_why[static PROBE_TEXT])
{
	enum door_answer answer = try_stdio(
	    probe, (const char *const[]){MAY_ASK, VERBOSE, NULL}, ret_why);
	enum door_answer session;

	if (answer == DOOR_OPEN)
		return answer;
	session = try_session(probe);
	if (session == DOOR_OPEN)
		snprintf(ret_why, PROBE_TEXT, "a session began");
	return session == DOOR_ASKS ? answer : session;
}

enum door_answer
door_try_key(const char *address, int port, const struct passwd *pw,
    const char *key, char ret_why[static PROBE_TEXT])
{
	scoped_free struct child *child = calloc(1, sizeof(*child));
	struct probe probe = {.pw = pw, .child = child};
	enum door_answer answer = DOOR_UNCLEAR;

	snprintf(probe.address, sizeof(probe.address), "%s", address);
	snprintf(probe.port, sizeof(probe.port), "%d", port);
	snprintf(probe.key, sizeof(probe.key), "%s", key);
	if (child != NULL && probe_make(&probe))
		answer = try_stdio(
		    &probe, (const char *const[]){VERBOSE, NULL}, ret_why);
	else
		snprintf(ret_why, PROBE_TEXT, "%s", strerror(errno));
	probe_remove(&probe);
	return answer;
}

/* True if the key alone opens nothing, or cannot open it: then a code is worth
 * trying. */
static bool
judge_without_code(struct probe *probe)
{
	struct doctor *doctor = probe->doctor;
	char why[PROBE_TEXT];

	switch (try_without_code(probe, why)) {
	case DOOR_ASKS:
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "the door, without a code: no session, no -W, -L, -D, -R, "
		    "-A: the key was right, and not enough");
		return true;
	case DOOR_OPEN:
		if (probe_is_let_in(probe, true))
			doctor_warn(doctor, NULL,
			    "the policy lets %s through the door without a "
			    "code, so this proves nothing: probe with somebody "
			    "else",
			    probe->pw->pw_name);
		else
			doctor_fail(doctor, "systemctl stop tfa-sshd",
			    "the door is open: %s passes it without a code: "
			    "%.200s",
			    probe->pw->pw_name, why);
		return false;
	case DOOR_REFUSES:
	case DOOR_UNCLEAR:
		break;
	}
	doctor_fail(doctor, NULL,
	    "the door at %s did not ask %s for a code, so nothing is proved: "
	    "%.200s",
	    probe->there, probe->pw->pw_name, why);
	return false;
}

/* The last word of a line: tfa-admin code prints "USER: CODE". */
static bool
read_code(char ret[static CODE_TEXT])
{
	char line[2 * CODE_TEXT] = "";
	bool ok = false;

	if (isatty(STDIN_FILENO))
		fprintf(stderr, "A code, for the door: ");
	if (fgets(line, sizeof(line), stdin) != NULL) {
		size_t len = strlen(line), first;

		while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
			len--;
		for (first = len; first > 0 && line[first - 1] > ' '; first--)
			;
		ok = len > first && len - first < CODE_TEXT - 1;
		if (ok)
			snprintf(ret, CODE_TEXT, "%.*s\n", (int)(len - first),
			    line + first);
	}
	explicit_bzero(line, sizeof(line));
	return ok;
}

/* Types the code when ssh asks; true once the command on the far side ran. */
static bool
pass_with(struct probe *probe, const char *code)
{
	long long end = clock_ms() + 4 * PROBE_MS;
	struct child *child = probe->child;
	bool typed = false, inside = false;

	while (!inside && probe_waits(child, end)) {
		if (!typed && strstr(child->out.text, VERDICT_PROMPT) != NULL)
			typed = child_type(child, code);
		inside = strstr(child->out.text, PROBE_INSIDE) != NULL;
	}
	return inside;
}

/* The gate cannot ask again: the session has no terminal. */
static void
judge_with_code(struct probe *probe, const char *code)
{
	char tcp[2 * PROBE_TEXT], why[PROBE_TEXT];
	struct doctor *doctor = probe->doctor;
	struct child *child = probe->child;
	bool inside, open;

	snprintf(tcp, sizeof(tcp), "%s/local:%s", probe->folder, probe->there);
	probe->terminal = true;
	if (!probe_ssh(probe,
		(const char *const[]){"-T", "-L", tcp, "-o",
		    "ExitOnForwardFailure=yes", "-o", "LogLevel=ERROR", MAY_ASK,
		    NULL},
		"echo " PROBE_INSIDE "; sleep 20"))
		return;
	inside = pass_with(probe, code);
	open = inside && probe_local(probe) == CHANNEL_OPEN;
	if (open)
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "the door, with a code: a port opens, and a session passes "
		    "the gate without another question");
	else if (inside)
		doctor_fail(doctor, "AllowTcpForwarding local, PermitOpen any",
		    "the door, with a code: a session began, and no port "
		    "opened: %.200s",
		    child->err.text);
	else {
		keep_why(probe, why);
		doctor_fail(doctor, NULL,
		    "the door, with a code: no session (status %d); was the "
		    "code right? %.200s",
		    child->status, why);
	}
	child_stop(child);
	probe->terminal = false;
}

void
probe_door(struct probe *probe)
{
	struct doctor *doctor = probe->doctor;
	char code[CODE_TEXT];
	bool asks = false;

	snprintf(probe->port, sizeof(probe->port), "%d", doctor->door);
	if (!probe_make(probe))
		doctor_fail(
		    doctor, NULL, "a folder in /tmp: %s", strerror(errno));
	else
		asks = judge_without_code(probe);
	if (asks && doctor->admin->code && read_code(code)) {
		judge_with_code(probe, code);
		explicit_bzero(code, sizeof(code));
	} else if (asks && doctor->admin->code)
		doctor_fail(doctor, NULL,
		    "the door, with a code: standard input has none");
	probe_remove(probe);
}
