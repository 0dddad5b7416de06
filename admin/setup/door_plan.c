/*
 * The stages of the door, and what is in its way on this machine.  A door that
 * runs is stopped before anything of it is changed, and started last: it never
 * runs with a part missing.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/door.h"
#include "admin/doctor/sockets.h"
#include "admin/setup/setup.h"
#include "gate/sshd/guard.h"
#include "gate/sshd/started.h"
#include "store/base/cleanup.h"
#include "store/base/endpoint.h"

/* *ret: the port of the present drop-in; 0 for none. */
static bool
present_port(int *ret)
{
	scoped_free char *text = NULL;

	if (!plan_read_file(CONFIG_DROP_IN, &text))
		return false;
	*ret = text != NULL ? guard_door_port(text) : 0;
	return true;
}

bool
door_port(const struct plan *plan, int *ret)
{
	const struct admin *admin = plan->setup->admin;

	*ret = 0;
	if (admin->no_door)
		return true;
	if (admin->door == NULL)
		return present_port(ret);
	*ret = endpoint_port(admin->door);
	return *ret != 0;
}

/* *ret: the text that PAM's file is to get, or NULL where it has it. */
static bool
new_pam_text(char **ret)
{
	scoped_free char *present = NULL;
	scoped_free char *text = text_door_pam();

	*ret = NULL;
	if (text == NULL || !plan_read_file(DOOR_PAM, &present))
		return false;
	if (!plan_is_written(DOOR_PAM, present, text))
		*ret = take(text);
	return true;
}

static bool
plan_stop(struct plan *plan)
{
	return !door_is_there() ||
	    plan_add(plan, STAGE_DOOR_STOP, DOOR_UNIT, 0, "", NULL);
}

static bool
is_stopped(const struct plan *plan)
{
	return plan_find(plan, STAGE_DOOR_STOP, DOOR_UNIT) != NULL;
}

bool
door_plan_before(struct plan *plan)
{
	scoped_free char *pam = NULL;
	int port, now;
	bool stays;

	if (!door_port(plan, &port) || !present_port(&now))
		return false;
	if (port == 0)
		return plan_stop(plan);
	if (!new_pam_text(&pam))
		return false;
	stays = port == now && pam == NULL && door_runs(port);
	return (stays || plan_stop(plan)) &&
	    (pam == NULL || plan_write(plan, DOOR_PAM, take(pam))) &&
	    plan_unit(plan, DOOR_UNIT);
}

bool
door_plan_after(struct plan *plan)
{
	char text[12];
	int port;

	if (!door_port(plan, &port))
		return false;
	if (port == 0)
		return door_drop_before(plan);
	if (door_runs(port) && !is_stopped(plan))
		return true;
	snprintf(text, sizeof(text), "%d", port);
	return plan_add(plan, STAGE_DOOR_TRY, text, 0, "", NULL) &&
	    plan_add(plan, STAGE_DOOR_START, door_how(), 0, "", NULL);
}

bool
door_drop_after(struct plan *plan)
{
	return plan_stop(plan);
}

bool
door_drop_before(struct plan *plan)
{
	return plan_drop(plan, STAGE_FILE_REMOVE, DOOR_PAM) &&
	    plan_drop(plan, STAGE_FILE_REMOVE, SETUP_UNITS "/" DOOR_UNIT);
}

/* The ports of the other sshd, as its files have them. */
static bool
is_sshds_port(int port)
{
	scoped_free char *dump = sshd_dump("root", "127.0.0.1");
	const char *at = dump;
	char value[CONFIG_WORD];

	while (dump != NULL && dump_next(&at, "port", value))
		if (strtol(value, NULL, 10) == port)
			return true;
	return false;
}

static bool
port_is_its_own(int port)
{
	if (port != 22 && !is_sshds_port(port))
		return true;
	admin_say("port %d is that of sshd itself, where the gate asks: the "
		  "door needs another one, as in --door 2222",
	    port);
	return false;
}

/* Such a line beats -p: the door would listen there. */
static bool
addresses_have_no_port(void)
{
	struct doctor doctor = {.config = CONFIG_DEFAULT};
	bool ok = doctor_read_config(&doctor, CONFIG_DEFAULT);

	list_each(const struct config_line, line, doctor.lines.lines) {
		const char *rest = line->value, *colon;
		char address[CONFIG_WORD];

		if (!config_has_keyword(line, "listenaddress") ||
		    !config_word(&rest, address) || !door_loses_port(address))
			continue;
		ok = false;
		colon = strrchr(address, ':');
		admin_say("%s:%d: ListenAddress %s: sshd would listen there in "
			  "place of the door's port. In place of that line "
			  "write \"ListenAddress %.*s\" and \"Port %s\"",
		    line->file, line->number, address, (int)(colon - address),
		    address, colon + 1);
	}
	doctor_done(&doctor);
	return ok;
}

static bool
is_held_by_door(const struct sockets *sockets, size_t socket)
{
	list_each(const struct socket_holder, holder, sockets->holders) {
		struct started process;

		if (holder->socket == socket &&
		    started_read(holder->pid, &process) &&
		    strcmp(process.name, "tfa-sshd") == 0)
			return true;
	}
	return false;
}

static int
holder_of(const struct sockets *sockets, size_t socket)
{
	list_each(const struct socket_holder, holder, sockets->holders)
		if (holder->socket == socket)
			return holder->pid;
	return 0;
}

static bool
port_is_free(int port)
{
	struct sockets sockets = {.why = ""};
	bool ok = true;

	sockets_list(&sockets);
	sockets_find_holders(&sockets);
	for (size_t i = 0; i < sockets.list.count; i++) {
		const struct socket *socket = &sockets.list.items[i];
		struct started process = {.name = "?"};
		int pid = holder_of(&sockets, i);

		if (ntohs(socket->to.sin6_port) != port ||
		    is_held_by_door(&sockets, i))
			continue;
		ok = false;
		if (pid > 0 && !started_read(pid, &process))
			pid = 0;
		admin_say("port %d is taken: %s (process %d) listens at %s; "
			  "give the door another port",
		    port, process.name, pid, socket->address);
	}
	sockets_done(&sockets);
	return ok;
}

/* A block that the site wrote may have our words. */
static bool
block_is_alone(const struct plan *plan, int port)
{
	const struct stage *stage = plan_find(
	    plan, STAGE_FILE_WRITE, CONFIG_DROP_IN);

	if (stage == NULL || guard_door_port(stage->text) == port)
		return true;
	admin_say(CONFIG_DROP_IN ": there is another block with \"Match "
				 "LocalPort\", and whose port is the door's "
				 "must be plain: move it to 00-site.conf");
	return false;
}

bool
door_may_open(const struct plan *plan)
{
	int port;
	bool ok;

	if (plan_find(plan, STAGE_DOOR_START, door_how()) == NULL)
		return true;
	if (!door_port(plan, &port))
		return false;
	ok = door_run("--installed");
	ok &= port_is_its_own(port);
	ok &= addresses_have_no_port();
	ok &= port_is_free(port);
	ok &= block_is_alone(plan, port);
	return ok;
}
