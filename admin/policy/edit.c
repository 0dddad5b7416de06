/*
 * policy edit: the editor works on a copy. Only a valid copy replaces the
 * policy, as a whole.
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
#include "admin/home.h"
#include "admin/policy/damage.h"
#include "admin/policy/difference.h"
#include "admin/policy/lockfile.h"
#include "store/base/cleanup.h"
#include "admin/policy/editor.h"
#include "store/base/file.h"
#include "store/folder/policy_file.h"

#define COPY_DIGITS 16

/* The policy as the editor got it. */
struct original {
	char *text;
	size_t len;
	bool absent; /* there was no file; text is the built-in policy */
};

static int
edit_fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

/* The first policy of a fleet begins as the file of this host, where it has
 * one. */
static enum fault
begin_shared(const struct lockfile *lockfile, struct original *ret)
{
	char why[POLICY_WHY_TEXT];

	return policy_file_read(
	    lockfile->path, geteuid(), &ret->text, &ret->len, why);
}

static enum fault
begin_builtin(struct original *ret)
{
	struct policy policy;
	enum fault fault = policy_builtin(&policy);

	if (fault != FAULT_NONE)
		return fault;
	fault = policy_format(&policy, true, &ret->text);
	policy_done(&policy);
	if (fault == FAULT_NONE)
		ret->len = strlen(ret->text);
	return fault;
}

/*
 * ret->text: the policy. Where there is none, and there may be none, a text to
 * begin with. The caller frees it.
 */
static int
read_policy(const struct admin *admin, const struct lockfile *lockfile,
    struct original *ret)
{
	bool shared = lockfile->shared != NULL;
	char why[POLICY_WHY_TEXT] = "out of memory";
	enum fault fault = lockfile_read(lockfile, &ret->text, &ret->len, why);

	ret->absent = fault == FAULT_ABSENT;
	if (ret->absent && shared)
		fault = begin_shared(lockfile, ret);
	if (fault != FAULT_NONE && ret->absent &&
	    (shared || admin->keeper.store != NULL))
		fault = begin_builtin(ret);
	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why);
	return fault == FAULT_AWAY ? ADMIN_KEEPER : ADMIN_NOT;
}

static bool
is_same(const struct original *original, const char *text, size_t len)
{
	return original->len == len && memcmp(original->text, text, len) == 0;
}

/* True if the text changes nothing.  The first policy of a fleet may be as it
 * was offered. */
static bool
stays(const struct lockfile *lockfile, const struct original *original,
    const char *text, size_t len)
{
	return is_same(original, text, len) &&
	    !(original->absent && lockfile->shared != NULL);
}

/* True if the policy is still what the editor got. */
static bool
stands_as_before(
    const struct lockfile *lockfile, const struct original *original)
{
	char why[POLICY_WHY_TEXT];
	scoped_free char *text = NULL;
	size_t len = 0;
	enum fault fault = lockfile_read(lockfile, &text, &len, why);

	if (original->absent)
		return fault == FAULT_ABSENT;
	return fault == FAULT_NONE && is_same(original, text, len);
}

/*
 * Removes copies of a tfa-admin that was killed. We hold the lock, so no other
 * copy is in use.
 */
static void
sweep(const struct lockfile *lockfile)
{
	int fd = openat(
	    lockfile->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct beside copy;
	size_t len;

	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	lockfile_beside(lockfile, "edit.", &copy);
	len = strlen(copy.name);
	for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
		if (strncmp(e->d_name, copy.name, len) == 0 &&
		    strlen(e->d_name) == len + COPY_DIGITS &&
		    strspn(e->d_name + len, "0123456789abcdef") == COPY_DIGITS)
			unlinkat(lockfile->folder, e->d_name, 0);
	closedir(folder);
}

/*
 * Makes a copy with a name of its own. An editor may outlive the tfa-admin that
 * started it and save later: that must not go into somebody else's copy.
 */
static int
make_copy(const struct lockfile *lockfile, const char *text, size_t len,
    struct beside *ret)
{
	scoped_fd int fd = -1;
	char suffix[32];
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return edit_fail("random numbers");
	snprintf(suffix, sizeof(suffix), "edit.%0*llx", COPY_DIGITS,
	    (unsigned long long)random);
	lockfile_beside(lockfile, suffix, ret);
	fd = openat(lockfile->folder, ret->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return edit_fail(ret->path);
	if (file_write(fd, text, len) == FAULT_NONE)
		return ADMIN_DONE;
	edit_fail(ret->path);
	unlinkat(lockfile->folder, ret->name, 0);
	return ADMIN_NOT;
}

static int
read_copy(const struct lockfile *lockfile, const struct beside *copy,
    char **ret_text, size_t *ret_len)
{
	scoped_fd int fd = openat(lockfile->folder, copy->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	free(*ret_text);
	*ret_text = NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return edit_fail(copy->path);
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return edit_fail(copy->path);
	}
	if (file_read(fd, POLICY_MAX + 1, ret_text, ret_len) != FAULT_NONE)
		return edit_fail(copy->path);
	return ADMIN_DONE;
}

enum meant { MEANT_NOT = 0, MEANT_AGAIN, MEANT_SO };

/*
 * Asks if a valid policy that names an unknown group is meant so. Such a rule
 * refuses everybody who reaches it. Without a terminal it counts as meant.
 */
static enum meant
is_meant(struct editor *editor, size_t unknown)
{
	char answer;

	if (unknown == 0 || !isatty(STDIN_FILENO))
		return MEANT_SO;
	answer = editor_ask(editor,
	    "Install it all the same? Anything but y edits it again. "
	    "[y/N] ");
	if (answer == '\0')
		return MEANT_NOT;
	return answer == 'y' || answer == 'Y' ? MEANT_SO : MEANT_AGAIN;
}

/* Edits until the text is valid; *ret_text is then the text to store. */
static int
edit_until_valid(const struct lockfile *lockfile, struct editor *editor,
    const struct beside *copy, char **ret_text, size_t *ret_len)
{
	for (;;) {
		int status = editor_run(editor, copy->path);
		enum meant meant = MEANT_NOT;
		size_t unknown;

		if (status == ADMIN_DONE)
			status = read_copy(lockfile, copy, ret_text, ret_len);
		if (status != ADMIN_DONE)
			return status;
		if (admin_check_text(lockfile_called(lockfile), *ret_text,
			*ret_len, &unknown))
			meant = is_meant(editor, unknown);
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

/* Keeps the copy under a name that sweep() does not remove. */
static void
edit_keep(const struct lockfile *lockfile, const struct beside *copy)
{
	const char *digits = copy->name + strlen(copy->name) - COPY_DIGITS;
	struct beside kept;
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "kept.%s", digits);
	lockfile_beside(lockfile, suffix, &kept);
	if (renameat(
		lockfile->folder, copy->name, lockfile->folder, kept.name) < 0)
		kept = *copy;
	admin_say(
	    "%s is unchanged, and your version is kept as %s: edit the "
	    "policy again, copy what you still want, then delete that file",
	    lockfile_called(lockfile), kept.path);
}

/* Shows how the copy differs from the policy that another one put there. */
static void
show_theirs(const struct lockfile *lockfile, struct editor *editor,
    const struct beside *copy)
{
	const struct version *version;
	struct beside theirs;

	if (lockfile->shared == NULL) {
		editor_show(editor, lockfile->path, copy->path);
		return;
	}
	version = shared_in_force(lockfile->shared);
	if (version == NULL ||
	    lockfile_put(lockfile, "theirs", "weigh", version->text,
		version->len) != ADMIN_DONE)
		return;
	lockfile_beside(lockfile, "theirs", &theirs);
	editor_show(editor, theirs.path, copy->path);
	unlinkat(lockfile->folder, theirs.name, 0);
}

/*
 * The lock keeps out only other tfa-admins. If something else replaced the
 * policy meanwhile, the person decides. False: do not install, the copy is
 * kept.
 */
static bool
may_replace(const struct lockfile *lockfile, struct editor *editor,
    const struct beside *copy, const struct original *original)
{
	char answer;

	if (stands_as_before(lockfile, original))
		return true;
	admin_say("%s: somebody else changed it while you edited",
	    lockfile_called(lockfile));
	do {
		answer = editor_ask(editor,
		    "s shows how your version differs, o overwrites theirs, "
		    "anything else keeps yours in a file beside it. "
		    "[s/o/Q] ");
		if (answer == 's' || answer == 'S')
			show_theirs(lockfile, editor, copy);
	} while (answer == 's' || answer == 'S');
	if (answer == 'o' || answer == 'O')
		return true;
	edit_keep(lockfile, copy);
	return false;
}

/* Adds how the text differs from the policy in force, which need not be
 * valid. */
static bool
add_difference(const struct admin *admin, const char *text, size_t len,
    struct changes *changes)
{
	char why[POLICY_WHY_TEXT];
	struct json_error error;
	struct policy old, new;
	enum fault fault = home_load(admin, &old, why);
	bool ok;

	if (policy_parse(text, len, &new, &error) != FAULT_NONE) {
		if (fault == FAULT_NONE)
			policy_done(&old);
		return false;
	}
	if (fault == FAULT_NONE) {
		ok = difference_add(&old, &new, changes);
		policy_done(&old);
	} else {
		ok = changes_add(changes, "policy: %s -> valid",
		    fault == FAULT_ABSENT ? "none" : "not valid");
	}
	policy_done(&new);
	if (ok && changes->lines.count == 1)
		ok = changes_add(changes, "policy: the same in other words");
	return ok;
}

static int
edit_install(const struct admin *admin, const struct lockfile *lockfile,
    struct editor *editor, const char *text, size_t len)
{
	const struct proposal proposal = {
	    .text = text, .len = len, .editor = editor};
	struct changes changes = {.lines = {.count = 0}, .asked = 1};
	int status = ADMIN_NOT;

	if (changes_add(&changes, "policy edit") &&
	    add_difference(admin, text, len, &changes)) {
		changes_show(&changes, 1);
		status = damage_ask(admin, lockfile, &proposal);
		if (status == ADMIN_DONE)
			status = admin_install(
			    admin, lockfile, text, len, &changes);
	} else {
		admin_say("out of memory");
	}
	changes_done(&changes);
	return status;
}

/*
 * Makes the copy, edits it, installs it. Removes the copy at the end, unless it
 * is kept.
 */
static int
edit_copy(const struct admin *admin, const struct lockfile *lockfile,
    struct editor *editor, const struct original *original, char **ret_text,
    size_t *ret_len)
{
	struct beside copy;
	int status = make_copy(lockfile, original->text, original->len, &copy);

	if (status != ADMIN_DONE)
		return status;
	status = edit_until_valid(lockfile, editor, &copy, ret_text, ret_len);
	if (status == ADMIN_DONE &&
	    stays(lockfile, original, *ret_text, *ret_len)) {
		admin_say("unchanged");
		*ret_len = 0;
	} else if (status == ADMIN_DONE &&
	    !may_replace(lockfile, editor, &copy, original)) {
		return ADMIN_NOT;
	}
	if (status == ADMIN_DONE && *ret_len > 0) {
		status = edit_install(
		    admin, lockfile, editor, *ret_text, *ret_len);
		if (status != ADMIN_DONE) {
			edit_keep(lockfile, &copy);
			return status;
		}
	}
	unlinkat(lockfile->folder, copy.name, 0);
	return status;
}

static int
edit_locked(const struct admin *admin, const struct lockfile *lockfile)
{
	struct original original = {.text = NULL};
	scoped_free char *text = NULL;
	struct editor editor;
	size_t len = 0;
	int status = editor_open(&editor);

	sweep(lockfile);
	if (status == ADMIN_DONE)
		status = read_policy(admin, lockfile, &original);
	if (status == ADMIN_DONE)
		status = edit_copy(
		    admin, lockfile, &editor, &original, &text, &len);
	free(original.text);
	editor_close(&editor);
	return status;
}

int
admin_edit(struct admin *admin)
{
	struct lockfile lockfile;
	int status = admin_lock(admin, 0, &lockfile);

	if (status == ADMIN_DONE)
		status = edit_locked(admin, &lockfile);
	lockfile_close(&lockfile);
	return status;
}
