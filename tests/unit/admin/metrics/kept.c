#include "admin/metrics/kept.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "store/base/cleanup.h"
#include "tests/unit/fixture.h"

Test(metrics_kept, what_is_kept_is_read_again)
{
	struct kept kept = {.counts = {.since_s = NOW_S - 86400,
				.skip = 7,
				.last_s = NOW_S,
				.wrong_codes = 3,
				.unlogged = 40,
				.missing = 1,
				.last_pass_s = NOW_S - 9},
	    .doctor = {NOW_S - 60, 1, 2, 30},
	    .audit = {NOW_S - 50, NOW_S - 9000000, 500000000, 4, 1}};
	struct kept again = {.doctor = {.at_s = 0}};
	scoped_free char *text = NULL;
	struct json_error error;

	for (int i = 0; i < REASON_COUNT; i++) {
		kept.counts.logins[COUNT_PASS][i] = i;
		kept.counts.logins[COUNT_DENY][i] = 1000000000LL + i;
	}
	cr_assert_eq(kept_format(&kept, &text), FAULT_NONE);
	cr_assert_lt(strlen(text), (size_t)KEPT_MAX);
	cr_assert_eq(kept_parse(text, strlen(text), &again, &error), FAULT_NONE,
	    "%s", error.text);
	cr_assert_eq(memcmp(&kept, &again, sizeof(kept)), 0);
}

Test(metrics_kept, reason_of_another_version_is_counted_as_unknown)
{
	char text[QUOTED_MAX];
	struct kept kept = {.doctor = {.at_s = 0}};
	struct json_error error;

	fixture_quote("{'version':1,'logins':["
		      "{'verdict':'deny','reason':'gone_word','count':2},"
		      "{'verdict':'deny','reason':'none','count':3}]}",
	    text);
	cr_assert_eq(kept_parse(text, strlen(text), &kept, &error), FAULT_NONE);
	cr_assert_eq(kept.counts.logins[COUNT_DENY][REASON_NONE], 5);
}

Test(metrics_kept, what_is_not_ours_is_refused)
{
	static const char *const texts[] = {"", "{}", "{'version':2}",
	    "{'version':1,'skip':-1}", "{'version':1,'more':1}",
	    "{'version':1,'logins':[{'verdict':'maybe','reason':'code',"
	    "'count':1}]}",
	    "{'version':1} "
	    "trailing"};
	struct kept kept = {.counts = {.skip = 5}};
	char text[QUOTED_MAX];
	struct json_error error;

	for (size_t i = 0; i < COUNT(texts); i++) {
		fixture_quote(texts[i], text);
		cr_expect_neq(kept_parse(text, strlen(text), &kept, &error),
		    FAULT_NONE, "%s", text);
	}
	cr_expect_eq(kept.counts.skip, 5);
}
