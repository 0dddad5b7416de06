#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static int left, error_wanted;
static bool tracing, flooding;
static const char *failed = "";
static char trace[INJECT_TRACE];

void
inject_arm(int n, int error)
{
	left = n;
	error_wanted = error;
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

/* Whether this call is the one that fails; if not, it may be noted. */
static bool
fails(const char *name, bool noted)
{
	size_t len = strlen(trace);

	if (left > 0 && --left == 0) {
		failed = name;
		errno = error_wanted;
		return true;
	}
	if (tracing && noted)
		snprintf(trace + len, sizeof(trace) - len, "%s ", name);
	return false;
}

/* clang-format off */
#define WRAP(type, name, result, noted, params, args) \
	type __real_##name params; \
	type __wrap_##name params; \
	type __wrap_##name params \
	{ \
		return fails(#name, noted) ? (result) : __real_##name args; \
	}

WRAP(void *, malloc, NULL, false, (size_t size), (size))
WRAP(void *, calloc, NULL, false, (size_t n, size_t size), (n, size))
WRAP(char *, strdup, NULL, false, (const char *text), (text))
WRAP(ssize_t, read, -1, false, (int fd, void *to, size_t n), (fd, to, n))
WRAP(ssize_t, __read_chk, -1, false, (int fd, void *to, size_t n, size_t size),
    (fd, to, n, size))
WRAP(ssize_t, write, -1, true, (int fd, const void *from, size_t n),
    (fd, from, n))
WRAP(ssize_t, send, -1, true, (int fd, const void *from, size_t n, int flags),
    (fd, from, n, flags))
WRAP(int, fsync, -1, true, (int fd), (fd))
WRAP(int, flock, -1, true, (int fd, int how), (fd, how))
WRAP(int, fchmod, -1, false, (int fd, mode_t mode), (fd, mode))
WRAP(int, fstat, -1, false, (int fd, struct stat *ret), (fd, ret))
WRAP(off_t, lseek, -1, false, (int fd, off_t to, int from), (fd, to, from))
WRAP(int, mkdirat, -1, false, (int at, const char *path, mode_t mode),
    (at, path, mode))
WRAP(int, renameat, -1, true, (int a, const char *old, int b, const char *new),
    (a, old, b, new))
WRAP(int, EVP_MAC_init, 0, false, (EVP_MAC_CTX *ctx, const unsigned char *key,
    size_t len, const OSSL_PARAM *params), (ctx, key, len, params))
/* clang-format on */

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
	return fails("open", false) ? -1 : __real_open(path, flags, mode);
}

int
__wrap_openat(int at, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails("openat", flags & O_EXCL)
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

/* What FORTIFY makes of it. */
void
__wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	log_line(priority, format, ap);
	va_end(ap);
}
