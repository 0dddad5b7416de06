/* Two bastions and a link that lies. */
#include "store/fleet/fleet.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/base/file.h"
#include "store/fleet/seen.h"
#include "tests/unit/inject.h"
#include "tests/unit/store/fleet/liar.h"

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

static struct fleet_local local[] = {{"breakglass"}};

static void
bastion_begin(struct scene *s, struct bastion *bastion)
{
	fixture_folder(bastion->folder);
	cr_assert_eq(
	    store_open(bastion->folder, true, &bastion->store), FAULT_NONE);
	fleet_init(&bastion->fleet, &s->config, &s->ring, s->liar.path);
	fleet_attach(&bastion->fleet, &bastion->store);
}

static void
bastion_end(struct bastion *bastion)
{
	store_close(&bastion->store);
	fleet_done(&bastion->fleet);
	fixture_remove(bastion->folder);
}

static struct scene *
begin(void)
{
	static struct scene s;

	s = (struct scene){
	    .config = {.local = {local, COUNT(local)}}, .ring = {.count = 1}};
	liar_begin(&s.liar);
	bastion_begin(&s, &s.one);
	bastion_begin(&s, &s.other);
	return &s;
}

static void
end(struct scene *s)
{
	bastion_end(&s->one);
	bastion_end(&s->other);
	liar_end(&s->liar);
}

static enum change
count_one(struct record *record, void *arg)
{
	int64_t *counted = arg;

	*counted = ++record->failures.known.count;
	return CHANGE_WRITE;
}

static enum change
look_only(struct record *record, void *arg)
{
	*(int64_t *)arg = record->failures.known.count;
	return CHANGE_NONE;
}

static enum fault
count_as(struct bastion *bastion, const char *user, int64_t *ret)
{
	*ret = -1;
	return store_update(&bastion->store, user, 1001, count_one, ret);
}

static enum fault
count(struct bastion *bastion)
{
	int64_t counted;

	return count_as(bastion, "alice", &counted);
}

static int64_t
counted(struct bastion *bastion, const char *user)
{
	struct record record;
	int64_t n;

	if (store_read(&bastion->store, user, &record) != FAULT_NONE)
		return -1;
	n = record.failures.known.count;
	record_done(&record);
	return n;
}

/* Both a change and a look are refused, and nothing is written. */
static void
expect_refused(struct scene *s, struct bastion *bastion, enum fault expected,
    const char *what)
{
	struct record record = {.version = 77};
	int puts = s->liar.shared->puts;
	int64_t n;
	enum fault fault = store_read(&bastion->store, "alice", &record);

	cr_expect_eq(fault, expected, "%s, read: %s, %s", what,
	    fault_name(fault), bastion->store.why);
	cr_expect_eq(record.version, 77, "%s", what);
	bastion->store.why[0] = '\0';
	fault = count_as(bastion, "alice", &n);
	cr_expect_eq(fault, expected, "%s, update: %s, %s", what,
	    fault_name(fault), bastion->store.why);
	cr_expect_str_not_empty(bastion->store.why, "%s", what);
	cr_expect_eq(n, -1, "%s: change() was called", what);
	cr_expect_eq(s->liar.shared->puts, puts, "%s", what);
}

Test(fleet, has_one_record_for_two_bastions)
{
	struct scene *s = begin();

	for (int i = 1; i <= 4; i++) {
		cr_assert_eq(count(i % 2 != 0 ? &s->one : &s->other),
		    FAULT_NONE, "%s", s->one.store.why);
		cr_expect_eq(counted(&s->one, "alice"), i);
		cr_expect_eq(counted(&s->other, "alice"), i);
	}
	cr_expect_eq(counted(&s->one, "bob"), -1);
	cr_expect_neq(faccessat(s->one.store.users, "alice.json", F_OK, 0), 0);
	end(s);
}

/* Each at its own bastion, while the link is silent. */
Test(fleet, leaves_local_users_in_the_folder)
{
	struct scene *s = begin();
	int64_t n;

	s->liar.shared->lie = LIE_SILENT;
	cr_assert_eq(count_as(&s->one, "breakglass", &n), FAULT_NONE);
	cr_assert_eq(count_as(&s->one, "breakglass", &n), FAULT_NONE);
	cr_expect_eq(n, 2);
	cr_expect_eq(counted(&s->one, "breakglass"), 2);
	cr_expect_eq(counted(&s->other, "breakglass"), -1);
	cr_expect_eq(s->liar.shared->asked, 0);
	end(s);
}

/* Eight processes of two bastions, none of whose changes is lost. */
Test(fleet, makes_each_of_many_changes_once)
{
	struct scene *s = begin();
	int64_t n;

	for (int child = 0; child < 8; child++)
		if (fork() == 0) {
			struct bastion *mine = child % 2 ? &s->one : &s->other;

			for (int i = 0; i < 25; i++)
				if (count_as(mine, "alice", &n) != FAULT_NONE)
					_exit(1);
			_exit(0);
		}
	for (int child = 0; child < 8; child++) {
		int status = 0;

		do
			cr_assert_gt(wait(&status), 0);
		while (status == SIGKILL);
		cr_expect_eq(status, 0);
	}
	cr_expect_eq(counted(&s->one, "alice"), 200);
	end(s);
}

/* Its change is made again in the record that the other bastion left. */
Test(fleet, a_put_that_came_too_late_is_made_again)
{
	struct scene *s = begin();
	int64_t n;

	cr_assert_eq(count(&s->one), FAULT_NONE);
	cr_assert_eq(s->liar.shared->puts, 1);
	s->liar.shared->lie = LIE_OTHER_FIRST;
	cr_assert_eq(count_as(&s->other, "alice", &n), FAULT_NONE, "%s",
	    s->other.store.why);
	cr_expect_eq(n, 2);
	cr_expect_eq(s->liar.shared->puts, 3);
	end(s);
}

/* The line closed after the put was done, or before, or the answer was none: it
 * is done once. */
Test(fleet, an_unknown_outcome_is_found_out)
{
	static const enum lie lies[] = {
	    LIE_DONE_CLOSES, LIE_LOST_CLOSES, LIE_DONE_LARGE};
	struct scene *s = begin();
	int64_t n;

	for (size_t i = 0; i < COUNT(lies); i++) {
		s->liar.shared->lie = lies[i];
		cr_expect_eq(count_as(&s->one, "alice", &n), FAULT_NONE, "%s",
		    s->one.store.why);
		cr_expect_eq(n, (int64_t)i + 1);
		cr_expect_eq(s->liar.shared->puts, (int)i + 1);
		cr_expect_eq(counted(&s->other, "alice"), (int64_t)i + 1);
	}
	end(s);
}

/* A second try that is refused says nothing about the first one: "away", which
 * means "not done", would be a lie. */
Test(fleet, a_put_in_doubt_stays_in_doubt)
{
	static const enum lie lies[] = {
	    LIE_AWAY, LIE_REFUSED, LIE_FULL, LIE_NOISE, LIE_CLOSES};
	struct scene *s = begin();
	int64_t n;

	s->one.fleet.put_ms = 400;
	for (size_t i = 0; i < COUNT(lies); i++) {
		s->liar.shared->then = lies[i];
		s->liar.shared->lie = LIE_DONE_CLOSES;
		cr_expect_eq(count_as(&s->one, "alice", &n), FAULT_UNSURE,
		    "%zu: %s", i, s->one.store.why);
		s->liar.shared->lie = LIE_NOT;
		cr_expect_eq(counted(&s->other, "alice"), (int64_t)i + 1);
	}
	end(s);
}

/* The first try was lost, and another writer came before the second. */
Test(fleet, a_put_in_doubt_is_made_again_in_what_another_wrote)
{
	struct scene *s = begin();
	int64_t n;

	cr_assert_eq(count(&s->one), FAULT_NONE, "%s", s->one.store.why);
	s->liar.shared->then = LIE_OTHER_FIRST;
	s->liar.shared->lie = LIE_LOST_CLOSES;
	cr_expect_eq(
	    count_as(&s->one, "alice", &n), FAULT_NONE, "%s", s->one.store.why);
	cr_expect_eq(n, 2);
	cr_expect_eq(s->liar.shared->puts, 3);
	cr_expect_eq(counted(&s->other, "alice"), 2);
	end(s);
}

/* No answer at all: not done, for all that anybody knows; then its line is not
 * used again, on which a late one may come. */
Test(fleet, an_answer_that_does_not_come_ends_it)
{
	struct scene *s = begin();
	int64_t n;

	s->one.fleet.get_ms = s->one.fleet.put_ms = 100;
	s->liar.shared->lie = LIE_SILENT;
	expect_refused(s, &s->one, FAULT_AWAY, "silent");
	cr_expect_eq(s->one.fleet.line.fd, -1);
	s->liar.shared->lie = LIE_DONE_SILENT;
	cr_expect_eq(count_as(&s->one, "alice", &n), FAULT_UNSURE, "%s",
	    s->one.store.why);
	cr_expect_eq(counted(&s->other, "alice"), 1, "it was done");
	s->liar.shared->lie = LIE_NOT;
	cr_expect_eq(
	    count_as(&s->one, "alice", &n), FAULT_NONE, "%s", s->one.store.why);
	cr_expect_eq(n, 2);
	end(s);
}

Test(fleet, a_link_that_was_started_anew_is_asked_again)
{
	struct scene *s = begin();
	int64_t n;

	cr_assert_eq(count_as(&s->one, "bob", &n), FAULT_NONE);
	liar_kill(&s->liar);
	liar_start(&s->liar);
	cr_expect_eq(count(&s->one), FAULT_NONE, "%s", s->one.store.why);
	end(s);
}

/* True if a request waits for a link, which it does not get. */
static bool
waits_for_a_link(struct bastion *bastion)
{
	inject_arm_call("poll", 1, EINTR);
	cr_expect_eq(count(bastion), FAULT_AWAY, "%s", bastion->store.why);
	return inject_disarm();
}

/* Two bastions in place of two workers: a login waits for a link that may be
 * starting, until nobody has listened for two seconds; then none does. */
Test(fleet, waits_once_for_a_link_that_stays_away)
{
	struct scene *s = begin();
	_Atomic int64_t down_ms = 0;

	s->one.fleet.line.down_ms = s->other.fleet.line.down_ms = &down_ms;
	s->one.fleet.get_ms = s->other.fleet.get_ms = 50;
	liar_kill(&s->liar);
	cr_expect(waits_for_a_link(&s->one));
	cr_expect_neq(down_ms, 0);
	cr_expect(waits_for_a_link(&s->other), "for two seconds");
	down_ms -= 2000;
	cr_expect_not(waits_for_a_link(&s->one));
	cr_expect_not(waits_for_a_link(&s->other));
	liar_start(&s->liar);
	cr_expect_eq(count(&s->one), FAULT_NONE, "%s", s->one.store.why);
	cr_expect_eq(down_ms, 0);
	liar_kill(&s->liar);
	cr_expect(waits_for_a_link(&s->other));
	down_ms -= 2000;
	s->other.fleet.line.path = "/proc/none/link.sock";
	cr_expect_not(waits_for_a_link(&s->other));
	cr_expect_eq(down_ms, 0);
	end(s);
}

Test(fleet, says_why_the_store_does_nothing)
{
	static const struct {
		enum lie lie;
		enum fault fault;
	} cases[] = {
	    {LIE_AWAY, FAULT_AWAY},
	    {LIE_UNSURE, FAULT_REFUSED}, /* nobody asked for a change */
	    {LIE_FULL, FAULT_FULL},
	    {LIE_REFUSED, FAULT_REFUSED},
	    {LIE_COMPACTED, FAULT_REFUSED},
	    {LIE_CLOSES, FAULT_AWAY},
	};
	struct scene *s = begin();

	for (int kept = 0; kept < 2; kept++) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			s->liar.shared->lie = cases[i].lie;
			expect_refused(s, &s->one, cases[i].fault, "lie");
		}
		s->liar.shared->lie = LIE_NOT;
		cr_assert_eq(count(&s->one), FAULT_NONE);
	}
	cr_expect_eq(counted(&s->other, "alice"), 2);
	liar_kill(&s->liar);
	expect_refused(s, &s->one, FAULT_AWAY, "killed");
	unlink(s->liar.path);
	expect_refused(s, &s->one, FAULT_AWAY, "no socket");
	liar_start(&s->liar);
	end(s);
}

/* An answer that is not exactly one to the request. */
Test(fleet, refuses_an_answer_that_does_not_fit)
{
	static const enum lie lies[] = {LIE_NOISE, LIE_EMPTY, LIE_CUT,
	    LIE_KEY_MORE, LIE_KEY_TWICE, LIE_NO_MARK, LIE_NO_REVISION,
	    LIE_MARK_ZERO, LIE_MARK_LONG, LIE_STALE_READ, LIE_MORE_WITH};
	struct scene *s = begin();

	cr_assert_eq(count(&s->one), FAULT_NONE);
	for (size_t i = 0; i < COUNT(lies); i++) {
		char what[32];

		snprintf(what, sizeof(what), "lie %d", (int)lies[i]);
		s->liar.shared->lie = lies[i];
		expect_refused(s, &s->one, FAULT_REFUSED, what);
	}
	s->liar.shared->lie = LIE_LARGE;
	expect_refused(s, &s->one, FAULT_REFUSED, "large");
	s->liar.shared->lie = LIE_NOT;
	cr_expect_eq(count(&s->one), FAULT_NONE);
	cr_expect_eq(counted(&s->one, "alice"), 2);
	end(s);
}

/* The most that an engine can do without the key. */
Test(fleet, notices_an_engine_that_was_tampered_with)
{
	struct scene *s = begin();
	int64_t n;

	cr_assert_eq(count_as(&s->one, "bob", &n), FAULT_NONE);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(count(&s->one), FAULT_NONE);
	snprintf(
	    s->liar.shared->other, sizeof(s->liar.shared->other), "users/bob");
	s->liar.shared->lie = LIE_SWAPPED;
	expect_refused(s, &s->one, FAULT_FORMAT, "swapped");
	expect_refused(s, &s->other, FAULT_FORMAT, "swapped");
	s->liar.shared->lie = LIE_DAMAGED;
	expect_refused(s, &s->one, FAULT_FORMAT, "damaged");
	s->liar.shared->lie = LIE_OLD;
	expect_refused(s, &s->one, FAULT_BACK, "rolled back");
	s->liar.shared->lie = LIE_GONE;
	expect_refused(s, &s->one, FAULT_BACK, "removed");
	s->liar.shared->lie = LIE_REVISION;
	expect_refused(s, &s->one, FAULT_BACK, "restored");
	s->liar.shared->lie = LIE_NOT;
	expect_refused(s, &s->one, FAULT_BACK, "restored, and written since");
	cr_assert_eq(seen_revision_accept(s->one.store.dir, 1000), FAULT_NONE);
	cr_expect_eq(counted(&s->one, "alice"), 3);
	end(s);
}

/* Else a backup of a moment before it would be taken for the store, and the
 * code that was spent by it would pass again. */
Test(fleet, remembers_the_revision_of_each_put)
{
	struct scene *s = begin();
	uint64_t seen = 0;

	for (int i = 0; i < 2; i++) {
		cr_assert_eq(count(&s->one), FAULT_NONE);
		cr_assert_eq(
		    seen_revision_read(s->one.store.dir, &seen), FAULT_NONE);
		cr_expect_eq(
		    seen, LIAR_REVISION + (uint64_t)s->liar.shared->puts);
	}
	end(s);
}

/* A bastion that only looked has seen it, too. */
Test(fleet, remembers_what_it_has_looked_at)
{
	struct scene *s = begin();
	int64_t n = 0;

	cr_assert_eq(count(&s->one), FAULT_NONE);
	cr_assert_eq(count(&s->one), FAULT_NONE);
	cr_assert_eq(
	    store_update(&s->other.store, "alice", 1001, look_only, &n),
	    FAULT_NONE);
	cr_expect_eq(n, 2);
	s->liar.shared->lie = LIE_OLD;
	expect_refused(s, &s->other, FAULT_BACK, "rolled back");
	end(s);
}

Test(fleet, needs_the_fleets_own_key)
{
	struct scene *s = begin();
	struct keyring ring;

	cr_assert_eq(count(&s->one), FAULT_NONE);
	ring = s->ring;
	ring.fleet[0] ^= 1;
	s->other.fleet.ring = &ring;
	expect_refused(s, &s->other, FAULT_FORMAT, "another fleet");
	ring = s->ring;
	ring.keys[0].bytes[0] ^= 1;
	expect_refused(s, &s->other, FAULT_FORMAT, "another key");
	ring = s->ring;
	ring.keys[0].id[0] ^= 1;
	ring.use[0] ^= 1;
	expect_refused(s, &s->other, FAULT_REFUSED, "a key of another id");
	end(s);
}

/* An administrator has accepted a restored store: what is older than was seen
 * counts no more than before, and the next serial is above all that were
 * seen. */
Test(fleet, goes_on_in_a_new_epoch)
{
	struct scene *s = begin();

	for (int i = 0; i < 3; i++)
		cr_assert_eq(count(&s->one), FAULT_NONE);
	s->liar.shared->lie = LIE_OLD;
	expect_refused(s, &s->one, FAULT_BACK, "rolled back");
	s->one.fleet.epoch = 2;
	expect_refused(s, &s->one, FAULT_BACK, "rolled back, in a new epoch");
	s->liar.shared->lie = LIE_NOT;
	cr_expect_eq(count(&s->one), FAULT_NONE, "%s", s->one.store.why);
	cr_expect_eq(counted(&s->one, "alice"), 4);
	expect_refused(s, &s->other, FAULT_BACK, "an epoch it does not know");
	s->other.fleet.epoch = 2;
	cr_expect_eq(counted(&s->other, "alice"), 4);
	s->liar.shared->lie = LIE_OLD;
	expect_refused(s, &s->one, FAULT_BACK, "rolled back again");
	end(s);
}

/* For each byte of an answer: the record as it is, or a refusal. */
static enum change
add_device(struct record *record, void *arg)
{
	(void)arg;
	fixture_device(record);
	return CHANGE_WRITE;
}

static enum change
look_at_step(struct record *record, void *arg)
{
	*(uint64_t *)arg = record->devices.items[0].last_step;
	return CHANGE_NONE;
}

static uint64_t
step_seen(struct bastion *bastion)
{
	uint64_t step = 0;

	cr_assert_eq(
	    store_update(&bastion->store, "alice", 1001, look_at_step, &step),
	    FAULT_NONE, "%s", bastion->store.why);
	return step;
}

/* A backup that was put back has codes that were spent since. They are closed
 * once, also by somebody who only looks, or nobody could log in any more. */
Test(fleet, closes_what_an_older_epoch_left_open)
{
	struct scene *s = begin();
	struct record record;
	uint64_t now = otp_step(NOW_S, 30);

	inject_stand_still(NOW_S);
	cr_assert_eq(
	    store_update(&s->one.store, "alice", 1001, add_device, NULL),
	    FAULT_NONE);
	cr_expect_eq(step_seen(&s->one), 0);
	s->one.fleet.epoch = s->other.fleet.epoch = 2;
	cr_assert_eq(store_read(&s->other.store, "alice", &record), FAULT_NONE);
	cr_expect_eq(record.devices.items[0].last_step, now + 1);
	record_done(&record);
	cr_expect_eq(step_seen(&s->one), now + 1);
	inject_stand_still(NOW_S + 300);
	cr_expect_eq(step_seen(&s->other), now + 1);
	cr_expect_eq(step_seen(&s->one), now + 1);
	inject_stand_still(0);
	end(s);
}

Test(fleet, never_takes_a_changed_answer_for_another_record)
{
	static const unsigned char bytes[] = {
	    0, ' ', '"', '0', '9', 'A', '}', ',', 0xff};
	struct scene *s = begin();
	struct record record;

	cr_assert_eq(count(&s->one), FAULT_NONE);
	s->liar.shared->lie = LIE_BYTE;
	for (int i = 0; i < 1200; i++) {
		enum fault fault;

		s->liar.shared->at = i;
		s->liar.shared->byte = bytes[(size_t)i % COUNT(bytes)];
		fault = store_read(&s->one.store, "alice", &record);
		if (fault != FAULT_NONE)
			continue;
		cr_expect_eq(record.failures.known.count, 1, "%d", i);
		cr_expect_str_eq(record.user, "alice");
		record_done(&record);
	}
	end(s);
}

static void
make_users(struct bastion *bastion, int users)
{
	int64_t n;

	for (int i = 0; i < users; i++) {
		char name[USER_TEXT];

		snprintf(name, sizeof(name), "user%02d", i);
		cr_assert_eq(count_as(bastion, name, &n), FAULT_NONE);
	}
}

/* Ten rows come in a page, and one ends with the 32nd record: 35 records are
 * read by five more requests. */
Test(fleet, reads_a_list_in_pages)
{
	struct scene *s = begin();
	struct store_names names;
	char longest[USER_TEXT];
	int asked;
	int64_t n;

	memset(longest, 'L', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	make_users(&s->one, 33);
	cr_assert_eq(count_as(&s->one, longest, &n), FAULT_NONE);
	cr_assert_eq(count_as(&s->one, "o'brian", &n), FAULT_NONE);
	cr_assert_eq(count_as(&s->one, "breakglass", &n), FAULT_NONE);
	cr_assert_eq(store_list(&s->other.store, &names), FAULT_NONE, "%s",
	    s->other.store.why);
	cr_expect_eq(names.names.count, 35);
	asked = s->liar.shared->asked;
	list_each(const struct store_name, name, names.names) {
		cr_expect_neq(name->order, 0);
		cr_expect_eq(counted(&s->other, name->text), 1, "%s: %s",
		    name->text, s->other.store.why);
	}
	cr_expect_eq(counted(&s->other, "nobody"), -1);
	cr_expect_eq(s->liar.shared->asked, asked + 5);
	store_names_done(&names);
	end(s);
}

/* It is of the list's moment, but never older than what was seen. */
Test(fleet, a_list_shows_nothing_that_is_older_than_what_was_seen)
{
	struct scene *s = begin();
	struct store_names names;
	int64_t n;

	make_users(&s->one, 12);
	cr_assert_eq(store_list(&s->one.store, &names), FAULT_NONE);
	cr_expect_eq(counted(&s->one, "user00"), 1);
	cr_assert_eq(count_as(&s->one, "user05", &n), FAULT_NONE);
	cr_expect_eq(n, 2, "a change is of now");
	cr_expect_eq(counted(&s->one, "user05"), 2);
	store_names_done(&names);
	end(s);
}

Test(fleet, refuses_a_list_that_does_not_fit)
{
	static const struct {
		enum lie lie;
		enum fault fault;
	} cases[] = {{LIE_ENDLESS, FAULT_REFUSED},
	    {LIE_BACKWARDS, FAULT_REFUSED}, {LIE_COMPACTED, FAULT_AWAY},
	    {LIE_AWAY, FAULT_AWAY}, {LIE_CUT, FAULT_REFUSED},
	    {LIE_REVISION, FAULT_BACK}};
	struct scene *s = begin();
	struct store_names names;

	make_users(&s->one, 3);
	for (size_t i = 0; i < COUNT(cases); i++) {
		s->liar.shared->lie = cases[i].lie;
		cr_expect_eq(store_list(&s->one.store, &names), cases[i].fault,
		    "%zu: %s", i, s->one.store.why);
	}
	end(s);
}

/* It stays as a text of no bytes, or the other bastion would think that
 * somebody else took it away. */
Test(fleet, forgets_a_user_at_both_bastions)
{
	struct scene *s = begin();
	int64_t n;

	cr_assert_eq(count(&s->one), FAULT_NONE);
	cr_assert_eq(count(&s->other), FAULT_NONE);
	cr_assert_eq(store_forget(&s->one.store, "alice"), FAULT_NONE, "%s",
	    s->one.store.why);
	cr_expect_eq(counted(&s->one, "alice"), -1);
	cr_expect_eq(counted(&s->other, "alice"), -1);
	cr_assert_eq(count_as(&s->other, "alice", &n), FAULT_NONE, "%s",
	    s->other.store.why);
	cr_expect_eq(n, 1);
	cr_expect_eq(counted(&s->one, "alice"), 1);
	cr_assert_eq(store_forget(&s->one.store, "nobody"), FAULT_NONE);
	end(s);
}

Test(fleet, sets_a_damaged_record_aside)
{
	struct scene *s = begin();
	struct stat st;
	int64_t n;

	cr_assert_eq(count(&s->one), FAULT_NONE);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(count(&s->other), FAULT_NONE);
	s->liar.shared->lie = LIE_DAMAGED;
	cr_assert_eq(store_set_aside(&s->one.store, "alice"), FAULT_NONE, "%s",
	    s->one.store.why);
	s->liar.shared->lie = LIE_NOT;
	cr_assert_eq(
	    fstatat(s->one.store.users, "alice.json.damaged", &st, 0), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_expect_gt(st.st_size, SEAL_OVERHEAD);
	cr_expect_eq(counted(&s->other, "alice"), -1);
	cr_assert_eq(count_as(&s->other, "alice", &n), FAULT_NONE, "%s",
	    s->other.store.why);
	cr_expect_eq(n, 1);
	end(s);
}

/* Nobody but root and the folder's owner is believed. */
Test(fleet, believes_only_the_owner_of_the_sockets_folder)
{
	struct scene *s = begin();

	if (geteuid() != 0)
		cr_skip_test("needs root");
	liar_kill(&s->liar);
	cr_assert_eq(chmod(s->liar.folder, 0777), 0);
	liar_start(&s->liar);
	expect_refused(s, &s->one, FAULT_AWAY, "a folder that others write");
	cr_assert_eq(chmod(s->liar.folder, 0755), 0);
	cr_expect_eq(count(&s->one), FAULT_NONE, "%s", s->one.store.why);
	end(s);
}
