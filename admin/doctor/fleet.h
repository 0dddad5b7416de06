/*
 * The fleet that this bastion is in, judged: etcd, the link, the keys, the other
 * bastions.  fleet.c asks; the judges are pure.
 */
#ifndef TFA_DOCTOR_FLEET_H
#define TFA_DOCTOR_FLEET_H

#include "admin/doctor/findings.h"
#include "admin/store/census.h"
#include "admin/store/link_status.h"
#include "admin/store/members.h"
#include "store/fleet/charter.h"
#include "store/fleet/config.h"
#include "store/fleet/kept.h"

struct doctor;

#define FLEET_CLOCK_WARN_MS 5000
#define FLEET_CLOCK_FAIL_MS 30000
#define FLEET_DAYS_WARN     30
#define FLEET_DAYS_FAIL     7
#define FLEET_FILL          60 /* per cent of etcd's quota */
#define FLEET_COPY_WARN_S   7200
#define FLEET_RECOVERY      2 /* codes without which somebody is stuck soon */

/* The line to change, by the words that OpenSSL and etcd have for a certificate
 * which one of the two does not accept; or otherwise. */
const char *fleet_fix(const char *why, const char *otherwise);

/* The link's view of itself and of etcd.  Adds to findings. */
void fleet_judge_link(struct findings *findings,
    const struct fleet_config *config, const struct link_status *link);

/* The object that all bastions agree on. */
void fleet_judge_charter(struct findings *findings,
    const struct fleet_config *config, const struct charter *charter);

/* The bastions, of which this one is host. */
void
fleet_judge_members(struct findings *findings, const struct members *members,
    const struct charter *charter, const char *host, int64_t now_s);

/* A local user, as the keeper shows users. */
struct fleet_way_in {
	const char *user;
	const struct user_row *row; /* NULL: the keeper shows none */
	const char *why;            /* then; "" */
};

/* The users who get in while etcd does not answer: "nobody but ..." */
const char *fleet_rest(const struct fleet_config *config);

/* The users who are to get in while etcd is away.  Returns one who can, or
 * NULL: nobody can. */
const char *fleet_judge_local(
    struct findings *findings, const struct fleet_way_in *ways, size_t count);

/* The copy of policy and charter by which they are judged then; NULL: there is
 * none, and why. */
void fleet_judge_copy(struct findings *findings, const struct kept *kept,
    const char *why, int64_t now_s);

/* The records, all of them or some. */
void fleet_judge_census(struct findings *findings, const struct census *census);

/* Looks at what is kept at this bastion, and is needed while etcd is away.
 * Returns a user of config who could log in then, or NULL. */
const char *fleet_ask_here(struct doctor *doctor,
    const struct fleet_config *config, const struct keyring *ring);

/* Looks into the records; doctor --deep: into all of them, and compares them
 * with what was seen here.  bastion: for record_uid(). */
void fleet_ask_records(
    struct doctor *doctor, struct remote *remote, const char *bastion);

#endif
