#include "admin/store/pick.h"

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

#define ONE_TIME "PASS000000000000"

TestSuite(pick, .timeout = 30);

static struct record here, there;

/* Two records of a user who has only logged in, here later. */
static void
begin(void)
{
	fixture_record(&here);
	fixture_record(&there);
	here.enrolled_once = there.enrolled_once = false;
	here.last_login.present = there.last_login.present = true;
	here.last_login.at_s = NOW_S;
	there.last_login.at_s = NOW_S - 100;
}

static void
end(void)
{
	record_done(&here);
	record_done(&there);
}

static void
is_picked(enum pick without, enum pick by_login)
{
	cr_expect_eq(pick_record(&here, &there, false), without);
	cr_expect_eq(pick_record(&here, &there, true), by_login);
}

/* Else a bastion that is new would take the devices of all who came there once
 * away from the whole fleet. */
Test(pick, record_without_a_device_replaces_none_with_one)
{
	begin();
	fixture_device(&there);
	is_picked(PICK_THERE, PICK_THERE);
	fixture_one_time(&here, CODE_PASS, ONE_TIME, LATER_S);
	is_picked(PICK_NONE, PICK_THERE);
	end();
	begin();
	fixture_device(&here);
	here.last_login.at_s = 1;
	is_picked(PICK_HERE, PICK_HERE);
	there.invited_until_s = LATER_S;
	is_picked(PICK_NONE, PICK_HERE);
	end();
}

Test(pick, record_that_says_nothing_gives_way)
{
	begin();
	fixture_one_time(&there, CODE_PASS, ONE_TIME, LATER_S);
	is_picked(PICK_THERE, PICK_THERE);
	end();
	begin();
	there.enrolled_once = true; /* blocked */
	is_picked(PICK_THERE, PICK_THERE);
	end();
	begin();
	there.last_device = 1;
	is_picked(PICK_THERE, PICK_THERE);
	end();
	begin();
	there.failures.known.count = 3;
	is_picked(PICK_THERE, PICK_THERE);
	end();
	begin();
	here.failures.other.spent = 40;
	is_picked(PICK_HERE, PICK_HERE);
	end();
}

Test(pick, grace_that_ends_sooner_stays)
{
	begin();
	is_picked(PICK_THERE, PICK_THERE);
	here.grace_started_s = 500;
	is_picked(PICK_HERE, PICK_HERE);
	there.grace_started_s = 400;
	is_picked(PICK_THERE, PICK_THERE);
	there.grace_started_s = 600;
	is_picked(PICK_HERE, PICK_HERE);
	end();
}

Test(pick, later_login_decides_if_it_is_asked_to)
{
	begin();
	fixture_device(&here);
	fixture_device(&there);
	is_picked(PICK_NONE, PICK_HERE);
	there.last_login.at_s = NOW_S;
	is_picked(PICK_NONE, PICK_THERE);
	end();
}

/* The old folder of a bastion would bring a lost phone back. */
Test(pick, device_that_was_taken_away_comes_back_by_no_login)
{
	begin();
	fixture_device(&here);
	there.enrolled_once = true;
	is_picked(PICK_NONE, PICK_TAKEN);
	there.enrolled_once = false;
	there.last_device = 2;
	is_picked(PICK_NONE, PICK_TAKEN);
	end();
	begin();
	fixture_device(&there);
	here.enrolled_once = true;
	is_picked(PICK_NONE, PICK_TAKEN);
	end();
}

Test(pick, record_of_somebody_who_was_blocked_stays)
{
	begin();
	there.enrolled_once = true;
	fixture_one_time(&here, CODE_PASS, ONE_TIME, LATER_S);
	is_picked(PICK_NONE, PICK_THERE);
	end();
}

Test(pick, knows_whose_device_goes)
{
	begin();
	cr_expect_not(pick_loses(&here, &there));
	fixture_device(&there);
	cr_expect(pick_loses(&here, &there));
	cr_expect_not(pick_loses(&there, &here));
	fixture_device(&here)->secret.bytes[0] ^= 1;
	cr_expect(pick_loses(&here, &there));
	fixture_device(&here)->secret = there.devices.items[0].secret;
	cr_expect_not(pick_loses(&here, &there));
	end();
}
