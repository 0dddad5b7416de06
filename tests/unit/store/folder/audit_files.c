#include "store/folder/audit_files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

struct scene {
	char folder[FOLDER_MAX];
	int dir;
	struct audit_files list;
};

static void
begin(struct scene *s)
{
	*s = (struct scene){.list = {.files = {NULL, 0}}};
	fixture_folder(s->folder);
	s->dir = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(s->dir, 0);
}

static void
end(struct scene *s)
{
	free(s->list.files.items);
	close(s->dir);
	fixture_remove(s->folder);
}

/* Makes a file that was last written then. */
static void
make(struct scene *s, const char *name, time_t written_s)
{
	struct timespec times[] = {
	    {.tv_sec = written_s}, {.tv_sec = written_s}};
	int fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(futimens(fd, times), 0);
	close(fd);
}

/* Lists the folder, as "NAME NAME ...". */
static const char *
listed(struct scene *s)
{
	static char names[1024];
	size_t len = 0;

	free(s->list.files.items);
	s->list = (struct audit_files){.files = {NULL, 0}};
	cr_assert_eq(audit_files_list(s->dir, &s->list), FAULT_NONE);
	names[0] = '\0';
	list_each(const struct audit_file, file, s->list.files)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
		    "%s%s", len > 0 ? " " : "", file->name);
	return names;
}

/* Dates by their numbers and numbers from the highest, whatever a copy did to
 * the files' times; the current one last. */
Test(audit_files, are_listed_oldest_first)
{
	static const struct {
		const char *names[6], *listed;
	} cases[] = {
	    {{NULL}, ""},
	    {{"audit.jsonl"}, "audit.jsonl"},
	    {{"audit.jsonl", "audit.jsonl.1", "audit.jsonl.2.gz",
		 "audit.jsonl.10.gz"},
		"audit.jsonl.10.gz audit.jsonl.2.gz audit.jsonl.1 audit.jsonl"},
	    {{"audit.jsonl", "audit.jsonl-20261129", "audit.jsonl-20261029.gz",
		 "audit.jsonl-20250101.gz"},
		"audit.jsonl-20250101.gz audit.jsonl-20261029.gz "
		"audit.jsonl-20261129 audit.jsonl"},
	    {{"audit.jsonl-20261129-1764441900", "audit.jsonl",
		 "audit.jsonl-20261129-1764441899.gz",
		 "audit.jsonl-20261129-964441899.gz"},
		"audit.jsonl-20261129-964441899.gz "
		"audit.jsonl-20261129-1764441899.gz "
		"audit.jsonl-20261129-1764441900 audit.jsonl"},
	    {{"audit.jsonl.2026-11-02", "audit.jsonl.2026-11-01"},
		"audit.jsonl.2026-11-01 audit.jsonl.2026-11-02"},
	};
	struct scene s;

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(&s);
		for (size_t k = 0; k < 6 && cases[i].names[k] != NULL; k++)
			make(&s, cases[i].names[k], NOW_S - (time_t)k);
		cr_expect_str_eq(
		    listed(&s), cases[i].listed, "%zu: %s", i, listed(&s));
		end(&s);
	}
}

Test(audit_files, of_two_ways_to_name_them_the_older_one_comes_first)
{
	struct scene s;

	begin(&s);
	make(&s, "audit.jsonl.1", NOW_S - 100);
	make(&s, "audit.jsonl-20261129", NOW_S);
	cr_expect_str_eq(listed(&s), "audit.jsonl.1 audit.jsonl-20261129");
	make(&s, "audit.jsonl.1", NOW_S + 100);
	cr_expect_str_eq(listed(&s), "audit.jsonl-20261129 audit.jsonl.1");
	end(&s);
}

Test(audit_files, other_names_are_no_history)
{
	static const char *const others[] = {"audit.jsonl.bak", "audit.jsonl~",
	    "audit.jsonl-old", "audit.jsonl.swp", "audit.jsonl2", "audit.json",
	    "xaudit.jsonl.1", "audit.jsonl.", "audit.jsonl-20261129bak",
	    "policy.json"};
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < COUNT(others); i++)
		make(&s, others[i], NOW_S);
	cr_expect_str_eq(listed(&s), "");
	end(&s);
}

/* While a file is compressed, the plain one is whole and the other is not. */
Test(audit_files, of_a_file_that_is_being_compressed_the_plain_one_counts)
{
	struct scene s;

	begin(&s);
	make(&s, "audit.jsonl.1.gz", NOW_S);
	make(&s, "audit.jsonl.1", NOW_S);
	make(&s, "audit.jsonl-20261129.gz", NOW_S);
	make(&s, "audit.jsonl-20261129", NOW_S);
	cr_expect_str_eq(listed(&s), "audit.jsonl-20261129 audit.jsonl.1");
	end(&s);
}

Test(audit_files, what_is_not_the_keepers_own_is_named_and_not_opened)
{
	static const char *const names[] = {"audit.jsonl.1", "audit.jsonl.2",
	    "audit.jsonl.3", "audit.jsonl.4.xz", "audit.jsonl.5"};
	struct scene s;
	int fd = -1;

	begin(&s);
	make(&s, names[0], NOW_S);
	cr_assert_eq(fchmodat(s.dir, names[0], 0640, 0), 0);
	cr_assert_eq(symlinkat("/etc/passwd", s.dir, names[1]), 0);
	cr_assert_eq(mkdirat(s.dir, names[2], 0700), 0);
	make(&s, names[3], NOW_S);
	cr_assert_eq(mkfifoat(s.dir, names[4], 0600), 0);
	listed(&s);
	cr_expect_eq(s.list.files.count, COUNT(names));
	list_each(struct audit_file, file, s.list.files) {
		cr_expect_str_neq(file->why, "", "%s", file->name);
		cr_expect_neq(audit_file_open(s.dir, file, &fd), FAULT_NONE,
		    "%s", file->name);
	}
	end(&s);
}

Test(audit_files, are_known_by_more_than_their_names)
{
	struct audit_file file;
	struct scene s;
	int fd = -1;

	begin(&s);
	make(&s, "audit.jsonl", NOW_S);
	listed(&s);
	file = s.list.files.items[0];
	cr_assert_eq(audit_file_open(s.dir, &file, &fd), FAULT_NONE);
	close(fd);
	cr_assert_eq(renameat(s.dir, "audit.jsonl", s.dir, "audit.jsonl.1"), 0);
	cr_expect_eq(audit_file_open(s.dir, &file, &fd), FAULT_STALE);
	make(&s, "audit.jsonl", NOW_S);
	cr_expect_eq(audit_file_open(s.dir, &file, &fd), FAULT_STALE);
	listed(&s);
	cr_expect_str_eq(s.list.files.items[0].name, "audit.jsonl.1");
	cr_expect_str_eq(s.list.files.items[0].id, file.id);
	end(&s);
}
