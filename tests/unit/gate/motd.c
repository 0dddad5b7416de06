/* Tests which files the message of the day is made of. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/motd.h"
#include "tests/unit/fixture.h"

#define SHOWN 512

struct folder {
	char path[FOLDER_MAX];
};

static void
put(const struct folder *f, const char *name, mode_t mode, const char *text)
{
	char path[FOLDER_MAX + 64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
}

static void
put_folder(const struct folder *f, const char *name)
{
	char path[FOLDER_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	cr_assert_eq(mkdir(path, 0755), 0);
}

static void
begin(struct folder *f)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	fixture_folder(f->path);
	put(f, "one", 0644, "one\n");
	put(f, "two", 0644, "two \033[1m\n");
	put(f, "open", 0666, "of anybody\n");
	put(f, "theirs", 0644, "of daemon\n");
	put_folder(f, "a");
	put_folder(f, "b");
	put(f, "a/20", 0644, "a20\n");
	put(f, "a/10", 0644, "a10\n");
	put(f, "a/.hidden", 0644, "hidden\n");
	put(f, "b/10", 0644, "b10\n");
	put(f, "b/15", 0644, "b15\n");
}

/* @ in the lines stands for the folder. */
static void
show(const struct folder *f, const char *lines, char ret[static SHOWN])
{
	char pam[2048] = "", path[FOLDER_MAX + 64];
	size_t len = 0;
	ssize_t n;
	int fd;

	for (; *lines != '\0'; lines++)
		len += (size_t)snprintf(pam + len, sizeof(pam) - len, "%.*s",
		    *lines == '@' ? FOLDER_MAX : 1,
		    *lines == '@' ? f->path : lines);
	snprintf(path, sizeof(path), "%s/shown", f->path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	motd_show(pam, fd);
	n = pread(fd, ret, SHOWN - 1, 0);
	cr_assert_geq(n, 0);
	ret[n] = '\0';
	close(fd);
}

#define LINE "session optional pam_motd.so "

Test(motd, is_of_the_files_that_pams_lines_name)
{
	static const struct {
		const char *lines, *shown;
	} cases[] = {
	    {"", ""},
	    {LINE "motd=@/one\n", "one\n"},
	    {LINE "motd=@/one noupdate\n" LINE "motd=@/two",
		"one\ntwo \033[1m\n"},
	    {LINE "motd=@/none:@/two:@/one\n", "two \033[1m\n"},
	    {LINE "motd_dir=@/a:@/b\n", "a10\na20\nb15\n"},
	    {LINE "motd=@/one motd_dir=@/none:@/b\n", "one\nb10\nb15\n"},
	    {"-session\t[success=ok default=bad]\tpam_motd.so motd=@/one\n",
		"one\n"},
	    {"session optional /lib/security/pam_motd.so motd=@/one\n",
		"one\n"},
	    /* Other lines. */
	    {"# " LINE "motd=@/one\n", ""},
	    {"auth optional pam_motd.so motd=@/one\n", ""},
	    {"session optional pam_motd.sox motd=@/one\n", ""},
	    {"session optional my_pam_motd.so motd=@/one\n", ""},
	    {"session optional pam_mail.so motd=@/one\n", ""},
	    /* Files that others could have written. */
	    {LINE "motd=@/open\n", ""},
	    {LINE "motd=@/theirs\n", ""},
	    {LINE "motd=@/pipe\n", ""},
	    {LINE "motd=@/a\n", ""},
	    {LINE "motd=@/large\n", ""},
	    {LINE "motd=@/open:@/one\n", ""},
	};
	char shown[SHOWN], path[FOLDER_MAX + 64], *large;
	struct folder f;

	begin(&f);
	snprintf(path, sizeof(path), "%s/theirs", f.path);
	cr_assert_eq(chown(path, 1, 1), 0);
	snprintf(path, sizeof(path), "%s/pipe", f.path);
	cr_assert_eq(mkfifo(path, 0644), 0);
	large = calloc(1, MOTD_MAX + 2);
	cr_assert_not_null(large);
	memset(large, 'x', MOTD_MAX + 1);
	put(&f, "large", 0644, large);
	free(large);
	for (size_t i = 0; i < COUNT(cases); i++) {
		show(&f, cases[i].lines, shown);
		cr_expect_str_eq(
		    shown, cases[i].shown, "%zu: %s", i, cases[i].lines);
	}
	fixture_remove(f.path);
}

Test(motd, last_login_is_in_sshds_words)
{
	char shown[SHOWN], path[FOLDER_MAX + 64];
	struct folder f;
	ssize_t n;
	int fd;

	setenv("TZ", "UTC", 1);
	begin(&f);
	snprintf(path, sizeof(path), "%s/shown", f.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	motd_show_last(0, "203.0.113.7", fd);
	motd_show_last(1795906800, "203.0.113.7", fd);
	motd_show_last(1795906800, "", fd);
	n = pread(fd, shown, SHOWN - 1, 0);
	cr_assert_geq(n, 0);
	shown[n] = '\0';
	cr_expect_str_eq(shown,
	    "Last login: Sat Nov 28 23:00:00 2026 from 203.0.113.7\n"
	    "Last login: Sat Nov 28 23:00:00 2026\n");
	close(fd);
	fixture_remove(f.path);
}
