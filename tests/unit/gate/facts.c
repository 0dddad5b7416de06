#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/facts.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

/* In a child process: Criterion needs its own environment. */
static int
read_and_look(void)
{
	struct facts facts;
	int status = 0;

	setenv("SSH_CONNECTION", "192.0.2.7 40000 192.0.2.1 22", 1);
	setenv("SSH_ORIGINAL_COMMAND", "uptime", 1);
	setenv("TFA_CODE", "123 456", 1);
	setenv("LC_ALL", "C", 1);
	setenv("USER", "root", 1);
	setenv("RES_OPTIONS", "timeout:30", 1);
	unsetenv("SSH_USER_AUTH");
	if (login_read(&facts) != FAULT_NONE || facts.uid != geteuid() ||
	    strcmp(facts.address, "192.0.2.7") != 0 || facts.command == NULL ||
	    strcmp(facts.command, "uptime") != 0 ||
	    strcmp(facts.code, "123456") != 0 || facts.display.utf8)
		status |= 1;
	if (environ == NULL || environ[0] != NULL ||
	    getenv("RES_OPTIONS") != NULL)
		status |= 2;
	environ = facts.environment;
	if (getenv("RES_OPTIONS") == NULL || getenv("USER") == NULL)
		status |= 4;
	facts_done(&facts);
	return status;
}

Test(facts, leaves_no_environment_to_the_libraries)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(read_and_look());
	cr_expect_eq(fixture_wait(pid), 0);
}

/* The drop-in empties them: an empty one counts as unset, not as a lost
 * file. */
static int
read_empty(void)
{
	struct facts facts;

	setenv("SSH_CONNECTION", "", 1);
	setenv("SSH_ORIGINAL_COMMAND", "", 1);
	setenv("SSH_USER_AUTH", "", 1);
	setenv("TFA_CODE", "", 1);
	return login_read(&facts) != FAULT_NONE || facts.command != NULL ||
	    facts.auth_lost || facts.auth_path[0] != '\0' ||
	    facts.auth != NULL || facts.address[0] != '\0' ||
	    facts.code[0] != '\0';
}

Test(facts, takes_an_empty_variable_for_none)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(read_empty());
	cr_expect_eq(fixture_wait(pid), 0);
}

#define TOKEN "pam/0123456789abcdef0123456789abcdef"
#define TUPLE "192.0.2.7 40000 192.0.2.1 2222"

/* The variables of a login, and the name that its connection gets.  "AUTH"
 * stands for the path of a file as sshd makes it. */
static const struct {
	const char *token, *tuple, *name;
} connections[] = {
    {TOKEN, TUPLE, TOKEN " " TUPLE},
    {NULL, TUPLE, "AUTH"},
    {"", TUPLE, "AUTH"},
    {TOKEN, NULL, "AUTH"},
    {TOKEN, "", "AUTH"},
    {TOKEN, "192.0.2.7", "AUTH"},
    {TOKEN " ", TUPLE, "AUTH"},
    {"/tmp/sshauth.x", TUPLE, "AUTH"},
};

static void
set_or_not(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
}

/* In a child process.  Returns the number of the row that is read
 * differently. */
static int
read_connections(const char *path)
{
	struct facts facts;

	for (size_t i = 0; i < COUNT(connections); i++) {
		const char *name = connections[i].name;

		environ = (char *[]){NULL};
		set_or_not("TFA_CONNECTION", connections[i].token);
		set_or_not("SSH_CONNECTION", connections[i].tuple);
		setenv("SSH_USER_AUTH", path, 1);
		if (login_read(&facts) != FAULT_NONE ||
		    strcmp(facts.auth_path,
			strcmp(name, "AUTH") == 0 ? path : name) != 0 ||
		    !facts.auth_named || facts.auth_lost ||
		    facts.auth == NULL ||
		    strcmp(facts.auth, "publickey t AAAA") != 0)
			return (int)i + 1;
		facts_done(&facts);
	}
	/* That the door named the connection is no word about the key, and
	 * without sshd's word that it asked, nothing at all. */
	environ = (char *[]){NULL};
	setenv("TFA_CONNECTION", TOKEN, 1);
	setenv("SSH_CONNECTION", TUPLE, 1);
	if (login_read(&facts) != FAULT_NONE || facts.auth_named ||
	    facts.auth != NULL || facts.auth_path[0] != '\0')
		return 98;
	facts_done(&facts);
	environ = (char *[]){NULL};
	setenv("SSH_USER_AUTH", path, 1);
	setenv("TFA_CONNECTION", TOKEN, 1);
	setenv("SSH_CONNECTION", TUPLE, 1);
	if (truncate(path, (off_t)strlen("publickey t AAAA\n")) < 0 ||
	    login_read(&facts) != FAULT_NONE ||
	    strcmp(facts.auth_path, path) != 0)
		return 99;
	facts_done(&facts);
	return 0;
}

Test(facts, names_a_connection_as_the_door_does)
{
	char folder[FOLDER_MAX], path[FOLDER_MAX + 16];
	FILE *file;
	pid_t pid;

	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/sshauth.x", folder);
	umask(077);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs("publickey t AAAA\nkeyboard-interactive/pam\n", file);
	fclose(file);
	pid = fork();
	if (pid == 0)
		_exit(read_connections(path));
	cr_expect_eq(fixture_wait(pid), 0);
	fixture_remove(folder);
}

/* For a user whom only a directory has: the keeper asked it. */
Test(facts, takes_the_keepers_word_for_whom_passwd_lacks)
{
	static const struct {
		const char *home, *shell;
		bool is_known;
	} cases[] = {{"/home/dora", "/bin/zsh", true}, {NULL, NULL, false},
	    {"/home/dora", NULL, false}, {NULL, "/bin/zsh", false},
	    {"dora", "/bin/zsh", false}, {"", "/bin/zsh", false},
	    {"/home/dora", "zsh", false}, {"/home/dora", "", false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct facts facts = {.uid = 5000};
		struct reply reply = {.user = "dora"};

		if (cases[i].home != NULL)
			reply.home = strdup(cases[i].home);
		if (cases[i].shell != NULL)
			reply.shell = strdup(cases[i].shell);
		cr_expect_eq(
		    facts_name(&facts, &reply), cases[i].is_known, "%zu", i);
		if (cases[i].is_known) {
			cr_expect_str_eq(facts.user, "dora");
			cr_expect_str_eq(facts.home, cases[i].home);
			cr_expect_str_eq(facts.shell, cases[i].shell);
		} else
			cr_expect_null(facts.shell);
		facts_done(&facts);
		reply_done(&reply);
	}
}

Test(facts, takes_no_word_for_root)
{
	struct facts facts = {.uid = 0};
	struct reply reply = {
	    .user = "root", .home = strdup("/"), .shell = strdup("/evil")};

	cr_expect(!facts_name(&facts, &reply));
	cr_expect_null(facts.shell);
	facts_done(&facts);
	reply_done(&reply);
}

/* The user may be in passwd, so the keeper's answer is not used. */
Test(facts, are_none_where_passwd_cannot_be_read)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct facts facts;

		inject_arm(1, EMFILE);
		_exit(
		    login_read(&facts) == FAULT_IO && inject_disarm() ? 0 : 1);
	}
	cr_expect_eq(fixture_wait(pid), 0);
}

Test(facts, takes_no_word_for_whom_passwd_has)
{
	struct facts facts = {.uid = 0,
	    .user = "root",
	    .home = strdup("/root"),
	    .shell = strdup("/bin/bash")};
	struct reply reply = {
	    .user = "eve", .home = strdup("/"), .shell = strdup("/evil")};

	cr_expect(facts_name(&facts, &reply));
	cr_expect_str_eq(facts.user, "root");
	cr_expect_str_eq(facts.home, "/root");
	cr_expect_str_eq(facts.shell, "/bin/bash");
	facts_done(&facts);
	reply_done(&reply);
}

static const struct {
	const char *variable; /* NULL: none */
	const char *code;
	bool empty;
} codes[] = {
    {NULL, "", false},
    {"", "", true},
    {" \t", "", true},
    {"123456", "123456", false},
    {"\033[200~123-456\033[201~\n", "123456", false},
    {"hello", "hello", false},
    {"\001", "?", false},
};

/* In a child process.  Returns the number of codes that are read
 * differently. */
static int
read_codes(void)
{
	char longer[8192];
	struct facts facts;

	for (size_t i = 0; i < COUNT(codes); i++) {
		environ = (char *[]){NULL};
		if (codes[i].variable != NULL)
			setenv("TFA_CODE", codes[i].variable, 1);
		if (login_read(&facts) != FAULT_NONE ||
		    strcmp(facts.code, codes[i].code) != 0 ||
		    facts.code_empty != codes[i].empty)
			return (int)i + 1;
		facts_done(&facts);
	}
	/* Text beyond the limit might be part of the code. */
	memset(longer, ' ', sizeof(longer));
	memcpy(longer, "123456", 6);
	memcpy(longer + sizeof(longer) - 8, "1234567", 8);
	environ = (char *[]){NULL};
	setenv("TFA_CODE", longer, 1);
	if (login_read(&facts) != FAULT_NONE || strcmp(facts.code, "?") != 0)
		return 99;
	facts_done(&facts);
	return 0;
}

Test(facts, reads_a_code_as_it_is_pasted)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(read_codes());
	cr_expect_eq(fixture_wait(pid), 0);
}
