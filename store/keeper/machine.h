/*
 * Numbers and structures that the kernel takes.  Older headers lack some of
 * them, and the kernel that runs may be newer than they are.
 */
#ifndef TFA_MACHINE_H
#define TFA_MACHINE_H

#include <linux/audit.h>
#include <stdint.h>

/* As seccomp_data.arch has it.  A machine that is missing here gets no filter
 * of system calls: the log and doctor say so. */
#if defined(__x86_64__) && defined(__LP64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARM_EABI__)
#define MACHINE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define MACHINE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define MACHINE AUDIT_ARCH_S390X
#endif

/* From Linux 5.1 on a call has one number on all of these machines. */
enum machine_call {
	CALL_CLOCK_SETTIME64 = 404, /* these two: of 32 bits */
	CALL_CLOCK_ADJTIME64 = 405,
	CALL_IO_URING_SETUP = 425,
	CALL_IO_URING_ENTER = 426,
	CALL_IO_URING_REGISTER = 427,
	CALL_OPEN_TREE = 428,
	CALL_MOVE_MOUNT = 429,
	CALL_FSOPEN = 430,
	CALL_FSCONFIG = 431,
	CALL_FSMOUNT = 432,
	CALL_FSPICK = 433,
	CALL_CLONE3 = 435,
	CALL_PIDFD_GETFD = 438,
	CALL_PROCESS_MADVISE = 440,
	CALL_MOUNT_SETATTR = 442,
	CALL_QUOTACTL_FD = 443,
	CALL_LANDLOCK_CREATE_RULESET = 444,
	CALL_LANDLOCK_ADD_RULE = 445,
	CALL_LANDLOCK_RESTRICT_SELF = 446,
	CALL_OPEN_TREE_ATTR = 467,
};

/* For landlock(7), as linux/landlock.h has them; the first asks for the kernel's
 * version and makes no rules. */
enum { LANDLOCK_ASK_VERSION = 1, LANDLOCK_BENEATH = 1 };

enum landlock_access {
	LANDLOCK_EXECUTE = 1 << 0,
	LANDLOCK_WRITE_FILE = 1 << 1,
	LANDLOCK_REMOVE_DIR = 1 << 4,
	LANDLOCK_REMOVE_FILE = 1 << 5,
	LANDLOCK_MAKE_CHAR = 1 << 6,
	LANDLOCK_MAKE_DIR = 1 << 7,
	LANDLOCK_MAKE_REG = 1 << 8,
	LANDLOCK_MAKE_SOCK = 1 << 9,
	LANDLOCK_MAKE_FIFO = 1 << 10,
	LANDLOCK_MAKE_BLOCK = 1 << 11,
	LANDLOCK_MAKE_SYM = 1 << 12,
	LANDLOCK_REFER = 1 << 13,    /* from version 2 on */
	LANDLOCK_TRUNCATE = 1 << 14, /* from version 3 on */
};

struct landlock_rules {
	uint64_t handled;
};

struct landlock_beneath {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

#endif
