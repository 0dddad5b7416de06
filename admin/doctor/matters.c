/*
 * The lines of sshd's files that matter to the gate: those that are for
 * somebody before whom it stands.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/doctor/scope.h"
#include "store/system/groups.h"

/* The accounts that the criteria of a Match fit. */
struct fitting {
	const struct config *config;
	const char *match;
	bool below;            /* the gate's own blocks */
	size_t inside, spared; /* spared: of those inside */
};

static void
count_fitting(struct fitting *fitting, const struct passwd *pw)
{
	if (!match_fits(fitting->match, pw, true) ||
	    !scope_has(fitting->config, pw))
		return;
	fitting->inside++;
	fitting->spared += fitting->below &&
	    (config_exempts(fitting->config, pw->pw_name) ||
		sftp_is_cut_off(fitting->config, pw));
}

/* A directory may not list everybody: members of the gate's groups count. */
static void
count_member(void *ctx, const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw != NULL)
		count_fitting(ctx, pw);
}

static void
count_group(void *ctx, const char *group)
{
	(void)groups_each(group, count_member, ctx);
}

static void
count_members(struct fitting *fitting)
{
	const struct config_line *gate = config_gate(fitting->config);
	const char *match;

	for (size_t i = 0; config_is_partial(gate) &&
	     (match = config_gate_match(fitting->config, gate, i)) != NULL;
	     i++) {
		struct config_line line = {.keyword = "match", .value = match};
		struct config one = {.lines = {&line, 1}};

		config_criteria(&one, "group", count_group, fitting);
		config_criteria(&one, "user", count_member, fitting);
	}
}

bool
scope_matters(const struct config *config, const char *match, bool below)
{
	struct fitting fitting = {
	    .config = config, .match = match, .below = below};
	const struct passwd *pw;

	if (match == NULL || strcasecmp(match, "all") == 0)
		return true;
	setpwent();
	while (fitting.spared == fitting.inside && (pw = getpwent()) != NULL)
		count_fitting(&fitting, pw);
	endpwent();
	if (fitting.spared == fitting.inside)
		count_members(&fitting);
	if (fitting.inside == 0)
		return !scope_is_partial(config);
	return fitting.spared < fitting.inside;
}
