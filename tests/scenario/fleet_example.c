/* Does all that examples/etcd/README.md says, on one machine. */
#include <stdlib.h>

#include "tests/scenario/fleet.h"

Fleets(fleet_example);

Test(fleet_example, goes_as_it_is_written)
{
	char *dir;
	struct run *r;

	needs_link();
	dir = text("%s/example.XXXXXX", getenv("TFA_WORK"));
	cr_assert_not_null(mkdtemp(dir));
	r = run(ARGV("unshare", "-nmpf", "--kill-child", "--mount-proc", "sh",
		    "tests/support/etcd-example", dir),
	    NULL, 0);
	assert_status(r, 0);
	assert_says(r->out, "made the fleet");
	assert_says(r->out, "joined the fleet");
	assert_says(r->out, "alice");
	assert_says(r->out, "bastion.example.com, level 3, epoch 1");
	assert_says(r->out, "bastion.example.com, level 3, epoch 2");
}
