/*
 * policy history, undo, and show of an earlier policy: what versions.c keeps.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/policy/damage.h"
#include "admin/policy/difference.h"
#include "admin/policy/versions.h"
#include "gate/screen/display.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

/* Adds how two versions differ; nothing if one of them is no valid policy. */
static bool
add_between(const struct version *old, const struct version *new,
    struct changes *changes)
{
	struct json_error error;
	struct policy one, other;
	bool ok;

	if (old->text == NULL)
		return changes_add(changes, "policy: none -> ...");
	if (policy_parse(old->text, old->len, &one, &error) != FAULT_NONE)
		return changes_add(changes, "policy: not valid -> ...");
	if (policy_parse(new->text, new->len, &other, &error) != FAULT_NONE) {
		policy_done(&one);
		return changes_add(changes, "policy: ... -> not valid");
	}
	ok = difference_add(&one, &other, changes);
	policy_done(&one);
	policy_done(&other);
	return ok;
}

static void
print_version_json(
    const struct version *version, const struct changes *changes, bool in_force)
{
	char when[WHEN_TEXT];

	when_format(version->at_s, when);
	if (version->number > 0)
		printf("{\"number\":%" PRId64, version->number);
	else
		fputs("{\"number\":null", stdout);
	printf(",\"time\":\"%s\"", when);
	if (version->by[0] != '\0')
		admin_print_string(",\"by\":", version->by);
	else
		fputs(",\"by\":null", stdout);
	admin_print_string(",\"what\":", version->what);
	printf(",\"in_force\":%s,\"changes\":[", in_force ? "true" : "false");
	for (size_t i = 0; i < changes->lines.count; i++)
		admin_print_string(
		    i > 0 ? "," : "", changes->lines.items[i].text);
	puts("]}");
}

/* Prints a line; on a terminal of not more than its columns, if each character
 * has one. */
static void
print_line(const char *text)
{
	char line[MESSAGE_TEXT + USER_TEXT + 64];
	struct display display;
	size_t most = sizeof(line) - 1;

	display_size(STDOUT_FILENO, &display);
	if (display.columns > 3 && (size_t)display.columns < most)
		most = (size_t)display.columns;
	utf8_clean(text, strlen(text), line, most + 1);
	if (strlen(text) > most)
		memcpy(line + strlen(line) - 3, "...", 3);
	puts(line);
}

static void
print_version(
    const struct version *version, const struct changes *changes, bool in_force)
{
	char when[WHEN_MINUTE], by[USER_TEXT];
	char line[MESSAGE_TEXT + USER_TEXT + 64];

	when_say_minute(version->at_s, when);
	utf8_clean(version->by, strlen(version->by), by, sizeof(by));
	snprintf(line, sizeof(line), "%6" PRId64 "  %s  %-10s  %s%s",
	    version->number, when, table_dash(by),
	    in_force ? "(in force) " : "", version->what);
	print_line(line);
	for (size_t i = 0; i < changes->lines.count; i++) {
		snprintf(line, sizeof(line), "        %s",
		    changes->lines.items[i].text);
		print_line(line);
	}
}

/* Prints a version, and how it differs from the one before it, which then is
 * this one. */
static int
show_one(const struct admin *admin, struct version *before,
    struct version *version, bool in_force)
{
	struct changes changes = {.lines = {.count = 0}};
	bool ok = before->text == NULL ||
	    add_between(before, version, &changes);

	if (ok && admin->json)
		print_version_json(version, &changes, in_force);
	else if (ok)
		print_version(version, &changes, in_force);
	else
		admin_say("out of memory");
	changes_done(&changes);
	version_done(before);
	*before = *version;
	*version = (struct version){.number = 0};
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

static int
show_all(const struct admin *admin, const struct lockfile *lockfile,
    const struct versions *versions, struct version *current)
{
	struct version before = {.number = 0}, version = {.number = 0};
	size_t count = versions->numbers.count;
	int status = ADMIN_DONE;

	/* One that is damaged was named, and the others are shown. */
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count;
		int one = versions_read(
		    lockfile, versions->numbers.items[i], &version);

		if (one == ADMIN_DONE)
			one = show_one(admin, &before, &version,
			    last && current->text != NULL &&
				version_is(&version, current));
		status = one == ADMIN_DONE ? status : one;
	}
	if (current->text != NULL &&
	    (before.text == NULL || !version_is(&before, current)) &&
	    show_one(admin, &before, current, true) != ADMIN_DONE)
		status = ADMIN_NOT;
	version_done(&before);
	return status;
}

int
admin_history(struct admin *admin)
{
	struct versions versions = {.numbers = {.count = 0}};
	struct version current = {.number = 0};
	struct lockfile lockfile;
	int status = admin_view(admin, &lockfile);

	if (status == ADMIN_DONE)
		status = versions_current(&lockfile, &current);
	if (status == ADMIN_DONE)
		status = versions_list(&lockfile, &versions);
	if (status == ADMIN_DONE)
		status = show_all(admin, &lockfile, &versions, &current);
	versions_done(&versions);
	version_done(&current);
	lockfile_close(&lockfile);
	return status;
}

/* 0 after a message. */
static int64_t
read_version_number(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && len <= 9 && text[0] != '0' &&
	    strspn(text, "0123456789") == len)
		return strtol(text, NULL, 10);
	admin_say(
	    "%.80s: not a number that tfa-admin policy history lists", text);
	return 0;
}

int
admin_show_version(struct admin *admin, const char *number)
{
	struct version version = {.number = 0}, current = {.number = 0};
	struct lockfile lockfile;
	int64_t n = read_version_number(number);
	int status;

	if (n == 0)
		return ADMIN_USAGE;
	status = admin_view(admin, &lockfile);
	if (status == ADMIN_DONE)
		status = versions_current(&lockfile, &current);
	if (status == ADMIN_DONE)
		status = versions_read(&lockfile, n, &version);
	if (status == ADMIN_DONE)
		fwrite(version.text, 1, version.len, stdout);
	version_done(&version);
	version_done(&current);
	lockfile_close(&lockfile);
	return status;
}

/* *ret: the version that is meant, or the one before that in force. */
static int
find_earlier(const struct lockfile *lockfile, int64_t number,
    const struct version *current, struct version *ret)
{
	size_t back = current->text != NULL ? 2 : 1;
	struct versions versions;
	int status = versions_list(lockfile, &versions);

	if (status != ADMIN_DONE)
		return status;
	if (number == 0 && versions.numbers.count < back) {
		admin_say("there is no earlier policy to go back to");
		status = ADMIN_NOT;
	} else if (number == 0) {
		number = versions.numbers.items[versions.numbers.count - back];
	}
	versions_done(&versions);
	return status == ADMIN_DONE ? versions_read(lockfile, number, ret)
				    : status;
}

static bool
add_undo(const struct version *earlier, const struct version *current,
    struct changes *changes)
{
	char when[WHEN_MINUTE];

	when_say_minute(earlier->at_s, when);
	changes->asked = 1;
	return changes_add(changes,
		   "policy undo: back to version %" PRId64 " of %s",
		   earlier->number, when) &&
	    add_between(current, earlier, changes);
}

static int
restore_version(const struct admin *admin, const struct lockfile *lockfile,
    const struct version *earlier, const struct version *current)
{
	const struct proposal proposal = {
	    .text = earlier->text, .len = earlier->len, .always = true};
	struct changes changes = {.lines = {.count = 0}};
	size_t unknown;
	int status = ADMIN_NOT;

	if (current->text != NULL && version_is(earlier, current)) {
		admin_say("version %" PRId64 " is the policy in force: choose "
			  "another one of tfa-admin policy history",
		    earlier->number);
		return ADMIN_NOT;
	}
	if (!admin_check_text(lockfile_called(lockfile), earlier->text,
		earlier->len, &unknown))
		return ADMIN_NOT;
	if (add_undo(earlier, current, &changes)) {
		changes_show(&changes, 0);
		status = damage_ask(admin, lockfile, &proposal);
		if (status == ADMIN_DONE)
			status = admin_install(admin, lockfile, earlier->text,
			    earlier->len, &changes);
		if (status == ADMIN_DONE)
			admin_done(admin, lockfile_called(lockfile),
			    changes.lines.items[0].text);
	} else {
		admin_say("out of memory");
	}
	changes_done(&changes);
	return status;
}

int
admin_undo(struct admin *admin, const char *number)
{
	struct version earlier = {.number = 0}, current = {.number = 0};
	int64_t n = number[0] != '\0' ? read_version_number(number) : 0;
	struct lockfile lockfile;
	int status;

	if (n == 0 && number[0] != '\0')
		return ADMIN_USAGE;
	status = admin_lock(admin, LOCKFILE_WAIT_S, &lockfile);
	if (status == ADMIN_DONE)
		status = versions_settle(&lockfile);
	if (status == ADMIN_DONE)
		status = versions_current(&lockfile, &current);
	if (status == ADMIN_DONE)
		status = find_earlier(&lockfile, n, &current, &earlier);
	if (status == ADMIN_DONE)
		status = restore_version(admin, &lockfile, &earlier, &current);
	version_done(&earlier);
	version_done(&current);
	lockfile_close(&lockfile);
	return status;
}
