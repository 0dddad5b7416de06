#include "admin/setup/unit.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/fixture.h"

TestSuite(setup_unit, .timeout = 30);

#define START "[Service]\nExecStart="

/* The last command of a unit with these variables; NULL: it is not known. */
static const char *
command_of(const char *text, const char *variables)
{
	static char command[UNIT_COMMAND];
	struct unit unit = {.unread = false};
	bool known;

	unit_add(&unit, text);
	if (variables != NULL)
		unit_add_variables(&unit, variables);
	cr_assert_gt(unit.commands.count, (size_t)0, "%s", text);
	known = unit_command(&unit, unit.commands.count - 1, command);
	unit_done(&unit);
	return known ? command : NULL;
}

static void
expect_command(const char *text, const char *variables, const char *wanted)
{
	const char *command = command_of(text, variables);

	if (wanted == NULL)
		cr_expect_null(command, "%s\n%s\n%s", text, variables, command);
	else
		cr_expect(command != NULL && strcmp(command, wanted) == 0,
		    "%s\n%s\n%s", text, variables, command);
}

Test(setup_unit, cuts_a_command_as_systemd_does)
{
	static const struct {
		const char *text, *command;
	} cases[] = {
	    {START "/usr/sbin/sshd -D", "/usr/sbin/sshd -D"},
	    {START "-+!!/x \t-D \n", "/x -D"},
	    {" [Service] \n\tExecStart = /x\n", "/x"},
	    {START "/x \"a b\" 'c d'e ''", "/x \"a b\" \"c de\" \"\""},
	    {START "/x a\\\n# not this \\\n  b \\\n; nor this\n c\n",
		"/x a b c"},
	    {START "/x \\\n", "/x"},
	    {START "/x \\", NULL},
	    {"# \\\n" START "/x\n", "/x"},
	    {START "/x $$ %% \"${A}\"", "/x $ % \"\""},
	    {START "/x a\\x20b", NULL},
	    {START "/x \"a", NULL},
	    {START "/x 'a\"b'", NULL},
	    {START "/x %i", NULL},
	    {START "/x a$B", NULL},
	    {START "/x ${B:-c}", NULL},
	    {START "@/x y", NULL},
	    {START "-:/x $Y", NULL},
	    {START "/x\nExecStart=\nExecStart=/y", "/y"},
	    {START "/x\n[Install]\nExecStart=/y", "/x"},
	    {START "/x\n#ExecStart=/y\n;ExecStart=/z", "/x"},
	    {"\xef\xbb\xbf" START "/x\n", "/x"},
	    {"[Service]\r\nExecStart=/x \\\r\n a\r\n", "/x a"},
	    {"[Service]\rExecStart=/x\rExecStart=/y\r", "/y"},
	    {START "/x ; /y", NULL},
	    {START "/x y;", "/x y;"},
	    {START "/x\nExecStartPost=/y", "/y"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		expect_command(cases[i].text, NULL, cases[i].command);
}

Test(setup_unit, puts_variables_in_as_systemd_does)
{
	static const struct {
		const char *text, *variables, *command;
	} cases[] = {
	    {START "/x $A b", NULL, "/x b"},
	    {START "/x $A b", "A=-f /y -D", "/x -f /y -D b"},
	    {START "/x $A b", "A='-f \"/y z\"'", "/x -f \"/y z\" b"},
	    {START "/x $A b", " A = \"-f /y\" \r\nB=c", "/x -f /y b"},
	    {START "/x ${A} b", "A=-f /y", "/x \"-f /y\" b"},
	    {START "/x o=${A}/${B}", "A=a\nB=b", "/x o=a/b"},
	    {START "/x $A", "A=a\nA=b", "/x b"},
	    {START "/x $A", "A=a\n# A=b\n; A=c\n", "/x a"},
	    {START "/x $A", "A=a\nA=", "/x"},
	    {START "/x $A\nEnvironment=\"A=a b\" B=c", NULL, "/x a b"},
	    {START "/x $A\nEnvironment=A=a", "A=b", "/x b"},
	    {START "/x $A\nEnvironment=A=a\nEnvironment=", NULL, "/x"},
	    {START "/x $AB", "A=a", "/x"},
	    {START "/x $A", "A=$(cat /y)", NULL},
	    {START "/x $A", "A=a\\ b", NULL},
	    {START "/x $A", "A=\"a\"b", NULL},
	    {START "/x $A", "A=\"a\"b\"", NULL},
	    {START "/x $A", "A=-o \"b", NULL},
	    {START "/x $A", "B=`c`\nA=a", "/x a"},
	    {START "/x b", "A=$(cat /y)", "/x b"},
	    /* The next line may belong to it, and be no variable. */
	    {START "/x $A", "A=a\nB=\"\nA=b\n\"", NULL},
	    {START "/x $A", "A=a\nB=c\\\nA=b", NULL},
	    {START "/x $A", "A=a\rA=b", "/x b"},
	    {START "/x $A", "A=a\n# c\\\nA=b", NULL},
	    {START "/x $A\nEnvironment=A=%i", NULL, NULL},
	    {START "/x $A\nEnvironment=\"A=a", NULL, NULL},
	    {START "/x $A\nPassEnvironment=A", NULL, NULL},
	    {START "/x $A\nEnvironmentFile=/y/%i", NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		expect_command(
		    cases[i].text, cases[i].variables, cases[i].command);
}

Test(setup_unit, is_searched_as_systemd_would_spell_it)
{
	static const struct {
		const char *text, *rough;
	} cases[] = {
	    {START "/usr/sbin/ss\\x68d \\x2d\\146", "/usr/sbin/sshd -f"},
	    {START "/usr/sbin/ss\"\"hd '-f' \\u0061\\sb",
		"/usr/sbin/sshd -f a b"},
	    {START "/bin/sh -c \"exec $P $Q ${P}\"\nEnvironment=P=/sshd",
		"/bin/sh -c exec /sshd  /sshd"},
	    {START "/x %i \\", "/x %i "},
	    {START "/x \\x0", "/x  "},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct unit unit = {.unread = false};
		char rough[UNIT_COMMAND];

		unit_add(&unit, cases[i].text);
		cr_assert_eq(unit.commands.count, (size_t)1);
		unit_rough(&unit, 0, rough);
		cr_expect_str_eq(rough, cases[i].rough);
		unit_done(&unit);
	}
}

Test(setup_unit, says_that_a_process_sees_other_files)
{
	static const struct {
		const char *text;
		bool other;
	} cases[] = {
	    {"[Service]\nRootDirectory=/x\n", true},
	    {"[Service]\nBindReadOnlyPaths=/x:/y\n", true},
	    {"[Service]\nRootDirectory=\nPrivateTmp=yes\n", false},
	    {"[Install]\nRootDirectory=/x\n", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct unit unit = {.unread = false};

		unit_add(&unit, cases[i].text);
		cr_expect_eq(
		    unit.elsewhere, cases[i].other, "%s", cases[i].text);
		unit_done(&unit);
	}
}

Test(setup_unit, tells_plain_variables_from_a_script)
{
	static const struct {
		const char *text;
		bool plain;
	} cases[] = {
	    {"", true},
	    {"# a comment; with `this`\n\nSSHD_OPTS=\nA='b c'\nB=\"-4\"", true},
	    {"export SSHD_OPTS=\"-o a\"", false},
	    {". /root/more", false},
	    {"A=1; SSHD_OPTS=b", false},
	    {"[ -e /x ] || SSHD_OPTS=b", false},
	    {"SSHD_OPTS=-o a", false},
	    {"SSHD_OPTS=a\\", false},
	    {"SSHD_OPTS=\"a\"b", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(unit_is_plain(cases[i].text), cases[i].plain, "%s",
		    cases[i].text);
}

Test(setup_unit, knows_no_command_that_is_too_long)
{
	static char text[2 * UNIT_COMMAND], value[UNIT_COMMAND];
	const char *command;

	memset(value, 'a', sizeof(value) - 1);
	value[0] = 'A';
	value[1] = '=';
	value[2000] = '\0';
	strcpy(text, START "/x $A");
	command = command_of(text, value);
	cr_assert_not_null(command);
	cr_expect_eq(strlen(command), (size_t)3 + 1998);
	strcpy(text, START "/x $A $A $A");
	expect_command(text, value, NULL);
	strcpy(text, START "/x ${A}${A}${A}");
	expect_command(text, value, NULL);
	memset(text + strlen(START), 'a', sizeof(text) - strlen(START) - 1);
	expect_command(text, NULL, NULL);
}

Test(setup_unit, forgets_what_stood_above_an_empty_setting)
{
	struct unit unit = {.unread = false};

	unit_add(&unit,
	    "[Service]\nEnvironmentFile=/a\nExecStart=/x\n"
	    "ExecStartPost=/z\n");
	unit_add(&unit,
	    "[Service]\nEnvironmentFile=\nEnvironmentFile=-/b\n"
	    "ExecStart=\nExecStart=/y $A");
	cr_assert_eq(unit.files.count, (size_t)1);
	cr_expect_str_eq(unit.files.items[0], "/b");
	cr_assert_eq(unit.commands.count, (size_t)2);
	cr_expect_str_eq(unit.commands.items[0].text, "/z");
	cr_expect_str_eq(unit.commands.items[1].text, "/y $A");
	unit_done(&unit);
	cr_expect_eq(unit.commands.count, (size_t)0);
}
