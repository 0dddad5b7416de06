#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define LEVELS_MAX 32
#define KEYS_MAX   4096

/* The keys of all open objects, to find those that appear twice. */
struct reader {
	const char *at, *end;
	struct span {
		const char *at;
		size_t len;
	} keys[KEYS_MAX];
	size_t keys_count;
};

static bool value(struct reader *r, int level);

static void
space(struct reader *r)
{
	while (r->at < r->end && *r->at != '\0' &&
	    strchr(" \t\r\n", *r->at) != NULL)
		r->at++;
}

static bool
next(struct reader *r, char c)
{
	space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool
word(struct reader *r, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
		return false;
	r->at += n;
	return true;
}

static bool
escape(struct reader *r)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	if (r->at == r->end || *r->at == '\0' ||
	    strchr("\"\\/bfnrtu", *r->at) == NULL)
		return false;
	if (*r->at++ != 'u')
		return true;
	for (int i = 0; i < 4; i++, r->at++)
		if (r->at == r->end || *r->at == '\0' ||
		    strchr(hex, *r->at) == NULL)
			return false;
	return memcmp(r->at - 4, "0000", 4) != 0;
}

static bool
string(struct reader *r)
{
	if (!next(r, '"'))
		return false;
	while (r->at < r->end && *r->at != '"') {
		if ((unsigned char)*r->at < ' ')
			return false;
		if (*r->at++ == '\\' && !escape(r))
			return false;
	}
	return next(r, '"');
}

static bool
number(struct reader *r)
{
	const char *first;

	if (r->at < r->end && *r->at == '-')
		r->at++;
	first = r->at;
	while (r->at < r->end && isdigit((unsigned char)*r->at))
		r->at++;
	return r->at > first && (*first != '0' || r->at == first + 1);
}

/* Compares keys as spelt; a key with two spellings is in no shape. */
static bool
new_key(struct reader *r, size_t first, const char *at, size_t len)
{
	for (size_t i = first; i < r->keys_count; i++)
		if (r->keys[i].len == len &&
		    memcmp(r->keys[i].at, at, len) == 0)
			return false;
	if (r->keys_count == KEYS_MAX)
		return false;
	r->keys[r->keys_count++] = (struct span){at, len};
	return true;
}

static bool
member(struct reader *r, int level, size_t first)
{
	const char *key;

	space(r);
	key = r->at;
	return string(r) && new_key(r, first, key, (size_t)(r->at - key)) &&
	    next(r, ':') && value(r, level);
}

static bool
object(struct reader *r, int level)
{
	size_t first = r->keys_count;
	bool ok = true;

	if (next(r, '}'))
		return true;
	do
		ok = member(r, level, first);
	while (ok && next(r, ','));
	r->keys_count = first;
	return ok && next(r, '}');
}

static bool
array(struct reader *r, int level)
{
	bool ok = true;

	if (next(r, ']'))
		return true;
	do
		ok = value(r, level);
	while (ok && next(r, ','));
	return ok && next(r, ']');
}

static bool
value(struct reader *r, int level)
{
	if (level == LEVELS_MAX)
		return false;
	if (next(r, '{'))
		return object(r, level + 1);
	if (next(r, '['))
		return array(r, level + 1);
	space(r);
	if (r->at < r->end && *r->at == '"')
		return string(r);
	return word(r, "true") || word(r, "false") || word(r, "null") ||
	    number(r);
}

bool
strict_json(const char *text, size_t len)
{
	static struct reader reader;

	reader.at = text;
	reader.end = text + len;
	reader.keys_count = 0;
	if (!value(&reader, 0))
		return false;
	space(&reader);
	return reader.at == reader.end;
}
