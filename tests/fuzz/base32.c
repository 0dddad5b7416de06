#include "store/base/base32.h"

#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#define BYTES 256

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *input = fuzz_text(data, size);
	uint8_t bytes[BYTES];
	char text[BASE32_LEN(BYTES) + 1];
	size_t len = 0;

	/* A text that is accepted has no other spelling. */
	if (base32_decode(input, size, bytes, sizeof(bytes), &len) ==
	    FAULT_NONE) {
		must(base32_encode(bytes, len, text, sizeof(text)) ==
		    FAULT_NONE);
		must(strlen(text) == size && memcmp(text, input, size) == 0);
	}
	/* Bytes that are written are read back unchanged. */
	if (size <= sizeof(bytes)) {
		must(base32_encode(data, size, text, sizeof(text)) ==
		    FAULT_NONE);
		must(strlen(text) == BASE32_LEN(size));
		must(base32_decode(text, strlen(text), bytes, sizeof(bytes),
			 &len) == FAULT_NONE);
		must(
		    len == size && (len == 0 || memcmp(bytes, data, len) == 0));
	}
	return 0;
}
