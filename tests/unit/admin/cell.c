#include "admin/cell.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "store/base/cleanup.h"
#include "tests/unit/fixture.h"

#define AUML  "\303\204"     /* U+00C4 */
#define KANJI "\345\261\261" /* U+5C71, two columns wide */

Test(cell, shows_text_and_escapes_what_fools)
{
	static const struct {
		const char *text, *shown;
		size_t width;
	} cases[] = {
	    {"", "", 0},
	    {"alice", "alice", 5},
	    {AUML "rzte", AUML "rzte", 5},
	    {KANJI KANJI, KANJI KANJI, 4},
	    {"e\314\201", "e\314\201", 1}, /* an accent of its own */
	    {"a\tb\033[2J\n", "a\\u{9}b\\u{1b}[2J\\u{a}", 21},
	    {"a\342\200\256b", "a\\u{202e}b", 10}, /* right to left */
	    {"a\342\201\246b", "a\\u{2066}b", 10},
	    {"a\342\200\213b", "a\\u{200b}b", 10}, /* no width */
	    {"a\357\270\217b", "a\\u{fe0f}b", 10},
	    {"a\343\205\244b", "a\\u{3164}b", 10}, /* a blank */
	    {"a\302\240b", "a\\u{a0}b", 8},
	    {"a\302\255b", "a\\u{ad}b", 8},
	    {"a\363\240\201\201b", "a\\u{e0041}b", 11}, /* a tag */
	    {"a\303", "a\\303", 5},
	    {"\377\300\200", "\\377\\300\\200", 12},
	    {"a\\x41", "a\\x41", 5},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped_free char *shown = cell_show(cases[i].text);

		cr_assert_not_null(shown);
		cr_expect_str_eq(shown, cases[i].shown);
		cr_expect_eq(cell_width(shown), cases[i].width, "%s: %zu",
		    shown, cell_width(shown));
	}
}

/* Other parts of a program keep the locale that they had. */
Test(cell, leaves_the_locale_alone)
{
	cr_assert_eq(MB_CUR_MAX, 1u);
	cell_leave(cell_enter());
	cr_assert_eq(MB_CUR_MAX, 1u);
}

/* A character that has two columns is not cut, nor one that takes none. */
Test(cell, fits_whole_characters)
{
	const char *han = "a\346\274\242b", *accent = "e\314\201x";

	cr_expect_eq(cell_fitting(han, 0), 0);
	cr_expect_eq(cell_fitting(han, 2), 1);
	cr_expect_eq(cell_fitting(han, 3), 4);
	cr_expect_eq(cell_fitting(han, 9), 5);
	cr_expect_eq(cell_fitting(accent, 1), 3);
	cr_expect_eq(cell_fitting("", 4), 0);
}
