#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/admin.h"
#include "admin/progress.h"
#include "admin/read.h"
#include "admin/summary.h"
#include "admin/user_rows.h"
#include "store/system/groups.h"
#include "store/system/people.h"

struct listing {
	const struct admin *admin;
	struct request request; /* with what the rows must have */
	struct people people;   /* only read for a summary */
	struct groups groups;
	struct summary *summary; /* or NULL */
	struct user_rows rows;
	struct progress progress;
	bool found;          /* at least one user was shown */
	struct user_row row; /* the one that is shown now */
};

#define NAMES_TEXT 128 /* all names of states */

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
show_row(void *ctx, const char *text)
{
	struct listing *listing = ctx;
	const struct user_row *row = &listing->row;
	struct groups_user user;

	listing->found = true;
	if (listing->summary == NULL) {
		progress_hide(&listing->progress);
		if (!user_rows_add(&listing->rows, row, text))
			return false;
	} else
		summary_add(listing->summary, row,
		    users_find(listing, row->user, &user) ? &user : NULL);
	progress_step(&listing->progress, 1);
	return true;
}

static int
users_ask(struct listing *listing, const char *user)
{
	const struct client_rows read = {&user_row_shape, &listing->row,
	    sizeof(listing->row), show_row, listing};
	const struct client_rows as_they_are = {
	    .each = show_row, .ctx = listing};
	bool is_read = listing->summary != NULL || !listing->admin->json;
	int status;

	memcpy(listing->request.user, user, strlen(user) + 1);
	progress_begin(&listing->progress, "reading records", 0);
	status = admin_stream(listing->admin, &listing->request, user,
	    is_read ? &read : &as_they_are);
	progress_end(&listing->progress);
	return status;
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
	const struct admin *admin = listing->admin;
	int status = ADMIN_NOT;

	if (user_rows_begin(admin, argc > 0, &listing->rows)) {
		status = users_ask_all(listing, argc, argv);
		if (!user_rows_end(&listing->rows))
			status = ADMIN_NOT;
	}
	if (status == ADMIN_DONE && !listing->found && !admin->json &&
	    !admin->csv)
		admin_say("nobody");
	user_rows_done(&listing->rows);
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
		status = summary_print(listing->summary, listing->admin);
	summary_free(listing->summary);
	return status;
}

/* Warns that the list may miss users whom only a directory has. */
static void
say_who_may_be_missing(void)
{
	char people[32], groups[32];
	bool of_people = read_directory("passwd", people, sizeof(people));
	bool of_groups = read_directory("group", groups, sizeof(groups));

	if (of_people || of_groups)
		admin_say("%s come from \"%s\", which may not list everybody: "
			  "users without a record here may be missing",
		    of_people && of_groups ? "users and groups"
			: of_people        ? "users"
					   : "groups",
		    of_people ? people : groups);
}

static int
refuse_state(const char *text)
{
	char names[NAMES_TEXT] = "";
	size_t len = 0;

	for (int i = STATE_EXEMPT; state_names[i] != NULL; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
		    "%s%s",
		    i == STATE_EXEMPT                ? ""
			: state_names[i + 1] == NULL ? " or "
						     : ", ",
		    state_names[i]);
	admin_say("%s: there is no such state: a state is %s", text, names);
	return ADMIN_USAGE;
}

/* Puts into the request what the rows must have; an admin_exit. */
static int
set_filter(struct listing *listing)
{
	const struct admin *admin = listing->admin;
	struct request *request = &listing->request;
	const char *group = admin->group != NULL ? admin->group : "";
	const char *states = admin->state != NULL ? admin->state : "";
	char word[STATE_WORD];
	unsigned any;

	group += group[0] == '@'; /* "@group", as a rule's target */
	request->no_device = admin->no_device;
	if (admin->state != NULL && !user_filter_states(states, &any, word))
		return refuse_state(word);
	if (strlen(states) >= sizeof(request->states)) {
		admin_say("--state: name each state once");
		return ADMIN_USAGE;
	}
	if (admin->unused != NULL &&
	    !admin_time(admin->unused, time(NULL), &request->unused_s))
		return ADMIN_USAGE;
	if (admin->group != NULL &&
	    (strlen(group) >= sizeof(request->group) ||
		getgrnam(group) == NULL)) {
		admin_say("%s: there is no such group", group);
		return ADMIN_NOT;
	}
	snprintf(request->states, sizeof(request->states), "%s", states);
	snprintf(request->group, sizeof(request->group), "%s", group);
	return ADMIN_DONE;
}

int
admin_users(struct admin *admin, int argc, char **argv)
{
	struct listing listing = {.admin = admin,
	    .request = {.version = PROTOCOL_VERSION,
		.request = "users",
		.batch = true}};
	enum fault fault;
	int status;

	if (admin->csv && admin->json)
		admin_say("--csv and --json exclude each other");
	else if (admin->summary && argc > 0)
		admin_say("--summary counts all users: name none");
	if ((admin->summary && argc > 0) || (admin->csv && admin->json))
		return ADMIN_MISUSED;
	status = set_filter(&listing);
	if (status != ADMIN_DONE)
		return status;
	if (admin->summary &&
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
