#include "admin/doctor/pam_stack.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENV      "session required pam_env.so "

/* A file below the test's root: "etc/pam.d/x", or a folder ("x/"). */
struct file {
	const char *path, *text;
};

static void
put(const char *root, const struct file *file)
{
	char path[FOLDER_MAX + 80], *slash;
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", root, file->path);
	for (slash = path + strlen(root) + 1;
	     (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	if (path[strlen(path) - 1] == '/')
		return;
	out = fopen(path, "w");
	cr_assert_not_null(out, "%s", path);
	fputs(file->text, out);
	fclose(out);
}

static void
read_files(const struct file *files, size_t n, struct pam_stack *ret)
{
	char root[FOLDER_MAX];

	fixture_folder(root);
	for (size_t i = 0; i < n && files[i].path != NULL; i++)
		put(root, &files[i]);
	pam_read(root, "sshd", ret);
	fixture_remove(root);
}

/* Returns the last part of a path, below a folder whose name differs from
 * run to run. */
static const char *
base(const char *path)
{
	return strrchr(path, '/') + 1;
}

static const struct pam_line *
find(const struct pam_stack *stack, enum pam_kind kind)
{
	for (size_t i = 0; i < stack->lines.count; i++)
		if (pam_judge(&stack->lines.items[i]) == kind)
			return &stack->lines.items[i];
	return NULL;
}

/* Every way in which a line can make PAM read a user's file. */
Test(pam_stack, finds_each_line_that_reads_a_users_file)
{
	static const struct {
		struct file files[3];
		const char *file;
		int number, count;
		const char *closed;
	} cases[] = {
	    {{{"etc/pam.d/sshd", "# x\n" ENV "user_readenv=1\n"}}, "sshd", 2, 1,
		ENV "user_readenv=0\n"},
	    {{{"etc/pam.d/sshd",
		 ENV "user_readenv=1 envfile=/etc/default/locale # [1]\n"}},
		"sshd", 1, 1,
		ENV "user_readenv=0 envfile=/etc/default/locale # [1]\n"},
	    {{{"etc/pam.d/sshd", ENV "user_envfile=.x user_readenv=01"}},
		"sshd", 1, 1, ENV "user_envfile=.x user_readenv=0"},
	    {{{"etc/pam.d/sshd", ENV "user_readenv=-1\n"}}, "sshd", 1, 1,
		ENV "user_readenv=0\n"},
	    {{{"etc/pam.d/sshd", ENV "user_readenv=0 user_readenv=2\n"}},
		"sshd", 1, 1, ENV "user_readenv=0 user_readenv=0\n"},
	    {{{"etc/pam.d/sshd", ENV "[user_readenv=1]\n"}}, "sshd", 1, 1,
		ENV "[user_readenv=0]\n"},
	    {{{"etc/pam.d/sshd", ENV "[user_readenv= 1]\n"}}, "sshd", 1, 1,
		ENV "[user_readenv=0 1]\n"},
	    {{{"etc/pam.d/sshd", ENV "\\\n  user_readenv=1\n"}}, "sshd", 1, 2,
		ENV "\\\n  user_readenv=0\n"},
	    {{{"etc/pam.d/sshd",
		 "session \\ \n# no\n\n required\\\n"
		 "\tpam_env.so user_readenv=1\\\n\n"}},
		"sshd", 1, 6,
		"session \\ \n# no\n\n required\\\n"
		"\tpam_env.so user_readenv=0\\\n\n"},
	    {{{"etc/pam.d/sshd",
		 "\n-SESSION [success=ok default=bad] "
		 "/lib/security/pam_env.so user_readenv=1\r\n"}},
		"sshd", 2, 1,
		"-SESSION [success=ok default=bad] "
		"/lib/security/pam_env.so user_readenv=0\r\n"},
	    {{{"etc/pam.d/sshd", "auth [x=\\] y] pam_env.so user_readenv=1"}},
		"sshd", 1, 1, "auth [x=\\] y] pam_env.so user_readenv=0"},
	    {{{"etc/pam.d/sshd", "session optional other.so user_readenv=1"}},
		"sshd", 1, 1, "session optional other.so user_readenv=0"},
	    {{{"etc/pam.d/sshd", "@include common\n"},
		 {"etc/pam.d/common", "\n" ENV "user_readenv=1\n"}},
		"common", 2, 1, ENV "user_readenv=0\n"},
	    {{{"etc/pam.d/sshd", "session include a\n"},
		 {"etc/pam.d/a", "session substack b\n"},
		 {"usr/lib/pam.d/b", ENV "user_readenv=1\n"}},
		"b", 1, 1, ENV "user_readenv=0\n"},
	    {{{"etc/pam.d/sshd", "session substack /etc/own\n"},
		 {"etc/own", ENV "user_readenv=1\n"}},
		"own", 1, 1, ENV "user_readenv=0\n"},
	    {{{"usr/lib/pam.d/sshd", ENV "user_readenv=1\n"}}, "sshd", 1, 1,
		ENV "user_readenv=0\n"},
	    {{{"etc/pam.d/other", ENV "user_readenv=1\n"}}, "other", 1, 1,
		ENV "user_readenv=0\n"},
	    {{{"etc/pam.d/sshd", "auth required pam_unix.so\n"},
		 {"etc/pam.d/other", ENV "user_readenv=1\n"}},
		"other", 1, 1, ENV "user_readenv=0\n"},
	    {{{"etc/pam.conf",
		 "login " ENV "user_readenv=1\n"
		 "SSHD " ENV "user_readenv=1\n"}},
		"pam.conf", 2, 1, "SSHD " ENV "user_readenv=0\n"},
	    {{{"etc/pam.conf", "other " ENV "user_readenv=1\n"}}, "pam.conf", 1,
		1, "other " ENV "user_readenv=0\n"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pam_stack stack;
		const struct pam_line *line;
		char *closed;

		read_files(cases[i].files, COUNT(cases[i].files), &stack);
		line = find(&stack, PAM_READS_USER);
		cr_expect_str_empty(stack.why, "%zu: %s", i, stack.why);
		cr_assert_not_null(line, "%zu", i);
		cr_expect_str_eq(base(line->file), cases[i].file, "%zu", i);
		cr_expect_eq(
		    line->number, cases[i].number, "%zu: %d", i, line->number);
		cr_expect_eq(
		    line->count, cases[i].count, "%zu: %d", i, line->count);
		closed = pam_closed(line);
		cr_expect_str_eq(closed, cases[i].closed, "%zu", i);
		free(closed);
		pam_done(&stack);
	}
}

Test(pam_stack, passes_over_what_reads_no_users_file)
{
	static const struct file cases[][3] = {
	    {{"etc/pam.d/sshd", ENV "\n"}},
	    {{"etc/pam.d/sshd", ENV "user_readenv=0\n"}},
	    {{"etc/pam.d/sshd", ENV "user_readenv=1 user_readenv=0\n"}},
	    {{"etc/pam.d/sshd", ENV "# user_readenv=1\n"}},
	    {{"etc/pam.d/sshd", "#" ENV "\\\nuser_readenv=1\n"}},
	    {{"etc/pam.d/sshd", "account required pam_env.so user_readenv=1"}},
	    {{"etc/pam.d/sshd", "password required pam_env.so user_readenv=1"}},
	    {{"etc/pam.d/sshd", "auth include a\n" ENV},
		{"etc/pam.d/a", ENV "user_readenv=1\n"}},
	    {{"etc/pam.d/sshd", ENV},
		{"usr/lib/pam.d/sshd", ENV "user_readenv=1\n"}},
	    {{"etc/pam.d/sshd", ENV},
		{"etc/pam.d/other", ENV "user_readenv=1\n"}},
	    {{"etc/pam.d/sshd", ENV},
		{"etc/pam.conf", "sshd " ENV "user_readenv=1\n"}},
	    {{"etc/pam.d/login", ENV "user_readenv=1\n"},
		{"etc/pam.d/sshd", ENV}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pam_stack stack;

		read_files(cases[i], COUNT(cases[i]), &stack);
		cr_expect_str_empty(stack.why, "%zu: %s", i, stack.why);
		cr_expect_null(find(&stack, PAM_READS_USER), "%zu", i);
		pam_done(&stack);
	}
}

Test(pam_stack, says_what_it_could_not_read)
{
	static const struct {
		struct file files[2];
		const char *why;
	} cases[] = {
	    {{{"etc/pam.d/sshd", "@include none\n"}},
		"includes none, which is not there"},
	    {{{"etc/pam.d/sshd", "session include none\n"}},
		"includes none, which is not there"},
	    {{{"etc/pam.d/sshd", "@include sshd\n"}},
		"too many files include one another"},
	    {{{"etc/pam.d/sshd", "@include dir\n"}, {"etc/pam.d/dir/", ""}},
		"etc/pam.d/dir: Invalid argument"},
	    {{{"etc/pam.d/login", ENV}},
		"neither /etc/pam.d/sshd nor /etc/pam.d/other"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pam_stack stack;

		read_files(cases[i].files, COUNT(cases[i].files), &stack);
		cr_expect(strstr(stack.why, cases[i].why) != NULL, "%zu: %s", i,
		    stack.why);
		pam_done(&stack);
	}
}

Test(pam_stack, judges_modules)
{
	static const struct {
		const char *line;
		enum pam_kind kind;
	} cases[] = {
	    {"session optional pam_systemd.so", PAM_USER_MANAGER},
	    {"-session optional /usr/lib/pam_systemd.so", PAM_USER_MANAGER},
	    {"session optional pam_systemd.so class=user", PAM_USER_MANAGER},
	    {"session optional pam_systemd.so class=background-light "
	     "class=user",
		PAM_USER_MANAGER},
	    {"session optional pam_systemd.so class=background-light",
		PAM_QUIET},
	    {"session optional pam_systemd.so class=none", PAM_QUIET},
	    {"session optional pam_systemd_home.so", PAM_UNKNOWN},
	    {"session optional pam_mount.so", PAM_STARTS_USER},
	    {"account optional pam_exec.so /bin/x", PAM_RUNS},
	    {"password optional pam_exec.so /bin/x", PAM_QUIET},
	    {"session optional pam_script.so", PAM_RUNS},
	    {"session required pam_unix.so", PAM_QUIET},
	    {"session required pam_unix2.so", PAM_UNKNOWN},
	    {"auth required evil.so", PAM_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct file file = {"etc/pam.d/sshd", cases[i].line};
		struct pam_stack stack;

		read_files(&file, 1, &stack);
		cr_assert_eq(stack.lines.count, 1, "%zu", i);
		cr_expect_eq(
		    pam_judge(&stack.lines.items[0]), cases[i].kind, "%zu", i);
		pam_done(&stack);
	}
}
