#include "store/base/list.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

Test(list, keeps_its_items_in_order)
{
	LIST_OF(int64_t) list = {NULL, 0};

	for (int64_t i = 0; i < 100; i++) {
		int64_t *item = list_add(&list, sizeof(*item));

		cr_assert_not_null(item);
		cr_expect_eq(*item, 0);
		*item = i;
	}
	cr_expect_eq(list.count, 100);
	list_drop(&list, sizeof(int64_t), 100);
	cr_expect_eq(list.count, 100);
	for (size_t i = 100; i-- > 0;)
		if (i % 3 != 0)
			list_drop(&list, sizeof(int64_t), i);
	cr_assert_eq(list.count, 34);
	for (size_t i = 0; i < list.count; i++)
		cr_expect_eq(list.items[i], (int64_t)(3 * i));
	/* The freed item is wiped, and there is room for one more. */
	cr_expect_eq(list.items[list.count], 0);
	for (int64_t i = 0; i < 100; i++) {
		int64_t *item = list_add(&list, sizeof(*item));

		cr_assert_not_null(item);
		*item = i;
	}
	cr_expect_eq(list.items[33], 99);
	cr_expect_eq(list.items[34], 0);
	cr_expect_eq(list.items[133], 99);
	free(list.items);
}

Test(list, of_the_newest_forgets_the_oldest)
{
	LIST_OF(int) list = {NULL, 0};

	for (int i = 0; i < 10; i++) {
		int *item = list_add_newest(&list, sizeof(*item), 3);

		cr_assert_not_null(item);
		*item = i;
	}
	cr_assert_eq(list.count, 3);
	for (size_t i = 0; i < list.count; i++)
		cr_expect_eq(list.items[i], (int)i + 7);
	free(list.items);
}
