#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/folder/policy_file.h"

enum fault
policy_file_read(const char *path, uid_t owner, char **ret_text,
    size_t *ret_len, char ret_why[static POLICY_WHY_TEXT])
{
	return guarded_read(
	    path, owner, POLICY_MAX + 1, ret_text, ret_len, ret_why);
}

enum fault
policy_file_load(const char *path, uid_t owner, struct policy *ret,
    char ret_why[static POLICY_WHY_TEXT])
{
	scoped_free char *text = NULL;
	struct json_error error;
	size_t len = 0;
	enum fault fault = policy_file_read(path, owner, &text, &len, ret_why);

	if (fault != FAULT_NONE)
		return fault;
	fault = policy_parse(text, len, ret, &error);
	if (fault != FAULT_NONE)
		json_error_say(&error, path, ret_why, POLICY_WHY_TEXT);
	return fault;
}

void
policy_file_beside(const char *path, const char *suffix, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	snprintf(ret, size, "%.*s.%.200s.%s", (int)(name - path), path, name,
	    suffix);
}
