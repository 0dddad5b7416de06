#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "store/base/cleanup.h"
#include "store/system/directory.h"
#include "store/system/groups.h"
#include "store/system/people.h"
#include "admin/read.h"
#include "store/core/report.h"
#include "admin/summary.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

#define NSSWITCH "/etc/nsswitch.conf"

struct listing {
	const struct admin *admin;
	struct people people; /* only read if groups of all are needed */
	struct groups groups;
	struct libscols_table *table;
	struct summary *summary; /* or NULL */
	bool in_full;            /* users NAME: a block for each user */
	bool found;              /* at least one user was shown */
	struct user_row row;     /* the one that is shown now */
};

static const char *const headings[] = {"USER", "STATE", "RULE", "DEVICES",
    "LAST LOGIN", "FROM", "DEADLINE", "PROBLEM"};
#define COLUMNS     (sizeof(headings) / sizeof(headings[0]))
#define LOCK_TEXT   48
#define STATES_TEXT 128 /* all names of states */

/* Formats a time; none stands for 0. */
static void
say_time(int64_t time_s, const char *none, char ret[static WHEN_TEXT])
{
	if (time_s == 0)
		snprintf(ret, WHEN_TEXT, "%s", none);
	else
		when_format(time_s, ret);
}

/* *ret is for groups_member(). False if passwd has no such user. */
static bool
users_find(struct listing *listing, const char *name, struct groups_user *ret)
{
	uid_t uid;

	*ret = (struct groups_user){.name = name, .groups = &listing->groups};
	return people_look_up(&listing->people, name, &uid, &ret->gid) ==
	    FAULT_NONE;
}

static bool
users_wants(struct listing *listing, const struct user_row *row)
{
	const struct admin *admin = listing->admin;
	struct groups_user user;

	if (admin->state != NULL &&
	    strcmp(state_names[row->state], admin->state) != 0)
		return false;
	return admin->group == NULL ||
	    (users_find(listing, row->user, &user) &&
		groups_member(&user, admin->group) == GROUP_INSIDE);
}

static bool
add_row(struct libscols_table *table, const struct user_row *row)
{
	char devices[24], last[WHEN_TEXT], deadline[WHEN_TEXT];
	const char *cells[COLUMNS] = {row->user,
	    row->state == STATE_NONE ? "-" : state_names[row->state],
	    table_dash(row->rule), devices, last, table_dash(row->last_address),
	    deadline, table_dash(row->problem)};

	snprintf(devices, sizeof(devices), "%zu", row->devices.count);
	say_time(row->last_login_s, "-", last);
	say_time(row->deadline_s, "-", deadline);
	return table_row(table, cells);
}

static void
print_device(const struct device_row *device)
{
	char added[WHEN_TEXT], used[WHEN_TEXT];

	say_time(device->added_s, "-", added);
	say_time(device->last_used_s, "never", used);
	printf("  device         %s \"%s\", added %s from %s%s%s, last used "
	       "%s\n",
	    device->id, device->name, added, table_dash(device->added_from),
	    device->added_key[0] != '\0' ? " with key " : "", device->added_key,
	    used);
}

/* The end of a sentence: until when codes are refused, or "". */
static void
say_lock(int64_t until_s, char ret[static LOCK_TEXT])
{
	char until[WHEN_TEXT];

	when_format(until_s, until);
	if (until_s == 0)
		ret[0] = '\0';
	else if (until_s >= WHEN_LAST_S)
		snprintf(ret, LOCK_TEXT, ", locked until tfa-admin unlock");
	else
		snprintf(ret, LOCK_TEXT, ", locked until %s", until);
}

static void
print_full(const struct user_row *row)
{
	char last[WHEN_TEXT], deadline[WHEN_TEXT], lock[LOCK_TEXT];

	say_time(row->last_login_s, "never", last);
	say_time(row->deadline_s, "none", deadline);
	say_lock(row->locked_until_s, lock);
	printf("%s\n", row->user);
	printf("  state          %s%s\n", state_names[row->state],
	    row->state == STATE_BLOCKED
		? ", until tfa-admin revoke or code --enroll"
		: "");
	printf("  rule           %s (%s)\n",
	    row->rule[0] != '\0' ? row->rule : "otherwise",
	    table_dash(mode_names[row->mode]));
	printf("  deadline       %s\n", deadline);
	for (size_t i = 0; i < row->devices.count; i++)
		print_device(&row->devices.items[i]);
	printf("  recovery codes %lld left\n", (long long)row->recovery_left);
	printf("  last login     %s%s%s\n", last,
	    row->last_address[0] != '\0' ? " from " : "", row->last_address);
	printf("  wrong codes    %lld", (long long)row->failures);
	if (row->spent > row->failures)
		printf(", %lld over the long term", (long long)row->spent);
	printf("%s\n", lock);
	if (row->problem[0] != '\0')
		printf("  problem        %s\n", row->problem);
}

static bool
show_row(void *ctx, const char *text)
{
	struct listing *listing = ctx;
	const struct user_row *row = &listing->row;
	struct groups_user user;

	if (!users_wants(listing, row))
		return true;
	listing->found = true;
	if (listing->summary != NULL)
		summary_add(listing->summary, row,
		    users_find(listing, row->user, &user) ? &user : NULL);
	else if (listing->admin->json)
		puts(text);
	else if (listing->in_full)
		print_full(row);
	else
		return add_row(listing->table, row);
	return true;
}

static int
users_ask(struct listing *listing, const char *user)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	const struct client_rows rows = {&user_row_shape, &listing->row,
	    sizeof(listing->row), show_row, listing};

	memcpy(request.user, user, strlen(user) + 1);
	return admin_stream(listing->admin, &request, user, &rows);
}

/* Lists everyone, or the users named. The last failure counts. */
static int
users_ask_all(struct listing *listing, int argc, char **argv)
{
	int status = argc == 0 ? users_ask(listing, "") : ADMIN_DONE;

	for (int i = 0; i < argc; i++) {
		int one = admin_is_user(argv[i]) ? users_ask(listing, argv[i])
						 : ADMIN_NOT;

		status = admin_worse(status, one, argc);
	}
	return status;
}

static int
list(struct listing *listing, int argc, char **argv)
{
	int status;

	listing->table = table_new(headings, COLUMNS);
	if (listing->table == NULL) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	status = users_ask_all(listing, argc, argv);
	if (!table_print(listing->table))
		status = ADMIN_NOT;
	if (status == ADMIN_DONE && !listing->found && !listing->admin->json)
		admin_say("nobody");
	table_free(listing->table);
	return status;
}

static int
summarise(struct listing *listing)
{
	int status;

	listing->summary = summary_new(listing->admin);
	if (listing->summary == NULL)
		return ADMIN_NOT;
	status = users_ask(listing, "");
	if (status == ADMIN_DONE)
		status = summary_print(listing->summary, listing->admin->json);
	summary_free(listing->summary);
	return status;
}

/* Warns that the list may miss users whom only a directory has. */
static void
say_who_may_be_missing(void)
{
	scoped_free char *text = read_whole(NSSWITCH);
	char people[32], groups[32];
	bool of_people = text != NULL &&
	    directory_service(text, "passwd", people, sizeof(people));
	bool of_groups = text != NULL &&
	    directory_service(text, "group", groups, sizeof(groups));

	if (of_people || of_groups)
		admin_say("%s come from \"%s\", which may not list everybody: "
			  "users without a record here may be missing",
		    of_people && of_groups ? "users and groups"
			: of_people        ? "users"
					   : "groups",
		    of_people ? people : groups);
}

static bool
is_state(const char *text)
{
	for (int i = STATE_EXEMPT; state_names[i] != NULL; i++)
		if (strcmp(state_names[i], text) == 0)
			return true;
	return false;
}

static int
refuse_state(const char *text)
{
	char names[STATES_TEXT] = "";
	size_t len = 0;

	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
		    "%s%s",
		    i == STATE_EXEMPT        ? ""
			: i == STATE_PENDING ? " or "
					     : ", ",
		    state_names[i]);
	admin_say("%s: there is no such state: a state is %s", text, names);
	return ADMIN_USAGE;
}

int
admin_users(struct admin *admin, int argc, char **argv)
{
	struct listing listing = {.admin = admin, .in_full = argc > 0};
	enum fault fault;
	int status;

	if (admin->summary && argc > 0)
		return ADMIN_MISUSED;
	if (admin->state != NULL && !is_state(admin->state))
		return refuse_state(admin->state);
	if (admin->group != NULL && admin->group[0] == '@')
		admin->group++; /* "@group", as a rule's target */
	if (admin->group != NULL && getgrnam(admin->group) == NULL) {
		admin_say("%s: there is no such group", admin->group);
		return ADMIN_NOT;
	}
	if (argc == 0 && (admin->summary || admin->group != NULL) &&
	    (fault = people_read(&listing.people)) != FAULT_NONE) {
		admin_say(fault == FAULT_MEMORY
			? "out of memory"
			: "the users of this host cannot be listed");
		return ADMIN_NOT;
	}
	status = admin->summary ? summarise(&listing)
				: list(&listing, argc, argv);
	if (status == ADMIN_DONE && argc == 0)
		say_who_may_be_missing();
	people_done(&listing.people);
	groups_done(&listing.groups);
	return status;
}
