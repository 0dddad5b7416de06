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

#include "../admin/doctor_config.h"
#include "cleanup.h"
#include "file.h"
#include "sshd.h"

#define ANCESTORS_MAX   32
#define PROC_MAX        4096      /* bytes of a file of /proc that we need */
#define CONFIG_FILE_MAX (1 << 20) /* bytes of one of sshd's files */
#define TITLE_CHAR      5         /* of strnvis(3), with a NUL */
#define NS_PER_S        1000000000LL
#define TICK_NS         10000000LL /* proc(5) says when in these */

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

/* The parent of a process, and when it was started, in ticks since boot: fields
 * 4 and 22 (proc(5)), of which the second may hold anything up to its ")". */
static bool
read_stat(pid_t pid, pid_t *ret_parent, long long *ret_ticks)
{
	char text[PROC_MAX], *at;
	uid_t owner;
	long long fields[23] = {0};

	if (!read_proc(pid, "stat", text, &owner) ||
	    (at = strrchr(text, ')')) == NULL || strlen(at) < 4)
		return false;
	at += 3; /* behind the state */
	for (int i = 4; i <= 22; i++) {
		char *end = at;

		fields[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	*ret_parent = (pid_t)fields[4];
	*ret_ticks = fields[22];
	return true;
}

static bool
read_since(long long ticks, struct timespec *ret)
{
	struct timespec boot, now;
	long long ns;

	if (clock_gettime(CLOCK_BOOTTIME, &boot) < 0 ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return false;
	ns = now.tv_sec * NS_PER_S + now.tv_nsec;
	ns -= boot.tv_sec * NS_PER_S + boot.tv_nsec - ticks * TICK_NS;
	ret->tv_sec = ns / NS_PER_S;
	ret->tv_nsec = (long)(ns % NS_PER_S);
	return ticks > 0 && ns > 0;
}

/* One character as sshd writes it in a title, by strnvis(3): a backslash is
 * doubled, what is no ASCII is octal. */
static size_t
title_char(char c, char ret[static TITLE_CHAR])
{
	if (c == '\\')
		return (size_t)snprintf(ret, TITLE_CHAR, "\\\\");
	if (c >= ' ' && c <= '~')
		return (size_t)snprintf(ret, TITLE_CHAR, "%c", c);
	return (size_t)snprintf(
	    ret, TITLE_CHAR, "\\%03o", (unsigned)(unsigned char)c);
}

bool
sshd_title_names(const char *title, const char *user)
{
	const char *at = strstr(title, ": "), *name = user;
	char shown[TITLE_CHAR];

	if (at == NULL)
		return false;
	for (at += 2; *name != '\0'; name++) {
		size_t n = title_char(*name, shown);

		if (strncmp(at, shown, n) != 0)
			return false;
		at += n;
	}
	return strcmp(at, " [priv]") == 0 ||
	    (strcmp(user, "root") == 0 && *at == '@');
}

/*
 * Up to the process that listens; the one below it serves this connection, and
 * was started before anybody was authenticated.
 */
static enum fault
find_listener(
    struct gate *gate, char *ret_file, size_t size, struct timespec *ret_since)
{
	char title[PROC_MAX], below[PROC_MAX] = "";
	pid_t pid = getppid();
	long long ticks = 0;
	uid_t owner;

	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
		if (!read_proc(pid, "cmdline", title, &owner))
			return refuse(gate, "/proc", strerror(errno));
		if (owner == 0 && sshd_title_file(title, ret_file, size)) {
			if (!sshd_title_names(below, gate->facts.user))
				return refuse(gate, below,
				    "sshd has another name for you");
			return read_since(ticks, ret_since)
			    ? FAULT_NONE
			    : refuse(gate, "/proc", "has no times");
		}
		memcpy(below, title, sizeof(below));
		if (!read_stat(pid, &pid, &ticks))
			return refuse(gate, "/proc", strerror(errno));
	}
	return refuse(gate, "sshd", "which file it reads cannot be seen");
}

bool
sshd_title_file(const char *title, char *ret, size_t size)
{
	static const char name[] = "sshd: /", mark[] = " [listener] ";
	const char *end = strstr(title, mark), *at = title;
	char args[PROC_MAX], word[CONFIG_WORD];
	const char *file = CONFIG_DEFAULT;

	if (strncmp(title, name, sizeof(name) - 1) != 0 || end == NULL ||
	    end - title >= PROC_MAX)
		return false;
	snprintf(args, sizeof(args), "%.*s", (int)(end - title), title);
	if (strcasestr(args, "authorized") != NULL ||
	    strcasestr(args, "trusted") != NULL ||
	    strcasestr(args, "include") != NULL ||
	    strcasestr(args, "exposeauth") != NULL)
		return false;
	snprintf(ret, size, "%s", file);
	for (at = args; config_word(&at, word);) {
		if (strcmp(word, "-f") == 0) {
			if (!config_word(&at, word))
				return false;
			snprintf(ret, size, "%s", word);
		} else if (word[0] == '-' && strchr(word, 'f') != NULL) {
			if (word[1] != 'f')
				return false;
			snprintf(ret, size, "%s", word + 2);
		}
	}
	return ret[0] == '/' && strlen(ret) + 1 < size;
}

bool
sshd_is_newer(const struct timespec *changed, const struct sshd_view *view)
{
	long long ns = (changed->tv_sec - view->since.tv_sec) * NS_PER_S +
	    changed->tv_nsec - view->since.tv_nsec;

	/* Nobody is authenticated in the first tick of a connection. */
	return ns > TICK_NS;
}

struct look {
	struct gate *gate;
	const struct sshd_view *view;
	enum fault fault;
};

static void
look_fails(struct look *look, const char *path, const char *why)
{
	look->fault = refuse(look->gate, path, why);
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
	} else if (sshd_is_newer(&st.st_ctim, look->view)) {
		look_fails(look, path, "was changed after you connected");
	} else {
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
	if (stat(folder, &st) == 0 && sshd_is_newer(&st.st_ctim, look->view))
		look_fails(look, folder, "was changed after you connected");
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

enum fault
sshd_look(struct gate *gate, struct sshd_view *ret)
{
	struct sshd_view view = {.exposes = false};
	struct look look = {.gate = gate, .view = &view};
	scoped_free char *text = NULL;
	char path[PATH_MAX];
	struct config config;
	enum fault fault = find_listener(gate, path, sizeof(path), &view.since);

	if (fault != FAULT_NONE)
		return fault;
	text = read_config(&look, path);
	if (text == NULL)
		return look.fault;
	config_read(path, text, include_files, &look, &config);
	if (config.failed && look.fault == FAULT_NONE)
		look_fails(&look, path, "cannot be read whole");
	if (look.fault == FAULT_NONE) {
		judge_lines(gate, &config, &view);
		*ret = view;
	}
	config_done(&config);
	return look.fault;
}
