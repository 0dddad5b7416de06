/*
 * A device that counts, was removed, and comes back with the counter of an old
 * file: all that it showed since would pass again.  The record remembers the
 * last code of a removed device as used (spent_device()), and says by that
 * where the device was.  Pure.
 *
 * A device that goes by the time needs none of this: its old codes are over.
 */
#ifndef TFA_RESUME_H
#define TFA_RESUME_H

#include "store/core/record.h"

#define RESUME_AHEAD 1000 /* counters that are searched */

/*
 * Sets the device's counter to the one behind the last code that the record
 * remembers as used, if that is one of the next RESUME_AHEAD.  In one of a
 * thousand cases another device's last code is like one of these by chance: the
 * counter is then ahead of the device, which must be removed and set up anew.
 * FAULT_MEMORY.
 */
MUST_USE enum fault
resume_counter(const struct record *record, struct device *device);

#endif
