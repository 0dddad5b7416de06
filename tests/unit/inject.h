/*
 * Makes the n-th call of libc, or of one of libcrypto, fail, and notes the
 * order of those that count: the unit tests are linked with -Wl,--wrap for each
 * (Makefile). What is not armed does what it always does.
 */
#ifndef TFA_INJECT_H
#define TFA_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/folder/store.h"

#define INJECT_TRACE 1024
#define INJECT_USUAL (-1) /* the errno that a call fails with most often */

/* From now on: call number n, from 1, of those that allocate, open, read and
 * write fails with this errno; 0: none. */
void inject_arm(int n, int error);

/* From now on: call number n of that name, or of any that can fail, does. */
#define INJECT_ANY inject_any
extern const char inject_any[];
void inject_arm_call(const char *name, int n, int error);

/* Whether it was reached. No call fails any more. */
bool inject_disarm(void);

/* Its name, "openat"; of the last one that failed. */
const char *inject_failed(void);

/* From now on: "openat write fsync renameat fsync send ", as they succeed. */
void inject_trace_begin(void);
const char *inject_trace_end(void);

/* accept4() gives ever new connections after the first, until this process
 * ends. */
void inject_accept_for_ever(void);

/* From now on it is now_s, random bytes are the same each time, so that what happens
 * twice can be compared, and fsync() does not wait for a disk; 0: no longer. */
void inject_stand_still(int64_t now_s);

/* From now on store_update() first shows hook what it is asked to do; NULL: no
 * longer. */
typedef enum change inject_change(struct record *record, void *arg);
void inject_before_update(
    void (*hook)(const char *user, inject_change *change, void *arg));

/* From now on syslog() writes its lines to fd, and to no log of the system. */
void inject_syslog_to(int fd);

/* From now on free() looks for these bytes in what it is given; NULL: for none
 * any more. */
void inject_watch_free(const char *words);

/* How often it found them. */
int inject_freed(void);

#endif
