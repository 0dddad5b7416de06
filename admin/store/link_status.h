/*
 * tfa-link's answer about itself and the members of etcd, as
 * store/link/PROTOCOL.md has it.  Pure.
 */
#ifndef TFA_ADMIN_LINK_STATUS_H
#define TFA_ADMIN_LINK_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/fleet/config.h"

enum member_state { MEMBER_AWAY = 0, MEMBER_REFUSED, MEMBER_LOST, MEMBER_GOOD };

struct member_alarm {
	char text[16];
};

/* Figures are 0 where the link does not know them. */
struct member {
	char url[FLEET_URL_TEXT];
	int state;     /* enum member_state; LOST: it has no leader */
	char why[256]; /* not GOOD */
	char version[32];
	int64_t db_size, db_in_use, quota; /* bytes */
	LIST_OF(struct member_alarm) alarms;
	int64_t days_left; /* of its certificate, where it answers */
	int64_t clock_off_ms;
};

struct link_status {
	int status; /* 0: "ok", the only one */
	LIST_OF(struct member) endpoints;
	int64_t current;
	int breaker; /* 0: open, all is away; 1: closed */
	char why[256];
	char login[256]; /* why etcd refuses the user; "": it does not */
	bool is_root;    /* the user may do anything in etcd */
	int64_t clock_off_ms;
	int64_t certificate_days_left; /* of our own; 0: today, or none */
	bool compact, compact_refused;
	int64_t compacted, answered;
	char version[32];
	char revision[20];
};

/* *ret: the answer, which link_status_done() frees.  FAULT_FORMAT: it is none,
 * or of another version; FAULT_MEMORY. */
MUST_USE enum fault
link_status_read(const char *text, size_t len, struct link_status *ret);
void link_status_done(struct link_status *status);
#define scoped_link_status __attribute__((cleanup(link_status_done)))

/* "good", "no leader", "away", "refused". */
const char *member_state_name(int state);

/* The part of the quota that the database has, in per cent; 0: not known. */
int member_fill(const struct member *member);

/* True if the member has that alarm: "NOSPACE". */
bool member_has_alarm(const struct member *member, const char *alarm);

#endif
