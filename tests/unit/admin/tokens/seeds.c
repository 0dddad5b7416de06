#include "tests/unit/admin/tokens/seeds.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

enum fault
seeds_of(const char *text, struct seeds *ret)
{
	return seeds_parse(text, strlen(text), SECRETS_GUESS, ret);
}

void
seeds_refused(const char *text, int line, const char *says)
{
	struct seeds seeds;
	bool said = false;

	cr_expect_eq(seeds_of(text, &seeds), FAULT_FORMAT, "read: %s", text);
	list_each(const struct seed_line, wrong, seeds.wrong) {
		said |= wrong->line == line &&
		    strstr(wrong->text, says) != NULL;
		cr_expect_null(
		    strstr(wrong->text, HEX), "a secret: %s", wrong->text);
		cr_expect_null(
		    strstr(wrong->text, BASE), "a secret: %s", wrong->text);
	}
	cr_expect(said, "line %d is not called \"%s\": %s: %s", line, says,
	    seeds.wrong.count > 0 ? seeds.wrong.items[0].text : "", text);
	seeds_done(&seeds);
}

void
seeds_read(const char *text, size_t count, struct seeds *ret)
{
	cr_assert_eq(seeds_of(text, ret), FAULT_NONE, "%s: %s", text,
	    ret->wrong.count > 0 ? ret->wrong.items[0].text : "");
	cr_assert_eq(ret->list.count, count, "%s", text);
}
