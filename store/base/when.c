#include "store/base/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Dates are computed here: gmtime(3) and timegm(3) count leap seconds if TZ
 * names a "right/" zone, and timegm(3) reads 31 June as 1 July. */
#define DAY_S 86400

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };

static const char shape[WHEN_TEXT] = "0000-00-00T00:00:00Z";

/* Where each field stands in the shape. */
static const struct {
	int at, len;
} fields[FIELDS] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}};

static const struct unit {
	char letter;
	int seconds;
	const char *name;
} units[] = {
    {'d', DAY_S, "day"},
    {'h', 3600, "hour"},
    {'m', 60, "minute"},
    {'s', 1, "second"},
};

#define UNITS (sizeof(units) / sizeof(units[0]))

/*
 * Returns the days from 1 January 1970.  A year begins in March here, so that
 * the leap day is its last: then 153 days are any five months from March or
 * August on.  The date need not exist.
 */
static int
days_until(int year, int month, int day)
{
	if (month < 3) {
		year--;
		month += 12;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * (month - 3) + 2) / 5 + day - 719469;
}

/* A date that does not exist gets the time of one that does, and so differs
 * from what when_format() writes. */
bool
when_parse(const char *text, int64_t *ret_s)
{
	int v[FIELDS] = {0};
	char again[WHEN_TEXT];
	int64_t time_s;

	if (strnlen(text, WHEN_TEXT) != WHEN_TEXT - 1)
		return false;
	for (int f = 0; f < FIELDS; f++)
		for (int i = 0; i < fields[f].len; i++)
			v[f] = v[f] * 10 + text[fields[f].at + i] - '0';
	time_s = (int64_t)days_until(v[YEAR], v[MONTH], v[DAY]) * DAY_S +
	    v[HOUR] * 3600 + v[MINUTE] * 60 + v[SECOND];
	when_format(time_s, again);
	if (memcmp(text, again, WHEN_TEXT) != 0)
		return false;
	*ret_s = time_s;
	return true;
}

static void
split_date(int days, int v[static FIELDS])
{
	/* A first guess: never too late, and at most 17 years too early. */
	v[YEAR] = 1970 + days / 366;
	while (days_until(v[YEAR] + 1, 1, 1) <= days)
		v[YEAR]++;
	v[MONTH] = 1;
	while (v[MONTH] < 12 && days_until(v[YEAR], v[MONTH] + 1, 1) <= days)
		v[MONTH]++;
	v[DAY] = days - days_until(v[YEAR], v[MONTH], 1) + 1;
}

void
when_format(int64_t time_s, char ret[static WHEN_TEXT])
{
	int v[FIELDS], second;

	if (time_s < 0)
		time_s = 0;
	if (time_s > WHEN_LAST_S)
		time_s = WHEN_LAST_S;
	second = (int)(time_s % DAY_S);
	split_date((int)(time_s / DAY_S), v);
	v[HOUR] = second / 3600;
	v[MINUTE] = second / 60 % 60;
	v[SECOND] = second % 60;
	memcpy(ret, shape, WHEN_TEXT);
	for (int f = 0; f < FIELDS; f++)
		for (int i = fields[f].len - 1; i >= 0; i--, v[f] /= 10)
			ret[fields[f].at + i] = (char)('0' + v[f] % 10);
}

static void
local_time(int64_t time_s, struct tm *ret)
{
	time_t time = (time_t)time_s;

	if (time_s < 0)
		time = 0;
	if (time_s > WHEN_LAST_S)
		time = (time_t)WHEN_LAST_S;
	*ret = (struct tm){.tm_mday = 1};
	tzset();
	localtime_r(&time, ret);
}

void
when_say_minute(int64_t time_s, char ret[static WHEN_MINUTE])
{
	struct tm tm;

	local_time(time_s, &tm);
	/* East of UTC the year 10000 begins earlier. */
	if (strftime(ret, WHEN_MINUTE, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(ret, WHEN_MINUTE, "9999-12-31 23:59");
}

/* English, in whatever language the reader's programs are. */
void
when_say(int64_t time_s, char ret[static WHEN_SAID])
{
	static const char days[7][4] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	char minute[WHEN_MINUTE];
	struct tm tm;

	local_time(time_s, &tm);
	when_say_minute(time_s, minute);
	snprintf(ret, WHEN_SAID, "%s %s %.12s", days[tm.tm_wday % 7], minute,
	    tm.tm_zone != NULL ? tm.tm_zone : "");
}

/* No zone is further from UTC. */
#define ZONE_MAX_S 90000

/*
 * Finds the first minute that the local clock shows as wanted or later: mktime(3)
 * guesses where a clock is changed at midnight.
 */
static bool
first_minute(const char *wanted, int64_t near_s, int64_t *ret_s)
{
	char shown[WHEN_MINUTE];
	int64_t s = near_s > ZONE_MAX_S ? near_s - ZONE_MAX_S : 0;

	for (when_say_minute(s, shown); strcmp(shown, wanted) < 0;
	     when_say_minute(s, shown))
		if ((s += 60) > near_s + ZONE_MAX_S)
			return false;
	if (strncmp(shown, wanted, strlen("2026-12-31")) != 0)
		return false;
	*ret_s = s;
	return true;
}

bool
when_parse_local(const char *text, int64_t *ret_s)
{
	size_t len = strnlen(text, WHEN_MINUTE);
	char minute[WHEN_MINUTE], utc[WHEN_TEXT];
	int64_t near_s;

	if (len != strlen("2026-12-31") && len != WHEN_MINUTE - 1)
		return false;
	snprintf(minute, sizeof(minute), "%.10s %.5s", text,
	    len == WHEN_MINUTE - 1 ? text + 11 : "00:00");
	snprintf(utc, sizeof(utc), "%.10sT%.5s:00Z", minute, minute + 11);
	if (len == WHEN_MINUTE - 1 && text[10] != ' ' && text[10] != 'T')
		return false;
	return when_parse(utc, &near_s) && first_minute(minute, near_s, ret_s);
}

_Static_assert(DURATION_MAX < 1000000000, "it has nine digits");
_Static_assert(sizeof(time_t) >= sizeof(int64_t),
    "after 2038 this libc has no times: it needs glibc 2.34, or 64 bits");

bool
duration_parse(const char *text, int64_t *ret_s)
{
	size_t digits = strspn(text, "0123456789");
	int64_t n;

	if (digits == 0 || digits > 9 ||
	    (text[0] == '0' && strcmp(text, "0s") != 0))
		return false;
	n = strtol(text, NULL, 10);
	for (const struct unit *u = units; u < units + UNITS; u++) {
		if (text[digits] != u->letter || text[digits + 1] != '\0' ||
		    n > DURATION_MAX / u->seconds)
			continue;
		*ret_s = n * u->seconds;
		return true;
	}
	return false;
}

bool
duration_is_too_long(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int64_t seconds;

	return digits > 0 && text[0] != '0' && text[digits] != '\0' &&
	    strchr("dhms", text[digits]) != NULL && text[digits + 1] == '\0' &&
	    !duration_parse(text, &seconds);
}

void
duration_format(int64_t seconds, char ret[static DURATION_TEXT])
{
	const struct unit *u = units;

	while (u->seconds > 1 && (seconds == 0 || seconds % u->seconds != 0))
		u++;
	snprintf(ret, DURATION_TEXT, "%" PRId64 "%c", seconds / u->seconds,
	    u->letter);
}

static int
say_unit(
    const char *before, int64_t n, const struct unit *u, char *ret, size_t size)
{
	return snprintf(ret, size, "%s%" PRId64 " %s%s", before, n, u->name,
	    n == 1 ? "" : "s");
}

void
duration_say(int64_t seconds, char *ret, size_t size)
{
	const struct unit *u = units;
	int64_t rest;
	int len;

	if (seconds < 0)
		seconds = 0;
	while (u->seconds > 1 && seconds < u->seconds)
		u++;
	len = say_unit("", seconds / u->seconds, u, ret, size);
	if (u->seconds == 1 || len < 0 || (size_t)len >= size)
		return;
	rest = seconds % u->seconds / u[1].seconds;
	if (rest > 0)
		say_unit(" ", rest, u + 1, ret + len, size - (size_t)len);
}
