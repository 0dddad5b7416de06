#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/planned.h"
#include "admin/read.h"
#include "gate/sshd/config.h"
#include "store/base/cleanup.h"

#define COPIES_MAX 1000 /* files of one configuration */

static const struct planned_file *
find_file(const struct planned *planned, const char *path)
{
	for (size_t i = 0; planned != NULL && i < planned->files.count; i++)
		if (strcmp(planned->files.items[i].path, path) == 0)
			return &planned->files.items[i];
	return NULL;
}

bool
planned_has(const struct planned *planned, const char *path)
{
	return find_file(planned, path) != NULL;
}

const char *
planned_text(const struct planned *planned, const char *path)
{
	const struct planned_file *file = find_file(planned, path);

	return file != NULL ? file->text : NULL;
}

char *
planned_read(const struct planned *planned, const char *path)
{
	const char *text = planned_text(planned, path);

	return text != NULL ? strdup(text) : read_text(path);
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each planned file that fits and is not there yet is found by a pattern that
 * is its own path: GLOB_NOCHECK returns that. */
int
planned_glob(const struct planned *planned, const char *pattern, glob_t *ret)
{
	int status = glob(pattern, GLOB_ERR, NULL, ret);

	for (size_t i = 0; planned != NULL && i < planned->files.count; i++) {
		const char *path = planned->files.items[i].path;

		if ((status != 0 && status != GLOB_NOMATCH) ||
		    planned->files.items[i].text == NULL ||
		    fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) != 0 ||
		    access(path, F_OK) == 0)
			continue;
		status = glob(path,
		    GLOB_ERR | GLOB_NOCHECK |
			(ret->gl_pathc > 0 ? GLOB_APPEND : 0),
		    NULL, ret);
	}
	if (status == 0)
		qsort(ret->gl_pathv, ret->gl_pathc, sizeof(*ret->gl_pathv),
		    compare_paths);
	return status;
}

static void
copy_path(const struct planned_copy *copy, size_t number,
    char ret[static PLANNED_PATH])
{
	snprintf(ret, PLANNED_PATH, "%s/%04zu", copy->folder, number);
}

/* One line of a file as it is copied. */
struct copied_line {
	struct planned_copy *copy;
	FILE *out;
	bool begun; /* "Include" is written */
};

static bool
copy_text(struct planned_copy *copy, const char *path, const char *text);

/* A config_files: copies the files that an Include names, and names the
 * copies in its place. */
static void
copy_included(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	struct copied_line *line = ctx;
	struct planned_copy *copy = line->copy;
	glob_t found = {.gl_pathc = 0};
	int status = planned_glob(copy->planned, pattern, &found);
	char path[PLANNED_PATH];

	(void)each;
	(void)reader;
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		scoped_free char *text = planned_read(
		    copy->planned, found.gl_pathv[i]);

		copy_path(copy, copy->origins.count, path);
		if (text == NULL || !copy_text(copy, found.gl_pathv[i], text)) {
			copy->failed = true;
			break;
		}
		fprintf(line->out, "%s %s", line->begun ? "" : "Include", path);
		line->begun = true;
	}
	copy->failed |= status != 0 && status != GLOB_NOMATCH;
	globfree(&found);
}

/* A line of the copy for each of the text, so that their numbers agree. */
static void
copy_line(struct planned_copy *copy, FILE *out, const char *text, size_t len)
{
	struct copied_line line = {.copy = copy, .out = out};
	scoped_free char *alone = strndup(text, len);
	struct config config;

	if (alone == NULL) {
		copy->failed = true;
		return;
	}
	config_read("", alone, copy_included, &line, &config);
	if (config.lines.count != 1 ||
	    strcasecmp(config.lines.items[0].keyword, "include") != 0) {
		fputs(alone, out);
	} else if (config.failed) {
		errno = ENAMETOOLONG;
		copy->failed = true;
	}
	fputc('\n', out);
	config_done(&config);
}

static bool
copy_text(struct planned_copy *copy, const char *path, const char *text)
{
	size_t number = copy->origins.count;
	char **origin = number < COPIES_MAX && copy->depth < CONFIG_DEPTH
	    ? list_add(&copy->origins, sizeof(*origin))
	    : NULL;
	char name[PLANNED_PATH];
	FILE *out = NULL;
	bool ok;

	if (origin != NULL)
		*origin = strdup(path);
	copy_path(copy, number, name);
	if (origin != NULL && *origin != NULL)
		out = fopen(name, "wxe");
	if (out == NULL)
		return false;
	copy->depth++;
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		copy_line(copy, out, text, len);
		text += len + (text[len] == '\n');
	}
	copy->depth--;
	ok = !ferror(out);
	return fclose(out) == 0 && ok;
}

bool
planned_copy_make(
    const struct planned *planned, const char *config, struct planned_copy *ret)
{
	scoped_free char *text = planned_read(planned, config);

	*ret = (struct planned_copy){.planned = planned};
	if (text == NULL)
		return false;
	snprintf(ret->folder, sizeof(ret->folder), "/run/tfa-setup.XXXXXX");
	if (mkdtemp(ret->folder) == NULL) {
		ret->folder[0] = '\0';
		return false;
	}
	copy_path(ret, 0, ret->path);
	return copy_text(ret, config, text) && !ret->failed;
}

void
planned_copy_rename(const struct planned_copy *copy, char *message, size_t size)
{
	char path[PLANNED_PATH];

	for (size_t i = 0; i < copy->origins.count; i++) {
		char *found;

		copy_path(copy, i, path);
		while ((found = strstr(message, path)) != NULL) {
			scoped_free char *rest = strdup(found + strlen(path));

			if (rest == NULL)
				return;
			snprintf(found, size - (size_t)(found - message),
			    "%s%s", copy->origins.items[i], rest);
		}
	}
}

void
planned_copy_done(struct planned_copy *copy)
{
	char path[PLANNED_PATH];

	for (size_t i = 0; i < copy->origins.count; i++) {
		copy_path(copy, i, path);
		unlink(path);
		free(copy->origins.items[i]);
	}
	if (copy->folder[0] != '\0')
		rmdir(copy->folder);
	free(copy->origins.items);
	*copy = (struct planned_copy){.depth = 0};
}
