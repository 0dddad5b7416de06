#include <stdio.h>
#include <string.h>

#include "admin/store/commands.h"
#include "admin/store/crew.h"
#include "admin/store/older.h"
#include "admin/store/sweep.h"

#define TRIES 20 /* each is lost to a login, or to another bastion */

enum reseal_code { RESEAL_FAILED = 0, RESEAL_DONE, RESEAL_GONE };

struct resealing {
	struct site *site;
	const struct sweep *sweep;
	size_t done;
};

/* A login may have sealed it anew meanwhile, with the key in use or, at a bastion
 * that does not use it yet, with the old one. */
static int
reseal_one(void *ctx, struct remote *remote, size_t i)
{
	const struct resealing *all = ctx;
	const char *key = all->sweep->keys.items[i].text;
	struct remote_name name;
	enum fault fault = FAULT_STALE;

	if (!remote_parse(key, &name))
		return RESEAL_FAILED;
	for (int tries = 0; fault == FAULT_STALE && tries < TRIES; tries++) {
		scoped_remote_text struct remote_text text = {.text = NULL};

		fault = remote_get(remote, &name, &text);
		if (fault == FAULT_ABSENT)
			return RESEAL_GONE;
		if (fault == FAULT_NONE && name.kind == SEAL_USER &&
		    older_is(remote, text.serial)) {
			older_say(name.text);
			return RESEAL_FAILED;
		}
		if (fault == FAULT_NONE)
			fault = remote_reseal(remote, &name, &text);
	}
	if (fault == FAULT_NONE)
		return RESEAL_DONE;
	admin_say("%s: %s", key, remote->why);
	return RESEAL_FAILED;
}

static void
told(void *ctx, size_t i, int code)
{
	struct resealing *all = ctx;

	(void)i;
	all->done += code == RESEAL_DONE;
}

int
store_reseal(struct admin *admin)
{
	scoped_site struct site site;
	scoped_sweep struct sweep sweep = {.keys = {NULL, 0}};
	struct resealing all = {.site = &site, .sweep = &sweep};
	int status = site_begin(admin, SITE_FLEET, &site);
	char id[KEYRING_ID_TEXT], done[80];

	if (status == ADMIN_DONE)
		status = sweep_find(&site, site.ring->use, true, &sweep);
	if (status != ADMIN_DONE)
		return status;
	if (!crew_run(&site, "sealing anew", sweep.keys.count, reseal_one, told,
		&all)) {
		admin_say("not all is sealed anew: run it again");
		return ADMIN_NOT;
	}
	keyring_id_say(site.ring->use, id);
	snprintf(done, sizeof(done), "%zu sealed anew with %s", all.done, id);
	admin_done(admin, site.charter.name, done);
	return ADMIN_DONE;
}
