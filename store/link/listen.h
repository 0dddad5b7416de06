/*
 * The link's socket: who may ask, and one request a connection at a time.
 */
#ifndef TFA_LINK_LISTEN_H
#define TFA_LINK_LISTEN_H

#include <sys/types.h>

#include "store/link/upkeep.h"

/*
 * Serves on fd, a socket that listens, until SIGTERM or SIGINT, which must be
 * blocked; then answers what it was asked and returns.  Root and the user keeper
 * may ask.
 */
void
link_listen(struct engine *engine, struct upkeep *upkeep, int fd, uid_t keeper);

#endif
