#include "admin/store/join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/store/commands.h"
#include "admin/store/keyfile.h"
#include "admin/store/move.h"
#include "admin/store/units.h"
#include "store/base/cleanup.h"
#include "store/core/version.h"
#include "store/folder/policy_file.h"

static int
no_memory(void)
{
	admin_say("out of memory");
	return ADMIN_NOT;
}

/* The keys of a new fleet.  A file that is there already may be what a killed
 * command wrote; a fleet that has it is found by its object. */
static int
new_keys(struct site *site)
{
	char why[GUARDED_WHY_TEXT];
	enum fault fault = keyring_read(
	    site->key_path, geteuid(), true, &site->ring, why);
	int status;

	if (fault == FAULT_NONE) {
		site->remote.ring = site->ring;
		return ADMIN_DONE;
	}
	if (fault != FAULT_ABSENT) {
		admin_say("%s", why);
		return ADMIN_NOT;
	}
	status = keyfile_new_fleet(site);
	return status == ADMIN_DONE ? keyfile_write(site) : status;
}

static void
id_of(const struct keyring *ring, char ret[static CHARTER_ID])
{
	for (size_t i = 0; i < KEYRING_FLEET; i++)
		snprintf(ret + 2 * i, 3, "%02x", ring->fleet[i]);
}

/* Reads this bastion's policy.  One that cannot be read would keep everybody out,
 * at all bastions. */
static int
read_policy(const struct site *site, struct version *ret)
{
	struct policy policy = {.version = 0};
	char why[POLICY_WHY_TEXT];
	struct json_error error = {.line = 0};
	enum fault fault = policy_file_read(
	    site->admin->policy, geteuid(), &ret->text, &ret->len, why);

	if (fault == FAULT_NONE) {
		fault = policy_parse(ret->text, ret->len, &policy, &error);
		if (fault != FAULT_NONE)
			json_error_say(
			    &error, site->admin->policy, why, sizeof(why));
		policy_done(&policy);
	}
	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why);
	return ADMIN_NOT;
}

/* The policy of this bastion's file becomes the fleet's: without one everybody is
 * denied. */
static int
put_policy(struct site *site)
{
	scoped_version struct version version = {
	    .number = 1, .at_s = time(NULL)};
	struct remote_name name = remote_name_of(SEAL_POLICY);
	const struct remote_text none = {.text = NULL};
	scoped_free char *bytes = NULL;
	size_t len = 0;
	enum fault fault;
	int status = read_policy(site, &version);

	if (status != ADMIN_DONE)
		return status;
	snprintf(version.by, sizeof(version.by), "%s", admin_who());
	snprintf(version.what, sizeof(version.what), "store join --new");
	if (version_format(&version, &bytes, &len) != FAULT_NONE)
		return no_memory();
	fault = remote_put(&site->remote, &name, &none, bytes, len);
	/* Something is there: a killed command put it. */
	return fault == FAULT_NONE || fault == FAULT_STALE
	    ? ADMIN_DONE
	    : site_say(site, fault, "the policy");
}

static int
put_charter(struct site *site)
{
	struct remote_name name = remote_name_of(SEAL_FLEET);
	const struct remote_text none = {.text = NULL};
	scoped_free char *text = NULL;
	enum fault fault;

	site->charter = (struct charter){.epoch = 1, .level = CHARTER_LEVEL};
	id_of(site->ring, site->charter.id);
	snprintf(site->charter.name, sizeof(site->charter.name), "%s",
	    site->config.name);
	if (charter_format(&site->charter, &text) != FAULT_NONE)
		return no_memory();
	fault = remote_put(&site->remote, &name, &none, text, strlen(text));
	return fault == FAULT_NONE
	    ? ADMIN_DONE
	    : site_say(site, fault, "the fleet's charter");
}

/* The object comes last: until it is there, there is no fleet, and the command
 * can be run again. */
static int
make_fleet(struct site *site)
{
	int status;

	if (strcmp(site->admin->fleet_name, site->config.name) != 0) {
		admin_say("%s names the fleet \"%s\", and --new \"%.100s\": "
			  "make them equal",
		    site->config_path, site->config.name,
		    site->admin->fleet_name);
		return ADMIN_NOT;
	}
	status = new_keys(site);
	if (status == ADMIN_DONE)
		status = join_check_empty(site);
	if (status == ADMIN_DONE)
		status = put_policy(site);
	return status == ADMIN_DONE ? put_charter(site) : status;
}

static int
check_fleet(struct site *site, const char *host)
{
	scoped_members struct members members = {.list = {NULL, 0}};
	char id[CHARTER_ID];
	int status = site_members(site, &members);

	if (status == ADMIN_DONE)
		status = join_check_host(&members, host);
	if (status == ADMIN_DONE)
		status = join_check_policy(site);
	if (status == ADMIN_DONE)
		status = join_check_uids(site, host);
	id_of(site->ring, id);
	if (status != ADMIN_DONE || strcmp(id, site->charter.id) == 0)
		return status;
	admin_say("the fleet under %s has another id than the keys in %s",
	    site->config.prefix, site->key_path);
	return ADMIN_NOT;
}

/* Records that stay behind would be forgotten by everybody. */
static int
check_folder(struct site *site, size_t *ret_count)
{
	scoped_move struct move move;
	int status = move_begin(site, &move);

	if (status != ADMIN_DONE)
		return status;
	*ret_count = move.here.names.count;
	if (*ret_count == 0 || site->admin->migrate)
		return ADMIN_DONE;
	admin_say("%s has %zu records (%s%s): --migrate moves them into the "
		  "fleet",
	    site->folder, *ret_count, move.here.names.items[0].text,
	    *ret_count > 1 ? ", ..." : "");
	return ADMIN_NOT;
}

/* The one question of the command: a later one would come when the fleet is made
 * already. */
static int
ask_to_join(const struct site *site, const char *host, size_t records)
{
	char question[800], moves[200] = "";

	if (records > 0)
		snprintf(moves, sizeof(moves),
		    ", and moves %zu record%s from %.100s into it", records,
		    records == 1 ? "" : "s", site->folder);
	snprintf(question, sizeof(question),
	    "%s %.100s the fleet %.150s, under %.100s%s. Nobody can log in "
	    "here %s. Go on?",
	    host, site->admin->fleet_name != NULL ? "makes" : "joins",
	    site->config.name, site->config.prefix, moves,
	    records > 0 ? "meanwhile" : "while the keeper starts anew");
	if (admin_confirm(site->admin, question))
		return ADMIN_DONE;
	admin_say("nothing is changed");
	return ADMIN_NOT;
}

/* Other fleets' marks would make this one's records look old. */
static int
note_membership(struct site *site)
{
	struct store store;
	char was[CHARTER_ID];
	bool ok;

	if (!site_open_folder(site, true, &store))
		return ADMIN_NOT;
	ok = closed_fleet(&store, was);
	if (ok && was[0] != '\0' && strcmp(was, site->charter.id) != 0) {
		admin_say("%s belongs to another fleet: move its files away "
			  "first",
		    site->folder);
		ok = false;
	}
	ok = ok &&
	    closed_note_fleet(
		&store, site->charter.id, (uint64_t)site->charter.epoch);
	store_close(&store);
	site_become_root(site);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

/* All that must hold before the question. */
static int
prepare(struct site *site, const char *host)
{
	size_t count = 0;
	int status = check_folder(site, &count);

	if (status == ADMIN_DONE && site->admin->fleet_name == NULL)
		status = check_fleet(site, host);
	return status == ADMIN_DONE ? ask_to_join(site, host, count) : status;
}

/* The fleet's object is there, unless this bastion is to make it. */
static int
ask_etcd(struct site *site)
{
	scoped_link_status struct link_status link = {.breaker = 0};
	int status = join_ask_link(site, &link);

	if (status == ADMIN_DONE)
		status = join_check_engine(&link);
	if (status == ADMIN_DONE && site->admin->fleet_name == NULL)
		status = site_charter(site);
	return status == ADMIN_DONE && site->admin->fleet_name == NULL
	    ? site_current(site)
	    : status;
}

static int
enter(struct site *site, const char *host)
{
	int status = ADMIN_DONE;

	if (site->admin->fleet_name != NULL)
		status = make_fleet(site);
	if (status != ADMIN_DONE)
		return status;
	if (site->admin->migrate)
		status = move_to_fleet(site);
	else {
		status = note_membership(site);
		if (status == ADMIN_DONE)
			status = units_restart_keeper();
	}
	if (status != ADMIN_DONE && site->admin->fleet_name != NULL)
		admin_say("the fleet is made: do not give --new again");
	if (status != ADMIN_DONE)
		return status;
	admin_done(site->admin, host,
	    site->admin->fleet_name != NULL ? "made the fleet"
					    : "joined the fleet");
	if (site->admin->fleet_name != NULL)
		admin_say("copy %s to each further bastion with scp, and keep "
			  "a copy in a place where etcd's backups are not: "
			  "whoever has both can read all secrets",
		    site->key_path);
	return ADMIN_DONE;
}

int
store_join(struct admin *admin)
{
	unsigned needs = SITE_CONFIG | SITE_LINK | SITE_OWNER;
	scoped_site struct site site;
	char host[BASTION_HOST];
	int status;

	if (admin->fleet_name == NULL)
		needs |= SITE_KEYS;
	status = site_begin(admin, needs, &site);
	if (status == ADMIN_DONE && !bastion_host(host)) {
		admin_say("this machine has no name: hostnamectl set-hostname");
		status = ADMIN_NOT;
	}
	/* The link must reach etcd before anything can be looked at. */
	if (status == ADMIN_DONE)
		status = units_open_link(&site.config);
	if (status == ADMIN_DONE)
		status = ask_etcd(&site);
	if (status == ADMIN_DONE && admin->fleet_name == NULL &&
	    join_is_done(&site, host)) {
		admin_done(admin, host, "has joined already");
		return ADMIN_DONE;
	}
	if (status == ADMIN_DONE)
		status = prepare(&site, host);
	return status == ADMIN_DONE ? enter(&site, host) : status;
}
