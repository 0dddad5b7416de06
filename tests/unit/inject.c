#include "tests/unit/inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* With 64 bits for sizes and times, libc's calls have these names on 32 bits. */
#ifndef __LP64__
#define __real_open       __real_open64
#define __wrap_open       __wrap_open64
#define __real_openat     __real_openat64
#define __wrap_openat     __wrap_openat64
#define __real_lseek      __real_lseek64
#define __wrap_lseek      __wrap_lseek64
#define __real_pread      __real_pread64
#define __wrap_pread      __wrap_pread64
#define __real_fstat      __real___fstat64_time64
#define __wrap_fstat      __wrap___fstat64_time64
#define __real_ftruncate  __real_ftruncate64
#define __wrap_ftruncate  __wrap_ftruncate64
#define __real_fopen      __real_fopen64
#define __wrap_fopen      __wrap_fopen64
#define __real_readdir    __real_readdir64
#define __wrap_readdir    __wrap_readdir64
#define __real_time       __real___time64
#define __wrap_time       __wrap___time64
#define __real_getsockopt __real___getsockopt64
#define __wrap_getsockopt __wrap___getsockopt64
#endif

/* ASIDE: counted only by inject_arm_call().  NOTED: part of a trace. */
enum weight { ASIDE, COUNTED, NOTED };

static int left, error_wanted;
const char inject_any[] = "any";
static const char *name_wanted;
static bool tracing, flooding;
static const char *failed = "";
static char trace[INJECT_TRACE];

void
inject_arm(int n, int error)
{
	inject_arm_call(NULL, n, error);
}

void
inject_arm_call(const char *name, int n, int error)
{
	left = n;
	error_wanted = error;
	name_wanted = name;
}

bool
inject_disarm(void)
{
	bool reached = left == 0 && error_wanted != 0;

	left = 0;
	error_wanted = 0;
	return reached;
}

const char *
inject_failed(void)
{
	return failed;
}

void
inject_trace_begin(void)
{
	trace[0] = '\0';
	tracing = true;
}

const char *
inject_trace_end(void)
{
	tracing = false;
	return trace;
}

void
inject_accept_for_ever(void)
{
	flooding = true;
}

/* Returns the errno with which a call fails when its resource runs out. */
static int
usual_error(const char *name)
{
	static const struct {
		const char *part;
		int error;
	} usual[] = {{"alloc", ENOMEM}, {"strdup", ENOMEM}, {"getpw", ENOMEM},
	    {"getgr", ENOMEM}, {"getline", ENOMEM}, {"open", EMFILE},
	    {"write", ENOSPC}, {"mkdirat", ENOSPC}, {"flock", ENOLCK}};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strstr(name, usual[i].part) != NULL)
			return usual[i].error;
	return EIO;
}

static bool
is_wanted(const char *name, enum weight weight)
{
	if (name_wanted == NULL)
		return weight != ASIDE;
	return name_wanted == INJECT_ANY || strcmp(name, name_wanted) == 0;
}

/* Returns true if this call is to fail; if not, it may be added to the
 * trace. */
static bool
fails(const char *name, enum weight weight)
{
	size_t len = strlen(trace);

	if (left > 0 && is_wanted(name, weight) && --left == 0) {
		failed = name;
		errno = error_wanted == INJECT_USUAL ? usual_error(name)
						     : error_wanted;
		return true;
	}
	if (tracing && weight == NOTED)
		snprintf(trace + len, sizeof(trace) - len, "%s ", name);
	return false;
}

/* clang-format off */
#define WRAP(type, name, result, weight, params, args) \
	type __real_##name params; \
	type __wrap_##name params; \
	type __wrap_##name params \
	{ \
		return fails(#name, weight) ? (result) : __real_##name args; \
	}

WRAP(void *, malloc, NULL, COUNTED, (size_t size), (size))
WRAP(void *, calloc, NULL, COUNTED, (size_t n, size_t size), (n, size))
WRAP(char *, strdup, NULL, COUNTED, (const char *text), (text))
WRAP(ssize_t, read, -1, COUNTED, (int fd, void *to, size_t n), (fd, to, n))
WRAP(ssize_t, __read_chk, -1, COUNTED, (int fd, void *to, size_t n, size_t size),
    (fd, to, n, size))
WRAP(ssize_t, write, -1, NOTED, (int fd, const void *from, size_t n),
    (fd, from, n))
WRAP(ssize_t, send, -1, NOTED, (int fd, const void *from, size_t n, int flags),
    (fd, from, n, flags))
WRAP(int, flock, -1, NOTED, (int fd, int how), (fd, how))
WRAP(int, fchmod, -1, COUNTED, (int fd, mode_t mode), (fd, mode))
WRAP(int, fstat, -1, COUNTED, (int fd, struct stat *ret), (fd, ret))
WRAP(off_t, lseek, -1, COUNTED, (int fd, off_t to, int from), (fd, to, from))
WRAP(int, mkdirat, -1, COUNTED, (int at, const char *path, mode_t mode),
    (at, path, mode))
WRAP(int, renameat, -1, NOTED, (int a, const char *old, int b, const char *new),
    (a, old, b, new))
WRAP(int, unlinkat, -1, ASIDE, (int at, const char *path, int flags),
    (at, path, flags))
WRAP(ssize_t, pread, -1, ASIDE, (int fd, void *to, size_t n, off_t from),
    (fd, to, n, from))
WRAP(int, ftruncate, -1, ASIDE, (int fd, off_t size), (fd, size))
WRAP(ssize_t, recv, -1, ASIDE, (int fd, void *to, size_t n, int flags),
    (fd, to, n, flags))
WRAP(ssize_t, __recv_chk, -1, ASIDE,
    (int fd, void *to, size_t n, size_t size, int flags),
    (fd, to, n, size, flags))
WRAP(int, poll, -1, ASIDE, (struct pollfd *fds, nfds_t n, int wait_ms),
    (fds, n, wait_ms))
WRAP(FILE *, fopen, NULL, ASIDE, (const char *path, const char *mode),
    (path, mode))
WRAP(FILE *, fdopen, NULL, ASIDE, (int fd, const char *mode), (fd, mode))
WRAP(DIR *, fdopendir, NULL, ASIDE, (int fd), (fd))
WRAP(struct dirent *, readdir, NULL, ASIDE, (DIR *dir), (dir))
WRAP(ssize_t, __getdelim, -1, ASIDE,
    (char **line, size_t *size, int end, FILE *file), (line, size, end, file))
WRAP(ssize_t, getline, -1, ASIDE, (char **line, size_t *size, FILE *file),
    (line, size, file))
WRAP(struct passwd *, getpwent, NULL, ASIDE, (void), ())
WRAP(struct passwd *, getpwuid, NULL, ASIDE, (uid_t uid), (uid))
WRAP(struct passwd *, getpwnam, NULL, ASIDE, (const char *name), (name))
WRAP(int, getgrnam_r, errno, ASIDE, (const char *name, struct group *group,
    char *buf, size_t size, struct group **ret), (name, group, buf, size, ret))
WRAP(int, getsockopt, -1, ASIDE,
    (int fd, int level, int name, void *to, socklen_t *len),
    (fd, level, name, to, len))
WRAP(int, EVP_MAC_init, 0, COUNTED, (EVP_MAC_CTX *ctx, const unsigned char *key,
    size_t len, const OSSL_PARAM *params), (ctx, key, len, params))
/* clang-format on */

/* The descriptor is closed even so, as the kernel does. */
int __real_close(int fd);
int __wrap_close(int fd);

int
__wrap_close(int fd)
{
	bool failing = fails("close", ASIDE);
	int error = errno, closed = __real_close(fd);

	if (failing)
		errno = error;
	return failing ? -1 : closed;
}

static int64_t standing_s;

void
inject_stand_still(int64_t now_s)
{
	standing_s = now_s;
}

time_t __real_time(time_t *ret);
time_t __wrap_time(time_t *ret);

time_t
__wrap_time(time_t *ret)
{
	if (standing_s == 0)
		return __real_time(ret);
	if (ret != NULL)
		*ret = standing_s;
	return standing_s;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	if (fails("fsync", NOTED))
		return -1;
	return standing_s != 0 ? 0 : __real_fsync(fd);
}

ssize_t __real_getrandom(void *to, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t n, unsigned flags);

ssize_t
__wrap_getrandom(void *to, size_t n, unsigned flags)
{
	if (fails("getrandom", ASIDE))
		return -1;
	if (standing_s == 0)
		return __real_getrandom(to, n, flags);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = (uint8_t)(0x5a + i);
	return (ssize_t)n;
}

static void (*update_hook)(const char *, inject_change *, void *);

void
inject_before_update(void (*hook)(const char *, inject_change *, void *))
{
	update_hook = hook;
}

enum fault __real_store_update(struct store *store, const char *user, uid_t uid,
    inject_change *change, void *arg);
enum fault __wrap_store_update(struct store *store, const char *user, uid_t uid,
    inject_change *change, void *arg);

enum fault
__wrap_store_update(struct store *store, const char *user, uid_t uid,
    inject_change *change, void *arg)
{
	if (update_hook != NULL)
		update_hook(user, change, arg);
	return __real_store_update(store, user, uid, change, arg);
}

static const char *watched;
static int freed;

void
inject_watch_free(const char *words)
{
	watched = words;
	freed = 0;
}

int
inject_freed(void)
{
	return freed;
}

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	if (watched != NULL && p != NULL &&
	    memmem(p, malloc_usable_size(p), watched, strlen(watched)) != NULL)
		freed++;
	__real_free(p);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __real_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags);

int
__wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails("open", COUNTED) ? -1 : __real_open(path, flags, mode);
}

int
__wrap_openat(int at, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails("openat", flags & O_EXCL ? NOTED : COUNTED)
	    ? -1
	    : __real_openat(at, path, flags, mode);
}

int
__wrap_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
	int got = __real_accept4(fd, peer, len, flags), pair[2];

	if (got >= 0 || !flooding)
		return got;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	close(pair[1]);
	return pair[0];
}

static int syslog_fd = -1;

void __wrap_syslog(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void
inject_syslog_to(int fd)
{
	syslog_fd = fd;
}

static void
log_line(int priority, const char *format, va_list ap)
{
	if (syslog_fd < 0) {
		vsyslog(priority, format, ap);
		return;
	}
	vdprintf(syslog_fd, format, ap);
	dprintf(syslog_fd, "\n");
}

void
__wrap_syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(priority, format, ap);
	va_end(ap);
}

/* The name of that call under FORTIFY. */
void
__wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	log_line(priority, format, ap);
	va_end(ap);
}
