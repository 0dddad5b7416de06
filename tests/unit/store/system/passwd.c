#include "store/system/passwd.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

static char folder[FOLDER_MAX], path[FOLDER_MAX + 8];

static void
put(const char *text)
{
	int fd;

	if (folder[0] == '\0')
		fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/passwd", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write(fd, text, strlen(text)), FAULT_NONE);
	close(fd);
}

/* Returns the entry, or NULL if there is certainly none. */
static const struct passwd *
find(uid_t uid, const char *name)
{
	const struct passwd *pw = NULL;
	enum fault fault = passwd_find(path, uid, name, &pw);

	cr_assert(fault == FAULT_NONE || fault == FAULT_ABSENT);
	cr_assert_eq(fault == FAULT_NONE, pw != NULL);
	return pw;
}

Test(passwd, has_root_and_not_just_anybody)
{
	const struct passwd *pw = NULL;

	cr_assert_eq(passwd_of(0, &pw), FAULT_NONE);
	cr_expect_str_eq(pw->pw_name, "root");
	cr_expect_eq(pw->pw_dir[0], '/');
	cr_assert_eq(passwd_named("root", &pw), FAULT_NONE);
	cr_expect_eq(pw->pw_uid, 0);
	cr_expect_eq(passwd_named("nobody-has-this-name", &pw), FAULT_ABSENT);
	cr_expect_eq(passwd_of((uid_t)-2, &pw), FAULT_ABSENT);
}

/* A file that cannot be read may list anybody: that is not the same as
 * nobody. */
Test(passwd, knows_nobody_where_it_cannot_be_read)
{
	const struct passwd *pw = NULL;

	cr_expect_eq(passwd_find("/nonexistent", 0, NULL, &pw), FAULT_IO);
	cr_expect_eq(passwd_find("/", 0, NULL, &pw), FAULT_IO);
	put("alice:x:7:7::/:/bin/sh\n");
	inject_arm(1, EIO);
	cr_expect_eq(passwd_find(path, 7, NULL, &pw), FAULT_IO);
	cr_assert(inject_disarm());
	inject_arm(2, EIO);
	cr_expect_eq(passwd_find(path, 8, NULL, &pw), FAULT_IO);
	cr_assert(inject_disarm());
	cr_expect_null(pw);
	fixture_remove(folder);
}

/* A less careful reader would take each line for uid 0 or alice. */
Test(passwd, takes_no_line_that_is_not_whole)
{
	static const char *const lines[] = {
	    "+::::::", "+::0:0:::", "-alice:x:0:0::/:/bin/sh",
	    "#alice:x:0:0::/:/bin/sh", "alice", "", ":", "::", "alice:x:0",
	    "alice:x:0:0:::::", "alice:x:0:0::/", "alice:x::0::/:/bin/sh",
	    "alice:x: 0:0::/:/bin/sh", "alice:x:-0:0::/:/bin/sh",
	    "alice:x:0x0:0::/:/bin/sh", "alice:x:4294967296:0::/:/bin/sh",
	    "alice:x:18446744073709551616:0::/:/bin/sh",
	    "alice:x:0:nobody::/:/bin/sh", "x:alice:1:0::/:/bin/sh",
	    "alicea:x:1:0::/:/bin/sh", "alic:x:1:0::/:/bin/sh"};

	for (size_t i = 0; i < COUNT(lines); i++) {
		put(lines[i]);
		cr_expect_null(find(0, NULL), "%s", lines[i]);
		cr_expect_null(find((uid_t)-1, "alice"), "%s", lines[i]);
	}
	fixture_remove(folder);
}

Test(passwd, finds_the_first_of_them)
{
	const struct passwd *pw;

	put("# people\n"
	    "root:x:0:0:root:/root:/bin/bash\n"
	    "alice:x:1001:100:Alice,,,:/home/alice:/bin/zsh\n"
	    "twin:x:1001:101::/home/twin:\n"
	    "last:x:4294967294:7::/:/bin/sh");
	pw = find(1001, NULL);
	cr_assert_not_null(pw);
	cr_expect_str_eq(pw->pw_name, "alice");
	cr_expect_eq(pw->pw_uid, 1001);
	cr_expect_eq(pw->pw_gid, 100);
	cr_expect_str_eq(pw->pw_gecos, "Alice,,,");
	cr_expect_str_eq(pw->pw_dir, "/home/alice");
	cr_expect_str_eq(pw->pw_shell, "/bin/zsh");
	pw = find((uid_t)-1, "twin");
	cr_assert_not_null(pw);
	cr_expect_eq(pw->pw_gid, 101);
	cr_expect_str_empty(pw->pw_shell);
	pw = find((uid_t)-2, NULL);
	cr_assert_not_null(pw);
	cr_expect_str_eq(pw->pw_shell, "/bin/sh");
	fixture_remove(folder);
}

/* At any position in a block that is read at once. */
Test(passwd, finds_each_of_many)
{
	char *text = NULL, name[32];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	for (int i = 0; i < 3000; i++)
		fprintf(out, "user%d:x:%d:100:%.*s:/home/%d:/bin/sh\n", i, i,
		    i % 90,
		    "a name of some length, which is not the same for "
		    "each of those who are in this file .......",
		    i);
	fclose(out);
	put(text);
	for (int i = 0; i < 3000; i++) {
		const struct passwd *pw = find((uid_t)i, NULL);

		snprintf(name, sizeof(name), "user%d", i);
		cr_assert_not_null(pw, "%d", i);
		cr_assert_str_eq(pw->pw_name, name);
		cr_assert_eq(pw->pw_uid, (uid_t)i);
		cr_assert_str_eq(pw->pw_shell, "/bin/sh");
	}
	cr_expect_null(find(3000, NULL));
	free(text);
	fixture_remove(folder);
}

/* Such a line is not valid in passwd, and what follows it is not known. */
Test(passwd, ends_at_a_line_without_end)
{
	const struct passwd *pw = NULL;
	char *text = calloc(1, 40000);

	memset(text, 'x', 20000);
	memcpy(text + 20000, "\nalice:x:7:7::/:/bin/sh\n", 24);
	put(text);
	cr_expect_eq(passwd_find(path, 7, NULL, &pw), FAULT_LIMIT);
	cr_expect_eq(passwd_find(path, 8, NULL, &pw), FAULT_LIMIT);
	text[16384 - 1] = '\n';
	put(text);
	cr_expect_eq(passwd_find(path, 7, NULL, &pw), FAULT_NONE);
	free(text);
	fixture_remove(folder);
}
