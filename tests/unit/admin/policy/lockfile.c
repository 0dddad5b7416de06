#include "admin/admin.h"
#include "admin/policy/lockfile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

/* Has said() see what is written from here on. */
static void
listen_to_words(void)
{
	int words = memfd_create("said", 0);

	cr_assert_geq(dup2(words, STDERR_FILENO), 0);
	close(words);
}

/* The words of admin_say(). */
static const char *
said(void)
{
	static char text[1024];
	ssize_t n;

	fflush(stderr);
	n = pread(STDERR_FILENO, text, sizeof(text) - 1, 0);
	cr_assert_geq(n, 0);
	text[n] = '\0';
	return text;
}

struct scene {
	char folder[FOLDER_MAX];
	char policy[FOLDER_MAX + 16];
	struct lockfile lockfile;
};

static void
begin(struct scene *s)
{
	listen_to_words();
	fixture_folder(s->folder);
	snprintf(s->policy, sizeof(s->policy), "%s/policy.json", s->folder);
	cr_assert_eq(lockfile_open(s->policy, 0, &s->lockfile), ADMIN_DONE);
}

static void
end(struct scene *s)
{
	lockfile_close(&s->lockfile);
	fixture_remove(s->folder);
}

static int
store(struct scene *s, const char *text)
{
	return lockfile_store(&s->lockfile, "", text, strlen(text));
}

static void
expect_content(struct scene *s, const char *expected)
{
	int fd = open(s->policy, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;

	cr_assert_geq(fd, 0);
	cr_assert_eq(file_read(fd, 100, &text, &len), FAULT_NONE);
	cr_expect_str_eq(text, expected);
	free(text);
	close(fd);
}

/* Group 1 only if we may give a file to it. */
Test(lockfile, keeps_mode_and_owner)
{
	gid_t group = geteuid() == 0 ? 1 : getegid();
	struct scene s;
	struct stat st;

	begin(&s);
	cr_expect_eq(store(&s, "one"), ADMIN_DONE);
	cr_assert_eq(stat(s.policy, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0644);
	cr_assert_eq(chown(s.policy, (uid_t)-1, group), 0);
	cr_assert_eq(chmod(s.policy, 0640), 0);
	cr_expect_eq(store(&s, "two"), ADMIN_DONE);
	expect_content(&s, "two");
	cr_assert_eq(stat(s.policy, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_expect_eq(st.st_gid, group);
	end(&s);
}

Test(lockfile, leaves_the_old_policy_where_a_step_fails)
{
	static const char *const steps[] = {
	    "openat", "fchmod", "write", "fsync", "renameat"};
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < COUNT(steps); i++) {
		cr_assert_eq(store(&s, "old"), ADMIN_DONE);
		inject_arm((int)i + 1, ENOSPC);
		cr_expect_eq(store(&s, "new"), ADMIN_NOT, "%s", steps[i]);
		cr_expect(inject_disarm());
		cr_expect_str_eq(inject_failed(), steps[i]);
		cr_expect_not_null(
		    strstr(said(), "policy.json: No space"), "%s", said());
		expect_content(&s, "old");
	}
	end(&s);
}

/* The next login uses the new policy: "failed" would be wrong. */
Test(lockfile, says_of_a_policy_that_is_in_force_that_it_is)
{
	struct scene s;

	begin(&s);
	cr_assert_eq(store(&s, "old"), ADMIN_DONE);
	inject_arm(6, EIO);
	cr_expect_eq(store(&s, "new"), ADMIN_DONE);
	cr_expect(inject_disarm());
	cr_expect_str_eq(inject_failed(), "fsync");
	cr_expect_not_null(
	    strstr(said(), "policy.json: changed, but"), "%s", said());
	expect_content(&s, "new");
	end(&s);
}

Test(lockfile, names_what_is_in_the_way)
{
	char path[FOLDER_MAX + 32];
	struct lockfile other;
	struct scene s;

	begin(&s);
	cr_assert_eq(store(&s, "old"), ADMIN_DONE);
	snprintf(path, sizeof(path), "%s/.policy.json.new", s.folder);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_expect_eq(store(&s, "new"), ADMIN_NOT);
	cr_expect_not_null(strstr(said(), path), "%s", said());
	cr_expect_not_null(strstr(said(), "move it away"), "%s", said());
	expect_content(&s, "old");
	snprintf(path, sizeof(path), "%s/.policy.json.lock", s.folder);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink("victim", path), 0);
	cr_expect_eq(lockfile_open(s.policy, 0, &other), ADMIN_NOT);
	cr_expect_not_null(strstr(said(), path), "%s", said());
	lockfile_close(&other);
	end(&s);
}

/* A file that it left there would lie in somebody else's folder. */
Test(lockfile, leaves_nothing_in_a_folder_of_others)
{
	static const struct {
		uid_t owner;
		mode_t mode;
	} cases[] = {{0, 0777}, {0, 0775}, {1, 0755}, {1, 0777}};
	char folder[FOLDER_MAX], path[FOLDER_MAX + 32];
	struct lockfile lockfile;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	listen_to_words();
	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/policy.json", folder);
	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_assert_eq(chown(folder, cases[i].owner, 0), 0);
		cr_assert_eq(chmod(folder, cases[i].mode), 0);
		cr_expect_eq(
		    lockfile_open(path, 0, &lockfile), ADMIN_NOT, "%zu", i);
		lockfile_close(&lockfile);
		cr_expect_not_null(
		    strstr(said(), "must belong to root"), "%s", said());
	}
	/* A user who could write there, but does not own the folder, is told
	 * so. */
	cr_assert_eq(chown(folder, 0, 0), 0);
	cr_expect_eq(seteuid(1), 0);
	cr_expect_eq(lockfile_open(path, 0, &lockfile), ADMIN_NOT_ALLOWED);
	lockfile_close(&lockfile);
	cr_expect_eq(seteuid(0), 0);
	/* This fails if anything is left in it. */
	cr_expect_eq(rmdir(folder), 0, "%s", strerror(errno));
}

Test(lockfile, is_busy_while_somebody_else_has_it)
{
	struct scene s;
	struct lockfile other;
	time_t began;

	begin(&s);
	cr_expect_eq(lockfile_open(s.policy, 0, &other), ADMIN_NOT);
	cr_expect_not_null(strstr(said(), "busy"), "%s", said());
	lockfile_close(&other);
	began = time(NULL);
	cr_expect_eq(lockfile_open(s.policy, 3, &other), ADMIN_NOT);
	cr_expect_geq(time(NULL), began + 2);
	cr_expect_leq(time(NULL), began + 10);
	cr_expect_not_null(strstr(said(), "busy"), "%s", said());
	lockfile_close(&other);
	end(&s);
}

Test(lockfile, is_had_as_soon_as_it_is_free)
{
	struct scene s;
	struct lockfile other;
	pid_t pid;

	begin(&s);
	pid = fork();
	if (pid == 0) {
		/* The lock belongs to the open file: it ends with it. */
		usleep(2500 * 1000);
		_exit(0);
	}
	lockfile_close(&s.lockfile);
	cr_expect_eq(lockfile_open(s.policy, 30, &other), ADMIN_DONE);
	cr_expect_not_null(strstr(said(), "waiting"), "%s", said());
	cr_expect_eq(fixture_wait(pid), 0);
	cr_assert_eq(lockfile_store(&other, "", "new", 3), ADMIN_DONE);
	expect_content(&s, "new");
	lockfile_close(&other);
	fixture_remove(s.folder);
}
