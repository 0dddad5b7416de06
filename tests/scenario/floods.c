/* One user does the worst, and others do not notice. */
#include <stdio.h>

#include "tests/support/flood.h"
#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(floods);

struct scene {
	struct bastion *b;
	struct footprint before;
	struct flood_figures figures;
};

/* erin floods; bob, who has logged in before, logs in. */
static struct scene
begin(void)
{
	struct scene s = {.b = bastion_open(.rules = REQUIRED,
			      .more = "'attempts':{'free':20,'backoff':'1s'}")};

	fixture_enrol(s.b, "bob");
	talk_ask(s.b, "bob", "'request':'login'");
	talk_ask(s.b, "erin", "'request':'login'");
	s.before = flood_footprint(s.b);
	return s;
}

static void
end(struct scene *s)
{
	flood_recovered(s->b, &s->before);
	printf("floods: %ld connections held, %ld guesses (%ld counted), %ld "
	       "packets; another user waited %ld ms at most\n",
	    s->figures.connections, s->figures.guesses, s->figures.counted,
	    s->figures.packets, s->figures.slowest_ms);
}

Test(floods, of_held_connections_keep_nobody_out)
{
	struct scene s;

	needs_people();
	s = begin();
	flood_hold(s.b, "erin", "bob", &s.figures);
	end(&s);
}

Test(floods, of_guesses_are_counted_exactly)
{
	struct scene s;

	needs_people();
	s = begin();
	flood_guess(s.b, "erin", "bob", &s.figures);
	end(&s);
}

Test(floods, of_odd_packets_let_nobody_in)
{
	struct scene s;

	needs_people();
	s = begin();
	flood_packets(s.b, "erin", "bob", (unsigned)step_now(), &s.figures);
	end(&s);
}

/* The real client, while connections are held. */
Test(floods, leave_a_login_three_seconds)
{
	const char *secret;
	long long begun_ms;
	struct scene s;

	needs_people();
	s = begin();
	secret = fixture_enrol(s.b, "alice");
	for (int i = 0; i < 550; i++)
		cr_assert_geq(talk_open(s.b, "erin"), 0);
	begun_ms = run_clock_ms();
	assert_status(
	    ssh_with_code(s.b, "alice", code_at(secret, step_now()), "true"),
	    0);
	cr_expect_leq(run_clock_ms() - begun_ms, FLOOD_PATIENCE_MS);
}

/* Refusals beyond the rate are not logged, and the next line counts them. */
Test(floods, do_not_fill_the_audit)
{
	struct bastion *b;
	long lines = 0;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "erin");
	for (int i = 0; i < 300; i++)
		talk_ask(b, "erin", "'request':'verify','code':'000'");
	for (const char *c = fixture_audit(b); *c != '\0'; c++)
		lines += *c == '\n';
	cr_expect_geq(lines, 50);
	cr_expect_leq(lines, 61);
	cr_assert(talk_is(
	    talk_ask(b, "root", "'request':'unlock','user':'erin'"), "pass"));
}
