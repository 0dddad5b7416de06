/*
 * The system's files are read as root, and those that stand in a user's own
 * folder as that user, who may have put anything there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/system/directory.h"
#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/base/descriptor.h"
#include "store/system/child.h"
#include "store/base/file.h"
#include "admin/read.h"

#define REAP_MS    200
#define LOOK_MS    200  /* for the looker, which needs some microseconds */
#define PAUSE_US   20   /* before the child is looked for again, at first */
#define PAUSE_MAX  1000 /* and at last */
#define FLAGS      (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define ANSWER_MAX (KEYS_FILE_MAX + READ_PATH + WHY_TEXT)

/* A child becomes the user, writes an answer to the pipe, and ends with what
 * tell returns: 0, or an errno. */
struct job {
	const struct passwd *pw;
	const char *path;
	int (*tell)(const struct job *job, int pipe);
	keyfile_group *is_own; /* who else sshd lets write a file of keys */
	const struct hardware_question *question;
	const struct key *key; /* that the question is about */
};

static char *
read_open(int fd, bool own, size_t max, size_t *ret_len)
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
	if (file_read(fd, max + 1, &text, ret_len) != FAULT_NONE)
		return NULL;
	if (*ret_len > max) {
		errno = EFBIG;
		return NULL;
	}
	return take(text);
}

static char *
read_plain(const char *path, bool own, size_t *ret_len)
{
	scoped_fd int fd = own ? descriptor_open_no_link(path, FLAGS)
			       : open(path, FLAGS);

	return read_open(fd, own, READ_MAX, ret_len);
}

char *
read_whole(const char *path)
{
	size_t len;

	return read_plain(path, false, &len);
}

char *
read_text(const char *path)
{
	size_t len;
	scoped_free char *text = read_plain(path, false, &len);

	if (text != NULL && strlen(text) != len) {
		errno = EILSEQ;
		return NULL;
	}
	return take(text);
}

char *
read_whole_own(const char *path, size_t *ret_len)
{
	return read_plain(path, true, ret_len);
}

char *
read_large_own(const char *path, size_t max, size_t *ret_len)
{
	scoped_fd int fd = descriptor_open_no_link(path, FLAGS);

	return read_open(fd, true, max, ret_len);
}

static void
judge_sound(const struct job *job, int fd, struct keys_text *ret)
{
	char name[READ_PATH], home[READ_PATH], other[READ_PATH];
	struct keypath_user user = {.name = name,
	    .home = home,
	    .uid = job->pw->pw_uid,
	    .gid = job->pw->pw_gid};

	/* is_own() may read passwd, and thereby overwrite pw. */
	snprintf(name, sizeof(name), "%s", job->pw->pw_name);
	snprintf(home, sizeof(home), "%s", job->pw->pw_dir);

	ret->for_gate = keyfile_is_sound(fd, job->path, &user,
	    keyfile_main_group, ret->culprit, sizeof(ret->culprit));
	ret->for_sshd = keyfile_is_sound(
	    fd, job->path, &user, job->is_own, other, sizeof(other));
	if (ret->for_gate)
		memcpy(ret->culprit, other, sizeof(other));
}

/* The text of a file. */
static int
tell_file(const struct job *job, int pipe)
{
	scoped_fd int fd = open(job->path, FLAGS);
	size_t len = 0;
	scoped_free char *text = read_open(fd, false, READ_MAX, &len);

	return text != NULL && file_write(pipe, text, len) == FAULT_NONE
	    ? 0
	    : errno;
}

/* A struct keys_text, without the text, and the text. */
static int
tell_keys(const struct job *job, int pipe)
{
	scoped_fd int fd = open(job->path, FLAGS);
	size_t len = 0;
	scoped_free char *text = read_open(fd, false, KEYS_FILE_MAX, &len);
	struct keys_text keys = {.text = NULL};

	if (text == NULL)
		return errno;
	judge_sound(job, fd, &keys);
	return file_write(pipe, &keys, sizeof(keys)) == FAULT_NONE &&
		file_write(pipe, text, len) == FAULT_NONE
	    ? 0
	    : errno;
}

/* The answer of keyfile_read(), before the text. */
struct found {
	enum fault fault;
	bool there, sound;
	char why[WHY_TEXT];
};

static int
tell_keyfile(const struct job *job, int pipe)
{
	struct keypath_user user = keypath_user(job->pw);
	scoped_keyfile struct keyfile file = {.text = NULL};
	struct found found = {.fault = FAULT_IO};

	found.fault = keyfile_read(&user, job->path, &file, found.why);
	found.there = file.text != NULL;
	found.sound = file.sound;
	return file_write(pipe, &found, sizeof(found)) == FAULT_NONE &&
		(!found.there ||
		    file_write(pipe, file.text, strlen(file.text)) ==
			FAULT_NONE)
	    ? 0
	    : errno;
}

/* The answer of hardware_search(). */
struct proof {
	enum hardware hardware;
	char why[WHY_TEXT];
};

static int
tell_hardware(const struct job *job, int pipe)
{
	struct proof proof = {.hardware = HARDWARE_NONE};

	proof.hardware = hardware_search(job->question, job->key, proof.why);
	return file_write(pipe, &proof, sizeof(proof)) == FAULT_NONE ? 0
								     : errno;
}

_Noreturn static void
become_and_tell(const struct job *job, int pipe)
{
	if (!child_become(job->pw))
		_exit(errno);
	/* A change of uid takes this back, so it comes after. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(job->tell(job, pipe));
}

/* Takes all that the child says, until it closes the pipe.  False: errno. */
static bool
take_from_child(int pipe, int limit_ms, char *ret, size_t *ret_len)
{
	long long end = clock_ms() + limit_ms, left;
	struct pollfd ready = {.fd = pipe, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	while ((left = end - clock_ms()) > 0) {
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
 * The error so far, or the child's; EIO if the child was killed or does not
 * end, which its user can cause.  It has closed the pipe and is about to end, so
 * that a longer pause would be most of what a small file costs.
 */
static int
reap(pid_t pid, int error)
{
	long long end = clock_ms() + REAP_MS;
	useconds_t pause_us = PAUSE_US;
	int status;

	if (error != 0)
		kill(pid, SIGKILL);
	do {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return error != 0       ? error
			    : WIFEXITED(status) ? WEXITSTATUS(status)
						: EIO;
		usleep(pause_us);
		pause_us = pause_us * 2 < PAUSE_MAX ? pause_us * 2 : PAUSE_MAX;
	} while (clock_ms() < end);
	kill(pid, SIGKILL);
	return error != 0 ? error : EIO;
}

/* The whole answer, *ret_len bytes and a NUL; NULL: errno. */
static char *
read_by_child(const struct job *job, int limit_ms, size_t *ret_len)
{
	scoped_free char *text = malloc(ANSWER_MAX + 1);
	int ends[2], error = 0;
	pid_t pid;

	if (text == NULL || pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		become_and_tell(job, ends[1]);
	cleanup_fd(&ends[1]);
	if (pid < 0 || !take_from_child(ends[0], limit_ms, text, ret_len))
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

/*
 * A process that says if anything is at a path.  Most accounts of a large site
 * have no file of keys, and a process for each of them is most of what doctor
 * costs there.  It is not this one, since a home that a server no longer gives
 * would hold it up for good.
 */
static struct {
	int fd; /* 0: not begun; -1: it does not answer */
	pid_t pid;
} looker;

_Noreturn static void
look_for_parent(int fd)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((n = recv(fd, path, sizeof(path) - 1, 0)) > 0) {
		int error;

		path[n] = '\0';
		error = stat(path, &st) < 0 ? errno : 0;
		if (send(fd, &error, sizeof(error), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

static void
looker_end(void)
{
	if (looker.pid > 0) {
		kill(looker.pid, SIGKILL);
		(void)waitpid(looker.pid, NULL, WNOHANG);
	}
	if (looker.fd > 0)
		close(looker.fd);
	looker.fd = -1;
	looker.pid = 0;
}

static void
looker_begin(void)
{
	int ends[2];

	looker.fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	looker.fd = ends[0];
	looker.pid = fork();
	if (looker.pid == 0) {
		close(ends[0]);
		look_for_parent(ends[1]);
	}
	close(ends[1]);
	if (looker.pid < 0)
		looker_end();
}

/* True if there is surely nothing: errno.  Whatever else it is, the user is to
 * look. */
static bool
is_nothing(const char *path)
{
	struct pollfd ready = {.events = POLLIN};
	size_t len = strlen(path);
	int error = 0;

	if (looker.fd == 0)
		looker_begin();
	if (looker.fd < 0 || len == 0 || len >= PATH_MAX)
		return false;
	ready.fd = looker.fd;
	if (send(looker.fd, path, len, MSG_NOSIGNAL) < 0 ||
	    poll(&ready, 1, LOOK_MS) <= 0 ||
	    recv(looker.fd, &error, sizeof(error), MSG_DONTWAIT) !=
		sizeof(error)) {
		looker_end();
		return false;
	}
	errno = error;
	return error == ENOENT || error == ENOTDIR;
}

char *
read_whole_as(
    const struct passwd *pw, const char *path, int limit_ms, size_t *ret_len)
{
	return read_by_child(
	    &(struct job){.pw = pw, .path = path, .tell = tell_file}, limit_ms,
	    ret_len);
}

bool
read_keys_as(const struct passwd *pw, const char *path, int limit_ms,
    keyfile_group *is_own, struct keys_text *ret)
{
	struct job job = {
	    .pw = pw, .path = path, .tell = tell_keys, .is_own = is_own};
	size_t len = 0;
	char *text;

	if (is_nothing(path))
		return false;
	text = read_by_child(&job, limit_ms, &len);
	if (text == NULL)
		return false;
	if (len < sizeof(*ret)) {
		free(text);
		errno = EIO;
		return false;
	}
	memcpy(ret, text, sizeof(*ret));
	ret->len = len - sizeof(*ret);
	memmove(text, text + sizeof(*ret), ret->len + 1);
	ret->text = text;
	return true;
}

static struct passwd
as_passwd(const struct keypath_user *user)
{
	return (struct passwd){.pw_name = (char *)(uintptr_t)user->name,
	    .pw_dir = (char *)(uintptr_t)user->home,
	    .pw_uid = user->uid,
	    .pw_gid = user->gid};
}

enum fault
read_keyfile_as(const struct keypath_user *user, const char *name,
    struct keyfile *ret, char ret_why[static WHY_TEXT])
{
	struct passwd pw = as_passwd(user);
	struct job job = {.pw = &pw, .path = name, .tell = tell_keyfile};
	size_t len = 0;
	scoped_free char *text = read_by_child(&job, KEYS_MS, &len);
	char path[PATH_MAX];
	struct found found;

	if (text == NULL || len < sizeof(found)) {
		snprintf(ret_why, WHY_TEXT, "%.350s: %s", name,
		    strerror(text == NULL ? errno : EIO));
		return FAULT_IO;
	}
	memcpy(&found, text, sizeof(found));
	if (found.fault != FAULT_NONE ||
	    !keypath_expand(name, user, path, sizeof(path))) {
		memcpy(ret_why, found.why, WHY_TEXT);
		return found.fault != FAULT_NONE ? found.fault : FAULT_FORMAT;
	}
	memmove(text, text + sizeof(found), len - sizeof(found) + 1);
	*ret = (struct keyfile){.path = strdup(path),
	    .text = found.there ? take(text) : NULL,
	    .sound = found.sound};
	return FAULT_NONE;
}

enum hardware
read_hardware_as(const struct hardware_question *question,
    const struct key *key, char ret_why[static WHY_TEXT])
{
	struct passwd pw = as_passwd(question->user);
	struct job job = {
	    .pw = &pw, .tell = tell_hardware, .question = question, .key = key};
	size_t len = 0;
	scoped_free char *answer = read_by_child(&job, KEYS_MS, &len);
	struct proof proof;

	if (answer == NULL || len != sizeof(proof)) {
		snprintf(ret_why, WHY_TEXT, "the files of keys: %s",
		    strerror(answer == NULL ? errno : EIO));
		return HARDWARE_NONE;
	}
	memcpy(&proof, answer, sizeof(proof));
	memcpy(ret_why, proof.why, sizeof(proof.why));
	return proof.hardware;
}

bool
read_directory(const char *database, char *ret, size_t size)
{
	scoped_free char *text = read_whole("/etc/nsswitch.conf");

	if (text != NULL && directory_service(text, database, ret, size))
		return true;
	ret[0] = '\0';
	return false;
}
