#include "store/folder/audit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"
#include "store/base/utf8.h"

struct scene {
	char folder[FOLDER_MAX];
	struct store store;
};

static struct scene
begin(void)
{
	struct scene s;

	fixture_folder(s.folder);
	cr_assert_eq(store_open(s.folder, true, &s.store), FAULT_NONE, "%s",
	    s.store.why);
	return s;
}

static void
end(struct scene *s)
{
	store_close(&s->store);
	fixture_remove(s->folder);
}

static const struct audit entry = {
    .time_s = NOW_S,
    .event = "login",
    .user = "alice",
    .verdict = "deny",
    .reason = "wrong_code",
    .rule = "engineers",
    .address = ALICE_ADDRESS,
    .key = ALICE_KEY,
    .device = "d1",
    .command = "ls -l \"x\" \\",
    .actor = "root",
    .detail = "a detail",
    .suppressed = 3,
    .host = "b2",
};

/* Returns the whole file, which the caller frees. */
static char *
content(struct scene *s)
{
	int fd = openat(s->store.dir, AUDIT_FILE, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;

	cr_assert_geq(fd, 0);
	cr_assert_eq(file_read(fd, 1 << 20, &text, &len), FAULT_NONE);
	close(fd);
	return text;
}

/* Counts the lines, all of which must be valid. */
static size_t
count_lines(const char *text)
{
	size_t lines = 0;

	for (const char *line = text; *line != '\0'; lines++) {
		const char *stop = strchr(line, '\n');
		struct audit read;
		char one[AUDIT_LINE_MAX + 1] = "";

		cr_assert_not_null(stop, "half a line");
		cr_assert_leq(stop - line, AUDIT_LINE_MAX);
		memcpy(one, line, (size_t)(stop - line));
		cr_expect(audit_parse(one, strlen(one), &read), "line %zu",
		    lines + 1);
		line = stop + 1;
	}
	return lines;
}

Test(audit, writes_a_line_that_it_can_read)
{
	struct scene s = begin();
	struct audit read = {.time_s = 0};
	struct stat st;
	char *text;

	cr_expect_eq(audit_write(&s.store, &entry), FAULT_NONE);
	text = content(&s);
	cr_assert_eq(text[strlen(text) - 1], '\n');
	text[strlen(text) - 1] = '\0';
	cr_expect_null(strchr(text, '\n'));
	cr_assert(audit_parse(text, strlen(text), &read));
	cr_expect_eq(memcmp(&read, &entry, sizeof(read)), 0);
	cr_assert_eq(fstatat(s.store.dir, AUDIT_FILE, &st, 0), 0);
	cr_expect_eq(st.st_mode, S_IFREG | 0600);
	free(text);
	end(&s);
}

Test(audit, leaves_out_what_is_empty)
{
	struct scene s = begin();
	struct audit least = {.time_s = 0, .event = "unlock"};
	char *text;

	cr_expect_eq(audit_write(&s.store, &least), FAULT_NONE);
	text = content(&s);
	cr_expect_str_eq(
	    text, "{\"time\":\"1970-01-01T00:00:00Z\",\"event\":\"unlock\"}\n");
	free(text);
	end(&s);
}

/* audit.h: control characters in text that others chose are replaced. */
Test(audit, lets_no_control_byte_in)
{
	static const char *const nasty[] = {
	    "\x1b[2J",
	    "a\nb\rc\td\be",
	    "\x7f",
	    "\302\23331m",
	    "\u202egpj.exe\u2028",
	    "\xff\xfe\xc0\x80",
	    "\xe2\x82",
	    "\",\"user\":\"mallory",
	    "\\u001b",
	};
	struct scene s = begin();
	char *text;

	for (size_t i = 0; i < COUNT(nasty); i++) {
		struct audit e = {.time_s = NOW_S};

		snprintf(e.event, sizeof(e.event), "login");
		snprintf(e.user, sizeof(e.user), "%s", nasty[i]);
		snprintf(e.rule, sizeof(e.rule), "%s", nasty[i]);
		snprintf(e.address, sizeof(e.address), "%s", nasty[i]);
		snprintf(e.key, sizeof(e.key), "%s", nasty[i]);
		snprintf(e.command, sizeof(e.command), "%s", nasty[i]);
		snprintf(e.actor, sizeof(e.actor), "%s", nasty[i]);
		snprintf(e.detail, sizeof(e.detail), "%s", nasty[i]);
		cr_expect_eq(audit_write(&s.store, &e), FAULT_NONE);
	}
	text = content(&s);
	cr_expect_eq(count_lines(text), COUNT(nasty));
	for (char *line = strtok(text, "\n"); line != NULL;
	     line = strtok(NULL, "\n")) {
		char clean[AUDIT_LINE_MAX];

		utf8_clean(line, strlen(line), clean, sizeof(clean));
		cr_expect(strcmp(line, clean) == 0, "becomes %s", clean);
	}
	free(text);
	end(&s);
}

/* The longest possible entry, of characters that must be escaped. */
Test(audit, fits_its_own_limit)
{
	struct scene s = begin();
	struct audit e;
	char *text;

	memset(&e, '"', sizeof(e));
	e.time_s = NOW_S;
	e.suppressed = 1000000000;
	e.door = true;
	e.event[sizeof(e.event) - 1] = '\0';
	e.user[sizeof(e.user) - 1] = '\0';
	e.verdict[sizeof(e.verdict) - 1] = '\0';
	e.reason[sizeof(e.reason) - 1] = '\0';
	e.rule[sizeof(e.rule) - 1] = '\0';
	e.address[sizeof(e.address) - 1] = '\0';
	e.key[sizeof(e.key) - 1] = '\0';
	e.device[sizeof(e.device) - 1] = '\0';
	e.command[sizeof(e.command) - 1] = '\0';
	e.target[sizeof(e.target) - 1] = '\0';
	e.actor[sizeof(e.actor) - 1] = '\0';
	e.detail[sizeof(e.detail) - 1] = '\0';
	cr_expect_eq(audit_write(&s.store, &e), FAULT_NONE);
	text = content(&s);
	cr_expect_eq(count_lines(text), 1);
	free(text);
	end(&s);
}

Test(audit, reads_no_damaged_line)
{
	static const char *const lines[] = {
	    "",
	    "{}",
	    "{'time':'2026-01-01T00:00:00Z'",
	    "{'time':'yesterday'}",
	    "{'time':'2026-01-01T00:00:00Z','colour':'red'}",
	    "{'time':'2026-01-01T00:00:00Z','user':'\\u001b'}",
	    "{'time':'2026-01-01T00:00:00Z','suppressed':-1}",
	};
	struct audit read = {.suppressed = 77};

	for (size_t i = 0; i < COUNT(lines); i++) {
		char quoted[QUOTED_MAX];

		fixture_quote(lines[i], quoted);
		cr_expect_not(
		    audit_parse(quoted, strlen(quoted), &read), "%s", lines[i]);
	}
	cr_expect_eq(read.suppressed, 77);
}

/* Writes two lines in a child, on a disk with room for one and a bit. */
static int
write_with_little_room(struct scene *s)
{
	struct rlimit limit;
	struct stat st;
	off_t full;

	signal(SIGXFSZ, SIG_IGN);
	if (audit_write(&s->store, &entry) != FAULT_NONE ||
	    fstatat(s->store.dir, AUDIT_FILE, &st, 0) < 0)
		return 1;
	full = st.st_size;
	limit.rlim_cur = limit.rlim_max = (rlim_t)full + 20;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 2;
	errno = 0;
	if (audit_write(&s->store, &entry) != FAULT_IO || errno != EFBIG)
		return 3;
	if (fstatat(s->store.dir, AUDIT_FILE, &st, 0) < 0 || st.st_size != full)
		return 4;
	return 0;
}

Test(audit, takes_back_what_a_full_disk_cut_short)
{
	struct scene s = begin();
	pid_t pid = fork();
	char *text;

	if (pid == 0)
		_exit(write_with_little_room(&s));
	cr_expect_eq(fixture_wait(pid), 0);
	cr_expect_eq(audit_write(&s.store, &entry), FAULT_NONE);
	text = content(&s);
	cr_expect_eq(count_lines(text), 2);
	free(text);
	end(&s);
}

/* A half line, left by a killed writer, must not swallow the next line. */
/* A network disk may say only on close(2) that it is full. */
Test(audit, is_not_written_where_the_file_cannot_be_closed)
{
	struct scene s = begin();

	inject_arm_call("close", 1, EDQUOT);
	cr_expect_eq(audit_write(&s.store, &entry), FAULT_IO);
	cr_expect_eq(errno, EDQUOT);
	cr_expect(inject_disarm());
	cr_expect_eq(audit_write(&s.store, &entry), FAULT_NONE);
	end(&s);
}

/* A change that must be logged does not begin if the log cannot be written. */
Test(audit, is_looked_at_before_a_change)
{
	struct scene s = begin();

	cr_expect_eq(audit_check(&s.store), FAULT_NONE);
	cr_assert_eq(fchmodat(s.store.dir, AUDIT_FILE, 0640, 0), 0);
	cr_expect_eq(audit_check(&s.store), FAULT_ACCESS);
	cr_assert_eq(unlinkat(s.store.dir, AUDIT_FILE, 0), 0);
	cr_assert_eq(mkdirat(s.store.dir, AUDIT_FILE, 0700), 0);
	cr_expect_neq(audit_check(&s.store), FAULT_NONE);
	end(&s);
}

Test(audit, begins_a_line_of_its_own_after_half_of_one)
{
	struct scene s = begin();
	struct audit read = {.time_s = 0};
	char *text, *last;
	int fd = openat(
	    s.store.dir, AUDIT_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write(fd, "{\"time\":\"20", 11), FAULT_NONE);
	close(fd);
	cr_expect_eq(audit_write(&s.store, &entry), FAULT_NONE);
	text = content(&s);
	text[strlen(text) - 1] = '\0';
	last = strrchr(text, '\n');
	cr_expect_not_null(last);
	if (last != NULL)
		cr_expect(audit_parse(last + 1, strlen(last + 1), &read));
	free(text);
	end(&s);
}

Test(audit, lets_many_write_at_once)
{
	enum { WRITERS = 16, TIMES = 20 };
	struct scene s = begin();
	pid_t pids[WRITERS];
	char *text;

	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int k = 0; k < TIMES; k++)
			if (audit_write(&s.store, &entry) != FAULT_NONE)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < WRITERS; i++)
		cr_expect_eq(fixture_wait(pids[i]), 0);
	text = content(&s);
	cr_expect_eq(count_lines(text), (size_t)WRITERS * TIMES);
	free(text);
	end(&s);
}

static void
put_nothing(struct scene *s)
{
	unlinkat(s->store.dir, AUDIT_FILE, 0);
}

Test(audit, refuses_a_file_that_is_not_its_own)
{
	struct scene s = begin();
	int fd;

	cr_assert_eq(symlinkat("elsewhere", s.store.dir, AUDIT_FILE), 0);
	cr_expect_eq(audit_write(&s.store, &entry), FAULT_IO);
	cr_expect_neq(faccessat(s.store.dir, "elsewhere", F_OK, 0), 0);
	put_nothing(&s);

	cr_assert_eq(mkfifoat(s.store.dir, AUDIT_FILE, 0600), 0);
	cr_expect_eq(audit_write(&s.store, &entry), FAULT_ACCESS);
	put_nothing(&s);

	for (mode_t mode = 01; mode <= 040; mode = (mode_t)(mode << 1)) {
		fd = openat(s.store.dir, AUDIT_FILE,
		    O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		cr_assert_geq(fd, 0);
		cr_assert_eq(fchmod(fd, 0600 | mode), 0);
		cr_expect_eq(audit_write(&s.store, &entry), FAULT_ACCESS);
		close(fd);
		put_nothing(&s);
	}
	if (geteuid() == 0) {
		cr_expect_eq(audit_write(&s.store, &entry), FAULT_NONE);
		cr_assert_eq(fchownat(s.store.dir, AUDIT_FILE, 4242, 0, 0), 0);
		cr_expect_eq(audit_write(&s.store, &entry), FAULT_ACCESS);
	}
	end(&s);
}
