#include "admin/read.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(read_as, .timeout = 30);

/* 0, or the errno.  A file that is there has "key". */
static int
read_as_self(const char *path)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct keys_text file;

	cr_assert_not_null(pw);
	if (!read_keys_as(pw, path, KEYS_MS, keyfile_main_group, &file))
		return errno;
	cr_expect_str_eq(file.text, "key");
	free(file.text);
	return 0;
}

/* Sends a signal to each process that this one has started. */
static void
signal_children(int number)
{
	char path[64];
	FILE *file;
	int pid, count = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	while (file != NULL && fscanf(file, "%d", &pid) == 1) {
		cr_assert_eq(kill(pid, number), 0);
		count++;
	}
	if (file != NULL)
		fclose(file);
	cr_assert_eq(count, 1);
}

static void
expect_answers(const char *folder)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/there", folder);
	cr_expect_eq(read_as_self(path), 0);
	snprintf(path, sizeof(path), "%s/none", folder);
	cr_expect_eq(read_as_self(path), ENOENT);
	snprintf(path, sizeof(path), "%s/there/none", folder);
	cr_expect_eq(read_as_self(path), ENOTDIR);
	cr_expect_eq(read_as_self(folder), EINVAL);
}

/* The process that is asked for a file may be slow, or gone. */
Test(read_as, answers_are_the_same_without_the_looker)
{
	char folder[] = "/tmp/read.XXXXXX", path[100];
	FILE *file;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/there", folder);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs("key", file);
	fclose(file);
	cr_assert_eq(chmod(folder, 0755), 0);
	expect_answers(folder);
	signal_children(SIGSTOP);
	expect_answers(folder);
	expect_answers(folder);
	unlink(path);
	rmdir(folder);
}

Test(read_as, answers_are_the_same_where_the_looker_is_killed)
{
	cr_expect_eq(read_as_self("/nonexistent/none"), ENOENT);
	signal_children(SIGKILL);
	cr_expect_eq(read_as_self("/nonexistent/none"), ENOENT);
	cr_expect_eq(read_as_self("/nonexistent/none"), ENOENT);
}
