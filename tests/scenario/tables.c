/*
 * The tables of tfa-admin on a terminal of 80 columns and 24 rows, as tmux shows
 * it.  Users user160 and user161.
 */
#include <ctype.h>
#include <stdlib.h>

#include "tests/scenario/scenario.h"

Scenarios(tables);

#define LONG_RULE "a-rule-with-quite-a-long-name-as-sites-write-them"
#define FAR       "2001:db8:1111:2222:3333:4444:5555:6666"

static int screens;

/* tmux ARGS on a server of this screen's own. */
static struct run *
tmux_of(const struct bastion *b, const char *const args[])
{
	const char *argv[32] = {"env", "LC_ALL=C.UTF-8", "tmux", "-u", "-f",
	    "/dev/null", "-S", text("%s/screen%d", b->dir, screens)};
	size_t n = 8;

	while (*args != NULL && n < 31)
		argv[n++] = *args++;
	return run(argv, NULL, 0);
}

static size_t
count_lines(const char *shown)
{
	size_t count = 0;

	for (; *shown != '\0'; shown++)
		count += *shown == '\n';
	return count;
}

/*
 * All that "tfa-admin ARGS" wrote on a terminal of 80 columns, also what has
 * left the screen. No line of it may be wrapped.
 */
static char *
shown_at_80(const struct bastion *b, const char *args)
{
	long long end = run_clock_ms() + 30000;
	struct run *seen, *joined;
	char *over;

	screens++;
	assert_status(
	    tmux_of(b,
		ARGV("new-session", "-d", "-x", "80", "-y", "24",
		    text("%s/tfa-admin --socket %s --policy %s %s; "
			 "echo '[over]'; exec sleep 1000",
			getenv("TFA_PROGRAMS"), b->socket, b->policy, args))),
	    0);
	do {
		run_sleep_ms(50);
		seen = tmux_of(b, ARGV("capture-pane", "-p", "-S", "-"));
		cr_assert_lt(run_clock_ms(), end, "%s: %s", args, seen->out);
	} while ((over = strstr(seen->out, "[over]")) == NULL);
	joined = tmux_of(b, ARGV("capture-pane", "-p", "-J", "-S", "-"));
	cr_expect_eq(count_lines(seen->out), count_lines(joined->out),
	    "%s is wrapped: %s", args, seen->out);
	tmux_of(b, ARGV("kill-server"));
	*over = '\0';
	return screen_text(seen->out);
}

static struct bastion *
open_busy(void)
{
	struct bastion *b = bastion_open(
		.rules = "{'name':'" LONG_RULE "','users':['user160'],'mode':"
			 "'exempt','since':'2026-01-02T03:04:05Z','until':"
			 "'2096-12-31T00:00:00Z','by':'root'},"
			 "{'name':'net','users':['user161'],'mode':'exempt',"
			 "'from':['" FAR "/128']}," REQUIRED);

	fixture_put_record(b, "user160",
	    "'devices':[],'enrolled_once':false,'first_seen':"
	    "'2026-01-02T03:04:05Z','last_login':{'at':'2026-01-02T03:04:05Z',"
	    "'from':'" FAR "'}");
	assert_status(bastion_admin(b,
			  ARGV("exempt", "user161", "--until",
			      "2096-12-31T00:00:00Z", "--yes")),
	    0);
	assert_status(bastion_admin(b, ARGV("enforce", "user161", "--yes")), 0);
	return b;
}

/* Writes 9 for each digit of a time of today, and k for each character of a
 * key's fingerprint. */
static char *
masked_today(char *shown)
{
	for (char *at = shown; (at = strstr(at, "202")) != NULL; at++) {
		size_t len = strspn(at, "0123456789-");

		if (len < 10 || strncmp(at, "2026-01-02", 10) == 0)
			continue;
		if (at[10] == ' ' || at[10] == 'T')
			len += 1 + strspn(at + 11, "0123456789:");
		for (size_t i = 0; i < len; i++)
			at[i] = isdigit((unsigned char)at[i]) ? '9' : at[i];
	}
	for (char *at = shown; (at = strstr(at, "SHA256:")) != NULL; at++)
		memset(at + 7, 'k', strcspn(at + 7, " \n"));
	return shown;
}

/* The second command gives the rule a time of its own, unless it ran in
 * the same second. */
static char *
without_time_between(char *shown)
{
	static const char line[] =
	    "        rules.user161.since: 9999-99-99T99:99:99Z -> "
	    "9999-99-99T99:99:99Z\n";
	char *at = strstr(shown, line);

	if (at != NULL)
		memmove(at, at + sizeof(line) - 1,
		    strlen(at + sizeof(line) - 1) + 1);
	return shown;
}

/* Below each heading of a table something stands in at least one row. */
static void
assert_columns_say_something(const char *shown)
{
	size_t len = strcspn(shown, "\n"), at = 0;

	while (at < len) {
		size_t end = at + strcspn(shown + at, " \n");
		bool any = false;

		/* "LAST LOGIN" is one heading: the word is not at the start of
		 * a cell. */
		while (end < len && shown[end] == ' ')
			end++;
		for (const char *row = shown + len; *row != '\0' && !any;) {
			size_t row_len = strcspn(++row, "\n");

			for (size_t i = at; i < end && i < row_len; i++)
				any |= row[i] != ' ' && row[i] != '-';
			row += row_len;
		}
		cr_expect(any, "column %zu is empty: %s", at, shown);
		at = end;
	}
}

Test(tables, fit_80_columns)
{
	struct bastion *b;
	char *shown;

	needs_people();
	needs_program("tmux");
	b = open_busy();
	shown = shown_at_80(b, "users --state exempt,overdue");
	assert_columns_say_something(shown);
	assert_says(shown, "\nuser160 ");
	shown = shown_at_80(b, "users user160");
	cr_expect_str_eq(shown,
	    "user160\n"
	    "  state          exempt\n"
	    "  rule           " LONG_RULE ": never asked\n"
	    "                 for a code, until 2096-12-31 00:00\n"
	    "  deadline       none\n"
	    "  recovery codes 0 left\n"
	    "  last login     2026-01-02 03:04 from " FAR "\n"
	    "  wrong codes    0\n");
	shown = shown_at_80(b, "exemptions");
	assert_columns_say_something(shown);
	cr_expect_str_eq(shown,
	    "WHO     FROM                   SINCE      UNTIL      BY   RULE\n"
	    "user160 -                      2026-01-02 2096-12-31 root "
	    "a-rule-with-quite-a...\n"
	    "user161 2001:db8:1111:2222:... -          -          -    net\n");
	shown = shown_at_80(b, "policy history");
	cr_expect_str_eq(without_time_between(masked_today(shown)),
	    "     1  9999-99-99 99:99  -           by hand, or before the first "
	    "change\n"
	    "     2  9999-99-99 99:99  root        exempt user161: never asked "
	    "for a code,...\n"
	    "        rules.user161: none -> rule 1 of 4\n"
	    "        rules.user161.users: none -> user161\n"
	    "        rules.user161.mode: none -> exempt\n"
	    "        rules.user161.since: none -> 9999-99-99T99:99:99Z\n"
	    "        rules.user161.until: none -> 2096-12-31T00:00:00Z\n"
	    "        rules.user161.by: none -> root\n"
	    "     3  9999-99-99 99:99  root        (in force) enforce user161: a "
	    "code is r...\n"
	    "        rules.user161.mode: exempt -> required\n"
	    "        rules.user161.until: 2096-12-31T00:00:00Z -> none\n");
	shown = shown_at_80(
	    b, text("explain user160 --config %s/sshd_config", b->dir));
	cr_expect_str_eq(masked_today(shown),
	    "user160: pass\n"
	    "  because   exempt: never asked\n"
	    "  rule      " LONG_RULE " (exempt)\n"
	    "  until     Mon 2096-12-31 00:00 UTC\n"
	    "  not       user161: names neither the user nor a group of "
	    "theirs\n"
	    "  key       SHA256:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\n"
	    "            /home/user160/.ssh/authorized_keys:1: pass\n");
	/* By the machine's own sshd_config there is no gate. */
	shown = shown_at_80(b, "explain user161 --from " FAR);
	assert_says(shown, "\n  note      ");
	shown = shown_at_80(b, "log");
	assert_columns_say_something(shown);
	shown = shown_at_80(b, "users --summary");
	assert_columns_say_something(shown);
}
