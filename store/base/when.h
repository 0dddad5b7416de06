/*
 * Points in time and lengths of time, as our files write them: RFC 3339 in
 * UTC ("2026-11-01T00:00:00Z", whole seconds, upper case T and Z) and
 * durations of one number and one unit ("90s", "15m", "8h", "14d").
 * Neither asks the clock: time is an argument everywhere in store/.
 */
#ifndef TFA_WHEN_H
#define TFA_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEN_TEXT     21             /* "2026-11-01T00:00:00Z" and its NUL */
#define WHEN_LAST_S   253402300799LL /* 9999-12-31T23:59:59Z */
#define DURATION_TEXT 24
#define DURATION_MAX  (3650LL * 24 * 3600) /* ten years, in seconds */

/*
 * text, NUL-terminated, as seconds since 1970.  False, with *ret_s
 * untouched, for anything but the one spelling above, for a date that does
 * not exist (31 June, a leap second), and for years outside 1970 to 9999.
 */
bool when_parse(const char *text, int64_t *ret_s);

/* Writes time_s to ret; a time before 1970 or after WHEN_LAST_S is clamped. */
void when_format(int64_t time_s, char ret[static WHEN_TEXT]);

/*
 * text, NUL-terminated, as seconds: digits without sign or leading zero, then
 * one of s m h d.  Nothing at all is "0s" and has no other spelling.  False,
 * *ret_s untouched, for anything else or for more than DURATION_MAX.
 */
bool duration_parse(const char *text, int64_t *ret_s);

/*
 * Writes seconds (0 to DURATION_MAX) in the largest unit that is exact, as
 * duration_parse() reads it.
 */
void duration_format(int64_t seconds, char ret[static DURATION_TEXT]);

/*
 * Writes seconds as a person says it, in the largest unit and the next
 * smaller: "2 days 3 hours", "1 minute", "45 seconds".  Rounds nothing up; a
 * negative number is "0 seconds".  For messages, not for files.  size >= 64.
 */
void duration_say(int64_t seconds, char *ret, size_t size);

#endif
