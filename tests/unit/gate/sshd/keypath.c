#include "gate/sshd/keypath.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/fixture.h"

TestSuite(keypath, .timeout = 30);

static const struct keypath_user bob = {
    .name = "bob", .home = "/home/bob", .uid = 2002, .gid = 2002};

Test(keypath, expands_names_as_sshd_does)
{
	static const struct {
		const char *name, *path; /* NULL: false */
	} cases[] = {
	    {".ssh/authorized_keys", "/home/bob/.ssh/authorized_keys"},
	    {"%h/.ssh/authorized_keys", "/home/bob/.ssh/authorized_keys"},
	    {"/home/%u/.ssh/authorized_keys", "/home/bob/.ssh/authorized_keys"},
	    {"/etc/ssh/keys/%u", "/etc/ssh/keys/bob"},
	    {"/etc/ssh/keys/%U.pub", "/etc/ssh/keys/2002.pub"},
	    {"%u/keys", "/home/bob/bob/keys"},
	    {"keys-%U-%%", "/home/bob/keys-2002-%"},
	    {"%h", "/home/bob"},
	    {"/a%%u", "/a%u"},
	    {"/a/%x", NULL},
	    {"/a/%", NULL},
	    {"", NULL},
	};
	char path[64], small[20];

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(
		    keypath_expand(cases[i].name, &bob, path, sizeof(path)),
		    cases[i].path != NULL, "%s", cases[i].name);
		if (cases[i].path != NULL)
			cr_expect_str_eq(path, cases[i].path);
	}
	/* Too long by one byte, at each end of it. */
	cr_expect(keypath_expand("/123456789012345678", &bob, small, 20));
	cr_expect_not(keypath_expand("/1234567890123456789", &bob, small, 20));
	cr_expect(keypath_expand("123456789", &bob, small, 20));
	cr_expect_not(keypath_expand("1234567890", &bob, small, 20));
	cr_expect_not(keypath_expand("%h/1234567890", &bob, small, 20));
}

/* As AuthorizedKeysFile may stand in sshd's configuration. */
Test(keypath, goes_through_the_files_of_a_setting)
{
	static const struct {
		const char *value;
		const char *paths[4];
	} cases[] = {
	    {"", {NULL}},
	    {"none", {NULL}},
	    {"NONE", {NULL}},
	    {".ssh/authorized_keys .ssh/authorized_keys2",
		{"/home/bob/.ssh/authorized_keys",
		    "/home/bob/.ssh/authorized_keys2"}},
	    {"none /keys/%u", {"/keys/bob"}},
	    {"/keys/%u none /more", {"/keys/bob", "/more"}},
	    {"\"/a b/%U\"\t/c", {"/a b/2002", "/c"}},
	    /* No path can be made of it: sshd fails there too. */
	    {"/keys/%x /more", {"", "/more"}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *rest = cases[i].value;
		struct keypath file;
		size_t n = 0;

		while (keypath_next(&rest, &bob, &file)) {
			cr_assert_not_null(
			    cases[i].paths[n], "%s", cases[i].value);
			cr_expect_str_eq(file.path, cases[i].paths[n++], "%s",
			    cases[i].value);
		}
		cr_expect_null(cases[i].paths[n], "%s", cases[i].value);
	}
}

/* A name that was cut is the name of another file. */
Test(keypath, makes_no_path_of_a_name_that_was_cut)
{
	char value[2 * CONFIG_WORD];
	const char *rest = value;
	struct keypath file;

	memset(value, 'a', sizeof(value));
	value[0] = '/';
	value[sizeof(value) - 1] = '\0';
	cr_assert(keypath_next(&rest, &bob, &file));
	cr_expect_str_empty(file.path);
	rest = value + sizeof(value) - CONFIG_WORD + 1;
	cr_assert(keypath_next(&rest, &bob, &file));
	cr_expect_str_not_empty(file.path);
}

Test(keypath, knows_which_name_is_that_path)
{
	static const struct {
		char text[64];
	} names[] = {{".ssh/authorized_keys"}, {"/keys/%u"}, {"/a/%x"},
	    {"/etc/tfa/authorities"}};
	struct keypath_list list = {
	    names[0].text, sizeof(names[0]), COUNT(names)};
	struct keypath_list empty = {.count = 0};

	cr_expect_str_eq(keypath_listed(&list, &bob, "/keys/bob"), "/keys/%u");
	cr_expect_str_eq(
	    keypath_listed(&list, &bob, "/home/bob/.ssh/authorized_keys"),
	    ".ssh/authorized_keys");
	cr_expect_str_eq(keypath_listed(&list, &bob, "/etc/tfa/authorities"),
	    "/etc/tfa/authorities");
	cr_expect_null(keypath_listed(&list, &bob, "/keys/carol"));
	cr_expect_null(keypath_listed(&list, &bob, "/a/%x"));
	cr_expect_null(keypath_listed(&list, &bob, ""));
	cr_expect_null(keypath_listed(&empty, &bob, "/keys/bob"));
	cr_expect(keypath_names("none .k /keys/%u", &bob, "/keys/bob"));
	cr_expect(keypath_names(".k", &bob, "/home/bob/.k"));
	cr_expect_not(keypath_names("none", &bob, "/home/bob/none"));
	cr_expect_not(keypath_names("/keys/%x", &bob, ""));
}

Test(keypath, knows_what_is_the_same_for_everyone)
{
	cr_expect(keypath_is_common("/etc/tfa/authorities"));
	cr_expect_not(keypath_is_common("/keys/%u"));
	cr_expect_not(keypath_is_common("/keys/100%%"));
	cr_expect_not(keypath_is_common(".ssh/authorized_keys"));
	cr_expect_not(keypath_is_common(""));
}
