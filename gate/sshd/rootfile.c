#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/sshd/rootfile.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

/* On the way to a file. */
struct way {
	struct rootfile *file;
	int dir;             /* the folder that was reached */
	char real[PATH_MAX]; /* its path, without links; "" for / */
	char rest[PATH_MAX]; /* what is still to be gone */
	int links;           /* that were followed */
};

static enum fault
way_fault(struct way *w, enum fault fault, const char *name, const char *why)
{
	struct rootfile *file = w->file;

	/* A path that does not fit is cut. */
	if ((size_t)snprintf(file->culprit, sizeof(file->culprit), "%s/%s",
		w->real, name) >= sizeof(file->culprit))
		file->culprit[sizeof(file->culprit) - 1] = '\0';
	snprintf(file->why, sizeof(file->why), "%s", why);
	return fault;
}

static enum fault
way_error(struct way *w, const char *name)
{
	return way_fault(w,
	    errno == ENOENT || errno == ENOTDIR ? FAULT_ABSENT : FAULT_IO, name,
	    strerror(errno));
}

/* Nobody writes a link: only its folder says who can replace it, and its owner
 * who made it. */
static enum fault
way_judge(struct way *w, const char *name, const struct stat *st)
{
	char why[64];

	if (st->st_uid != 0) {
		snprintf(why, sizeof(why),
		    "belongs to the uid %lu, not to root",
		    (unsigned long)st->st_uid);
		return way_fault(w, FAULT_ACCESS, name, why);
	}
	if (!S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return way_fault(w, FAULT_ACCESS, name,
		    "can be written by others than root");
	return FAULT_NONE;
}

/* Opens a part of the path, unread and with no link followed, and judges it. */
static enum fault
open_part(struct way *w, const char *name, int *ret_fd, struct stat *ret_st)
{
	scoped_fd int fd = openat(
	    w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	enum fault fault;

	if (fd < 0 || fstat(fd, ret_st) < 0)
		return way_error(w, name);
	fault = way_judge(w, name, ret_st);
	if (fault == FAULT_NONE)
		*ret_fd = take_fd(&fd);
	return fault;
}

static void
way_enter(struct way *w, int fd)
{
	if (w->dir >= 0)
		close(w->dir);
	w->dir = fd;
}

static enum fault
enter_root(struct way *w)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	w->real[0] = '\0';
	if (fd < 0)
		return way_error(w, "");
	way_enter(w, fd);
	return fstat(fd, &st) < 0 ? way_error(w, "") : way_judge(w, "", &st);
}

/* Takes the first name off the rest; false at the end. */
static bool
next_name(struct way *w, char ret[static NAME_MAX + 1])
{
	const char *from = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(from, "/");

	if (n == 0 || n > NAME_MAX)
		return false;
	memcpy(ret, from, n);
	ret[n] = '\0';
	memmove(w->rest, from + n, strlen(from + n) + 1);
	return true;
}

/* Puts a link's target before the rest. */
static enum fault
way_follow(struct way *w, const char *name, int fd)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

	if (n <= 0)
		return way_error(w, name);
	target[n] = '\0';
	if (++w->links > ROOTFILE_LINKS)
		return way_fault(w, FAULT_IO, name, strerror(ELOOP));
	memcpy(rest, w->rest, sizeof(rest));
	if ((size_t)snprintf(w->rest, sizeof(w->rest), "%s%s", target, rest) >=
	    sizeof(w->rest))
		return way_fault(w, FAULT_LIMIT, name, strerror(ENAMETOOLONG));
	return target[0] == '/' ? enter_root(w) : FAULT_NONE;
}

/* Goes down into a folder, or up to the one that holds it, which was judged on
 * the way to it, and is judged again. */
static enum fault
go(struct way *w, const char *name, int fd)
{
	size_t len = strlen(w->real);

	way_enter(w, fd);
	if (strcmp(name, ".") == 0)
		return FAULT_NONE;
	if (strcmp(name, "..") == 0) {
		while (len > 0 && w->real[--len] != '/')
			;
		w->real[len] = '\0';
		return FAULT_NONE;
	}
	if ((size_t)snprintf(w->real + len, sizeof(w->real) - len, "/%s",
		name) >= sizeof(w->real) - len)
		return way_fault(w, FAULT_LIMIT, "", strerror(ENAMETOOLONG));
	return FAULT_NONE;
}

/* The file at the end of the way.  Only root can have put another one into its
 * place since it was judged. */
static enum fault
read_file(struct way *w, const char *name)
{
	scoped_fd int fd = openat(
	    w->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct rootfile *file = w->file;
	enum fault fault;
	size_t len = 0;

	if (fd < 0)
		return way_error(w, name);
	fault = file_read(fd, ROOTFILE_MAX + 1, &file->text, &len);
	if (fault != FAULT_NONE)
		return way_fault(w, fault, name,
		    fault == FAULT_MEMORY ? "out of memory" : strerror(errno));
	if (len > ROOTFILE_MAX)
		return way_fault(
		    w, FAULT_LIMIT, name, "is larger than 4 megabytes");
	if (strlen(file->text) != len)
		return way_fault(
		    w, FAULT_FORMAT, name, "has a NUL byte, so it is no text");
	return FAULT_NONE;
}

/* One part of the path.  *ret_read: it was the file. */
static enum fault
way_step(struct way *w, const char *name, bool *ret_read)
{
	scoped_fd int fd = -1;
	struct stat st;
	enum fault fault = open_part(w, name, &fd, &st);

	if (fault != FAULT_NONE)
		return fault;
	if (S_ISLNK(st.st_mode))
		return way_follow(w, name, fd);
	if (S_ISDIR(st.st_mode))
		return go(w, name, take_fd(&fd));
	if (w->rest[0] != '\0')
		return way_fault(w, FAULT_ABSENT, name, strerror(ENOTDIR));
	if (!S_ISREG(st.st_mode))
		return way_fault(w, FAULT_FORMAT, name, "is not a file");
	*ret_read = true;
	return read_file(w, name);
}

static enum fault
walk(struct way *w)
{
	enum fault fault = enter_root(w);
	char name[NAME_MAX + 1];
	bool read = false;

	while (fault == FAULT_NONE && !read) {
		if (!next_name(w, name))
			return way_fault(w, FAULT_FORMAT, "", "is not a file");
		fault = way_step(w, name, &read);
	}
	return fault;
}

enum fault
rootfile_read(const char *path, struct rootfile *ret)
{
	struct way w = {.file = ret, .dir = -1};
	enum fault fault;

	*ret = (struct rootfile){.text = NULL};
	if (path[0] != '/' || strlen(path) >= sizeof(w.rest)) {
		snprintf(ret->culprit, sizeof(ret->culprit), "%.4000s", path);
		snprintf(ret->why, sizeof(ret->why), "is no absolute path");
		return FAULT_FORMAT;
	}
	memcpy(w.rest, path, strlen(path) + 1);
	fault = walk(&w);
	if (w.dir >= 0)
		close(w.dir);
	if (fault != FAULT_NONE) {
		free(ret->text);
		ret->text = NULL;
	}
	return fault;
}

void
rootfile_done(struct rootfile *file)
{
	free(file->text);
	file->text = NULL;
}
