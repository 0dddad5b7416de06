#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../gate/facts.h"
#include "fixture.h"

/* In a process of its own: Criterion's needs its environment. */
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
	    strcmp(facts.code, "123 456") != 0 || facts.display.utf8)
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
