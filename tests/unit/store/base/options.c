#include "store/base/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

struct mine {
	const char *socket, *from, *key;
	bool json, block, door;
	const char *port;
};

static const struct option_row rows[] = {
    OPTION_VALUE(struct mine, socket, "socket", "PATH", "a line,\nand one"),
    OPTION_FLAG(struct mine, json, "json", "as JSON"),
    OPTION_ROW(
	struct mine, from, "from", "CIDR", "a network", .command = "exempt"),
    OPTION_ROW(
	struct mine, from, "from", "ADDR", "an address", .command = "explain"),
    OPTION_ROW(struct mine, block, "block", "", "no more", .command = "revoke"),
    OPTION_ROW(struct mine, port, "door", "PORT", "where", .command = "setup"),
    OPTION_ROW(struct mine, key, "identity", "KEY", "a key", .letter = 'i',
	.command = "doctor"),
    OPTION_ROW(struct mine, door, "door", "", "there", .command = "explain"),
};
static const struct options options = OPTIONS_OF("mine", rows);

#define WORDS 6

static char words_text[WORDS + 1][32];
static char *argv[WORDS + 2];
static int argc;

static enum options_end
read_words(const char *const words[WORDS], struct mine *ret,
    struct options_given *given)
{
	for (argc = 1; argc <= WORDS && words[argc - 1] != NULL; argc++) {
		argv[argc] = words_text[argc];
		snprintf(
		    argv[argc], sizeof(words_text[0]), "%s", words[argc - 1]);
	}
	argv[argc] = NULL;
	*ret = (struct mine){.json = false};
	return options_read(&options, &argc, argv, ret, given);
}

Test(options, puts_each_where_the_table_says)
{
	struct options_given given = {.row = {false}};
	struct mine mine;

	cr_assert_eq(read_words((const char *const[WORDS]){"explain", "--from",
				    "x", "bob", "--json", "-iy"},
			 &mine, &given),
	    OPTIONS_READ);
	cr_expect_str_eq(mine.from, "x");
	cr_expect_str_eq(mine.key, "y");
	cr_expect(mine.json);
	cr_expect_not(mine.block);
	cr_expect_null(mine.socket);
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_eq(given.row[i], i == 1 || i == 2 || i == 6);
	cr_assert_eq(argc, 3);
	cr_expect_str_eq(argv[1], "explain");
	cr_expect_str_eq(argv[2], "bob");
}

Test(options, leaves_words_that_are_none_as_they_are)
{
	static const struct {
		const char *words[WORDS], *operands[WORDS];
	} cases[] = {
	    {{"-", "--json"}, {"-"}},
	    {{"--", "--json", "-x"}, {"--json", "-x"}},
	    {{"--socket", "--json", "--"}, {NULL}},
	    {{"", "--json", "a"}, {"", "a"}},
	    {{"--from=", "--identity=x", "b", "--"}, {"b"}},
	};
	struct mine mine;

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_assert_eq(read_words(cases[i].words, &mine, NULL),
		    OPTIONS_READ, "%zu", i);
		for (int k = 1; k < argc; k++) {
			cr_assert_not_null(cases[i].operands[k - 1]);
			cr_expect_str_eq(argv[k], cases[i].operands[k - 1]);
		}
		cr_expect_null(cases[i].operands[argc - 1], "%zu", i);
	}
	cr_expect_str_eq(mine.from, "");
	cr_expect_str_eq(mine.key, "x");
}

Test(options, refuses_what_is_not_in_the_table_or_lacks_a_value)
{
	static const char *const wrong[][WORDS] = {
	    {"--bogus"},
	    {"-x"},
	    {"--socket"},
	    {"-i"},
	    {"--json=1"},
	    {"--socket", "a", "--socket", "b"},
	    {"--socket=a", "--socket=b"},
	    /* cut short: doctor would look for the whole name */
	    {"--sock=a"},
	    {"--js"},
	    {"--hel"},
	    {"--vers"},
	    {"--jsonx"},
	    {"-i", "a", "--identity", "b"},
	    {"--from", "a", "--from", "a"},
	    {"--help", "--bogus"},
	    {"--help=1"},
	    {"--=x"},
	};
	struct mine mine;

	cr_redirect_stderr();
	for (size_t i = 0; i < COUNT(wrong); i++)
		cr_expect_eq(
		    read_words(wrong[i], &mine, NULL), OPTIONS_WRONG, "%zu", i);
	cr_expect_eq(read_words((const char *const[WORDS]){"--json", "--json"},
			 &mine, NULL),
	    OPTIONS_READ);
}

/* One name, a flag for one command and with a value for another. */
Test(options, take_a_value_or_none_by_the_command)
{
	static const struct {
		const char *words[WORDS];
		bool door;
		const char *port;
	} cases[] = {
	    {{"explain", "alice", "--door"}, true, NULL},
	    {{"explain", "--door", "alice"}, true, NULL},
	    {{"explain", "--door", "alice", "--door"}, true, NULL},
	    {{"setup", "--door", "2222"}, false, "2222"},
	    {{"setup", "--door=2222"}, false, "2222"},
	    {{"--door", "2222", "setup"}, false, "2222"},
	    {{"exempt", "alice", "--door"}, true, NULL},
	};
	struct mine mine;
	struct options_given given = {.row = {false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_assert_eq(read_words(cases[i].words, &mine, &given),
		    OPTIONS_READ, "%zu", i);
		cr_expect_eq(mine.door, cases[i].door, "%zu", i);
		cr_expect_str_eq(mine.port != NULL ? mine.port : "none",
		    cases[i].port != NULL ? cases[i].port : "none", "%zu", i);
		cr_expect(given.row[5], "%zu", i);
		cr_expect_null(options_unfit(&options, "setup", &given));
		cr_expect_null(options_unfit(&options, "explain", &given));
		cr_expect_str_eq(
		    options_unfit(&options, "revoke", &given), "door");
	}
	cr_redirect_stderr();
	cr_expect_eq(read_words((const char *const[WORDS]){"setup", "--door"},
			 &mine, &given),
	    OPTIONS_WRONG);
	cr_expect_eq(
	    read_words((const char *const[WORDS]){"explain", "--door=1"}, &mine,
		&given),
	    OPTIONS_WRONG);
}

Test(options, knows_help_and_version_without_a_row)
{
	struct mine mine;

	cr_expect_eq(read_words((const char *const[WORDS]){"--help", "users"},
			 &mine, NULL),
	    OPTIONS_HELP);
	cr_expect_eq(
	    read_words((const char *const[WORDS]){"--version", "--bogus"},
		&mine, NULL),
	    OPTIONS_VERSION);
}

/* None that a command does not take is let pass without a word. */
Test(options, knows_which_a_command_takes)
{
	static const struct {
		const char *words[WORDS];
		const char *command, *unfit;
	} cases[] = {
	    {{"--from", "x", "--json"}, "exempt", NULL},
	    {{"--from", "x", "--json"}, "explain", NULL},
	    {{"--from", "x", "--json"}, "revoke", "from"},
	    {{"--block"}, "revoke", NULL},
	    {{"--block", "-i", "x"}, "doctor", "block"},
	    {{"--block", "-i", "x"}, "revoke", "identity"},
	    {{"--socket", "x"}, "anything", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *unfit;
		struct options_given given = {.row = {false}};
		struct mine mine;

		cr_assert_eq(
		    read_words(cases[i].words, &mine, &given), OPTIONS_READ);
		unfit = options_unfit(&options, cases[i].command, &given);
		if (cases[i].unfit == NULL)
			cr_expect_null(unfit, "%zu: %s", i, unfit);
		else
			cr_expect_str_eq(unfit, cases[i].unfit, "%zu", i);
	}
}

Test(options, lists_them_as_help_does)
{
	static const struct {
		const char *command, *text;
	} cases[] = {
	    {"",
		"  --socket PATH       a line,\n"
		"                      and one\n"
		"  --json              as JSON\n"},
	    {"explain",
		"  --from ADDR         an address\n"
		"  --door              there\n"},
	    {"doctor", "  -i KEY              a key\n"},
	    {"users", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = NULL;
		size_t size = 0, lines;
		FILE *to = open_memstream(&text, &size);

		cr_assert_not_null(to);
		lines = options_print(&options, cases[i].command, to);
		fclose(to);
		cr_expect_str_eq(text, cases[i].text);
		cr_expect_eq(lines > 0, size > 0);
		free(text);
	}
}
