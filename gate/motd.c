#include "gate/motd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"

#define FOLDERS_MAX 8
#define READ_FLAGS  (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Where pam_motd looks if its line names nothing. */
static const char files_default[] = "/etc/motd:/run/motd:/usr/lib/motd";
static const char folders_default[] = "/etc/motd.d:/run/motd.d:/usr/lib/motd.d";

/* The names of a folder's files, each once: a folder beats those behind it. */
struct shown {
	char *names[MOTD_FILES];
	size_t count;
	int fd;
};

/* Not what somebody else could have put there. */
static bool
is_roots_alone(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    (st.st_mode & 022) == 0;
}

/* True if there is such a file; it may still be too large. */
static bool
show_motd_file(const char *path, int to)
{
	scoped_fd int fd = open(path, READ_FLAGS);
	scoped_free char *text = NULL;
	enum fault fault;
	size_t len = 0;

	if (fd < 0)
		return false;
	if (!is_roots_alone(fd) ||
	    file_read(fd, MOTD_MAX + 1, &text, &len) != FAULT_NONE ||
	    len > MOTD_MAX)
		return true;
	fault = file_write(to, text, len);
	(void)fault; /* the shell will notice */
	return true;
}

/* *ret: the next part of a list with colons; false after the last. */
static bool
next_part(const char **list, char ret[static PATH_MAX])
{
	size_t len;

	*list += strspn(*list, ":");
	len = strcspn(*list, ":");
	if (len == 0)
		return false;
	snprintf(ret, PATH_MAX, "%.*s", (int)len, *list);
	*list += len;
	return true;
}

static void
show_first(const char *list, int to)
{
	char path[PATH_MAX];

	while (next_part(&list, path))
		if (show_motd_file(path, to))
			return;
}

static bool
was_shown(const struct shown *shown, const char *name)
{
	for (size_t i = 0; i < shown->count; i++)
		if (strcmp(shown->names[i], name) == 0)
			return true;
	return false;
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
show_folder(const char *folder, struct shown *shown)
{
	struct dirent **found = NULL;
	int count = scandir(folder, &found, is_visible, alphasort);
	char path[PATH_MAX + NAME_MAX + 2];

	for (int i = 0; i < count; i++) {
		if (shown->count < MOTD_FILES &&
		    !was_shown(shown, found[i]->d_name)) {
			snprintf(path, sizeof(path), "%s/%s", folder,
			    found[i]->d_name);
			(void)show_motd_file(path, shown->fd);
			shown->names[shown->count] = strdup(found[i]->d_name);
			shown->count += shown->names[shown->count] != NULL;
		}
		free(found[i]);
	}
	free(found);
}

static void
show_folders(const char *list, int to)
{
	struct shown shown = {.fd = to};
	char folder[PATH_MAX];

	for (int i = 0; i < FOLDERS_MAX && next_part(&list, folder); i++)
		show_folder(folder, &shown);
	for (size_t i = 0; i < shown.count; i++)
		free(shown.names[i]);
}

/* True for the line of a session with pam_motd.so; *ret: what follows it. */
static bool
is_motd_line(char *line, char **ret)
{
	static const char module[] = "pam_motd.so";
	char *word, *end;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t-");
	word = strstr(line, module);
	if (strncmp(line, "session", 7) != 0 || word == NULL)
		return false;
	end = word + sizeof(module) - 1;
	if (strchr("/ \t]", word[-1]) == NULL || strchr(" \t", *end) == NULL)
		return false;
	*ret = end;
	return true;
}

static void
show_line(char *arguments, int to)
{
	const char *files = NULL, *folders = NULL;
	char *word;

	while ((word = strsep(&arguments, " \t")) != NULL)
		if (strncmp(word, "motd=", 5) == 0)
			files = word + 5;
		else if (strncmp(word, "motd_dir=", 9) == 0)
			folders = word + 9;
	if (files == NULL && folders == NULL) {
		files = files_default;
		folders = folders_default;
	}
	if (files != NULL)
		show_first(files, to);
	if (folders != NULL)
		show_folders(folders, to);
}

void
motd_show(const char *pam, int fd)
{
	char line[MOTD_LINE_MAX], *arguments;

	while (*pam != '\0') {
		size_t len = strcspn(pam, "\n");

		if (len < sizeof(line)) {
			memcpy(line, pam, len);
			line[len] = '\0';
			if (is_motd_line(line, &arguments))
				show_line(arguments, fd);
		}
		pam += len + (pam[len] == '\n');
	}
}

void
motd_show_last(int64_t at_s, const char *from, int fd)
{
	char when[64], line[64 + ADDRESS_TEXT + sizeof("Last login:  from \n")];
	time_t at = (time_t)at_s;
	struct tm tm;
	enum fault fault;

	if (at_s <= 0 || localtime_r(&at, &tm) == NULL ||
	    strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm) == 0)
		return;
	snprintf(line, sizeof(line), "Last login: %s%s%s\n", when,
	    from[0] != '\0' ? " from " : "", from);
	fault = file_write(fd, line, strlen(line));
	(void)fault;
}

bool
motd_is_due(const struct facts *facts)
{
	char hush[PATH_MAX];
	struct stat st;
	int n = snprintf(hush, sizeof(hush), "%s/.hushlogin", facts->home);

	return facts->terminal && n > 0 && n < (int)sizeof(hush) &&
	    isatty(STDOUT_FILENO) && stat(hush, &st) < 0;
}

void
motd_greet(const struct facts *facts, const struct reply *reply)
{
	scoped_free char *pam = NULL;
	scoped_fd int fd = -1;
	char from[ADDRESS_TEXT];
	struct address address;
	size_t len = 0;

	if (!motd_is_due(facts))
		return;
	fd = open(MOTD_PAM, READ_FLAGS);
	if (fd >= 0 && is_roots_alone(fd) &&
	    file_read(fd, MOTD_PAM_MAX, &pam, &len) == FAULT_NONE)
		motd_show(pam, STDOUT_FILENO);
	from[0] = '\0';
	if (address_parse(reply->last_from, &address))
		address_format(&address, from);
	motd_show_last(reply->last_login_s, from, STDOUT_FILENO);
}
