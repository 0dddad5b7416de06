/*
 * policy edit: the editor works on a copy, and only what is valid takes the
 * policy's place, whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "cleanup.h"
#include "editor.h"
#include "file.h"
#include "policy_file.h"

#define COPY_DIGITS 16

static int
fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

/* The policy's text as it is, or what stands for none. */
static int
read_policy(const struct admin *admin, char **ret_text, size_t *ret_len)
{
	char why[POLICY_WHY_TEXT] = "out of memory";
	struct policy policy;
	enum fault fault = policy_read(
	    admin->policy, geteuid(), ret_text, ret_len, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT && admin_load(admin, &policy) == ADMIN_DONE) {
		fault = policy_format(&policy, true, ret_text);
		policy_done(&policy);
		if (fault == FAULT_NONE) {
			*ret_len = strlen(*ret_text);
			return ADMIN_DONE;
		}
	}
	admin_say("%s", why);
	return ADMIN_NOT;
}

/* Copies whose tfa-admin was killed: nobody else is here, by the lock. */
static void
sweep(const struct place *place)
{
	int fd = openat(place->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct beside copy;
	size_t len;

	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	place_beside(place, "edit.", &copy);
	len = strlen(copy.name);
	for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
		if (strncmp(e->d_name, copy.name, len) == 0 &&
		    strlen(e->d_name) == len + COPY_DIGITS &&
		    strspn(e->d_name + len, "0123456789abcdef") == COPY_DIGITS)
			unlinkat(place->folder, e->d_name, 0);
	closedir(folder);
}

/*
 * Each has a name of its own.  An editor may outlive the tfa-admin that
 * started it, and saves when nobody expects it any more: never into the copy
 * of somebody else.
 */
static int
make_copy(
    const struct place *place, const char *text, size_t len, struct beside *ret)
{
	scoped_fd int fd = -1;
	char suffix[32];
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fail("random numbers");
	snprintf(suffix, sizeof(suffix), "edit.%0*llx", COPY_DIGITS,
	    (unsigned long long)random);
	place_beside(place, suffix, ret);
	fd = openat(place->folder, ret->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(ret->path);
	if (file_write(fd, text, len) == FAULT_NONE)
		return ADMIN_DONE;
	fail(ret->path);
	unlinkat(place->folder, ret->name, 0);
	return ADMIN_NOT;
}

static int
read_copy(const struct place *place, const struct beside *copy, char **ret_text,
    size_t *ret_len)
{
	scoped_fd int fd = openat(place->folder, copy->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	free(*ret_text);
	*ret_text = NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(copy->path);
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return fail(copy->path);
	}
	if (file_read(fd, POLICY_MAX + 1, ret_text, ret_len) != FAULT_NONE)
		return fail(copy->path);
	return ADMIN_DONE;
}

/* Edits until the text is valid; *ret_text is then what to store. */
static int
edit(const struct admin *admin, const struct place *place,
    struct editor *editor, const struct beside *copy, char **ret_text,
    size_t *ret_len)
{
	for (;;) {
		int status = editor_run(editor, copy->path);

		if (status == ADMIN_DONE)
			status = read_copy(place, copy, ret_text, ret_len);
		if (status != ADMIN_DONE)
			return status;
		if (admin_check_text(admin->policy, *ret_text, *ret_len))
			return ADMIN_DONE;
		if (!editor_again(editor)) {
			admin_say("nothing is changed");
			return ADMIN_NOT;
		}
	}
}

/* The copy is there while this runs, and never after. */
static int
edit_copy(const struct admin *admin, const struct place *place,
    struct editor *editor, char **ret_text, size_t *ret_len)
{
	scoped_free char *before = NULL;
	size_t before_len = 0;
	struct beside copy;
	int status = read_policy(admin, &before, &before_len);

	if (status == ADMIN_DONE)
		status = make_copy(place, before, before_len, &copy);
	if (status != ADMIN_DONE)
		return status;
	status = edit(admin, place, editor, &copy, ret_text, ret_len);
	unlinkat(place->folder, copy.name, 0);
	if (status != ADMIN_DONE || before_len != *ret_len ||
	    memcmp(before, *ret_text, before_len) != 0)
		return status;
	admin_say("unchanged");
	*ret_len = 0;
	return ADMIN_DONE;
}

static int
install(const struct admin *admin, const struct place *place, const char *text,
    size_t len)
{
	struct changes changes = {.lines = {.count = 0}};
	int status = ADMIN_NOT;

	if (changes_add(&changes, "policy edit"))
		status = admin_install(admin, place, text, len, &changes);
	else
		admin_say("out of memory");
	changes_done(&changes);
	return status;
}

static int
edit_locked(const struct admin *admin, const struct place *place)
{
	scoped_free char *text = NULL;
	struct editor editor;
	size_t len = 0;
	int status = editor_open(&editor);

	sweep(place);
	if (status == ADMIN_DONE)
		status = edit_copy(admin, place, &editor, &text, &len);
	if (status == ADMIN_DONE && len > 0)
		status = install(admin, place, text, len);
	editor_close(&editor);
	return status;
}

int
admin_edit(struct admin *admin)
{
	struct place place;
	int status = place_open(admin->policy, 0, &place);

	if (status == ADMIN_DONE)
		status = edit_locked(admin, &place);
	place_close(&place);
	return status;
}
