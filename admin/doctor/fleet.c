/*
 * Asks the fleet, for its judges: each step only if the one before it went well,
 * since all that follows would fail for the same reason.
 */
#include "admin/doctor/fleet.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/store/back.h"
#include "admin/store/units.h"
#include "store/base/cleanup.h"
#include "store/fleet/names.h"

static const char *
config_path(const struct doctor *doctor)
{
	return doctor->admin->fleet != NULL ? doctor->admin->fleet
					    : FLEET_CONFIG;
}

/* A file in the keeper's folder: 0 if it is there, or else the error. */
static int
look_in_folder(const struct doctor *doctor, const char *name)
{
	char folder[CONFIG_WORD], path[CONFIG_WORD + 64];
	struct stat st;

	(void)doctor_store_folder(doctor, folder);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return lstat(path, &st) == 0 ? 0 : errno;
}

/* True if tfa-admin store join is still to be run.  One that was killed while it
 * moved records is judged with what it left. */
static bool
is_to_join(const struct doctor *doctor)
{
	return look_in_folder(doctor, STORE_IN_FLEET) == ENOENT &&
	    look_in_folder(doctor, STORE_MAINTENANCE) == ENOENT;
}

/* Folders of moves into a fleet: each move but the first has a number, too. */
static void
judge_migrated(struct doctor *doctor, const char *folder)
{
	char fix[CONFIG_WORD + 64];
	const struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir(folder);

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, STORE_MIGRATED,
			     strlen(STORE_MIGRATED)) == 0;
	closedir(dir);
	snprintf(fix, sizeof(fix), "rm -r %s/" STORE_MIGRATED "*", folder);
	if (count > 0)
		doctor_warn(doctor, fix,
		    "%.300s/" STORE_MIGRATED
		    "* (%zu) has the secrets of users who were moved into the "
		    "fleet",
		    folder, count);
}

/* Files that a move of the records leaves. */
static void
judge_leftovers(struct doctor *doctor)
{
	char folder[CONFIG_WORD];

	(void)doctor_store_folder(doctor, folder);
	if (look_in_folder(doctor, STORE_MAINTENANCE) == 0)
		doctor_fail(doctor, "tfa-admin store migrate, once more",
		    "%.300s/" STORE_MAINTENANCE
		    " is there: nobody can log in. A move of the records runs, "
		    "or one was killed",
		    folder);
	judge_migrated(doctor, folder);
}

static void
judge_config(struct doctor *doctor, const struct fleet_config *config)
{
	char fix[CONFIG_WORD];

	if (config->local.count == 0)
		doctor_warn(doctor, "\"local\": [\"USER\"] in " FLEET_CONFIG,
		    "no user is local: while etcd does not answer nobody at all "
		    "can log in here");
	snprintf(fix, sizeof(fix), "mv %.400s %.400s.old", doctor->policy,
	    doctor->policy);
	if (access(doctor->policy, F_OK) == 0 && !is_to_join(doctor))
		doctor_warn(doctor, fix,
		    "%.300s is not read any more: the policy is the fleet's",
		    doctor->policy);
	if (units_limit_is_old(config))
		doctor_fail(doctor, "tfa-admin store join",
		    UNITS_LIMIT
		    " limits tfa-link to other addresses than "
		    "those of %.300s: it may reach no member of etcd",
		    config_path(doctor));
}

static bool
ask_link(struct doctor *doctor, struct remote *remote,
    const struct fleet_config *config)
{
	scoped_link_status struct link_status link = {.breaker = 0};
	scoped_free char *text = NULL;
	size_t len = 0;

	if (remote_status(remote, &text, &len) != FAULT_NONE) {
		doctor_fail(doctor, "systemctl enable --now tfa-link",
		    "%s can log in: %s", fleet_rest(config), remote->why);
		return false;
	}
	if (link_status_read(text, len, &link) != FAULT_NONE) {
		doctor_fail(doctor, "systemctl restart tfa-link",
		    "tfa-link's answer is not understood: it has another "
		    "version than " TFA_VERSION);
		return false;
	}
	fleet_judge_link(&doctor->findings, config, &link);
	return link.breaker != 0 && link.login[0] == '\0';
}

/* The alarm says so already. */
static void
judge_back(struct doctor *doctor, struct remote *remote)
{
	char folder[CONFIG_WORD];

	(void)doctor_store_folder(doctor, folder);
	if (look_in_folder(doctor, FLEET_BACK) != 0 && back_is(remote, folder))
		doctor_fail(doctor, BACK_FIX,
		    "etcd shows an older policy or charter than this bastion "
		    "has seen, or an older revision: nobody but \"local\" users "
		    "can log in here");
}

static bool
ask_charter(struct doctor *doctor, struct remote *remote,
    const struct fleet_config *config, struct charter *ret)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_name_of(SEAL_FLEET);
	struct json_error error;
	enum fault fault = remote_get(remote, &name, &text);

	if (fault == FAULT_ABSENT) {
		doctor_fail(doctor, "tfa-admin store join --new NAME",
		    "there is no fleet under %s: nobody can log in",
		    config->prefix);
		return false;
	}
	if (remote->line.why[0] != '\0' && fault != FAULT_NONE) {
		doctor_fail(doctor, fleet_fix(remote->why, "tfa-link --check"),
		    "%s can log in: %s", fleet_rest(config), remote->why);
		return false;
	}
	if (fault == FAULT_NONE)
		fault = charter_parse(text.text, text.len, ret, &error);
	if (fault != FAULT_NONE) {
		doctor_fail(doctor, "fleet.key, from a bastion that works",
		    "the fleet cannot be opened: %s", remote->why);
		return false;
	}
	fleet_judge_charter(&doctor->findings, config, ret);
	judge_back(doctor, remote);
	remote->epoch = (uint64_t)ret->epoch;
	return true;
}

static void
ask_members(struct doctor *doctor, struct remote *remote,
    const struct charter *charter, const char *host)
{
	scoped_members struct members members = {.list = {NULL, 0}};
	char why[REMOTE_WHY];

	if (members_read(remote, &members, why) != FAULT_NONE)
		doctor_fail(doctor, "tfa-admin store status",
		    "the other bastions: %s", why);
	else
		fleet_judge_members(
		    &doctor->findings, &members, charter, host, time(NULL));
}

/* The bastions and the records of a fleet that answers. */
static void
ask_all(struct doctor *doctor, struct remote *remote,
    const struct fleet_config *config, const struct charter *charter)
{
	char host[BASTION_HOST];

	if (!bastion_host(host)) {
		doctor_fail(doctor, "hostnamectl set-hostname NAME",
		    "this machine has no name: its keeper lets nobody in");
		return;
	}
	ask_members(doctor, remote, charter, host);
	fleet_ask_records(doctor, remote, charter_uids(charter, config, host));
}

/* Returns a local user who could log in while etcd is away, or NULL. */
static const char *
ask_fleet(struct doctor *doctor, const struct fleet_config *config)
{
	struct keyring *ring = NULL;
	struct remote remote;
	struct charter charter;
	const char *who;
	const char *path = config_path(doctor), *slash = strrchr(path, '/');
	char why[GUARDED_WHY_TEXT], keys[CONFIG_WORD];

	snprintf(keys, sizeof(keys), "%.*s" FLEET_KEYS,
	    slash != NULL ? (int)(slash - path + 1) : 0, path);
	if (keyring_read(keys, 0, true, &ring, why) != FAULT_NONE) {
		doctor_fail(doctor, "fleet.key, from a bastion that works",
		    "nobody at all can log in: %s", why);
		return NULL;
	}
	who = fleet_ask_here(doctor, config, ring);
	remote_open(
	    doctor->admin->link != NULL ? doctor->admin->link : LINE_SOCKET,
	    ring, &remote);
	if (ask_link(doctor, &remote, config) &&
	    ask_charter(doctor, &remote, config, &charter))
		ask_all(doctor, &remote, config, &charter);
	remote_close(&remote);
	keyring_free(ring);
	return who;
}

void
doctor_fleet(struct doctor *doctor)
{
	const char *who = NULL;
	struct fleet_config config;
	char why[FLEET_WHY_TEXT];
	enum fault fault = doctor->keeper.store != NULL
	    ? FAULT_ABSENT
	    : fleet_config_read(config_path(doctor), &config, why);

	judge_leftovers(doctor);
	doctor_ok(doctor, "this bastion is in none");
	if (fault == FAULT_ABSENT)
		return;
	if (fault != FAULT_NONE) {
		doctor_fail(
		    doctor, config_path(doctor), "nobody can log in: %s", why);
		return;
	}
	judge_config(doctor, &config);
	if (is_to_join(doctor))
		doctor_fail(doctor,
		    "tfa-admin store join; at the first bastion of a fleet, "
		    "tfa-admin store join --new NAME",
		    "this bastion has not joined the fleet that %.300s names: "
		    "a keeper that starts before it has lets nobody in",
		    config_path(doctor));
	else if (geteuid() == 0)
		who = ask_fleet(doctor, &config);
	else
		doctor_warn(doctor, NULL,
		    "only root can look into the fleet: run doctor as root");
	doctor_ok(doctor,
	    "%s: etcd, keys, clocks and bastions are well; without etcd %s "
	    "could log in",
	    config.name, who != NULL ? who : "nobody");
	fleet_config_done(&config);
}
