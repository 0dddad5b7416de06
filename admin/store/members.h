/*
 * The bastions of a fleet, by what each last said of itself.
 */
#ifndef TFA_ADMIN_MEMBERS_H
#define TFA_ADMIN_MEMBERS_H

#include "admin/store/remote.h"
#include "store/fleet/bastion.h"

/* A bastion that said nothing for so long is taken for off. */
#define MEMBERS_OFF_S 300

struct fleet_member {
	char host[BASTION_HOST];
	char mark[REMOTE_MARK];
	struct bastion bastion;
};

struct members {
	LIST_OF(struct fleet_member) list;
};

/* *ret: all bastions, by name; members_done() frees it.  Also if the entry of one
 * does not open nothing is known: ret_why says why, as one line. */
MUST_USE enum fault members_read(struct remote *remote, struct members *ret,
    char ret_why[static REMOTE_WHY]);
void members_done(struct members *members);
#define scoped_members __attribute__((cleanup(members_done)))

/* The bastion of that name, or NULL. */
const struct fleet_member *
members_find(const struct members *members, const char *host);

/* Takes one out of the list. */
void members_drop(struct members *members, const struct fleet_member *member);

/* True if the bastion has spoken lately. */
bool members_is_live(const struct fleet_member *member, int64_t now_s);

/* True if the bastion has said that it holds that key. */
bool members_has_key(const struct fleet_member *member, const char *id);

#endif
