#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/sshd/config.h"
#include "gate/sshd/folders.h"
#include "gate/sshd/sshd.h"
#include "gate/sshd/started.h"
#include "gate/sshd/title.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

#define ANCESTORS_MAX   32
#define CONFIG_FILE_MAX (1 << 20) /* bytes of one of sshd's files */
#define KEYS_DEFAULT    ".ssh/authorized_keys .ssh/authorized_keys2"

static enum fault
cannot_tell(char *ret_why, const char *what, const char *why)
{
	snprintf(ret_why, WHY_TEXT, "%.300s: %.150s", what, why);
	return FAULT_IO;
}

/* The sshd that listens, and the connection that it gave to us. */
struct origin {
	char config[PATH_MAX];
	pid_t listener;
	struct timespec started; /* the listener */
	struct timespec since;   /* the connection */
};

static enum fault
judge_origin(
    const char *title, const char *user, struct origin *ret, char *ret_why)
{
	pid_t parent;

	if (!title_names(title, user))
		return cannot_tell(
		    ret_why, title, "sshd has another name for you");
	return ret->since.tv_sec > 0 &&
		started_process(ret->listener, &parent, &ret->started)
	    ? FAULT_NONE
	    : cannot_tell(ret_why, "/proc", "has no times");
}

/* True if a title of root's process is that of an sshd that listens, with no
 * option that decides what its files are asked for. */
static bool
is_listener(const char *title, struct origin *ret)
{
	static const char name[] = "sshd: /";
	struct listener listener;

	if (strncmp(title, name, sizeof(name) - 1) != 0 ||
	    !title_listener(title, &listener) || listener.options[0] != '\0' ||
	    listener.config[0] != '/')
		return false;
	memcpy(ret->config, listener.config, sizeof(ret->config));
	return true;
}

/*
 * Goes up to the process that listens.  The one below it serves this
 * connection, and was started before anybody was authenticated.
 */
static enum fault
find_listener(const char *user, struct origin *ret, char *ret_why)
{
	char title[STARTED_TITLE], below[STARTED_TITLE] = "";
	pid_t pid = getppid();
	bool served = false;
	uid_t owner;

	ret->since.tv_sec = 0;
	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
		if (!started_title(pid, title, &owner))
			return cannot_tell(ret_why, "/proc", strerror(errno));
		ret->listener = pid;
		if (owner == 0 && is_listener(title, ret))
			return judge_origin(below, user, ret, ret_why);
		served |= owner == 0 && strncmp(title, "sshd", 4) == 0 &&
		    title_names(title, user);
		memcpy(below, title, sizeof(below));
		if (!started_process(pid, &pid, &ret->since))
			return cannot_tell(ret_why, "/proc", strerror(errno));
	}
	return cannot_tell(ret_why, "sshd",
	    served ? "the one that started this connection is gone, so connect "
		     "anew (none stays where a socket starts one for each "
		     "connection, sshd -i)"
		   : "which file it reads cannot be seen");
}

bool
sshd_is_newer(const struct timespec *changed, const struct sshd_view *view)
{
	return started_is_later(changed, &view->since);
}

struct look {
	const struct sshd_view *view;
	char *why; /* of the fault */
	enum fault fault;
	struct timespec changed; /* the latest change of what was read */
	char latest[PATH_MAX];   /* which file or folder that was */
};

static void
look_fails(struct look *look, const char *path, const char *why)
{
	look->fault = cannot_tell(look->why, path, why);
}

static void
look_changed(struct look *look, const char *path, const struct stat *st)
{
	const struct timespec *a = &st->st_ctim, *b = &look->changed;

	if (sshd_is_newer(a, look->view)) {
		look_fails(look, path, "was changed after you connected");
	} else if (a->tv_sec > b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec)) {
		look->changed = *a;
		snprintf(look->latest, sizeof(look->latest), "%s", path);
	}
}

static char *
read_believed(struct look *look, const char *path)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		look_fails(look, path, strerror(errno));
	} else if (!S_ISREG(st.st_mode) ||
	    file_read(fd, CONFIG_FILE_MAX, &text, &len) != FAULT_NONE ||
	    len == CONFIG_FILE_MAX || strlen(text) != len) {
		look_fails(look, path, "cannot be read");
	} else {
		look_changed(look, path, &st);
		return text;
	}
	free(text);
	return NULL;
}

static void
look_at_folder(void *ctx, const char *folder, const struct stat *st)
{
	look_changed(ctx, folder, st);
}

static void
include_files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	struct look *look = ctx;
	glob_t found = {.gl_pathc = 0};
	int status = glob(pattern, GLOB_ERR, NULL, &found);

	folders_of(pattern, look_at_folder, look);
	if (status != 0 && status != GLOB_NOMATCH)
		look_fails(look, pattern, "cannot be looked up");
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		scoped_free char *text = read_believed(look, found.gl_pathv[i]);

		if (text != NULL)
			each(reader, found.gl_pathv[i], text);
	}
	globfree(&found);
}

/* True if a Match is "User a,b" with plain names that are all others'. */
static bool
is_for_others(const char *match, const char *user)
{
	char word[CONFIG_WORD];
	const char *rest = match;

	if (match == NULL || strpbrk(match, "*?!=\"") != NULL ||
	    !config_word(&rest, word) || strcasecmp(word, "user") != 0 ||
	    !config_word(&rest, word))
		return false;
	for (char *save = NULL, *name = strtok_r(word, ",", &save);
	     name != NULL; name = strtok_r(NULL, ",", &save))
		if (strcmp(name, user) == 0)
			return false;
	return !config_word(&rest, word);
}

static void
name_line(const struct config_line *line, char ret[static WHY_TEXT])
{
	snprintf(ret, WHY_TEXT, "%.300s:%d: %.60s", line->file, line->number,
	    line->keyword);
}

/* True if keys.files has each file that a value of AuthorizedKeysFile names. */
static bool
all_listed(const struct sshd_question *question, const char *value)
{
	struct keypath file;

	while (keypath_next(&value, question->user, &file))
		if (keypath_listed(
			&question->files, question->user, file.path) == NULL)
			return false;
	return true;
}

static void
take_setting(const struct sshd_question *question,
    const struct config_line *line, struct sshd_view *view, bool *hidden)
{
	char word[CONFIG_WORD] = "";
	const char *rest = line->value;
	bool some = config_word(&rest, word);
	bool none = some && strcasecmp(word, "none") == 0;

	if (config_has_keyword(line, "ExposeAuthInfo")) {
		view->exposes |= some && strcasecmp(word, "yes") == 0;
		*hidden |= !some || strcasecmp(word, "yes") != 0;
	} else if (config_has_keyword(line, "AuthorizedKeysCommand")) {
		if (!none)
			name_line(line, view->other_keys);
	} else if (config_has_keyword(line, "TrustedUserCAKeys")) {
		if (!none)
			name_line(line, view->authority);
	} else if (config_has_keyword(line, "AuthorizedKeysFile")) {
		if (!all_listed(question, line->value))
			name_line(line, view->other_keys);
	}
}

static bool
is_for_all(const struct config_line *line)
{
	return line->outer == NULL &&
	    (line->match == NULL || strcasecmp(line->match, "all") == 0);
}

static void
take_settings(const struct sshd_question *question, const struct config *config,
    struct sshd_view *view)
{
	bool hidden = false, keys_named = false;

	list_each(const struct config_line, line, config->lines) {
		if (is_for_others(line->match, question->user->name) ||
		    is_for_others(line->outer, question->user->name))
			continue;
		take_setting(question, line, view, &hidden);
		keys_named |= is_for_all(line) &&
		    config_has_keyword(line, "AuthorizedKeysFile");
	}
	view->exposes &= !hidden;
	if (!keys_named && !all_listed(question, KEYS_DEFAULT))
		snprintf(view->other_keys, sizeof(view->other_keys),
		    "AuthorizedKeysFile, by default");
}

/*
 * sshd must have read all files as they are now before it took this connection:
 * when it started, or was reloaded.  A reload after the connection began does
 * not tell what held before.
 */
static void
judge_loaded(
    struct look *look, const struct config *config, const struct origin *origin)
{
	char pid_file[CONFIG_WORD];
	struct timespec loaded;

	if (!started_is_later(&look->changed, &origin->started))
		return;
	started_pid_file(config, pid_file);
	if (!started_reload(pid_file, origin->listener, &loaded) ||
	    started_is_later(&loaded, &look->view->since) ||
	    started_is_later(&look->changed, &loaded))
		look_fails(look, look->latest,
		    "was changed, and sshd not reloaded since (or its PidFile "
		    "does not say so)");
}

enum fault
sshd_look(const struct sshd_question *question, struct sshd_view *ret,
    char ret_why[static WHY_TEXT])
{
	struct sshd_view view = {.exposes = false};
	struct look look = {.view = &view, .why = ret_why};
	scoped_free char *text = NULL;
	struct origin origin;
	struct config config;
	enum fault fault = find_listener(
	    question->user->name, &origin, ret_why);

	if (fault != FAULT_NONE)
		return fault;
	view.since = origin.since;
	text = read_believed(&look, origin.config);
	if (text == NULL)
		return look.fault;
	config_read(origin.config, text, include_files, &look, &config);
	if (config.failed && look.fault == FAULT_NONE)
		look_fails(&look,
		    config.long_file != NULL ? config.long_file : origin.config,
		    "cannot be read whole");
	if (look.fault == FAULT_NONE)
		judge_loaded(&look, &config, &origin);
	if (look.fault == FAULT_NONE) {
		take_settings(question, &config, &view);
		*ret = view;
	}
	config_done(&config);
	return look.fault;
}
