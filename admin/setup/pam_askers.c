/*
 * The lines by which PAM asks the keeper for a code, at any service.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/doctor/door.h"
#include "admin/doctor/pam_stack.h"
#include "admin/setup/setup.h"

struct asking {
	pam_asker *each;
	void *ctx;
	char *why;
	size_t size;
};

/* A file there is a service of its own, and its lines are said as that. */
static bool
is_in_folder(const char *path)
{
	for (size_t i = 0; pam_folders[i] != NULL; i++) {
		size_t len = strlen(pam_folders[i]);

		if (strncmp(path, pam_folders[i], len) == 0 &&
		    path[len] == '/' && strchr(path + len + 1, '/') == NULL)
			return true;
	}
	return false;
}

static void
ask_service(struct asking *asking, const char *folder, const char *service)
{
	char path[SETUP_PATH];
	struct pam_stack stack;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%.200s", folder, service);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return;
	pam_read("", service, &stack);
	if (stack.why[0] != '\0')
		snprintf(asking->why, asking->size, "%s", stack.why);
	list_each(const struct pam_line, line, stack.lines)
		if ((strcmp(line->file, path) == 0 ||
			!is_in_folder(line->file)) &&
		    pam_is_module(line, DOOR_MODULE))
			asking->each(asking->ctx, line);
	pam_done(&stack);
}

static void
ask_folder(struct asking *asking, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (folder == NULL) {
		if (errno != ENOENT)
			snprintf(asking->why, asking->size, "%s: %s", path,
			    strerror(errno));
		return;
	}
	errno = 0;
	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			ask_service(asking, path, entry->d_name);
		errno = 0;
	}
	if (errno != 0)
		snprintf(
		    asking->why, asking->size, "%s: %s", path, strerror(errno));
	closedir(folder);
}

bool
pam_each_asker(pam_asker *each, void *ctx, char *ret_why, size_t size)
{
	struct asking asking = {
	    .each = each, .ctx = ctx, .why = ret_why, .size = size};
	struct stat st;
	bool any = false;

	ret_why[0] = '\0';
	for (size_t i = 0; pam_folders[i] != NULL; i++) {
		any |= stat(pam_folders[i], &st) == 0;
		ask_folder(&asking, pam_folders[i]);
	}
	if (!any && stat("/etc/pam.conf", &st) == 0)
		snprintf(ret_why, size,
		    "PAM reads /etc/pam.conf here, where this does not look");
	return ret_why[0] == '\0';
}

static void
say_asker(void *ctx, const struct pam_line *line)
{
	(void)ctx;
	if (strcmp(line->file, DOOR_PAM) != 0)
		admin_say("%s:%d asks the keeper for a code: remove that line "
			  "first, or it lets nobody in",
		    line->file, line->number);
}

void
pam_say_askers(void)
{
	char why[400];

	if (!pam_each_asker(say_asker, NULL, why, sizeof(why)))
		admin_say("not every line of PAM's was looked at: %s", why);
}
