/*
 * The time at which a path last came to name another file, or the file changed.
 * The file alone does not tell: a link can be turned to another file and a
 * folder can be renamed, and the file found then may be older than both.  The
 * link or the folder keeps the time of that.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/sshd/keyfile.h"

#define LINKS_MAX 40 /* as in the kernel */

struct walk {
	char at[PATH_MAX];   /* where it is, without links; "" for / */
	char rest[PATH_MAX]; /* of the way */
	char home[PATH_MAX]; /* without links; "" where there is none */
	int links;
	bool has_file;
	struct timespec changed;
};

static void
take_time(struct walk *walk, const struct stat *st)
{
	const struct timespec *a = &st->st_ctim, *b = &walk->changed;

	if (a->tv_sec > b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec))
		walk->changed = *a;
}

static bool
stat_at(const struct walk *walk, struct stat *ret)
{
	return lstat(walk->at[0] == '\0' ? "/" : walk->at, ret) == 0;
}

static bool
is_home_or_above(const struct walk *walk)
{
	size_t n = strlen(walk->at);

	return strncmp(walk->home, walk->at, n) == 0 &&
	    (walk->home[n] == '/' || walk->home[n] == '\0');
}

/*
 * A folder's time is also that of the last entry in it.  So busy folders, such
 * as the home folder and /etc, do not count if root alone can rename them.
 */
static bool
folder_counts(const struct walk *walk, const struct stat *parent)
{
	bool busy = is_home_or_above(walk) || strchr(walk->at + 1, '/') == NULL;

	return !busy || parent->st_uid != 0 ||
	    (parent->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* The file itself, and its folder, unless that is the home folder. */
static bool
take_file_time(struct walk *walk, const struct stat *st)
{
	struct stat folder;

	take_time(walk, st);
	walk->has_file = true;
	if (!S_ISREG(st->st_mode))
		return true;
	*strrchr(walk->at, '/') = '\0';
	if (walk->at[0] == '\0' || is_home_or_above(walk))
		return true;
	if (!stat_at(walk, &folder))
		return false;
	take_time(walk, &folder);
	return true;
}

static bool
follow_link(struct walk *walk)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlink(walk->at, target, sizeof(target));
	int len;

	if (n <= 0 || n >= PATH_MAX || ++walk->links > LINKS_MAX)
		return false;
	target[n] = '\0';
	len = snprintf(rest, sizeof(rest), "%s/%s", target, walk->rest);
	if (len < 0 || (size_t)len >= sizeof(rest))
		return false;
	memcpy(walk->rest, rest, (size_t)len + 1);
	*(target[0] == '/' ? walk->at : strrchr(walk->at, '/')) = '\0';
	return true;
}

/* Goes to name in the folder walk->at; false if it cannot be seen. */
static bool
go_to(struct walk *walk, const char *name)
{
	size_t len = strlen(walk->at);
	struct stat parent, st;

	if (strcmp(name, "..") == 0) {
		if (len > 0)
			*strrchr(walk->at, '/') = '\0';
		return true;
	}
	if (!stat_at(walk, &parent) || len + strlen(name) + 2 > PATH_MAX)
		return false;
	snprintf(walk->at + len, PATH_MAX - len, "/%s", name);
	if (!stat_at(walk, &st)) {
		/* Nothing is there: the folder has the time of its removal. */
		take_time(walk, &parent);
		walk->rest[0] = '\0';
		return keyfile_is_absent(errno);
	}
	if (S_ISLNK(st.st_mode)) {
		take_time(walk, &st);
		return follow_link(walk);
	}
	if (!S_ISDIR(st.st_mode))
		return take_file_time(walk, &st);
	if (folder_counts(walk, &parent))
		take_time(walk, &st);
	return true;
}

static bool
walk_on(struct walk *walk)
{
	char name[NAME_MAX + 1];
	size_t start = strspn(walk->rest, "/");
	size_t n = strcspn(walk->rest + start, "/");

	if (n > NAME_MAX)
		return false;
	memcpy(name, walk->rest + start, n);
	name[n] = '\0';
	memmove(walk->rest, walk->rest + start + n,
	    strlen(walk->rest + start + n) + 1);
	return n == 0 || strcmp(name, ".") == 0 || go_to(walk, name);
}

enum fault
keyfile_changed(const struct keyfile *file, const struct keypath_user *user,
    struct timespec *ret, char ret_why[static WHY_TEXT])
{
	struct walk walk = {.links = 0};
	bool seen = strlen(file->path) < sizeof(walk.rest) &&
	    file->path[0] == '/';

	if (realpath(user->home, walk.home) == NULL)
		walk.home[0] = '\0';
	if (seen)
		snprintf(walk.rest, sizeof(walk.rest), "%s", file->path);
	while (seen && !walk.has_file && walk.rest[0] != '\0')
		seen = walk_on(&walk);
	if (!seen || (file->text != NULL && !walk.has_file)) {
		snprintf(ret_why, WHY_TEXT,
		    "%.350s: cannot be seen how long it is there", file->path);
		return FAULT_IO;
	}
	*ret = walk.changed;
	return FAULT_NONE;
}
