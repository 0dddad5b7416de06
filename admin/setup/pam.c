/*
 * A user's own file of variables, which PAM reads before the gate: closed at
 * its source, since a list of variables can never be complete.  The line as it
 * was stays above the new one as a comment, so that --remove puts it back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "store/base/cleanup.h"
#include "admin/doctor/dump.h"
#include "admin/doctor/pam_stack.h"
#include "admin/setup/setup.h"

#define PAM_FOLDER "/etc/pam.d/"

static const char mark[] = "#tfa: ";

/* The file that PAM reads for sshd; false where sshd asks PAM nothing. */
static bool
find_service(char ret[static SETUP_PATH])
{
	scoped_free char *dump = sshd_dump("root", "127.0.0.1");
	char value[CONFIG_WORD] = "sshd";
	const char *at = dump;

	if (dump != NULL && dump_next(&at, "usepam", value) &&
	    strcasecmp(value, "yes") != 0)
		return false;
	at = dump;
	if (dump == NULL || !dump_next(&at, "pamservicename", value))
		snprintf(value, sizeof(value), "sshd");
	snprintf(ret, SETUP_PATH, PAM_FOLDER "%.200s", value);
	return strchr(value, '/') == NULL;
}

/* The line of that file and number, if it reads a user's file. */
static const struct pam_line *
line_to_close(const struct pam_stack *stack, const char *path, int number)
{
	for (size_t i = 0; i < stack->lines.count; i++) {
		const struct pam_line *line = &stack->lines.items[i];

		if (line->number == number && strcmp(line->file, path) == 0 &&
		    pam_judge(line) == PAM_READS_USER)
			return line;
	}
	return NULL;
}

static size_t
line_length(const char *text)
{
	size_t len = strcspn(text, "\n");

	return len + (text[len] == '\n');
}

/* What setup does not change itself: a file that other services read too, and
 * a line that is longer than one. */
static bool
is_ours_to_close(const struct pam_line *line, const char *path)
{
	return line->count == 1 && strcmp(line->file, path) == 0;
}

/* A line, with a newline also where the file ends without one: else the line
 * that follows would be a part of it. */
static void
put_line(FILE *out, const char *line, size_t len)
{
	fwrite(line, 1, len, out);
	if (len == 0 || line[len - 1] != '\n')
		fputc('\n', out);
}

/* On the heap, NULL without memory. */
static char *
close_lines(const struct pam_stack *stack, const char *path, const char *text)
{
	size_t size = 0;
	char *ret = NULL;
	FILE *out = open_memstream(&ret, &size);
	bool failed = out == NULL;

	for (int number = 1; *text != '\0' && !failed; number++) {
		const struct pam_line *line = line_to_close(
		    stack, path, number);
		size_t len = line_length(text);

		if (line != NULL && is_ours_to_close(line, path)) {
			scoped_free char *closed = pam_closed(line);

			fputs(mark, out);
			put_line(out, text, len);
			failed = closed == NULL;
			if (!failed)
				put_line(out, closed, strlen(closed));
		} else {
			fwrite(text, 1, len, out);
		}
		text += len;
	}
	if (out == NULL || fclose(out) == 0)
		return failed ? (free(ret), NULL) : ret;
	free(ret);
	return NULL;
}

/* The line after a mark is still what setup wrote there. */
static bool
is_as_closed(const char *was, size_t was_len, const char *now)
{
	scoped_free char *text = strndup(was, was_len);
	struct pam_line line = {.text = text};
	scoped_free char *closed = text != NULL ? pam_closed(&line) : NULL;

	return closed != NULL && strlen(closed) == line_length(now) &&
	    strncmp(closed, now, strlen(closed)) == 0;
}

static char *
open_lines(const char *text)
{
	size_t size = 0, skip = sizeof(mark) - 1;
	char *ret = NULL;
	FILE *out = open_memstream(&ret, &size);

	while (out != NULL && *text != '\0') {
		size_t len = line_length(text);
		bool is_mark = strncmp(text, mark, skip) == 0;

		if (is_mark &&
		    is_as_closed(text + skip, len - skip, text + len)) {
			fwrite(text + skip, 1, len - skip, out);
			text += line_length(text + len);
		} else if (!is_mark) {
			fwrite(text, 1, len, out);
		}
		text += len;
	}
	if (out == NULL || fclose(out) == 0)
		return ret;
	free(ret);
	return NULL;
}

/* A step that writes the file, unless it says that already. */
static bool
add_write(struct plan *plan, const char *path, const char *now, char *text)
{
	struct stat st;

	if (text == NULL)
		return false;
	if (strcmp(text, now) != 0 && stat(path, &st) == 0)
		return plan_add(plan, STEP_FILE_WRITE, path, st.st_mode & 07777,
		    "root", text);
	free(text);
	return true;
}

static void
say_others(const struct pam_stack *stack, const char *path)
{
	for (size_t i = 0; i < stack->lines.count; i++) {
		const struct pam_line *line = &stack->lines.items[i];

		if (pam_judge(line) != PAM_READS_USER ||
		    is_ours_to_close(line, path))
			continue;
		admin_say("%s:%d: PAM reads variables from a file of the "
			  "user's, before the gate; write user_readenv=0 "
			  "there (%s)",
		    line->file, line->number,
		    line->count > 1 ? "the line goes on below"
				    : "other services read this file too");
	}
}

bool
plan_close_pam(struct plan *plan)
{
	scoped_free char *now = NULL;
	struct pam_stack stack;
	char path[SETUP_PATH];
	bool ok;

	if (!find_service(path))
		return true;
	if (!plan_read_file(path, &now))
		return false;
	pam_read("", path + sizeof(PAM_FOLDER) - 1, &stack);
	ok = now == NULL ||
	    add_write(plan, path, now, close_lines(&stack, path, now));
	say_others(&stack, path);
	pam_done(&stack);
	return ok;
}

bool
plan_open_pam(struct plan *plan)
{
	scoped_free char *now = NULL;
	char path[SETUP_PATH];

	if (!find_service(path))
		return true;
	if (!plan_read_file(path, &now))
		return false;
	return now == NULL || add_write(plan, path, now, open_lines(now));
}
