/* Floods at the door's prompt, and many who are right at once. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/flood_door.h"
#include "tests/support/raw.h"
#include "tests/scenario/scenario.h"

Scenarios(floods_door);

static struct bastion *
with_door(void)
{
	return bastion_open(.rules = REQUIRED, .door = true,
	    .more = "'forwarding':'after-code',"
		    "'attempts':{'free':20,'backoff':'1s'}");
}

Test(floods_door, of_held_prompts_keep_nobody_out)
{
	struct flood_figures sum = {.prompts = 0};

	needs_door();
	flood_door_hold(with_door(), "erin", "bob", &sum);
	printf("floods: %ld prompts held; another user waited %ld ms at most\n",
	    sum.prompts, sum.slowest_ms);
}

Test(floods_door, of_guesses_are_counted_exactly)
{
	struct flood_figures sum = {.prompts = 0};

	needs_door();
	flood_door_guess(with_door(), "erin", "bob", &sum);
	printf("floods: %ld guesses at the door (%ld judged and counted); "
	       "another user waited %ld ms at most\n",
	    sum.guesses, sum.counted, sum.slowest_ms);
}

#define USERS 5
#define EACH  10 /* connections of a user; a record knows 16 */

/* The line of sha256sum(1) for some digits, cut to the hash. */
static char *
hash_of(const char *digits)
{
	struct run *r = run(ARGV("sha256sum"), digits, strlen(digits));

	assert_status(r, 0);
	return text("%.64s", r->out);
}

/* Gives user a device and so many one-time codes, "A,B,C". */
static char *
has_codes(const struct bastion *b, const char *user, int count)
{
	char *codes = text("%s", ""), *hashes = codes;

	for (int i = 0; i < count; i++) {
		char *code = text("%016d", 1000 + i);

		hashes = text("%s%s{'use':'pass','hash':'%s'}", hashes,
		    i > 0 ? "," : "", hash_of(code));
		codes = text("%s%s%s", codes, i > 0 ? "," : "", code);
	}
	fixture_put_record(b, user,
	    text(
		"%s,'codes':[%s]", fixture_device(secret_random(), 0), hashes));
	return codes;
}

/* Five users, and each of them ten times, with a code of its own each time. */
Test(floods_door, of_fifty_who_are_right_let_all_in)
{
	static const char *const users[] = {
	    "alice", "bob", "carol", "erin", "frank"};
	struct run *crowd[USERS];
	struct bastion *b;

	needs_door();
	b = with_door();
	for (int i = 0; i < USERS; i++)
		crowd[i] = raw_guess(
		    b, users[i], EACH, 1, has_codes(b, users[i], EACH));
	for (int i = 0; i < USERS; i++)
		raw_go(crowd[i]);
	for (int i = 0; i < USERS; i++) {
		run_finish(crowd[i]);
		cr_expect_eq(raw_count(crowd[i]->out, "success"), EACH, "%s%s",
		    crowd[i]->out, crowd[i]->err);
		cr_expect_eq(flood_counted(b, users[i]), 0);
	}
}

/*
 * The keeper is killed while all of them give their codes.  A code that let
 * somebody in is spent, and once the keeper is back the others are good.
 */
Test(floods_door, of_a_killed_keeper_let_nobody_in_twice)
{
	struct bastion *b;
	struct run *first, *second;
	const char *codes;
	long in, more;

	needs_door();
	b = with_door();
	codes = has_codes(b, "bob", EACH);
	first = raw_guess(b, "bob", EACH, 1, codes);
	raw_go(first);
	run_sleep_ms((int)(run_clock_ms() % 120));
	kill(b->keeper, SIGKILL);
	run_finish(first);
	bastion_keeper_stop(b);
	in = raw_count(first->out, "success");
	cr_expect_eq(in + raw_count(first->out, "failure"), EACH, "%s%s",
	    first->out, first->err);
	bastion_keeper_start(b);
	second = raw_guess(b, "bob", EACH, 1, codes);
	raw_go(second);
	run_finish(second);
	more = raw_count(second->out, "success");
	cr_expect_leq(in + more, EACH);
	cr_expect_eq(more + raw_count(second->out, "already used"), EACH,
	    "%s%s", second->out, second->err);
	printf("floods: %ld in before the keeper was killed, %ld afterwards\n",
	    in, more);
}

/* While it is away a right code lets nobody in, and is good afterwards. */
Test(floods_door, of_a_keeper_that_is_away_let_nobody_in)
{
	struct bastion *b;
	const char *codes;
	struct run *crowd;

	needs_door();
	b = with_door();
	codes = has_codes(b, "bob", EACH);
	crowd = raw_guess(b, "bob", EACH, 1, codes);
	bastion_keeper_stop(b);
	raw_go(crowd);
	run_finish(crowd);
	cr_expect_eq(raw_count(crowd->out, "success"), 0);
	cr_expect_eq(raw_count(crowd->out, "info Access denied: the keeper"),
	    EACH, "%s%s", crowd->out, crowd->err);
	bastion_keeper_start(b);
	crowd = raw_guess(b, "bob", EACH, 1, codes);
	raw_go(crowd);
	run_finish(crowd);
	cr_expect_eq(raw_count(crowd->out, "success"), EACH, "%s%s", crowd->out,
	    crowd->err);
}
