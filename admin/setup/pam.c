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
#define SSHD_FILE  PAM_FOLDER "sshd"

static const char mark[] = "#tfa: ";

/* *ret: the file that PAM reads for sshd.  False where sshd does not use PAM. */
static bool
find_pam_file(char ret[static SETUP_PATH])
{
	scoped_free char *dump = sshd_dump("root", "127.0.0.1");
	const struct view view = {.dump = dump};
	char value[CONFIG_WORD];

	if (dump != NULL && dump_value(&view, "usepam", value) &&
	    strcasecmp(value, "yes") != 0)
		return false;
	if (dump == NULL || !dump_value(&view, "pamservicename", value))
		snprintf(value, sizeof(value), "sshd");
	snprintf(ret, SETUP_PATH, PAM_FOLDER "%.200s", value);
	return strchr(value, '/') == NULL;
}

/* The line of that number in the file, if it reads a user's file; or NULL.
 * Setup changes no file that other services read too, and no line that goes on
 * in the next one. */
static const struct pam_line *
line_to_close(const struct pam_stack *stack, const char *path, int number)
{
	for (size_t i = 0; i < stack->lines.count; i++) {
		const struct pam_line *line = &stack->lines.items[i];

		if (line->number == number && line->count == 1 &&
		    strcmp(line->file, path) == 0 &&
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
close_lines(const char *path, const char *text)
{
	size_t size = 0;
	scoped_free char *ret = NULL;
	FILE *out = open_memstream(&ret, &size);
	bool failed = out == NULL;
	struct pam_stack stack;

	pam_read("", path + sizeof(PAM_FOLDER) - 1, &stack);
	for (int number = 1; *text != '\0' && !failed; number++) {
		const struct pam_line *line = line_to_close(
		    &stack, path, number);
		size_t len = line_length(text);

		if (line != NULL) {
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
	pam_done(&stack);
	failed |= out != NULL && fclose(out) != 0;
	return failed ? NULL : take(ret);
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
open_lines(const char *path, const char *text)
{
	size_t size = 0, skip = sizeof(mark) - 1;
	scoped_free char *ret = NULL;
	FILE *out = open_memstream(&ret, &size);

	(void)path;
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
	return out != NULL && fclose(out) == 0 ? take(ret) : NULL;
}

/* Adds a stage that writes the changed file, unless that is its text already. */
static bool
pam_plan(struct plan *plan, const char *path,
    char *(*change)(const char *path, const char *text))
{
	scoped_free char *now = NULL;
	scoped_free char *text = NULL;
	struct stat st;

	if (!plan_read_file(path, &now))
		return false;
	if (now == NULL)
		return true;
	text = change(path, now);
	if (text == NULL)
		return false;
	return strcmp(text, now) == 0 || stat(path, &st) < 0 ||
	    plan_add(plan, STAGE_FILE_WRITE, path, st.st_mode & 07777, "root",
		take(text));
}

/* PAM reads sshd's file for the door, too, whatever the other sshd has. */
static bool
plan_for_door(struct plan *plan)
{
	int port;

	if (!door_port(plan, &port))
		return false;
	if (port != 0)
		return pam_plan(plan, SSHD_FILE, close_lines);
	return !plan->setup->admin->no_door ||
	    pam_plan(plan, SSHD_FILE, open_lines);
}

bool
pam_plan_closed(struct plan *plan)
{
	char path[SETUP_PATH] = "";

	if (find_pam_file(path) && !pam_plan(plan, path, close_lines))
		return false;
	return strcmp(path, SSHD_FILE) == 0 || plan_for_door(plan);
}

bool
pam_plan_open(struct plan *plan)
{
	char path[SETUP_PATH] = "";

	return pam_plan(plan, SSHD_FILE, open_lines) &&
	    (!find_pam_file(path) || strcmp(path, SSHD_FILE) == 0 ||
		pam_plan(plan, path, open_lines));
}
