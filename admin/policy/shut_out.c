/*
 * Names the users whom "enforce" shuts out from now on, so that the admin hears
 * of them here first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "store/base/cleanup.h"
#include "store/core/report.h"
#include "store/base/utf8.h"

#define NAMED   3    /* names in the message */
#define WAIT_MS 2000 /* for a keeper that just logged the change */

struct shut_out {
	char (*rules)[RULE_TEXT];
	size_t rule_count;
	bool all; /* everyone is listed; root was asked for before */
	size_t users;
	const char *caller; /* who runs the command; NULL: not known */
	bool with_caller;   /* the caller is one of the users */
	char names[NAMED * (USER_TEXT + 2)];
	struct user_row row; /* the one that is judged now */
};

static bool
is_of(const struct shut_out *found, const char *rule)
{
	if (rule[0] == '\0')
		return false;
	for (size_t i = 0; i < found->rule_count; i++)
		if (strcmp(found->rules[i], rule) == 0)
			return true;
	return false;
}

static void
shut_out_add(struct shut_out *found, const char *user)
{
	size_t len = strlen(found->names);

	if (found->caller != NULL && strcmp(found->caller, user) == 0)
		found->with_caller = true;
	if (found->users++ >= NAMED)
		return;
	if (len > 0)
		len += (size_t)snprintf(
		    found->names + len, sizeof(found->names) - len, ", ");
	utf8_clean(
	    user, strlen(user), found->names + len, sizeof(found->names) - len);
}

/* A user who is locked for a while would be overdue afterwards. */
static bool
is_shut_out(const struct shut_out *found, const struct user_row *row)
{
	return row->devices.count == 0 && is_of(found, row->rule) &&
	    (row->state == STATE_OVERDUE || row->state == STATE_LOCKED ||
		row->state == STATE_BLOCKED);
}

static bool
judge_row(void *ctx, const char *text)
{
	struct shut_out *found = ctx;
	const struct user_row *row = &found->row;

	(void)text;
	if (is_shut_out(found, row) &&
	    !(found->all && strcmp(row->user, "root") == 0))
		shut_out_add(found, row->user);
	return true;
}

/* Judges one user, or everyone for "". False if not all could be seen. */
static bool
shut_out_ask(
    const struct admin *admin, const char *user, struct shut_out *found)
{
	struct client_options keeper = admin->keeper;
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	const struct client_rows rows = {
	    &user_row_shape, &found->row, sizeof(found->row), judge_row, found};
	scoped_reply struct reply reply = {.version = 0};
	char why[320];

	keeper.wait_ms = WAIT_MS;
	snprintf(request.user, sizeof(request.user), "%s", user);
	return client_stream(&keeper, &request, &rows, &reply, why,
		   sizeof(why)) == FAULT_NONE &&
	    reply.verdict == VERDICT_PASS;
}

/* The user who logged in, though it is root who runs the command. */
static const char *
caller_of_command(void)
{
	const char *user = getenv("SUDO_USER");

	return user != NULL ? user : getlogin();
}

/*
 * Judges the users that the targets name, or everyone if one is a group or '*'.
 * Root may be at the keyboard, but the list leaves out system users who never
 * logged in: root is asked for by name.
 */
static bool
shut_out_ask_all(const struct admin *admin, char **targets, int count,
    struct shut_out *found)
{
	bool ok = true, many = false;

	for (int i = 0; i < count; i++)
		many |= targets[i][0] == '@' || strcmp(targets[i], "*") == 0;
	if (many) {
		(void)shut_out_ask(admin, "root", found);
		found->all = true;
		return shut_out_ask(admin, "", found);
	}
	for (int i = 0; i < count; i++)
		if (found->rules[i][0] != '\0')
			ok &= shut_out_ask(admin, targets[i], found);
	return ok;
}

void
admin_say_shut_out(const struct admin *admin, char (*rules)[RULE_TEXT],
    char **targets, int count)
{
	struct shut_out found = {.rules = rules,
	    .rule_count = (size_t)count,
	    .caller = caller_of_command()};

	if (!shut_out_ask_all(admin, targets, count, &found)) {
		admin_say("who is shut out by this is not known: the keeper "
			  "does not answer");
		return;
	}
	if (found.users == 0)
		return;
	if (found.users > NAMED)
		admin_say("%zu users have no device and are no longer let in "
			  "(%s and others: tfa-admin users --state overdue)",
		    found.users, found.names);
	else
		admin_say("%s %s no device and %s no longer let in",
		    found.names, found.users == 1 ? "has" : "have",
		    found.users == 1 ? "is" : "are");
	if (found.with_caller)
		admin_say("you are one of them, %s: keep this session open "
			  "until a new login of yours works",
		    found.caller);
	admin_say("to give them time, repeat the command with --grace 14d; to "
		  "let a user enrol, tfa-admin revoke or code --enroll");
}
