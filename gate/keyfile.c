#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "keyfile.h"

bool
key_file_expand(
    const struct facts *facts, const char *name, char *ret, size_t size)
{
	char uid[24];
	size_t len = 0;

	ret[0] = '\0';
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)facts->uid);
	if (name[0] != '/' && strncmp(name, "%h", 2) != 0)
		len = (size_t)snprintf(ret, size, "%s/", facts->home);
	for (; *name != '\0' && len + 1 < size; name++) {
		const char *with = NULL;

		if (*name == '%') {
			name++;
			with = *name == 'h' ? facts->home
			    : *name == 'u'  ? facts->user
			    : *name == 'U'  ? uid
			    : *name == '%'  ? "%"
					    : NULL;
			if (with == NULL)
				return false;
			len += (size_t)snprintf(
			    ret + len, size - len, "%s", with);
		} else {
			ret[len++] = *name;
			ret[len] = '\0';
		}
	}
	return *name == '\0' && len < size;
}

static enum fault
refuse(enum fault fault, const char *path, const char *why, char *ret_why)
{
	snprintf(ret_why, WHY_TEXT, "%.350s: %s", path, why);
	return fault;
}

/* No file: the folder in which it would be, or that one's, says since when. */
static enum fault
find_folder(struct key_file *file, char *ret_why)
{
	scoped_free char *path = strdup(file->path);
	struct stat st;

	for (;;) {
		char *slash = path == NULL ? NULL : strrchr(path, '/');

		if (slash == NULL)
			return refuse(
			    FAULT_IO, file->path, "no folder", ret_why);
		slash[slash == path] = '\0';
		if (stat(path, &st) == 0)
			break;
		if ((errno != ENOENT && errno != ENOTDIR) || slash == path)
			return refuse(
			    FAULT_IO, file->path, strerror(errno), ret_why);
	}
	file->changed = st.st_ctim;
	return FAULT_NONE;
}

static bool
is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* The text of an open file. */
static enum fault
read_text(int fd, struct key_file *file, char *ret_why)
{
	struct stat st;
	enum fault fault;
	size_t len = 0;

	if (fstat(fd, &st) < 0)
		return refuse(FAULT_IO, file->path, strerror(errno), ret_why);
	if (!S_ISREG(st.st_mode) && !is_null(&st))
		return refuse(
		    FAULT_FORMAT, file->path, "is not a file", ret_why);
	file->changed = st.st_ctim;
	fault = file_read(fd, KEYS_FILE_MAX + 1, &file->text, &len);
	if (fault != FAULT_NONE)
		return refuse(fault, file->path,
		    fault == FAULT_MEMORY ? "out of memory" : strerror(errno),
		    ret_why);
	if (len > KEYS_FILE_MAX)
		return refuse(FAULT_LIMIT, file->path,
		    "is larger than 4 megabytes", ret_why);
	if (strlen(file->text) != len)
		return refuse(FAULT_FORMAT, file->path,
		    "has a NUL byte, so it is no text", ret_why);
	return FAULT_NONE;
}

enum fault
key_file_read(const struct facts *facts, const char *name, struct key_file *ret,
    char ret_why[static WHY_TEXT])
{
	scoped_key_file struct key_file file = {.text = NULL};
	scoped_fd int fd = -1;
	char path[PATH_MAX];
	enum fault fault;

	if (!key_file_expand(facts, name, path, sizeof(path)))
		return refuse(FAULT_FORMAT, name,
		    "is too long, or has a % that is not known (keys.files)",
		    ret_why);
	file.path = strdup(path);
	if (file.path == NULL)
		return refuse(FAULT_MEMORY, path, "out of memory", ret_why);
	fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		fault = read_text(fd, &file, ret_why);
	else if (errno == ENOENT || errno == ENOTDIR)
		fault = find_folder(&file, ret_why);
	else
		fault = refuse(FAULT_IO, file.path, strerror(errno), ret_why);
	if (fault == FAULT_NONE) {
		*ret = file;
		file = (struct key_file){.text = NULL};
	}
	return fault;
}

void
key_file_done(struct key_file *file)
{
	free(file->path);
	free(file->text);
	*file = (struct key_file){.text = NULL};
}
