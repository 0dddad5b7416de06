/*
 * Points in time and durations, as our files write them: RFC 3339 in UTC
 * ("2026-11-01T00:00:00Z", whole seconds, upper case T and Z), and one number
 * with one unit ("90s", "15m", "8h", "14d").  For people: dates and times of day
 * where they are, in the C library's time zone (TZ, /etc/localtime).  Nothing
 * here reads the clock: in store/, the time is always an argument.
 */
#ifndef TFA_WHEN_H
#define TFA_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEN_TEXT     21             /* "2026-11-01T00:00:00Z" and its NUL */
#define WHEN_LAST_S   253402300799LL /* 9999-12-31T23:59:59Z */
#define WHEN_MINUTE   17             /* "2026-11-01 08:00" and its NUL */
#define WHEN_SAID     40
#define DURATION_TEXT 24
#define DURATION_MAX  (3650LL * 24 * 3600) /* ten years, in seconds */

/*
 * Reads a time.  *ret_s: seconds since 1970.  Returns false, *ret_s untouched,
 * for any other spelling, for a date that does not exist (31 June, a leap
 * second), and for a year outside 1970 to 9999.
 */
bool when_parse(const char *text, int64_t *ret_s);

/* Writes the time.  A time before 1970 or after WHEN_LAST_S is clamped. */
void when_format(int64_t time_s, char ret[static WHEN_TEXT]);

/*
 * Reads what a person types: "2026-12-31", its first second where they are, or
 * "2026-12-31 18:00", also with a T.  A time of day that the clock leaves out is
 * the next one that it shows; one that it shows twice is the first.  Returns
 * false, *ret_s untouched, for any other spelling and for a date that does not
 * exist there.
 */
bool when_parse_local(const char *text, int64_t *ret_s);

/* Writes the time for a table, to the minute, where the reader is:
 * "2026-11-29 19:25".  Clamps as when_format() does. */
void when_say_minute(int64_t time_s, char ret[static WHEN_MINUTE]);

/* Writes the time for a sentence: "Thu 2026-12-31 00:00 CET". */
void when_say(int64_t time_s, char ret[static WHEN_SAID]);

/*
 * Reads a duration, in seconds: digits without a sign or a leading zero, then
 * one of s m h d.  Zero is written "0s" and in no other way.  Returns false,
 * *ret_s untouched, for anything else and for more than DURATION_MAX.
 */
bool duration_parse(const char *text, int64_t *ret_s);

/* Returns true for a duration that duration_parse() refuses only because it is
 * more than DURATION_MAX. */
bool duration_is_too_long(const char *text);

/* Writes seconds (0 to DURATION_MAX) in the largest unit that is exact, as
 * duration_parse() reads it. */
void duration_format(int64_t seconds, char ret[static DURATION_TEXT]);

/*
 * Writes seconds for a message, in the largest unit and the next smaller one:
 * "2 days 3 hours", "1 minute", "45 seconds".  Rounds down; a negative number
 * is "0 seconds".  size must be at least 64.
 */
void duration_say(int64_t seconds, char *ret, size_t size);

#endif
