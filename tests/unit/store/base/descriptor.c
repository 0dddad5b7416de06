/* Each rule holds with the kernel's own call, and where that is missing or
 * refused. */
#include "store/base/descriptor.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

static const struct {
	const char *path;
	int error;
} paths[] = {
    {"file", 0},
    {"folder/file", 0},
    {"folder//./file", 0},
    {"folder/../folder/file", 0},
    {"folder/", 0},
    {"/etc/passwd", 0},
    {"/", 0},
    {".", 0},
    {"", ENOENT},
    {"none", ENOENT},
    {"none/file", ENOENT},
    {"file/file", ENOTDIR},
    {"file/", ENOTDIR},
    {"link-to-file", ELOOP},
    {"link-to-folder", ELOOP},
    {"link-to-folder/file", ELOOP},
    {"link-to-folder/", ELOOP},
    {"folder/../link-to-folder/file", ELOOP},
    {"folder/link-to-above/file", ELOOP},
    {"/proc/self/cwd/file", ELOOP},
    {"/proc/thread-self/root/etc/passwd", ELOOP},
};

static void
make_files(char folder[static FOLDER_MAX])
{
	fixture_folder(folder);
	cr_assert_eq(chdir(folder), 0);
	cr_assert_eq(mkdir("folder", 0700), 0);
	close(creat("file", 0600));
	close(creat("folder/file", 0600));
	cr_assert_eq(symlink("file", "link-to-file"), 0);
	cr_assert_eq(symlink("folder", "link-to-folder"), 0);
	cr_assert_eq(symlink("..", "folder/link-to-above"), 0);
}

static void
check_paths(const char *how)
{
	char longest[300];

	for (size_t i = 0; i < COUNT(paths); i++) {
		int fd = descriptor_open_no_link(
		    paths[i].path, O_RDONLY | O_CLOEXEC);

		cr_expect_eq(fd >= 0 ? 0 : errno, paths[i].error, "%s: %s: %s",
		    how, paths[i].path, fd >= 0 ? "open" : strerror(errno));
		cr_expect(fd < 0 || fcntl(fd, F_GETFD) == FD_CLOEXEC);
		close(fd);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_expect_lt(descriptor_open_no_link(longest, O_RDONLY), 0);
	cr_expect_eq(errno, ENAMETOOLONG, "%s", how);
}

static void
check_links(const char *how, int error)
{
	char folder[FOLDER_MAX];

	if (error != 0 && !fixture_refuse_call(SYS_openat2, error))
		cr_skip_test("no seccomp here");
	make_files(folder);
	check_paths(how);
	cr_assert_eq(chdir("/"), 0);
	fixture_remove(folder);
}

Test(descriptor, follows_no_link)
{
	check_links("openat2", 0);
}

Test(descriptor, follows_no_link_on_an_old_kernel)
{
	check_links("without openat2", ENOSYS);
}

Test(descriptor, follows_no_link_where_a_container_refuses_the_call)
{
	check_links("openat2 refused", EPERM);
}

/* Many, and with gaps: /proc lists a few hundred at once. */
static void
check_closes(void)
{
	int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int first = fcntl(kept, F_DUPFD_CLOEXEC, 50);

	for (int i = 0; i < 900; i++)
		cr_assert_geq(fcntl(kept, F_DUPFD_CLOEXEC, 51 + i % 7), 0);
	cr_assert(descriptor_close_from(first + 1));
	cr_expect_geq(fcntl(kept, F_GETFD), 0);
	cr_expect_geq(fcntl(first, F_GETFD), 0);
	for (int i = first + 1; i < 1024; i++)
		cr_assert_lt(fcntl(i, F_GETFD), 0, "%d is open", i);
	cr_assert(descriptor_close_from(first));
	cr_expect_lt(fcntl(first, F_GETFD), 0);
	cr_expect_geq(fcntl(kept, F_GETFD), 0);
}

Test(descriptor, closes_all_from_a_number_on)
{
	check_closes();
}

Test(descriptor, closes_all_on_an_old_kernel)
{
	if (!fixture_refuse_call(SYS_close_range, ENOSYS))
		cr_skip_test("no seccomp here");
	check_closes();
}

/* Also while no descriptor is left to list them with. */
Test(descriptor, closes_all_of_a_full_table)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), last = null;

	if (!fixture_refuse_call(SYS_close_range, ENOSYS))
		cr_skip_test("no seccomp here");
	for (int fd = null; fd >= 0; fd = dup(null))
		last = fd;
	cr_assert_eq(errno, EMFILE);
	cr_assert(descriptor_close_from(null + 1));
	cr_expect_geq(fcntl(null, F_GETFD), 0);
	cr_expect_lt(fcntl(last, F_GETFD), 0);
}

Test(descriptor, says_if_it_cannot_close_all)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		cr_skip_test("needs root");
	if (!fixture_refuse_call(SYS_close_range, ENOSYS))
		cr_skip_test("no seccomp here");
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("tmpfs", "/proc", "tmpfs", 0, NULL), 0);
	cr_expect_not(descriptor_close_from(50));
	cr_expect_eq(errno, ENOENT);
	/* A search for leaks reads it at the end. */
	cr_assert_eq(umount("/proc"), 0);
}
