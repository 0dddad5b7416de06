#include "admin/log/lines.h"

#include <string.h>

/* Adds to what has no newline yet. */
static void
keep(struct lines *lines, const char *bytes, size_t len)
{
	size_t room = AUDIT_LINE_MAX + 1 - lines->len;

	lines->loose += (int64_t)len;
	if (len > room)
		len = room;
	memcpy(lines->text + lines->len, bytes, len);
	lines->len += len;
}

static bool
give_line(struct lines *lines, char *line, size_t len)
{
	lines->count++;
	if (len > AUDIT_LINE_MAX)
		len = AUDIT_LINE_MAX + 1;
	line[len] = '\0';
	return len == 0 || lines->each(lines->ctx, line, len);
}

static bool
give_kept(struct lines *lines)
{
	size_t len = lines->len;

	lines->taken += lines->loose;
	lines_drop(lines);
	return give_line(lines, lines->text, len);
}

bool
lines_feed(struct lines *lines, char *bytes, size_t len)
{
	char *at = bytes, *end = bytes + len, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		size_t n = (size_t)(newline - at);

		if (lines->loose > 0) {
			keep(lines, at, n);
			lines->loose++;
			if (!give_kept(lines))
				return false;
		} else {
			lines->taken += (int64_t)n + 1;
			if (!give_line(lines, at, n))
				return false;
		}
		at = newline + 1;
	}
	keep(lines, at, (size_t)(end - at));
	return true;
}

bool
lines_end(struct lines *lines)
{
	return lines->loose == 0 || give_kept(lines);
}

void
lines_drop(struct lines *lines)
{
	lines->len = 0;
	lines->loose = 0;
}
