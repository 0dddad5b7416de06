#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor/probe.h"
#include "store/base/clock.h"

void
probe_say(struct probe *probe, const char *channel, enum channel found,
    const char *fix)
{
	switch (found) {
	case CHANNEL_REFUSED:
		findings_add(&probe->doctor->findings, FINDING_OK, NULL,
		    "%s: refused", channel);
		break;
	case CHANNEL_OPEN:
		doctor_fail(probe->doctor, fix,
		    "%s is open: %s gets it without a code", channel,
		    probe->pw->pw_name);
		break;
	case CHANNEL_UNCLEAR:
		doctor_warn(probe->doctor, NULL, "%s: no clear answer: %.300s",
		    channel,
		    probe->child->err.text[0] != '\0' ? probe->child->err.text
						      : "none in time");
		break;
	}
}

bool
probe_ssh(struct probe *probe, const char *const *more, const char *command)
{
	char agent[PROBE_TEXT];
	const char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C",
	    "DISPLAY=127.0.0.1:77", agent, "SSH_ASKPASS=/bin/true",
	    probe->terminal ? "SSH_ASKPASS_REQUIRE=never"
			    : "SSH_ASKPASS_REQUIRE=force",
	    NULL};
	const char *argv[24] = {DOCTOR_SSH, "-F", probe->config};
	size_t n = 3;

	if (probe->doctor != NULL)
		doctor_step(probe->doctor);
	snprintf(agent, sizeof(agent), "SSH_AUTH_SOCK=%s/agent", probe->folder);
	while (*more != NULL && n < 20)
		argv[n++] = *more++;
	if (command == NULL)
		argv[n++] = "-N";
	argv[n++] = "bastion";
	argv[n] = command;
	if (child_start(&(const struct child_options){.argv = argv,
			    .environment = environment,
			    .terminal = probe->terminal},
		probe->child))
		return true;
	if (probe->doctor != NULL)
		doctor_fail(
		    probe->doctor, NULL, "%s: %s", DOCTOR_SSH, strerror(errno));
	return false;
}

bool
probe_waits(struct child *child, long long end_ms)
{
	if (child->status != CHILD_RUNNING || clock_ms() >= end_ms)
		return false;
	child_wait(child, 50);
	return true;
}
