#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

bool
plan_add(struct plan *plan, enum stage_kind kind, const char *path,
    int64_t mode, const char *owner, char *text)
{
	bool lacks_text = kind == STAGE_FILE_WRITE && text == NULL;
	struct stage *stage = NULL;

	if (plan->stages.count < SETUP_STAGES && !lacks_text)
		stage = list_add(&plan->stages, sizeof(*stage));
	if (stage == NULL) {
		free(text);
		return false;
	}
	stage->number = plan->stages.count - 1;
	stage->kind = (int)kind;
	snprintf(stage->path, sizeof(stage->path), "%s", path);
	stage->mode = mode;
	snprintf(stage->owner, sizeof(stage->owner), "%s", owner);
	stage->text = text;
	return true;
}

void
plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->stages.count; i++)
		free(plan->stages.items[i].text);
	free(plan->stages.items);
	*plan = (struct plan){.stages = {.count = 0}};
}

const struct stage *
plan_find(const struct plan *plan, enum stage_kind kind, const char *path)
{
	for (size_t i = 0; i < plan->stages.count; i++)
		if (plan->stages.items[i].kind == (int)kind &&
		    strcmp(plan->stages.items[i].path, path) == 0)
			return &plan->stages.items[i];
	return NULL;
}

bool
plan_read_file(const char *path, char **ret)
{
	scoped_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = 0;

	*ret = NULL;
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd >= 0 && file_read(fd, SETUP_FILE_MAX, ret, &len) == FAULT_NONE &&
	    strlen(*ret) == len)
		return true;
	admin_say("%s: %s", path, fd < 0 ? strerror(errno) : "not a text");
	return false;
}

bool
plan_write(struct plan *plan, const char *path, char *text)
{
	return text != NULL &&
	    plan_add(plan, STAGE_FILE_WRITE, path, 0644, "root", text);
}

bool
plan_is_written(const char *path, const char *present, const char *text)
{
	struct stat st;

	return present != NULL && strcmp(present, text) == 0 &&
	    lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    (st.st_mode & 07777) == 0644;
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
plan_drop(struct plan *plan, enum stage_kind kind, const char *path)
{
	return !is_there(path) || plan_add(plan, kind, path, 0, "", NULL);
}

bool
plan_has_unit(const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; systemd_folders[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%s/%s", systemd_folders[i], name);
		if (is_there(path))
			return true;
	}
	return false;
}

bool
plan_unit(struct plan *plan, const char *name)
{
	char path[SETUP_PATH];

	snprintf(path, sizeof(path), SETUP_UNITS "/%s", name);
	return !is_there(SETUP_UNITS) || plan_has_unit(name) ||
	    plan_write(plan, path, text_unit(name));
}
