/*
 * Records that come into a folder, a great many at once.  Each is written beside
 * its place; once all are on the disk, they are put into their places.  A kill, or
 * a crash, at any moment leaves no record that is not whole.  One sync for all takes
 * seconds where one a record takes minutes.
 */
#ifndef TFA_ADMIN_ARRIVE_H
#define TFA_ADMIN_ARRIVE_H

#include "store/folder/backend.h"

#define ARRIVED UINT64_C(1) /* the order of a name whose record was written */

/* Writes a record beside its place.  False: see errno. */
bool arrive_put(
    struct store *store, const char *file, const char *bytes, size_t len);

/* Syncs what was written, and puts the records of the files whose order is ARRIVED
 * into their places.  False: see errno. */
bool arrive_all(struct store *store, const struct store_names *files);

#endif
