/*
 * A login whose key sshd did not name.  sshd names the key in a file that it
 * writes to /tmp as the user.  Any local user can fill /tmp, so a full /tmp
 * must keep nobody out; this user can fill it as well, so a full /tmp must open
 * nothing.  An unknown key may therefore do what every key of this user may
 * that sshd takes.  If none of those keys is limited, that is everything that a
 * code opens.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/gate.h"
#include "gate/sshd/sshd.h"

#define INFO_BYTES 4096 /* about what sshd writes */

/* Writes to /tmp as sshd does.  Says why that fails; NULL: it does not. */
static const char *
try_tmp(void)
{
	char path[] = "/tmp/tfa-gate.XXXXXX";
	static const char bytes[INFO_BYTES];
	scoped_fd int fd = mkstemp(path);
	ssize_t n;

	if (fd < 0)
		return strerror(errno);
	unlink(path);
	n = write(fd, bytes, sizeof(bytes));
	return n < 0         ? strerror(errno)
	    : n < INFO_BYTES ? strerror(ENOSPC)
			     : NULL;
}

static enum reason
refuse_for_tmp(struct gate *gate, const char *tmp)
{
	char why[WHY_TEXT];

	memcpy(why, gate->why, sizeof(why));
	snprintf(gate->why, sizeof(gate->why), "/tmp: %.60s; %.400s",
	    tmp != NULL ? tmp : "has room again", why);
	return REASON_KEY_TMP;
}

/* True if a line limits a key; gate->why says which line. */
static bool
is_limited(struct gate *gate, const char *path, int number, enum key_line kind)
{
	const char *what = "";

	switch (kind) {
	case KEY_LINE_NONE:
	case KEY_LINE_FREE:
		return false;
	case KEY_LINE_COMMAND:
		/* The administrator's --command runs in place of it. */
		if (gate->command != NULL)
			return false;
		what = "a key of yours is for one command";
		break;
	case KEY_LINE_AUTHORITY:
		what = "certificates have limits of their own";
		break;
	case KEY_LINE_DOUBTFUL:
		what = "cannot be read";
		break;
	}
	snprintf(
	    gate->why, sizeof(gate->why), "%.300s:%d: %s", path, number, what);
	return true;
}

static bool
has_limits(struct gate *gate, const struct keyfile *file)
{
	const char *at = file->text;

	for (int number = 1; at != NULL && *at != '\0'; number++) {
		size_t n = strcspn(at, "\n");
		scoped_free char *line = strndup(at, n);
		enum key_line kind = line == NULL ? KEY_LINE_DOUBTFUL
						  : key_line_read(line);

		if (is_limited(gate, file->path, number, kind))
			return true;
		at += n + (at[n] == '\n');
	}
	return false;
}

static bool
file_limits(struct gate *gate, const char *name, const struct sshd_view *view)
{
	struct keypath_user user = facts_keypath_user(&gate->facts);
	scoped_keyfile struct keyfile file = {.text = NULL};
	struct timespec changed;

	if (keyfile_read(&user, name, &file, gate->why) != FAULT_NONE ||
	    keyfile_changed(&file, &user, &changed, gate->why) != FAULT_NONE)
		return true;
	if (sshd_is_newer(&changed, view)) {
		snprintf(gate->why, sizeof(gate->why),
		    "%.300s: was changed after you connected, so connect anew",
		    file.path);
		return true;
	}
	return has_limits(gate, &file);
}

/*
 * True if a file of keys.files limits a key, or may have done so when this
 * connection began: a line that was changed since may have had a command.
 */
static bool
files_limit(struct gate *gate, const struct sshd_view *view)
{
	struct keypath_list files = gate_key_files(gate);

	for (size_t i = 0; i < files.count; i++)
		if (file_limits(gate, keypath_name(&files, i), view))
			return true;
	return false;
}

enum reason
gate_judge_unknown(struct gate *gate)
{
	struct keypath_user user = facts_keypath_user(&gate->facts);
	struct sshd_question question = {
	    .user = &user, .files = gate_key_files(gate)};
	struct sshd_view view;
	enum fault fault = sshd_look(&question, &view, gate->why);
	const char *tmp = try_tmp();

	if (fault != FAULT_NONE)
		return tmp == NULL ? REASON_KEY_UNKNOWN
				   : refuse_for_tmp(gate, tmp);
	if (!view.exposes)
		return REASON_KEY_UNKNOWN;
	memcpy(gate->why, view.authority, sizeof(view.authority));
	if (gate->why[0] == '\0' && !gate_takes_unlisted(gate))
		memcpy(gate->why, view.other_keys, sizeof(view.other_keys));
	if (gate->why[0] != '\0' || files_limit(gate, &view))
		return refuse_for_tmp(gate, tmp);
	return REASON_NONE;
}
