/*
 * Tells users at their next login which devices were added and which recovery
 * codes were made since: when, from where and with which key.  Pure.
 *
 * A login with one device must never use up what the owner of another has not
 * been told: a thief who adds a device and logs in with it hides nothing from
 * the owner of the old one.  So every device has its own time until which its
 * owner was told:
 *
 *	announce_begin()     before a device or recovery codes are added
 *	announce_changes()   at a login: what is to be said
 *	announce_told()      where it was said on a terminal
 */
#ifndef TFA_ANNOUNCE_H
#define TFA_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>

#include "store/core/record.h"

#define ANNOUNCE_MAX  6   /* lines; the last counts those that do not fit */
#define ANNOUNCE_TEXT 240 /* bytes of a line */

struct announcements {
	size_t count;
	char lines[ANNOUNCE_MAX][ANNOUNCE_TEXT];
};

/*
 * *ret: what a user who logs in with that device has not been told; with "",
 * for a one-time code, what the owner of any device has not been told.  The
 * newest first, each a line for a person.  A time in the future, by a clock
 * that was wrong once, counts as never told.
 */
void announce_changes(const struct record *record, const char *device,
    int64_t now_s, struct announcements *ret);

/* Notes that the owner of that device was told all at now_s; with "",
 * nothing. */
void announce_told(struct record *record, const char *device, int64_t now_s);

/*
 * To be called before a device or recovery codes are added, so that the owner
 * of a device without such a time, as in records of earlier versions, is told
 * of them.  Returns the time that a new device begins with: the earliest of the
 * others', or now_s.
 */
int64_t announce_begin(struct record *record, int64_t now_s);

#endif
