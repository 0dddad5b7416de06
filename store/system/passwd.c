#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/system/passwd.h"

#define PASSWD "/etc/passwd"
#define FIELDS 7
#define BUFFER 16384 /* most of these files are smaller, and every line is */

/* The lines of a file.  Each login reads all lines before the user's own, and
 * with stdio that would be most of the gate's work. */
struct lines {
	char bytes[BUFFER + 1];
	size_t at, len;
	bool ended;
	enum fault fault; /* why that is not the end of the file */
};

static void
read_on(struct lines *l, int fd)
{
	ssize_t n;

	l->len -= l->at;
	memmove(l->bytes, l->bytes + l->at, l->len);
	l->at = 0;
	if (l->len == BUFFER)
		l->fault = FAULT_LIMIT;
	do
		n = read(fd, l->bytes + l->len, BUFFER - l->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		l->fault = FAULT_IO;
	l->ended = n <= 0;
	l->len += n > 0 ? (size_t)n : 0;
}

/* Returns the next line, without its newline; NULL after the last, or if no
 * more can be read. */
static char *
next_line(struct lines *l, int fd)
{
	char *line, *end;

	for (;;) {
		line = l->bytes + l->at;
		end = memchr(line, '\n', l->len - l->at);
		if (end != NULL || l->ended)
			break;
		read_on(l, fd);
	}
	if (end == NULL && (l->at == l->len || l->fault != FAULT_NONE))
		return NULL;
	if (end == NULL)
		end = l->bytes + l->len;
	l->at = (size_t)(end - l->bytes) + (end < l->bytes + l->len);
	*end = '\0';
	return line;
}

/* Reads a decimal number up to the next colon.  The "+" and "-" that once stood
 * for a directory have none. */
static bool
read_id(const char *text, unsigned *ret)
{
	uint64_t id = 0;
	size_t n = 0;

	for (; text[n] >= '0' && text[n] <= '9' && id <= UINT_MAX; n++)
		id = id * 10 + (uint64_t)(text[n] - '0');
	*ret = (unsigned)id;
	return n > 0 && id <= UINT_MAX && (text[n] == ':' || text[n] == '\0');
}

static const char *
skip_field(const char *at)
{
	while (*at != ':' && *at != '\0')
		at++;
	return *at == ':' ? at + 1 : at;
}

/* Looks at a line before it is split. */
static bool
is_wanted_line(const char *line, uid_t uid, const char *name)
{
	const char *rest = skip_field(line);
	size_t len = name != NULL ? strlen(name) : 0;
	unsigned id;

	if (line[0] == '+' || line[0] == '-' || line[0] == '#')
		return false;
	if (name != NULL)
		return (size_t)(rest - line) == len + 1 &&
		    memcmp(line, name, len) == 0;
	return read_id(skip_field(rest), &id) && id == uid;
}

/* NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL */
static bool
split_entry(char *line, struct passwd *ret)
{
	char *field[FIELDS];
	size_t count = 0;
	unsigned uid, gid;

	for (char *word; (word = strsep(&line, ":")) != NULL; count++)
		if (count < FIELDS)
			field[count] = word;
	if (count != FIELDS || !read_id(field[2], &uid) ||
	    !read_id(field[3], &gid))
		return false;
	*ret = (struct passwd){.pw_name = field[0],
	    .pw_passwd = field[1],
	    .pw_uid = uid,
	    .pw_gid = gid,
	    .pw_gecos = field[4],
	    .pw_dir = field[5],
	    .pw_shell = field[6]};
	return true;
}

enum fault
passwd_find(
    const char *path, uid_t uid, const char *name, const struct passwd **ret)
{
	static struct passwd entry;
	static struct lines lines;
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *line;

	if (fd < 0)
		return FAULT_IO;
	lines.at = lines.len = 0;
	lines.ended = false;
	lines.fault = FAULT_NONE;
	while ((line = next_line(&lines, fd)) != NULL)
		if (is_wanted_line(line, uid, name) &&
		    split_entry(line, &entry)) {
			*ret = &entry;
			return FAULT_NONE;
		}
	return lines.fault != FAULT_NONE ? lines.fault : FAULT_ABSENT;
}

enum fault
passwd_of(uid_t uid, const struct passwd **ret)
{
	return passwd_find(PASSWD, uid, NULL, ret);
}

enum fault
passwd_named(const char *name, const struct passwd **ret)
{
	return passwd_find(PASSWD, (uid_t)-1, name, ret);
}

const char *
passwd_shell(const struct passwd *pw)
{
	return pw->pw_shell[0] != '\0' ? pw->pw_shell : "/bin/sh";
}
