#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/wire/connection.h"
#include "tests/fuzz/fuzz.h"

/* Takes a token and SSH_CONNECTION, with a newline between. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = fuzz_text(data, size);
	char name[PATH_TEXT] = "none", expected[PATH_TEXT];
	char *ends = strchr(text, '\n');

	if (ends != NULL)
		*ends++ = '\0';
	if (!connection_name(text, ends, name)) {
		must(strcmp(name, "none") == 0);
		return 0;
	}
	snprintf(expected, sizeof(expected), "%s %s", text, ends);
	must(strcmp(name, expected) == 0);
	must(strlen(text) == 36 && connection_is_door(name));
	must(utf8_is_clean(name));
	return 0;
}
