/*
 * /tmp: sshd writes there, as the user, which key was used.  If it cannot, the
 * gate does not know the key.  doctor looks at the /tmp of the sshd that runs,
 * which may have one of its own (PrivateTmp).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "store/base/clock.h"
#include "store/system/child.h"
#include "admin/doctor/person.h"

#define ROOM_MIB  16
#define FEW_FILES 1000
#define WRITE_MS  3000
#define NOBODY    65534
#define FILE_SIZE 4096 /* more than sshd writes */

static const char follows[] =
    "sshd cannot say which key was used: who has a key with a restriction is "
    "refused, and nothing is remembered";

struct tmp {
	struct doctor *doctor;
	int pid; /* of the sshd that runs; 0: none was seen */
	int fd;  /* the folder */
	char user[64];
	uid_t uid;
	gid_t gid;
	struct statvfs disk;
};

/* Chooses a user who can log in; if there is none, nobody. */
static void
choose_user(struct tmp *tmp)
{
	const struct passwd *pw;

	snprintf(tmp->user, sizeof(tmp->user), "uid %d", NOBODY);
	tmp->uid = NOBODY;
	tmp->gid = NOBODY;
	setpwent();
	while ((pw = getpwent()) != NULL) {
		if (pw->pw_uid == 0 ||
		    shell_kind(pw->pw_shell) == SHELL_NO_LOGIN)
			continue;
		snprintf(tmp->user, sizeof(tmp->user), "%.60s", pw->pw_name);
		tmp->uid = pw->pw_uid;
		tmp->gid = pw->pw_gid;
		break;
	}
	endpwent();
}

/* Runs in the child: writes a file as sshd does.  The exit status is errno. */
_Noreturn static void
write_as_user(const struct tmp *tmp)
{
	static char bytes[FILE_SIZE];
	char name[64];
	ssize_t n;
	int fd, error;

	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 ||
		setresgid(tmp->gid, tmp->gid, tmp->gid) < 0 ||
		setresuid(tmp->uid, tmp->uid, tmp->uid) < 0))
		_exit(errno);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "tfa-doctor.%d.%lld", (int)getpid(),
	    (long long)clock_ms());
	fd = openat(tmp->fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		_exit(errno);
	n = write(fd, bytes, sizeof(bytes));
	error = n < 0 ? errno : n < FILE_SIZE ? ENOSPC : 0;
	if (close(fd) < 0 && error == 0)
		error = errno;
	unlinkat(tmp->fd, name, 0);
	_exit(error);
}

/* 0, or an errno; ETIMEDOUT if it did not end. */
static int
try_to_write(const struct tmp *tmp)
{
	long long end = clock_ms() + WRITE_MS;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return errno;
	if (pid == 0)
		write_as_user(tmp);
	do {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
		poll(NULL, 0, 2);
	} while (clock_ms() < end);
	kill(pid, SIGKILL);
	waitpid(pid, &status, WNOHANG);
	return ETIMEDOUT;
}

static void
judge_folder(struct tmp *tmp)
{
	struct stat st;

	if (fstat(tmp->fd, &st) < 0) {
		doctor_warn(tmp->doctor, NULL, "/tmp: %s", strerror(errno));
		return;
	}
	if (st.st_uid != 0 || (st.st_mode & 07777) != 01777)
		doctor_fail(tmp->doctor, "chown root /tmp; chmod 1777 /tmp",
		    "/tmp belongs to uid %lu and has mode %04o: %s",
		    (unsigned long)st.st_uid, (unsigned)(st.st_mode & 07777),
		    st.st_uid == 0 && (st.st_mode & 01000) == 0
			? "users can replace one another's files there"
			: "it must be root's, for everybody, and sticky");
}

/* False if /tmp is full: then nothing more need be said. */
static bool
judge_write(struct tmp *tmp)
{
	int error = try_to_write(tmp);

	bool full = error == ENOSPC || error == EDQUOT;

	if (full)
		doctor_fail(tmp->doctor,
		    "du -xh /tmp | sort -h, and remove what fills it",
		    "/tmp is full (%s could not write there: %s): %s",
		    tmp->user, strerror(error), follows);
	else if (error != 0)
		findings_add(&tmp->doctor->findings,
		    geteuid() == 0 ? FINDING_FAIL : FINDING_WARN, NULL,
		    "%s could not write in /tmp: %s: %s", tmp->user,
		    strerror(error), follows);
	return !full;
}

static void
judge_tmp_room(struct tmp *tmp)
{
	unsigned long long mib;

	if (fstatvfs(tmp->fd, &tmp->disk) < 0) {
		doctor_warn(tmp->doctor, NULL,
		    "how much room /tmp has is not known: %s", strerror(errno));
		return;
	}
	mib = (unsigned long long)tmp->disk.f_bavail * tmp->disk.f_frsize >> 20;
	if (mib < ROOM_MIB)
		doctor_warn(tmp->doctor,
		    "du -xh /tmp | sort -h, and remove what fills it",
		    "/tmp has %llu MiB left; when it is full, %s", mib,
		    follows);
	if (tmp->disk.f_files > 0 && tmp->disk.f_favail < FEW_FILES)
		doctor_warn(tmp->doctor,
		    "find /tmp -xdev, and remove what fills it",
		    "/tmp has room for %llu more files; with none left, %s",
		    (unsigned long long)tmp->disk.f_favail, follows);
}

/* Linux before 5.14 takes the device in place of a descriptor.  It has no quotas
 * on a file system without a device. */
static bool
read_quota(const struct tmp *tmp, struct dqblk *ret)
{
	/* QCMD() shifts a signed number out of its range. */
	int command = (int)((unsigned)Q_GETQUOTA << SUBCMDSHIFT | USRQUOTA);
	char device[64];
	struct stat st;

#ifdef SYS_quotactl_fd
	if (syscall(SYS_quotactl_fd, tmp->fd, command, tmp->uid, ret) == 0)
		return true;
	if (errno != ENOSYS)
		return false;
#endif
	if (fstat(tmp->fd, &st) < 0)
		return false;
	snprintf(device, sizeof(device), "/dev/block/%u:%u", major(st.st_dev),
	    minor(st.st_dev));
	return quotactl(command, device, (int)tmp->uid, (char *)ret) == 0;
}

/* True if the kernel limits how much that user may write. */
static bool
has_quota(const struct tmp *tmp)
{
	struct dqblk limits = {.dqb_valid = 0};

	return read_quota(tmp, &limits) && limits.dqb_bhardlimit > 0;
}

/* Warns of the others who need the room that a user can fill. */
static void
judge_sharing(struct tmp *tmp)
{
	char store[CONFIG_WORD];
	struct stat st, theirs;

	if (has_quota(tmp))
		return;
	(void)doctor_store_folder(tmp->doctor, store);
	if (fstat(tmp->fd, &st) == 0 && stat(store, &theirs) == 0 &&
	    st.st_dev == theirs.st_dev)
		doctor_warn(tmp->doctor,
		    "a file system of its own for /tmp, or quotas",
		    "/tmp and %.300s are one file system, without a quota: a "
		    "user who fills it keeps everybody out",
		    store);
	else
		doctor_warn(tmp->doctor, "quotas for /tmp",
		    "/tmp has no quota for %s: a user can fill it, and then %s",
		    tmp->user, follows);
}

/* The gate reads these files as the user, to find out if a key that sshd could
 * not name may have a restriction. */
static void
judge_config(struct tmp *tmp)
{
	const struct config *config = &tmp->doctor->lines;
	struct stat st;

	for (size_t i = 0; i < config->files.count; i++) {
		const char *file = config->files.items[i];

		if (stat(file, &st) < 0 || (st.st_mode & S_IROTH) != 0)
			continue;
		doctor_warn(tmp->doctor,
		    "chmod o+r, or a /tmp that users cannot fill",
		    "%.300s cannot be read by users: while /tmp is full, "
		    "nobody but root is let in",
		    file);
		return;
	}
}

/* Opens /tmp as that process has it; the caller closes it.  -1 (errno) if there
 * is none. */
static int
open_tmp(int pid)
{
	char path[64] = "/tmp";

	if (pid > 0)
		snprintf(path, sizeof(path), "/proc/%d/root/tmp", pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void
doctor_tmp(struct doctor *doctor)
{
	struct tmp tmp = {.doctor = doctor, .pid = doctor_sshd_pid(doctor)};
	scoped_fd int fd = open_tmp(tmp.pid);

	if (fd < 0) {
		findings_add(&doctor->findings,
		    geteuid() == 0 ? FINDING_FAIL : FINDING_WARN,
		    "install -d -m 1777 /tmp", "/tmp, as sshd has it: %s: %s%s",
		    strerror(errno), follows,
		    geteuid() == 0 ? "" : " (needs root)");
		return;
	}
	tmp.fd = fd;
	choose_user(&tmp);
	judge_folder(&tmp);
	if (judge_write(&tmp)) {
		judge_tmp_room(&tmp);
		judge_sharing(&tmp);
	}
	judge_config(&tmp);
	if (tmp.pid == 0)
		doctor_warn(doctor, NULL,
		    "no sshd was seen that runs: its /tmp may be another one "
		    "(PrivateTmp) than the one that was looked at");
	doctor_ok(doctor,
	    "sshd (pid %d) can write there: %s did, it has %llu MiB left, and "
	    "a quota",
	    tmp.pid, tmp.user,
	    (unsigned long long)tmp.disk.f_bavail * tmp.disk.f_frsize >> 20);
}
