/* Two bastions, one policy, and a link that lies. */
#include "store/fleet/kept.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/file.h"
#include "store/fleet/learn.h"
#include "store/fleet/seen.h"
#include "tests/unit/store/fleet/founder.h"
#include "tests/unit/store/fleet/liar.h"

#define FIRST  "{'version':1}"
#define SECOND "{'version':2}"

struct bastion {
	char folder[FOLDER_MAX];
	struct store store;
	struct fleet fleet;
};

struct scene {
	struct liar liar;
	struct fleet_config config;
	struct keyring ring;
	struct bastion one, other;
};

static void
bastion_begin(struct scene *s, struct bastion *bastion)
{
	fixture_folder(bastion->folder);
	cr_assert_eq(
	    store_open(bastion->folder, true, &bastion->store), FAULT_NONE);
	fleet_init(&bastion->fleet, &s->config, &s->ring, s->liar.path);
	bastion->fleet.get_ms = bastion->fleet.put_ms = 1000;
	fleet_attach(&bastion->fleet, &bastion->store);
}

static void
bastion_end(struct bastion *bastion)
{
	store_close(&bastion->store);
	fleet_done(&bastion->fleet);
	fixture_remove(bastion->folder);
}

/* A fleet whose policy is FIRST. */
static struct scene *
begin(void)
{
	static struct scene s;

	s = (struct scene){.ring = {.count = 1}};
	liar_begin(&s.liar);
	bastion_begin(&s, &s.one);
	bastion_begin(&s, &s.other);
	founder_charter(&s.one.fleet, FOUNDER_EPOCH, CHARTER_LEVEL);
	founder_policy(&s.one.fleet, s.one.store.dir, "b1", FIRST);
	return &s;
}

static void
end(struct scene *s)
{
	bastion_end(&s->one);
	bastion_end(&s->other);
	liar_end(&s->liar);
}

static enum fault
fetch(struct bastion *bastion, struct kept *ret)
{
	*ret = (struct kept){.checked_s = 0};
	return kept_fetch(&bastion->fleet, bastion->store.dir, NOW_S, ret);
}

/* Has the bastion decide by what it sees now. */
static void
use(struct bastion *bastion)
{
	struct kept kept;

	cr_assert_eq(
	    fetch(bastion, &kept), FAULT_NONE, "%s", bastion->fleet.line.why);
	kept_use(&bastion->fleet, &kept);
	kept_done(&kept);
}

static void
change_policy(struct bastion *bastion, const char *policy)
{
	founder_policy(&bastion->fleet, bastion->store.dir, "b2", policy);
}

Test(kept, copy_is_what_was_fetched)
{
	struct scene *s = begin();
	struct kept kept, copy;

	cr_expect_eq(kept_read(&s->other.fleet, s->other.store.dir, &copy),
	    FAULT_ABSENT);
	cr_assert_eq(fetch(&s->other, &kept), FAULT_NONE);
	cr_assert_eq(
	    kept_read(&s->other.fleet, s->other.store.dir, &copy), FAULT_NONE);
	cr_expect_eq(copy.version.number, 1);
	cr_expect_str_eq(copy.version.text, "{\"version\":1}");
	cr_expect_str_eq(copy.version.by, "root at b1");
	cr_expect_str_eq(copy.policy_mark, kept.policy_mark);
	cr_expect_str_eq(copy.charter_mark, kept.charter_mark);
	cr_expect_str_eq(copy.charter.name, "fleet");
	cr_expect_eq(copy.checked_s, NOW_S);
	kept_done(&kept);
	kept_done(&copy);
	end(s);
}

/* Else whoever has the disk of one bastion reads what it decides by. */
Test(kept, copy_is_sealed)
{
	struct scene *s = begin();
	char path[FOLDER_MAX + 32], *text = NULL;
	size_t len = 0;
	struct kept copy;
	int fd;

	snprintf(path, sizeof(path), "%s/fleet/policy", s->one.folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(file_read(fd, 100000, &text, &len), FAULT_NONE);
	close(fd);
	cr_expect_null(strstr(text, "version"));
	free(text);
	s->ring.keys[0].bytes[0] ^= 1;
	cr_expect_eq(
	    kept_read(&s->one.fleet, s->one.store.dir, &copy), FAULT_FORMAT);
	s->ring.keys[0].bytes[0] ^= 1;
	s->ring.fleet[0] ^= 1;
	cr_expect_eq(
	    kept_read(&s->one.fleet, s->one.store.dir, &copy), FAULT_FORMAT);
	end(s);
}

static char *
read_copy(struct scene *s)
{
	int fd = openat(s->other.store.dir, "fleet/policy", O_RDONLY);
	char *text = NULL;
	size_t len = 0;

	cr_assert_eq(file_read(fd, 100000, &text, &len), FAULT_NONE);
	close(fd);
	return text;
}

/* The engine gives a mark a second time after a restore, to another text. */
Test(kept, copy_of_another_text_with_the_same_mark_is_replaced)
{
	struct scene *s = begin();
	char *first, *second, *value, mixed[4096];
	struct kept kept;
	int fd;

	use(&s->other);
	first = read_copy(s);
	change_policy(&s->one, SECOND);
	use(&s->other);
	second = read_copy(s);
	value = strstr(second, "\"value\"");
	cr_assert_not_null(value);
	snprintf(mixed, sizeof(mixed), "%.*s%s", (int)(value - second), second,
	    strstr(first, "\"value\""));
	fd = openat(s->other.store.dir, "fleet/policy", O_WRONLY | O_TRUNC);
	cr_assert_eq(file_write(fd, mixed, strlen(mixed)), FAULT_NONE);
	close(fd);
	cr_assert_eq(
	    kept_read(&s->other.fleet, s->other.store.dir, &kept), FAULT_NONE);
	cr_assert_eq(kept.version.number, 1);
	kept_done(&kept);
	use(&s->other);
	cr_assert_eq(
	    kept_read(&s->other.fleet, s->other.store.dir, &kept), FAULT_NONE);
	cr_expect_eq(kept.version.number, 2);
	kept_done(&kept);
	free(first);
	free(second);
	end(s);
}

Test(kept, says_which_file_is_damaged)
{
	struct scene *s = begin();
	const char *why = s->other.fleet.line.why;
	struct kept kept;
	int fd;

	use(&s->other);
	fd = openat(
	    s->other.store.dir, "fleet/policy.lock", O_WRONLY | O_TRUNC);
	cr_assert_eq(file_write(fd, "neither of these", 16), FAULT_NONE);
	close(fd);
	errno = ENOENT;
	cr_expect_eq(fetch(&s->other, &kept), FAULT_REFUSED);
	cr_expect_not_null(strstr(why, "fleet/policy.lock has"), "%s", why);
	cr_assert_eq(unlinkat(s->other.store.dir, "fleet/policy.lock", 0), 0);
	cr_assert_eq(mkdirat(s->other.store.dir, "fleet/.policy.new", 0700), 0);
	change_policy(&s->one, SECOND);
	cr_expect_neq(fetch(&s->other, &kept), FAULT_NONE);
	cr_expect_not_null(strstr(why, "fleet/policy: "), "%s", why);
	end(s);
}

Test(kept, older_policy_is_refused)
{
	static const struct {
		enum lie lie;
		const char *other;
		enum fault fault;
	} lies[] = {
	    {LIE_OLD, "", FAULT_BACK},
	    {LIE_GONE, "", FAULT_BACK},
	    {LIE_DAMAGED, "", FAULT_FORMAT},
	    {LIE_SWAPPED, "policy/1", FAULT_FORMAT},
	    {LIE_SWAPPED, "fleet", FAULT_FORMAT},
	    {LIE_AWAY, "", FAULT_AWAY},
	    {LIE_NOISE, "", FAULT_FORMAT},
	    {LIE_MORE_WITH, "", FAULT_FORMAT},
	};
	struct scene *s = begin();
	struct kept kept;

	change_policy(&s->one, SECOND);
	use(&s->other);
	for (size_t i = 0; i < COUNT(lies); i++) {
		s->liar.shared->lie = lies[i].lie;
		snprintf(s->liar.shared->other, sizeof(s->liar.shared->other),
		    "%s", lies[i].other);
		cr_expect_eq(fetch(&s->other, &kept), lies[i].fault, "%zu: %s",
		    i, s->other.fleet.line.why);
		cr_expect_null(kept.version.text);
	}
	s->liar.shared->lie = LIE_NOT;
	cr_assert_eq(
	    kept_read(&s->other.fleet, s->other.store.dir, &kept), FAULT_NONE);
	cr_expect_eq(kept.version.number, 2, "the copy stays");
	kept_done(&kept);
	end(s);
}

/* Somebody who has etcd could wait for a restore, and show a policy by which
 * they come in. */
Test(kept, newer_epoch_takes_no_older_policy)
{
	struct scene *s = begin();
	struct kept kept;

	change_policy(&s->one, SECOND);
	use(&s->other);
	learn_note(s->other.store.dir, NOW_S, true, 0);
	use(&s->other);
	cr_expect_not(learn_is_due(s->other.store.dir, NOW_S));
	founder_charter(&s->one.fleet, 2, CHARTER_LEVEL);
	cr_assert_eq(fetch(&s->other, &kept), FAULT_NONE);
	cr_expect_eq(kept.charter.epoch, 2);
	kept_done(&kept);
	cr_expect(learn_is_due(s->other.store.dir, NOW_S));
	s->liar.shared->lie = LIE_OLD;
	cr_expect_eq(
	    fetch(&s->other, &kept), FAULT_BACK, "%s", s->other.fleet.line.why);
	end(s);
}

Test(kept, slower_of_two_changes_nothing)
{
	struct scene *s = begin();
	struct version theirs = {.number = 0};
	struct kept kept;
	struct kept_next next = {.text = "{}",
	    .len = 2,
	    .by = "root at b1",
	    .what = "mine",
	    .now_s = NOW_S};

	cr_assert_eq(fetch(&s->one, &kept), FAULT_NONE);
	change_policy(&s->other, SECOND);
	next.mark = kept.policy_mark;
	cr_expect_eq(kept_put(&s->one.fleet, s->one.store.dir, &next, &theirs),
	    FAULT_STALE);
	cr_expect_str_eq(theirs.by, "root at b2");
	cr_expect_eq(theirs.number, 2);
	version_done(&theirs);
	kept_done(&kept);
	cr_assert_eq(fetch(&s->one, &kept), FAULT_NONE);
	cr_expect_str_eq(kept.version.text, "{\"version\":2}");
	kept_done(&kept);
	end(s);
}

/* Bastions with an older tfa know no such key, and would let nobody in. */
Test(kept, policy_with_hardware_keys_needs_the_level)
{
	static const struct {
		const char *text;
		bool newer;
	} cases[] = {
	    {"{\"rules\":[{\"hardware_keys\":\"asked\"}]}", true},
	    {"{\"keys\":{\"hardware\\u005ffiles\":[]}}", true},
	    {"{\"rules\":[{\"name\":\"hardware_keys\"}]}", false},
	};

	for (int level = CHARTER_HARDWARE - 1; level <= CHARTER_HARDWARE;
	     level++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			bool refused = cases[i].newer &&
			    level < CHARTER_HARDWARE;
			struct scene *s = begin();
			struct version theirs = {.number = 0};
			struct kept kept;
			struct kept_next next = {.text = cases[i].text,
			    .len = strlen(cases[i].text),
			    .by = "root at b1",
			    .what = "mine",
			    .now_s = NOW_S};

			founder_charter(&s->one.fleet, FOUNDER_EPOCH, level);
			cr_assert_eq(fetch(&s->one, &kept), FAULT_NONE);
			next.mark = kept.policy_mark;
			cr_expect_eq(kept_put(&s->one.fleet, s->one.store.dir,
					 &next, &theirs),
			    refused ? FAULT_ACCESS : FAULT_NONE, "%d, %zu",
			    level, i);
			kept_done(&kept);
			end(s);
		}
}

/* The keeper says of FAULT_ACCESS that other bastions are too old. */
Test(kept, file_that_may_not_be_opened_is_not_taken_for_the_level)
{
	struct scene *s = begin();
	struct version theirs = {.number = 0};
	struct kept_next next = {.mark = "0",
	    .text = "{}",
	    .len = 2,
	    .by = "root at b1",
	    .what = "mine",
	    .now_s = NOW_S};
	enum fault fault;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(fchmod(s->one.store.dir, 0700), 0);
	cr_assert_eq(seteuid(2001), 0);
	fault = kept_put(&s->one.fleet, s->one.store.dir, &next, &theirs);
	cr_assert_eq(seteuid(0), 0);
	cr_expect_eq(fault, FAULT_IO);
	cr_expect_not_null(strstr(s->one.fleet.line.why, "Permission denied"),
	    "%s", s->one.fleet.line.why);
	end(s);
}

Test(kept, remembers_the_revision_of_a_policy_that_it_put)
{
	struct scene *s = begin();
	struct version theirs = {.number = 0};
	struct kept kept;
	uint64_t seen = 0;
	struct kept_next next = {.text = "{}",
	    .len = 2,
	    .by = "root at b1",
	    .what = "mine",
	    .now_s = NOW_S};

	cr_assert_eq(fetch(&s->one, &kept), FAULT_NONE);
	next.mark = kept.policy_mark;
	cr_assert_eq(kept_put(&s->one.fleet, s->one.store.dir, &next, &theirs),
	    FAULT_NONE);
	kept_done(&kept);
	cr_assert_eq(fetch(&s->one, &kept), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s->one.store.dir, &seen), FAULT_NONE);
	cr_expect_eq(seen, strtoull(kept.policy_mark, NULL, 10));
	kept_done(&kept);
	end(s);
}

Test(kept, no_policy_is_put_into_a_store_that_went_back)
{
	struct scene *s = begin();
	struct version theirs = {.number = 0};
	struct kept kept;
	struct kept_next next = {.text = "{}",
	    .len = 2,
	    .by = "root at b1",
	    .what = "mine",
	    .now_s = NOW_S};
	int puts;

	cr_assert_eq(fetch(&s->one, &kept), FAULT_NONE);
	next.mark = kept.policy_mark;
	puts = s->liar.shared->puts;
	s->liar.shared->lie = LIE_REVISION;
	cr_expect_eq(kept_put(&s->one.fleet, s->one.store.dir, &next, &theirs),
	    FAULT_BACK);
	s->liar.shared->lie = LIE_NOT;
	cr_expect_eq(kept_put(&s->one.fleet, s->one.store.dir, &next, &theirs),
	    FAULT_BACK);
	cr_expect_eq(s->liar.shared->puts, puts);
	kept_done(&kept);
	end(s);
}

Test(kept, versions_before_are_kept_by_number)
{
	struct scene *s = begin();
	struct version version = {.number = 0};

	for (int i = 0; i < 12; i++)
		change_policy(i % 2 == 0 ? &s->one : &s->other, SECOND);
	cr_expect_eq(kept_earlier(&s->one.fleet, 2, &version), FAULT_ABSENT);
	cr_assert_eq(kept_earlier(&s->one.fleet, 3, &version), FAULT_NONE, "%s",
	    s->one.fleet.line.why);
	cr_expect_eq(version.number, 3);
	version_done(&version);
	cr_expect_eq(kept_earlier(&s->one.fleet, 13, &version), FAULT_ABSENT);
	end(s);
}

/* One version is no other: an engine that swaps them is found out. */
Test(kept, versions_before_cannot_be_swapped)
{
	struct scene *s = begin();
	struct version version = {.number = 0};

	change_policy(&s->one, SECOND);
	change_policy(&s->one, FIRST);
	s->liar.shared->lie = LIE_SWAPPED;
	snprintf(
	    s->liar.shared->other, sizeof(s->liar.shared->other), "policy/1");
	cr_expect_eq(kept_earlier(&s->one.fleet, 2, &version), FAULT_FORMAT);
	end(s);
}

Test(kept, longer_than_a_seal_is_refused)
{
	static char text[KEPT_TEXT + 2];
	struct scene *s = begin();
	struct version theirs;
	struct kept_next next = {.mark = "1",
	    .text = text,
	    .len = KEPT_TEXT + 1,
	    .by = "root",
	    .what = "",
	    .now_s = NOW_S};

	memset(text, ' ', KEPT_TEXT + 1);
	cr_expect_eq(kept_put(&s->one.fleet, s->one.store.dir, &next, &theirs),
	    FAULT_LIMIT);
	end(s);
}

static enum change
count(struct record *record, void *arg)
{
	(*(int *)arg)++;
	record->failures.known.count++;
	return CHANGE_WRITE;
}

static int64_t
counted(struct bastion *bastion)
{
	struct record record;
	int64_t n;

	if (store_read(&bastion->store, "alice", &record) != FAULT_NONE)
		return -1;
	n = record.failures.known.count;
	record_done(&record);
	return n;
}

Test(kept, nothing_is_decided_by_a_policy_that_was_replaced)
{
	struct scene *s = begin();
	int calls = 0;

	use(&s->one);
	cr_assert_eq(store_update(&s->one.store, "alice", 1001, count, &calls),
	    FAULT_NONE);
	change_policy(&s->other, SECOND);
	cr_expect_eq(store_update(&s->one.store, "alice", 1001, count, &calls),
	    FAULT_AWAY);
	cr_expect(s->one.fleet.replaced);
	cr_expect_eq(calls, 1, "change() was called");
	use(&s->one);
	cr_expect_not(s->one.fleet.replaced);
	cr_expect_eq(store_update(&s->one.store, "alice", 1001, count, &calls),
	    FAULT_NONE);
	founder_charter(&s->other.fleet, 2, CHARTER_LEVEL);
	cr_expect_eq(store_update(&s->one.store, "alice", 1001, count, &calls),
	    FAULT_AWAY);
	cr_expect(s->one.fleet.replaced);
	end(s);
}

struct meanwhile {
	struct scene *scene;
	int calls;
};

/* Another bastion replaces the policy after the record was read. */
static enum change
count_late(struct record *record, void *arg)
{
	struct meanwhile *meanwhile = arg;

	if (meanwhile->calls++ == 0)
		change_policy(&meanwhile->scene->other, SECOND);
	record->failures.known.count++;
	return CHANGE_WRITE;
}

Test(kept, nothing_is_written_by_a_policy_that_was_replaced)
{
	struct scene *s = begin();
	struct meanwhile meanwhile = {.scene = s};
	int calls = 0;

	use(&s->one);
	cr_assert_eq(store_update(&s->one.store, "alice", 1001, count, &calls),
	    FAULT_NONE);
	cr_expect_eq(
	    store_update(&s->one.store, "alice", 1001, count_late, &meanwhile),
	    FAULT_AWAY);
	cr_expect(s->one.fleet.replaced);
	cr_expect_eq(meanwhile.calls, 1);
	use(&s->one);
	cr_expect_eq(counted(&s->one), 1);
	end(s);
}
