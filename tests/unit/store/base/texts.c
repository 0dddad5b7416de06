#include "store/base/texts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 20000 /* fills several blocks */

Test(texts, stay_where_they_are)
{
	static const char *kept[MANY];
	struct texts texts = {NULL, 0};
	char text[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "%.*suser%d", i % 5, "aaaaa", i);
		kept[i] = texts_keep(&texts, text);
		cr_assert_not_null(kept[i]);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "%.*suser%d", i % 5, "aaaaa", i);
		cr_assert_str_eq(kept[i], text);
	}
	texts_done(&texts);
	cr_expect_null(texts.last);
	texts_done(&texts);
}

Test(texts, may_be_empty_or_larger_than_a_block)
{
	const size_t len = 1 << 20;
	struct texts texts = {NULL, 0};
	char *large = malloc(len + 1);
	const char *before, *middle, *after;

	cr_assert_not_null(large);
	memset(large, 'x', len);
	large[len] = '\0';
	before = texts_keep(&texts, "");
	middle = texts_keep(&texts, large);
	after = texts_keep(&texts, "after");
	cr_assert_not_null(after);
	cr_expect_str_eq(before, "");
	cr_expect_str_eq(middle, large);
	cr_expect_str_eq(after, "after");
	texts_done(&texts);
	free(large);
}
