#include "admin/given.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "store/base/file.h"

bool
given_is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

int
given_read_stdin(size_t max, char **ret_text, size_t *ret_len)
{
	if (file_read(STDIN_FILENO, max + 1, ret_text, ret_len) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("standard input: cannot be read");
	return ADMIN_NOT;
}

int
given_refuse(const char *path, const char *foreign)
{
	if (errno == EINVAL || errno == ELOOP)
		admin_say("%s: must be a plain file, and not a link", path);
	else if (errno == EACCES)
		admin_say("%s: %s", path, foreign);
	else
		admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}
