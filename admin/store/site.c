#include "admin/store/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_config(struct site *site)
{
	char why[FLEET_WHY_TEXT];
	enum fault fault = fleet_config_read(
	    site->config_path, &site->config, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT)
		admin_say("this bastion is in no fleet: there is no %s; "
			  "tfa-store.json(5) says what to write there",
		    site->config_path);
	else
		admin_say("%s", why);
	return ADMIN_NOT;
}

static int
read_keys(struct site *site)
{
	char why[GUARDED_WHY_TEXT];
	enum fault fault = keyring_read(
	    site->key_path, geteuid(), true, &site->ring, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT)
		admin_say("this bastion has no key of the fleet: bring %s from "
			  "another bastion of it, or, if this is its first, "
			  "tfa-admin store join --new",
		    site->key_path);
	else
		admin_say("%s", why);
	return ADMIN_NOT;
}

static int
find_owner(struct site *site)
{
	struct stat st;

	if (stat(site->folder, &st) == 0) {
		site->owner = st.st_uid;
		site->group = st.st_gid;
		return ADMIN_DONE;
	}
	admin_say("%s: %s", site->folder, strerror(errno));
	return ADMIN_NOT;
}

static int
open_link(struct site *site)
{
	remote_open(site->admin->link != NULL ? site->admin->link : LINE_SOCKET,
	    site->ring, &site->remote);
	return ADMIN_DONE;
}

int
site_charter(struct site *site)
{
	struct remote_name name = remote_name_of(SEAL_FLEET);
	enum fault fault = remote_get(
	    &site->remote, &name, &site->charter_text);
	struct json_error error;

	if (fault == FAULT_ABSENT) {
		admin_say("there is no fleet under %s: tfa-admin store join "
			  "--new makes one",
		    site->config.prefix);
		return ADMIN_NOT;
	}
	if (fault != FAULT_NONE)
		return site_say(site, fault, "the fleet's charter");
	fault = charter_parse(site->charter_text.text, site->charter_text.len,
	    &site->charter, &error);
	if (fault != FAULT_NONE) {
		admin_say("the fleet's charter cannot be read: %s: %s",
		    error.path, error.text);
		return ADMIN_NOT;
	}
	if (site->charter.level > CHARTER_LEVEL) {
		admin_say("the fleet is at level %lld, and this tfa knows "
			  "levels up to %d: install the newer tfa here",
		    (long long)site->charter.level, CHARTER_LEVEL);
		return ADMIN_NOT;
	}
	site->remote.epoch = (uint64_t)site->charter.epoch;
	return ADMIN_DONE;
}

int
site_begin(const struct admin *admin, unsigned needs, struct site *ret)
{
	static int (*const steps[])(struct site *) = {
	    read_config, read_keys, open_link, find_owner, site_charter};
	int status = ADMIN_DONE;
	const char *slash;

	*ret = (struct site){.admin = admin,
	    .config_path = admin->fleet != NULL ? admin->fleet : FLEET_CONFIG,
	    .folder = admin->folder != NULL ? admin->folder : SITE_FOLDER};
	ret->remote.line = LINE_TO("");
	slash = strrchr(ret->config_path, '/');
	snprintf(ret->key_path, sizeof(ret->key_path), "%.*s" SITE_KEY,
	    slash != NULL ? (int)(slash - ret->config_path + 1) : 0,
	    ret->config_path);
	if (geteuid() != 0) {
		admin_say("only root may run store");
		return ADMIN_NOT_ALLOWED;
	}
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (status == ADMIN_DONE && (needs >> i & 1) != 0)
			status = steps[i](ret);
	return status;
}

void
site_done(struct site *site)
{
	remote_text_free(&site->charter_text);
	remote_close(&site->remote);
	keyring_free(site->ring);
	fleet_config_done(&site->config);
	site->ring = NULL;
}

int
site_members(struct site *site, struct members *ret)
{
	char why[REMOTE_WHY];

	if (members_read(&site->remote, ret, why) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("the list of bastions: %s", why);
	return ADMIN_NOT;
}

int
site_others(struct site *site, struct members *ret)
{
	char host[BASTION_HOST];
	const struct fleet_member *own;
	int status = site_members(site, ret);

	if (status != ADMIN_DONE)
		return status;
	if (!bastion_host(host)) {
		admin_say("this machine has no name");
		return ADMIN_NOT;
	}
	own = members_find(ret, host);
	if (own != NULL)
		members_drop(ret, own);
	return ADMIN_DONE;
}

int
site_say(const struct site *site, enum fault fault, const char *what)
{
	admin_say("%s: %s", what,
	    fault == FAULT_MEMORY ? "out of memory" : site->remote.why);
	return ADMIN_NOT;
}

/* The group first: only root may change it. */
bool
site_become_owner(const struct site *site)
{
	if (geteuid() != 0)
		return true;
	if (setegid(site->group) == 0 && seteuid(site->owner) == 0)
		return true;
	admin_say("cannot become uid %lu: %s", (unsigned long)site->owner,
	    strerror(errno));
	site_become_root(site);
	return false;
}

void
site_become_root(const struct site *site)
{
	(void)site;
	if (getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		abort();
}

bool
site_open_folder(const struct site *site, bool create, struct store *ret)
{
	if (!site_become_owner(site))
		return false;
	if (store_open(site->folder, create, ret) == FAULT_NONE) {
		ret->moves = true;
		return true;
	}
	site_become_root(site);
	admin_say("%s", ret->why);
	return false;
}

bool
site_is_local(const struct site *site, const char *user)
{
	return fleet_config_is_local(&site->config, user);
}
