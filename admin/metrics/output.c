#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/metrics/output.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/base/guarded.h"

#define SUFFIX    ".prom"
#define NAME_MOST 200
#define TURN_MS   100

static int
output_fail(const struct output *output, const char *file)
{
	admin_say("%s/%s: %s", output->folder_name, file, strerror(errno));
	return errno == EACCES || errno == EPERM ? ADMIN_NOT_ALLOWED
						 : ADMIN_NOT;
}

/* The name of a hidden file beside the output. */
static void
beside(
    const struct output *output, const char *suffix, char ret[static NAME_MAX])
{
	snprintf(ret, NAME_MAX, ".%.*s.%s", NAME_MOST, output->name, suffix);
}

static bool
ends_in_suffix(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(SUFFIX) && len <= NAME_MOST &&
	    strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int
open_folder(struct output *output)
{
	int len = (int)(output->name - output->path);
	char why[GUARDED_WHY_TEXT];

	snprintf(output->folder_name, sizeof(output->folder_name), "%.*s",
	    len > 1 ? len - 1 : 1, len > 0 ? output->path : ".");
	output->folder = open(
	    output->folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (output->folder < 0) {
		admin_say("%s: %s", output->folder_name, strerror(errno));
		return ADMIN_NOT;
	}
	if (guarded_check_folder(output->folder, output->folder_name, geteuid(),
		why) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s, or write to a folder of root's, and put a link to the "
		  "file here",
	    why);
	return ADMIN_NOT;
}

/* The file is ours alone: a lock on one that others can open they could hold. */
static int
wait_for_turn(struct output *output)
{
	char name[NAME_MAX];

	beside(output, "lock", name);
	output->lock = openat(output->folder, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (output->lock < 0)
		return output_fail(output, name);
	for (int turn = 0; turn < OUTPUT_WAIT_S * 1000 / TURN_MS; turn++) {
		if (flock(output->lock, LOCK_EX | LOCK_NB) == 0)
			return ADMIN_DONE;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return output_fail(output, name);
		poll(NULL, 0, TURN_MS);
	}
	admin_say("%s: another run writes it, and does not end", output->path);
	return ADMIN_NOT;
}

int
output_open(const char *path, struct output *ret)
{
	const char *slash = strrchr(path, '/');
	int status;

	*ret = (struct output){.path = path,
	    .name = slash != NULL ? slash + 1 : path,
	    .folder = -1,
	    .lock = -1};
	if (!ends_in_suffix(ret->name)) {
		admin_say("%s: the name must end in " SUFFIX
			  ": node_exporter reads no other file",
		    path);
		return ADMIN_USAGE;
	}
	status = open_folder(ret);
	return status == ADMIN_DONE ? wait_for_turn(ret) : status;
}

int
output_read_kept(const struct output *output, struct kept *ret)
{
	scoped_free char *text = NULL;
	struct json_error error = {.line = 0};
	char name[NAME_MAX], why[JSON_ERROR_TEXT + JSON_PATH_TEXT + NAME_MAX];
	size_t len = 0;
	scoped_fd int fd = -1;

	*ret = (struct kept){.counts = {.since_s = 0}};
	beside(output, "state", name);
	fd = openat(output->folder, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ADMIN_DONE;
	if (fd < 0 || file_read(fd, KEPT_MAX + 1, &text, &len) != FAULT_NONE)
		return output_fail(output, name);
	if (kept_parse(text, len, ret, &error) == FAULT_NONE)
		return ADMIN_DONE;
	json_error_say(&error, name, why, sizeof(why));
	admin_say(
	    "%s/%s: the counters begin anew at 0", output->folder_name, why);
	return ADMIN_DONE;
}

static int
replace(const struct output *output, const char *name, mode_t mode,
    const char *text, size_t len)
{
	char new[NAME_MAX];

	beside(output, "new", new);
	if (file_put(output->folder, name, new, mode, (uid_t)-1, (gid_t)-1,
		text, len) == FAULT_NONE)
		return ADMIN_DONE;
	return output_fail(output, name);
}

int
output_write_kept(const struct output *output, const struct kept *kept)
{
	scoped_free char *text = NULL;
	char name[NAME_MAX];

	if (kept_format(kept, &text) != FAULT_NONE) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	beside(output, "state", name);
	return replace(output, name, 0600, text, strlen(text));
}

int
output_write(const struct output *output, const char *text, size_t len)
{
	return replace(output, output->name, 0644, text, len);
}

void
output_close(struct output *output)
{
	if (output->lock >= 0)
		close(output->lock);
	if (output->folder >= 0)
		close(output->folder);
}
