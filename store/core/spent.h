/*
 * What was spent stays known for a while, so that whoever sends it again is
 * told so, and not taken for a guesser: clients that reconnect with the same
 * TFA_CODE, a list of recovery codes from before, an admin's code that a later
 * one pushed out.  Nothing in here opens a door.
 *
 * Each list has a limit and forgets the entry that was met longest ago; a code
 * that it has forgotten is a wrong code again.  A guess that hits an entry is
 * not counted: of a million guesses at a device some 17, which opens nothing
 * and tells nothing of codes to come.
 *
 * Without memory a code is not noted; it is then a wrong code.
 */
#ifndef TFA_SPENT_H
#define TFA_SPENT_H

#include "store/core/login.h"

/* Makes step the device's last one; the last one before stays known. */
void spent_step(struct device *device, uint64_t step);

/*
 * Whether code, of device->digits digits, is of a step that was spent, however
 * long ago; that step is then the one met last, and *ret_changed true where it
 * was not.  Every step is computed.
 */
bool spent_is_step(struct device *device, const char *code, bool *ret_changed);

/* Notes what became of a one-time code by its hash. */
void spent_note(struct record *record, const char hash[static HASH_TEXT],
    enum spent_why why, int64_t at_s);

/* What became of it, or NULL. */
const struct spent_code *
spent_find(const struct record *record, const char hash[static HASH_TEXT]);

/* Takes code number i out of record->codes, and notes why. */
void
spent_take(struct record *record, size_t i, enum spent_why why, int64_t now_s);

/* Takes all codes of that use out and notes why; codes that had run out are
 * noted as expired. */
void spent_retire(struct record *record, enum code_use use, enum spent_why why,
    int64_t now_s);

/* Takes device number i out; its last code stays known as used. */
void spent_device(struct record *record, size_t i, int64_t now_s);

/*
 * Notes that this connection, if it has a name, gave that code; code as
 * onetime_read() or verify_digits() gives it.
 */
void spent_connection(
    struct record *record, const struct login *login, const char *code);

/*
 * Whether this very connection gave that very code before, however long ago.
 * It is then the one met last, and *ret_changed true where it was not.
 */
bool spent_is_connection(struct record *record, const struct login *login,
    const char *code, bool *ret_changed);

#endif
