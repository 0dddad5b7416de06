/*
 * What somebody is told at her next login: the devices that were added and
 * the recovery codes that were made since, when, from where and with which
 * key.  Pure.
 *
 * It must never let one device's login use up what another has not heard of:
 * whoever adds a device of his own and logs in with it hides nothing from the
 * owner of the old one.  So every device has its own time until which its
 * owner was told.
 */
#ifndef TFA_ANNOUNCE_H
#define TFA_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>

#include "store/core/record.h"

#define ANNOUNCE_MAX  6 /* lines; those for which there is no room are counted */
#define ANNOUNCE_TEXT 240 /* bytes of a line */

struct announcements {
	size_t count;
	char lines[ANNOUNCE_MAX][ANNOUNCE_TEXT];
};

/*
 * *ret: what whoever logs in with that device has not been told of; with "",
 * for a one-time code, what the owner of any device has not.  The newest first,
 * each line one for a person.  A time in the future, by a clock that was wrong
 * once, counts as never told.
 */
void announce_changes(const struct record *record, const char *device,
    int64_t now_s, struct announcements *ret);

/* She saw them: that device is up to date at now_s; with "", none is. */
void announce_told(struct record *record, const char *device, int64_t now_s);

/*
 * To be called before a device or recovery codes are added, so that devices
 * which were never told of anything, as in records of earlier versions, are
 * told of these.  The time that a new device begins with: the earliest of the
 * others', or now_s.
 */
int64_t announce_begin(struct record *record, int64_t now_s);

#endif
