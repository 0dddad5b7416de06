/*
 * The fleet that this bastion is in, judged: etcd, the link, the keys, the other
 * bastions.  fleet.c asks; the judges are pure.
 */
#ifndef TFA_DOCTOR_FLEET_H
#define TFA_DOCTOR_FLEET_H

#include "admin/doctor/findings.h"
#include "admin/store/link_status.h"
#include "admin/store/members.h"
#include "store/fleet/charter.h"
#include "store/fleet/config.h"

#define FLEET_CLOCK_WARN_MS 5000
#define FLEET_CLOCK_FAIL_MS 30000
#define FLEET_DAYS_WARN     30
#define FLEET_DAYS_FAIL     7
#define FLEET_FILL          60 /* per cent of etcd's quota */

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
void fleet_judge_members(struct findings *findings,
    const struct members *members, const char *host, int64_t now_s);

#endif
