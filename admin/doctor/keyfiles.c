/*
 * Reads the files that sshd looks into for each user, in every view, as that
 * user.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"

#define KEYS_SLOW 5  /* files may time out; after that doctor gives up */
#define FILES_MAX 64 /* of one user's */

/*
 * Says why a file of keys was not looked at.  It says nothing if sshd, which
 * reads as the user too, finds no key there either.
 */
static void
say_unread(
    struct doctor *doctor, const struct passwd *pw, const char *path, int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case ELOOP:
	case ENAMETOOLONG:
	case EINVAL:
		return;
	case EFBIG:
		doctor_warn(doctor, "a smaller file",
		    "%.300s: larger than %lu MiB: neither doctor nor the gate "
		    "reads its keys",
		    path, KEYS_FILE_MAX >> 20);
		return;
	default:
		doctor_warn(doctor, NULL, "%.300s: cannot be read as %.80s: %s",
		    path, pw->pw_name, strerror(error));
	}
}

/* A line ends at a NUL for sshd too, and the next one counts. */
static void
judge_lines(
    struct doctor_lines *lines, const char *path, char *text, size_t len)
{
	char *line = text, *end;

	for (int number = 1; line < text + len; number++) {
		end = memchr(line, '\n', len - (size_t)(line - text));
		if (end == NULL)
			end = text + len;
		*end = '\0';
		lines->judge(lines, path, number, line);
		line = end + 1;
	}
}

/* True if the user alone is in the group, by its list and as the main group. */
static bool
is_users_own(gid_t gid, const struct keypath_user *user)
{
	struct group *group = getgrgid(gid);
	const struct passwd *pw;
	bool own = false, others = false;

	if (group == NULL)
		return false;
	if (group->gr_mem[0] != NULL) {
		others = strcmp(group->gr_mem[0], user->name) != 0 ||
		    group->gr_mem[1] != NULL;
		own = !others;
	}
	setpwent();
	while (!others && (pw = getpwent()) != NULL)
		if (pw->pw_gid == gid) {
			own = true;
			others = pw->pw_uid != user->uid;
		}
	endpwent();
	return own && !others;
}

static bool
is_nobodys(gid_t gid, const struct keypath_user *user)
{
	(void)gid;
	(void)user;
	return false;
}

/* OpenSSH lets no group write a file of keys.  That of Debian and its kin lets
 * a group write of which only the user is a member. */
keyfile_group *
doctor_sshd_groups(void)
{
	static keyfile_group *group;
	char version[128] = "";

	if (group == NULL)
		group = doctor_version(version, sizeof(version)) &&
			(strstr(version, "Debian") != NULL ||
			    strstr(version, "Ubuntu") != NULL)
		    ? is_users_own
		    : is_nobodys;
	return group;
}

/* False if the file did not answer in time. */
static bool
read_lines(
    struct doctor_lines *lines, const struct passwd *pw, const char *path)
{
	struct keys_text file;

	if (!read_keys_as(pw, path, KEYS_MS, doctor_sshd_groups(), &file)) {
		say_unread(lines->doctor, pw, path, errno);
		return errno != ETIMEDOUT;
	}
	lines->files++;
	if (lines->judge_file != NULL)
		lines->judge_file(lines, pw, path, &file);
	judge_lines(lines, path, file.text, file.len);
	free(file.text);
	return true;
}

/* A user's files, each once. */
struct paths {
	char paths[FILES_MAX][PATH_MAX];
	size_t count;
};

/* False if there are too many. */
static bool
add_path(struct paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->paths[i], path) == 0)
			return true;
	if (paths->count == FILES_MAX)
		return false;
	snprintf(
	    paths->paths[paths->count++], sizeof(paths->paths[0]), "%s", path);
	return true;
}

bool
doctor_next_view(const struct doctor *doctor, const struct passwd *pw,
    size_t *i, const struct view **ret)
{
	unsigned long long kind = kind_of(&doctor->kinds, pw);

	while (*i < doctor->views.list.count) {
		const struct view *view = &doctor->views.list.items[(*i)++];

		if (dump_takes_keys(view) &&
		    (dump_is_of_kind(view, kind) ||
			strcmp(view->user, pw->pw_name) == 0)) {
			*ret = view;
			return true;
		}
	}
	return false;
}

static void
collect_paths(const struct doctor_lines *lines, const struct passwd *pw,
    struct paths *paths)
{
	struct keypath_user user = keypath_user(pw);
	const struct view *view;
	char value[CONFIG_WORD];
	struct keypath file;
	const char *rest;

	paths->count = 0;
	for (size_t i = 0; doctor_next_view(lines->doctor, pw, &i, &view);) {
		rest = value;
		if (!dump_value(view, lines->keyword, value))
			continue;
		while (keypath_next(&rest, &user, &file))
			if (file.path[0] == '\0' || !add_path(paths, file.path))
				doctor_warn(lines->doctor, NULL,
				    "%.80s %.200s: not looked at for %.80s: "
				    "too long, or too many files",
				    lines->keyword, file.name, pw->pw_name);
	}
}

/* A file system that is gone would hold up each of thousands of users: after
 * KEYS_SLOW files the rest is not looked at. */
void
doctor_each_file(struct doctor_lines *lines)
{
	scoped_free struct paths *paths = malloc(sizeof(*paths));
	const struct passwd *pw;
	int slow = 0;

	setpwent();
	while (paths != NULL && slow < KEYS_SLOW && (pw = getpwent()) != NULL) {
		size_t before = lines->files;

		if (lines->judge_user != NULL)
			lines->judge_user(lines, pw);
		doctor_step(lines->doctor);
		collect_paths(lines, pw, paths);
		for (size_t i = 0; i < paths->count; i++)
			slow += !read_lines(lines, pw, paths->paths[i]);
		lines->users += lines->files > before;
	}
	endpwent();
	if (slow >= KEYS_SLOW)
		doctor_warn(lines->doctor, NULL,
		    "%d files of keys did not answer: the users after them "
		    "are not looked at",
		    slow);
}
