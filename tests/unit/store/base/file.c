#include "store/base/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

struct scene {
	char path[FOLDER_MAX];
	int folder;
};

static struct scene
begin(void)
{
	struct scene s;

	fixture_folder(s.path);
	s.folder = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(s.folder, 0);
	return s;
}

static void
end(struct scene *s)
{
	close(s->folder);
	fixture_remove(s->path);
}

static enum fault
replace(struct scene *s, const char *text)
{
	return file_replace(s->folder, "a", ".a.new", 0640, (uid_t)-1,
	    (gid_t)-1, text, strlen(text));
}

static void
expect_content(struct scene *s, const char *name, const char *expected)
{
	int fd = openat(s->folder, name, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(file_read(fd, 100, &text, &len), FAULT_NONE);
	cr_expect_str_eq(text, expected);
	cr_expect_eq(len, strlen(expected));
	free(text);
	close(fd);
}

Test(file, replaces_a_file_whole)
{
	struct scene s = begin();
	struct stat st;

	cr_expect_eq(replace(&s, "one"), FAULT_NONE);
	expect_content(&s, "a", "one");
	cr_expect_eq(replace(&s, ""), FAULT_NONE);
	expect_content(&s, "a", "");
	cr_expect_eq(replace(&s, "three"), FAULT_NONE);
	expect_content(&s, "a", "three");
	cr_assert_eq(fstatat(s.folder, "a", &st, 0), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_expect_neq(faccessat(s.folder, ".a.new", F_OK, 0), 0);
	end(&s);
}

/* A file that a crash, or somebody, left under the temporary name. */
Test(file, is_not_misled_by_what_stands_at_the_new_name)
{
	struct scene s = begin();
	int fd = openat(s.folder, "victim", O_WRONLY | O_CREAT, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write(fd, "kept", 4), FAULT_NONE);
	close(fd);
	cr_assert_eq(symlinkat("victim", s.folder, ".a.new"), 0);
	cr_expect_eq(replace(&s, "one"), FAULT_NONE);
	cr_assert_eq(linkat(s.folder, "victim", s.folder, ".a.new", 0), 0);
	cr_expect_eq(replace(&s, "two"), FAULT_NONE);
	expect_content(&s, "victim", "kept");
	expect_content(&s, "a", "two");
	cr_assert_eq(mkdirat(s.folder, ".a.new", 0700), 0);
	cr_expect_eq(replace(&s, "three"), FAULT_IO);
	expect_content(&s, "a", "two");
	end(&s);
}

Test(file, leaves_the_old_one_where_it_cannot_be_replaced)
{
	struct scene s = begin();

	cr_assert_eq(mkdirat(s.folder, "a", 0700), 0);
	cr_assert_eq(mkdirat(s.folder, "a/b", 0700), 0);
	errno = 0;
	cr_expect_eq(replace(&s, "one"), FAULT_IO);
	cr_expect(errno == EISDIR || errno == ENOTEMPTY, "%d", errno);
	cr_expect_neq(faccessat(s.folder, ".a.new", F_OK, 0), 0);
	end(&s);
}

Test(file, reads_at_most_what_is_asked)
{
	struct scene s = begin();
	static const struct {
		size_t max;
		const char *text;
	} cases[] = {{0, ""}, {1, "o"}, {3, "one"}, {4, "one"}, {100, "one"}};

	cr_assert_eq(replace(&s, "one"), FAULT_NONE);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = openat(s.folder, "a", O_RDONLY | O_CLOEXEC);
		char *text = NULL;
		size_t len = 77;

		cr_assert_geq(fd, 0);
		cr_assert_eq(
		    file_read(fd, cases[i].max, &text, &len), FAULT_NONE);
		cr_expect_str_eq(text, cases[i].text);
		cr_expect_eq(len, strlen(cases[i].text));
		free(text);
		close(fd);
	}
	end(&s);
}

/* Reading begins with a small buffer, which grows. */
Test(file, reads_files_of_any_size)
{
	static const size_t sizes[] = {
	    4094, 4095, 4096, 8190, 8191, 16384, 100000};
	struct scene s = begin();
	char *sent = malloc(100001);

	cr_assert_not_null(sent);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		memset(sent, 'x', sizes[i]);
		sent[sizes[i] - 1] = 'e';
		sent[sizes[i]] = '\0';
		cr_assert_eq(replace(&s, sent), FAULT_NONE);
		for (size_t more = 0; more < 2; more++) {
			int fd = openat(s.folder, "a", O_RDONLY | O_CLOEXEC);
			char *text = NULL;
			size_t len = 0;

			cr_assert_eq(
			    file_read(fd, sizes[i] + more, &text, &len),
			    FAULT_NONE);
			cr_expect_eq(len, sizes[i]);
			cr_expect_str_eq(text, sent);
			free(text);
			close(fd);
		}
	}
	free(sent);
	end(&s);
}

/* A pipe passes a little at a time. */
Test(file, writes_and_reads_all_of_it_in_pieces)
{
	enum { MUCH = 300000 };
	char *text = NULL, *sent = malloc(MUCH);
	int pipes[2];
	size_t len = 0;
	pid_t pid;

	cr_assert_not_null(sent);
	for (size_t i = 0; i < MUCH; i++)
		sent[i] = (char)(i * 7);
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		_exit((int)file_write(pipes[1], sent, MUCH));
	}
	close(pipes[1]);
	cr_assert_eq(file_read(pipes[0], MUCH + 1, &text, &len), FAULT_NONE);
	cr_expect_eq(fixture_wait(pid), FAULT_NONE);
	cr_assert_eq(len, MUCH);
	cr_expect_eq(memcmp(text, sent, MUCH), 0);
	free(text);
	free(sent);
	close(pipes[0]);
}

Test(file, keeps_the_reason_of_a_failure)
{
	struct scene s = begin();
	char *text = NULL;
	size_t len = 77;

	errno = 0;
	cr_expect_eq(file_read(s.folder, 10, &text, &len), FAULT_IO);
	cr_expect_eq(errno, EISDIR);
	cr_expect_null(text);
	cr_expect_eq(file_write(-1, "x", 1), FAULT_IO);
	cr_expect_eq(errno, EBADF);
	end(&s);
}

Test(file, writes_syncs_renames_and_syncs_the_folder_in_this_order)
{
	struct scene s = begin();

	inject_trace_begin();
	cr_expect_eq(replace(&s, "one"), FAULT_NONE);
	cr_expect_str_eq(
	    inject_trace_end(), "openat write fsync renameat fsync ");
	end(&s);
}

/* Whichever call fails, the old file or the new one is there, whole, and no
 * other. */
Test(file, replaces_whole_or_not_at_all_where_a_step_fails)
{
	static const char *const steps[] = {
	    "openat", "fchmod", "write", "fsync", "renameat", "fsync"};
	struct scene s = begin();

	for (size_t i = 0; i < COUNT(steps); i++) {
		cr_assert_eq(replace(&s, "old"), FAULT_NONE);
		inject_arm((int)i + 1, EIO);
		cr_expect_eq(replace(&s, "new"), FAULT_IO, "%s", steps[i]);
		cr_expect(inject_disarm());
		cr_expect_str_eq(inject_failed(), steps[i]);
		expect_content(&s, "a", i < 5 ? "old" : "new");
		cr_expect_neq(faccessat(s.folder, ".a.new", F_OK, 0), 0);
	}
	end(&s);
}
