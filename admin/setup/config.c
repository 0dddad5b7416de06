/*
 * The files of sshd's configuration, with the drop-in to be in the place
 * where sshd would find it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/site.h"

struct origin {
	const char *dropin; /* NULL: as it is */
};

static char *
read_file(const char *path)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len;

	if (fd < 0 || file_read(fd, SETUP_FILE_MAX, &text, &len) != FAULT_NONE)
		return NULL;
	return text;
}

typedef void each_file(void *reader, const char *path, const char *text);

static void
give_dropin(const struct origin *source, each_file *each, void *reader)
{
	scoped_free char *text = source->dropin != NULL
	    ? strdup(source->dropin)
	    : read_file(SETUP_DROPIN);

	if (text != NULL)
		each(reader, SETUP_DROPIN, text);
}

/* A config_files: in glob's order, as sshd. */
static void
give_files(void *ctx, const char *pattern, each_file *each, void *reader)
{
	bool ours = fnmatch(pattern, SETUP_DROPIN, FNM_PATHNAME) == 0;
	glob_t found = {.gl_pathc = 0};

	if (glob(pattern, 0, NULL, &found) != 0)
		found.gl_pathc = 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		scoped_free char *text = NULL;
		int order = strcmp(path, SETUP_DROPIN);

		if (ours && order >= 0) {
			give_dropin(ctx, each, reader);
			ours = false;
		}
		text = order != 0 ? read_file(path) : NULL;
		if (text != NULL)
			each(reader, path, text);
	}
	if (ours)
		give_dropin(ctx, each, reader);
	globfree(&found);
}

/* config_done() also after a failure. */
static bool
read_config(struct origin *source, struct config *ret)
{
	scoped_free char *text = read_file(SETUP_SSHD);

	*ret = (struct config){.blocks = 0};
	if (text == NULL) {
		admin_say(SETUP_SSHD ": %s", strerror(errno));
		return false;
	}
	config_read(SETUP_SSHD, text, give_files, source, ret);
	if (!ret->failed)
		return true;
	admin_say(SETUP_SSHD ": too large, or it includes itself");
	return false;
}

bool
site_check(struct setup *setup, char **ret_report)
{
	scoped_free char *present = read_file(SETUP_DROPIN);
	scoped_free char *text = text_dropin(present, setup->break_glass);
	struct origin source = {.dropin = text};
	struct config config;
	size_t size = 0;
	FILE *report = open_memstream(ret_report, &size);
	bool ok = report != NULL && text != NULL;

	if (ok) {
		ok = read_config(&source, &config);
		if (ok) {
			site_keys(&config, report);
			site_judge(setup, &config, report);
			site_shells(setup, &config, report);
		}
		config_done(&config);
	}
	if (report != NULL)
		ok &= fclose(report) == 0;
	return ok;
}

void
site_warn_gate(void)
{
	struct origin source = {.dropin = NULL};
	struct config config;

	if (read_config(&source, &config))
		for (size_t i = 0; i < config.lines.count; i++) {
			const struct config_line *line = &config.lines.items[i];

			if (strcasecmp(line->keyword, "ForceCommand") == 0 &&
			    config_is_gate(line->value) &&
			    strcmp(line->file, SETUP_DROPIN) != 0)
				admin_say("%s:%d still names the gate: take "
					  "that out, or whoever fits it "
					  "cannot log in",
				    line->file, line->number);
		}
	config_done(&config);
}
