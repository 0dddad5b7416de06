/*
 * tfa-admin store: the fleet, and this bastion's place in it.
 *
 *	store.c        the words behind "store"
 *	site.c         what each needs: configuration, keys, folder, link
 *	remote.c       the fleet's store, over tfa-link
 *	status.c       store status
 *	link_status.c  the link's answer about itself
 *	members.c      the bastions of the fleet
 *	census.c       its records, opened one by one
 *	join.c         store join; join_checks.c: what must hold first
 *	units.c        starts the keeper and the link again, and says to whom the
 *	               link may talk
 *	closed.c       the file that closes the folder while records move
 *	migrate.c      store migrate; to_fleet.c, to_folder.c: each way
 *	crew.c         many processes; batch.c: many records in one request;
 *	arrive.c       many files with one sync
 *	keys.c         store key; keyfile.c: its file
 *	reseal.c       store reseal
 *	export.c       store export
 *	restore.c      store accept-restore; restored_policy.c: the policy then
 *	older.c        records from before it
 *	leave.c        store leave, remove and level
 *
 * Commands run as root.  In the folder of records they act as its owner, the
 * keeper's user: a file of root's there would shut the keeper out.
 */
#ifndef TFA_ADMIN_SITE_H
#define TFA_ADMIN_SITE_H

#include <limits.h>

#include "admin/admin.h"
#include "admin/store/members.h"
#include "admin/store/remote.h"
#include "store/fleet/charter.h"
#include "store/fleet/config.h"
#include "store/fleet/keyring.h"

#define SITE_KEY    "fleet.key"
#define SITE_FOLDER "/var/lib/tfa"

struct site {
	const struct admin *admin;
	const char *config_path, *folder;
	char key_path[PATH_MAX];    /* beside the configuration */
	struct fleet_config config; /* zero: not read */
	struct keyring *ring;       /* NULL: not read */
	struct remote remote;       /* not open: line.fd is -1 */
	struct remote_text charter_text;
	struct charter charter;
	uid_t owner; /* of the folder, and its group */
	gid_t group;
};

enum site_need {
	SITE_CONFIG = 1 << 0,
	SITE_KEYS = 1 << 1,
	SITE_LINK = 1 << 2,
	SITE_OWNER = 1 << 3,   /* who owns the folder */
	SITE_CHARTER = 1 << 4, /* the fleet's object, opened */
	SITE_FLEET = 31,       /* all of these */
};

/* Gets what a command needs.  An admin_exit, after a message; site_done() in any
 * case. */
int site_begin(const struct admin *admin, unsigned needs, struct site *ret);
/* The fleet's object, of a site with a link: site->charter. */
int site_charter(struct site *site);

void site_done(struct site *site);
#define scoped_site __attribute__((cleanup(site_done)))

/* members_read(), as an admin_exit after a message. */
int site_members(struct site *site, struct members *ret);

/* *ret: the bastions of the fleet beside this one; as site_members(). */
int site_others(struct site *site, struct members *ret);

/* Says why the fleet's store did not do it.  what: "the record of alice". */
int site_say(const struct site *site, enum fault fault, const char *what);

/* From now on files are made as the folder's owner, and as root again.  Without
 * root these change nothing.  False after a message. */
bool site_become_owner(const struct site *site);
void site_become_root(const struct site *site);

/* Opens the folder of records as its owner.  False after a message. */
bool site_open_folder(const struct site *site, bool create, struct store *ret);

/* True if that user's record stays in this bastion's folder. */
bool site_is_local(const struct site *site, const char *user);

#endif
