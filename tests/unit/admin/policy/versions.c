#include "admin/policy/versions.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "store/base/file.h"
#include "tests/unit/fixture.h"

struct scene_of {
	char folder[FOLDER_MAX], policy[FOLDER_MAX + 16];
	struct lockfile lockfile;
};

static void
scene_begin(struct scene_of *s)
{
	fixture_folder(s->folder);
	snprintf(s->policy, sizeof(s->policy), "%s/policy.json", s->folder);
	cr_assert_eq(lockfile_open(s->policy, 0, &s->lockfile), ADMIN_DONE);
}

static void
scene_end(struct scene_of *s)
{
	lockfile_close(&s->lockfile);
	fixture_remove(s->folder);
}

static void
put(struct scene_of *s, const char *text, size_t len)
{
	cr_assert_eq(lockfile_store(&s->lockfile, "", text, len), ADMIN_DONE);
}

static int
prepare_text(struct scene_of *s, const char *text, size_t len)
{
	struct version version = {.at_s = 1793491200,
	    .by = "carla",
	    .what = "enforce \"x\"",
	    .text = (char *)(uintptr_t)text,
	    .len = len};

	return versions_prepare(&s->lockfile, &version);
}

static void
change_to(struct scene_of *s, const char *text)
{
	size_t len = strlen(text);

	cr_assert_eq(versions_settle(&s->lockfile), ADMIN_DONE);
	cr_assert_eq(prepare_text(s, text, len), ADMIN_DONE);
	put(s, text, len);
	cr_assert_eq(versions_commit(&s->lockfile), ADMIN_DONE);
}

/* The numbers that are kept, and the newest text. */
static void
expect_kept(struct scene_of *s, int64_t first, int64_t last, const char *text)
{
	struct version version;
	struct versions versions;

	cr_assert_eq(versions_list(&s->lockfile, &versions), ADMIN_DONE);
	cr_assert_eq(versions.numbers.count, (size_t)(last - first + 1));
	for (size_t i = 0; i < versions.numbers.count; i++)
		cr_expect_eq(versions.numbers.items[i], first + (int64_t)i);
	versions_done(&versions);
	cr_assert_eq(versions_read(&s->lockfile, last, &version), ADMIN_DONE);
	cr_expect_str_eq(version.text, text);
	version_done(&version);
}

Test(versions, keep_ten_beside_the_one_in_force)
{
	struct version version;
	struct scene_of s;
	char text[32];

	scene_begin(&s);
	put(&s, "first", 5);
	for (int i = 1; i <= 30; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		change_to(&s, text);
	}
	expect_kept(&s, 21, 31, "text 30");
	cr_assert_eq(versions_read(&s.lockfile, 21, &version), ADMIN_DONE);
	cr_expect_str_eq(version.text, "text 20");
	cr_expect_str_eq(version.by, "carla");
	cr_expect_str_eq(version.what, "enforce \"x\"");
	cr_expect_eq(version.at_s, 1793491200);
	version_done(&version);
	cr_expect_eq(versions_read(&s.lockfile, 20, &version), ADMIN_NOT);
	scene_end(&s);
}

/* A policy that an editor or a playbook put there is kept like the rest. */
Test(versions, keep_what_was_put_there_by_hand)
{
	static const char bytes[] = "\xff\xfe{\0}\0\n\n x";
	struct version version;
	struct scene_of s;

	scene_begin(&s);
	change_to(&s, "one");
	put(&s, bytes, sizeof(bytes));
	change_to(&s, "two");
	expect_kept(&s, 1, 3, "two");
	cr_assert_eq(versions_read(&s.lockfile, 2, &version), ADMIN_DONE);
	cr_assert_eq(version.len, sizeof(bytes));
	cr_expect_eq(memcmp(version.text, bytes, sizeof(bytes)), 0);
	cr_expect_str_eq(version.by, "");
	version_done(&version);
	scene_end(&s);
}

/* A kill before the policy is replaced, and one after it. */
Test(versions, settle_what_a_kill_left)
{
	struct scene_of s;

	scene_begin(&s);
	change_to(&s, "one");
	cr_assert_eq(prepare_text(&s, "never", 5), ADMIN_DONE);
	cr_assert_eq(versions_settle(&s.lockfile), ADMIN_DONE);
	expect_kept(&s, 1, 1, "one");
	cr_assert_eq(prepare_text(&s, "two", 3), ADMIN_DONE);
	put(&s, "two", 3);
	cr_assert_eq(versions_settle(&s.lockfile), ADMIN_DONE);
	expect_kept(&s, 1, 2, "two");
	cr_assert_eq(versions_settle(&s.lockfile), ADMIN_DONE);
	expect_kept(&s, 1, 2, "two");
	scene_end(&s);
}

Test(versions, have_the_mode_of_the_policy)
{
	struct scene_of s;
	struct stat st;

	scene_begin(&s);
	put(&s, "zero", 4);
	cr_assert_eq(chmod(s.policy, 0600), 0);
	change_to(&s, "one");
	cr_assert_eq(
	    fstatat(s.lockfile.folder, ".policy.json.was.2", &st, 0), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	scene_end(&s);
}

/* Files of other names, and files that are no version. */
Test(versions, take_no_other_file_for_one)
{
	static const char *const names[] = {".policy.json.was.0",
	    ".policy.json.was.01", ".policy.json.was.1x", ".policy.json.was.",
	    ".policy.json.was.12345678901", "policy.json.was.1"};
	struct version version;
	struct versions versions;
	struct scene_of s;

	scene_begin(&s);
	for (size_t i = 0; i < COUNT(names); i++)
		cr_assert_eq(file_put(s.lockfile.folder, names[i], "new", 0600,
				 (uid_t)-1, (gid_t)-1, "x", 1),
		    FAULT_NONE);
	cr_assert_eq(versions_list(&s.lockfile, &versions), ADMIN_DONE);
	cr_expect_eq(versions.numbers.count, 0);
	versions_done(&versions);
	cr_assert_eq(file_put(s.lockfile.folder, ".policy.json.was.5", "new",
			 0600, (uid_t)-1, (gid_t)-1, "no line", 7),
	    FAULT_NONE);
	cr_expect_eq(versions_read(&s.lockfile, 5, &version), ADMIN_NOT);
	scene_end(&s);
}
