/*
 * The link's own work: it looks at all members once a minute, probes those that
 * are silent, goes back to the nearest one, compacts etcd's history, and says
 * how all is.
 */
#ifndef TFA_LINK_UPKEEP_H
#define TFA_LINK_UPKEEP_H

#include "store/link/engine.h"

struct upkeep {
	struct engine *engine;
	int64_t keep_ms;
	int64_t next_poll_ms;
	int64_t certificate_ends_s; /* our own; 0: none */
	int polls;                  /* tasks of the poll that runs */
	bool compact_refused;       /* etcd did not let us, the last time */
	bool is_root;               /* our user has etcd's role "root" */
	struct history history;
};

/* Starts what is due. */
void upkeep_turn(struct upkeep *u, int64_t now_ms);

/* Asks each member how it is, and for its quota; nothing if that runs already. */
void upkeep_poll(struct upkeep *u, int64_t now_ms);
bool upkeep_is_polling(const struct upkeep *u);

/* How long nothing is due. */
int64_t upkeep_wait_ms(const struct upkeep *u, int64_t now_ms);

/* Writes the answer to "status"; now_s: seconds since 1970. */
void upkeep_say(const struct upkeep *u, int64_t now_ms, int64_t now_s,
    struct json_out *ret);

/* The clock of etcd's members minus ours, the median; false: none is known. */
bool upkeep_clock(const struct upkeep *u, int64_t *ret_off_ms);

#endif
