/* A file counts as root's only if root alone can have written it. */
#include "gate/sshd/rootfile.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define USER 2001 /* somebody who is not root */

/* TOP/keys/alice, below /run, where root alone may write. */
struct place {
	char top[64], keys[80], file[96];
};

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, 0644), 0);
}

static struct place
make_place(void)
{
	struct place p = {.top = "/run/rootfile.XXXXXX"};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_not_null(mkdtemp(p.top));
	cr_assert_eq(chmod(p.top, 0755), 0);
	snprintf(p.keys, sizeof(p.keys), "%s/keys", p.top);
	snprintf(p.file, sizeof(p.file), "%s/alice", p.keys);
	cr_assert_eq(mkdir(p.keys, 0755), 0);
	write_file(p.file, "text\n");
	return p;
}

static void
end_place(const struct place *p)
{
	fixture_remove(p->top);
}

/* "", or "CULPRIT WHY". */
static enum fault
look(const char *path, char *ret, size_t size)
{
	struct rootfile file;
	enum fault fault = rootfile_read(path, &file);

	ret[0] = '\0';
	if (fault == FAULT_NONE)
		cr_expect_str_eq(file.text, "text\n");
	else
		snprintf(ret, size, "%.300s %s", file.culprit, file.why);
	cr_expect_eq(fault != FAULT_NONE, file.text == NULL);
	rootfile_done(&file);
	return fault;
}

static void
expect_culprit(const char *path, const char *culprit)
{
	char said[512];

	cr_expect_eq(look(path, said, sizeof(said)), FAULT_ACCESS, "%s", path);
	cr_expect_eq(strncmp(said, culprit, strlen(culprit)), 0,
	    "%s: %s not %s", path, said, culprit);
	cr_expect_eq(said[strlen(culprit)], ' ', "%s: %s", path, said);
}

static void
expect_good(const char *path)
{
	char said[512];

	cr_expect_eq(look(path, said, sizeof(said)), FAULT_NONE, "%s", said);
}

Test(rootfile, reads_what_root_alone_can_write)
{
	struct place p = make_place();
	char path[256];

	expect_good(p.file);
	snprintf(path, sizeof(path), "%s//./../keys/alice", p.keys);
	expect_good(path);
	snprintf(path, sizeof(path), "/../%s", p.file);
	expect_good(path);
	/* Reading is another matter. */
	cr_assert_eq(chmod(p.file, 0600), 0);
	cr_assert_eq(chmod(p.keys, 0700), 0);
	expect_good(p.file);
	end_place(&p);
}

Test(rootfile, each_part_must_be_roots_and_closed_to_others)
{
	struct place p = make_place();
	const char *const parts[] = {p.file, p.keys, p.top};
	static const mode_t bad[] = {0775, 0757, 01777, 02775, 0722, 0777};

	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t k = 0; k < COUNT(bad); k++) {
			cr_assert_eq(chmod(parts[i], bad[k]), 0);
			expect_culprit(p.file, parts[i]);
		}
		cr_assert_eq(chmod(parts[i], 0755), 0);
		/* Even if its own group is root's. */
		cr_assert_eq(chown(parts[i], USER, 0), 0);
		expect_culprit(p.file, parts[i]);
		cr_assert_eq(chown(parts[i], 0, USER), 0);
		expect_good(p.file);
		cr_assert_eq(chmod(parts[i], 0775), 0);
		expect_culprit(p.file, parts[i]);
		cr_assert_eq(chown(parts[i], 0, 0), 0);
		expect_culprit(p.file, parts[i]);
		cr_assert_eq(chmod(parts[i], 0755), 0);
		expect_good(p.file);
	}
	end_place(&p);
}

/* The sticky bit of /tmp keeps others from renaming; it does not count. */
Test(rootfile, folder_that_all_can_write_is_nobodys)
{
	struct place p = make_place();
	char path[] = "/tmp/rootfile.XXXXXX", file[64];

	cr_assert_not_null(mkdtemp(path));
	snprintf(file, sizeof(file), "%s/alice", path);
	write_file(file, "text\n");
	expect_culprit(file, "/tmp");
	fixture_remove(path);
	end_place(&p);
}

/* Puts a link beside the file, and returns its path. */
static char *
link_to(const struct place *p, const char *target, char *ret, size_t size)
{
	snprintf(ret, size, "%s/link", p->top);
	unlink(ret);
	cr_assert_eq(symlink(target, ret), 0);
	return ret;
}

Test(rootfile, link_of_roots_to_a_file_of_roots_is_followed)
{
	struct place p = make_place();
	char link[96], through[128], up[96];

	expect_good(link_to(&p, p.file, link, sizeof(link)));
	expect_good(link_to(&p, "keys/alice", link, sizeof(link)));
	expect_good(link_to(&p, "./keys/../keys/alice", link, sizeof(link)));
	/* A folder on the way, and a link to a link. */
	link_to(&p, "keys", link, sizeof(link));
	snprintf(through, sizeof(through), "%s/alice", link);
	expect_good(through);
	snprintf(up, sizeof(up), "%s/up", p.keys);
	cr_assert_eq(symlink("../link/alice", up), 0);
	expect_good(up);
	end_place(&p);
}

/* The file is root's, and its name is in a user's hands. */
Test(rootfile, link_of_a_user_or_into_a_users_folder_does_not_count)
{
	struct place p = make_place();
	char link[96], home[96], planted[112], real[112];

	link_to(&p, p.file, link, sizeof(link));
	cr_assert_eq(lchown(link, USER, USER), 0);
	expect_culprit(link, link);
	/* In the user's folder there is a link, or a file, of root's own. */
	snprintf(home, sizeof(home), "%s/home", p.top);
	snprintf(planted, sizeof(planted), "%s/planted", home);
	snprintf(real, sizeof(real), "%s/real", home);
	cr_assert_eq(mkdir(home, 0755), 0);
	cr_assert_eq(symlink(p.file, planted), 0);
	write_file(real, "text\n");
	cr_assert_eq(chown(home, USER, USER), 0);
	expect_culprit(link_to(&p, planted, link, sizeof(link)), home);
	expect_culprit(link_to(&p, "home/real", link, sizeof(link)), home);
	/* Through the folder and out again. */
	expect_culprit(
	    link_to(&p, "home/../keys/alice", link, sizeof(link)), home);
	end_place(&p);
}

Test(rootfile, that_is_not_there_is_absent)
{
	struct place p = make_place();
	char path[128], said[512];

	snprintf(path, sizeof(path), "%s/nobody", p.keys);
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_ABSENT, "%s", said);
	snprintf(path, sizeof(path), "%s/x", p.file);
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_ABSENT, "%s", said);
	snprintf(path, sizeof(path), "%s/", p.file);
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_ABSENT, "%s", said);
	link_to(&p, "nothing", path, sizeof(path));
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_ABSENT, "%s", said);
	end_place(&p);
}

/* None of these is absent: an absent file says nothing, and these may. */
Test(rootfile, that_cannot_be_read_as_text_is_a_fault)
{
	struct place p = make_place();
	char path[128], said[512], chain[128], before[128], line[PATH_MAX + 8];
	FILE *file;

	cr_expect_eq(look("keys/alice", said, sizeof(said)), FAULT_FORMAT);
	cr_expect_eq(look("", said, sizeof(said)), FAULT_FORMAT);
	cr_expect_eq(look("/", said, sizeof(said)), FAULT_FORMAT);
	cr_expect_eq(look(p.keys, said, sizeof(said)), FAULT_FORMAT);
	snprintf(path, sizeof(path), "%s/fifo", p.keys);
	cr_assert_eq(mkfifo(path, 0644), 0);
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_FORMAT, "%s", said);
	file = fopen(p.file, "w");
	fwrite("a\0b", 1, 3, file);
	fclose(file);
	cr_expect_eq(look(p.file, said, sizeof(said)), FAULT_FORMAT);
	cr_assert_eq(truncate(p.file, ROOTFILE_MAX + 1), 0);
	cr_expect_eq(look(p.file, said, sizeof(said)), FAULT_LIMIT);
	/* Links in a circle, and more than are followed. */
	link_to(&p, "link", path, sizeof(path));
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_IO, "%s", said);
	snprintf(before, sizeof(before), "alice");
	for (int i = 0; i <= ROOTFILE_LINKS; i++) {
		snprintf(chain, sizeof(chain), "%s/chain%d", p.keys, i);
		cr_assert_eq(symlink(before, chain), 0);
		snprintf(before, sizeof(before), "chain%d", i);
	}
	cr_expect_eq(look(chain, said, sizeof(said)), FAULT_IO, "%s", said);
	memset(line, '/', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	cr_expect_eq(look(line, said, sizeof(said)), FAULT_FORMAT);
	end_place(&p);
}

/* Longer than the room that a name gets. */
Test(rootfile, name_that_no_file_can_have_is_a_fault)
{
	struct place p = make_place();
	char path[96 + 4 * NAME_MAX], said[512], name[4 * NAME_MAX];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s", p.keys, name);
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_FORMAT, "%s", said);
	path[strlen(p.keys) + 1 + NAME_MAX] = '\0';
	cr_expect_eq(look(path, said, sizeof(said)), FAULT_ABSENT, "%s", said);
	end_place(&p);
}
