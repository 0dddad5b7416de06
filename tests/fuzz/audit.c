#include <string.h>

#include "store/folder/audit.h"
#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = fuzz_text(data, size);
	scoped_free char *line = NULL;
	struct audit entry = {.time_s = -1};

	fuzz_shape(&audit_shape, data, size, &entry, sizeof(entry));
	entry = (struct audit){.time_s = -1};
	if (!audit_parse(text, size, &entry)) {
		must(entry.time_s == -1);
		return 0;
	}
	/* An entry is written as one line. */
	must(json_write(&audit_shape, &entry, false, &line) == FAULT_NONE);
	must(strchr(line, '\n') == NULL);
	return 0;
}
