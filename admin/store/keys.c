#include <stdio.h>
#include <string.h>

#include "admin/store/commands.h"
#include "admin/store/keyfile.h"
#include "admin/store/members.h"
#include "admin/store/sweep.h"
#include "admin/store/units.h"

/* The other bastions cannot open what they have no key for: first all of them
 * have it, and then one seals with it. */
int
store_key_add(struct admin *admin)
{
	scoped_site struct site site;
	char id[KEYRING_ID_TEXT];
	int status = site_begin(admin, SITE_FLEET, &site);

	if (status == ADMIN_DONE)
		status = keyfile_add(&site, id);
	if (status == ADMIN_DONE)
		status = keyfile_write(&site);
	if (status != ADMIN_DONE)
		return status;
	status = units_restart_keeper();
	admin_done(admin, id, "added");
	admin_say("bring %s to each bastion and restart its keeper; a minute "
		  "later: tfa-admin store key use %s",
	    site.key_path, id);
	return status;
}

/* ADMIN_NOT, after a message: these bastions lack the key. */
static int
check_all_have(const struct members *members, const char *id)
{
	char names[300] = "";
	size_t count = 0, len = 0;

	list_each(const struct fleet_member, member, members->list) {
		if (members_has_key(member, id))
			continue;
		if (count++ < 5)
			len += (size_t)snprintf(names + len,
			    sizeof(names) - len, "%s%.50s", len > 0 ? ", " : "",
			    member->host);
	}
	if (count == 0)
		return ADMIN_DONE;
	admin_say("%s%s: no key %s there, as far as the fleet knows. Bring "
		  "fleet.key there, restart the keeper, and wait a minute; one "
		  "that is lost: tfa-admin store remove",
	    names, count > 5 ? ", ..." : "", id);
	return ADMIN_NOT;
}

/* The fleet, its bastions, and the number of that key in the ring.  An admin_exit,
 * after a message. */
static int
begin_with_key(struct admin *admin, const char *id, struct site *site,
    struct members *members, int *ret_number)
{
	int status = site_begin(admin, SITE_FLEET, site);

	if (status != ADMIN_DONE)
		return status;
	*ret_number = keyfile_find(site, id);
	return *ret_number >= 0 ? site_members(site, members) : ADMIN_NOT;
}

int
store_key_use(struct admin *admin, const char *id)
{
	scoped_site struct site site;
	scoped_members struct members members = {.list = {NULL, 0}};
	int number = -1;
	int status = begin_with_key(admin, id, &site, &members, &number);

	if (status == ADMIN_DONE)
		status = check_all_have(&members, id);
	if (status != ADMIN_DONE)
		return status;
	memcpy(site.ring->use, site.ring->keys[number].id, KEYRING_ID);
	status = keyfile_write(&site);
	if (status == ADMIN_DONE)
		status = units_restart_keeper();
	if (status != ADMIN_DONE)
		return status;
	admin_done(admin, id, "seals from now on");
	admin_say(
	    "run this command at each bastion; then tfa-admin store reseal "
	    "at one of them, and store key drop, of the old key, at each");
	return ADMIN_DONE;
}

/* A bastion that still seals with the key would lock this one out. */
static int
check_nobody_uses(const struct members *members, const char *id)
{
	list_each(const struct fleet_member, member, members->list) {
		if (member->bastion.keys.count == 0 ||
		    strcmp(member->bastion.keys.items[0].text, id) != 0)
			continue;
		admin_say("%s seals with %s: first \"tfa-admin store key use\" "
			  "another one there",
		    member->host, id);
		return ADMIN_NOT;
	}
	return ADMIN_DONE;
}

static int
check_nothing_has(struct site *site, const char *id, int number)
{
	scoped_sweep struct sweep sweep = {.keys = {NULL, 0}};
	int status = sweep_find(
	    site, site->ring->keys[number].id, false, &sweep);

	if (status != ADMIN_DONE || sweep.keys.count == 0)
		return status;
	admin_say("%zu entries of the fleet are sealed with %s (%s%s): nobody "
		  "could open them. Run tfa-admin store reseal first",
	    sweep.keys.count, id, sweep.keys.items[0].text,
	    sweep.keys.count > 1 ? ", ..." : "");
	return ADMIN_NOT;
}

static void
drop_from_ring(struct keyring *ring, int number)
{
	struct keyring_key *keys = ring->keys;

	for (size_t i = (size_t)number; i + 1 < ring->count; i++)
		keys[i] = keys[i + 1];
	ring->count--;
	explicit_bzero(&keys[ring->count], sizeof(keys[0]));
}

int
store_key_drop(struct admin *admin, const char *id)
{
	scoped_site struct site site;
	scoped_members struct members members = {.list = {NULL, 0}};
	int number = -1;
	int status = begin_with_key(admin, id, &site, &members, &number);

	if (status != ADMIN_DONE)
		return status;
	if (memcmp(site.ring->use, site.ring->keys[number].id, KEYRING_ID) ==
	    0) {
		admin_say("%s is the key that seals: first \"tfa-admin store "
			  "key use\" another one",
		    id);
		return ADMIN_NOT;
	}
	status = check_nobody_uses(&members, id);
	if (status == ADMIN_DONE)
		status = check_nothing_has(&site, id, number);
	if (status != ADMIN_DONE)
		return status;
	if (!admin_confirm(admin,
		"Without this key, backups of etcd from before the reseal "
		"cannot be opened. Drop it?")) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	drop_from_ring(site.ring, number);
	status = keyfile_write(&site);
	if (status == ADMIN_DONE)
		status = units_restart_keeper();
	if (status == ADMIN_DONE)
		admin_done(admin, id, "dropped");
	return status;
}
