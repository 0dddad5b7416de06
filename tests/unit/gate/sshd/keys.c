#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "gate/sshd/keys.h"

/* A key, an authority, and its certificate with force-command. */
#define BLOB \
	"AAAAC3NzaC1lZDI1NTE5AAAAIPV0dVBTK1k2uKujMZwyYF+GfE3RB24Hj0UWuZp/7X9Y"
#define AUTHORITY \
	"AAAAC3NzaC1lZDI1NTE5AAAAIHov95C/hqNVpA/ISWh1ixXsvxIbNs12gDCzHnSXrlse"
#define CERTIFICATE \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIEnSs8iF9vjGYm3QlUD+gX8kGK9IJJgl+4FEFP1kSssDAAAAIPV0dVBTK1k2uKujMZwyYF+GfE3RB24Hj0UWuZp/7X9YAAAAAAAAAAAAAAABAAAAAmlkAAAACQAAAAVhbGljZQAAAAAAAAAA//////////8AAAAjAAAADWZvcmNlLWNvbW1hbmQAAAAOAAAACmVjaG8gUkVTVFIAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHov95C/hqNVpA/ISWh1ixXsvxIbNs12gDCzHnSXrlseAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAAZs+o9/XtzQ+4KhzuzXgns4RlvCoRODk2hgyR6NSXmtraFs4RUPRR6d6c7Bp07y6bVBQUHvx5uuC7OEMrNokK"
#define KEY   "ssh-ed25519 " BLOB
#define HALF1 "AAAAC3NzaC1lZDI1NTE5"
#define HALF2 (BLOB + sizeof(HALF1) - 1)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum found { NOTHING, FREE, COMMAND, DOUBTFUL };

/* Looks a key up in a file.  *ret_command: its command, if any. */
static enum found
search(const char *auth, const char *text, char *ret_command, size_t size)
{
	struct restriction r = {.listed = false};
	struct key key;
	enum found found;

	cr_assert_eq(key_parse(auth, &key), FAULT_NONE, "%s", auth);
	cr_assert_eq(
	    restriction_read(text, strlen(text), &key, &r), FAULT_NONE);
	snprintf(ret_command, size, "%s", r.command != NULL ? r.command : "");
	found = r.conflicting ? DOUBTFUL
	    : !r.listed       ? NOTHING
	    : r.command       ? COMMAND
			      : FREE;
	restriction_done(&r);
	key_done(&key);
	return found;
}

/* A second line would lift the restriction, so each of these lines matters:
 * a line that sshd obeys must never be ignored. */
Test(keys, finds_the_restriction_that_sshd_finds)
{
	static const struct {
		const char *text;
		enum found found;
		const char *command;
	} cases[] = {
	    {"", NOTHING, ""},
	    {"# " KEY "\n", NOTHING, ""},
	    {KEY, FREE, ""},
	    {KEY " a comment\n", FREE, ""},
	    {"  \t" KEY "\r\n", FREE, ""},
	    {"restrict,pty " KEY "\n", FREE, ""},
	    {"command=\"a b\" " KEY "\n", COMMAND, "a b"},
	    {"COMMAND=\"a b\" " KEY "\n", COMMAND, "a b"},
	    {"no-pty,command=\"a\",restrict " KEY "\n", COMMAND, "a"},
	    {"from=\"10.0.0.0/8,!x\",command=\"a\" " KEY, COMMAND, "a"},
	    {"command=\"say \\\"hi\\\"\" " KEY, COMMAND, "say \"hi\""},
	    {"command=\"\" " KEY, COMMAND, ""},
	    {"command=\"a,b=c d\"\t" KEY, COMMAND, "a,b=c d"},
	    {"command=\"a\" " KEY "\ncommand=\"a\" " KEY "\n", COMMAND, "a"},
	    /* Lines that differ. */
	    {"command=\"a\" " KEY "\ncommand=\"b\" " KEY "\n", DOUBTFUL, "a"},
	    {"command=\"a\" " KEY "\n" KEY "\n", DOUBTFUL, "a"},
	    {KEY "\ncommand=\"a\" " KEY "\n", DOUBTFUL, "a"},
	    /* Lines that cannot be parsed and mention the key. */
	    {"command=\"a " KEY "\n", DOUBTFUL, ""},
	    {"command=a " KEY "\n", DOUBTFUL, ""},
	    {"command=\"a\",command=\"b\" " KEY "\n", DOUBTFUL, ""},
	    {"ssh-rsa " BLOB "\n", DOUBTFUL, ""},
	    {"ssh-ed25519 x" BLOB "\n", DOUBTFUL, ""},
	    /* The key's text within a command does not make it the line's
	     * key. */
	    {"command=\"x " BLOB " \" " KEY "\n", COMMAND, "x " BLOB " "},
	    /* sshd ignores these lines, so they lift no restriction. */
	    {"nonsense " KEY "\n", DOUBTFUL, ""},
	    {"\xef\xbb\xbf" KEY "\n", DOUBTFUL, ""},
	    {"\xef\xbb\xbf"
	     "command=\"a\" " KEY "\n",
		DOUBTFUL, ""},
	    {"principals=\"a\" " KEY "\n", DOUBTFUL, ""},
	    {"command=\"a\",x " KEY "\n", DOUBTFUL, ""},
	    /* sshd accepts this line. */
	    {"command=\"a\", " KEY "\n", COMMAND, "a"},
	    /* sshd accepts this name for the type too. */
	    {"command=\"a\" ED25519 " BLOB "\n" KEY "\n", DOUBTFUL, ""},
	    {"  command=\"a\"\t \t" KEY "\t#x", COMMAND, "a"},
	    {"command=\"a\\\\\" " KEY "\n", DOUBTFUL, ""},
	    {"command=\"a\\b\" " KEY "\n", COMMAND, "a\\b"},
	    /* An authority's line counts only for certificates. */
	    {"cert-authority " KEY "\n", DOUBTFUL, ""},
	};
	char command[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(search("publickey " KEY, cases[i].text, command,
				 sizeof(command)),
		    cases[i].found, "%zu: %s", i, cases[i].text);
		if (cases[i].found == COMMAND)
			cr_expect_str_eq(command, cases[i].command);
	}
}

/* sshd's base64 skips white space, so the line holds the key even so. */
Test(keys, skips_white_space_inside_a_key_as_sshd_does)
{
	static const char spaces[] = "\v\f\r";
	char text[1024], command[64];

	cr_assert_eq(strncmp(BLOB, HALF1, sizeof(HALF1) - 1), 0);
	for (size_t i = 0; spaces[i] != '\0'; i++) {
		snprintf(text, sizeof(text),
		    "command=\"a\" ssh-ed25519 " HALF1 "%c%s\n" KEY "\n",
		    spaces[i], HALF2);
		cr_expect_eq(
		    search("publickey " KEY, text, command, sizeof(command)),
		    DOUBTFUL, "%zu", i);
	}
	cr_expect_eq(
	    search("publickey " KEY, "command=\"a;:\r\" " KEY "\n" KEY "\n",
		command, sizeof(command)),
	    DOUBTFUL);
}

Test(keys, reads_a_certificate)
{
	static const char auth[] =
	    "publickey ssh-ed25519-cert-v01@openssh.com " CERTIFICATE;
	char command[64];
	struct key key;

	cr_assert_eq(key_parse(auth, &key), FAULT_NONE);
	cr_expect(key.is_certificate);
	cr_expect_str_eq(key.force_command, "echo RESTR");
	key_done(&key);
	cr_expect_eq(search(auth, "cert-authority ssh-ed25519 " AUTHORITY,
			 command, sizeof(command)),
	    FREE);
	cr_expect_eq(
	    search(auth, "cert-authority,command=\"a\" ssh-ed25519 " AUTHORITY,
		command, sizeof(command)),
	    COMMAND);
	/* A line that sshd may obey, and that is read differently here. */
	cr_expect_eq(search(auth,
			 "cert-authority,command=\"a\" ED25519 " AUTHORITY
			 "\ncert-authority ssh-ed25519 " AUTHORITY,
			 command, sizeof(command)),
	    DOUBTFUL);
	cr_expect_eq(
	    search(auth, "cert-authority,command=a ssh-ed25519 " AUTHORITY,
		command, sizeof(command)),
	    DOUBTFUL);
	cr_expect_eq(
	    search(auth,
		"cert-authority ssh-ed25519 " AUTHORITY
		"\ncert-authority,command=\"a\" ssh-ed25519 " AUTHORITY,
		command, sizeof(command)),
	    DOUBTFUL);
	/* A line that cannot be parsed and contains the authority. */
	cr_expect_eq(search(auth,
			 "cert-authority,command=\"a ssh-ed25519 " AUTHORITY
			 "\ncert-authority ssh-ed25519 " AUTHORITY,
			 command, sizeof(command)),
	    DOUBTFUL);
	/* The key itself, and an authority without that word, are other
	 * keys. */
	cr_expect_eq(search(auth, KEY "\nssh-ed25519 " AUTHORITY, command,
			 sizeof(command)),
	    NOTHING);
}

/* An authority's line says of all its certificates what it says of one. */
Test(keys, asks_for_an_authority_as_for_its_certificates)
{
	static const struct {
		const char *text;
		enum key_verdict verdict;
	} cases[] = {
	    {"", KEY_UNLISTED},
	    {"ssh-ed25519 " AUTHORITY, KEY_UNLISTED},
	    {"cert-authority ssh-ed25519 " AUTHORITY, KEY_PASSES},
	    {"cert-authority,command=\"a\" ssh-ed25519 " AUTHORITY, KEY_PASSES},
	    {"cert-authority,command=a ssh-ed25519 " AUTHORITY, KEY_DOUBTFUL},
	    {"cert-authority ssh-rsa " AUTHORITY, KEY_DOUBTFUL},
	    {"cert-authority " KEY, KEY_UNLISTED},
	    {"cert-authority ssh-ed25519 " AUTHORITY
	     "\ncert-authority,command=\"a\" ssh-ed25519 " AUTHORITY,
		KEY_DOUBTFUL},
	};
	static const char auth[] =
	    "publickey ssh-ed25519-cert-v01@openssh.com " CERTIFICATE;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct restriction none = {.listed = false};
		struct key keys[2];

		cr_assert_eq(key_parse(auth, &keys[0]), FAULT_NONE);
		cr_assert_eq(key_of_line("ssh-ed25519 " AUTHORITY " a comment",
				 true, &keys[1]),
		    FAULT_NONE);
		for (size_t k = 0; k < 2; k++) {
			struct restriction r = {.listed = false};

			cr_assert_eq(restriction_read(cases[i].text,
					 strlen(cases[i].text), &keys[k], &r),
			    FAULT_NONE);
			cr_expect_eq(keys_judge(&r, &none, false),
			    cases[i].verdict, "%zu %zu", i, k);
			restriction_done(&r);
			key_done(&keys[k]);
		}
	}
}

/* A restriction counts in every file; a permission only in a safe one. */
Test(keys, believes_no_file_that_others_can_write)
{
	static const struct {
		const char *found, *doubted;
		enum key_verdict refuse, allow; /* what "unlisted" decides */
	} cases[] = {
	    {"", "", KEY_UNLISTED, KEY_PASSES},
	    {"", KEY, KEY_IN_OPEN_FILE, KEY_PASSES},
	    {"", "command=\"a\" " KEY, KEY_IN_OPEN_FILE, KEY_DOUBTFUL},
	    {"", "nonsense " KEY, KEY_IN_OPEN_FILE, KEY_DOUBTFUL},
	    {KEY, "", KEY_PASSES, KEY_PASSES},
	    {KEY, KEY, KEY_PASSES, KEY_PASSES},
	    {KEY, "command=\"a\" " KEY, KEY_DOUBTFUL, KEY_DOUBTFUL},
	    {KEY, "nonsense " KEY, KEY_DOUBTFUL, KEY_DOUBTFUL},
	    {"command=\"a\" " KEY, KEY, KEY_PASSES, KEY_PASSES},
	    {"command=\"a\" " KEY, "command=\"a\" " KEY, KEY_PASSES,
		KEY_PASSES},
	    {"command=\"a\" " KEY, "command=\"b\" " KEY, KEY_DOUBTFUL,
		KEY_DOUBTFUL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct restriction found = {.listed = false},
				   doubted = {.listed = false};
		struct key key;

		cr_assert_eq(key_parse("publickey " KEY, &key), FAULT_NONE);
		cr_assert_eq(restriction_read(cases[i].found,
				 strlen(cases[i].found), &key, &found),
		    FAULT_NONE);
		cr_assert_eq(restriction_read(cases[i].doubted,
				 strlen(cases[i].doubted), &key, &doubted),
		    FAULT_NONE);
		cr_expect_eq(keys_judge(&found, &doubted, false),
		    cases[i].refuse, "%zu", i);
		cr_expect_eq(keys_judge(&found, &doubted, true), cases[i].allow,
		    "%zu", i);
		restriction_done(&found);
		restriction_done(&doubted);
		key_done(&key);
	}
}

/* For sshd a NUL ends a line, and the next line counts. */
Test(keys, refuses_a_file_with_a_nul)
{
	static const char text[] = "#\0\n" KEY "\n";
	struct restriction r = {.listed = false};
	struct key key;

	cr_assert_eq(key_parse("publickey " KEY, &key), FAULT_NONE);
	cr_expect_eq(
	    restriction_read(text, sizeof(text) - 1, &key, &r), FAULT_FORMAT);
	key_done(&key);
}

/* Cut at every length, and with any byte appended. */
Test(keys, refuses_a_certificate_that_is_cut_or_longer)
{
	static const char type[] =
	    "publickey ssh-ed25519-cert-v01@openssh.com ";
	char auth[sizeof(type) + sizeof(CERTIFICATE) + 8];
	size_t whole = strlen(CERTIFICATE);
	struct key key;

	for (size_t len = 0; len < whole; len++) {
		snprintf(
		    auth, sizeof(auth), "%s%.*s", type, (int)len, CERTIFICATE);
		cr_expect_eq(key_parse(auth, &key), FAULT_FORMAT, "%zu", len);
	}
	snprintf(auth, sizeof(auth), "%s%sAA", type, CERTIFICATE);
	cr_expect_eq(key_parse(auth, &key), FAULT_FORMAT);
}

/* "force-command" with its length, as in the certificate above. */
Test(keys, refuses_a_certificate_with_an_option_that_is_not_known)
{
	static const char option[] = "DWZvcmNlLWNvbW1hbmQA";
	static const char *const others[] = {
	    "DWZvcmNlLWNvbW1hbmUA", /* force-commane */
	    "DUZvcmNlLWNvbW1hbmQA", /* Force-command */
	    "DQBvcmNlLWNvbW1hbmQA", /* a NUL in it */
	};
	char auth[2048];
	struct key key;

	for (size_t i = 0; i < COUNT(others); i++) {
		char *at;

		snprintf(auth, sizeof(auth),
		    "publickey ssh-ed25519-cert-v01@openssh.com "
		    "%s",
		    CERTIFICATE);
		at = strstr(auth, option);
		cr_assert_not_null(at);
		memcpy(at, others[i], strlen(others[i]));
		cr_expect_eq(
		    key_parse(auth, &key), FAULT_FORMAT, "%s", others[i]);
	}
}

Test(keys, refuses_what_is_no_key)
{
	static const char *const cases[] = {
	    "",
	    "password",
	    "publickey ",
	    "publickey ssh-ed25519",
	    "publickey ssh-ed25519 !!!!",
	    "publickey ssh-ed25519 AAAA",
	    "publickey ssh-ed25519-cert-v01@openssh.com "
	    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t",
	    /* A certificate of an unknown kind is not a plain key. */
	    "publickey x-cert-v01@openssh.com "
	    "AAAAF3h4LWNlcnQtdjAxQG9wZW5zc2guY29t",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key key;

		cr_expect_eq(
		    key_parse(cases[i], &key), FAULT_FORMAT, "%s", cases[i]);
	}
}

Test(keys, tells_what_a_line_is_whichever_key_it_has)
{
	static const struct {
		const char *line;
		enum key_line kind;
	} cases[] = {
	    {"", KEY_LINE_NONE},
	    {"  \t", KEY_LINE_NONE},
	    {"\r", KEY_LINE_NONE},
	    {"# command=\"a\" " KEY, KEY_LINE_NONE},
	    {KEY, KEY_LINE_FREE},
	    {" \t" KEY " command=\"a\"", KEY_LINE_FREE},
	    {"restrict,pty,from=\"a,command=b\" " KEY, KEY_LINE_FREE},
	    {"environment=\"A=command=\" " KEY "\r", KEY_LINE_FREE},
	    {"command=\"\" " KEY, KEY_LINE_COMMAND},
	    {"COMMAND=\"a b\"\t" KEY, KEY_LINE_COMMAND},
	    {"no-pty,command=\"a \\\" b\",restrict " KEY, KEY_LINE_COMMAND},
	    {"cert-authority " KEY, KEY_LINE_AUTHORITY},
	    {"Cert-Authority,command=\"a\" " KEY, KEY_LINE_AUTHORITY},
	    {"command=a " KEY, KEY_LINE_DOUBTFUL},
	    {"command=\"a " KEY, KEY_LINE_DOUBTFUL},
	    {"command=\"a\" ", KEY_LINE_DOUBTFUL},
	    {"command=\"a\",command=\"a\" " KEY, KEY_LINE_DOUBTFUL},
	    {"ssh-rsa " BLOB, KEY_LINE_DOUBTFUL},
	    {"ssh-ed25519", KEY_LINE_DOUBTFUL},
	    {"ssh-ed25519 AAAA", KEY_LINE_DOUBTFUL},
	    {BLOB, KEY_LINE_DOUBTFUL},
	    {"\xef\xbb\xbf" KEY, KEY_LINE_DOUBTFUL},
	    {"@cert-authority * " KEY, KEY_LINE_DOUBTFUL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(
		    key_line_read(cases[i].line), cases[i].kind, "%zu", i);
}

/* Files by name, each of which root and the user alone can write unless its
 * name begins with "open". */
static const struct {
	const char *name, *text;
} stored[] = {
    {"/free", KEY},
    {"/command", "command=\"a\" " KEY},
    {"/other", "command=\"b\" " KEY},
    {"/empty", ""},
    {"openfree", KEY},
    {"opencommand", "command=\"a\" " KEY},
};

static enum fault
read_stored(const struct keypath_user *user, const char *name,
    struct keyfile *ret, char ret_why[static WHY_TEXT])
{
	cr_expect_str_eq(user->name, "bob");
	*ret = (struct keyfile){.text = NULL};
	for (size_t i = 0; i < COUNT(stored); i++)
		if (strcmp(stored[i].name, name) == 0) {
			ret->text = strdup(stored[i].text);
			ret->sound = strncmp(name, "open", 4) != 0;
		}
	if (strcmp(name, "/broken") != 0)
		return FAULT_NONE;
	snprintf(ret_why, WHY_TEXT, "/broken: it is");
	return FAULT_IO;
}

/* Every file counts, and one that cannot be read refuses every key. */
Test(keys, searches_all_files)
{
	static const struct {
		const char *files[3];
		bool common;
		enum fault fault;
		enum key_verdict verdict, unlisted;
		const char *command;
	} cases[] = {
	    {{NULL}, false, FAULT_NONE, KEY_UNLISTED, KEY_PASSES, NULL},
	    {{"/none"}, false, FAULT_NONE, KEY_UNLISTED, KEY_PASSES, NULL},
	    {{"/empty", "/none"}, false, FAULT_NONE, KEY_UNLISTED, KEY_PASSES,
		NULL},
	    {{"/free"}, false, FAULT_NONE, KEY_PASSES, KEY_PASSES, NULL},
	    {{"/none", "/command"}, false, FAULT_NONE, KEY_PASSES, KEY_PASSES,
		"a"},
	    {{"/command", "/command"}, false, FAULT_NONE, KEY_PASSES,
		KEY_PASSES, "a"},
	    {{"/command", "/empty", "/free"}, false, FAULT_NONE, KEY_DOUBTFUL,
		KEY_DOUBTFUL, "a"},
	    {{"/command", "/other"}, false, FAULT_NONE, KEY_DOUBTFUL,
		KEY_DOUBTFUL, "a"},
	    {{"openfree"}, false, FAULT_NONE, KEY_IN_OPEN_FILE, KEY_PASSES,
		NULL},
	    {{"/free", "opencommand"}, false, FAULT_NONE, KEY_DOUBTFUL,
		KEY_DOUBTFUL, NULL},
	    {{"opencommand", "/free"}, true, FAULT_NONE, KEY_PASSES, KEY_PASSES,
		NULL},
	    {{"/free", "/broken"}, false, FAULT_IO, KEY_DOUBTFUL, KEY_DOUBTFUL,
		NULL},
	    {{"/broken", "/free"}, true, FAULT_IO, KEY_DOUBTFUL, KEY_DOUBTFUL,
		NULL},
	};
	static const struct keypath_user bob = {.name = "bob", .home = "/"};

	for (size_t i = 0; i < COUNT(cases) * 2; i++) {
		bool unlisted = i >= COUNT(cases);
		size_t c = i % COUNT(cases), n = 0;
		struct keys_answer answer = {.verdict = KEY_DOUBTFUL};
		char names[3][16] = {"", "", ""}, why[WHY_TEXT] = "";
		struct key key;

		while (n < 3 && cases[c].files[n] != NULL) {
			snprintf(names[n], 16, "%s", cases[c].files[n]);
			n++;
		}
		cr_assert_eq(key_parse("publickey " KEY, &key), FAULT_NONE);
		cr_expect_eq(
		    keys_search(
			&(struct keys_question){.files = {names[0], 16, n},
			    .user = &bob,
			    .common = cases[c].common,
			    .unlisted = unlisted,
			    .read = read_stored},
			&key, &answer, why),
		    cases[c].fault, "%zu", i);
		cr_expect_eq(answer.verdict,
		    unlisted ? cases[c].unlisted : cases[c].verdict, "%zu", i);
		if (cases[c].command == NULL)
			cr_expect_null(answer.command, "%zu", i);
		else
			cr_expect_str_eq(answer.command, cases[c].command);
		cr_expect_eq(
		    why[0] != '\0', cases[c].fault != FAULT_NONE, "%zu", i);
		keys_answer_done(&answer);
		key_done(&key);
	}
}
