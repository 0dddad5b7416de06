#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_seeds(data, size, SEEDS_CSV);
	return 0;
}
