#include "store/base/endpoint.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
expect_endpoint(bool ok, const struct endpoint *endpoint, const char *wanted,
    const char *input)
{
	char text[ENDPOINT_TEXT] = "refused";

	if (ok)
		endpoint_format(endpoint, text);
	cr_expect_str_eq(
	    text, wanted, "\"%s\": %s, not %s", input, text, wanted);
}

Test(endpoint, port_is_digits_from_1_to_65535)
{
	static const struct {
		const char *text;
		int port;
	} cases[] = {{"1", 1}, {"2222", 2222}, {"65535", 65535}, {"0", 0},
	    {"65536", 0}, {"-1", 0}, {"+1", 0}, {"", 0}, {" 1", 0}, {"1 ", 0},
	    {"0x10", 0}, {"022", 0}, {"4294967298", 0}, {"22,23", 0}};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(endpoint_port(cases[i].text), cases[i].port, "%s",
		    cases[i].text);
}

Test(endpoint, is_one_text_however_it_is_spelt)
{
	static const struct {
		const char *host, *port, *wanted;
	} cases[] = {
	    {"db1", "5432", "db1:5432"},
	    {"DB1.Internal.Example.ORG", "22", "db1.internal.example.org:22"},
	    {"web_1-a", "65535", "web_1-a:65535"},
	    {"10.2.0.1", "1", "10.2.0.1:1"},
	    {"::ffff:10.2.0.1", "22", "10.2.0.1:22"},
	    {"2001:DB8:0:0::1", "22", "[2001:db8::1]:22"},
	    {"[::1]", "22", "[::1]:22"},
	};
	struct endpoint endpoint;

	for (size_t i = 0; i < COUNT(cases); i++)
		expect_endpoint(
		    endpoint_parse(cases[i].host, cases[i].port, &endpoint),
		    &endpoint, cases[i].wanted, cases[i].host);
}

Test(endpoint, is_nothing_else)
{
	static const struct {
		const char *host, *port;
	} cases[] = {
	    {"", "22"},
	    {"-oProxyCommand=id", "22"},
	    {".", "22"},
	    {".db1", "22"},
	    {"db1;id", "22"},
	    {"db1 db2", "22"},
	    {"db1\n", "22"},
	    {"$(id)", "22"},
	    {"db*", "22"},
	    {"user@db1", "22"},
	    {"d\xc3\xb6", "22"},
	    {"[db1]", "22"},
	    {"[10.2.0.1]", "22"},
	    {"[::1", "22"},
	    {"::1]", "22"},
	    {"[]", "22"},
	    {"[", "22"},
	    {"fe80::1%eth0", "22"},
	    {"[fe80::1%eth0]", "22"},
	    {"db1:22", "22"},
	    {"/run/x.sock", "22"},
	    {"db1", ""},
	    {"db1", "0"},
	    {"db1", "022"},
	    {"db1", "+22"},
	    {"db1", "-1"},
	    {"db1", "22 "},
	    {"db1", "65536"},
	    {"db1", "99999999999999999999"},
	    {"db1", "ssh"},
	    {"db1", "22x"},
	};
	struct endpoint endpoint;
	char name[400];

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_not(
		    endpoint_parse(cases[i].host, cases[i].port, &endpoint),
		    "\"%s\" \"%s\"", cases[i].host, cases[i].port);
	memset(name, 'a', sizeof(name));
	name[253] = '\0';
	cr_expect(endpoint_parse(name, "22", &endpoint));
	name[253] = 'a';
	name[254] = '\0';
	cr_expect_not(endpoint_parse(name, "22", &endpoint));
}

Test(endpoint, is_read_from_a_clients_command)
{
	static const struct {
		const char *command, *wanted;
	} cases[] = {
	    {"tfa connect db1 5432", "db1:5432"},
	    {"tfa connect db1:5432", "db1:5432"},
	    {"nc db1 5432", "db1:5432"},
	    {"db1 5432", "db1:5432"},
	    {"  db1   5432 ", "db1:5432"},
	    {"[::1]:22", "[::1]:22"},
	    {"nc ::1 22", "[::1]:22"},
	    /* Hosts can have such names. */
	    {"nc 22", "refused"},
	    {"nc:22", "nc:22"},
	    {"nc nc 22", "nc:22"},
	    {"tfa 22", "tfa:22"},
	    {"tfa connect", "refused"},
	    {"tfa connect tfa 22", "tfa:22"},
	    /* A list would be the client's own. */
	    {"tfa connect --targets /tmp/mine db1 22", "refused"},
	    {"tfa --socket /tmp/s connect db1 22", "refused"},
	    {"tfa status", "refused"},
	    {"tfa tunnel", "refused"},
	    {"/usr/bin/tfa connect db1 22", "refused"},
	    {"nc -e /bin/sh db1 22", "refused"},
	    {"nc -X connect db1 22", "refused"},
	    {"db1 22; id", "refused"},
	    {"db1 22 id", "refused"},
	    {"db1 22\nid", "refused"},
	    {"db1\t22", "refused"},
	    {"'db1' 22", "refused"},
	    {"\"db1\" 22", "refused"},
	    {"db1 $PORT", "refused"},
	    {"`id` 22", "refused"},
	    {"db1", "refused"},
	    {"::1:22", "refused"},
	    {"db1:", "refused"},
	    {":22", "refused"},
	    {"", "refused"},
	    {"   ", "refused"},
	    {"a b c d e f", "refused"},
	};
	struct endpoint endpoint;
	char *large = malloc(1 << 20);

	for (size_t i = 0; i < COUNT(cases); i++)
		expect_endpoint(
		    endpoint_parse_command(cases[i].command, &endpoint),
		    &endpoint, cases[i].wanted, cases[i].command);
	cr_assert_not_null(large);
	memset(large, ' ', 1 << 20);
	memcpy(large, "db1 22", 6);
	large[(1 << 20) - 1] = '\0';
	cr_expect_not(endpoint_parse_command(large, &endpoint));
	free(large);
}

static const char list[] = "# databases\n"
			   "db1:5432\n"
			   "  DB2:5432   # the other\r\n"
			   "\n"
			   "[2001:db8::1]:22";

static enum listed
look_up(const char *pair, const char *text, size_t len, size_t *ret_line)
{
	struct endpoint endpoint;

	cr_assert(endpoint_parse_pair(pair, &endpoint), "%s", pair);
	return endpoint_look_up(&endpoint, text, len, ret_line);
}

Test(endpoint, is_held_by_a_list_that_has_host_and_port)
{
	static const char *const held[] = {
	    "db1:5432", "Db1:5432", "db2:5432", "[2001:db8:0::1]:22"};
	static const char *const absent[] = {"db1:22", "db1:543", "db1:54321",
	    "db1.:5432", "db:5432", "db11:5432", "xdb1:5432", "databases:22",
	    "db2:22", "[2001:db8::1]:222", "[2001:db8::2]:22",
	    "localhost:5432"};
	size_t line = 0;

	for (size_t i = 0; i < COUNT(held); i++)
		cr_expect_eq(look_up(held[i], list, sizeof(list) - 1, &line),
		    LISTED_HERE, "%s", held[i]);
	for (size_t i = 0; i < COUNT(absent); i++)
		cr_expect_eq(look_up(absent[i], list, sizeof(list) - 1, &line),
		    LISTED_NOT, "%s", absent[i]);
	cr_expect_eq(look_up("db1:22", "", 0, &line), LISTED_NOT);
	cr_expect_eq(look_up("db1:22", "# db1:22", 8, &line), LISTED_NOT);
}

/* Also where the line that is wrong stands below the endpoint. */
Test(endpoint, is_held_by_no_list_with_a_line_that_is_wrong)
{
	static const char *const wrong[] = {"db1:22\ndb*:22\n", "db1:22\n*:*",
	    "db1:22\ndb2\n", "db1:22\ndb2:ssh\n", "db1:22\ndb2:22,db3:22\n",
	    "db1:22\ndb2 22\n", "db1:22\n!db2:22\n", "db1:22\n10.0.0.0/8:22"};
	char long_line[700];
	size_t line;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		line = 0;
		cr_expect_eq(
		    look_up("db1:22", wrong[i], strlen(wrong[i]), &line),
		    LISTED_WRONG, "%s", wrong[i]);
		cr_expect_eq(line, 2, "%s", wrong[i]);
	}
	cr_expect_eq(look_up("db1:22", "db1:22\0:22", 10, &line), LISTED_WRONG);
	memset(long_line, 'a', sizeof(long_line));
	memcpy(long_line, "db1:22\n", 7);
	cr_expect_eq(look_up("db1:22", long_line, sizeof(long_line), &line),
	    LISTED_WRONG);
}

Test(endpoint, is_taken_from_a_list_one_after_the_other)
{
	static const char *const wanted[] = {
	    "db1:5432", "db2:5432", "[2001:db8::1]:22"};
	struct endpoint endpoint;
	char text[ENDPOINT_TEXT];
	size_t at = 0, n = 0;

	while (endpoint_next(list, sizeof(list) - 1, &at, &endpoint)) {
		endpoint_format(&endpoint, text);
		cr_assert_lt(n, COUNT(wanted));
		cr_expect_str_eq(text, wanted[n++]);
	}
	cr_expect_eq(n, COUNT(wanted));
}
