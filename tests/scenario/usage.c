/*
 * Wrong words on the command line: each program says what is wrong with them,
 * and then how it is used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/scenario.h"

Scenarios(usage);

#define COMMANDS 40

static char *
program(const char *name)
{
	return text("%s/%s", getenv("TFA_PROGRAMS"), name);
}

/* The reason is the first line, behind the program's name, and the usage comes
 * below it. */
static void
assert_reason(const struct run *r, int status, const char *name,
    const char *usage, const char *reason)
{
	const char *at = strchr(r->err, '\n');

	cr_expect_eq(r->status, status, "status %d: %s", r->status, r->err);
	cr_expect_eq(strncmp(r->err, text("%s: ", name), strlen(name) + 2), 0,
	    "no reason: %s", r->err);
	cr_expect(
	    strstr(r->err, reason) != NULL, "no \"%s\" in: %s", reason, r->err);
	cr_expect(strstr(r->err, "do not go together") == NULL,
	    "it does not say which: %s", r->err);
	cr_expect(usage[0] == '\0' ||
		(at != NULL && strncmp(at + 1, usage, strlen(usage)) == 0),
	    "no usage below: %s", r->err);
	cr_expect_str_eq(r->out, "");
}

/* The commands that --help lists; a count. */
static size_t
list_commands(char ret[COMMANDS][32], char ret_usage[COMMANDS][200])
{
	struct run *r = run(ARGV(program("tfa-admin"), "--help"), NULL, 0);
	size_t count = 0;

	for (char *line = strtok(r->out, "\n"); line != NULL;
	     line = strtok(NULL, "\n")) {
		if (strncmp(line, "  ", 2) != 0 || line[2] < 'a' ||
		    line[2] > 'z')
			continue;
		cr_assert_lt(count, (size_t)COMMANDS);
		snprintf(ret_usage[count], 200, "%s", line + 2);
		sscanf(line, " %31s", ret[count++]);
	}
	cr_assert_gt(count, 15u);
	return count;
}

/* Runs a command with up to four words, and a store that is not there: nothing
 * may be made of it. */
static struct run *
admin_of(const char *command, const char *const words[4])
{
	const char *argv[9] = {
	    program("tfa-admin"), "--store", "/proc/none", command};

	for (size_t i = 0; i < 4 && words[i] != NULL; i++)
		argv[4 + i] = words[i];
	return run(argv, NULL, 0);
}

Test(usage, each_command_names_what_does_not_fit)
{
	static char names[COMMANDS][32], usages[COMMANDS][200];
	size_t count = list_commands(names, usages);

	for (size_t i = 0; i < count; i++) {
		const char *name = names[i], *words = usages[i];
		const char *usage = text("usage: tfa-admin %s", words);
		const char *first = words + strlen(name);

		/* no operand, where one is needed */
		if (*first == ' ' && first[1] != '[' && first[1] != '-')
			assert_reason(admin_of(name, (const char *[4]){NULL}),
			    2, "tfa-admin", usage, text("%s needs ", name));
		/* one too many, where there is a number; store has commands */
		if (strstr(words, "...") == NULL &&
		    strchr(words, '|') == NULL && strcmp(name, "store") != 0)
			assert_reason(
			    admin_of(
				name, (const char *[4]){"1", "2", "3", "4"}),
			    2, "tfa-admin", usage, "a word too many: \"");
		/* another command's option */
		if (strcmp(name, "enroll") != 0)
			assert_reason(
			    admin_of(name, (const char *[4]){"--qr", "svg"}), 2,
			    "tfa-admin", usage, text("%s takes no --qr", name));
		/* cut short, or of no command */
		assert_reason(admin_of(name, (const char *[4]){"--jso"}), 2,
		    "tfa-admin", "tfa-admin --help",
		    "no such option; is it --json?");
		assert_reason(admin_of(name, (const char *[4]){"--nosuch"}), 2,
		    "tfa-admin", "tfa-admin --help",
		    "--nosuch: there is no such option");
	}
}

Test(usage, options_that_exclude_each_other_are_named)
{
	static const struct {
		const char *command, *words[4], *reason;
	} cases[] = {
	    {"setup", {"--confirm", "--undo"}, "exclude each other"},
	    {"setup", {"--remove", "--watch"}, "exclude each other"},
	    {"setup", {"--door", "2222", "--no-door"}, "--no-door exclude"},
	    {"doctor", {"--probe", "alice"}, "--probe needs -i KEY"},
	    {"doctor", {"-i", "key"}, "need --probe USER"},
	    {"doctor", {"--code"}, "need --probe USER"},
	    {"users", {"--summary", "alice"}, "--summary counts all users"},
	    {"revoke", {"alice", "--block", "--code"}, "exclude each other"},
	    {"code", {"alice"}, "--enroll or --pass"},
	    {"code", {"alice", "--enroll", "--pass"}, "not both"},
	    {"enforce", {"alice", "--grace=1d", "--until=2030-01-01"},
		"exclude each other"},
	    {"forward", {"alice", "ajar"}, "closed, after-code or open"},
	    {"import", {"alice"}, "needs a USER and a FILE"},
	    {"policy", {"nosuch"}, "takes one of show, "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_reason(admin_of(cases[i].command, cases[i].words), 2,
		    "tfa-admin", text("usage: tfa-admin %s", cases[i].command),
		    cases[i].reason);
}

Test(usage, other_programs_name_what_does_not_fit)
{
	static const struct {
		const char *name;
		const char *words[3];
		int status;
		const char *usage, *reason;
	} cases[] = {
	    {"tfa-admin", {NULL}, 2, "usage: ", "there is no COMMAND"},
	    {"tfa-admin", {"nosuch"}, 2, "", "no command \"nosuch\""},
	    {"tfa-admin", {"users", "--store=a", "--socket=b"}, 2, "",
		"--store and --socket exclude each other"},
	    {"tfa-gate", {"x"}, 78, "usage: ", "\"x\" is a word too many"},
	    {"tfa-gate", {"--policy=x"}, 78,
		"usage: ", "--policy needs --store"},
	    {"tfa-gate", {"--store=x", "--socket=y"}, 78,
		"usage: ", "exclude each other"},
	    {"tfa-gate", {"--sock=x"}, 78, "usage: ", "is it --socket?"},
	    {"tfa-gate", {"--command"}, 78, "usage: ", "needs a value"},
	    {"tfa-keeper", {"x"}, 2, "usage: ", "\"x\" is a word too many"},
	    {"tfa-keeper", {"--stdio", "--socket=x"}, 2,
		"usage: ", "--socket and --stdio exclude each other"},
	    {"tfa-keeper", {"--sto=x"}, 2, "usage: ", "is it --store?"},
	    {"tfa", {NULL}, 2, "usage: ", "there is no COMMAND"},
	    {"tfa", {"nosuch"}, 2, "", "is not a command"},
	    {"tfa", {"status", "x"}, 2, "", "too many words"},
	    {"tfa", {"remove"}, 2, "", "needs the name of a device"},
	    {"tfa", {"add", "--targets=x"}, 2, "", "takes no --targets"},
	    {"tfa", {"status", "--policy=x"}, 2,
		"usage: ", "--policy needs --store"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *argv[5] = {program(cases[i].name)};

		for (size_t k = 0; k < 3 && cases[i].words[k] != NULL; k++)
			argv[1 + k] = cases[i].words[k];
		assert_reason(run(argv, NULL, 0), cases[i].status,
		    cases[i].name, cases[i].usage, cases[i].reason);
	}
}

/* The user at a prompt is told to tell an administrator, who then asks here. */
Test(usage, keeper_tells_an_administrator_what_to_do)
{
	static const char *const commands[] = {
	    "users", "explain", "revoke", "unlock", "log"};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	fixture_put_record(b, b->me, "'nonsense':1");
	r = bastion_admin(b, ARGV("explain", b->me));
	assert_status(r, 1);
	assert_says(r->err, "tfa-admin revoke moves it aside");
	fixture_write_policy(b, "{");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		r = bastion_admin(b,
		    ARGV(commands[i], "--yes",
			strcmp(commands[i], "log") == 0 ? "--json" : b->me));
		assert_status(r, 1);
		assert_says(r->err, "tfa-admin policy check names the line");
		assert_never_says(r->err, "administrator");
	}
	r = ssh_run(b, b->me, NULL, "true", NULL);
	assert_says(r->err, "tell an administrator");
}
