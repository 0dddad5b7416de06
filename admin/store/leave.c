#include "admin/store/leave.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/store/commands.h"
#include "admin/store/keyfile.h"
#include "admin/store/members.h"
#include "admin/store/units.h"
#include "store/base/cleanup.h"

static void
say_after_leaving(const struct site *site)
{
	admin_say("revoke the certificate that tfa-link used, and take this "
		  "machine out of use; or give it records of its own, of "
		  "\"tfa-admin store export DIR\" at another bastion:");
	admin_say("stop tfa-keeper, move %s away, and put DIR there; all files "
		  "in it are the keeper's user's. Copy DIR/policy.json to %s, "
		  "and from the old folder the files in users/ of \"local\" "
		  "users. Remove %s, and start tfa-keeper",
	    site->folder, site->admin->policy, site->config_path);
}

/* The configuration stays: without the key the keeper denies, while a keeper
 * without a fleet would have to know that this folder is not all there is. */
int
store_leave(struct admin *admin)
{
	scoped_site struct site site;
	int status = site_begin(admin, SITE_FLEET, &site);
	char question[600];

	if (status != ADMIN_DONE)
		return status;
	snprintf(question, sizeof(question),
	    "This bastion leaves the fleet %s: its copy of the fleet's keys is "
	    "destroyed, and with it nobody at all can log in here any more, "
	    "\"local\" users neither: keep this session open until the bastion "
	    "has records of its own. The records stay in the fleet. Go on?",
	    site.charter.name);
	if (!admin_confirm(admin, question)) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	status = leave_drop_host(&site);
	if (status == ADMIN_DONE)
		status = keyfile_remove(&site);
	if (status != ADMIN_DONE)
		return status;
	units_close_link();
	(void)units_restart_keeper();
	admin_done(admin, site.charter.name, "left");
	say_after_leaving(&site);
	return ADMIN_DONE;
}

static void
say_after_removal(const char *host)
{
	admin_say("revoke the certificate of %s at etcd's authority, and give "
		  "etcd's user another password",
	    host);
	admin_say("give the fleet another key: tfa-admin store key add, use, "
		  "then reseal, and key drop");
	admin_say("if somebody else may have %s, they can read the secrets of "
		  "all users: tfa-admin revoke everybody, so that they set up "
		  "their devices anew",
	    host);
}

/* Its entry would come back with the keeper's next word, and its keys stay. */
static int
refuse_self(const char *host)
{
	char self[BASTION_HOST];

	if (!bastion_host(self) || strcmp(self, host) != 0)
		return ADMIN_DONE;
	admin_say("%s is this bastion itself, and is not removed: tfa-admin "
		  "store leave takes it out of the fleet",
	    host);
	return ADMIN_NOT;
}

int
store_remove(struct admin *admin, const char *host)
{
	scoped_site struct site site;
	scoped_members struct members members = {.list = {NULL, 0}};
	const struct fleet_member *member;
	int status = site_begin(admin, SITE_FLEET, &site);
	char question[400];

	if (status == ADMIN_DONE)
		status = refuse_self(host);
	if (status == ADMIN_DONE)
		status = site_members(&site, &members);
	if (status != ADMIN_DONE)
		return status;
	member = members_find(&members, host);
	if (member == NULL) {
		admin_say("there is no bastion \"%.100s\" in the fleet: "
			  "tfa-admin store status lists them",
		    host);
		return ADMIN_NOT;
	}
	snprintf(question, sizeof(question),
	    "Take %.100s out of the fleet%s? Only its entry goes: it has the "
	    "keys as before.",
	    host,
	    members_is_live(member, time(NULL))
		? ", although it runs and will enter itself again (tfa-admin "
		  "store leave, there, ends that)"
		: "");
	if (!admin_confirm(admin, question)) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	status = leave_remove_host(&site, host);
	if (status != ADMIN_DONE)
		return status;
	admin_done(admin, host, "removed");
	say_after_removal(host);
	return ADMIN_DONE;
}

/* The highest level that all bastions of the fleet can read and write; one that
 * is off counts, too: it comes back. */
static int64_t
common_level(const struct members *members, const char **ret_host)
{
	int64_t level = CHARTER_LEVEL;

	*ret_host = "this one";
	list_each(const struct fleet_member, member, members->list) {
		if (member->bastion.level >= level)
			continue;
		level = member->bastion.level;
		*ret_host = member->host;
	}
	return level;
}

int
store_level(struct admin *admin)
{
	scoped_site struct site site;
	scoped_members struct members members = {.list = {NULL, 0}};
	scoped_free char *text = NULL;
	struct remote_name name = remote_name_of(SEAL_FLEET);
	const char *host;
	char said[400];
	int status = site_begin(admin, SITE_FLEET, &site);
	int64_t level;
	enum fault fault;

	if (status == ADMIN_DONE)
		status = site_members(&site, &members);
	if (status != ADMIN_DONE)
		return status;
	level = common_level(&members, &host);
	if (level <= site.charter.level) {
		snprintf(said, sizeof(said),
		    "level %" PRId64 " stays: %.200s knows no higher one",
		    site.charter.level, host);
		admin_done(admin, site.charter.name, said);
		return ADMIN_DONE;
	}
	snprintf(said, sizeof(said),
	    "Raise the fleet from level %" PRId64 " to %" PRId64
	    "? A bastion with an older tfa lets nobody in then.",
	    site.charter.level, level);
	if (!admin_confirm(admin, said)) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	site.charter.level = level;
	if (charter_format(&site.charter, &text) != FAULT_NONE)
		return ADMIN_NOT;
	fault = remote_put(
	    &site.remote, &name, &site.charter_text, text, strlen(text));
	if (fault != FAULT_NONE)
		return site_say(&site, fault, "the fleet's charter");
	snprintf(said, sizeof(said), "level %" PRId64, level);
	admin_done(admin, site.charter.name, said);
	return ADMIN_DONE;
}
