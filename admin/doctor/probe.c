#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "admin/doctor/probe.h"
#include "admin/doctor/scope.h"
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

static bool
is_gates_status(int status)
{
	return status == GATE_EXIT_KEEPER ||
	    (status >= GATE_EXIT_LATER && status <= GATE_EXIT_CONFIG);
}

/* Somebody who is let in without a code proves nothing of the gate. */
static void
say_let_in(struct probe *probe)
{
	char why[PROBE_WHY], other[USER_TEXT];

	probe_say_why(probe, why);
	if (probe_find_other(probe, other))
		doctor_warn(probe->doctor, NULL,
		    "%s %s: this login proves nothing of the gate. Probe "
		    "somebody who is asked for a code, such as %.80s",
		    probe->pw->pw_name, why, other);
	else
		doctor_warn(probe->doctor, NULL,
		    "%s %s: this login proves nothing of the gate, and nobody "
		    "has a device yet who could be probed: tfa-admin enroll",
		    probe->pw->pw_name, why);
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
		say_let_in(probe);
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
	else if (scope_is_partial(&probe->doctor->lines) &&
	    !scope_has(&probe->doctor->lines, probe->pw))
		doctor_fail(probe->doctor, NULL,
		    "%.80s is outside of those before whom the gate stands: "
		    "probe somebody inside",
		    admin->probe);
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
		    doctor, NULL, "a folder in /tmp: %s", strerror(errno));
	else if (probe_gate(&probe)) {
		probe_forwards(&probe);
		probe_session(&probe);
	}
	probe_remove(&probe);
	if (doctor->door != 0 && !doctor->door_is_sshds)
		probe_door(&probe);
}
