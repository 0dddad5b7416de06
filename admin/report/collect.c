/*
 * Reads what the report is about.  Only counts and short lists are kept, so
 * memory does not grow with the users or the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/home.h"
#include "admin/log/history.h"
#include "admin/progress.h"
#include "admin/read.h"
#include "admin/report/report.h"
#include "admin/report/tally.h"
#include "store/base/cleanup.h"
#include "store/base/hash.h"
#include "store/system/groups.h"
#include "store/system/loginuid.h"
#include "store/system/people.h"

struct collection {
	struct admin *admin;
	struct report *report;
	struct tally tally;
	struct people people;
	struct groups groups;
	struct user_row row; /* the one that comes now */
	struct progress progress;
};

/* *ret is for groups_member().  False if there is no such user. */
static bool
find_user(
    struct collection *collection, const char *name, struct groups_user *ret)
{
	uid_t uid;

	*ret = (struct groups_user){
	    .name = name, .groups = &collection->groups};
	return people_look_up(&collection->people, name, &uid, &ret->gid) ==
	    FAULT_NONE;
}

static bool
is_member(void *ctx, const char *name)
{
	struct collection *collection = ctx;
	struct groups_user user;

	return find_user(collection, name, &user) &&
	    groups_member(&user, collection->report->group) == GROUP_INSIDE;
}

static void
add_report_group(struct report *report, const char *name)
{
	struct report_group *group;

	list_each(const struct report_group, known, report->groups)
		if (strcmp(known->name.text, name) == 0)
			return;
	group = list_add(&report->groups, sizeof(*group));
	if (group != NULL)
		snprintf(
		    group->name.text, sizeof(group->name.text), "%s", name);
}

static void
add_named(struct report *report, const struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_report_group(
		    report, names[i].text + (names[i].text[0] == '!'));
}

/* The first group has everybody; false without memory for it. */
static bool
collect_groups(struct collection *collection)
{
	struct report *report = collection->report;
	const struct admins *admins = &report->policy.admins;

	add_report_group(report, "");
	list_each(const struct rule, rule, report->policy.rules)
		add_named(report, rule->groups.items, rule->groups.count);
	add_named(report, admins->groups.items, admins->groups.count);
	if (report->group[0] != '\0')
		add_report_group(report, report->group);
	list_each(const struct report_group, group, report->groups) {
		struct groups_user user;
		struct name *name;

		if (group->name.text[0] == '\0' ||
		    !find_user(collection, group->name.text, &user))
			continue;
		name = list_add(&report->of_people, sizeof(*name));
		if (name == NULL)
			return false;
		*name = group->name;
	}
	return report->groups.count > 0;
}

static bool
take_row(void *ctx, const char *text)
{
	struct collection *collection = ctx;
	struct report *report = collection->report;
	struct groups_user user;
	bool found = find_user(collection, collection->row.user, &user);

	(void)text;
	progress_step(&collection->progress, 1);
	tally_user(&collection->tally, &collection->row);
	list_each(struct report_group, group, report->groups)
		if (group->name.text[0] == '\0' ||
		    (found &&
			groups_member(&user, group->name.text) == GROUP_INSIDE))
			tally_group(group, collection->row.state);
	return !collection->tally.failed;
}

static int
collect_users(struct collection *collection)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	const struct client_rows rows = {&user_row_shape, &collection->row,
	    sizeof(collection->row), take_row, collection};
	int status;

	snprintf(request.group, sizeof(request.group), "%s",
	    collection->report->group);
	progress_begin(&collection->progress, "reading the users",
	    (int64_t)collection->people.list.count);
	status = admin_stream(collection->admin, &request, "", &rows);
	progress_end(&collection->progress);
	return status;
}

static bool
take_entry(void *ctx, const struct audit *entry, const char *line)
{
	struct collection *collection = ctx;

	(void)line;
	progress_step(&collection->progress, 1);
	tally_entry(&collection->tally, entry);
	return !collection->tally.failed;
}

static void
add_report_file(struct report *report, const struct report_file *file)
{
	struct report_file *slot = list_add(&report->files, sizeof(*slot));

	if (slot != NULL)
		*slot = *file;
}

static void
take_history_end(struct report *report, const struct history_end *end)
{
	report->lines = end->lines;
	report->damaged = end->damaged;
	report->begins_s = end->begins_s;
	report->went_back = end->went_back;
	list_each(const struct history_file, read, end->files) {
		struct report_file file = {.bytes = read->bytes};

		snprintf(file.name, sizeof(file.name), "%s", read->name);
		snprintf(file.sha256, sizeof(file.sha256), "%s", read->sha256);
		snprintf(file.why, sizeof(file.why), "%s",
		    read->unreadable && read->why[0] == '\0'
			? "it cannot be read"
			: read->why);
		add_report_file(report, &file);
	}
}

static int
collect_history(struct collection *collection)
{
	const struct history_ask ask = {
	    .since_s = collection->report->since_s, .hashes = true};
	struct history_end end = {.lines = 0};
	int status;

	progress_begin(&collection->progress, "reading the log", 0);
	status = history_read(
	    collection->admin, &ask, take_entry, collection, &end);
	progress_end(&collection->progress);
	if (history_say_faults(&end))
		collection->report->partial = true;
	take_history_end(collection->report, &end);
	history_end_done(&end);
	return status;
}

/* The policy's text is hashed as it lies there. */
static void
collect_policy_file(struct collection *collection)
{
	struct report_file file = {.bytes = 0};
	scoped_free char *text = NULL;
	char why[HOME_WHY], name[HOME_NAME];
	size_t len = 0;

	if (home_read(collection->admin, &text, &len, why) != FAULT_NONE)
		return;
	home_name(collection->admin, name);
	snprintf(file.name, sizeof(file.name), "%.250s", name);
	file.bytes = (int64_t)len;
	if (hash_hex(text, len, file.sha256))
		add_report_file(collection->report, &file);
}

static bool
take_exemption(void *ctx, const struct exemption *exemption)
{
	struct report *report = ctx;
	struct exemption *row = list_add(&report->exemptions, sizeof(*row));

	if (row == NULL)
		return false;
	*row = *exemption;
	return true;
}

struct emergency_search {
	const struct config *config;
	struct report *report;
};

static void
take_emergency(void *ctx, const char *user)
{
	struct emergency_search *search = ctx;
	struct report *report = search->report;
	struct report_emergency *row;

	if (strlen(user) >= USER_TEXT || !config_exempts(search->config, user))
		return;
	list_each(const struct report_emergency, known, report->emergencies)
		if (strcmp(known->user, user) == 0)
			return;
	row = list_add(&report->emergencies, sizeof(*row));
	if (row != NULL)
		snprintf(row->user, sizeof(row->user), "%s", user);
}

/* sshd's own files say who goes past the gate. */
static void
collect_emergencies(struct collection *collection)
{
	struct report *report = collection->report;
	struct doctor doctor = {
	    .admin = collection->admin, .config = CONFIG_DEFAULT};
	struct emergency_search search = {&doctor.lines, report};

	if (!doctor_read_config(&doctor, doctor.config))
		snprintf(report->emergencies_why,
		    sizeof(report->emergencies_why), "%s: %s", doctor.config,
		    strerror(errno));
	else if (doctor.unread[0] != '\0')
		snprintf(report->emergencies_why,
		    sizeof(report->emergencies_why), "%s", doctor.unread);
	else
		config_criteria(&doctor.lines, "user", take_emergency, &search);
	doctor_done(&doctor);
}

static void
collect_machine(struct collection *collection)
{
	struct report *report = collection->report;

	if (gethostname(report->host, sizeof(report->host) - 1) < 0)
		snprintf(report->host, sizeof(report->host), "this host");
	(void)read_directory(
	    "passwd", report->directory, sizeof(report->directory));
	loginuid_name(getpid(), geteuid(), report->by, sizeof(report->by));
	collect_emergencies(collection);
}

/* Reads all that needs the keeper. */
static int
collect_kept(struct collection *collection)
{
	struct report *report = collection->report;
	int status = ADMIN_NOT;

	if (!collect_groups(collection) ||
	    !tally_begin(&collection->tally, report)) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	if (report->group[0] != '\0') {
		collection->tally.member = is_member;
		collection->tally.ctx = collection;
	}
	status = collect_users(collection);
	if (status == ADMIN_DONE)
		status = collect_history(collection);
	if (status == ADMIN_DONE && collection->tally.failed) {
		admin_say("out of memory");
		status = ADMIN_NOT;
	}
	tally_end(&collection->tally);
	return status;
}

int
report_collect(struct admin *admin, struct report *report)
{
	struct collection collection = {.admin = admin, .report = report};
	int status = admin_load(admin, &report->policy);

	if (status != ADMIN_DONE)
		return status;
	if (people_read(&collection.people) != FAULT_NONE) {
		admin_say("the users of this host cannot be listed");
		return ADMIN_NOT;
	}
	collect_policy_file(&collection);
	status = collect_kept(&collection);
	people_done(&collection.people);
	groups_done(&collection.groups);
	if (status != ADMIN_DONE)
		return status;
	collect_machine(&collection);
	if (!exemptions_each(
		&report->policy, report->made_s, take_exemption, report) ||
	    !report_examine(admin, report)) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	return ADMIN_DONE;
}
