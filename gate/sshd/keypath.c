#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate/sshd/keypath.h"

#define UID_TEXT 24

struct keypath_user
keypath_user(const struct passwd *pw)
{
	return (struct keypath_user){.name = pw->pw_name,
	    .home = pw->pw_dir,
	    .uid = pw->pw_uid,
	    .gid = pw->pw_gid};
}

/* The value of %c, for which uid is room; NULL where sshd knows no such one. */
static const char *
value_of_token(
    char c, const struct keypath_user *user, char uid[static UID_TEXT])
{
	switch (c) {
	case 'h':
		return user->home;
	case 'u':
		return user->name;
	case 'U':
		snprintf(uid, UID_TEXT, "%lu", (unsigned long)user->uid);
		return uid;
	case '%':
		return "%";
	default:
		return NULL;
	}
}

static bool
append_text(char *ret, size_t size, size_t *len, const char *text, size_t n)
{
	if (n >= size - *len)
		return false;
	memcpy(ret + *len, text, n);
	*len += n;
	ret[*len] = '\0';
	return true;
}

static bool
expand(const char *name, const struct keypath_user *user, char *ret,
    size_t size, size_t *len)
{
	char uid[UID_TEXT];

	while (*name != '\0') {
		size_t n = strcspn(name, "%");
		const char *with = n == 0 ? value_of_token(name[1], user, uid)
					  : name;

		if (with == NULL ||
		    !append_text(
			ret, size, len, with, n == 0 ? strlen(with) : n))
			return false;
		name += n == 0 ? 2 : n;
	}
	return *len > 0;
}

static bool
expand_at_home(
    const char *name, const struct keypath_user *user, char *ret, size_t size)
{
	size_t len = 0;

	return append_text(ret, size, &len, user->home, strlen(user->home)) &&
	    append_text(ret, size, &len, "/", 1) &&
	    expand(name, user, ret, size, &len);
}

/* A name such as %h/x is absolute only once it is expanded. */
bool
keypath_expand(
    const char *name, const struct keypath_user *user, char *ret, size_t size)
{
	size_t len = 0;

	if (size == 0 || name[0] == '\0')
		return false;
	if (name[0] != '/' && name[0] != '%')
		return expand_at_home(name, user, ret, size);
	return expand(name, user, ret, size, &len) &&
	    (ret[0] == '/' || expand_at_home(name, user, ret, size));
}

bool
keypath_is_common(const char *name)
{
	return name[0] == '/' && strchr(name, '%') == NULL;
}

const char *
keypath_name(const struct keypath_list *list, size_t i)
{
	return list->first + i * list->size;
}

const char *
keypath_listed(const struct keypath_list *list, const struct keypath_user *user,
    const char *path)
{
	char listed[PATH_MAX];

	for (size_t i = 0; i < list->count; i++) {
		const char *name = keypath_name(list, i);

		if (keypath_expand(name, user, listed, sizeof(listed)) &&
		    strcmp(listed, path) == 0)
			return name;
	}
	return NULL;
}

bool
keypath_next(
    const char **rest, const struct keypath_user *user, struct keypath *ret)
{
	while (config_word(rest, ret->name)) {
		if (strcasecmp(ret->name, "none") == 0)
			continue;
		/* A name of that length may have been cut. */
		if (strlen(ret->name) + 1 == sizeof(ret->name) ||
		    !keypath_expand(
			ret->name, user, ret->path, sizeof(ret->path)))
			ret->path[0] = '\0';
		return true;
	}
	return false;
}

bool
keypath_names(
    const char *value, const struct keypath_user *user, const char *path)
{
	struct keypath file;

	while (keypath_next(&value, user, &file))
		if (file.path[0] != '\0' && strcmp(file.path, path) == 0)
			return true;
	return false;
}
