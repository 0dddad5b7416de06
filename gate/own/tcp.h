/*
 * Connects to another host: each of its addresses in turn, with a time limit.
 */
#ifndef TFA_TCP_H
#define TFA_TCP_H

#include "store/base/endpoint.h"

#define TCP_EACH_MS 10000 /* for one address */
#define TCP_ALL_MS  30000 /* for all of a name, once it is looked up */

/*
 * A connected socket that does not block; the caller closes it.  -1 if none of
 * the addresses answered in time: standard error then has a line for each, or
 * one that says why the name could not be looked up.
 */
int tcp_connect(const struct endpoint *endpoint);

#endif
