#include "store/base/fnv.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/fixture.h"

TestSuite(fnv, .timeout = 30);

/* From draft-eastlake-fnv, section 8.2. */
Test(fnv, is_that_of_the_draft)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} cases[] = {
	    {"", UINT64_C(0xcbf29ce484222325)},
	    {"a", UINT64_C(0xaf63dc4c8601ec8c)},
	    {"foobar", UINT64_C(0x85944171f73967e8)},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].text), half = len / 2;
		uint64_t hash = fnv_add(FNV_BEGIN, cases[i].text, half);

		hash = fnv_add(hash, cases[i].text + half, len - half);
		cr_expect_eq(hash, cases[i].hash, "%s", cases[i].text);
	}
}
