/* The policy in words, and the drawings. */
#include "admin/report/words.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "admin/report/chart.h"
#include "tests/unit/fixture.h"

static char *drawn;
static size_t drawn_len;

static void
draw_begin(struct html *html)
{
	setenv("TZ", "UTC", 1);
	*html = (struct html){.out = open_memstream(&drawn, &drawn_len)};
	cr_assert_not_null(html->out);
}

static const char *
draw_end(struct html *html)
{
	cr_assert_eq(fclose(html->out), 0);
	html_done(html);
	return drawn;
}

#define HARDWARE(word)                                   \
	"{'name':'r','users':['bob'],'mode':'required'," \
	"'hardware_keys':'" word "','forwarding':'open'}"
#define FILES ",'keys':{'hardware_files':['/etc/k']}"

/* Without a file for them no such key is enough, whatever a rule says. */
Test(report_words, say_where_a_hardware_key_is_enough)
{
	static const struct {
		const char *rule, *rest, *words;
	} cases[] = {
	    {HARDWARE("enough"), FILES,
		"They must give a code. A hardware key that is touched is "
		"enough in place of a code. The door opens"},
	    {HARDWARE("enough-with-pin"),
		",'keys':{'hardware_authorities':['/etc/k']}",
		"A hardware key that is touched, and wants its PIN, is enough "
		"in place of a code. The door opens"},
	    {HARDWARE("enough"), "", "They must give a code. The door opens"},
	    {HARDWARE("asked"), FILES, "They must give a code. The door opens"},
	    {"", FILES,
		"Only such hardware keys count as stand in files that root "
		"alone can write, or whose authority stands there."},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy policy;
		struct html html;

		fixture_policy(cases[i].rule, cases[i].rest, &policy);
		draw_begin(&html);
		words_policy(&html, &policy, NOW_S);
		cr_expect_not_null(strstr(draw_end(&html), cases[i].words),
		    "no \"%s\" in %s", cases[i].words, drawn);
		free(drawn);
		policy_done(&policy);
	}
}

Test(report_words, say_what_each_rule_asks)
{
	static const struct {
		const char *rule, *words;
	} cases[] = {
	    {"{'name':'r','users':['*','!bob'],'groups':['ops','!interns'],"
	     "'mode':'exempt'}",
		"<b><bdi>r</bdi></b>: everyone, members of <bdi>ops</bdi>, but "
		"not <bdi>bob</bdi>, members of <bdi>interns</bdi>. They are "
		"never asked for a code."},
	    {"{'name':'r','users':['bob'],'from':['10.2.0.0/16'],"
	     "'mode':'optional'}",
		"<bdi>bob</bdi>, for logins from 10.2.0.0/16. They may set up "
		"a device."},
	    {"{'name':'r','users':['bob'],'mode':'required',"
	     "'since':'2026-01-01T00:00:00Z'}",
		"They must give a code. This began on <time "
		"datetime=\"2026-01-01T00:00:00Z\">2026-01-01 00:00</time>.<"},
	    {"{'name':'r','users':['bob'],'mode':'required',"
	     "'since':'2027-01-01T00:00:00Z'}",
		"</time>; until then those without a device are let in"},
	    {"{'name':'r','users':['bob'],'mode':'required',"
	     "'since':'2026-01-01T00:00:00Z','grace':{'for':'14d',"
	     "'until':'2027-01-01T00:00:00Z'}}",
		"are let in without a code for 14 days from their first login "
		"or the rule&#39;s beginning, and never after <time"},
	    {"{'name':'r','users':['bob'],'mode':'required',"
	     "'grace':{'until':'2026-01-01T00:00:00Z'}}",
		"never had a device were let in without a code until <time"},
	    {"{'name':'r','users':['bob'],'mode':'exempt',"
	     "'until':'2027-01-01T00:00:00Z'}",
		"They are never asked for a code, until <time"},
	    {"{'name':'r','users':['bob'],'mode':'exempt',"
	     "'until':'2026-01-01T00:00:00Z'}",
		"This rule counts no more: it ended on <time"},
	    {"{'name':'r','users':['bob'],'mode':'required',"
	     "'forwarding':'open'}",
		"They must give a code. The door opens to all of them who are "
		"let in."},
	    {"", "<b>Everyone</b>: They may set up a device."},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy policy;
		struct html html;

		fixture_policy(cases[i].rule, "", &policy);
		draw_begin(&html);
		words_policy(&html, &policy, NOW_S);
		cr_expect_not_null(strstr(draw_end(&html), cases[i].words),
		    "no \"%s\" in %s", cases[i].words, drawn);
		policy_done(&policy);
		free(drawn);
	}
}

Test(report_words, count_names_that_are_too_many)
{
	char rule[QUOTED_MAX] = "{'name':'r','mode':'exempt','users':['a0'";
	struct policy policy;
	struct html html;

	for (int i = 1; i < WORDS_NAMES + 5; i++)
		snprintf(rule + strlen(rule), sizeof(rule) - strlen(rule),
		    ",'a%d'", i);
	strcat(rule, "]}");
	fixture_policy(rule, "", &policy);
	draw_begin(&html);
	words_policy(&html, &policy, NOW_S);
	cr_expect_not_null(
	    strstr(draw_end(&html), "<bdi>a19</bdi> and 5 more"));
	policy_done(&policy);
	free(drawn);
}

Test(report_words, what_means_something_in_html_is_escaped)
{
	struct html html;

	draw_begin(&html);
	html_text(&html, "<a href=\"x\" title='y'>&\n\xff\xc3\xa4");
	cr_expect_str_eq(draw_end(&html),
	    "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;?"
	    "?\xc3\xa4");
	free(drawn);
}

Test(report_words, a_person_keeps_their_number)
{
	struct html html;

	draw_begin(&html);
	html.no_names = true;
	html_person(&html, "alice");
	html_person(&html, "bob");
	html_person(&html, "alice");
	html_person(&html, "");
	cr_expect_str_eq(draw_end(&html), "person 1person 2person 1nobody");
	free(drawn);
}

Test(report_words, numbers_are_in_groups_of_three)
{
	struct html html;

	draw_begin(&html);
	html_number(&html, 0);
	html_mark(&html, " ");
	html_number(&html, 999);
	html_mark(&html, " ");
	html_number(&html, 1000);
	html_mark(&html, " ");
	html_number(&html, -1234567);
	cr_expect_str_eq(draw_end(&html), "0 999 1,000 -1,234,567");
	free(drawn);
}

Test(report_chart, a_bar_is_a_day_or_some_weeks)
{
	cr_expect_eq(chart_step(1), 1);
	cr_expect_eq(chart_step(CHART_BARS), 1);
	cr_expect_eq(chart_step(CHART_BARS + 1), 7);
	cr_expect_eq(chart_step(7 * CHART_BARS), 7);
	cr_expect_eq(chart_step(7 * CHART_BARS + 1), 14);
	cr_expect_leq(3660 / chart_step(3660), CHART_BARS);
}

Test(report_chart, a_value_has_its_height)
{
	static const int64_t values[] = {10, 0, 5};
	const struct chart chart = {.id = "x",
	    .title = "Title",
	    .unit = "logins",
	    .values = values,
	    .count = COUNT(values),
	    .first_day = 20000};
	struct html html;

	draw_begin(&html);
	chart_bars(&html, &chart);
	draw_end(&html);
	cr_expect_not_null(strstr(drawn,
	    "M0.0 99v-99.0h212.3v99.0z"
	    "M426.7 99v-49.5h212.3v49.5z\""));
	cr_expect_not_null(strstr(drawn,
	    "The highest, of 10, begins on 2024-10-04. All: 15 logins."));
	free(drawn);
}
