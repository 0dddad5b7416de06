#include "admin/doctor/questions.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
no_files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	(void)ctx;
	(void)pattern;
	(void)each;
	(void)reader;
}

static void
ask(const char *text, struct questions *ret)
{
	struct config config;
	struct kinds kinds;

	config_read("main", text, no_files, NULL, &config);
	kinds_collect(&config, &kinds);
	questions_collect(&config, &kinds, "also", ret);
	kinds_done(&kinds);
	config_done(&config);
}

static bool
has(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->list.count; i++)
		if (strcmp(words->list.items[i].text, word) == 0)
			return true;
	return false;
}

/* A person for each name and pattern, root, and the user who probes. */
Test(questions, ask_for_whom_a_match_names)
{
	static const char *const users[] = {
	    "root", "also", "git", "eve", "git-x", "xx", "bob"};
	struct questions q;

	ask("Match User git,!eve\nMatch user=git-*\nMatch User ??,*\n"
	    "Match Address 10.0.0.1 User bob\n",
	    &q);
	for (size_t i = 0; i < COUNT(users); i++)
		cr_expect(has(&q.users, users[i]), "%s", users[i]);
	cr_expect_not(has(&q.users, "*"));
	cr_expect_not(questions_are_cut(&q));
	questions_done(&q);
}

/* Both ends of each network, and an address outside of all; the usual one
 * first. */
Test(questions, ask_from_inside_and_outside_of_each_network)
{
	static const struct {
		const char *match, *addresses[4];
	} cases[] = {
	    {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255", "203.0.113.1"}},
	    {"10.2.3.4/31,!10.2.3.4", {"10.2.3.4", "10.2.3.5"}},
	    {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255", "2001:db8::1"}},
	    {"2001:db8:1::/48",
		{"2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff"}},
	    {"10.*", {"10.1.1.1"}},
	    {"192.168.?.*", {"192.168.1.1"}},
	    {"*.7", {"1.7.1.1"}},
	    {"fe80:*", {"fe80::1"}},
	    {"2001:db8::*", {"2001:db8::1"}},
	    {"*,!192.0.2.0/24", {"192.0.2.0", "192.0.2.255", "203.0.113.1"}},
	};
	char text[128];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct questions q;

		snprintf(
		    text, sizeof(text), "Match Address %s\n", cases[i].match);
		ask(text, &q);
		cr_expect_str_eq(
		    q.addresses.list.items[0].text, QUESTION_ADDRESS);
		for (size_t k = 0; k < 4 && cases[i].addresses[k]; k++)
			cr_expect(has(&q.addresses, cases[i].addresses[k]),
			    "%s: %s", cases[i].match, cases[i].addresses[k]);
		cr_expect_not(questions_are_cut(&q), "%s", cases[i].match);
		questions_done(&q);
	}
}

/* A condition that cannot be asked about is reported. */
Test(questions, say_what_they_leave_out)
{
	static const char *const cases[] = {"Match Address 10.0.0.0/99\n",
	    "Match Address nonsense/8\n", "Match User \"a b\"\n"};
	struct questions q;

	for (size_t i = 0; i < COUNT(cases); i++) {
		ask(cases[i], &q);
		cr_expect(questions_are_cut(&q), "%s", cases[i]);
		questions_done(&q);
	}
}

Test(questions, are_all_combinations)
{
	struct question one;
	struct questions q;
	size_t n = 0;

	ask("Match LocalPort 2222\nMatch RDomain vrf1\nMatch Host *.org\n", &q);
	while (questions_get(&q, n, &one))
		n++;
	cr_expect_eq(n, q.users.list.count * 2 * 2 * 2);
	cr_expect_str_eq(q.hosts.list.items[1].text, "x.org");
	questions_done(&q);
}
