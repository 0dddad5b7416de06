#include "store/core/version.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

Test(version, reads_what_it_writes_byte_by_byte)
{
	char text[] = "{\n  \"a\": \"\x01\"\n}\n\n";
	const struct version written = {
	    7, 1793000020, "root at b2", "policy edit", text, sizeof(text) - 1};
	struct version read;
	char *bytes;
	size_t len;

	cr_assert_eq(version_format(&written, &bytes, &len), FAULT_NONE);
	cr_assert_eq(version_parse(bytes, len, &read), FAULT_NONE);
	cr_expect_eq(read.number, 7);
	cr_expect_eq(read.at_s, 1793000020);
	cr_expect_str_eq(read.by, "root at b2");
	cr_expect_str_eq(read.what, "policy edit");
	cr_expect(version_is(&read, &written));
	cr_expect_eq(read.text[read.len], '\0');
	version_done(&read);
	free(bytes);
}

Test(version, refuses_what_is_none)
{
	static const struct {
		const char *bytes;
		size_t len;
	} odd[] = {
	    {"", 0},
	    {"{}", 2},
	    {"{}\n", 3},
	    {"{\"number\":0,\"time\":\"2026-11-30T00:00:00Z\"}\n", 44},
	    {"{\"number\":1,\"time\":\"2026-11-30T00:00:00Z\"}", 43},
	    {"{\"number\":1,\"time\":\"2026-11-30T00:00:00Z\"}\0\n", 45},
	};
	struct version read;

	for (size_t i = 0; i < COUNT(odd); i++)
		cr_expect_eq(version_parse(odd[i].bytes, odd[i].len, &read),
		    FAULT_FORMAT, "%zu", i);
}
