/*
 * Storms and floods, lap after lap, for SOAK_SECONDS: what the scenarios
 * "kills" and "floods" do in short, with all of chance from one seed, which is
 * printed and can be given (TFA_SEED). The first thing that must not be ends
 * it with status 1; else it closes with figures.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/flood.h"
#include "tests/support/flood_door.h"
#include "tests/support/run.h"
#include "tests/support/storm.h"
#include "tests/support/talk.h"

#define SECONDS 600
#define KILLS   25 /* in a lap */

static unsigned seed;

_Noreturn void
fail(const char *format, ...)
{
	va_list ap;

	fputs("soak: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\nsoak: TFA_SEED=%u repeats it\n", seed);
	bastion_show_logs();
	exit(1);
}

static long
setting(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value == NULL || *value == '\0' ? otherwise
					       : strtol(value, NULL, 10);
}

/* The keeper's footprint after it has served one request of each kind. */
static struct footprint
warm_footprint(const struct bastion *b)
{
	talk_ask(b, "bob", "'request':'login'");
	talk_ask(b, "erin", "'request':'login'");
	talk_ask(b, "root", "'request':'users'");
	return flood_footprint(b);
}

/* One keeper must serve a whole lap of floods. */
static void
flood(struct bastion *b, unsigned chance, struct flood_figures *sum,
    struct footprint *ret_before, struct footprint *ret_after)
{
	fixture_enrol(b, "bob");
	*ret_before = warm_footprint(b);
	flood_hold(b, "erin", "bob", sum);
	flood_packets(b, "frank", "bob", chance, sum);
	flood_recovered(b, ret_before);
	*ret_after = flood_footprint(b);
	flood_guess(b, "alice", "bob", sum);
	if (b->door != 0) {
		flood_door_hold(b, "dave", "bob", sum);
		flood_door_guess(b, "carol", "bob", sum);
	}
}

static void
say(long laps, const struct storm_figures *s, const struct flood_figures *f,
    const struct footprint *first, const struct footprint *last)
{
	printf("laps               %8ld\n"
	       "kills              %8ld\n"
	       "codes judged       %8ld\n"
	       "codes spent        %8ld\n"
	       "spent ones retried %8ld   all refused: one that was not would "
	       "have ended this\n"
	       "enrolments         %8ld\n"
	       "admin changes      %8ld\n"
	       "requests cut off   %8ld\n"
	       "temp files left    %8ld   none after the next write\n"
	       "connections held   %8ld\n"
	       "prompts held       %8ld   at the door\n"
	       "odd packets        %8ld\n"
	       "guesses            %8ld   judged and counted: %ld\n"
	       "slowest other user %8ld ms\n"
	       "keeper's memory    %8ld kB before, %ld kB after\n"
	       "its descriptors    %8ld before, %ld after\n",
	    laps, s->kills, s->verifies, s->spent, s->replays, s->enrolments,
	    s->changes, s->unanswered, s->leftovers, f->connections, f->prompts,
	    f->packets, f->guesses, f->counted, f->slowest_ms, first->memory_kb,
	    last->memory_kb, first->descriptors, last->descriptors);
}

int
main(void)
{
	long long end = run_clock_ms() +
	    1000LL * setting("SOAK_SECONDS", SECONDS);
	struct storm_figures storms = {.kills = 0};
	struct flood_figures floods = {.guesses = 0};
	struct footprint before, first = {.memory_kb = 0}, last;
	unsigned chance, random = 0;
	long laps = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		fail("no random bytes: %s", strerror(errno));
	seed = (unsigned)setting("TFA_SEED", random);
	chance = seed;
	printf("soak: TFA_SEED=%u\n", seed);
	fflush(stdout);
	do {
		struct bastion *b = bastion_open(.rules = REQUIRED,
		    .door = door_missing() == NULL,
		    .more = "'forwarding':'after-code',"
			    "'attempts':{'free':20,'backoff':'1s'}");

		flood(b, (unsigned)rand_r(&chance), &floods, &before, &last);
		if (laps++ == 0)
			first = before;
		storm_run(b, (unsigned)rand_r(&chance), KILLS, &storms);
		bastion_close_all();
	} while (run_clock_ms() < end);
	say(laps, &storms, &floods, &first, &last);
	return 0;
}
