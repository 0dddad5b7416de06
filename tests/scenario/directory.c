/* A directory service that lists nobody unless it is told to. */
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(directory);

#define ADMIN(...) \
	ARGV("/usr/sbin/tfa-admin", "--store", "/root/store", __VA_ARGS__)

Test(directory, users_says_that_its_list_may_be_incomplete)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh(
	    "install -d -m 755 /etc/tfa && cp etc/policy.json /etc/tfa/");
	r = run(ADMIN("users"), NULL, 0);
	assert_status(r, 0);
	cr_assert_str_empty(r->err);
	machine_sh("sed -i 's/^group:.*/group: files sss/' /etc/nsswitch.conf");
	r = run(ADMIN("users", "--json"), NULL, 0);
	assert_status(r, 0);
	assert_says(r->err, "groups come from \"sss\"");
	assert_never_says(r->out, "sss");
	r = run(ADMIN("users", "--summary"), NULL, 0);
	assert_says(r->err, "may be missing");
	r = run(ADMIN("users", "alice"), NULL, 0);
	assert_status(r, 0);
	cr_assert_str_empty(r->err);
}
