#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/home.h"
#include "admin/policy/damage.h"
#include "admin/policy/difference.h"
#include "admin/policy/versions.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/folder/policy_file.h"

#define SHOWN 40 /* lines of a difference */

int
admin_load(const struct admin *admin, struct policy *ret)
{
	char why[HOME_WHY] = "";
	enum fault fault = home_load(admin, ret, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT && admin->keeper.store != NULL &&
	    policy_builtin(ret) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why[0] != '\0' ? why : fault_name(fault));
	return ADMIN_NOT;
}

void
changes_show(const struct changes *changes, size_t first)
{
	size_t count = changes->lines.count;
	size_t end = count < first + SHOWN ? count : first + SHOWN;

	for (size_t i = first; i < end; i++)
		admin_say("%s", changes->lines.items[i].text);
	if (count > end)
		admin_say("and %zu more", count - end);
}

const char *
admin_who(void)
{
	const char *caller = caller_name();
	const struct passwd *pw;

	if (caller != NULL)
		return caller;
	pw = getpwuid(geteuid());
	return pw != NULL ? pw->pw_name : "";
}

/*
 * Logs the first count lines, with a word before each. Returns how many were
 * logged.
 */
static size_t
note_each(const struct admin *admin, const char *word,
    const struct changes *changes, size_t count, char why[static ADMIN_WHY])
{
	for (size_t i = 0; i < count; i++) {
		char line[sizeof(struct note) + 16];

		snprintf(line, sizeof(line), "%s%s", word,
		    changes->lines.items[i].text);
		if (!admin_note(admin, line, why, ADMIN_WHY))
			return i;
	}
	return count;
}

/* Writes the line for the history: the first one, and how many there are. */
static void
sum_up(const struct changes *changes, char *ret, size_t size)
{
	size_t more = changes->asked > 1 ? changes->asked - 1 : 0;

	if (changes->lines.count == 0)
		return;
	utf8_clean(changes->lines.items[0].text,
	    strlen(changes->lines.items[0].text), ret, size - 24);
	if (more > 0)
		snprintf(ret + strlen(ret), size - strlen(ret),
		    " (and %zu more)", more);
}

static int
prepare(const struct lockfile *lockfile, struct version *version)
{
	int status = versions_settle(lockfile);

	snprintf(version->by, sizeof(version->by), "%s", admin_who());
	if (status == ADMIN_DONE)
		status = versions_prepare(lockfile, version);
	if (status != ADMIN_DONE)
		admin_say("nothing is changed: the policies could not be kept");
	return status;
}

int
admin_install(const struct admin *admin, const struct lockfile *lockfile,
    const char *text, size_t len, const struct changes *changes)
{
	struct version version = {
	    .at_s = time(NULL), .text = (char *)(uintptr_t)text, .len = len};
	char why[ADMIN_WHY] = "";
	size_t count = changes->lines.count, noted;
	int status;

	sum_up(changes, version.what, sizeof(version.what));
	status = prepare(lockfile, &version);
	if (status != ADMIN_DONE)
		return status;
	noted = note_each(admin, "", changes, count, why);
	status = lockfile_store(lockfile, version.what, text, len);
	if (status == ADMIN_DONE) {
		(void)versions_commit(lockfile);
		if (noted < count)
			admin_say(
			    "the change is made, but not logged: %s", why);
		return status;
	}
	if (note_each(admin, "not made: ", changes, noted, why) < noted)
		admin_say(
		    "nothing is changed, but the log says that it is: %s", why);
	return status;
}

static int
say_invalid(const struct policy *policy, const struct json_error *error)
{
	if (policy->rules.count > POLICY_RULES)
		admin_say(
		    "nothing is changed: the policy would have %zu rules, "
		    "and may have %d. Put these users into a Unix group, "
		    "and make one rule for it: @GROUP in their place",
		    policy->rules.count, POLICY_RULES);
	else
		admin_say("the policy would not be valid, nothing is changed: "
			  "%s: %s",
		    error->path, error->text);
	return ADMIN_NOT;
}

/* Nothing changes: a version of it would push out one that changed something.
 * What a change that was killed left behind goes. */
static int
store_again(const struct lockfile *lockfile, const char *text, size_t len)
{
	int status = versions_settle(lockfile);

	return status == ADMIN_DONE && lockfile->shared == NULL
	    ? lockfile_store(lockfile, "", text, len)
	    : status;
}

/* Reads the text back before it is stored: the keeper must accept it. */
static int
store(const struct admin *admin, const struct lockfile *lockfile,
    const struct policy *old, const struct policy *policy,
    struct changes *changes)
{
	struct proposal proposal = {
	    .users = changes->users, .count = changes->user_count};
	scoped_free char *text = NULL;
	struct json_error error = {.line = 0};
	struct policy again;
	int status;

	if (policy_format(policy, true, &text) != FAULT_NONE ||
	    !difference_add(old, policy, changes)) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	proposal.text = text;
	proposal.len = strlen(text);
	if (changes->lines.count == changes->asked)
		return store_again(lockfile, text, proposal.len);
	if (policy_parse(text, proposal.len, &again, &error) != FAULT_NONE)
		return say_invalid(policy, &error);
	policy_done(&again);
	status = damage_ask(admin, lockfile, &proposal);
	if (status != ADMIN_DONE)
		return status;
	return admin_install(admin, lockfile, text, proposal.len, changes);
}

/* Changes a policy that was read, and stores it. */
static int
change_policy(const struct admin *admin, const struct lockfile *lockfile,
    const struct policy *old, struct policy *policy,
    int (*change)(struct policy *policy, struct changes *changes, void *arg),
    void *arg)
{
	struct changes changes = {.lines = {.count = 0}};
	int made = change(policy, &changes, arg), status = ADMIN_DONE;

	changes.asked = changes.lines.count;
	if (made < 0)
		status = ADMIN_NOT;
	else if (made > 0)
		status = store(admin, lockfile, old, policy, &changes);
	changes_done(&changes);
	return status;
}

/* *ret: the policy in that text, or the built-in one of an embedded store that
 * has none. */
static enum fault
parse_locked(const struct admin *admin, const char *text, size_t len,
    struct policy *ret, char why[static HOME_WHY])
{
	struct json_error error = {.line = 0};
	char name[HOME_NAME];
	enum fault fault;

	if (text == NULL)
		return policy_builtin(ret);
	fault = policy_parse(text, len, ret, &error);
	home_name(admin, name);
	if (fault != FAULT_NONE)
		json_error_say(&error, name, why, HOME_WHY);
	return fault;
}

/* *ret_old, *ret: the policy, twice, of one reading: in a fleet another one may
 * come at any time. */
static int
load_locked(const struct admin *admin, const struct lockfile *lockfile,
    struct policy *ret_old, struct policy *ret)
{
	char why[HOME_WHY] = "out of memory";
	scoped_free char *text = NULL;
	size_t len = 0;
	enum fault fault = lockfile_read(lockfile, &text, &len, why);

	if (fault == FAULT_NONE ||
	    (fault == FAULT_ABSENT && admin->keeper.store != NULL))
		fault = parse_locked(admin, text, len, ret_old, why);
	if (fault == FAULT_NONE) {
		fault = parse_locked(admin, text, len, ret, why);
		if (fault != FAULT_NONE)
			policy_done(ret_old);
	}
	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why);
	return fault == FAULT_AWAY ? ADMIN_KEEPER : ADMIN_NOT;
}

int
admin_change(struct admin *admin,
    int (*change)(struct policy *policy, struct changes *changes, void *arg),
    void *arg)
{
	struct policy old, policy;
	struct lockfile lockfile;
	int status = admin_lock(admin, LOCKFILE_WAIT_S, &lockfile);

	if (status == ADMIN_DONE)
		status = load_locked(admin, &lockfile, &old, &policy);
	if (status == ADMIN_DONE) {
		status = change_policy(
		    admin, &lockfile, &old, &policy, change, arg);
		policy_done(&old);
		policy_done(&policy);
	}
	lockfile_close(&lockfile);
	return status;
}
