#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/descriptor.h"
#include "store/keeper/confine.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define X32_BIT    0x40000000U
#define NAMESPACES 0x7e020000U /* CLONE_NEW* */

/* Some kernel headers are older than these. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#ifdef ARCH

static const uint32_t refused[] = {
    /* other programs, other processes */
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd, SYS_process_madvise,
    /* mounts and namespaces */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns,
    SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
    SYS_fspick, SYS_mount_setattr,
    /* the kernel's own doors */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
    SYS_io_uring_enter, SYS_io_uring_register, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_kexec_load, SYS_kexec_file_load, SYS_personality, SYS_name_to_handle_at,
    SYS_open_by_handle_at, SYS_fanotify_init, SYS_mknodat, SYS_quotactl,
    SYS_syslog, SYS_acct, SYS_swapon, SYS_swapoff, SYS_reboot, SYS_sethostname,
    SYS_setdomainname, SYS_vhangup,
    /* clocks */
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
#ifdef SYS_mknod
    SYS_mknod, SYS_iopl, SYS_ioperm, SYS_modify_ldt
#endif
};

#define REFUSED (sizeof(refused) / sizeof(refused[0]))
#define AT(member) \
	BPF_STMT(  \
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF_IS(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define IF_HAS(bits, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), yes, no)
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))

/* Comes before the list: refuses another ABI, which has other numbers;
 * namespaces by clone(2); clone3(2), whose flags cannot be seen, and which libc
 * does without; sockets of kinds that no name service uses. */
static const struct sock_filter first[] = {
    AT(arch),
    IF_IS(ARCH, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    AT(nr),
#ifdef __x86_64__
    IF_HAS(X32_BIT, 0, 1),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
#endif
    IF_IS(SYS_clone3, 0, 1),
    REFUSE(ENOSYS),
    IF_IS(SYS_clone, 0, 4),
    AT(args[0]),
    IF_HAS(NAMESPACES, 0, 1),
    REFUSE(EPERM),
    ANSWER(SECCOMP_RET_ALLOW),
    IF_IS(SYS_socket, 0, 7),
    AT(args[0]),
    IF_IS(AF_UNIX, 3, 0),
    IF_IS(AF_INET, 2, 0),
    IF_IS(AF_INET6, 1, 0),
    IF_IS(AF_NETLINK, 0, 1),
    ANSWER(SECCOMP_RET_ALLOW),
    REFUSE(EAFNOSUPPORT),
};

#define FIRST (sizeof(first) / sizeof(first[0]))

bool
keeper_confine_calls(void)
{
	struct sock_filter all[FIRST + 2 * REFUSED + 1];
	struct sock_fprog program = {.filter = all};
	unsigned short n = 0;

	while (n < FIRST) {
		all[n] = first[n];
		n++;
	}
	for (size_t i = 0; i < REFUSED; i++) {
		all[n++] = (struct sock_filter)IF_IS(refused[i], 0, 1);
		all[n++] = (struct sock_filter)REFUSE(EPERM);
	}
	all[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
	program.len = n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

bool
keeper_confine_calls(void)
{
	errno = ENOSYS;
	return false;
}

#endif

/* The kernel's version of landlock, from 1 on; less if it has none. */
static long
landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

bool
keeper_can_confine_writes(void)
{
	return landlock_version() > 0;
}

/* Everything that changes a file system, and execution. */
static uint64_t
changes(long version)
{
	uint64_t all = LANDLOCK_ACCESS_FS_EXECUTE |
	    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

	if (version >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return all;
}

static bool
allow(int rules, const char *path, uint64_t access)
{
	scoped_fd int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = {
	    .allowed_access = access, .parent_fd = fd};

	return fd >= 0 &&
	    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
		&beneath, 0) == 0;
}

bool
keeper_confine_writes(const char *store)
{
	long version = landlock_version();
	struct landlock_ruleset_attr attr = {
	    .handled_access_fs = changes(version)};
	uint64_t needed = changes(version) &
	    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
		LANDLOCK_ACCESS_FS_TRUNCATE);
	scoped_fd int rules = -1;

	if (version < 1)
		return false;
	rules = (int)syscall(
	    SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return rules >= 0 && allow(rules, store, needed) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

bool
keeper_close_up(void)
{
	struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool
keeper_close_inherited(int from)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return descriptor_close_from(from);
}

void
keeper_limit_files(unsigned most)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void
keeper_open_log(void)
{
	closelog();
	openlog("tfa-keeper", LOG_PID, LOG_AUTHPRIV);
}
