#include "gate/sshd/sshd.h"

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

TestSuite(sshd, .timeout = 30);

Test(sshd, calls_newer_what_was_changed_after_the_first_tick)
{
	struct sshd_view view = {.since = {100, 500}};

	cr_expect(!sshd_is_newer(&(struct timespec){99, 999999999}, &view));
	cr_expect(!sshd_is_newer(&(struct timespec){100, 500}, &view));
	cr_expect(!sshd_is_newer(&(struct timespec){100, 10000500}, &view));
	cr_expect(sshd_is_newer(&(struct timespec){100, 10000501}, &view));
	cr_expect(sshd_is_newer(&(struct timespec){101, 0}, &view));
}
