/*
 * The sshd that runs as the door, and what else listens at its port.  Before
 * 9.8 an sshd's PAM service is the name by which it was started, and since then
 * what PAMServiceName says; from files alone it is never the door's.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/door.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/sockets.h"
#include "gate/sshd/started.h"
#include "store/base/cleanup.h"

/* An sshd of root's that waits for connections, with our configuration. */
struct waiting {
	int pid;
	bool door;
	struct listener listener;
};

struct watch {
	struct doctor *doctor;
	struct sockets sockets;
	LIST_OF(struct waiting) sshds;
	bool served; /* the door listens at its port */
};

static void
add_sshd(void *ctx, int pid, const char *title)
{
	struct watch *watch = ctx;
	struct waiting found = {.pid = pid}, *slot;

	if (!title_listener(title, &found.listener) || !doctor_is_roots(pid) ||
	    !doctor_reads_config(pid, &found.listener, watch->doctor->config))
		return;
	found.door = door_is_named(&found.listener);
	slot = list_add(&watch->sshds, sizeof(found));
	if (slot != NULL)
		*slot = found;
	else
		watch->doctor->findings.failed = true;
}

static const struct waiting *
find_sshd(const struct watch *watch, int pid)
{
	list_each(const struct waiting, sshd, watch->sshds)
		if (sshd->pid == pid)
			return sshd;
	return NULL;
}

/* The newer sshd, which prints the setting, goes by it alone. */
static void
judge_service_name(struct doctor *doctor, const struct waiting *door)
{
	const char *name = title_name(&door->listener);
	char value[CONFIG_WORD];
	bool by_option = doctor_setting(doctor, "pamservicename", value);

	if (by_option)
		name = door->listener.pam_service;
	if (strcmp(name, DOOR_SERVICE) == 0)
		return;
	doctor_fail(doctor, DOOR_RESTART,
	    "the door (pid %d) was started %s: PAM asks as for \"%.60s\", and a "
	    "password may pass in place of a code",
	    door->pid,
	    by_option ? "without -o PAMServiceName=" DOOR_SERVICE
		      : "by another name than " DOOR_SERVICE,
	    name[0] != '\0' ? name : "sshd");
}

/* Before 10.1 a line of the files counts before an option. */
static void
judge_startups(struct doctor *doctor, const struct waiting *door)
{
	if (door->listener.startups < DOOR_STARTUPS)
		doctor_warn(doctor,
		    "-o MaxStartups=300:30:600 at its start, and no line "
		    "MaxStartups with less in sshd's files; then " DOOR_RESTART,
		    "the door (pid %d) has MaxStartups %d: once so many people "
		    "think about a code, it turns others away",
		    door->pid, door->listener.startups);
}

static void
judge_door(struct doctor *doctor, const struct waiting *door)
{
	if (strcasecmp(door->listener.use_pam, "yes") != 0)
		doctor_fail(doctor, DOOR_RESTART,
		    "the door (pid %d) was started without -o UsePAM=yes: "
		    "whether it asks for a code is up to the site's files",
		    door->pid);
	judge_service_name(doctor, door);
	if (door->listener.program[0] == '/')
		doctor_guard(doctor, door->listener.program, 0);
	judge_startups(doctor, door);
}

static bool
is_doors(const struct watch *watch, const struct socket *socket)
{
	return ntohs(socket->to.sin6_port) == watch->doctor->door;
}

/* A process for one connection may hold the socket for a moment.  An sshd with
 * other files is a stranger, though it is the same program. */
static bool
is_child_of_sshd(const struct watch *watch, int pid)
{
	struct started process;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return doctor_is_roots(pid) && doctor_is_same_file(path, DOCTOR_SSHD) &&
	    started_read(pid, &process) &&
	    find_sshd(watch, process.parent) != NULL;
}

static void
judge_stranger(struct watch *watch, const struct socket *socket, int pid)
{
	if (pid == 1)
		doctor_fail(watch->doctor,
		    "systemctl list-sockets, and disable that one",
		    "%s: systemd listens at the door's port and starts another "
		    "sshd than the door",
		    socket->address);
	else if (!is_child_of_sshd(watch, pid))
		doctor_fail(watch->doctor, "end it; then " DOOR_RESTART,
		    "%s: another process than the door (pid %d) listens at the "
		    "door's port, and is told the codes",
		    socket->address, pid);
}

static void
judge_holder(struct watch *watch, const struct socket_holder *holder)
{
	const struct socket *socket =
	    &watch->sockets.list.items[holder->socket];
	const struct waiting *sshd = find_sshd(watch, holder->pid);
	struct doctor *doctor = watch->doctor;
	bool at_door = doctor->door != 0 && is_doors(watch, socket);

	if (sshd == NULL && at_door)
		judge_stranger(watch, socket, holder->pid);
	if (sshd == NULL)
		return;
	if (at_door && !sshd->door)
		doctor_fail(doctor,
		    "see that no Port and no ListenAddress of the site's has "
		    "the door's port",
		    "%s: sshd itself (pid %d) listens at the door's port: "
		    "there a password may pass in place of a code",
		    socket->address, sshd->pid);
	if (!at_door && sshd->door && doctor->door != 0)
		doctor_fail(doctor, "ListenAddress without a port",
		    "%s: the door (pid %d) listens there, which is not its "
		    "port (%d)",
		    socket->address, sshd->pid, doctor->door);
	watch->served |= at_door && sshd->door;
}

/* An empty port below 1024 is root's alone. */
static void
judge_silence(struct watch *watch)
{
	struct doctor *doctor = watch->doctor;
	bool taken = false;

	list_each(const struct socket, socket, watch->sockets.list)
		taken |= is_doors(watch, socket);
	if (watch->served)
		return;
	if (taken && geteuid() != 0)
		doctor_warn(doctor, NULL,
		    "which process listens at port %d is not seen (needs "
		    "root)",
		    doctor->door);
	else if (taken)
		doctor_fail(doctor, DOOR_RESTART,
		    "what listens at port %d is not the door", doctor->door);
	else
		doctor_fail(doctor, DOOR_RESTART,
		    "nothing listens at the door's port, %d: nobody can use "
		    "it%s",
		    doctor->door,
		    doctor->door < 1024 ? ""
					: ", and any user of this machine can "
					  "listen there in its place");
}

static void
judge_watch(struct watch *watch)
{
	struct doctor *doctor = watch->doctor;

	list_each(const struct waiting, sshd, watch->sshds) {
		if (!sshd->door)
			continue;
		if (doctor->door == 0)
			doctor_fail(doctor, "systemctl disable --now tfa-sshd",
			    "a door runs (pid %d), though the drop-in gives it "
			    "no port: nothing that guards it holds",
			    sshd->pid);
		else
			judge_door(doctor, sshd);
	}
	list_each(const struct socket_holder, holder, watch->sockets.holders)
		judge_holder(watch, holder);
	if (doctor->door != 0)
		judge_silence(watch);
	if (watch->sockets.why[0] != '\0' && doctor->door != 0)
		doctor_warn(doctor, NULL,
		    "not every socket that listens was looked at: %.200s",
		    watch->sockets.why);
}

void
door_judge_process(struct doctor *doctor)
{
	scoped_free struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL) {
		doctor_warn(doctor, NULL, "what runs as the door is not known");
		return;
	}
	watch->doctor = doctor;
	sockets_list(&watch->sockets);
	sockets_find_holders(&watch->sockets);
	doctor_processes(add_sshd, watch);
	judge_watch(watch);
	sockets_done(&watch->sockets);
	free(watch->sshds.items);
}
