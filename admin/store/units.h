/*
 * The units that must learn of a change, where systemd runs them; elsewhere the
 * person is told.
 */
#ifndef TFA_ADMIN_UNITS_H
#define TFA_ADMIN_UNITS_H

#include "admin/store/site.h"

/* The keeper reads store.json and the keys when it starts.  ADMIN_NOT, after a
 * message, if it could not be started again. */
int units_restart_keeper(void);

/*
 * Writes the addresses that tfa-link may talk to, those of the endpoints and of
 * the name servers, as a drop-in of its unit, and starts it again.  Nothing
 * without systemd.  An admin_exit.
 */
int units_open_link(const struct site *site);

/* Removes that drop-in, and stops tfa-link. */
void units_close_link(void);

/* *ret: the drop-in's text for these addresses, parted by blanks; the caller
 * frees it.  Pure. */
bool units_text(const char *addresses, char **ret);

#endif
