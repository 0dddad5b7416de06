/* A store of one's own, without a daemon and without root. */
#include "tests/scenario/scenario.h"

Scenarios(embedded);

/*
 * A bastion of the embedded form, even in a private-root, where all other tests
 * use the full form.
 */
static struct bastion *
own_store(const char *policy, const char *owner)
{
	return bastion_open(.policy = policy,
	    .owner = bastion_has_people() ? owner : NULL);
}

Test(embedded, without_a_policy_sets_up_and_then_asks)
{
	struct bastion *b;
	uint64_t step = step_now();
	const char *secret;
	struct session *s;

	needs_people();
	b = own_store("", "user10");
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	secret = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, code_at(secret, step));
	session_type(s, "\r");
	session_expect(s, "Press Enter");
	session_type(s, "\r");
	session_type(s, "echo in''side; exit\r");
	session_expect(s, "inside");
	session_status(s);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 77);
}

Test(embedded, broken_policy_exits_78)
{
	struct bastion *b = own_store("{", "user11");

	assert_status(ssh_run(b, b->me, NULL, "echo inside", NULL), 78);
}

Test(embedded, leaves_no_keeper_behind)
{
	struct bastion *b;
	struct session *s;

	needs_people();
	b = own_store(fixture_policy(RULE("exempt"), NULL), "user12");
	s = session_open(b, b->me, NULL, NULL);
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
	cr_assert_eq(processes_signal(b->me, "tfa-keeper", 0), 0);
	session_kill(s);
}
