#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "gate/own/tool.h"

bool
tool_find(const char *name, char ret[static TOOL_PATH])
{
	static const char folders[][16] = {
	    "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(ret, TOOL_PATH, "%.16s/%.40s", folders[i], name);
		if (access(ret, X_OK) == 0)
			return true;
	}
	return false;
}
