#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "store/base/when.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = fuzz_text(data, size);
	char written[WHEN_TEXT], duration[DURATION_TEXT], said[64];
	int64_t time_s = -1, long_s = -1, again_s = -1;

	/* A time has one spelling. */
	if (when_parse(text, &time_s)) {
		when_format(time_s, written);
		must(strcmp(text, written) == 0);
	} else {
		must(time_s == -1);
	}
	if (duration_parse(text, &long_s)) {
		must(long_s >= 0 && long_s <= DURATION_MAX);
		duration_format(long_s, duration);
		must(duration_parse(duration, &again_s) && again_s == long_s);
	} else {
		must(long_s == -1);
	}
	time_s = -1;
	if (when_parse_local(text, &time_s))
		must(time_s >= 0 && time_s <= WHEN_LAST_S);
	else
		must(time_s == -1);
	/* Every number can be written as a time that can be read. */
	if (size >= sizeof(time_s)) {
		memcpy(&time_s, data, sizeof(time_s));
		when_format(time_s, written);
		must(when_parse(written, &again_s));
		duration_say(time_s, said, sizeof(said));
		must(memchr(said, '\0', sizeof(said)) != NULL);
	}
	return 0;
}
