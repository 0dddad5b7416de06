/*
 * The check "scope": the people before whom the gate stands are everybody, or
 * those whom "setup --only" names.  The others log in as without tfa, which the
 * policy may not want.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"
#include "admin/doctor/scope.h"
#include "store/system/groups.h"

/* The accounts, counted. */
struct scope {
	struct doctor *doctor;
	const struct policy *policy; /* NULL: not known */
	struct groups groups;
	struct scope_count count;
	size_t required; /* outside, and the policy asks a code of them */
	char theirs[SCOPE_NAMED * 210];
};

/* True if the policy asks, or may ask, a code of somebody outside. */
static bool
requires_code(struct scope *scope, const struct passwd *pw)
{
	struct groups_user user = {
	    .name = pw->pw_name, .gid = pw->pw_gid, .groups = &scope->groups};
	struct subject subject = {.user = pw->pw_name,
	    .last_rule = "",
	    .member = groups_member,
	    .ctx = &user};

	return policy_may_require(scope->policy, &subject);
}

static void
count_required(struct scope *scope)
{
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL)
		if (shell_kind(pw->pw_shell) != SHELL_NO_LOGIN &&
		    !scope_has(&scope->doctor->lines, pw) &&
		    !config_exempts(&scope->doctor->lines, pw->pw_name) &&
		    requires_code(scope, pw) && scope->required++ < SCOPE_NAMED)
			scope_add(scope->theirs, sizeof(scope->theirs), ", ",
			    "", pw->pw_name);
	endpwent();
}

/* sshd knows a group by the name that its number has: getgrgid(3). */
static void
judge_scope_group(void *ctx, const char *name)
{
	struct doctor *doctor = ctx;
	const struct group *group = getgrnam(name);
	struct name known;
	gid_t gid;

	if (group == NULL) {
		doctor_fail(doctor, "tfa-admin setup --only @GROUP",
		    "there is no group %.80s here: the gate stands before "
		    "nobody of it",
		    name);
		return;
	}
	gid = group->gr_gid;
	group = getgrgid(gid);
	snprintf(known.text, sizeof(known.text), "%s",
	    group != NULL ? group->gr_name : "?");
	if (strcmp(known.text, name) != 0)
		doctor_fail(doctor, "tfa-admin setup --only @GROUP",
		    "sshd knows the group %.80s by its number, %lu, and calls "
		    "it %.80s: the gate stands before nobody of it",
		    name, (unsigned long)gid, known.text);
}

static void
judge_scope_user(void *ctx, const char *name)
{
	struct doctor *doctor = ctx;

	if (getpwnam(name) == NULL)
		doctor_warn(doctor, NULL,
		    "there is no user %.80s here, before whom the gate is to "
		    "stand",
		    name);
}

/* The names in the gate's blocks. */
static void
judge_names(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	const char *match;

	for (size_t i = 0;
	     (match = config_gate_match(&doctor->lines, gate, i)) != NULL;
	     i++) {
		struct config_line line = {.keyword = "match", .value = match};
		struct config one = {.lines = {&line, 1}};

		config_criteria(&one, "group", judge_scope_group, doctor);
		config_criteria(&one, "user", judge_scope_user, doctor);
	}
}

static void
say_scope(struct scope *scope, const char *whom)
{
	struct doctor *doctor = scope->doctor;
	const struct scope_count *count = &scope->count;

	if (scope->required > 0)
		doctor_fail(doctor, "tfa-admin setup, which is for everybody",
		    "the gate stands before %.200s alone, and the policy "
		    "requires a code of %zu account%s outside: %.400s%s",
		    whom, scope->required, findings_s(scope->required),
		    scope->theirs,
		    scope->required > SCOPE_NAMED ? ", ..." : "");
	if (scope->policy == NULL)
		doctor_warn(doctor, NULL,
		    "since the policy cannot be read now, whom of those "
		    "outside it asks for a code is not known");
	if (count->inside == 0)
		doctor_warn(doctor, NULL,
		    "no account that can log in is in %.200s: the gate stands "
		    "before nobody who is listed",
		    whom);
	doctor_ok(doctor,
	    "only %.200s meet%s the gate, %zu account%s; %zu outside log in as "
	    "without tfa%s%.300s%s; \"tfa-admin setup\" is for everybody",
	    whom, strstr(whom, " and ") != NULL || strchr(whom, ',') ? "" : "s",
	    count->inside, findings_s(count->inside), count->outside,
	    count->outside > 0 ? ": " : "", count->names,
	    count->outside > SCOPE_NAMED ? ", ..." : "");
}

static void
judge_partial(struct doctor *doctor)
{
	struct scope scope = {.doctor = doctor};
	char why[POLICY_WHY_TEXT], whom[400];
	struct policy policy;

	if (doctor_load_policy(doctor, &policy, why) == FAULT_NONE)
		scope.policy = &policy;
	scope_say(&doctor->lines, whom, sizeof(whom));
	scope_count(&doctor->lines, &scope.count);
	judge_names(doctor);
	if (scope.policy != NULL)
		count_required(&scope);
	say_scope(&scope, whom);
	groups_done(&scope.groups);
	if (scope.policy != NULL)
		policy_done(&policy);
}

void
doctor_scope(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);

	if (gate == NULL)
		doctor_warn(doctor, NULL,
		    "whom the gate is for is not known: no line names it for "
		    "everybody");
	else if (config_is_partial(gate))
		judge_partial(doctor);
	else
		doctor_ok(doctor, "the gate is for everybody: %.200s:%d",
		    gate->file, gate->number);
}
