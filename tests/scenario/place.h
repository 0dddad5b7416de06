/*
 * A bastion's place in a fleet, without sshd and keeper: a folder of records, a
 * file of the fleet's keys, a policy, and a tfa-link.  One test may have several.
 *
 *	struct cluster *c = cluster_open(.nodes = 1);
 *	struct place *p = place_open(c);
 *
 *	place_user(p, "alice");
 *	r = place_store(p, ARGV("join", "--new", PLACE_FLEET));
 */
#ifndef TFA_TESTS_PLACE_H
#define TFA_TESTS_PLACE_H

#include <limits.h>
#include <stdint.h>

#include "tests/support/link.h"
#include "tests/support/run.h"

#define PLACE_FLEET "fleet.example.com"

struct place {
	struct link *link;
	char dir[PATH_MAX];
	char *folder, *key, *policy;
};

struct place *place_open(const struct cluster *c);

/* Runs "tfa-admin --yes store ARGS..." there.  The second starts it. */
struct run *place_store(const struct place *p, const char *const args[]);
struct run *place_start(const struct place *p, const char *const args[]);

/* Gives a user a record with a device, last used at that time. */
void place_user_at(const struct place *p, const char *user, int64_t used_s);
#define place_user(p, user) place_user_at((p), (user), 1793000000)

/* Gives a user a record with a device that counts its codes. */
void place_counted(const struct place *p, const char *user);

/* Gives a user a record that says when they came, and no more. */
void place_visitor_at(const struct place *p, const char *user, int64_t came_s);

/* The bytes of a user's record in a folder, or NULL. */
char *place_record(const char *folder, const char *user);

/* Copies the keys of another place's fleet. */
void place_bring_key(const struct place *from, const struct place *to);

/* Has a bastion of that name say of itself, so many seconds ago, that it holds the
 * key with that id. */
void
place_says(const struct place *p, const char *host, const char *key, int ago_s);

/* The id of the key in use there; the caller frees it. */
char *place_key_id(const struct place *p);

#endif
