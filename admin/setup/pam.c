/*
 * Keeps PAM from reading variables from a user's own file before the gate runs.
 * No list of dangerous variables is complete, so setup changes PAM's line.  The
 * old line stays above the new one as a comment, and --remove puts it back.
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

/* *ret: the file that PAM reads for sshd.  False where sshd does not use PAM. */
static bool
find_pam_file(char ret[static SETUP_PATH])
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

/* The line of that number in the file, if it reads a user's file; or NULL. */
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

/* Setup changes no file that other services read too, and no line that goes on
 * in the next one. */
static bool
is_ours_to_close(const struct pam_line *line, const char *path)
{
	return line->count == 1 && strcmp(line->file, path) == 0;
}

/* Ends the last line of a file, too, with a newline: the next line would become
 * a part of it. */
static void
pam_write_line(FILE *out, const char *line, size_t len)
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
			pam_write_line(out, text, len);
			failed = closed == NULL;
			if (!failed)
				pam_write_line(out, closed, strlen(closed));
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

/* True if the line below the old one is still what setup wrote there. */
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

/* Adds a stage that writes the file, unless that is its text already. */
static bool
add_write(struct plan *plan, const char *path, const char *now, char *text)
{
	struct stat st;

	if (text == NULL)
		return false;
	if (strcmp(text, now) != 0 && stat(path, &st) == 0)
		return plan_add(plan, STAGE_FILE_WRITE, path,
		    st.st_mode & 07777, "root", text);
	free(text);
	return true;
}

bool
pam_plan_closed(struct plan *plan)
{
	scoped_free char *now = NULL;
	struct pam_stack stack;
	char path[SETUP_PATH];
	bool ok;

	if (!find_pam_file(path))
		return true;
	if (!plan_read_file(path, &now))
		return false;
	pam_read("", path + sizeof(PAM_FOLDER) - 1, &stack);
	ok = now == NULL ||
	    add_write(plan, path, now, close_lines(&stack, path, now));
	pam_done(&stack);
	return ok;
}

bool
pam_plan_open(struct plan *plan)
{
	scoped_free char *now = NULL;
	char path[SETUP_PATH];

	if (!find_pam_file(path))
		return true;
	if (!plan_read_file(path, &now))
		return false;
	return now == NULL || add_write(plan, path, now, open_lines(now));
}
