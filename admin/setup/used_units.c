/*
 * The sshds that systemd would start: by a socket only when somebody connects,
 * with options that no process shows until then.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/setup/setup.h"
#include "admin/setup/unit.h"
#include "store/base/cleanup.h"
#include "store/system/systemd.h"

#define SSH_DEFAULTS "/etc/default/ssh"

struct paths {
	LIST_OF(char *) list;
};

static void
drop_paths(struct paths *paths)
{
	for (size_t i = 0; i < paths->list.count; i++)
		free(paths->list.items[i]);
	free(paths->list.items);
	*paths = (struct paths){.list = {NULL, 0}};
}

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool
has_name(const struct paths *paths, const char *name)
{
	for (size_t i = 0; i < paths->list.count; i++)
		if (strcmp(last_name(paths->list.items[i]), name) == 0)
			return true;
	return false;
}

static void
keep_path(struct uses *uses, struct paths *paths, const char *path)
{
	char **slot = list_add(&paths->list, sizeof(*slot));

	if (slot != NULL)
		*slot = strdup(path);
	if (slot == NULL || *slot == NULL)
		uses_unknown(uses, "%s", strerror(ENOMEM));
}

/* In names of units a backslash is one. */
static void
find_paths(
    struct uses *uses, struct paths *paths, const char *pattern, bool by_name)
{
	glob_t found = {.gl_pathc = 0};
	int status = glob(pattern, GLOB_NOESCAPE, NULL, &found);

	if (status != 0 && status != GLOB_NOMATCH)
		uses_unknown(uses, "%s: cannot be looked up", pattern);
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];

		if (!by_name || !has_name(paths, last_name(path)))
			keep_path(uses, paths, path);
	}
	globfree(&found);
}

/* In systemd's folders: a file hides those of its name in later ones. */
static void
find_in_folders(struct uses *uses, struct paths *paths, const char *name)
{
	char pattern[PATH_MAX + 64];

	for (size_t i = 0; systemd_folders[i] != NULL; i++) {
		snprintf(pattern, sizeof(pattern), "%s/%s", systemd_folders[i],
		    name);
		find_paths(uses, paths, pattern, true);
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(
	    last_name(*(char *const *)a), last_name(*(char *const *)b));
}

/* A file of systemd's, or NULL.  A link to /dev/null is none. */
static char *
read_file(struct uses *uses, const char *path)
{
	struct stat st;
	char *text;

	if (stat(path, &st) == 0 && S_ISCHR(st.st_mode))
		return NULL;
	text = read_text(path);
	if (text == NULL && errno != ENOENT)
		uses_unknown(uses, "%s: %s", path, strerror(errno));
	return text;
}

static void
add_file(struct uses *uses, struct unit *unit, const char *path,
    void (*add)(struct unit *unit, const char *text))
{
	scoped_free char *text = read_file(uses, path);

	if (text != NULL)
		add(unit, text);
}

/* *ret: what a link is another name for, of a unit or of an instance of one.
 * False for no link, and for one to a file of its own name. */
static bool
read_alias(const char *path, char ret[static PATH_MAX])
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	snprintf(ret, PATH_MAX, "%s", last_name(target));
	return strcmp(last_name(path), ret) != 0;
}

static void
find_dropins(struct uses *uses, struct paths *paths, const char *name)
{
	char pattern[PATH_MAX];

	snprintf(pattern, sizeof(pattern), "%s.d/*.conf", name);
	find_in_folders(uses, paths, pattern);
}

/* Drop-ins of the unit, by any of its names, and of every service: sorted by
 * name, whatever folder they are in. */
static void
add_dropins(struct uses *uses, const struct paths *aliases, const char *name,
    struct unit *ret)
{
	struct paths paths = {.list = {NULL, 0}};
	char of[PATH_MAX];

	find_dropins(uses, &paths, name);
	list_each(char *, alias, aliases->list)
		if (read_alias(*alias, of) && strcmp(of, name) == 0)
			find_dropins(uses, &paths, last_name(*alias));
	find_dropins(uses, &paths, "service");
	if (paths.list.count > 0)
		qsort(paths.list.items, paths.list.count, sizeof(char *),
		    compare_names);
	list_each(char *, path, paths.list)
		add_file(uses, ret, *path, unit_add);
	drop_paths(&paths);
}

static void
add_variables(struct uses *uses, struct unit *unit)
{
	list_each(char *, pattern, unit->files) {
		struct paths paths = {.list = {NULL, 0}};

		find_paths(uses, &paths, *pattern, false);
		list_each(char *, path, paths.list)
			add_file(uses, unit, *path, unit_add_variables);
		drop_paths(&paths);
	}
}

static const char *
find_sshd(const char *command)
{
	const char *at = uses_find_name(command, "sshd");

	return at != NULL ? at : uses_find_name(command, "tfa-sshd");
}

/* True for a flag with -f or -o in it, or for something that a shell reads. */
static bool
may_have_options(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (strchr("$`", *at) != NULL)
			return true;
		if (*at == '-' && at > text && strchr(" \t\"'", at[-1]) &&
		    strcspn(at, "fo") < strcspn(at, " \t\"'=/"))
			return true;
	}
	return false;
}

/* Another program starts sshd, such as a shell: the options are not ours to
 * read. */
static void
judge_wrapped(struct uses *uses, const char *path, const char *text)
{
	if (uses_find_name(text, "tfa-gate") != NULL)
		uses_add(uses, USE_GATE, path, 0, text);
	else if (may_have_options(find_sshd(text)))
		uses_unknown(uses, "%s: what sshd reads is not known: %.600s",
		    path, text);
}

static void
judge_command(struct uses *uses, const char *path, const char *text)
{
	char who[400];
	struct listener listener;
	struct doctor doctor;
	const struct used_command command = {.file = path,
	    .who = who,
	    .text = text,
	    .door = "systemd starts the door",
	    .listener = &listener};

	if (!title_command(text, &listener) ||
	    find_sshd(title_name(&listener)) != title_name(&listener)) {
		judge_wrapped(uses, path, text);
		return;
	}
	snprintf(who, sizeof(who), "the sshd of %.300s", path);
	if (listener.config[0] != '/') {
		uses_unknown(uses,
		    "%s: the folder of sshd's -f %.300s is not "
		    "known",
		    path, listener.config);
		return;
	}
	used_by_command(uses, &command, &doctor);
	doctor_done(&doctor);
}

static void
judge_commands(struct uses *uses, const struct unit *unit, const char *path)
{
	char text[UNIT_COMMAND];

	for (size_t i = 0; i < unit->commands.count; i++) {
		const char *written = unit->commands.items[i];

		if (!unit_command(unit, i, text)) {
			if (find_sshd(written) != NULL)
				uses_unknown(uses,
				    "%s: what it starts is not known: %.600s",
				    path, written);
		} else if (find_sshd(text) != NULL) {
			judge_command(uses, path, text);
		}
	}
}

static void
judge_unit(struct uses *uses, const struct paths *aliases, const char *path)
{
	scoped_free char *text = read_file(uses, path);
	struct unit unit = {.unread = false};

	if (text == NULL)
		return;
	unit_add(&unit, text);
	add_dropins(uses, aliases, last_name(path), &unit);
	add_variables(uses, &unit);
	if (unit.failed)
		uses_unknown(uses, "%s: %s", path, strerror(ENOMEM));
	judge_commands(uses, &unit, path);
	unit_done(&unit);
}

/* Debian's /etc/init.d/ssh, where it has no unit. */
static void
judge_init_script(struct uses *uses)
{
	struct unit unit = {.unread = false};

	unit_add(&unit, "[Service]\nExecStart=/usr/sbin/sshd $SSHD_OPTS\n");
	add_file(uses, &unit, SSH_DEFAULTS, unit_add_variables);
	judge_commands(uses, &unit, SSH_DEFAULTS);
	unit_done(&unit);
}

void
used_by_units(struct uses *uses)
{
	struct paths units = {.list = {NULL, 0}}, aliases = units;
	char of[PATH_MAX];

	find_in_folders(uses, &units, "*.service");
	list_each(char *, path, units.list)
		if (read_alias(*path, of) && has_name(&units, of))
			keep_path(uses, &aliases, *path);
	list_each(char *, path, units.list)
		if (!has_name(&aliases, last_name(*path)))
			judge_unit(uses, &aliases, *path);
	if (!has_name(&units, "ssh.service"))
		judge_init_script(uses);
	drop_paths(&units);
	drop_paths(&aliases);
}
