/* Each test runs in a child: the restrictions cannot be undone. */
#include "store/keeper/confine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define NOT_HERE 99

/* Runs a function in a child, which gets a folder.  Returns its exit status. */
static int
in_child(int (*what)(const char *folder), const char *folder)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(what(folder));
	return fixture_wait(pid);
}

static const struct {
	const char *name;
	long number;
} calls[] = {
    {"execve", SYS_execve},
    {"execveat", SYS_execveat},
    {"ptrace", SYS_ptrace},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"mount", SYS_mount},
    {"umount2", SYS_umount2},
    {"chroot", SYS_chroot},
    {"unshare", SYS_unshare},
    {"setns", SYS_setns},
    {"bpf", SYS_bpf},
    {"perf_event_open", SYS_perf_event_open},
    {"userfaultfd", SYS_userfaultfd},
    {"io_uring_setup", SYS_io_uring_setup},
    {"keyctl", SYS_keyctl},
    {"add_key", SYS_add_key},
    {"init_module", SYS_init_module},
    {"finit_module", SYS_finit_module},
    {"kexec_load", SYS_kexec_load},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"mknodat", SYS_mknodat},
    {"clock_settime", SYS_clock_settime},
    {"pivot_root", SYS_pivot_root},
    {"open_tree", SYS_open_tree},
    {"move_mount", SYS_move_mount},
    {"fsopen", SYS_fsopen},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fspick", SYS_fspick},
    {"mount_setattr", SYS_mount_setattr},
    {"io_uring_enter", SYS_io_uring_enter},
    {"io_uring_register", SYS_io_uring_register},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"process_madvise", SYS_process_madvise},
    {"quotactl", SYS_quotactl},
    {"quotactl_fd", SYS_quotactl_fd},
    {"kcmp", SYS_kcmp},
    {"adjtimex", SYS_adjtimex},
    {"clock_adjtime", SYS_clock_adjtime},
#ifdef SYS_clock_settime64
    {"clock_settime64", SYS_clock_settime64},
    {"clock_adjtime64", SYS_clock_adjtime64},
#endif
#ifdef SYS_stime
    {"stime", SYS_stime},
    {"umount", SYS_umount},
#endif
#ifdef SYS_iopl
    {"iopl", SYS_iopl},
    {"ioperm", SYS_ioperm},
    {"modify_ldt", SYS_modify_ldt},
#endif
#ifdef SYS_mknod
    {"mknod", SYS_mknod},
#endif
#ifdef SYS_kexec_file_load
    {"kexec_file_load", SYS_kexec_file_load},
#endif
};

/* Makes the call with arguments that fail for another reason than
 * permission. */
static int
first_not_refused(const char *folder)
{
	(void)folder;
	if (!keeper_confine_calls())
		return NOT_HERE;
	for (size_t i = 0; i < COUNT(calls); i++) {
		errno = 0;
		if (syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L) !=
			-1 ||
		    errno != EPERM)
			return (int)i + 1;
	}
	return 0;
}

Test(keeper_confine, refuses_calls_that_a_keeper_never_makes)
{
	int n = in_child(first_not_refused, NULL);

	if (n == NOT_HERE)
		cr_skip_test("no seccomp here");
	cr_expect_eq(n, 0, "%s",
	    n > 0 && n <= (int)COUNT(calls) ? calls[n - 1].name : "died");
}

#ifdef __x86_64__

/* Returns the signal that ends the child, or 0. */
static int
died_of(int (*what)(const char *folder))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(what(NULL));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The numbers of another ABI are other calls: 20 is getpid(2) of i386. */
static int
call_i386(const char *folder)
{
	long number = 20;

	(void)folder;
	if (!keeper_confine_calls())
		return NOT_HERE;
	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
	return 1;
}

static int
call_x32(const char *folder)
{
	(void)folder;
	if (!keeper_confine_calls())
		return NOT_HERE;
	syscall(0x40000000L + SYS_getpid);
	return 1;
}

/* A kernel without i386 ends the process by a signal of its own. */
Test(keeper_confine, kills_who_calls_by_another_abi)
{
	int sig = died_of(call_i386);

	cr_expect(sig == SIGSYS || sig == SIGSEGV, "%d", sig);
	cr_expect_eq(died_of(call_x32), SIGSYS);
}

#endif

/* Without the filter the program does not exist; with it, it may not be
 * started. */
static int
try_exec(const char *confine)
{
	char *const none[] = {NULL};

	if (confine != NULL && !keeper_confine_calls())
		return NOT_HERE;
	execve(NEVER_THERE, none, none);
	return errno;
}

static int
try_namespace(const char *folder)
{
	(void)folder;
	if (!keeper_confine_calls())
		return NOT_HERE;
	if (syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS, 0, 0, 0, 0) != -1)
		return 1;
	if (errno != EPERM || syscall(SYS_clone3, NULL, 0) != -1)
		return 2;
	return errno == ENOSYS ? 0 : 3;
}

/* The C library of i386 opens sockets by socketcall(2), which passes. */
static int
try_sockets(const char *folder)
{
	static const int good[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	static const int bad[] = {AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH};

	(void)folder;
	if (!keeper_confine_calls())
		return NOT_HERE;
	for (size_t i = 0; i < COUNT(good); i++)
		if (socket(good[i], SOCK_DGRAM, 0) < 0 && errno == EPERM)
			return (int)i + 1;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (syscall(SYS_socket, bad[i], SOCK_RAW, 0) >= 0 ||
		    errno != EAFNOSUPPORT)
			return (int)i + 11;
	return 0;
}

static void *
do_nothing(void *arg)
{
	return arg;
}

/* The calls of libc and of a name service's modules. */
static int
try_work(const char *folder)
{
	pthread_t thread;
	pid_t pid;

	(void)folder;
	if (!keeper_confine_calls())
		return NOT_HERE;
	if (getpwnam("root") == NULL)
		return 1;
	if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(7);
	return fixture_wait(pid) == 7 ? 0 : 3;
}

Test(keeper_confine, runs_no_program_and_makes_no_namespace)
{
	int n = in_child(try_exec, "confined");

	if (n == NOT_HERE)
		cr_skip_test("no seccomp here");
	cr_expect_eq(n, EPERM);
	cr_expect_eq(in_child(try_exec, NULL), ENOENT);
	cr_expect_eq(in_child(try_namespace, NULL), 0);
}

Test(keeper_confine, leaves_name_services_what_they_need)
{
	int n = in_child(try_work, NULL);

	if (n == NOT_HERE)
		cr_skip_test("no seccomp here");
	cr_expect_eq(n, 0, "step %d", n);
	n = in_child(try_sockets, NULL);
	cr_expect_eq(n, 0, "step %d", n);
}

static bool
can_write(const char *folder, const char *name)
{
	char path[FOLDER_MAX + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	if (write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0)
		return false;
	close(fd);
	return true;
}

static int
try_writes(const char *folder)
{
	char store[FOLDER_MAX + 8], other[FOLDER_MAX + 16];

	snprintf(store, sizeof(store), "%s/store", folder);
	snprintf(other, sizeof(other), "%s/elsewhere", folder);
	if (mkdir(store, 0700) != 0 || !can_write(folder, "elsewhere"))
		return 1;
	if (!keeper_confine_writes(store))
		return 2;
	if (!can_write(store, "a") || unlinkat(AT_FDCWD, other, 0) == 0 ||
	    errno != EACCES)
		return 3;
	if (can_write(folder, "elsewhere") || can_write(folder, "new"))
		return 4;
	if (truncate(other, 0) == 0 || open("/etc/passwd", O_RDONLY) < 0)
		return 5;
	return can_write("/tmp", "tfa-unit-never-written") ? 6 : 0;
}

Test(keeper_confine, writes_in_its_store_alone)
{
	char folder[FOLDER_MAX];
	int n;

	if (!keeper_can_confine_writes())
		cr_skip_test("no landlock here");
	fixture_folder(folder);
	n = in_child(try_writes, folder);
	fixture_remove(folder);
	cr_expect_eq(n, 0, "step %d", n);
}

static int
try_missing_store(const char *folder)
{
	(void)folder;
	return keeper_confine_writes(NEVER_THERE) ? 1 : errno;
}

Test(keeper_confine, says_where_there_is_no_store)
{
	if (!keeper_can_confine_writes())
		cr_skip_test("no landlock here");
	cr_expect_eq(in_child(try_missing_store, NULL), ENOENT);
}

static int
try_inherited(const char *folder)
{
	(void)folder;
	if (dup2(1, 9) != 9 || dup2(1, 4) != 4 || dup2(1, 3) != 3)
		return 1;
	close(0);
	keeper_close_inherited(4);
	if (fcntl(3, F_GETFD) < 0 || fcntl(4, F_GETFD) >= 0 ||
	    fcntl(9, F_GETFD) >= 0)
		return 2;
	return fcntl(0, F_GETFD) < 0 ? 3 : 0;
}

Test(keeper_confine, keeps_no_descriptor_that_it_was_left)
{
	cr_expect_eq(in_child(try_inherited, NULL), 0);
}

static int
try_closed_up(const char *folder)
{
	struct rlimit core, files;

	(void)folder;
	if (!keeper_close_up())
		return 1;
	keeper_limit_files(50);
	keeper_limit_files(100);
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0 ||
	    prctl(PR_GET_DUMPABLE) != 0)
		return 2;
	return getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur != 50;
}

Test(keeper_confine, leaves_no_core_and_has_few_descriptors)
{
	cr_expect_eq(in_child(try_closed_up, NULL), 0);
}
