#include "gate/sshd/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/config.h"
#include "store/base/cleanup.h"

TestSuite(guard, .timeout = 30);

static char *
read_file(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");
	size_t len;

	cr_assert_not_null(file, "%s", path);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

/*
 * This file is installed for people who write the drop-in by hand. envfuzz and
 * the scenario tests start sshd with it.
 */
Test(guard, etc_has_the_drop_in_of_the_table)
{
	scoped_free char *text = guard_drop_in("/usr/sbin/tfa-gate", 0, NULL);

	cr_assert_str_eq(read_file("etc/sshd-tfa.conf"), text, "%s", text);
}

/* sshd reads from it what the tables say, and nothing else. */
Test(guard, drop_in_has_each_row_once)
{
	scoped_free char *text = guard_drop_in("/g", 0, NULL);
	char line[200];

	for (const struct guard_setting *s = guard_settings;
	     s->group != GUARD_END; s++) {
		const char *at;

		snprintf(line, sizeof(line), "\n%s%s %s\n",
		    s->global ? "" : "    ", s->keyword, s->value);
		at = strstr(text, line);
		cr_assert_not_null(at, "%s", line);
		cr_expect_null(strstr(at + 1, line), "%s", line);
		cr_expect_eq(
		    at < strstr(text, "\nMatch all\n"), s->global, "%s", line);
	}
	cr_expect_not_null(strstr(text, "\nMatch all\n    ForceCommand /g\n"));
}

/* With the gate for some alone every row stands in each of its blocks, and
 * nowhere else. */
Test(guard, drop_in_for_some_has_each_row_in_each_block)
{
	static const struct guard_only only = {
	    .groups = "ops,domain users", .users = "alice,bob"};
	scoped_free char *text = guard_drop_in("/g", 2222, &only);
	const char *groups = strstr(
	    text, "\nMatch Group \"ops,domain users\"\n    ForceCommand /g\n");
	const char *users = strstr(
	    text, "\nMatch User alice,bob\n    ForceCommand /g\n");
	char line[200];

	cr_assert_not_null(groups);
	cr_assert_not_null(users);
	cr_assert_lt(groups, users);
	cr_assert_null(strstr(text, "\nMatch all\n"));
	for (const struct guard_setting *s = guard_settings;
	     s->group != GUARD_END; s++) {
		const char *at;

		snprintf(
		    line, sizeof(line), "\n    %s %s\n", s->keyword, s->value);
		at = strstr(groups, line);
		if (s->global)
			continue;
		cr_assert(at != NULL && at < users, "%s", line);
		cr_expect_not_null(strstr(users, line), "%s", line);
	}
	cr_expect_eq(guard_door_port(text), 2222);
}

Test(guard, reads_its_own_lists_again)
{
	static const struct guard_only lists[] = {{"ops", ""}, {"", "alice"},
	    {"ops,Dev", "alice,bob"}, {"domain users,x.y+z@corp", "a b"}};
	struct guard_only found;
	scoped_free char *all = guard_drop_in("/g", 0, NULL);

	cr_assert(!guard_only_read(all, &found));
	cr_assert(!guard_only_read("", &found));
	cr_assert(!guard_only_read("Match Group ops\n", &found));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		scoped_free char *text = guard_drop_in("/g", 2222, &lists[i]);

		cr_assert(guard_only_read(text, &found), "%zu", i);
		cr_expect_str_eq(found.groups, lists[i].groups);
		cr_expect_str_eq(found.users, lists[i].users);
	}
}

/* sshd must take the name for that one alone. */
Test(guard, name_that_sshd_would_take_for_others_is_refused)
{
	static const char *const good[] = {
	    "ops", "Ops", "x.y+z@corp", "a b", "-x", "u_1", "1", "machine$"};
	static const char *const bad[] = {"", "*", "o*", "o?s", "!ops", "a,b",
	    "\"a\"", "a'b", "a\\b", "a=b", "a#b", "a\tb", "a\nMatch all",
	    "a\rb", " a", "a ", "\x1b[2J"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect(guard_may_name(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(!guard_may_name(bad[i]), "number %zu", i);
}

/* A block of sshd's: of the values for a keyword the first one holds, so none
 * may stand there twice. */
Test(guard, door_has_each_row_once_and_first)
{
	scoped_free char *plain = guard_drop_in("/g", 0, NULL);
	scoped_free char *text = guard_drop_in("/g", 2222, NULL);
	size_t len = 0;
	const char *block = guard_door_block(text, &len);
	char line[200];
	int rows = 0, lines = -2; /* but for Match and a comment */

	cr_assert_eq(strncmp(text, plain, (size_t)(block - text)), 0);
	cr_assert_str_eq(block + len, plain + (block - text));
	cr_assert_eq(strncmp(block + len, "Match all\n", 10), 0);
	for (const struct guard_setting *s = guard_door_settings;
	     s->group != GUARD_END; s++) {
		const char *at;

		if (s->global)
			continue;
		rows++;
		snprintf(
		    line, sizeof(line), "\n    %s %s\n", s->keyword, s->value);
		at = strstr(block, line);
		cr_assert(at != NULL && at < block + len, "%s", line);
	}
	for (size_t i = 0; i < len; i++)
		lines += block[i] == '\n';
	cr_expect_eq(rows, lines);
}

static const struct guard_setting *
door_row(const char *keyword)
{
	const struct guard_setting *s = guard_door_settings;

	while (s->group != GUARD_END && strcmp(s->keyword, keyword) != 0)
		s++;
	return s;
}

/* Each guard of the other ports guards the door, unless a code opens it. */
Test(guard, door_keeps_what_no_code_opens)
{
	for (const struct guard_setting *s = guard_settings;
	     s->group != GUARD_END; s++) {
		const struct guard_setting *door = door_row(s->keyword);

		cr_assert_neq(door->group, GUARD_END, "%s", s->keyword);
		cr_expect_eq(door->global, s->global, "%s", s->keyword);
		if (door->group != GUARD_OPENS)
			cr_expect_str_eq(
			    door->value, s->value, "%s", s->keyword);
	}
	for (const struct guard_setting *s = guard_door_settings;
	     s->group != GUARD_END; s++) {
		cr_expect_lt(strlen(s->value), sizeof(s->value) - 1);
		cr_expect_lt(strlen(s->follows), sizeof(s->follows) - 1);
	}
}

Test(guard, door_port_is_read_in_one_spelling)
{
	static const struct {
		const char *text;
		int port;
	} cases[] = {
	    {"Match LocalPort 2222\n", 2222},
	    {"Match LocalPort 65535", 65535},
	    {"Match all\nMatch LocalPort 1\n    X11Forwarding no\n", 1},
	    {"", 0},
	    {"Match LocalPort \n", 0},
	    {"Match LocalPort 0\n", 0},
	    {"Match LocalPort 022\n", 0},
	    {"Match LocalPort 65536\n", 0},
	    {"Match LocalPort 99999999999999999999\n", 0},
	    {"Match LocalPort -1\n", 0},
	    {"Match LocalPort 22 User bob\n", 0},
	    {"Match LocalPort 22,2222\n", 0},
	    {"Match LocalPort 2222 \n", 0},
	    {" Match LocalPort 2222\n", 0},
	    {"match localport 2222\n", 0},
	    {"#Match LocalPort 2222\n", 0},
	    {"Match LocalPort 1\nMatch LocalPort 2\n", 0},
	    {"Match LocalPort 2222\nMatch LocalPort 2222\n", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(guard_door_port(cases[i].text), cases[i].port,
		    "%s", cases[i].text);
}

/* The launcher reads the drop-in by itself, and must look for these words. */
Test(guard, launcher_looks_for_the_words_of_the_table)
{
	const char *launcher = read_file("etc/tfa-door");
	char line[200];

	for (const struct guard_setting *s = guard_door_settings;
	     s->group != GUARD_END; s++) {
		if (s->group != GUARD_ASKS)
			continue;
		snprintf(
		    line, sizeof(line), "has \"%s %s\"", s->keyword, s->value);
		cr_expect_not_null(strcasestr(launcher, line), "%s", line);
	}
	cr_expect_not_null(strstr(launcher, "s/^" GUARD_DOOR_MATCH "\\("));
	cr_expect_not_null(strstr(launcher, "dropin=" CONFIG_DROP_IN "\n"));
}

/* A row that was cut would protect nothing. */
Test(guard, each_variable_fits)
{
	for (const struct guard_variable *v = guard_variables;
	     v->why != GUARD_LAST; v++) {
		char word[GUARD_WORD], more[GUARD_WORD + 2];

		guard_word(v, word);
		cr_expect_lt(strlen(v->name), sizeof(v->name) - 1, "%s", word);
		cr_expect_lt(
		    strlen(v->value), sizeof(v->value) - 1, "%s", word);
		snprintf(more, sizeof(more), " %s", word);
		cr_expect_eq(strstr(guard_setenv(), more) != NULL,
		    guard_is_set(v), "%s", word);
	}
	cr_expect_lt(strlen(guard_setenv()), GUARD_LINE - 1);
	cr_expect_lt(strlen(guard_setenv()), CONFIG_WORD);
}

/* A client may send a code, and nothing else of the table. */
Test(guard, accepts_from_a_client_a_code_alone)
{
	const char *rest = GUARD_ACCEPTENV + strlen("AcceptEnv");
	char pattern[CONFIG_WORD];
	size_t codes = 0;

	while (config_word(&rest, pattern)) {
		cr_expect_not(guard_pattern_is_open(pattern), "%s", pattern);
		codes += strcmp(pattern, "TFA_CODE") == 0;
	}
	cr_expect_eq(codes, 1);
	for (const struct guard_variable *v = guard_variables;
	     v->why != GUARD_LAST; v++)
		cr_expect_eq(guard_pattern_is_open(v->name),
		    v->why != GUARD_CODE, "%s", v->name);
}

/* The drop-in's own lines let no client choose it, and sshd would take a value
 * of SetEnv's in place of the module's. */
Test(guard, leaves_the_name_of_a_connection_to_the_door)
{
	static const char *const open[] = {
	    "TFA_CONNECTION", "TFA_*", "TFA_CO*", "T*", "*", "TFA_CONNECTIO?"};

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		cr_expect(guard_pattern_is_open(open[i]), "%s", open[i]);
	cr_expect_not(guard_pattern_is_open("TFA_CODE"));
	cr_expect_null(strstr(guard_setenv(), "TFA_CONNECTION"));
	cr_expect(guard_removes("TFA_CONNECTION="));
	cr_expect(guard_removes(
	    "TFA_CONNECTION=pam/0123456789abcdef0123456789abcdef"));
}

/* Whatever SetEnv has put there leaves the session, but for HOME. */
Test(guard, session_loses_what_setenv_has_set)
{
	char word[GUARD_WORD];

	for (const struct guard_variable *v = guard_variables;
	     v->why != GUARD_LAST; v++) {
		guard_word(v, word);
		cr_expect_eq(guard_removes(word),
		    v->why == GUARD_CODE ||
			strcmp(v->name, "TFA_CONNECTION") == 0 ||
			(guard_is_set(v) && strcmp(v->name, "HOME") != 0),
		    "%s", word);
	}
	cr_expect_not(guard_removes("SSH_TTY=/dev/pts/0"));
	cr_expect_not(guard_removes("LD_PRELOADED="));
	cr_expect_not(guard_removes("LD_PRELOAD"));
	cr_expect_not(guard_removes(""));
}

/* A word of a manual page's list. */
static bool
has_name(const char *list, const char *name)
{
	const char *at = list;
	size_t n = strlen(name);

	while ((at = strstr(at, name)) != NULL) {
		if (strchr(" \n", at[-1]) != NULL &&
		    strchr(" \n", at[n]) != NULL)
			return true;
		at += n;
	}
	return false;
}

Test(guard, manual_names_what_the_session_loses)
{
	char *list = strstr(read_file("gate/tfa-gate.8"), "In the session,");

	cr_assert_not_null(list);
	*strstr(list, "All other variables stay") = '\0';
	for (const struct guard_variable *v = guard_variables;
	     v->why != GUARD_LAST; v++)
		cr_expect_eq(has_name(list, v->name),
		    v->session != GUARD_KEEPS || strcmp(v->name, "HOME") == 0,
		    "%s", v->name);
}
