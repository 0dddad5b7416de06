#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "admin/doctor/doctor.h"
#include "admin/metrics/metrics.h"
#include "admin/progress.h"
#include "store/core/report.h"
#include "store/system/groups.h"
#include "store/system/people.h"

struct gathering {
	struct metrics *metrics;
	struct people people;
	struct groups groups;
	struct user_row row; /* the one that is counted now */
	struct progress progress;
};

static bool
add_group(struct metrics *metrics, const char *group)
{
	struct metrics_tally *tally;

	if (strcmp(group, "*") == 0)
		return true;
	for (size_t i = 0; i < metrics->groups.count; i++)
		if (strcmp(metrics->groups.items[i].group.text, group) == 0)
			return true;
	if (metrics->groups.count >= METRICS_GROUPS) {
		metrics->groups_left_out++;
		return true;
	}
	tally = list_add(&metrics->groups, sizeof(*tally));
	if (tally != NULL)
		snprintf(
		    tally->group.text, sizeof(tally->group.text), "%s", group);
	return tally != NULL;
}

static bool
add_groups(struct metrics *metrics, const struct policy *policy)
{
	list_each(const struct rule, rule, policy->rules)
		list_each(const struct name, group, rule->groups)
			if (!add_group(
				metrics, group->text + (group->text[0] == '!')))
				return false;
	return true;
}

static void
gather_policy(const struct admin *admin, struct metrics *metrics)
{
	struct policy policy;

	metrics->policy_valid = admin_load(admin, &policy) == ADMIN_DONE;
	if (!metrics->policy_valid)
		return;
	if (!metrics_add_ends(metrics, &policy) ||
	    !add_groups(metrics, &policy))
		admin_say("out of memory");
	policy_done(&policy);
}

static void
count_in_groups(struct gathering *g)
{
	struct metrics *metrics = g->metrics;
	struct groups_user user = {.name = g->row.user, .groups = &g->groups};
	uid_t uid;

	if (metrics->groups.count == 0 ||
	    people_look_up(&g->people, g->row.user, &uid, &user.gid) !=
		FAULT_NONE)
		return;
	list_each(struct metrics_tally, tally, metrics->groups)
		if (groups_member(&user, tally->group.text) == GROUP_INSIDE)
			tally->states[g->row.state]++;
}

static bool
count_user(void *ctx, const char *text)
{
	struct gathering *g = ctx;
	struct metrics *metrics = g->metrics;

	(void)text;
	progress_step(&g->progress, 1);
	metrics->all.states[g->row.state]++;
	count_in_groups(g);
	if (g->row.devices.count == 0 &&
	    metrics_is_next(
		metrics, g->row.deadline_s, metrics->user_deadline_s))
		metrics->user_deadline_s = g->row.deadline_s;
	if (g->row.last_login_s > metrics->last_login_s)
		metrics->last_login_s = g->row.last_login_s;
	return true;
}

/* A keeper that denies is up all the same: it answered. */
static void
gather_users(const struct admin *admin, struct metrics *metrics)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	struct gathering g = {.metrics = metrics};
	const struct client_rows rows = {
	    &user_row_shape, &g.row, sizeof(g.row), count_user, &g};
	int status;

	if (metrics->groups.count > 0 && people_read(&g.people) != FAULT_NONE) {
		admin_say("the users of this host cannot be listed");
		metrics->groups.count = 0;
	}
	progress_begin(&g.progress, "counting the users", 0);
	status = admin_stream(admin, &request, "", &rows);
	progress_end(&g.progress);
	metrics->keeper_up = status != ADMIN_KEEPER;
	metrics->users_known = status == ADMIN_DONE;
	people_done(&g.people);
	groups_done(&g.groups);
}

static void
gather_disk(const struct admin *admin, struct metrics_disk *ret)
{
	struct doctor doctor = {.admin = admin, .keeper = admin->keeper};
	char folder[CONFIG_WORD];
	struct statvfs disk;

	(void)doctor_store_folder(&doctor, folder);
	if (statvfs(folder, &disk) < 0) {
		admin_say("%.300s: the room on its disk is not known: %s",
		    folder, strerror(errno));
		return;
	}
	*ret = (struct metrics_disk){.known = true,
	    .avail_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize,
	    .size_bytes = (int64_t)disk.f_blocks * (int64_t)disk.f_frsize,
	    .files_free = (int64_t)disk.f_favail,
	    .files = (int64_t)disk.f_files};
}

void
metrics_gather(const struct admin *admin, int64_t now_s, struct metrics *ret)
{
	*ret = (struct metrics){.now_s = now_s};
	gather_policy(admin, ret);
	gather_users(admin, ret);
	gather_disk(admin, &ret->disk);
}
