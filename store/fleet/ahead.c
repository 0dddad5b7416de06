#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/hash.h"
#include "store/base/texts.h"
#include "store/fleet/ahead.h"

#define PAGE_ROWS 256
#define FENCE     32 /* records of two or three kilobytes fill a packet */

/* The keys of the list are kept as numbers: 0.8 MB for 100,000. */
struct ahead {
	char prefix[TALK_KEY];
	char revision[TALK_MARK];
	char after[TALK_KEY];    /* of the page that was asked for */
	struct talk_page wanted; /* that page */
	struct line line;        /* of its own: a page comes when it is there */
	bool asked;
	LIST_OF(uint64_t) known;
	bool sorted;
	/* Each 32nd key of the list, in its order, and the last one.  A page goes
	 * up to one of them: etcd 3.4 looks at all keys of a range, however few
	 * are wanted, which for 100,000 users is most of the work. */
	LIST_OF(const char *) fences;
	struct texts texts;
	size_t fence_at;
	char newest[TALK_KEY];
	struct talk_answer page;
	size_t at; /* the row that was found last */
};

struct ahead *
ahead_new(const char *prefix, const char *revision, const char *socket)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));

	if (ahead == NULL)
		return NULL;
	snprintf(ahead->prefix, sizeof(ahead->prefix), "%s", prefix);
	snprintf(ahead->revision, sizeof(ahead->revision), "%s", revision);
	ahead->line = LINE_TO(socket);
	ahead->wanted = (struct talk_page){.prefix = ahead->prefix,
	    .after = ahead->after,
	    .revision = ahead->revision,
	    .limit = PAGE_ROWS};
	return ahead;
}

void
ahead_free(struct ahead *ahead)
{
	if (ahead == NULL)
		return;
	talk_done(&ahead->page);
	line_close(&ahead->line);
	texts_done(&ahead->texts);
	free(ahead->fences.items);
	free(ahead->known.items);
	free(ahead);
}

/* Two keys with one number are both asked for. */
static bool
order_of(const char *key, uint64_t *ret)
{
	uint8_t bytes[HASH_BYTES];

	if (!hash_bytes(key, strlen(key), bytes))
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	return true;
}

static int
compare_orders(const void *a, const void *b)
{
	uint64_t one, other;

	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return one < other ? -1 : one > other;
}

static bool
keep_fence(struct ahead *ahead, const char *key)
{
	const char **fence = list_add(&ahead->fences, sizeof(*fence));

	if (fence == NULL)
		return false;
	*fence = texts_keep(&ahead->texts, key);
	return *fence != NULL;
}

bool
ahead_know(struct ahead *ahead, const char *key)
{
	uint64_t *number = list_add(&ahead->known, sizeof(*number));

	ahead->sorted = false;
	snprintf(ahead->newest, sizeof(ahead->newest), "%s", key);
	return number != NULL && order_of(key, number) &&
	    (ahead->known.count % FENCE != 0 || keep_fence(ahead, key));
}

static bool
is_known(struct ahead *ahead, const char *key)
{
	uint64_t number;

	if (!ahead->sorted && ahead->known.count > 0)
		qsort(ahead->known.items, ahead->known.count, sizeof(uint64_t),
		    compare_orders);
	ahead->sorted = true;
	if (!order_of(key, &number))
		return true;
	return ahead->known.count > 0 &&
	    bsearch(&number, ahead->known.items, ahead->known.count,
		sizeof(uint64_t), compare_orders) != NULL;
}

static const char *
last_key(const struct ahead *ahead)
{
	const struct talk_answer *page = &ahead->page;

	return page->rows.count > 0 ? page->rows.items[page->rows.count - 1].key
				    : "";
}

/* The end of the page behind this one. */
static const char *
next_fence(struct ahead *ahead)
{
	const char *last = last_key(ahead);

	while (ahead->fence_at < ahead->fences.count &&
	    strcmp(ahead->fences.items[ahead->fence_at], last) <= 0)
		ahead->fence_at++;
	return ahead->fence_at < ahead->fences.count
	    ? ahead->fences.items[ahead->fence_at]
	    : ahead->newest;
}

static bool
has_more(const struct ahead *ahead)
{
	return strcmp(ahead->newest, last_key(ahead)) > 0;
}

/* Asks for the page behind the last key, and does not wait for it. */
static bool
ask_page(struct ahead *ahead, int64_t until_ms)
{
	ahead->wanted.until = next_fence(ahead);
	snprintf(ahead->after, sizeof(ahead->after), "%s", last_key(ahead));
	ahead->asked = talk_scan_ask(&ahead->line, &ahead->wanted, until_ms) ==
	    FAULT_NONE;
	return ahead->asked;
}

static bool
take_page(struct ahead *ahead, int64_t until_ms, struct talk_answer *ret)
{
	enum fault fault = talk_scan_take(
	    &ahead->line, &ahead->wanted, until_ms, ret);

	ahead->asked = false;
	if (fault == FAULT_NONE)
		return true;
	talk_done(ret);
	return false;
}

/* Takes the next page in place of this one; false if there is none.  The engine
 * makes the page behind that while the caller is busy with its rows. */
static bool
turn_page(struct ahead *ahead, int64_t until_ms)
{
	struct talk_answer next;
	bool early = ahead->asked, taken;

	if (!has_more(ahead))
		return false;
	taken = (early || ask_page(ahead, until_ms)) &&
	    take_page(ahead, until_ms, &next);
	/* An answer that was given long ago says nothing about now. */
	if (!taken && early)
		taken = ask_page(ahead, until_ms) &&
		    take_page(ahead, until_ms, &next);
	if (!taken)
		return false;
	/* The key that it goes up to was there. */
	if (next.rows.count == 0) {
		talk_done(&next);
		return false;
	}
	talk_done(&ahead->page);
	ahead->page = next;
	ahead->at = 0;
	if (has_more(ahead))
		(void)ask_page(ahead, until_ms);
	return true;
}

/* The row of the key in this page, from the last one on. */
static const struct talk_row *
find_row_here(struct ahead *ahead, const char *key)
{
	const struct talk_row *rows = ahead->page.rows.items;
	size_t count = ahead->page.rows.count;

	while (ahead->at < count && strcmp(rows[ahead->at].key, key) < 0)
		ahead->at++;
	return ahead->at < count && strcmp(rows[ahead->at].key, key) == 0
	    ? &rows[ahead->at]
	    : NULL;
}

enum ahead_is
ahead_find(struct ahead *ahead, const char *key, int64_t until_ms,
    const struct talk_row **ret)
{
	if (!is_known(ahead, key))
		return AHEAD_NONE;
	while (strcmp(key, last_key(ahead)) > 0)
		if (!turn_page(ahead, until_ms))
			return AHEAD_UNKNOWN;
	*ret = find_row_here(ahead, key);
	return *ret != NULL ? AHEAD_ROW : AHEAD_UNKNOWN;
}
