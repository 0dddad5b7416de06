#include "store/wire/connection.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define TOKEN "pam/0123456789abcdef0123456789abcdef"
#define TUPLE "192.0.2.7 40000 192.0.2.1 2222"

Test(connection, has_a_name_of_token_and_ends)
{
	static const char *const tuples[] = {
	    TUPLE,
	    "2001:db8::7 1 2001:db8::1 65535",
	    "::ffff:192.0.2.7 40000 ::ffff:192.0.2.1 22",
	    "fe80::1%eth0 40000 fe80::2%eth0 22",
	    "127.0.0.1 1 ::1 1",
	    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 65535 "
	    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 65535",
	};

	for (size_t i = 0; i < COUNT(tuples); i++) {
		char name[PATH_TEXT] = "unset", expected[PATH_TEXT];

		snprintf(expected, sizeof(expected), TOKEN " %s", tuples[i]);
		cr_expect(
		    connection_name(TOKEN, tuples[i], name), "%s", tuples[i]);
		cr_expect_str_eq(name, expected);
		cr_expect(connection_is_door(name));
	}
	cr_expect_not(connection_is_door("/tmp/sshauth.x"));
	cr_expect_not(connection_is_door(""));
	cr_expect_not(connection_is_door("pam"));
}

/* A client may choose both where AcceptEnv lets it. */
Test(connection, has_no_name_by_any_other_token)
{
	static const char *const tokens[] = {
	    NULL,
	    "",
	    "pam/",
	    "pam/0123456789abcdef0123456789abcde",
	    "pam/0123456789abcdef0123456789abcdef0",
	    "pam/0123456789ABCDEF0123456789ABCDEF",
	    "pam/0123456789abcdef0123456789abcdeg",
	    "pam/0123456789abcdef0123456789abcde ",
	    "pam/ 123456789abcdef0123456789abcdef",
	    "Pam/0123456789abcdef0123456789abcdef",
	    "pam0123456789abcdef0123456789abcdef",
	    " " TOKEN,
	    TOKEN " ",
	    TOKEN "\n",
	    TOKEN " 192.0.2.7",
	    "/tmp/sshauth.abcdefghij",
	};

	for (size_t i = 0; i < COUNT(tokens); i++) {
		char name[PATH_TEXT] = "unset";

		cr_expect_not(connection_name(tokens[i], TUPLE, name), "%s",
		    tokens[i] != NULL ? tokens[i] : "NULL");
		cr_expect_str_eq(name, "unset");
	}
}

Test(connection, has_no_name_without_both_ends)
{
	static char longest[4096];
	static const char *const tuples[] = {
	    NULL,
	    "",
	    "192.0.2.7",
	    "192.0.2.7 40000 22",
	    "192.0.2.7 40000 192.0.2.1",
	    "192.0.2.7 40000 192.0.2.1 ",
	    "192.0.2.7 40000 192.0.2.1 0",
	    "192.0.2.7 40000 192.0.2.1 022",
	    "192.0.2.7 40000 192.0.2.1 65536",
	    "192.0.2.7 40000 192.0.2.1 222222",
	    "192.0.2.7 40000 192.0.2.1 +22",
	    "192.0.2.7 40000 192.0.2.1 ssh",
	    "192.0.2.7 0 192.0.2.1 22",
	    "192.0.2.7 40000 192.0.2.1 22 ",
	    "192.0.2.7 40000 192.0.2.1 22 x",
	    "192.0.2.7 40000 192.0.2.1 22\n",
	    " " TUPLE,
	    "192.0.2.7  40000 192.0.2.1 22",
	    "192.0.2.7\t40000 192.0.2.1 22",
	    "UNKNOWN 65535 UNKNOWN 65535",
	    "bastion.example 40000 192.0.2.1 22",
	    "192.0.2.7 40000 bastion.example 22",
	    "192.0.2 40000 192.0.2.1 22",
	    "fe80::1%e\033 40000 fe80::2 22",
	    longest,
	};

	memset(longest, '1', sizeof(longest) - 1);
	for (size_t i = 0; i < COUNT(tuples); i++) {
		char name[PATH_TEXT] = "unset";

		cr_expect_not(connection_name(TOKEN, tuples[i], name), "%s",
		    tuples[i] != NULL ? tuples[i] : "NULL");
		cr_expect_str_eq(name, "unset");
	}
}

/* Each part makes another connection of it. */
Test(connection, is_another_by_each_of_its_parts)
{
	static const char *const others[][2] = {
	    {"pam/0123456789abcdef0123456789abcdee", TUPLE},
	    {TOKEN, "192.0.2.8 40000 192.0.2.1 2222"},
	    {TOKEN, "192.0.2.7 40001 192.0.2.1 2222"},
	    {TOKEN, "192.0.2.7 40000 192.0.2.2 2222"},
	    {TOKEN, "192.0.2.7 40000 192.0.2.1 22"},
	};
	char name[PATH_TEXT], other[PATH_TEXT];

	cr_assert(connection_name(TOKEN, TUPLE, name));
	for (size_t i = 0; i < COUNT(others); i++) {
		cr_assert(connection_name(others[i][0], others[i][1], other));
		cr_expect_str_neq(name, other);
	}
}
