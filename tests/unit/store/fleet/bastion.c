#include "store/fleet/bastion.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

static enum fault
parse(const char *text, struct bastion *ret)
{
	struct json_error error;
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	return bastion_parse(quoted, strlen(quoted), ret, &error);
}

Test(bastion, reads_what_it_writes)
{
	struct bastion_key keys[] = {{"01abcdef"}, {"00000000"}};
	const struct bastion written = {
	    "1.0", 1, {keys, 2}, -1500, 7, 1793000020};
	struct bastion read;
	struct json_error error;
	char *text;

	cr_assert_eq(bastion_format(&written, &text), FAULT_NONE);
	cr_assert_eq(
	    bastion_parse(text, strlen(text), &read, &error), FAULT_NONE);
	cr_expect_str_eq(read.version, "1.0");
	cr_expect_eq(read.level, 1);
	cr_assert_eq(read.keys.count, 2);
	cr_expect_str_eq(read.keys.items[0].text, "01abcdef");
	cr_expect_eq(read.clock_off_ms, -1500);
	cr_expect_eq(read.policy, 7);
	cr_expect_eq(read.time_s, 1793000020);
	bastion_done(&read);
	free(text);
}

Test(bastion, refuses_what_is_odd)
{
	static const char whole[] =
	    "{'version': '1', 'level': 1, 'keys': ['01abcdef'], "
	    "'clock_off_ms': 0, 'policy': 0, 'time': '2026-11-30T00:00:00Z'}";
	static const char *const odd[] = {
	    "{'version': '1', 'level': 1, 'keys': ['01abcde'], "
	    "'clock_off_ms': 0, 'policy': 0, 'time': '2026-11-30T00:00:00Z'}",
	    "{'version': '1', 'level': 0, 'keys': [], "
	    "'clock_off_ms': 0, 'policy': 0, 'time': '2026-11-30T00:00:00Z'}",
	    "{'version': '1', 'level': 1, 'keys': [], 'clock_off_ms': 0, "
	    "'policy': 0, 'time': '2026-11-30T00:00:00Z', 'more': 1}",
	    "{'version': '1', 'level': 1, 'keys': ['00000000', '00000000', "
	    "'00000000', '00000000', '00000000'], 'clock_off_ms': 0, "
	    "'policy': 0, 'time': '2026-11-30T00:00:00Z'}",
	};
	struct bastion read;

	cr_assert_eq(parse(whole, &read), FAULT_NONE);
	bastion_done(&read);
	for (size_t i = 0; i < COUNT(odd); i++)
		cr_expect_neq(parse(odd[i], &read), FAULT_NONE, "%s", odd[i]);
}

Test(bastion, names_its_host_by_what_a_key_may_have)
{
	char host[BASTION_HOST];

	cr_assert(bastion_host(host));
	cr_expect_eq(strspn(host,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "abcdefghijklmnopqrstuvwxyz0123456789._-"),
	    strlen(host));
}
