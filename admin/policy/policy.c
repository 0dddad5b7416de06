#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/home.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/policy_file.h"

static int
policy_show(const struct admin *admin)
{
	scoped_free char *text = NULL;
	struct policy policy;
	int status = admin_load(admin, &policy);

	if (status != ADMIN_DONE)
		return status;
	if (policy_format(&policy, !admin->json, &text) != FAULT_NONE) {
		admin_say("out of memory");
		status = ADMIN_NOT;
	} else {
		printf("%s%s", text, admin->json ? "\n" : "");
	}
	policy_done(&policy);
	return status;
}

/*
 * A policy file must lie where only root writes; a draft may lie anywhere, and in
 * a fleet any file is one.  path NULL: the policy in force.
 */
static bool
read_checked(const struct admin *admin, const char *path, char **ret_text,
    size_t *ret_len, char ret_why[static HOME_WHY])
{
	scoped_fd int fd = -1;

	if (path == NULL ||
	    (strcmp(path, admin->policy) == 0 &&
		home_find(admin, ret_why) == HOME_FILE))
		return home_read(admin, ret_text, ret_len, ret_why) ==
		    FAULT_NONE;
	snprintf(ret_why, HOME_WHY, "out of memory");
	if (strcmp(path, "-") == 0 &&
	    file_read(STDIN_FILENO, POLICY_MAX + 1, ret_text, ret_len) ==
		FAULT_NONE)
		return true;
	fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0 &&
	    file_read(fd, POLICY_MAX + 1, ret_text, ret_len) == FAULT_NONE)
		return true;
	snprintf(ret_why, HOME_WHY, "%.200s: %s", path, strerror(errno));
	return false;
}

static void
print_position(const char *key, int number)
{
	if (number > 0)
		printf(",\"%s\":%d", key, number);
	else
		printf(",\"%s\":null", key);
}

/*
 * Prints the same keys for a valid and an invalid policy; why is "" if valid.
 */
static int
print_check(const char *path, const struct json_error *error, const char *why)
{
	bool ok = why[0] == '\0';

	printf("{\"ok\":%s", ok ? "true" : "false");
	admin_print_string(",\"file\":", path);
	print_position("line", error->line);
	print_position("column", error->column);
	if (ok)
		fputs(",\"message\":null", stdout);
	else
		admin_print_string(",\"message\":", why);
	puts("}");
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

static int
check_json(const char *path, const char *text, size_t len)
{
	struct json_error error = {.line = 0};
	char why[POLICY_WHY_TEXT];
	struct policy policy;

	if (policy_parse(text, len, &policy, &error) == FAULT_NONE) {
		policy_done(&policy);
		return print_check(path, &error, "");
	}
	snprintf(why, sizeof(why), "%s%s%s", error.path,
	    error.path[0] != '\0' ? ": " : "", error.text);
	return print_check(path, &error, why);
}

/* file NULL: the policy in force. */
static int
check(const struct admin *admin, const char *file)
{
	static const struct json_error nowhere;
	scoped_free char *text = NULL;
	char why[HOME_WHY], name[HOME_NAME];
	const char *path = file != NULL ? file : name;
	size_t len = 0, unknown;

	home_name(admin, name);
	if (!read_checked(admin, file, &text, &len, why)) {
		if (admin->json)
			return print_check(path, &nowhere, why);
		admin_say("%s", why);
		return ADMIN_NOT;
	}
	if (admin->json)
		return check_json(path, text, len);
	if (!admin_check_text(path, text, len, &unknown))
		return ADMIN_NOT;
	admin_done(admin, path, "valid");
	return ADMIN_DONE;
}

int
admin_policy(struct admin *admin, int argc, char **argv)
{
	const char *number = argc == 2 ? argv[1] : "";

	if (argc == 2 && strcmp(argv[0], "show") == 0)
		return admin_show_version(admin, argv[1]);
	if (argc == 1 && strcmp(argv[0], "show") == 0)
		return policy_show(admin);
	if (argc == 1 && strcmp(argv[0], "history") == 0)
		return admin_history(admin);
	if ((argc == 1 || argc == 2) && strcmp(argv[0], "undo") == 0)
		return admin_undo(admin, number);
	if (argc == 1 && strcmp(argv[0], "edit") == 0)
		return admin_edit(admin);
	if ((argc == 1 || argc == 2) && strcmp(argv[0], "check") == 0)
		return check(admin, argc == 2 ? argv[1] : NULL);
	return ADMIN_MISUSED;
}
