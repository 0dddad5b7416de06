/*
 * The policy of a fleet whose backup was put back: it may be older than this
 * bastion's copy of the one that was in force.  Who was disabled, or told to use a
 * code, since the backup would be let in again.
 *
 *	scoped_restored_policy struct restored_policy policy;
 *
 *	status = restored_policy_ask(site, store, &policy);    the copy as it is
 *	...	the restored state is accepted, in a new epoch
 *	status = restored_policy_renew(&policy);
 *	status = restored_policy_put(&policy, store);
 */
#ifndef TFA_ADMIN_RESTORED_POLICY_H
#define TFA_ADMIN_RESTORED_POLICY_H

#include "admin/store/site.h"
#include "store/fleet/kept.h"

struct restored_policy {
	struct site *site;
	struct fleet fleet;
	struct version ours, theirs; /* number 0: there is none */
	char mark[TALK_MARK];        /* of theirs */
	bool is_wanted;              /* ours shall be in force again */
};

/* Compares the two, and asks which one shall be in force if ours is the later one.
 * Before the state is accepted: the copy follows it.  An admin_exit, after a
 * message; restored_policy_done() in any case. */
int restored_policy_ask(
    struct site *site, const struct store *store, struct restored_policy *ret);

/* Puts theirs into the epoch of site->remote, which is the fleet's: in an older
 * one no bastion that saw a later policy believes it.  Refused if another one
 * is there than restored_policy_ask() saw.  An admin_exit, after a message. */
int restored_policy_renew(struct restored_policy *policy);

/* Puts ours in force again, if that was wanted; store is open as its owner.  An
 * admin_exit, after a message. */
int
restored_policy_put(struct restored_policy *policy, const struct store *store);

void restored_policy_done(struct restored_policy *policy);
#define scoped_restored_policy __attribute__((cleanup(restored_policy_done)))

#endif
