/*
 * Makes the n-th call of libc, or of one of libcrypto, fail, and records the
 * order of calls: the unit tests are linked with -Wl,--wrap for each
 * (Makefile).  A call that is not armed works as usual.
 */
#ifndef TFA_INJECT_H
#define TFA_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/folder/store.h"

#define INJECT_TRACE 1024
#define INJECT_USUAL (-1) /* the errno that most calls fail with */

/* From now on, call number n (from 1) of those that allocate, open, read and
 * write fails with this errno; 0: none. */
void inject_arm(int n, int error);

/* From now on, call number n of that name fails; INJECT_ANY: of all that can
 * fail. */
#define INJECT_ANY inject_any
extern const char inject_any[];
void inject_arm_call(const char *name, int n, int error);

/* Returns true if the call was reached.  No call fails after this. */
bool inject_disarm(void);

/* Returns the name of the call that failed last, such as "openat". */
const char *inject_failed(void);

/* Starts a trace of the calls that succeed: "openat write fsync renameat
 * fsync send ". */
void inject_trace_begin(void);
const char *inject_trace_end(void);

/* From now on accept4() returns new connections without end, after the
 * first, until this process ends. */
void inject_accept_for_ever(void);

/*
 * From now on the time is now_s, random bytes are the same each time, so that
 * two runs can be compared, and fsync() does not wait for a disk; 0: ends this.
 */
void inject_stand_still(int64_t now_s);

/* From now on store_update() first passes its arguments to hook; NULL: ends
 * this. */
typedef enum change inject_change(struct record *record, void *arg);
void inject_before_update(
    void (*hook)(const char *user, inject_change *change, void *arg));

/* From now on syslog() writes its lines to fd and not to the system's log. */
void inject_syslog_to(int fd);

/* From now on free() searches the memory it gets for these bytes; NULL: ends
 * this. */
void inject_watch_free(const char *words);

/* Returns how often free() found them. */
int inject_freed(void);

#endif
