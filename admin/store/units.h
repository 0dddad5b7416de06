/*
 * The units that must learn of a change, where systemd runs them; elsewhere the
 * person is told.
 */
#ifndef TFA_ADMIN_UNITS_H
#define TFA_ADMIN_UNITS_H

#include <stdbool.h>

#include "store/fleet/config.h"

/* The drop-in that limits tfa-link to some addresses. */
#define UNITS_LIMIT_FOLDER "/etc/systemd/system/tfa-link.service.d"
#define UNITS_LIMIT_FILE   "addresses.conf"
#define UNITS_LIMIT        UNITS_LIMIT_FOLDER "/" UNITS_LIMIT_FILE

/* The keeper reads store.json and the keys when it starts.  ADMIN_NOT, after a
 * message, if it could not be started again. */
int units_restart_keeper(void);

/*
 * Limits tfa-link to the endpoints, has it start with the machine, and starts it
 * again.  Where an endpoint has a name there is no limit: its address may change
 * at any time, and nobody could log in then.  Nothing without systemd.  An
 * admin_exit.
 */
int units_open_link(const struct fleet_config *config);

/* Takes the limit away, and stops tfa-link. */
void units_close_link(void);

/* *ret: the drop-in's text, or "" where there is to be none; the caller frees
 * it.  False without memory.  Pure. */
bool units_text(const struct fleet_config *config, char **ret);

/* True if there is a limit, and it is not of these endpoints: tfa-link may not
 * reach one of them. */
bool units_limit_is_old(const struct fleet_config *config);

#endif
