#include "gate/sshd/keyline.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BLOB \
	"AAAAC3NzaC1lZDI1NTE5AAAAIPV0dVBTK1k2uKujMZwyYF+GfE3RB24Hj0UWuZp/7X9Y"
#define KEY      "ssh-ed25519 " BLOB
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The key of each line, and what precedes it. */
Test(keyline, finds_the_key_where_sshd_finds_it)
{
	static const struct {
		const char *line;
		bool key, typed;
		const char *options; /* the start of the options */
	} cases[] = {
	    {KEY, true, true, ""},
	    {" \t" KEY " a comment", true, true, ""},
	    {KEY "\r", true, true, ""},
	    {"pty,restrict \t" KEY, true, true, "pty,restrict "},
	    {"command=\"a b\"\t" KEY, true, true, "command="},
	    {"command=\"a " BLOB " b\" " KEY, true, true, "command="},
	    {"command=\"a \\\" b\" " KEY, true, true, "command="},
	    {"command=\"a \\\\\" b\" " KEY, true, true, "command="},
	    /* The second word is a key of an unknown type, which is called
	     * command="echo. */
	    {"command=\"echo AAAADWNvbW1hbmQ9ImVjaG8=\" " KEY, true, true,
		"command="},
	    {"command=\"never closed " KEY, false, false, ""},
	    /* sshd accepts other names for a type. */
	    {"ED25519 " BLOB, true, false, ""},
	    {"pty ED25519 " BLOB, true, false, "pty "},
	    {"ssh-rsa " BLOB, true, false, ""},
	    {"\xef\xbb\xbf" KEY, true, false, ""},
	    {"# " KEY, false, false, ""},
	    {"ssh-ed25519", false, false, ""},
	    {"ssh-ed25519 ", false, false, ""},
	    {"ssh-ed25519 AAAA", false, false, ""},
	    {"not a key", false, false, ""},
	    {"", false, false, ""},
	    {" \t", false, false, ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyline line;
		size_t n = strlen(cases[i].options);

		cr_expect_eq(keyline_read(cases[i].line, &line), cases[i].key,
		    "%zu: %s", i, cases[i].line);
		cr_expect_eq(line.typed, cases[i].typed, "%zu", i);
		cr_expect_eq(strncmp(line.options, cases[i].options, n), 0);
		cr_expect_eq(n == 0, line.options[0] == '\0', "%zu", i);
		cr_expect_eq(line.len > 0, cases[i].key, "%zu", i);
		keyline_done(&line);
	}
}

/* sshd ignores a line with an unknown option, so nothing in it counts. */
Test(keyline, reads_options_as_sshd_does)
{
	static const struct {
		const char *text;
		bool ok, authority, environment, principals;
		const char *command;
	} cases[] = {
	    {"", .ok = true},
	    {"restrict,pty,no-user-rc", .ok = true},
	    {"NO-PTY,Restrict", .ok = true},
	    {"command=\"ls -l\"", .ok = true, .command = "ls -l"},
	    {"restrict,COMMAND=\"a,\\\"b\" " KEY, .ok = true,
		.command = "a,\"b"},
	    {"from=\"x,command=y\"", .ok = true},
	    {"environment=\"A=b\",pty", .ok = true, .environment = true},
	    {"cert-authority,principals=\"x\"", .ok = true, .authority = true,
		.principals = true},
	    {"command=\"\"", .ok = true, .command = ""},
	    {"expiry-time=\"20300101\",permitopen=\"a:1\",permitopen=\"b:2\"",
		.ok = true},
	    {"command=\"a\",command=\"b\"", .ok = false, .command = "a"},
	    {"command=a", .ok = false},
	    {"command", .ok = false},
	    {"command=", .ok = false},
	    {"command=\"a", .ok = false},
	    {"command=\"a\"b", .ok = false, .command = "a"},
	    {"command=\"a\",", .ok = false, .command = "a"},
	    {",command=\"a\"", .ok = false},
	    {"commands=\"a\"", .ok = false},
	    {"cert-authority,command=x", .ok = false, .authority = true},
	    {"cert-authority=\"x\"", .ok = false, .authority = true},
	    {"\xef\xbb\xbf"
	     "command=\"a\"",
		.ok = false},
	    {"no-command=\"a\"", .ok = false},
	    {"pty=\"x\"", .ok = false},
	    {"restrict;pty", .ok = false},
	    {"from", .ok = false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyline_options o;

		cr_expect_eq(keyline_options(cases[i].text, &o), cases[i].ok,
		    "%zu: %s", i, cases[i].text);
		cr_expect_eq(o.authority, cases[i].authority, "%zu", i);
		cr_expect_eq(o.environment, cases[i].environment, "%zu", i);
		cr_expect_eq(
		    o.principals != NULL, cases[i].principals, "%zu", i);
		cr_expect_str_eq(o.command != NULL ? o.command : "(none)",
		    cases[i].command != NULL ? cases[i].command : "(none)",
		    "%zu", i);
		keyline_options_done(&o);
	}
}

/* The list as it stands there; sshd ignores a line with two. */
Test(keyline, reads_the_principals_of_an_authority)
{
	struct keyline_options o;

	cr_expect(
	    keyline_options("cert-authority,PRINCIPALS=\"a,b\\\"c\"", &o));
	cr_expect_str_eq(o.principals, "a,b\"c");
	keyline_options_done(&o);
	cr_expect_null(o.principals);
	cr_expect_not(keyline_options("principals=\"a\",principals=\"b\"", &o));
	keyline_options_done(&o);
	cr_expect_not(keyline_options("principals", &o));
	keyline_options_done(&o);
}

Test(keyline, knows_what_a_line_says_of_a_hardware_key)
{
	static const struct {
		const char *text;
		bool no_touch, verify, no_verify, limited;
	} cases[] = {
	    {"", .no_touch = false},
	    {"restrict,pty", .no_touch = false},
	    {"touch-required", .no_touch = false},
	    {"no-touch-required", .no_touch = true},
	    {"No-Touch-REQUIRED,pty " KEY, .no_touch = true},
	    {"no-touch-required,touch-required", .no_touch = true},
	    {"verify-required", .verify = true},
	    {"pty,VERIFY-required", .verify = true},
	    {"verify-required,no-verify-required", .verify = true,
		.no_verify = true},
	    {"command=\"no-touch-required\"", .no_touch = false},
	    {"environment=\"A=x,no-touch-required\"", .no_touch = false},
	    {"from=\"10.0.0.0/8\"", .limited = true},
	    {"Expiry-Time=\"20300101\"", .limited = true},
	    {"permitopen=\"a:1\",tunnel=\"0\"", .no_touch = false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyline_options o;

		cr_expect(keyline_options(cases[i].text, &o), "%zu", i);
		cr_expect_eq(o.no_touch, cases[i].no_touch, "%zu", i);
		cr_expect_eq(o.verify, cases[i].verify, "%zu", i);
		cr_expect_eq(o.no_verify, cases[i].no_verify, "%zu", i);
		cr_expect_eq(o.limited, cases[i].limited, "%zu", i);
		keyline_options_done(&o);
	}
}

/* A key for one command may forward unless its line speaks of that. */
Test(keyline, knows_if_a_line_speaks_of_forwarding)
{
	static const struct {
		const char *text;
		bool forwarding;
	} cases[] = {
	    {"", false},
	    {"command=\"restrict\"", false},
	    {"no-pty,no-agent-forwarding,permitlisten=\"1\"", false},
	    {"restrict", true},
	    {"command=\"x\",Restrict", true},
	    {"no-port-forwarding,command=\"x\"", true},
	    {"port-forwarding", true},
	    {"permitopen=\"a:1\"", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyline_options o;

		cr_expect(keyline_options(cases[i].text, &o));
		cr_expect_eq(
		    o.forwarding, cases[i].forwarding, "%s", cases[i].text);
		keyline_options_done(&o);
	}
}

/* Every option in sshd(8), so that none of them refuses a key. */
Test(keyline, knows_every_option_of_sshd)
{
	static const char *const options[] = {"agent-forwarding",
	    "cert-authority", "command=\"x\"", "environment=\"A=b\"",
	    "expiry-time=\"20300101Z\"", "from=\"10.0.0.0/8\"",
	    "no-agent-forwarding", "no-port-forwarding", "no-pty", "no-user-rc",
	    "no-X11-forwarding", "permitlisten=\"1\"", "permitopen=\"a:1\"",
	    "port-forwarding", "principals=\"a\"", "pty", "no-touch-required",
	    "verify-required", "restrict", "tunnel=\"1\"", "user-rc",
	    "X11-forwarding"};

	for (size_t i = 0; i < COUNT(options); i++) {
		struct keyline_options o;

		cr_expect(keyline_options(options[i], &o), "%s", options[i]);
		keyline_options_done(&o);
	}
}

Test(keyline, reads_a_principal)
{
	static const struct {
		const char *line;
		const char *command; /* NULL: none */
		bool ok;
	} cases[] = {
	    {"bob", NULL, true},
	    {"command=\"x\" backup", "x", true},
	    {" \tcommand=\"x y\",restrict\tbackup \r\n", "x y", true},
	    {"command=\"x\" backup # why", "x", true},
	    {"# command=\"x\" backup", NULL, true},
	    {"bob # command=\"x\" backup", NULL, true},
	    {"", NULL, true},
	    {"command=x backup", NULL, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyline_options o;

		cr_expect_eq(keyline_principal(cases[i].line, &o), cases[i].ok,
		    "%zu", i);
		cr_expect_eq(
		    o.command == NULL, cases[i].command == NULL, "%zu", i);
		if (o.command != NULL && cases[i].command != NULL)
			cr_expect_str_eq(o.command, cases[i].command);
		keyline_options_done(&o);
	}
}
