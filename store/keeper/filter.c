#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "store/keeper/confine.h"
#include "store/keeper/machine.h"

#ifdef MACHINE

#define X32_BIT    0x40000000U
#define NAMESPACES 0x7e020000U /* CLONE_NEW* */

static const uint32_t refused[] = {
    /* other programs, other processes */
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    CALL_PIDFD_GETFD,
    CALL_PROCESS_MADVISE,
    /* mounts and namespaces */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    CALL_OPEN_TREE,
    CALL_OPEN_TREE_ATTR,
    CALL_MOVE_MOUNT,
    CALL_FSOPEN,
    CALL_FSCONFIG,
    CALL_FSMOUNT,
    CALL_FSPICK,
    CALL_MOUNT_SETATTR,
#ifdef SYS_umount
    SYS_umount,
#endif
    /* the kernel's own doors */
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    CALL_IO_URING_SETUP,
    CALL_IO_URING_ENTER,
    CALL_IO_URING_REGISTER,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_personality,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_mknodat,
    SYS_quotactl,
    CALL_QUOTACTL_FD,
    SYS_syslog,
    SYS_acct,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_mknod
    SYS_mknod,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
#ifdef SYS_vm86old
    SYS_vm86old,
    SYS_vm86,
#endif
    /* clocks */
    SYS_adjtimex,
    SYS_clock_adjtime,
    CALL_CLOCK_SETTIME64,
    CALL_CLOCK_ADJTIME64,
#ifdef SYS_clock_settime
    SYS_clock_settime,
#endif
#ifdef SYS_settimeofday
    SYS_settimeofday,
#endif
#ifdef SYS_stime
    SYS_stime,
#endif
/* musl's names on machines of 32 bits */
#ifdef SYS_clock_settime32
    SYS_clock_settime32,
#endif
#ifdef SYS_settimeofday_time32
    SYS_settimeofday_time32,
#endif
};

#define REFUSED    (sizeof(refused) / sizeof(refused[0]))
#define LOAD(from) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(from))
#define AT(member) LOAD(offsetof(struct seccomp_data, member))
/* The lower half of an argument. */
#define AT_ARGUMENT(n)                                       \
	LOAD(offsetof(struct seccomp_data, args) + 8 * (n) + \
	    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))
#define IF_IS(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define IF_HAS(bits, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), yes, no)
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))

/* clone(2) takes its flags first, but for one machine. */
#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/*
 * Comes before the list: refuses another ABI, which has other numbers;
 * namespaces by clone(2); clone3(2), whose flags cannot be seen, and which libc
 * does without; sockets of kinds that no name service uses.  The C libraries of
 * i386 and s390x open sockets by socketcall(2), whose arguments cannot be seen
 * either: there every kind is allowed.
 */
static const struct sock_filter first[] = {
    AT(arch),
    IF_IS(MACHINE, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    AT(nr),
#ifdef __x86_64__
    IF_HAS(X32_BIT, 0, 1),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
#endif
    IF_IS(CALL_CLONE3, 0, 1),
    REFUSE(ENOSYS),
    IF_IS(SYS_clone, 0, 4),
    AT_ARGUMENT(CLONE_FLAGS),
    IF_HAS(NAMESPACES, 0, 1),
    REFUSE(EPERM),
    ANSWER(SECCOMP_RET_ALLOW),
    IF_IS(SYS_socket, 0, 7),
    AT_ARGUMENT(0),
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
	errno = ENOTSUP;
	return false;
}

#endif
