#include "store/folder/policy_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"

#define STRANGER 4242

struct scene {
	char folder[FOLDER_MAX];
	char path[FOLDER_MAX + 16];
	char why[POLICY_WHY_TEXT];
};

static void
put(const char *path, const char *text)
{
	char quoted[QUOTED_MAX];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0);
	fixture_quote(text, quoted);
	cr_assert_eq(file_write(fd, quoted, strlen(quoted)), FAULT_NONE);
	close(fd);
	cr_assert_eq(chmod(path, 0644), 0);
}

static struct scene
begin(void)
{
	struct scene s = {.why = ""};

	fixture_folder(s.folder);
	cr_assert_eq(chmod(s.folder, 0755), 0);
	snprintf(s.path, sizeof(s.path), "%s/policy.json", s.folder);
	put(s.path,
	    "{'version': 1, 'issuer': 'Test', 'rules': [],\n"
	    "'otherwise': 'required'}\n");
	return s;
}

static enum fault
load(struct scene *s, const char *path)
{
	struct policy policy;
	enum fault fault;

	snprintf(s->why, sizeof(s->why), "unset");
	fault = policy_file_load(path, geteuid(), &policy, s->why);
	if (fault == FAULT_NONE) {
		cr_expect_eq(policy.otherwise, MODE_REQUIRED);
		policy_done(&policy);
	}
	return fault;
}

Test(policy_file, reads_a_guarded_file)
{
	static const mode_t modes[] = {0644, 0600, 0444, 0400, 0755};
	struct scene s = begin();

	for (size_t i = 0; i < COUNT(modes); i++) {
		cr_assert_eq(chmod(s.path, modes[i]), 0);
		cr_expect_eq(load(&s, s.path), FAULT_NONE, "%o: %s",
		    (unsigned)modes[i], s.why);
		cr_expect_str_empty(s.why);
	}
	fixture_remove(s.folder);
}

Test(policy_file, refuses_what_somebody_else_may_write)
{
	static const mode_t modes[] = {0664, 0646, 0666, 0620, 0602, 01777};
	struct scene s = begin();

	for (size_t i = 0; i < COUNT(modes); i++) {
		cr_assert_eq(chmod(s.path, modes[i]), 0);
		cr_expect_eq(
		    load(&s, s.path), FAULT_ACCESS, "%o", (unsigned)modes[i]);
		cr_expect_not_null(strstr(s.why, s.path));
		cr_assert_eq(chmod(s.path, 0644), 0);
		cr_assert_eq(chmod(s.folder, modes[i] | 0111), 0);
		cr_expect_eq(load(&s, s.path), FAULT_ACCESS, "folder %o",
		    (unsigned)modes[i]);
		cr_expect_not_null(strstr(s.why, s.folder));
		cr_assert_eq(chmod(s.folder, 0755), 0);
	}
	cr_expect_eq(load(&s, s.path), FAULT_NONE);
	fixture_remove(s.folder);
}

Test(policy_file, refuses_what_belongs_to_somebody_else)
{
	struct scene s = begin();

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(chown(s.path, STRANGER, 0), 0);
	cr_expect_eq(load(&s, s.path), FAULT_ACCESS);
	cr_assert_eq(chown(s.path, 0, STRANGER), 0);
	cr_expect_eq(load(&s, s.path), FAULT_NONE);
	cr_assert_eq(chown(s.folder, STRANGER, 0), 0);
	cr_expect_eq(load(&s, s.path), FAULT_ACCESS);
	fixture_remove(s.folder);
}

/* The owner of an embedded store writes its policy. */
Test(policy_file, takes_the_owners_or_roots)
{
	struct scene s = begin();
	struct policy policy;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(chown(s.path, STRANGER, 0), 0);
	cr_assert_eq(chown(s.folder, STRANGER, 0), 0);
	cr_expect_eq(
	    policy_file_load(s.path, STRANGER, &policy, s.why), FAULT_NONE);
	policy_done(&policy);
	cr_expect_eq(policy_file_load(s.path, STRANGER + 1, &policy, s.why),
	    FAULT_ACCESS);
	cr_assert_eq(chown(s.path, 0, 0), 0);
	cr_expect_eq(
	    policy_file_load(s.path, STRANGER, &policy, s.why), FAULT_NONE);
	policy_done(&policy);
	fixture_remove(s.folder);
}

Test(policy_file, refuses_what_is_no_plain_file)
{
	struct scene s = begin();
	char other[FOLDER_MAX + 16];

	snprintf(other, sizeof(other), "%s/other", s.folder);
	cr_assert_eq(symlink("policy.json", other), 0);
	cr_expect_neq(load(&s, other), FAULT_NONE);
	cr_expect_neq(load(&s, other), FAULT_ABSENT);
	unlink(other);
	cr_assert_eq(symlink("nowhere", other), 0);
	cr_expect_neq(load(&s, other), FAULT_ABSENT);
	unlink(other);
	cr_assert_eq(mkfifo(other, 0644), 0);
	cr_expect_eq(load(&s, other), FAULT_ACCESS);
	unlink(other);
	cr_assert_eq(mkdir(other, 0755), 0);
	cr_expect_eq(load(&s, other), FAULT_ACCESS);
	fixture_remove(s.folder);
}

/* Only ENOENT means absent: an embedded store then uses the built-in policy. */
Test(policy_file, is_absent_only_where_there_is_none)
{
	struct scene s = begin();
	char path[FOLDER_MAX + 32];

	snprintf(path, sizeof(path), "%s/none.json", s.folder);
	cr_expect_eq(load(&s, path), FAULT_ABSENT);
	cr_expect_not_null(strstr(s.why, path));
	snprintf(path, sizeof(path), "%s/none/policy.json", s.folder);
	cr_expect_eq(load(&s, path), FAULT_ABSENT);
	snprintf(path, sizeof(path), "%s/policy.json/policy.json", s.folder);
	cr_expect_eq(load(&s, path), FAULT_IO);
	fixture_remove(s.folder);
}

Test(policy_file, says_file_line_and_key)
{
	struct scene s = begin();
	char expected[POLICY_WHY_TEXT];

	put(s.path,
	    "{'version': 1, 'issuer': 'Test', 'rules': [],\n"
	    "'otherwise': 'deny'}\n");
	cr_expect_eq(load(&s, s.path), FAULT_FORMAT);
	snprintf(expected, sizeof(expected), "%s:2:14: otherwise: ", s.path);
	cr_expect_eq(
	    strncmp(s.why, expected, strlen(expected)), 0, "%s", s.why);
	put(s.path, "");
	cr_expect_eq(load(&s, s.path), FAULT_FORMAT);
	cr_expect_not_null(strstr(s.why, "empty"), "%s", s.why);
	fixture_remove(s.folder);
}

Test(policy_file, refuses_what_is_too_large)
{
	struct scene s = begin();

	cr_assert_eq(truncate(s.path, (off_t)POLICY_MAX + 1), 0);
	cr_expect_eq(load(&s, s.path), FAULT_LIMIT);
	cr_expect_not_null(strstr(s.why, "larger"));
	cr_assert_eq(truncate(s.path, 1LL << 40), 0);
	cr_expect_eq(load(&s, s.path), FAULT_LIMIT);
	fixture_remove(s.folder);
}

/* tfa-admin reads the file to change it: checked, not parsed. */
Test(policy_file, hands_out_the_text_of_a_guarded_file)
{
	struct scene s = begin();
	char *text = NULL;
	size_t len = 0;

	put(s.path, "no policy");
	cr_expect_eq(policy_file_read(s.path, geteuid(), &text, &len, s.why),
	    FAULT_NONE);
	cr_expect_str_eq(text, "no policy");
	cr_expect_eq(len, 9);
	free(text);
	cr_assert_eq(chmod(s.path, 0666), 0);
	text = NULL;
	cr_expect_eq(policy_file_read(s.path, geteuid(), &text, &len, s.why),
	    FAULT_ACCESS);
	cr_expect_null(text);
	fixture_remove(s.folder);
}
