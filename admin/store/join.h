/*
 * The looks that store join takes before it changes anything.
 */
#ifndef TFA_ADMIN_JOIN_H
#define TFA_ADMIN_JOIN_H

#include "admin/store/link_status.h"
#include "admin/store/members.h"
#include "admin/store/site.h"

/* Clocks that differ by more make the keeper deny: fleet-wide, codes would be
 * judged by the wrong time. */
#define JOIN_CLOCK_MS 30000

/* Asks the link about itself.  An admin_exit, after a message. */
int join_ask_link(struct site *site, struct link_status *ret);

/* Each says what is wrong, and returns an admin_exit. */
int join_check_engine(const struct link_status *link);
int join_check_host(const struct members *members, const char *host);
int join_check_empty(struct site *site);                  /* for a new fleet */
int join_check_uids(struct site *site, const char *host); /* only warns */
int join_check_policy(struct site *site); /* the fleet has one */

/* True if this folder is of the fleet that site->charter is of, and the bastion of
 * that name runs: there is nothing to be done. */
bool join_is_done(struct site *site, const char *host);

#endif
