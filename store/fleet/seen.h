/*
 * The shared store as this bastion has seen it: an engine that shows less was
 * rolled back, restored from a copy, or lies.
 *
 * Of each user the highest serial (seal.h), in the user's lock, locks/NAME, 16
 * bytes: "tfs1", four zeros, the serial with the highest byte first.  It is not
 * synced: after a crash a bastion may know less, which is no false alarm.  Of
 * the whole store the highest revision of the engine, in DIR/fleet/revision,
 * written at most once a minute, and synced.
 *
 * An engine that was once found at a lower revision comes to that revision again
 * by itself: each change adds one.  Hence DIR/fleet/back, which is made then, and
 * stays until an administrator accepts the state.
 *
 * A store that shows two bastions two histories is not noticed until the
 * histories meet.
 */
#ifndef TFA_FLEET_SEEN_H
#define TFA_FLEET_SEEN_H

#include <stdint.h>

#include "store/base/fault.h"

/* *ret: the serial in an open lock; 0: none was seen.  FAULT_FORMAT: other bytes
 * are there, which nothing of tfa writes; FAULT_IO. */
MUST_USE enum fault seen_serial_read(int lock, uint64_t *ret);

/* Writes it, to a lock that is open for writing and held.  FAULT_IO. */
MUST_USE enum fault seen_serial_write(int lock, uint64_t serial);

/*
 * Compares a text's serial, 0 being no text, with the one that was seen.
 * FAULT_BACK: it is lower.  In an epoch above the serial's the store was
 * restored, and an administrator accepted that: then a text may be older than
 * what was seen in earlier epochs.  That there is none is not believed by that: it
 * may have been taken away since; accept-restore forgets whom the backup lacks.
 */
MUST_USE enum fault
seen_serial_judge(uint64_t serial, uint64_t seen, uint64_t epoch);

/* *ret: the revision in DIR/fleet/revision, dir being open; 0: none.  To be
 * asked before the engine is: another process may write a higher one meanwhile.
 * FAULT_BACK: DIR/fleet/back is there, or cannot be looked for; FAULT_FORMAT,
 * FAULT_IO. */
MUST_USE enum fault seen_revision_read(int dir, uint64_t *ret);

/* Compares the engine's revision with what seen_revision_read() gave before it was
 * asked.  FAULT_BACK: it is lower, and DIR/fleet/back is there from now on. */
MUST_USE enum fault
seen_revision_judge(int dir, uint64_t revision, uint64_t seen);

/* Notes a revision, unless one was noted less than a minute before now_s.
 * FAULT_IO. */
MUST_USE enum fault
seen_revision_note(int dir, uint64_t revision, int64_t now_s);

/* Puts the revision in place of a higher one, and removes DIR/fleet/back: an
 * administrator has accepted that the store was restored.  FAULT_IO. */
MUST_USE enum fault seen_revision_accept(int dir, uint64_t revision);

#endif
