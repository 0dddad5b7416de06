#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "store/keeper/program.h"

static const struct {
	const char *script; /* "p" is the program */
	bool replaced;
} cases[] = {
    {":", false},
    {"touch p; chmod 700 p; chmod 755 p", false},
    {"rm p", false},
    {"cp p q; mv q p", true},
    {"cp p q; rm p; mv q p", true},
    {"cp p q; chmod 644 q; mv q p", false},
    {"cp p q; chmod 744 q; mv q p", false},
    {"rm p; : >p; chmod 755 p", false},
    {"rm p; mkdir p", false},
    {"mv p q; ln -s q p", false},
    {"mv p q; cp q r; ln -s r p", true},
    {"rm p; ln -s p p", false},
};

static void
run_in(const char *folder, const char *script)
{
	char line[FOLDER_MAX + 200];

	snprintf(line, sizeof(line), "cd '%s' && { %s; }", folder, script);
	cr_assert_eq(system(line), 0, "%s", line);
}

Test(keeper_program, is_replaced_by_one_that_runs_and_by_nothing_else)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		char folder[FOLDER_MAX], exe[FOLDER_MAX + 8];
		struct program program;

		fixture_folder(folder);
		snprintf(exe, sizeof(exe), "%s/exe", folder);
		run_in(folder,
		    "cp /bin/true p; chmod 755 p; "
		    "ln -s \"$PWD/p\" exe");
		cr_assert(program_note(&program, exe));
		run_in(folder, cases[i].script);
		cr_expect_eq(program_is_replaced(&program), cases[i].replaced,
		    "%s", cases[i].script);
		fixture_remove(folder);
	}
}

/* A process whose file was replaced before it looked: it must serve. */
Test(keeper_program, that_is_not_known_is_never_replaced)
{
	static const char *const scripts[] = {
	    ":", "cp p q; mv q p", "cp p 'old (deleted)'"};
	struct program program;
	char folder[FOLDER_MAX], path[FOLDER_MAX + 8], exe[64];
	pid_t pid;

	cr_expect_not(program_note(&program, "/nonexistent"));
	cr_expect_not(program_is_replaced(&program));
	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/p", folder);
	run_in(folder, "cp /bin/sleep p");
	pid = fork();
	if (pid == 0) {
		execl(path, "p", "60", (char *)NULL);
		_exit(127);
	}
	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 5000; i++) {
		if (program_note(&program, exe) &&
		    strcmp(program.path, path) == 0)
			break;
		usleep(1000);
	}
	cr_expect_str_eq(program.path, path);
	run_in(folder, "mv p old");
	run_in(folder, "cp old p; rm old");
	for (size_t i = 0; i < COUNT(scripts); i++) {
		run_in(folder, scripts[i]);
		cr_expect_not(program_note(&program, exe), "%zu", i);
		cr_expect_not(program_is_replaced(&program), "%zu", i);
	}
	kill(pid, SIGKILL);
	fixture_wait(pid);
	fixture_remove(folder);
}
