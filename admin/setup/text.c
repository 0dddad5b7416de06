/*
 * The texts of the files that setup writes.  Those of etc/ are built in, so
 * that each has one home; only paths and the issuer differ.  The drop-in comes
 * from the table of gate/sshd/guard.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/setup/setup.h"
#include "gate/sshd/guard.h"
#include "store/base/cleanup.h"
#include "store/core/otpauth.h"

static const char policy[] = {
#include "etc/policy.json.inc"
};
static const char keeper_service[] = {
#include "etc/tfa-keeper.service.inc"
};
static const char setup_service[] = {
#include "etc/tfa-setup.service.inc"
};
static const char keeper_socket[] = {
#include "etc/tfa-keeper.socket.inc"
};
static const char door_service[] = {
#include "etc/tfa-sshd.service.inc"
};
static const char ssh_config[] = {
#include "etc/ssh_config-door.inc"
};
static const char door_pam[] = {
#include "etc/tfa-sshd.pam.inc"
};

/* A copy of in, with the first what replaced by with; NULL without memory. */
static char *
replaced(const char *in, const char *what, const char *with)
{
	const char *found = strstr(in, what);
	char *text = NULL;

	if (found == NULL)
		return strdup(in);
	if (asprintf(&text, "%.*s%s%s", (int)(found - in), in, with,
		found + strlen(what)) < 0)
		return NULL;
	return text;
}

/* The start of the line that is these words, in any case; or NULL. */
static const char *
line_of(const char *text, const char *words)
{
	size_t len = strlen(words);

	for (const char *at = text; at != NULL && *at != '\0';) {
		const char *end = strchr(at, '\n');
		const char *first = at + strspn(at, " \t");

		if (strncasecmp(first, words, len) == 0 &&
		    first[len + strspn(first + len, " \t\r")] ==
			(end != NULL ? '\n' : '\0'))
			return at;
		at = end != NULL ? end + 1 : NULL;
	}
	return NULL;
}

/* The first line of the gate's own blocks, or NULL. */
static const char *
gates_lines(const char *dropin)
{
	const char *only = line_of(dropin, GUARD_ONLY_MARK);

	return only != NULL ? only : line_of(dropin, GUARD_MATCH);
}

/*
 * A copy of the blocks that the site has put above the gate's in our drop-in,
 * which stay; the door's is not one of them.  Empty where present is NULL or is
 * not our drop-in; NULL without memory.
 */
static char *
site_blocks(const char *present)
{
	const char *from, *to, *door;
	size_t len = 0;
	char *text = NULL;

	if (present == NULL)
		return strdup("");
	from = line_of(present, "PermitUserEnvironment no");
	to = gates_lines(present);
	if (from == NULL || to == NULL || from > to)
		return strdup("");
	from = strchr(from, '\n') + 1;
	door = guard_door_block(present, &len);
	if (door == NULL || door < from || door > to)
		return strndup(from, (size_t)(to - from));
	if (asprintf(&text, "%.*s%.*s", (int)(door - from), from,
		(int)(to - door - (ptrdiff_t)len), door + len) < 0)
		return NULL;
	return text;
}

/*
 * Only the first SetEnv of a session counts.  This user needs one of their own:
 * ours sets a HOME that does not exist, until the gate sets the right one.
 */
static const char emergency_block[] =
    "# Emergency access: no code is asked of this user.\n"
    "Match User NAME\n"
    "    ForceCommand none\n"
    "    SetEnv SHLVL=0\n";

static bool
has_block(const char *blocks, const char *user)
{
	char line[SETUP_NAME + 16];

	snprintf(line, sizeof(line), "Match User %s", user);
	return line_of(blocks, line) != NULL;
}

char *
text_dropin(const char *present, const char *break_glass, int door_port,
    const struct guard_only *only)
{
	scoped_free char *blocks = site_blocks(present);
	scoped_free char *ours = guard_drop_in(SETUP_GATE, door_port, only);
	scoped_free char *own = NULL;
	const char *all = ours != NULL ? gates_lines(ours) : NULL;
	char *text = NULL;

	if (blocks == NULL || all == NULL)
		return NULL;
	own = break_glass != NULL && !has_block(blocks, break_glass)
	    ? replaced(emergency_block, "NAME", break_glass)
	    : strdup("");
	if (own == NULL ||
	    asprintf(&text, "%.*s%s%s%s", (int)(all - ours), ours, blocks, own,
		all) < 0)
		return NULL;
	return text;
}

char *
text_policy(const char *host)
{
	char issuer[ISSUER_TEXT] = "", line[ISSUER_TEXT + 16];
	size_t len = 0;

	for (const char *c = host; *c != '\0' && *c != '.'; c++)
		if (len < sizeof(issuer) - 1 &&
		    (isalnum((unsigned char)*c) || strchr("_-", *c) != NULL))
			issuer[len++] = *c;
	issuer[len] = '\0';
	snprintf(line, sizeof(line), "\"issuer\": \"%s\"",
	    len > 0 ? issuer : "bastion");
	return replaced(policy, "\"issuer\": \"bastion\"", line);
}

/* Its launcher starts it, and looks at it before a reload. */
static char *
text_door_unit(void)
{
	scoped_free char *text = replaced(door_service,
	    "ExecStart=/usr/lib/tfa/tfa-door", "ExecStart=" DOOR_LAUNCHER);

	return text != NULL ? replaced(text, "ExecReload=/usr/lib/tfa/tfa-door",
				  "ExecReload=" DOOR_LAUNCHER)
			    : NULL;
}

char *
text_unit(const char *name)
{
	if (strcmp(name, "tfa-keeper.socket") == 0)
		return strdup(keeper_socket);
	if (strcmp(name, "tfa-setup.service") == 0)
		return replaced(setup_service, "/usr/sbin/tfa-admin",
		    TFA_SBINDIR "/tfa-admin");
	if (strcmp(name, DOOR_UNIT) == 0)
		return text_door_unit();
	return replaced(keeper_service, "ExecStart=/usr/sbin/tfa-keeper",
	    "ExecStart=" SETUP_KEEPER);
}

char *
text_door_pam(void)
{
	return strdup(door_pam);
}

char *
text_ssh_config(const char *host, int port)
{
	char line[64];
	scoped_free char *text = replaced(
	    ssh_config, "bastion.example.org", host);

	snprintf(line, sizeof(line), "Port %d", port);
	return text != NULL ? replaced(text, "Port 2222", line) : NULL;
}

/* After "Match User" a pattern, a list or an option would mean others. */
bool
text_is_user(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < SETUP_NAME && name[0] != '-' &&
	    strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-") == len;
}
