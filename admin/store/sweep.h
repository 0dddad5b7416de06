/*
 * All that a fleet has, key by key, and the key that each is sealed with.
 */
#ifndef TFA_ADMIN_SWEEP_H
#define TFA_ADMIN_SWEEP_H

#include "admin/store/site.h"

struct sweep {
	LIST_OF(struct store_name) keys; /* those that were looked for */
	struct texts texts;
};

/*
 * *ret: the keys of all that is sealed with that key, or, with others, of all
 * that is sealed with another one; sweep_done() frees it.  An admin_exit, after a
 * message: also where something is there that no fleet has.
 */
int sweep_find(struct site *site, const uint8_t id[static KEYRING_ID],
    bool others, struct sweep *ret);
void sweep_done(struct sweep *sweep);
#define scoped_sweep __attribute__((cleanup(sweep_done)))

#endif
