#include <stdio.h>

#include "tests/support/code.h"
#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/flood_door.h"
#include "tests/support/raw.h"
#include "tests/support/session.h"

#define HELD       200
#define GUESSERS   50
#define EACH       5    /* sshd hangs up at the sixth */
#define GUESSES    1000 /* answers, over LAPS at most */
#define LAPS       25
#define FRESH_LAPS 5 /* with one keeper: see flood_guess() */
#define GONE_MS    20000

/* The server's answers to a code. */
struct guesses {
	long wrong, locked;
};

static void
check_login(const struct run *r, const char *where, long long begun_ms,
    struct flood_figures *sum)
{
	long waited_ms = (long)(run_clock_ms() - begun_ms);

	if (r->status != 0 || waited_ms > FLOOD_PATIENCE_MS)
		fail("another user at %s has status %d after %ld ms: %s", where,
		    r->status, waited_ms, r->err);
	if (waited_ms > sum->slowest_ms)
		sum->slowest_ms = waited_ms;
}

/* The real client, at both ports, with a device that has no code used yet. */
static void
check_other(
    const struct bastion *b, const char *other, struct flood_figures *sum)
{
	const char *secret = fixture_enrol(b, other);
	uint64_t step = step_now();
	long long begun_ms = run_clock_ms();

	check_login(door_ssh(b, other, code_at(secret, step), NULL, "true"),
	    "the door", begun_ms, sum);
	begun_ms = run_clock_ms();
	check_login(ssh_with_code(b, other, code_at(secret, step + 1), "true"),
	    "the ordinary port", begun_ms, sum);
}

void
flood_door_hold(const struct bastion *b, const char *user, const char *other,
    struct flood_figures *sum)
{
	struct run *crowd;

	fixture_enrol(b, user);
	crowd = raw_hold(b, user, HELD);
	check_other(b, other, sum);
	sum->prompts += HELD;
	raw_end(crowd);
	if (raw_left(b, GONE_MS) != 0)
		fail("%d processes of the door stay", raw_left(b, 0));
	if (flood_counted(b, user) != 0)
		fail("a prompt without an answer counts");
}

/* 50 at the prompt, who then answer at once.  A connection ends once the server
 * says that the user is locked. */
static void
guess_lap(const struct bastion *b, const char *user, const char *code,
    const char *other, struct guesses *sum, struct flood_figures *figures)
{
	struct run *crowd = raw_guess(b, user, GUESSERS, EACH, code);

	raw_go(crowd);
	if (other != NULL)
		check_other(b, other, figures);
	run_finish(crowd);
	if (crowd->status != 0 || raw_count(crowd->out, "success") != 0)
		fail("the guessers end with %d: %s%s", crowd->status,
		    crowd->out, crowd->err);
	sum->wrong += raw_count(crowd->out, "info Wrong code.");
	sum->locked += raw_count(crowd->out, "info Too many wrong codes");
}

void
flood_door_guess(struct bastion *b, const char *user, const char *other,
    struct flood_figures *figures)
{
	const char *code = code_wrong(fixture_enrol(b, user));
	struct guesses sum = {.wrong = 0};
	long counted;

	for (int lap = 0; lap < LAPS && sum.wrong + sum.locked < GUESSES;
	     lap++) {
		bool fresh = lap % FRESH_LAPS == 0;

		if (fresh) {
			bastion_keeper_stop(b);
			bastion_keeper_start(b);
		}
		guess_lap(b, user, code, fresh ? other : NULL, &sum, figures);
	}
	counted = flood_counted(b, user);
	if (sum.wrong + sum.locked < GUESSES || sum.wrong != counted)
		fail("%ld answers to a locked user and %ld wrong codes, of "
		     "which %ld are counted",
		    sum.locked, sum.wrong, counted);
	figures->guesses += sum.wrong + sum.locked;
	figures->counted += counted;
}
