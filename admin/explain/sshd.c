/*
 * Asks sshd which settings hold for a login of this user.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/dump.h"
#include "admin/doctor/scope.h"
#include "admin/explain/explain.h"
#include "admin/read.h"
#include "store/base/cleanup.h"
#include "store/system/child.h"

#define SSHD     "/usr/sbin/sshd"
#define SSHD_MS  10000
#define SSH_PORT 22
#define ANYWHERE "192.0.2.1" /* TEST-NET-1: no site has it */

static const char *
config_of(const struct explaining_gate *g)
{
	return g->admin->config != NULL ? g->admin->config : CONFIG_DEFAULT;
}

/* Runs sshd -T; false after a note. */
static bool
ask(struct explaining_gate *g, int port, struct child *child)
{
	const char *from = g->admin->from != NULL ? g->admin->from : ANYWHERE;
	char spec[2 * USER_TEXT + 300];

	snprintf(spec, sizeof(spec),
	    "user=%s,host=%s,addr=%s,laddr=127.0.0.1,lport=%d", g->user->name,
	    from, from, port);
	child_run((const char *const[]){SSHD, "-T", "-f", config_of(g), "-C",
		      spec, NULL},
	    SSHD_MS, child);
	if (child->status == 0)
		return true;
	explain_note(g, "what sshd says of this login is not known: %.*s",
	    (int)strcspn(child->err.text, "\r\n"),
	    child->err.text[0] != '\0' ? child->err.text : "it did not answer");
	return false;
}

static bool
has_value(const char *dump, const char *keyword, char ret[static CONFIG_WORD])
{
	return dump_next(&dump, keyword, ret) && strcmp(ret, "none") != 0;
}

/* Keys that sshd gets from a program are in no file. */
static void
explain_program(struct explaining_gate *g, const char *dump)
{
	char value[CONFIG_WORD], where[REPORT_TEXT];

	if (g->admin->key != NULL ||
	    !has_value(dump, "authorizedkeyscommand", value))
		return;
	snprintf(where, sizeof(where),
	    "keys that only AuthorizedKeysCommand %.400s gives", value);
	explain_add_key(g, NULL, where);
}

/* True if the gate stands before others alone: "setup --only". */
static bool
stands_outside(const struct explaining_gate *g)
{
	struct doctor doctor = {.admin = g->admin, .config = config_of(g)};
	bool outside;

	if (!doctor_read_config(&doctor, doctor.config))
		return false;
	outside = scope_is_partial(&doctor.lines) &&
	    !scope_has_name(&doctor.lines, g->user->name);
	config_done(&doctor.lines);
	return outside;
}

static void
explain_settings(struct explaining_gate *g, const char *dump)
{
	char value[CONFIG_WORD] = "";

	if (!has_value(dump, "forcecommand", value) || !config_is_gate(value)) {
		g->outside = stands_outside(g);
		explain_note(g,
		    "by %s sshd runs no gate for this login, so nobody is "
		    "asked: tfa-admin doctor",
		    config_of(g));
		return;
	}
	if (has_value(dump, "exposeauthinfo", value) &&
	    strcmp(value, "yes") != 0)
		explain_note(g,
		    "sshd does not tell the gate which key was used "
		    "(ExposeAuthInfo), so a login is refused: key_unknown");
	explain_program(g, dump);
}

/* Returns the port of the login: the door's stands in our drop-in. */
static int
explain_door(struct explaining_gate *g)
{
	const char *path = g->admin->config != NULL ? g->admin->config
						    : CONFIG_DROP_IN;
	scoped_free char *text = NULL;
	int port = 0;

	if (!g->admin->at_door)
		return SSH_PORT;
	text = read_whole(path);
	if (text != NULL)
		port = guard_door_port(text);
	if (text == NULL && errno != ENOENT)
		explain_note(g, "whether a door is set up is not known: %s: %s",
		    path, strerror(errno));
	else if (port == 0)
		explain_note(g,
		    "no door is set up here, so nobody can log in at one: "
		    "tfa-admin setup --door PORT");
	return port != 0 ? port : SSH_PORT;
}

void
explain_sshd(struct explaining_gate *g)
{
	scoped_free struct child *child = NULL;
	int port = explain_door(g);

	if (geteuid() != 0) {
		explain_note(g,
		    "only root can ask sshd for its settings; keys from "
		    "elsewhere may be refused");
		return;
	}
	child = malloc(sizeof(*child));
	if (child == NULL)
		g->failed = true;
	else if (ask(g, port, child))
		explain_settings(g, child->out.text);
}
