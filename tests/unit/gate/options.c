#include "gate/gate.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "tests/unit/fixture.h"

static void
read_options(char *const *words, int count)
{
	char *argv[8] = {(char *)"tfa-gate"};
	struct gate gate;

	for (int i = 0; i < count; i++)
		argv[i + 1] = words[i];
	gate_options(count + 1, argv, &gate);
}

Test(gate_options, fills_in_what_was_not_given)
{
	char *argv[] = {(char *)"tfa-gate", NULL};
	struct gate gate;

	gate_options(1, argv, &gate);
	cr_expect_str_eq(gate.keeper.socket, CLIENT_SOCKET);
	cr_expect_str_eq(gate.keeper.keeper_user, CLIENT_USER);
	cr_expect_null(gate.keeper.store);
	cr_expect_null(gate.command);
	cr_expect_eq(gate.exit, GATE_EXIT_DENIED);
}

/* The first of two would be lost, and with it what an administrator meant. */
Test(gate_options, refuses_one_given_twice, .exit_code = 78)
{
	char *words[] = {
	    (char *)"--command", (char *)"a", (char *)"--command", (char *)"b"};

	cr_redirect_stderr();
	read_options(words, COUNT(words));
}

Test(gate_options, refuses_a_policy_without_its_store, .exit_code = 78)
{
	char *words[] = {(char *)"--policy", (char *)"a"};

	cr_redirect_stderr();
	read_options(words, COUNT(words));
}

Test(gate_options, refuses_a_store_and_a_socket, .exit_code = 78)
{
	char *words[] = {
	    (char *)"--store", (char *)"a", (char *)"--socket", (char *)"b"};

	cr_redirect_stderr();
	read_options(words, COUNT(words));
}
