#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/policy/lockfile.h"
#include "store/base/cleanup.h"
#include "store/folder/policy_file.h"

int
admin_load(const struct admin *admin, struct policy *ret)
{
	char why[POLICY_WHY_TEXT] = "";
	enum fault fault = policy_file_load(admin->policy, geteuid(), ret, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT && admin->keeper.store != NULL &&
	    policy_builtin(ret) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why[0] != '\0' ? why : fault_name(fault));
	return ADMIN_NOT;
}

bool
changes_add(struct changes *changes, const char *format, ...)
{
	struct note *line = list_add(&changes->lines, sizeof(*line));
	va_list ap;

	if (line == NULL)
		return false;
	va_start(ap, format);
	vsnprintf(line->text, sizeof(line->text), format, ap);
	va_end(ap);
	return true;
}

void
changes_done(struct changes *changes)
{
	free(changes->lines.items);
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

int
admin_install(const struct admin *admin, const struct lockfile *lockfile,
    const char *text, size_t len, const struct changes *changes)
{
	char why[ADMIN_WHY] = "";
	size_t count = changes->lines.count;
	size_t noted = note_each(admin, "", changes, count, why);
	int status = lockfile_store(lockfile, text, len);

	if (status == ADMIN_DONE && noted < count)
		admin_say("the change is made, but not logged: %s", why);
	if (status != ADMIN_DONE &&
	    note_each(admin, "not made: ", changes, noted, why) < noted)
		admin_say(
		    "nothing is changed, but the log says that it is: %s", why);
	return status;
}

/* Reads the text back before it is stored: the keeper must accept it. */
static int
store(const struct admin *admin, const struct lockfile *lockfile,
    const struct policy *policy, const struct changes *changes)
{
	scoped_free char *text = NULL;
	struct json_error error = {.line = 0};
	struct policy again;

	if (policy_format(policy, true, &text) != FAULT_NONE) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	if (policy_parse(text, strlen(text), &again, &error) != FAULT_NONE) {
		admin_say("the policy would not be valid, nothing is changed: "
			  "%s: %s",
		    error.path, error.text);
		return ADMIN_NOT;
	}
	policy_done(&again);
	return admin_install(admin, lockfile, text, strlen(text), changes);
}

int
admin_change(struct admin *admin,
    int (*change)(struct policy *policy, struct changes *changes, void *arg),
    void *arg)
{
	struct changes changes = {.lines = {.count = 0}};
	struct lockfile lockfile;
	struct policy policy;
	int made,
	    status = lockfile_open(admin->policy, LOCKFILE_WAIT_S, &lockfile);

	if (status == ADMIN_DONE)
		status = admin_load(admin, &policy);
	if (status == ADMIN_DONE) {
		made = change(&policy, &changes, arg);
		if (made < 0)
			status = ADMIN_NOT;
		else if (made > 0)
			status = store(admin, &lockfile, &policy, &changes);
		policy_done(&policy);
	}
	changes_done(&changes);
	lockfile_close(&lockfile);
	return status;
}
