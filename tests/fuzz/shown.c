#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "store/base/utf8.h"

/* Text that is logged or shown is well-formed and controls no terminal. */
static void
calm(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		size_t n = utf8_length(text, len);

		must(n > 0 && n <= len);
		must((unsigned char)*text >= ' ' && *text != 0x7f);
		must(!utf8_steers(utf8_char(text, n)));
		/* C1, and the controls of direction, as bytes. */
		must(!(n == 2 && memcmp(text, "\xc2", 1) == 0 &&
		    (unsigned char)text[1] < 0xa0));
		must(!(n == 3 && memcmp(text, "\xe2\x80", 2) == 0 &&
		    (unsigned char)text[2] >= 0xaa &&
		    (unsigned char)text[2] <= 0xae));
		text += n;
		len -= n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *input = fuzz_text(data, size);
	char whole[4097], part[11], again[4097];

	utf8_clean(input, size, whole, sizeof(whole));
	utf8_clean(input, size, part, sizeof(part));
	calm(whole);
	calm(part);
	must(strncmp(whole, part, strlen(part)) == 0);
	utf8_clean(whole, strlen(whole), again, sizeof(again));
	must(strcmp(whole, again) == 0);
	return 0;
}
