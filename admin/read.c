/*
 * Reads the system's files as root, and files in a user's folder as that user,
 * who may have put anything there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/system/child.h"
#include "store/base/file.h"
#include "admin/read.h"

#define REAP_MS    200
#define FLAGS      (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define ANSWER_MAX (READ_MAX + sizeof(struct sound))

/* The file that a child reads, and the user it becomes. */
struct job {
	const struct passwd *pw;
	const char *path;
	keyfile_group *is_own; /* NULL: not a file of keys */
};

/* Refuses a link anywhere on the path: somebody else may have made it. */
static int
open_no_link(const char *path)
{
	struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static char *
read_open(int fd, bool own, size_t *ret_len)
{
	scoped_free char *text = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	if (own && st.st_uid != geteuid()) {
		errno = EACCES;
		return NULL;
	}
	if (file_read(fd, READ_MAX + 1, &text, ret_len) != FAULT_NONE)
		return NULL;
	if (*ret_len > READ_MAX) {
		errno = EFBIG;
		return NULL;
	}
	return take(text);
}

static char *
read_plain(const char *path, bool own, size_t *ret_len)
{
	scoped_fd int fd = own ? open_no_link(path) : open(path, FLAGS);

	return read_open(fd, own, ret_len);
}

char *
read_whole(const char *path)
{
	size_t len;

	return read_plain(path, false, &len);
}

char *
read_whole_own(const char *path, size_t *ret_len)
{
	return read_plain(path, true, ret_len);
}

/* The result of keyfile_is_sound(); the child sends it before the text. */
struct sound {
	bool for_gate, for_sshd;
	char culprit[READ_PATH];
};

static void
judge_sound(const struct job *job, int fd, struct sound *ret)
{
	char name[READ_PATH], home[READ_PATH], other[READ_PATH];
	struct keyfile_user user = {.name = name,
	    .home = home,
	    .uid = job->pw->pw_uid,
	    .gid = job->pw->pw_gid};

	/*
	 * keyfile_main_group() may read passwd, which overwrites *pw: copy it.
	 */
	snprintf(name, sizeof(name), "%s", job->pw->pw_name);
	snprintf(home, sizeof(home), "%s", job->pw->pw_dir);

	ret->for_gate = keyfile_is_sound(fd, job->path, &user,
	    keyfile_main_group, ret->culprit, sizeof(ret->culprit));
	ret->for_sshd = keyfile_is_sound(
	    fd, job->path, &user, job->is_own, other, sizeof(other));
	if (ret->for_gate)
		memcpy(ret->culprit, other, sizeof(other));
}

/* Runs in the child: writes the text to the pipe, and exits with errno. */
_Noreturn static void
answer(const struct job *job, int pipe)
{
	const struct passwd *pw = job->pw;
	struct sound sound = {.culprit = ""};
	scoped_fd int fd = -1;
	scoped_free char *text = NULL;
	size_t len = 0;

	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		_exit(errno);
	/* A change of uid resets this, so it comes last. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(job->path, FLAGS);
	text = read_open(fd, false, &len);
	if (text == NULL)
		_exit(errno);
	if (job->is_own != NULL)
		judge_sound(job, fd, &sound);
	if ((job->is_own != NULL &&
		file_write(pipe, &sound, sizeof(sound)) != FAULT_NONE) ||
	    file_write(pipe, text, len) != FAULT_NONE)
		_exit(errno);
	_exit(0);
}

/* Reads all that the child writes, until it closes the pipe. False: errno. */
static bool
take_answer(int pipe, int limit_ms, char *ret, size_t *ret_len)
{
	long long end = child_clock_ms() + limit_ms, left;
	struct pollfd ready = {.fd = pipe, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	while ((left = end - child_clock_ms()) > 0) {
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		n = read(pipe, ret + len, ANSWER_MAX - len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0) {
			*ret_len = len;
			return true;
		}
		len += n > 0 ? (size_t)n : 0;
	}
	errno = ETIMEDOUT;
	return false;
}

/*
 * Returns error if it is not 0, else the child's errno, or EIO if the child was
 * killed or does not end: its user may stop or kill it.
 */
static int
reap(pid_t pid, int error)
{
	long long end = child_clock_ms() + REAP_MS;
	int status;

	if (error != 0)
		kill(pid, SIGKILL);
	do {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return error != 0       ? error
			    : WIFEXITED(status) ? WEXITSTATUS(status)
						: EIO;
		poll(NULL, 0, 1);
	} while (child_clock_ms() < end);
	kill(pid, SIGKILL);
	return error != 0 ? error : EIO;
}

/*
 * Forks the child and returns its whole answer, *ret_len bytes and a NUL, or
 * NULL with errno.
 */
static char *
ask(const struct job *job, int limit_ms, size_t *ret_len)
{
	scoped_free char *text = malloc(ANSWER_MAX + 1);
	int ends[2], error = 0;
	pid_t pid;

	if (text == NULL || pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		answer(job, ends[1]);
	cleanup_fd(&ends[1]);
	if (pid < 0 || !take_answer(ends[0], limit_ms, text, ret_len))
		error = errno;
	cleanup_fd(&ends[0]);
	if (pid > 0)
		error = reap(pid, error);
	if (error != 0) {
		errno = error;
		return NULL;
	}
	text[*ret_len] = '\0';
	return take(text);
}

char *
read_whole_as(
    const struct passwd *pw, const char *path, int limit_ms, size_t *ret_len)
{
	return ask(&(struct job){.pw = pw, .path = path}, limit_ms, ret_len);
}

bool
read_keys_as(const struct passwd *pw, const char *path, int limit_ms,
    keyfile_group *is_own, struct keys_text *ret)
{
	struct job job = {.pw = pw, .path = path, .is_own = is_own};
	size_t len = 0;
	char *text = ask(&job, limit_ms, &len);
	struct sound sound;

	if (text == NULL)
		return false;
	if (len < sizeof(sound)) {
		free(text);
		errno = EIO;
		return false;
	}
	memcpy(&sound, text, sizeof(sound));
	ret->len = len - sizeof(sound);
	memmove(text, text + sizeof(sound), ret->len + 1);
	ret->text = text;
	ret->for_gate = sound.for_gate;
	ret->for_sshd = sound.for_sshd;
	memcpy(ret->culprit, sound.culprit, sizeof(ret->culprit));
	return true;
}
