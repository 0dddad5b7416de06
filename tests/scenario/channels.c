/*
 * Every channel that sshd could open beside the gate. A thief with the key and
 * no code asks for each, and so does somebody who has given a code. Through a
 * bastion without the drop-in the same probes get to the far end, so the probes
 * work. All bastions have a configuration that opens everything.
 */
#include "tests/scenario/probes.h"

Scenarios(channels);

#define ALL_OPEN                                        \
	"AllowAgentForwarding yes\nX11Forwarding yes\n" \
	"XAuthLocation /bin/true\nPermitTunnel yes\n"

static struct visit
bare(void)
{
	struct bastion *b = bastion_open(.no_gate = true, .before = ALL_OPEN);

	return visit_of(b, "bastion", b->me, NULL);
}

static struct visit
guarded(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .before = ALL_OPEN);

	fixture_enrol(b, b->me);
	return visit_of(b, "bastion", b->me, NULL);
}

static void
assert_closed(bool (*opens)(const struct visit *v))
{
	struct visit v = bare();

	cr_assert(opens(&v), "the probe does not work");
	v = guarded();
	cr_assert_not(opens(&v), "with the key alone");
	v.option = with_code(visit_new_code(v.b, v.user));
	cr_assert_not(opens(&v), "after a code");
}

Test(channels, local_forward)
{
	assert_closed(probe_local);
}

Test(channels, dynamic_forward)
{
	assert_closed(probe_dynamic);
}

Test(channels, standard_input_forward)
{
	assert_closed(probe_stdio);
}

Test(channels, jump)
{
	assert_closed(probe_jump);
}

Test(channels, remote_forward)
{
	assert_closed(probe_remote);
}

Test(channels, remote_dynamic_forward)
{
	assert_closed(probe_remote_dynamic);
}

Test(channels, local_forward_to_a_unix_socket)
{
	assert_closed(probe_unix_local);
}

Test(channels, remote_forward_of_a_unix_socket)
{
	assert_closed(probe_unix_remote);
}

Test(channels, agent_after_the_code)
{
	assert_closed(probe_agent);
}

Test(channels, x11_after_the_code)
{
	assert_closed(probe_x11);
}

/* The client needs a device of its own. */
Test(channels, tunnel)
{
	struct visit v = bare();

	if (!probe_tunnel(&v))
		cr_skip("no tunnel device here");
	assert_closed(probe_tunnel);
}
