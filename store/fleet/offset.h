/*
 * How far this bastion's clock is from those of the fleet's engine.  The keeper
 * measures it once a minute and notes it in DIR/fleet/clock, for all its
 * processes.  A clock that is set meanwhile is noticed at once: beside the
 * measure stands what this clock was then beside one that nobody can set.
 */
#ifndef TFA_FLEET_OFFSET_H
#define TFA_FLEET_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

#define OFFSET_MOST_MS 60000 /* a clock that is off by more judges nothing */

/* *ret_ms: how far the engine's clocks are ahead of this one now.  boot_id: of
 * this boot, or "" where that is not known; a measure of another boot counts as
 * it is.  False: none was noted. */
bool offset_read(int dir, const char *boot_id, int64_t *ret_ms);

/* Notes it, as measured now. */
void offset_note(int dir, const char *boot_id, int64_t off_ms);

#endif
