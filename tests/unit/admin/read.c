#include "admin/read.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A time limit of zero always ends in a time-out, and no reader is left. */
Test(read, gives_up_on_a_users_file_in_time)
{
	const struct passwd *pw = getpwuid(geteuid());
	size_t len = 7;

	cr_assert_not_null(pw);
	errno = 0;
	cr_assert_null(read_whole_as(pw, "/etc/passwd", 0, &len));
	cr_assert_eq(errno, ETIMEDOUT);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
	cr_assert_eq(errno, ECHILD);
}

Test(read, cuts_no_file)
{
	char path[] = "/tmp/tfa-unit.XXXXXX";
	int fd = mkstemp(path);
	char *text;

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, READ_MAX), 0);
	text = read_whole(path);
	cr_expect_not_null(text);
	free(text);
	cr_assert_eq(ftruncate(fd, READ_MAX + 1), 0);
	errno = 0;
	cr_expect_null(read_whole(path));
	cr_expect_eq(errno, EFBIG);
	cr_expect_null(read_whole("/dev/null"));
	cr_expect_eq(errno, EINVAL);
	close(fd);
	unlink(path);
}

/* A file that root takes for its own must be nobody else's, and no link. */
Test(read, takes_only_the_callers_own)
{
	char folder[] = "/tmp/tfa-unit.XXXXXX";
	char path[64], link[64], through[80];
	char *text;
	size_t len = 0;
	int fd;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(through, sizeof(through), "%s/file", link);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, "a\0b", 3), 3);
	close(fd);
	cr_assert_eq(symlink(path, link), 0);
	text = read_whole_own(path, &len);
	cr_assert_not_null(text);
	cr_expect_eq(len, 3);
	free(text);
	cr_expect_null(read_whole_own(link, &len));
	cr_expect_eq(errno, ELOOP);
	unlink(link);
	cr_assert_eq(symlink(folder, link), 0);
	cr_expect_null(read_whole_own(through, &len));
	cr_expect_eq(errno, ELOOP);
	if (geteuid() == 0) {
		cr_assert_eq(chown(path, 1, 1), 0);
		cr_expect_null(read_whole_own(path, &len));
		cr_expect_eq(errno, EACCES);
	}
	unlink(link);
	unlink(path);
	rmdir(folder);
}

/* A file that the gate takes for empty, or refuses, is read alike here. */
Test(read, reads_a_file_of_keys_as_the_gate_does)
{
	static const char *const names[] = {"/dev/null", "/nonexistent",
	    "/etc/passwd", "/etc", "/a/%x", "/proc/none/x", "/dev/zero"};
	struct keypath_user user = {.name = "root", .home = "/root"};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct keyfile ours = {.text = NULL}, theirs = {.text = NULL};
		char why[WHY_TEXT] = "", other[WHY_TEXT] = "";
		enum fault fault = keyfile_read(&user, names[i], &ours, why);

		cr_expect_eq(read_keyfile_as(&user, names[i], &theirs, other),
		    fault, "%s", names[i]);
		cr_expect_eq(
		    ours.text == NULL, theirs.text == NULL, "%s", names[i]);
		cr_expect_eq(ours.sound, theirs.sound, "%s", names[i]);
		if (ours.text != NULL && theirs.text != NULL)
			cr_expect_str_eq(ours.text, theirs.text);
		if (fault == FAULT_NONE)
			cr_expect_str_eq(ours.path, theirs.path);
		cr_expect_str_eq(why, other);
		keyfile_done(&ours);
		keyfile_done(&theirs);
	}
}

/* A file of keys is as large as the gate takes it, and no larger. */
Test(read, reads_as_many_keys_as_the_gate)
{
	char path[] = "/tmp/tfa-unit.XXXXXX";
	struct passwd pw = {.pw_name = (char *)"root", .pw_dir = (char *)"/"};
	struct keys_text keys;
	int fd = mkstemp(path);

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, KEYS_FILE_MAX), 0);
	cr_assert(read_keys_as(&pw, path, KEYS_MS, keyfile_main_group, &keys));
	cr_expect_eq(keys.len, KEYS_FILE_MAX);
	free(keys.text);
	cr_assert_eq(ftruncate(fd, KEYS_FILE_MAX + 1), 0);
	errno = 0;
	cr_expect_not(
	    read_keys_as(&pw, path, KEYS_MS, keyfile_main_group, &keys));
	cr_expect_eq(errno, EFBIG);
	close(fd);
	unlink(path);
}
