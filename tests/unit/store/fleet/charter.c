#include "store/fleet/charter.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define ID "'id': '0123456789abcdef0123456789abcdef'"

static enum fault
parse(const char *text, struct charter *ret, struct json_error *error)
{
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	return charter_parse(quoted, strlen(quoted), ret, error);
}

Test(charter, reads_what_it_writes)
{
	const struct charter written = {
	    "0123456789abcdef0123456789abcdef", 3, 1, "bastion.example.com"};
	struct charter read;
	struct json_error error;
	char *text;

	cr_assert_eq(charter_format(&written, &text), FAULT_NONE);
	cr_assert_eq(
	    charter_parse(text, strlen(text), &read, &error), FAULT_NONE);
	cr_expect_str_eq(read.id, written.id);
	cr_expect_eq(read.epoch, 3);
	cr_expect_eq(read.level, 1);
	cr_expect_str_eq(read.name, written.name);
	free(text);
}

/* A bastion must read a level above its own, to say that it is too old. */
Test(charter, reads_a_level_above_ours)
{
	struct charter read;
	struct json_error error;

	cr_expect_eq(parse("{" ID ", 'epoch': 1, 'level': 99, 'name': 'b'}",
			 &read, &error),
	    FAULT_NONE);
	cr_expect_eq(read.level, 99);
}

Test(charter, refuses_what_is_odd)
{
	static const char *const odd[] = {
	    "{" ID ", 'epoch': 1, 'level': 1}",
	    "{" ID ", 'epoch': 0, 'level': 1, 'name': 'b'}",
	    "{" ID ", 'epoch': 65536, 'level': 1, 'name': 'b'}",
	    "{" ID ", 'epoch': 1, 'level': 0, 'name': 'b'}",
	    "{" ID ", 'epoch': 1, 'level': 1, 'name': ''}",
	    "{" ID ", 'epoch': 1, 'level': 1, 'name': 'b', 'more': 1}",
	    "{'id': '0123', 'epoch': 1, 'level': 1, 'name': 'b'}",
	    "{'id': '0123456789ABCDEF0123456789ABCDEF', 'epoch': 1, "
	    "'level': 1, 'name': 'b'}",
	};
	struct charter read = {.epoch = 7};
	struct json_error error;

	for (size_t i = 0; i < COUNT(odd); i++) {
		cr_expect_eq(
		    parse(odd[i], &read, &error), FAULT_FORMAT, "%s", odd[i]);
		cr_expect_eq(read.epoch, 7);
	}
}
