/* The page: no word of anybody's becomes markup, and no name is left in. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/utf8.h"
#include "tests/unit/admin/report/sample.h"
#include "tests/unit/fixture.h"

/* All tags of a page, one after the other; the caller frees them. */
static char *
tags_of(const char *page)
{
	char *tags = strdup(page), *to = tags;
	bool inside = false;

	cr_assert_not_null(tags);
	for (const char *at = page; *at != '\0'; at++) {
		inside |= *at == '<';
		if (inside)
			*to++ = *at;
		inside &= *at != '>';
	}
	*to = '\0';
	return tags;
}

static char *
page_with(const char *person, const char *address, const char *word)
{
	struct report report;
	char *page;

	sample_report(person, address, word, &report);
	page = sample_page(&report);
	report_done(&report);
	return page;
}

static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "</td></table><h1>all is well",
    "\" onload=\"alert(1)",
    "' onclick='alert(1)",
    "--><!--",
    "]]>&lt;b&gt;&amp;",
    "</style><script src=//x>",
    "\xe2\x80\xae"
    "txt.exe", /* reads from right to left */
    "\xe2\x81\xa6"
    "a\xe2\x81\xa9", /* an isolate */
    "a\x1b[2J\x07\r\n\tb",
    "\xff\xfe\xc0\xaf",
    "\xc2\x9b"
    "31m",
};

Test(report_page, no_word_becomes_markup)
{
	char *plain = page_with("harmless", "10.0.0.0/8", "harmless");
	char *wanted = tags_of(plain);

	for (size_t i = 0; i < COUNT(hostile); i++) {
		char *page = page_with(hostile[i], "10.0.0.0/8", hostile[i]);
		char *tags = tags_of(page);

		cr_expect_str_eq(tags, wanted, "%s", hostile[i]);
		free(tags);
		free(page);
	}
	free(wanted);
	free(plain);
}

Test(report_page, nothing_steers_the_reader)
{
	for (size_t i = 0; i < COUNT(hostile); i++) {
		char *page = page_with(hostile[i], "10.0.0.0/8", hostile[i]);
		size_t len = strlen(page), n;

		for (size_t at = 0; at < len; at += n) {
			n = utf8_length(page + at, len - at);
			cr_assert_gt(n, 0, "%s", hostile[i]);
			cr_expect(page[at] == '\n' ||
				!utf8_steers(utf8_char(page + at, n)),
			    "%s", hostile[i]);
		}
		free(page);
	}
}

Test(report_page, without_names_has_none)
{
	struct report report;
	char *page;

	sample_report("zoe.quist", "203.0.113.77", "harmless", &report);
	page = sample_page(&report);
	cr_expect_not_null(strstr(page, "zoe.quist"));
	cr_expect_not_null(strstr(page, "203.0.113.77"));
	free(page);
	report.no_names = true;
	page = sample_page(&report);
	cr_expect_null(strstr(page, "zoe"), "%.90s",
	    strstr(page, "zoe") != NULL ? strstr(page, "zoe") - 40 : "");
	cr_expect_null(strstr(page, "quist"));
	cr_expect_null(strstr(page, "203.0.113"));
	cr_expect_not_null(strstr(page, "Names are left out"));
	cr_expect_not_null(strstr(page, "person 1"));
	cr_expect_not_null(strstr(page, "the group of person 1"));
	cr_expect_null(strstr(page, "person 2"));
	free(page);
	report_done(&report);
}

static size_t
count_of(const char *page, const char *word)
{
	size_t count = 0;

	for (; (page = strstr(page, word)) != NULL; page += strlen(word))
		count++;
	return count;
}

Test(report_page, runs_nothing_and_fetches_nothing)
{
	char *page = page_with("harmless", "10.0.0.0/8", "harmless");

	cr_expect_not_null(
	    strstr(page, "content=\"default-src 'none'; style-src 'sha256-"));
	cr_expect_null(strstr(page, "<script"));
	cr_expect_null(strstr(page, " style="));
	cr_expect_null(strstr(page, "http:"));
	cr_expect_null(strstr(page, "https:"));
	cr_expect_null(strstr(page, " src="));
	cr_expect_null(strstr(page, "@import"));
	free(page);
}

Test(report_page, can_be_read_aloud)
{
	char *page = page_with("harmless", "10.0.0.0/8", "harmless");

	cr_expect_not_null(strstr(page, "<html lang=\"en\">"));
	cr_expect_eq(count_of(page, "<h1>"), 1);
	cr_expect_eq(count_of(page, "<table"), count_of(page, "<caption>"));
	cr_expect_gt(count_of(page, "<caption>"), 10);
	cr_expect_eq(count_of(page, "<tr>"),
	    count_of(page, "<th scope=\"row\"") + count_of(page, "<thead>"));
	cr_expect_eq(
	    count_of(page, "role=\"img\""), count_of(page, "<title") - 1);
	cr_expect_eq(count_of(page, "<figure>"), count_of(page, "<desc "));
	cr_expect_eq(count_of(page, "<section"), count_of(page, "</section>"));
	free(page);
}

Test(report_page, says_what_a_list_leaves_out_and_which_command_has_it)
{
	char *page = page_with("harmless", "10.0.0.0/8", "harmless");

	cr_expect_not_null(strstr(
	    page, "and 59 more; <code>tfa-admin users --state overdue</code>"));
	cr_expect_not_null(
	    strstr(page, "and 69 more; <code>tfa-admin log</code>"));
	cr_expect_not_null(
	    strstr(page, "and 79 more; <code>tfa-admin log</code>"));
	free(page);
}

Test(report_page, says_what_could_not_be_read)
{
	char *page = page_with("harmless", "10.0.0.0/8", "this is why");

	cr_expect_not_null(
	    strstr(page, "<b>Not everything was looked at:</b> this is why"));
	cr_expect_not_null(strstr(page, "<b>not read:</b> this is why"));
	cr_expect_not_null(strstr(page, "damaged, and left out: 8."));
	cr_expect_not_null(strstr(page, "Lines of the log: 1,234,567;"));
	cr_expect_not_null(strstr(page, "The clock went back"));
	cr_expect_not_null(strstr(page, "The log begins after the period"));
	cr_expect_not_null(strstr(page, "which may not list everybody"));
	free(page);
}

Test(report_page, has_the_summary_in_numbers)
{
	char *page = page_with("harmless", "10.0.0.0/8", "harmless");

	cr_expect_not_null(strstr(page,
	    "7 of 10 users who are not exempt have a second factor, which is "
	    "70 %."));
	cr_expect_not_null(strstr(page,
	    "60 users are refused for want of a device, and 60 still have time, "
	    "the first until <time"));
	cr_expect_not_null(strstr(page,
	    "In the period 4,005 logins were let in and 1,306 were refused."));
	cr_expect_not_null(strstr(page, "1 emergency account goes past"));
	cr_expect_not_null(strstr(page,
	    "The policy was changed 70 times; doctor found 1 fault that must be "
	    "mended."));
	free(page);
}

/* Nothing was read, and nobody is there. */
Test(report_page, of_nothing_is_a_page)
{
	struct report report = {
	    .made_s = NOW_S, .since_s = NOW_S - 10, .until_s = NOW_S};
	char *page;

	fixture_policy("", "", &report.policy);
	cr_assert_not_null(
	    list_add(&report.groups, sizeof(*report.groups.items)));
	cr_assert_not_null(list_add(&report.days, sizeof(*report.days.items)));
	page = sample_page(&report);
	cr_expect_null(strstr(page, "nan"));
	cr_expect_null(strstr(page, "inf "));
	cr_expect_not_null(strstr(page, "</html>"));
	free(page);
	report_done(&report);
}
