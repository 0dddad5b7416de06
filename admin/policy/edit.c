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

#include "admin/admin.h"
#include "store/base/cleanup.h"
#include "admin/policy/editor.h"
#include "store/base/file.h"
#include "store/folder/policy_file.h"

#define COPY_DIGITS 16

/* The policy as it was given to the editor. */
struct original {
	char *text;
	size_t len;
	bool absent; /* there was no file, and this stands for it */
};

static int
fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

/* ret->text: the policy as it is, or what stands for none; to be freed. */
static int
read_policy(const struct admin *admin, struct original *ret)
{
	char why[POLICY_WHY_TEXT] = "out of memory";
	struct policy policy;
	enum fault fault = policy_file_read(
	    admin->policy, geteuid(), &ret->text, &ret->len, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT && admin_load(admin, &policy) == ADMIN_DONE) {
		fault = policy_format(&policy, true, &ret->text);
		policy_done(&policy);
		if (fault == FAULT_NONE) {
			ret->len = strlen(ret->text);
			ret->absent = true;
			return ADMIN_DONE;
		}
	}
	admin_say("%s", why);
	return ADMIN_NOT;
}

static bool
is_same(const struct original *original, const char *text, size_t len)
{
	return original->len == len && memcmp(original->text, text, len) == 0;
}

/* Whether what stands there now is what the editor was given. */
static bool
stands_as_before(const struct admin *admin, const struct original *original)
{
	char why[POLICY_WHY_TEXT];
	scoped_free char *text = NULL;
	size_t len = 0;
	enum fault fault = policy_file_read(
	    admin->policy, geteuid(), &text, &len, why);

	if (original->absent)
		return fault == FAULT_ABSENT;
	return fault == FAULT_NONE && is_same(original, text, len);
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

enum meant { MEANT_NOT = 0, MEANT_AGAIN, MEANT_SO };

/* Whether a policy that refuses whoever comes to a group is what it should
 * say; where nobody can be asked, it is. */
static enum meant
is_meant(const struct admin *admin, struct editor *editor, const char *text,
    size_t len)
{
	char answer;

	if (admin_check_groups(admin->policy, text, len) == 0 ||
	    !isatty(STDIN_FILENO))
		return MEANT_SO;
	answer = editor_ask(editor,
	    "Install it all the same? Anything but y edits it again. "
	    "[y/N] ");
	if (answer == '\0')
		return MEANT_NOT;
	return answer == 'y' || answer == 'Y' ? MEANT_SO : MEANT_AGAIN;
}

/* Edits until the text is valid; *ret_text is then what to store. */
static int
edit(const struct admin *admin, const struct place *place,
    struct editor *editor, const struct beside *copy, char **ret_text,
    size_t *ret_len)
{
	for (;;) {
		int status = editor_run(editor, copy->path);
		enum meant meant = MEANT_NOT;

		if (status == ADMIN_DONE)
			status = read_copy(place, copy, ret_text, ret_len);
		if (status != ADMIN_DONE)
			return status;
		if (admin_check_text(admin->policy, *ret_text, *ret_len))
			meant = is_meant(admin, editor, *ret_text, *ret_len);
		else if (editor_again(editor))
			meant = MEANT_AGAIN;
		if (meant == MEANT_SO)
			return ADMIN_DONE;
		if (meant == MEANT_NOT) {
			admin_say("nothing is changed");
			return ADMIN_NOT;
		}
	}
}

/* Under a name that no sweep takes for a leftover. */
static void
keep(const struct place *place, const struct beside *copy)
{
	const char *digits = copy->name + strlen(copy->name) - COPY_DIGITS;
	struct beside kept;
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "kept.%s", digits);
	place_beside(place, suffix, &kept);
	if (renameat(place->folder, copy->name, place->folder, kept.name) < 0)
		kept = *copy;
	admin_say(
	    "%s is unchanged, and your version is kept as %s: edit the "
	    "policy again, copy what you still want, then delete that file",
	    place->path, kept.path);
}

/*
 * The lock keeps out tfa-admin alone.  Where another hand or program has
 * replaced the policy meanwhile, whoever edits decides; false: not to be
 * installed, and the copy is kept.
 */
static bool
may_replace(const struct admin *admin, const struct place *place,
    struct editor *editor, const struct beside *copy,
    const struct original *original)
{
	char answer;

	if (stands_as_before(admin, original))
		return true;
	admin_say("%s: somebody else changed it while you edited", place->path);
	do {
		answer = editor_ask(editor,
		    "s shows how your version differs, o overwrites theirs, "
		    "anything else keeps yours in a file beside it. "
		    "[s/o/Q] ");
		if (answer == 's' || answer == 'S')
			editor_show(editor, place->path, copy->path);
	} while (answer == 's' || answer == 'S');
	if (answer == 'o' || answer == 'O')
		return true;
	keep(place, copy);
	return false;
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

/* The copy is there while this runs, and after it only where it is kept. */
static int
edit_copy(const struct admin *admin, const struct place *place,
    struct editor *editor, const struct original *original, char **ret_text,
    size_t *ret_len)
{
	struct beside copy;
	int status = make_copy(place, original->text, original->len, &copy);

	if (status != ADMIN_DONE)
		return status;
	status = edit(admin, place, editor, &copy, ret_text, ret_len);
	if (status == ADMIN_DONE && is_same(original, *ret_text, *ret_len)) {
		admin_say("unchanged");
		*ret_len = 0;
	} else if (status == ADMIN_DONE &&
	    !may_replace(admin, place, editor, &copy, original)) {
		return ADMIN_NOT;
	}
	if (status == ADMIN_DONE && *ret_len > 0) {
		status = install(admin, place, *ret_text, *ret_len);
		if (status != ADMIN_DONE) {
			keep(place, &copy);
			return status;
		}
	}
	unlinkat(place->folder, copy.name, 0);
	return status;
}

static int
edit_locked(const struct admin *admin, const struct place *place)
{
	struct original original = {.text = NULL};
	scoped_free char *text = NULL;
	struct editor editor;
	size_t len = 0;
	int status = editor_open(&editor);

	sweep(place);
	if (status == ADMIN_DONE)
		status = read_policy(admin, &original);
	if (status == ADMIN_DONE)
		status = edit_copy(
		    admin, place, &editor, &original, &text, &len);
	free(original.text);
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
