/*
 * Looks at two parts of a fleet: those that this bastion keeps for the time when
 * etcd is away, and the records in etcd.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/fleet.h"
#include "store/base/cleanup.h"
#include "store/core/report.h"
#include "store/fleet/seen.h"

#define FOLDER "fleet" /* of the copies, in the keeper's */

struct local_row {
	struct user_row row;
	bool shown;
	char why[MESSAGE_TEXT];
};

static void
ask_local(struct doctor *doctor, const char *user, struct local_row *ret)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	const struct client_rows rows = {
	    &user_row_shape, &ret->row, sizeof(ret->row), NULL, NULL};
	scoped_reply struct reply reply = {.version = 0};

	snprintf(request.user, sizeof(request.user), "%s", user);
	ret->shown = client_stream(&doctor->keeper, &request, &rows, &reply,
			 ret->why, sizeof(ret->why)) == FAULT_NONE &&
	    reply.verdict == VERDICT_PASS && ret->row.user[0] != '\0';
	if (!ret->shown && reply.message[0] != '\0')
		snprintf(ret->why, sizeof(ret->why), "%s", reply.message);
}

static void
ask_locals(struct doctor *doctor, const struct fleet_config *config)
{
	static struct local_row rows[FLEET_LOCALS];
	struct fleet_way_in ways[FLEET_LOCALS] = {{.user = ""}};
	size_t count = config->local.count;

	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct local_row){.shown = false};
		ask_local(doctor, config->local.items[i].text, &rows[i]);
		ways[i] = (struct fleet_way_in){config->local.items[i].text,
		    rows[i].shown ? &rows[i].row : NULL, rows[i].why};
	}
	fleet_judge_local(&doctor->findings, ways, count);
	for (size_t i = 0; i < count; i++)
		user_row_done(&rows[i].row);
}

/* Looks before it reads: reading makes the folder, which must be the keeper's. */
static void
ask_copy(struct doctor *doctor, const struct fleet_config *config,
    const struct keyring *ring)
{
	char path[CONFIG_WORD];
	scoped_fd int dir = -1;
	struct fleet fleet;
	struct kept kept;
	struct stat st;

	(void)doctor_store_folder(doctor, path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstatat(dir, FOLDER, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		fleet_judge_copy(
		    &doctor->findings, NULL, "it was not made yet", 0);
		return;
	}
	fleet_init(&fleet, config, ring, LINE_SOCKET);
	if (kept_read(&fleet, dir, &kept) == FAULT_NONE) {
		fleet_judge_copy(&doctor->findings, &kept, "", time(NULL));
		kept_done(&kept);
	} else {
		fleet_judge_copy(&doctor->findings, NULL, fleet.line.why, 0);
	}
	fleet_done(&fleet);
}

/* The records may be refused here whatever etcd shows now. */
static void
ask_alarm(struct doctor *doctor)
{
	char path[CONFIG_WORD];
	scoped_fd int dir = -1;
	uint64_t revision;
	enum fault fault;

	(void)doctor_store_folder(doctor, path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	fault = seen_revision_read(dir, &revision);
	if (fault == FAULT_BACK)
		doctor_fail(doctor,
		    "tfa-admin store accept-restore, but only if you restored "
		    "a backup; with --here, if another bastion has accepted it",
		    "etcd was at an older state than this bastion has seen, "
		    "and nobody has accepted that: nobody can log in here");
	else if (fault != FAULT_NONE)
		doctor_fail(doctor,
		    "tfa-admin store accept-restore --here, which writes it "
		    "anew",
		    "%s/fleet/revision cannot be read, or has bytes that tfa "
		    "did not write: nobody can log in here",
		    path);
}

void
fleet_ask_here(struct doctor *doctor, const struct fleet_config *config,
    const struct keyring *ring)
{
	ask_alarm(doctor);
	ask_locals(doctor, config);
	ask_copy(doctor, config, ring);
}

static void
step(void *ctx)
{
	doctor_step(ctx);
}

void
fleet_ask_records(
    struct doctor *doctor, struct remote *remote, const char *bastion)
{
	bool deep = doctor->admin->deep;
	char folder[CONFIG_WORD];
	const struct census_plan plan = {.folder = deep ? folder : NULL,
	    .bastion = bastion,
	    .most = deep ? 0 : CENSUS_SAMPLE,
	    .step = step,
	    .ctx = doctor};
	struct census census;

	(void)doctor_store_folder(doctor, folder);
	if (census_take(remote, &plan, &census) == FAULT_NONE)
		fleet_judge_census(&doctor->findings, &census);
	else
		doctor_warn(doctor, "tfa-admin store status",
		    "the records cannot be looked at: %s", remote->why);
}
