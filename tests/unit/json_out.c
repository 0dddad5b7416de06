#include "json_out.h"

#include <criterion/criterion.h>
#include <string.h>

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

/* It may be a secret, and what is freed is wiped up to its NUL only. */
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
