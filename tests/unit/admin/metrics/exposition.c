#include "admin/metrics/exposition.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

static char *
written_sample(const struct label *labels, int64_t value)
{
	static char text[512];
	FILE *out = fmemopen(text, sizeof(text), "w");

	cr_assert_not_null(out);
	exposition_sample(out, "tfa_x", labels, value);
	cr_assert_eq(fclose(out), 0);
	return text;
}

Test(metrics_exposition, writes_families_and_samples)
{
	char text[256];
	FILE *out = fmemopen(text, sizeof(text), "w");

	cr_assert_not_null(out);
	exposition_family(out, "tfa_x", "gauge", "How many.");
	cr_assert_eq(fclose(out), 0);
	cr_assert_str_eq(text, "# HELP tfa_x How many.\n# TYPE tfa_x gauge\n");
	cr_assert_str_eq(written_sample(NULL, -3), "tfa_x -3\n");
	cr_assert_str_eq(
	    written_sample((const struct label[]){{NULL, NULL}}, 0),
	    "tfa_x 0\n");
	cr_assert_str_eq(written_sample((const struct label[]){{"a", "1"},
					    {"b", ""}, {NULL, NULL}},
			     INT64_MAX),
	    "tfa_x{a=\"1\",b=\"\"} 9223372036854775807\n");
}

/* The names of groups come from the policy and from directories. */
Test(metrics_exposition, escapes_what_would_end_a_value)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
	    {"a\"} 1", "a\\\"} 1"},
	    {"a\\", "a\\\\"},
	    {"a\nb", "a\\nb"},
	    {"a\r\tb\033[2J\177", "a??b?[2J?"},
	    {"\303\204rzte", "\303\204rzte"},
	    {"\303", "?"},
	    {"a\342\200\256b", "a?b"}, /* reverses what follows */
	    {"<script>{}", "<script>{}"},
	};
	char wanted[128];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(wanted, sizeof(wanted), "tfa_x{l=\"%s\"} 1\n",
		    cases[i].written);
		cr_expect_str_eq(
		    written_sample((const struct label[]){{"l", cases[i].value},
				       {NULL, NULL}},
			1),
		    wanted);
	}
}
