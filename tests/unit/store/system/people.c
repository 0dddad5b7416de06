#include "store/system/people.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

/* Everyone in passwd, as getpwnam(3) finds them. */
Test(people, are_whom_passwd_has)
{
	struct people people;
	int left = 1000;

	cr_assert_eq(people_read(&people), FAULT_NONE);
	cr_assert_gt(people.list.count, 1);
	for (size_t i = 0; i < people.list.count && left-- > 0; i++) {
		const struct person *person = &people.list.items[i];
		const struct passwd *pw = getpwnam(person->name);
		uid_t uid = 77;
		gid_t gid = 77;

		cr_assert_not_null(pw);
		cr_assert_eq(people_look_up(&people, person->name, &uid, &gid),
		    FAULT_NONE);
		cr_expect_eq(uid, pw->pw_uid, "%s", person->name);
		cr_expect_eq(gid, pw->pw_gid, "%s", person->name);
	}
	people_done(&people);
	cr_expect_eq(people.list.count, 0);
}

/* A directory service that does not list its users still knows them. */
Test(people, who_are_not_listed_are_looked_up)
{
	struct people people = {.whole = false};
	const struct passwd *root = getpwuid(0);
	char name[USER_TEXT];
	uid_t uid = 77;
	gid_t gid = 77;

	cr_assert_not_null(root);
	snprintf(name, sizeof(name), "%s", root->pw_name);
	cr_expect_eq(people_look_up(&people, name, &uid, &gid), FAULT_NONE);
	cr_expect_eq(uid, 0);
	cr_expect_eq(
	    people_look_up(&people, "no-such-user", &uid, &gid), FAULT_ABSENT);
	cr_assert_eq(people_read(&people), FAULT_NONE);
	cr_expect_eq(
	    people_look_up(&people, "no-such-user", &uid, &gid), FAULT_ABSENT);
	cr_expect_eq(people_look_up(&people, "", &uid, &gid), FAULT_ABSENT);
	people_done(&people);
}

Test(people, with_an_id_of_the_system_are_daemons)
{
	struct people people;
	size_t daemons = 0;

	cr_assert_eq(people_read(&people), FAULT_NONE);
	for (size_t i = 0; i < people.list.count; i++) {
		const struct person *person = &people.list.items[i];

		daemons += person->daemon;
		if (person->uid < 1000 || person->uid == UID_NOBODY)
			cr_expect(person->daemon, "%s", person->name);
	}
	cr_expect_gt(daemons, 0);
	people_done(&people);
}

/* "Out of descriptors" is not "there is nobody else". */
Test(people, are_not_listed_in_part)
{
	static const struct {
		int error;
		enum fault fault;
	} ends[] = {{ENOMEM, FAULT_MEMORY}, {EMFILE, FAULT_IO}, {EIO, FAULT_IO},
	    {ENOENT, FAULT_NONE}, {ECONNREFUSED, FAULT_NONE}};

	for (size_t i = 0; i < COUNT(ends); i++) {
		struct people people = {.list = {NULL, 77}};

		inject_arm_call("getpwent", 2, ends[i].error);
		cr_expect_eq(people_read(&people), ends[i].fault, "%s",
		    strerror(ends[i].error));
		cr_expect(inject_disarm());
		cr_expect_eq(
		    people.list.count, ends[i].fault == FAULT_NONE ? 1 : 77);
		if (ends[i].fault == FAULT_NONE)
			people_done(&people);
	}
}

/* While a directory is down nobody can say who is gone. */
Test(people, are_gone_only_if_every_service_says_so)
{
	static const struct people nobody;

	cr_expect_eq(people_exists(&nobody, "root"), FAULT_NONE);
	cr_expect_eq(people_exists(&nobody, "no-such-user"), FAULT_ABSENT);
	cr_expect_eq(people_exists(&nobody, ""), FAULT_ABSENT);
}
