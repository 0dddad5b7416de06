/*
 * policy edit: the editor works on a copy, and only what is valid takes the
 * policy's place, whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin.h"
#include "cleanup.h"
#include "file.h"
#include "policy_file.h"

struct copy {
	char name[NAME_MAX]; /* in the policy's folder */
	char path[PATH_MAX];
};

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

static int
make_copy(const struct admin *admin, const struct place *place,
    const char *text, size_t len, struct copy *ret)
{
	const char *slash = strrchr(admin->policy, '/');
	int folder = slash != NULL ? (int)(slash - admin->policy) + 1 : 0;
	scoped_fd int fd = -1;

	snprintf(ret->name, sizeof(ret->name), ".%.200s.edit", place->name);
	snprintf(ret->path, sizeof(ret->path), "%.*s%s", folder, admin->policy,
	    ret->name);
	unlinkat(place->folder, ret->name, 0);
	fd = openat(place->folder, ret->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || file_write(fd, text, len) != FAULT_NONE)
		return fail(ret->path);
	return ADMIN_DONE;
}

/* The editor may be more than a word: the shell takes it apart. */
/* ^C is the editor's: here it would leave the copy behind. */
static int
run_editor(const char *path)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before[2];
	const char *editor = getenv("VISUAL");
	char command[PATH_MAX];
	int status = -1;
	pid_t pid;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	snprintf(command, sizeof(command), "%s \"$1\"", editor);
	sigaction(SIGINT, &ignore, &before[0]);
	sigaction(SIGQUIT, &ignore, &before[1]);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &before[0], NULL);
		sigaction(SIGQUIT, &before[1], NULL);
		execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGQUIT, &before[1], NULL);
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ADMIN_DONE;
	admin_say("the editor \"%s\" failed, nothing is changed", editor);
	return ADMIN_NOT;
}

static int
read_copy(const struct place *place, const struct copy *copy, char **ret_text,
    size_t *ret_len)
{
	scoped_fd int fd = openat(
	    place->folder, copy->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	free(*ret_text);
	*ret_text = NULL;
	if (fd < 0 ||
	    file_read(fd, POLICY_MAX + 1, ret_text, ret_len) != FAULT_NONE)
		return fail(copy->path);
	return ADMIN_DONE;
}

/* What to do with an invalid policy; nobody to ask gives up. */
static bool
edit_again(void)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return false;
	fputs("Edit it again? Anything but n does; n throws it away. [Y/n] ",
	    stderr);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	    answer[0] != 'n' && answer[0] != 'N';
}

/* Edits until the text is valid; *ret_text is then what to store. */
static int
edit(const struct admin *admin, const struct place *place,
    const struct copy *copy, char **ret_text, size_t *ret_len)
{
	for (;;) {
		int status = run_editor(copy->path);

		if (status == ADMIN_DONE)
			status = read_copy(place, copy, ret_text, ret_len);
		if (status != ADMIN_DONE)
			return status;
		if (admin_check_text(admin->policy, *ret_text, *ret_len))
			return ADMIN_DONE;
		if (!edit_again()) {
			admin_say("nothing is changed");
			return ADMIN_NOT;
		}
	}
}

static int
edit_locked(const struct admin *admin, const struct place *place)
{
	scoped_free char *before = NULL, *after = NULL;
	size_t before_len = 0, after_len = 0;
	struct copy copy = {.name = ""};
	int status = read_policy(admin, &before, &before_len);

	if (status == ADMIN_DONE)
		status = make_copy(admin, place, before, before_len, &copy);
	if (status != ADMIN_DONE)
		return status;
	status = edit(admin, place, &copy, &after, &after_len);
	unlinkat(place->folder, copy.name, 0);
	if (status != ADMIN_DONE)
		return status;
	if (before_len == after_len && memcmp(before, after, before_len) == 0) {
		admin_say("unchanged");
		return ADMIN_DONE;
	}
	status = place_store(place, after, after_len);
	if (status == ADMIN_DONE)
		admin_note(admin, "", "policy edit");
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
