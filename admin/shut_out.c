/*
 * Whom "enforce" shuts out from now on: the admin hears of it here, and not
 * from them.
 */
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "cleanup.h"
#include "report.h"
#include "utf8.h"

#define NAMED   3    /* the others are counted */
#define WAIT_MS 2000 /* for a keeper that took the change down just now */

struct shut_out {
	const char (*rules)[RULE_TEXT];
	size_t rule_count;
	bool all; /* are asked for: root was, before */
	size_t users;
	char names[NAMED * (USER_TEXT + 2)];
};

static bool
is_of(const struct shut_out *found, const char *rule)
{
	for (size_t i = 0; i < found->rule_count; i++)
		if (rule[0] != '\0' && strcmp(found->rules[i], rule) == 0)
			return true;
	return false;
}

static void
add_name(struct shut_out *found, const char *user)
{
	size_t len = strlen(found->names);

	if (found->users++ >= NAMED)
		return;
	if (len > 0)
		len += (size_t)snprintf(
		    found->names + len, sizeof(found->names) - len, ", ");
	utf8_clean(
	    user, strlen(user), found->names + len, sizeof(found->names) - len);
}

static bool
is_end(const char *text, size_t len)
{
	scoped_reply struct reply reply = {.version = 0};
	struct json_error error;

	return json_read(&reply_shape, text, len, PACKET_MAX, &reply, &error) ==
	    FAULT_NONE &&
	    verdict_from_name(reply.verdict) == VERDICT_PASS;
}

static bool
take_row(struct shut_out *found, const char *text, size_t len)
{
	struct user_row row = {.state = 0};
	struct json_error error;
	bool ok = json_read(&user_row_shape, text, len, PACKET_MAX, &row,
		      &error) == FAULT_NONE;

	if (ok && row.state == STATE_OVERDUE && is_of(found, row.rule) &&
	    !(found->all && strcmp(row.user, "root") == 0))
		add_name(found, row.user);
	user_row_done(&row);
	return ok;
}

/* One user, or with "" everyone; false where not all could be looked at. */
static bool
find(const struct admin *admin, const char *user, struct shut_out *found)
{
	struct client_options keeper = admin->keeper;
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	scoped_client struct client client = {.fd = -1};

	keeper.wait_ms = WAIT_MS;
	snprintf(request.user, sizeof(request.user), "%s", user);
	if (client_open(&keeper, &request, &client) != FAULT_NONE)
		return false;
	for (;;) {
		scoped_json_text char *text = NULL;
		size_t len = 0;

		if (client_next(&client, &text, &len) != FAULT_NONE)
			return false;
		if (client_is_reply(text))
			return is_end(text, len);
		if (!take_row(found, text, len))
			return false;
	}
}

void
admin_say_shut_out(const struct admin *admin, const char (*rules)[RULE_TEXT],
    size_t rule_count)
{
	struct shut_out found = {.rules = rules, .rule_count = rule_count};

	/* The list leaves out those of the system who never came: root, who may
	 * be at the keyboard, is asked for. */
	(void)find(admin, "root", &found);
	found.all = true;
	if (!find(admin, "", &found)) {
		admin_say("whom this shuts out cannot be found out now: the "
			  "keeper does not say");
		return;
	}
	if (found.users == 0)
		return;
	if (found.users > NAMED)
		admin_say("%zu users have no device and are let in no more "
			  "(%s and others: tfa-admin users --state overdue)",
		    found.users, found.names);
	else
		admin_say("%s %s no device and %s let in no more", found.names,
		    found.users == 1 ? "has" : "have",
		    found.users == 1 ? "is" : "are");
	admin_say("to give them time: the same command with --grace 14d; to "
		  "let one enrol: tfa-admin revoke, or code --enroll");
}
