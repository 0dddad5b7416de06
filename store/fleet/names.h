/*
 * The names of what a fleet keeps, that stand in several files.  Each is here
 * alone.
 */
#ifndef TFA_FLEET_NAMES_H
#define TFA_FLEET_NAMES_H

/* Keys of the engine, behind the prefix of store.json. */
#define FLEET_USERS    "users/"    /* and a record's name, store_encode() */
#define FLEET_BASTIONS "bastions/" /* and a host's name, bastion_host() */
#define FLEET_POLICY   "policy"    /* in force; an earlier one: "policy/7" */
#define FLEET_CHARTER  "fleet"

/* The folder beside the records, and files in it. */
#define FLEET_FOLDER       "fleet"
#define FLEET_REVISION     FLEET_FOLDER "/revision" /* seen.h */
#define FLEET_BACK         FLEET_FOLDER "/back"
#define FLEET_CHARTER_LOCK "charter.lock" /* has the epoch that was seen */
#define FLEET_POLICY_LOCK  "policy.lock"
#define FLEET_ACCEPTED     FLEET_FOLDER "/accepted" /* seen.h */

/* The keys that seal, beside store.json or in a credential of systemd's. */
#define FLEET_KEYS "fleet.key"

#endif
