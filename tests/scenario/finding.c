#include <string.h>

#include "tests/scenario/finding.h"
#include "tests/support/run.h"

bool
finding_is(
    const char *out, const char *status, const char *check, const char *words)
{
	char *start = text("%-4s  %s ", status, check);

	for (const char *line = out; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, start, strlen(start)) == 0 &&
		    memmem(line, len, words, strlen(words)) != NULL)
			return true;
		line += len + (line[len] == '\n');
	}
	return false;
}
