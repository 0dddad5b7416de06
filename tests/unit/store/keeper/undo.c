/* Devices that are taken back from a record, if nobody could be told of
 * them. */
#include "store/keeper/undo.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/core/enroll.h"
#include "store/core/login.h"
#include "tests/unit/fixture.h"

struct scene {
	struct record record;
	struct undo undo;
};

static struct import_account
account_of(const char *secret)
{
	struct import_account account = {.algorithm = OTP_SHA1,
	    .digits = 6,
	    .period_s = 30,
	    .secret.len = strlen(secret)};

	memcpy(account.secret.bytes, secret, strlen(secret));
	return account;
}

/* Two devices come to the one that the record has. */
static struct scene
begin(void)
{
	struct import_account more = account_of("another secret here");
	struct import import = {.first = account_of("a secret of an import"),
	    .more = {.count = 1, .items = &more}};
	struct imported added;
	struct scene s = {.undo = {.before = NULL}};

	fixture_record(&s.record);
	fixture_device(&s.record);
	cr_assert(undo_before(&s.undo, &s.record));
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_assert(undo_after(&s.undo, &s.record));
	cr_assert_eq(s.record.devices.count, 3);
	return s;
}

static void
end(struct scene *s)
{
	record_done(&s->record);
	undo_done(&s->undo);
}

static enum change
undo(struct scene *s)
{
	return undo_devices(&s->undo, &s->record, NOW_S + 1);
}

Test(undo, brings_back_a_record_that_nobody_changed)
{
	scoped_json_text char *text = NULL;
	struct scene s = begin();

	cr_expect_eq(undo(&s), CHANGE_WRITE);
	cr_assert_eq(record_format(&s.record, &text), FAULT_NONE);
	cr_expect_str_eq(text, s.undo.before);
	/* An engine may ask for the change again, of another record. */
	cr_expect_eq(undo(&s), CHANGE_NONE);
	cr_expect_eq(s.record.devices.count, 1);
	end(&s);
}

Test(undo, takes_each_new_device_from_a_record_that_was_changed)
{
	struct scene s = begin();

	s.record.skipped_s = NOW_S;
	cr_expect_eq(undo(&s), CHANGE_WRITE);
	cr_expect_eq(s.record.devices.count, 1);
	cr_expect_str_eq(s.record.devices.items[0].id, "d1");
	cr_expect_eq(s.record.skipped_s, NOW_S);
	cr_expect_eq(undo(&s), CHANGE_NONE);
	end(&s);
}

/* The id of a removed device may be given again. */
Test(undo, leaves_a_device_that_only_has_the_id_of_a_new_one)
{
	struct scene s = begin();

	s.record.devices.items[1].secret.bytes[0] ^= 1;
	cr_expect_eq(undo(&s), CHANGE_WRITE);
	cr_expect_eq(s.record.devices.count, 2);
	cr_expect_str_eq(s.record.devices.items[1].id, "d2");
	end(&s);
}

/* Without a device a user who is blocked would look like a new one. */
Test(undo, leaves_a_user_blocked_who_was)
{
	struct scene s = {.undo = {.before = NULL}};
	struct import import = {.first = account_of("a secret of an import")};
	struct imported added;

	fixture_record(&s.record);
	fixture_device(&s.record);
	enroll_revoke(&s.record, true, NOW_S);
	cr_assert(login_is_blocked(&s.record));
	cr_assert(undo_before(&s.undo, &s.record));
	cr_assert_eq(
	    enroll_import(&s.record, &import, NOW_S, &added), FAULT_NONE);
	cr_assert(undo_after(&s.undo, &s.record));
	s.record.skipped_s = NOW_S;
	cr_expect_eq(undo(&s), CHANGE_WRITE);
	cr_expect(login_is_blocked(&s.record));
	end(&s);
}

Test(undo, of_no_change_changes_nothing)
{
	struct scene s = {.undo = {.before = NULL}};

	fixture_record(&s.record);
	fixture_device(&s.record);
	cr_expect_eq(undo(&s), CHANGE_NONE);
	cr_assert(undo_before(&s.undo, &s.record));
	cr_expect_eq(undo(&s), CHANGE_NONE);
	cr_expect_eq(s.record.devices.count, 1);
	end(&s);
}
