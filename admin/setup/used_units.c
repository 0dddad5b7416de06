/*
 * The sshds that systemd would start: by a socket only when somebody connects,
 * with options that no process shows until then.
 */
#include <ctype.h>
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
	char *copy = strdup(path);
	char **slot = copy != NULL ? list_add(&paths->list, sizeof(*slot))
				   : NULL;

	if (slot != NULL) {
		*slot = copy;
		return;
	}
	free(copy);
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

static bool
is_in_folders(const char *path)
{
	char folder[PATH_MAX];

	for (size_t i = 0; systemd_folders[i] != NULL; i++) {
		size_t n = strlen(systemd_folders[i]);

		if (realpath(systemd_folders[i], folder) != NULL)
			n = strlen(folder);
		else
			snprintf(
			    folder, sizeof(folder), "%s", systemd_folders[i]);
		if (strncmp(path, folder, n) == 0 && path[n] == '/' &&
		    strchr(path + n + 1, '/') == NULL)
			return true;
	}
	return false;
}

/* *ret: the unit that a link is another name for, or an instance of.  False for
 * no link, for one to a file of its own name, and for one to a file elsewhere,
 * which is a unit of the link's name. */
static bool
read_alias(const char *path, char ret[static PATH_MAX])
{
	char target[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode) ||
	    realpath(path, target) == NULL || !is_in_folders(target))
		return false;
	snprintf(ret, PATH_MAX, "%s", last_name(target));
	return strcmp(last_name(path), ret) != 0;
}

/* The next shorter beginning of a name that ends with a hyphen; 0: none. */
static size_t
shorter(const char *name, size_t n)
{
	for (n--; n > 0 && name[n - 1] != '-'; n--)
		continue;
	return n;
}

/* Those of this name, and of its beginnings up to each hyphen: a-b@i.service also
 * has those of a-@i.service. */
static void
find_dropins(struct uses *uses, struct paths *paths, const char *name)
{
	const char *tail = strchr(name, '@');
	char pattern[PATH_MAX];

	if (tail == NULL && (tail = strrchr(name, '.')) == NULL)
		return;
	for (size_t n = (size_t)(tail - name); n > 0; n = shorter(name, n)) {
		snprintf(pattern, sizeof(pattern), "%.*s%s.d/*.conf", (int)n,
		    name, tail);
		find_in_folders(uses, paths, pattern);
	}
}

/* And, for an instance, those of its template. */
static void
find_dropins_of(struct uses *uses, struct paths *paths, const char *name)
{
	const char *at = strchr(name, '@');
	char template[PATH_MAX];

	find_dropins(uses, paths, name);
	if (at == NULL || strcmp(at, "@.service") == 0)
		return;
	snprintf(template, sizeof(template), "%.*s@.service", (int)(at - name),
	    name);
	find_dropins(uses, paths, template);
}

/* Drop-ins of the unit, by any of its names, of this instance of it or "", and
 * of every service: sorted by name, whatever folder they are in. */
static void
add_dropins(struct uses *uses, const struct paths *aliases, const char *name,
    const char *instance, struct unit *ret)
{
	struct paths paths = {.list = {NULL, 0}};
	char of[PATH_MAX];

	if (instance[0] != '\0')
		find_dropins_of(uses, &paths, instance);
	find_dropins_of(uses, &paths, name);
	list_each(char *, alias, aliases->list)
		if (read_alias(*alias, of) && strcmp(of, name) == 0)
			find_dropins_of(uses, &paths, last_name(*alias));
	find_in_folders(uses, &paths, "service.d/*.conf");
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

/* True if nothing before or behind "sshd" can give it a file, an option or a
 * command to read: behind it stand flags without an argument. */
static bool
is_plain_sshd(const char *text)
{
	const char *at = uses_find_sshd(text);

	if (at == NULL || strpbrk(text, "|{}$`<>;&()*?[\\") != NULL ||
	    uses_find_name(text, "xargs") != NULL)
		return false;
	at += strcspn(at, " \t\"'");
	while (*(at += strspn(at, " \t\"'")) != '\0') {
		if (*at++ != '-')
			return false;
		at += strspn(at, "46DdeiqrTt");
		if (*at != '\0' && strchr(" \t\"'", *at) == NULL)
			return false;
	}
	return true;
}

/* A program such as run-sshd.sh, whose options are not ours to read. */
static void
judge_script(struct uses *uses, const char *path, const char *text)
{
	if (uses_find_name(text, "tfa-gate") != NULL)
		uses_add(uses, USE_GATE, path, 0, text);
	else
		uses_unknown(uses, "%s: what sshd reads is not known: %.600s",
		    path, text);
}

/* Another program, such as a shell, starts sshd or the gate. */
static void
judge_wrapped(struct uses *uses, const char *path, const char *text)
{
	if (!is_plain_sshd(text))
		judge_script(uses, path, text);
}

/* sshd, by whatever name, such as tfa-sshd or sshd-bastion. */
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
	    uses_find_sshd(title_name(&listener)) == NULL) {
		judge_wrapped(uses, path, text);
		return;
	}
	if (strchr(title_name(&listener), '.') != NULL) {
		judge_script(uses, path, text);
		return;
	}
	snprintf(who, sizeof(who), "the sshd of %.300s", path);
	used_by_command(uses, &command, &doctor);
	doctor_done(&doctor);
}

static bool
is_about_us(const char *text)
{
	return uses_find_sshd(text) != NULL ||
	    uses_find_name(text, "tfa-gate") != NULL;
}

static void
judge_commands(struct uses *uses, const struct unit *unit, const char *path)
{
	char text[UNIT_COMMAND];

	for (size_t i = 0; i < unit->commands.count; i++) {
		const char *written = unit->commands.items[i].text;
		bool known = unit_command(unit, i, text);

		if (!known)
			unit_rough(unit, i, text);
		if (!is_about_us(text) && (known || !is_about_us(written)))
			continue;
		if (!known)
			uses_unknown(uses,
			    "%s: what it starts is not known: %.600s", path,
			    written);
		else if (unit->elsewhere)
			uses_unknown(uses,
			    "%s: its sshd may see other files than are here: "
			    "%.600s",
			    path, text);
		else
			judge_command(uses, path, text);
	}
}

/* The unit, or that instance of it. */
static void
judge_instance(struct uses *uses, const struct paths *aliases, const char *path,
    const char *text, const char *instance)
{
	struct unit unit = {.unread = false};

	unit_add(&unit, text);
	add_dropins(uses, aliases, last_name(path), instance, &unit);
	add_variables(uses, &unit);
	if (unit.failed)
		uses_unknown(uses, "%s: %s", path, strerror(ENOMEM));
	judge_commands(uses, &unit, path);
	unit_done(&unit);
}

/* *ret: names of instances of the template that have drop-ins of their own, or of
 * a beginning of its name. */
static void
find_instances(
    struct uses *uses, const char *name, const char *at, struct paths *ret)
{
	for (size_t n = (size_t)(at - name); n > 0; n = shorter(name, n)) {
		struct paths folders = {.list = {NULL, 0}};
		char text[PATH_MAX];

		snprintf(text, sizeof(text), "%.*s@?*.service.d", (int)n, name);
		find_in_folders(uses, &folders, text);
		list_each(char *, folder, folders.list) {
			const char *tail = last_name(*folder) + n;

			snprintf(text, sizeof(text), "%.*s%.*s",
			    (int)(at - name), name, (int)strlen(tail) - 2,
			    tail);
			if (!has_name(ret, text))
				keep_path(uses, ret, text);
		}
		drop_paths(&folders);
	}
}

/* A template, also as each instance with drop-ins of its own. */
static void
judge_unit(struct uses *uses, const struct paths *aliases, const char *path)
{
	scoped_free char *text = read_file(uses, path);
	const char *name = last_name(path), *at = strstr(name, "@.service");
	struct paths instances = {.list = {NULL, 0}};

	if (text == NULL)
		return;
	judge_instance(uses, aliases, path, text, "");
	if (at == NULL)
		return;
	find_instances(uses, name, at, &instances);
	list_each(char *, instance, instances.list)
		judge_instance(uses, aliases, path, text, *instance);
	drop_paths(&instances);
}

/* Debian's /etc/init.d/ssh, where it has no unit.  A shell reads the variables. */
static void
judge_init_script(struct uses *uses)
{
	scoped_free char *text = read_file(uses, SSH_DEFAULTS);
	struct unit unit = {.unread = text != NULL && !unit_is_plain(text)};

	unit_add(&unit, "[Service]\nExecStart=/usr/sbin/sshd $SSHD_OPTS\n");
	if (text != NULL)
		unit_add_variables(&unit, text);
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
