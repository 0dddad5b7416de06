#include "store/fleet/learn.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"
#include "tests/unit/store/fleet/liar.h"

struct bastion {
	char folder[FOLDER_MAX];
	struct store store;
	struct fleet fleet;
};

static struct liar liar;
static struct fleet_local local[] = {{"breakglass"}};
static const struct fleet_config config = {.local = {local, COUNT(local)}};
static const struct keyring ring = {.count = 1};
static struct bastion one, other;

static void
bastion_begin(struct bastion *b)
{
	fixture_folder(b->folder);
	cr_assert_eq(store_open(b->folder, true, &b->store), FAULT_NONE);
	fleet_init(&b->fleet, &config, &ring, liar.path);
	fleet_attach(&b->fleet, &b->store);
}

static void
begin(void)
{
	liar_begin(&liar);
	bastion_begin(&one);
	bastion_begin(&other);
}

static void
bastion_end(struct bastion *b)
{
	store_close(&b->store);
	fleet_done(&b->fleet);
	fixture_remove(b->folder);
}

static void
end(void)
{
	bastion_end(&one);
	bastion_end(&other);
	liar_end(&liar);
}

static enum change
count_up(struct record *record, void *arg)
{
	(void)arg;
	record->failures.known.count++;
	return CHANGE_WRITE;
}

static void
change_at(struct bastion *b, const char *user)
{
	cr_assert_eq(store_update(&b->store, user, 1001, count_up, NULL),
	    FAULT_NONE, "%s", b->store.why);
}

static void
make_users(int count)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "user%02d", i);
		change_at(&one, name);
	}
}

static uint64_t
seen_of(const struct bastion *b, const char *file)
{
	int fd = openat(b->store.locks, file, O_RDONLY);
	uint64_t serial = 0;

	if (fd >= 0)
		cr_assert_eq(seen_serial_read(fd, &serial), FAULT_NONE);
	close(fd);
	return serial;
}

static struct learnt
learn(struct bastion *b, enum fault expected)
{
	struct learnt learnt;

	cr_assert_eq(
	    learn_all(&b->store, &learnt), expected, "%s", b->store.why);
	return learnt;
}

/* A bastion that a user never came to denies, too, where the record vanishes. */
Test(learn, notes_who_never_came)
{
	struct record record;
	struct learnt learnt;

	begin();
	make_users(25);
	change_at(&one, "breakglass");
	change_at(&one, "user07");
	learnt = learn(&other, FAULT_NONE);
	cr_expect_eq(learnt.records, 25);
	cr_expect_eq(learnt.noted, 25);
	cr_expect_eq(learnt.gone, 0);
	cr_expect_eq(seen_of(&other, "user00"), SEAL_SERIAL(1, 1));
	cr_expect_eq(seen_of(&other, "user07"), SEAL_SERIAL(1, 2));
	cr_expect_eq(seen_of(&other, "breakglass"), 0);
	liar.shared->lie = LIE_GONE;
	fleet_attach(&other.fleet, &other.store); /* no list any more */
	cr_expect_eq(store_read(&other.store, "user24", &record), FAULT_BACK);
	end();
}

/* The second time it costs the list, and one request for each who is new. */
Test(learn, asks_for_nothing_that_it_knows)
{
	struct learnt learnt;
	int asked;

	begin();
	make_users(20);
	(void)learn(&other, FAULT_NONE);
	asked = liar.shared->asked;
	learnt = learn(&other, FAULT_NONE);
	cr_expect_eq(learnt.noted, 0);
	cr_expect_eq(liar.shared->asked, asked + 2, "two pages of the list");
	change_at(&one, "zoe");
	asked = liar.shared->asked;
	learnt = learn(&other, FAULT_NONE);
	cr_expect_eq(learnt.noted, 1);
	cr_expect_eq(seen_of(&other, "zoe"), SEAL_SERIAL(1, 1));
	cr_expect_eq(liar.shared->asked, asked + 4);
	end();
}

Test(learn, says_whose_record_was_taken_away)
{
	struct learnt learnt;

	begin();
	make_users(3);
	(void)learn(&other, FAULT_NONE);
	liar_kill(&liar);
	liar_start(&liar);
	learnt = learn(&other, FAULT_NONE);
	cr_expect_eq(learnt.records, 0);
	cr_expect_eq(learnt.gone, 3);
	cr_expect_eq(strncmp(learnt.who, "user0", 5), 0);
	/* A new epoch does not say that an administrator has accepted that: they
	 * may be gone since. */
	other.fleet.epoch = 2;
	cr_expect_eq(learn(&other, FAULT_NONE).gone, 3);
	end();
}

/* Not all are closed yet: they will have other serials then. */
Test(learn, counts_records_of_an_older_epoch)
{
	struct learnt learnt;

	begin();
	make_users(3);
	other.fleet.epoch = one.fleet.epoch = 2;
	change_at(&one, "user00");
	learnt = learn(&other, FAULT_NONE);
	cr_expect_eq(learnt.noted, 3);
	cr_expect_eq(learnt.older, 2);
	end();
}

Test(learn, goes_on_behind_a_record_that_is_damaged)
{
	struct learnt learnt;

	begin();
	make_users(3);
	liar.shared->lie = LIE_DAMAGED;
	learnt = learn(&other, FAULT_NONE);
	cr_expect_eq(learnt.unread, 3);
	cr_expect_eq(learnt.noted, 0);
	cr_expect_eq(seen_of(&other, "user00"), 0);
	liar.shared->lie = LIE_AWAY;
	(void)learn(&other, FAULT_AWAY);
	end();
}

Test(learn, is_due_once_a_day)
{
	int dir;

	begin();
	dir = other.store.dir;
	cr_assert_eq(mkdirat(dir, "fleet", 0700), 0);
	cr_expect(learn_is_due(dir, NOW_S));
	learn_note(dir, NOW_S, false, 0);
	cr_expect_not(learn_is_due(dir, NOW_S + 3599));
	cr_expect(learn_is_due(dir, NOW_S + 3600));
	for (uint32_t random = 0; random < 20000; random += 7777) {
		learn_note(dir, NOW_S, true, random);
		cr_expect_not(learn_is_due(dir, NOW_S + 22 * 3600 - 1));
		cr_expect(learn_is_due(dir, NOW_S + 26 * 3600));
	}
	/* A clock that was far ahead has noted it. */
	cr_expect(learn_is_due(dir, NOW_S - 86400 * 3));
	end();
}
