/* An engine that several writers share, in memory: what store_update() makes of
 * its answers, and whose records it is asked for. */
#include "store/folder/backend.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

struct scene {
	char folder[FOLDER_MAX];
	struct store store;
};

/* The engine: one record, of alice, and what put() answers. */
static char *kept;
static enum fault put_answers;
static int stale_left, put_calls, get_calls, changes;

static struct store_text
copy(const char *text)
{
	struct store_text ret = {.bytes = NULL};

	if (text == NULL)
		return ret;
	ret.bytes = strdup(text);
	cr_assert_not_null(ret.bytes);
	ret.len = strlen(text);
	return ret;
}

static bool
is_shared(const struct store *store, const char *user)
{
	(void)store;
	return strcmp(user, "breakglass") != 0;
}

static enum fault
shared_get(struct store *store, struct store_key *key, struct store_text *ret)
{
	(void)store;
	get_calls++;
	cr_expect_str_eq(key->user, "alice");
	*ret = copy(kept);
	return kept != NULL ? FAULT_NONE : FAULT_ABSENT;
}

/* The text of a record with that many failures. */
static char *
text_with(int failures)
{
	struct record record;
	char *text = NULL;

	record_init(&record, "alice", 1001);
	record.failures.known.count = failures;
	cr_assert_eq(record_format(&record, &text), FAULT_NONE);
	record_done(&record);
	return text;
}

/* While stale_left lasts, another writer is faster and counts one more. */
static enum fault
shared_put(struct store *store, struct store_key *key,
    const struct store_text *text, struct store_text *ret)
{
	(void)store;
	put_calls++;
	cr_expect_geq(key->lock, 0);
	if (put_answers != FAULT_NONE)
		return put_answers;
	free(kept);
	if (stale_left > 0) {
		stale_left--;
		kept = text_with(100 * put_calls);
		*ret = copy(kept);
		return FAULT_STALE;
	}
	kept = strdup(text->bytes);
	return FAULT_NONE;
}

static enum fault
shared_scan(struct store *store, store_each *each, void *ctx)
{
	(void)store;
	return each(ctx, "alice", 1) && each(ctx, "breakglass", 2)
	    ? FAULT_NONE
	    : FAULT_MEMORY;
}

static const struct store_backend shared = {
    .name = "shared",
    .has = is_shared,
    .hold = folder_hold,
    .get = shared_get,
    .put = shared_put,
    .scan = shared_scan,
};

static struct scene
begin(void)
{
	struct scene s;

	fixture_folder(s.folder);
	cr_assert_eq(store_open(s.folder, true, &s.store), FAULT_NONE);
	s.store.shared = &shared;
	kept = NULL;
	put_answers = FAULT_NONE;
	stale_left = put_calls = get_calls = changes = 0;
	return s;
}

static void
end(struct scene *s)
{
	store_close(&s->store);
	fixture_remove(s->folder);
	free(kept);
}

static enum change
count_one(struct record *record, void *arg)
{
	changes++;
	*(int64_t *)arg = ++record->failures.known.count;
	return CHANGE_WRITE;
}

static int64_t
count_of(struct scene *s, const char *user)
{
	struct record record;
	int64_t count;

	if (store_read(&s->store, user, &record) != FAULT_NONE)
		return -1;
	count = record.failures.known.count;
	record_done(&record);
	return count;
}

/* Its change is made again, in the record that stands there by then. */
Test(backend, an_update_that_lost_is_made_again)
{
	struct scene s = begin();
	int64_t counted = 0;

	stale_left = 3;
	cr_expect_eq(store_update(&s.store, "alice", 1001, count_one, &counted),
	    FAULT_NONE, "%s", s.store.why);
	cr_expect_eq(counted, 301);
	cr_expect_eq(changes, 4);
	cr_expect_eq(get_calls, 1, "what stands there came with the answer");
	cr_expect_eq(count_of(&s, "alice"), 301);
	end(&s);
}

Test(backend, an_update_that_always_loses_ends)
{
	struct scene s = begin();
	int64_t counted = 0;

	stale_left = 1000;
	cr_expect_eq(store_update(&s.store, "alice", 1001, count_one, &counted),
	    FAULT_STALE);
	cr_expect_eq(put_calls, 32);
	end(&s);
}

/* Only "stale" is a reason to try again. */
Test(backend, other_faults_are_passed_on)
{
	static const enum fault faults[] = {FAULT_ABSENT, FAULT_FORMAT,
	    FAULT_ACCESS, FAULT_LIMIT, FAULT_IO, FAULT_MEMORY, FAULT_AWAY,
	    FAULT_UNSURE};
	struct scene s = begin();
	int64_t counted = 0;

	for (size_t i = 0; i < COUNT(faults); i++) {
		put_calls = 0;
		put_answers = faults[i];
		cr_expect_eq(
		    store_update(&s.store, "alice", 1001, count_one, &counted),
		    faults[i], "%s", fault_name(faults[i]));
		cr_expect_eq(put_calls, 1, "%s", fault_name(faults[i]));
	}
	cr_expect_null(kept);
	end(&s);
}

/* Another writer may leave a damaged record: it is not overwritten. */
Test(backend, a_damaged_record_of_another_writer_ends_it)
{
	struct scene s = begin();
	int64_t counted = 0;

	kept = strdup("{}");
	cr_expect_eq(store_update(&s.store, "alice", 1001, count_one, &counted),
	    FAULT_FORMAT);
	cr_expect_eq(changes, 0);
	cr_expect_str_eq(kept, "{}");
	end(&s);
}

/* A local user's record is the folder's, whatever the engine has; another
 * user's is the engine's, whatever the folder has. */
Test(backend, one_engine_has_a_record)
{
	struct scene s = begin();
	struct store_names names;
	int64_t counted = 0;

	cr_assert_eq(
	    store_update(&s.store, "breakglass", 1002, count_one, &counted),
	    FAULT_NONE);
	cr_expect_eq(get_calls + put_calls, 0);
	cr_expect_eq(count_of(&s, "breakglass"), 1);
	s.store.shared = NULL;
	cr_assert_eq(store_update(&s.store, "alice", 1001, count_one, &counted),
	    FAULT_NONE);
	s.store.shared = &shared;
	cr_expect_eq(count_of(&s, "alice"), -1);
	cr_assert_eq(store_list(&s.store, &names), FAULT_NONE);
	cr_assert_eq(names.names.count, 2);
	cr_expect_str_eq(names.names.items[0].text, "breakglass");
	cr_expect_str_eq(names.names.items[1].text, "alice");
	cr_expect_eq(names.names.items[1].order, 1);
	store_names_done(&names);
	end(&s);
}

/* So that a flood at one bastion is one try at the engine. */
Test(backend, an_update_holds_the_lock_of_this_machine)
{
	struct scene s = begin();
	int64_t counted = 0;

	cr_assert_eq(unlinkat(s.store.dir, "locks", AT_REMOVEDIR), 0);
	cr_expect_eq(store_update(&s.store, "alice", 1001, count_one, &counted),
	    FAULT_IO);
	cr_expect_eq(get_calls + put_calls + changes, 0);
	end(&s);
}
