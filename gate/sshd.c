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
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "gate/sshd.h"
#include "gate/sshd/started.h"

#define ANCESTORS_MAX    32
#define PROC_MAX         4096      /* bytes of a file of /proc that we need */
#define CONFIG_FILE_MAX  (1 << 20) /* bytes of one of sshd's files */
#define PID_FILE_DEFAULT "/run/sshd.pid"
#define NS_PER_S         1000000000LL

static enum fault
refuse(struct gate *gate, const char *what, const char *why)
{
	snprintf(gate->why, sizeof(gate->why), "%.300s: %.150s", what, why);
	return FAULT_IO;
}

static bool
read_proc(pid_t pid, const char *name, char ret[static PROC_MAX], uid_t *owner)
{
	scoped_free char *text = NULL;
	char path[64];
	scoped_fd int fd = -1;
	struct stat st;
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    file_read(fd, PROC_MAX - 1, &text, &len) != FAULT_NONE)
		return false;
	memcpy(ret, text, len + 1);
	*owner = st.st_uid;
	return true;
}

/* The sshd that listens, and the connection that it gave to us. */
struct origin {
	char config[PATH_MAX];
	pid_t listener;
	struct timespec started; /* the listener */
	struct timespec since;   /* the connection */
};

static enum fault
judge_origin(struct gate *gate, const char *title, struct origin *ret)
{
	pid_t parent;

	if (!sshd_title_names(title, gate->facts.user))
		return refuse(gate, title, "sshd has another name for you");
	return ret->since.tv_sec > 0 &&
		started_process(ret->listener, &parent, &ret->started)
	    ? FAULT_NONE
	    : refuse(gate, "/proc", "has no times");
}

/*
 * Up to the process that listens; the one below it serves this connection, and
 * was started before anybody was authenticated.
 */
static enum fault
find_listener(struct gate *gate, struct origin *ret)
{
	char title[PROC_MAX], below[PROC_MAX] = "";
	pid_t pid = getppid();
	bool served = false;
	uid_t owner;

	ret->since.tv_sec = 0;
	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
		if (!read_proc(pid, "cmdline", title, &owner))
			return refuse(gate, "/proc", strerror(errno));
		ret->listener = pid;
		if (owner == 0 &&
		    sshd_title_file(title, ret->config, sizeof(ret->config)))
			return judge_origin(gate, below, ret);
		served |= owner == 0 && strncmp(title, "sshd", 4) == 0 &&
		    sshd_title_names(title, gate->facts.user);
		memcpy(below, title, sizeof(below));
		if (!started_process(pid, &pid, &ret->since))
			return refuse(gate, "/proc", strerror(errno));
	}
	return refuse(gate, "sshd",
	    served ? "the one that started this connection is gone, so connect "
		     "anew (none stays where a socket starts one for each "
		     "connection, sshd -i)"
		   : "which file it reads cannot be seen");
}

/* By more than one tick: nobody is authenticated in the first of a connection,
 * and no sshd has read its files in its own. */
static bool
is_later(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec - b->tv_sec) * NS_PER_S + a->tv_nsec - b->tv_nsec >
	    STARTED_TICK_NS;
}

bool
sshd_is_newer(const struct timespec *changed, const struct sshd_view *view)
{
	return is_later(changed, &view->since);
}

struct look {
	struct gate *gate;
	const struct sshd_view *view;
	enum fault fault;
	struct timespec changed; /* the latest change of what was read */
	char latest[PATH_MAX];   /* which file or folder that was */
};

static void
look_fails(struct look *look, const char *path, const char *why)
{
	look->fault = refuse(look->gate, path, why);
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
read_config(struct look *look, const char *path)
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

/* A file that was taken away has changed its folder. */
static void
judge_folder(struct look *look, const char *pattern)
{
	char folder[CONFIG_WORD + sizeof(CONFIG_FOLDER)];
	char *slash;
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", pattern);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	if (stat(folder, &st) == 0)
		look_changed(look, folder, &st);
}

static void
include_files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	struct look *look = ctx;
	glob_t found = {.gl_pathc = 0};
	int status = glob(pattern, GLOB_ERR, NULL, &found);

	judge_folder(look, pattern);
	if (status != 0 && status != GLOB_NOMATCH)
		look_fails(look, pattern, "cannot be looked up");
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		scoped_free char *text = read_config(look, found.gl_pathv[i]);

		if (text != NULL)
			each(reader, found.gl_pathv[i], text);
	}
	globfree(&found);
}

/* "User a,b" with plain names that are all others'. */
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

static bool
is_key_file(const struct gate *gate, const char *name)
{
	struct keyfile_user user = gate_keyfile_user(gate);
	char path[PATH_MAX], listed[PATH_MAX];

	if (!keyfile_path(name, &user, path, sizeof(path)))
		return false;
	for (size_t i = 0; i < gate->reply.key_files.count; i++)
		if (keyfile_path(gate->reply.key_files.items[i].text, &user,
			listed, sizeof(listed)) &&
		    strcmp(path, listed) == 0)
			return true;
	return false;
}

static void
found(const struct config_line *line, char ret[static WHY_TEXT])
{
	snprintf(ret, WHY_TEXT, "%.300s:%d: %.60s", line->file, line->number,
	    line->keyword);
}

static void
judge_line(const struct gate *gate, const struct config_line *line,
    struct sshd_view *view, bool *hidden)
{
	char word[CONFIG_WORD] = "";
	const char *rest = line->value;
	bool some = config_word(&rest, word);
	bool none = some && strcasecmp(word, "none") == 0;

	if (strcasecmp(line->keyword, "ExposeAuthInfo") == 0) {
		view->exposes |= some && strcasecmp(word, "yes") == 0;
		*hidden |= !some || strcasecmp(word, "yes") != 0;
	} else if (strcasecmp(line->keyword, "AuthorizedKeysCommand") == 0) {
		if (!none)
			found(line, view->other_keys);
	} else if (strcasecmp(line->keyword, "TrustedUserCAKeys") == 0) {
		if (!none)
			found(line, view->authority);
	} else if (strcasecmp(line->keyword, "AuthorizedKeysFile") == 0) {
		for (; some && !none; some = config_word(&rest, word))
			if (!is_key_file(gate, word))
				found(line, view->other_keys);
	}
}

static bool
is_for_all(const struct config_line *line)
{
	return line->outer == NULL &&
	    (line->match == NULL || strcasecmp(line->match, "all") == 0);
}

static void
judge_lines(const struct gate *gate, const struct config *config,
    struct sshd_view *view)
{
	bool hidden = false, keys_named = false;

	for (size_t i = 0; i < config->lines.count; i++) {
		const struct config_line *line = &config->lines.items[i];

		if (is_for_others(line->match, gate->facts.user) ||
		    is_for_others(line->outer, gate->facts.user))
			continue;
		judge_line(gate, line, view, &hidden);
		keys_named |= is_for_all(line) &&
		    strcasecmp(line->keyword, "AuthorizedKeysFile") == 0;
	}
	view->exposes &= !hidden;
	if (!keys_named &&
	    (!is_key_file(gate, ".ssh/authorized_keys") ||
		!is_key_file(gate, ".ssh/authorized_keys2")))
		snprintf(view->other_keys, sizeof(view->other_keys),
		    "AuthorizedKeysFile, by default");
}

static void
find_pid_file(const struct config *config, char ret[static CONFIG_WORD])
{
	snprintf(ret, CONFIG_WORD, "%s", PID_FILE_DEFAULT);
	for (size_t i = 0; i < config->lines.count; i++) {
		const char *rest = config->lines.items[i].value;

		if (strcasecmp(config->lines.items[i].keyword, "PidFile") ==
		    0) {
			if (!config_word(&rest, ret))
				ret[0] = '\0';
			return;
		}
	}
}

/*
 * Whether sshd had read all of it as it is now when it took this connection:
 * when it started, or was reloaded.  A reload later than the connection says
 * nothing of what held before.
 */
static void
judge_loaded(
    struct look *look, const struct config *config, const struct origin *origin)
{
	char pid_file[CONFIG_WORD];
	struct timespec loaded;

	if (!is_later(&look->changed, &origin->started))
		return;
	find_pid_file(config, pid_file);
	if (!started_reload(pid_file, origin->listener, &loaded) ||
	    is_later(&loaded, &look->view->since) ||
	    is_later(&look->changed, &loaded))
		look_fails(look, look->latest,
		    "was changed, and sshd not reloaded since (or its PidFile "
		    "does not say so)");
}

enum fault
sshd_look(struct gate *gate, struct sshd_view *ret)
{
	struct sshd_view view = {.exposes = false};
	struct look look = {.gate = gate, .view = &view};
	scoped_free char *text = NULL;
	struct origin origin;
	struct config config;
	enum fault fault = find_listener(gate, &origin);

	if (fault != FAULT_NONE)
		return fault;
	view.since = origin.since;
	text = read_config(&look, origin.config);
	if (text == NULL)
		return look.fault;
	config_read(origin.config, text, include_files, &look, &config);
	if (config.failed && look.fault == FAULT_NONE)
		look_fails(&look, origin.config, "cannot be read whole");
	if (look.fault == FAULT_NONE)
		judge_loaded(&look, &config, &origin);
	if (look.fault == FAULT_NONE) {
		judge_lines(gate, &config, &view);
		*ret = view;
	}
	config_done(&config);
	return look.fault;
}
