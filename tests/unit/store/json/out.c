#include "store/json/out.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/inject.h"

Test(json_out, grows_and_keeps_what_it_has)
{
	struct json_out out = json_out_begin(1);

	for (int i = 0; i < 100; i++)
		json_out_text(&out, "0123456789");
	cr_assert_not_null(out.text);
	cr_expect_eq(out.len, 1000);
	cr_expect_eq(strlen(out.text), 1000);
	cr_expect_eq(strspn(out.text, "0123456789"), 1000);
	json_text_free(&out.text);
}

/* The text may be a secret, and freeing wipes only up to its NUL. */
Test(json_out, wipes_what_it_takes_back)
{
	static const char secret[] = "GEZDGNBVGY3TQOJQ",
			  nothing[sizeof(secret)];
	struct json_out out = json_out_begin(64);

	json_out_text(&out, "[");
	json_out_string(&out, secret);
	json_out_cut(&out, 1);
	cr_expect_str_eq(out.text, "[");
	cr_expect_arr_eq(out.text + 1, nothing, sizeof(nothing));
	json_out_text(&out, "]");
	cr_expect_str_eq(out.text, "[]");
	json_text_free(&out.text);
}

Test(json_out, writes_every_number)
{
	static const struct {
		int64_t number;
		const char *text;
	} cases[] = {{0, "0"}, {7, "7"}, {10, "10"}, {-1, "-1"},
	    {1000000000000, "1000000000000"},
	    {INT64_MAX, "9223372036854775807"},
	    {INT64_MIN, "-9223372036854775808"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_out out = json_out_begin(1);

		json_out_number(&out, cases[i].number);
		cr_assert_not_null(out.text);
		cr_expect_str_eq(out.text, cases[i].text);
		json_text_free(&out.text);
	}
}

/* After memory has run out nothing more is written, and nothing crashes. */
Test(json_out, is_empty_for_good_without_memory)
{
	struct json_out out;

	inject_arm(1, ENOMEM);
	out = json_out_begin(64);
	cr_assert(inject_disarm());
	cr_expect_null(out.text);
	json_out_text(&out, "a");
	json_out_number(&out, 1);
	json_out_string(&out, "\"");
	json_out_cut(&out, 0);
	cr_expect_null(out.text);

	out = json_out_begin(2);
	json_out_text(&out, "a");
	inject_arm(1, ENOMEM);
	json_out_text(&out, "b");
	cr_assert(inject_disarm());
	json_out_text(&out, "c");
	cr_expect_null(out.text);
	cr_expect_eq(out.len, 0);
}
