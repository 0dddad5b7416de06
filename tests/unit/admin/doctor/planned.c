#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "admin/doctor/planned.h"
#include "admin/read.h"
#include "gate/sshd/config.h"
#include "store/base/cleanup.h"

TestSuite(planned, .timeout = 30);

/* A folder with main, which includes d/b.conf and d/d.conf. */
struct scene {
	char *folder, *config, *pattern, *between;
	struct planned_file file;
	struct planned planned; /* d/c.conf */
};

static char *
path_in(const char *folder, const char *name)
{
	char *path = NULL;

	cr_assert_gt(asprintf(&path, "%s/%s", folder, name), 0);
	return path;
}

static void
put(const char *folder, const char *name, const char *text)
{
	scoped_free char *path = path_in(folder, name);
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

static void
scene_open(struct scene *s)
{
	char text[400], command[300];

	s->folder = strdup("/tmp/planned.XXXXXX");
	cr_assert_not_null(mkdtemp(s->folder));
	s->config = path_in(s->folder, "main");
	s->pattern = path_in(s->folder, "d/*.conf");
	s->between = path_in(s->folder, "d/c.conf");
	snprintf(command, sizeof(command), "mkdir %s/d", s->folder);
	cr_assert_eq(system(command), 0);
	snprintf(text, sizeof(text),
	    "# first\n include = \"%s\"\nPort 1\nInclude %s/none\nPort 2",
	    s->pattern, s->folder);
	put(s->folder, "main", text);
	put(s->folder, "d/b.conf", "b\n");
	put(s->folder, "d/d.conf", "d\n");
	s->file = (struct planned_file){s->between, "c\n"};
	s->planned = (struct planned){.files = {&s->file, 1}};
}

static void
scene_close(struct scene *s)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -r %s", s->folder);
	cr_assert_eq(system(command), 0);
	free(s->folder);
	free(s->config);
	free(s->pattern);
	free(s->between);
}

Test(planned, file_stands_where_a_pattern_would_find_it)
{
	glob_t found = {.gl_pathc = 0};
	struct scene s;

	scene_open(&s);
	cr_assert_eq(planned_glob(&s.planned, s.pattern, &found), 0);
	cr_assert_eq(found.gl_pathc, 3);
	cr_expect_str_eq(found.gl_pathv[1], s.between);
	globfree(&found);
	cr_assert_eq(planned_glob(&s.planned, s.between, &found), 0);
	cr_assert_eq(found.gl_pathc, 1);
	globfree(&found);
	cr_assert_eq(planned_glob(NULL, s.pattern, &found), 0);
	cr_assert_eq(found.gl_pathc, 2);
	globfree(&found);
	/* Once it is there, it is found once. */
	put(s.folder, "d/c.conf", "old\n");
	cr_assert_eq(planned_glob(&s.planned, s.pattern, &found), 0);
	cr_assert_eq(found.gl_pathc, 3);
	globfree(&found);
	scene_close(&s);
}

Test(planned, text_counts_before_that_on_the_disk)
{
	scoped_free char *text = NULL;
	struct scene s;

	scene_open(&s);
	put(s.folder, "d/c.conf", "old\n");
	text = planned_read(&s.planned, s.between);
	cr_expect_str_eq(text, "c\n");
	cr_expect_null(planned_text(&s.planned, s.config));
	cr_expect_null(planned_text(NULL, s.between));
	cr_expect(planned_has(&s.planned, s.between));
	cr_expect_not(planned_has(&s.planned, s.folder));
	scene_close(&s);
}

/* sshd names the file and line that it does not like. */
Test(planned, copy_is_what_sshd_would_read_line_by_line)
{
	struct planned_copy copy;
	char wanted[400], said[200];
	scoped_free char *text = NULL, *second = NULL, *path = NULL;
	struct scene s;

	if (access("/run", W_OK) != 0)
		cr_skip("/run cannot be written here");
	scene_open(&s);
	cr_assert(planned_copy_make(&s.planned, s.config, &copy));
	text = read_whole(copy.path);
	snprintf(wanted, sizeof(wanted),
	    "# first\nInclude %s/0001 %s/0002 %s/0003\nPort 1\n\nPort 2\n",
	    copy.folder, copy.folder, copy.folder);
	cr_expect_str_eq(text, wanted);
	path = path_in(copy.folder, "0002");
	second = read_whole(path);
	cr_expect_str_eq(second, "c\n");
	snprintf(
	    said, sizeof(said), "%s line 1: bad, %s line 2", path, copy.path);
	planned_copy_rename(&copy, said, sizeof(said));
	snprintf(wanted, sizeof(wanted), "%s line 1: bad, %s line 2", s.between,
	    s.config);
	cr_expect_str_eq(said, wanted);
	planned_copy_done(&copy);
	cr_expect_eq(access(path, F_OK), -1);
	scene_close(&s);
}

Test(planned, copy_of_what_includes_itself_fails)
{
	struct planned_copy copy;
	char text[300];
	struct scene s;

	if (access("/run", W_OK) != 0)
		cr_skip("/run cannot be written here");
	scene_open(&s);
	snprintf(text, sizeof(text), "Include %s\n", s.config);
	put(s.folder, "main", text);
	cr_expect_not(planned_copy_make(&s.planned, s.config, &copy));
	planned_copy_done(&copy);
	scene_close(&s);
}

/* The copy would lack what sshd includes there. */
Test(planned, copy_of_a_line_that_is_too_long_fails)
{
	char text[2 * CONFIG_WORD];
	struct planned_copy copy;
	struct scene s;

	if (access("/run", W_OK) != 0)
		cr_skip("/run cannot be written here");
	scene_open(&s);
	snprintf(text, sizeof(text), "Include /%0*d\n", CONFIG_WORD, 0);
	put(s.folder, "main", text);
	cr_expect_not(planned_copy_make(&s.planned, s.config, &copy));
	cr_expect_eq(errno, ENAMETOOLONG);
	planned_copy_done(&copy);
	snprintf(text, sizeof(text), "Match User %0*d\n", CONFIG_WORD, 0);
	put(s.folder, "main", text);
	cr_expect(planned_copy_make(&s.planned, s.config, &copy));
	planned_copy_done(&copy);
	scene_close(&s);
}
