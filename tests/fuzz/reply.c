#include "tests/fuzz/fuzz.h"
#include "store/wire/protocol.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reply reply;

	fuzz_shape(&reply_shape, data, size, &reply, sizeof(reply));
	return 0;
}
