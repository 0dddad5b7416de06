#include "store/folder/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

#define STRANGER 4242

struct scene {
	char parent[FOLDER_MAX];
	char path[FOLDER_MAX + 8];
	struct store store;
};

static struct scene
begin(void)
{
	struct scene s;

	fixture_folder(s.parent);
	snprintf(s.path, sizeof(s.path), "%s/store", s.parent);
	cr_assert_eq(
	    store_open(s.path, true, &s.store), FAULT_NONE, "%s", s.store.why);
	return s;
}

static void
end(struct scene *s)
{
	store_close(&s->store);
	fixture_remove(s->parent);
}

/* Functions for store_update(); arg is the caller's. */
static enum change
count_one(struct record *record, void *arg)
{
	(void)arg;
	record->failures.known.count++;
	return CHANGE_WRITE;
}

static enum change
change_nothing(struct record *record, void *arg)
{
	*(int64_t *)arg = record->failures.known.count;
	record->failures.known.count = 1000;
	return CHANGE_NONE;
}

static enum change
must_not_be_called(struct record *record, void *arg)
{
	(void)record;
	++*(int *)arg;
	return CHANGE_WRITE;
}

static enum fault
count(struct scene *s)
{
	return store_update(&s->store, "alice", 1001, count_one, NULL);
}

static int64_t
counted(struct scene *s)
{
	struct record record;
	int64_t n;

	if (store_read(&s->store, "alice", &record) != FAULT_NONE)
		return -1;
	n = record.failures.known.count;
	record_done(&record);
	return n;
}

static struct stat
status(struct scene *s, const char *name)
{
	struct stat st;

	cr_assert_eq(fstatat(s->store.dir, name, &st, AT_SYMLINK_NOFOLLOW), 0,
	    "%s", name);
	return st;
}

/* Writes text in place of the record. */
static void
put(struct scene *s, const char *name, const char *text, size_t len)
{
	int fd = openat(
	    s->store.dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write(fd, text, len), FAULT_NONE);
	close(fd);
}

/* The record is neither read nor changed: the file stays as it is. */
static void
expect_refused(struct scene *s, enum fault expected, const char *what)
{
	struct stat before = status(s, "users/alice.json"), after;
	struct record record = {.version = 77};
	int calls = 0;

	cr_expect_eq(
	    store_read(&s->store, "alice", &record), expected, "%s", what);
	cr_expect_eq(record.version, 77, "%s", what);
	s->store.why[0] = '\0';
	cr_expect_eq(
	    store_update(&s->store, "alice", 1001, must_not_be_called, &calls),
	    expected, "%s", what);
	cr_expect_str_not_empty(s->store.why, "%s", what);
	cr_expect_null(strstr(s->store.why, "/ "), "%s", s->store.why);
	cr_expect_eq(calls, 0, "%s", what);
	after = status(s, "users/alice.json");
	cr_expect_eq(before.st_ino, after.st_ino, "%s", what);
	cr_expect_eq(before.st_size, after.st_size, "%s", what);
	cr_expect_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

Test(store, makes_its_folders_and_files_private)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {
	    {".", S_IFDIR | 0700},
	    {"users", S_IFDIR | 0700},
	    {"locks", S_IFDIR | 0700},
	    {"users/alice.json", S_IFREG | 0600},
	    {"locks/alice", S_IFREG | 0600},
	};
	mode_t old = umask(0);
	struct scene s = begin();

	cr_expect_eq(count(&s), FAULT_NONE);
	for (size_t i = 0; i < COUNT(files); i++)
		cr_expect_eq(status(&s, files[i].name).st_mode, files[i].mode,
		    "%s", files[i].name);
	umask(old);
	end(&s);
}

Test(store, keeps_a_record)
{
	struct scene s = begin();
	struct record record;

	cr_expect_eq(count(&s), FAULT_NONE);
	cr_expect_eq(count(&s), FAULT_NONE);
	store_close(&s.store);
	cr_assert_eq(store_open(s.path, false, &s.store), FAULT_NONE);
	cr_assert_eq(store_read(&s.store, "alice", &record), FAULT_NONE);
	cr_expect_str_eq(record.user, "alice");
	cr_expect_eq(record.uid, 1001);
	cr_expect_eq(record.failures.known.count, 2);
	record_done(&record);
	end(&s);
}

Test(store, writes_nothing_where_nothing_changed)
{
	struct scene s = begin();
	struct stat before, after;
	int64_t seen = -1;

	cr_expect_eq(
	    store_update(&s.store, "alice", 1001, change_nothing, &seen),
	    FAULT_NONE);
	cr_expect_eq(seen, 0);
	cr_expect_eq(counted(&s), -1);
	cr_expect_neq(faccessat(s.store.users, "alice.json", F_OK, 0), 0);

	cr_assert_eq(count(&s), FAULT_NONE);
	before = status(&s, "users/alice.json");
	cr_expect_eq(
	    store_update(&s.store, "alice", 1001, change_nothing, &seen),
	    FAULT_NONE);
	cr_expect_eq(seen, 1);
	after = status(&s, "users/alice.json");
	cr_expect_eq(before.st_ino, after.st_ino);
	cr_expect_eq(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	cr_expect_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	cr_expect_eq(counted(&s), 1);
	end(&s);
}

Test(store, is_absent_only_where_there_is_none)
{
	struct scene s = begin();
	struct record record;
	struct store other;
	char path[FOLDER_MAX + 32];

	cr_expect_eq(store_read(&s.store, "alice", &record), FAULT_ABSENT);
	snprintf(path, sizeof(path), "%s/none", s.parent);
	cr_expect_eq(store_open(path, false, &other), FAULT_ABSENT);
	cr_expect_str_not_empty(other.why);
	snprintf(path, sizeof(path), "%s/none/store", s.parent);
	cr_expect_eq(store_open(path, true, &other), FAULT_ABSENT);
	store_close(&other);

	/* The file exists, and cannot be read. */
	cr_assert_eq(symlinkat("nowhere", s.store.users, "alice.json"), 0);
	expect_refused(&s, FAULT_IO, "dangling link");
	cr_assert_eq(unlinkat(s.store.users, "alice.json", 0), 0);
	cr_assert_eq(mkdirat(s.store.users, "alice.json", 0700), 0);
	expect_refused(&s, FAULT_ACCESS, "folder");
	cr_assert_eq(unlinkat(s.store.users, "alice.json", AT_REMOVEDIR), 0);
	cr_assert_eq(mkfifoat(s.store.users, "alice.json", 0600), 0);
	expect_refused(&s, FAULT_ACCESS, "fifo");
	end(&s);
}

/* An update never gets "absent": it makes a record or fails. */
Test(store, does_not_call_a_lost_folder_an_absent_record)
{
	struct scene s = begin();
	int calls = 0;

	cr_assert_eq(unlinkat(s.store.dir, "locks", AT_REMOVEDIR), 0);
	cr_expect_eq(
	    store_update(&s.store, "alice", 1001, must_not_be_called, &calls),
	    FAULT_IO);
	cr_expect_eq(calls, 0);
	cr_assert_eq(mkdirat(s.store.dir, "locks", 0700), 0);
	store_close(&s.store);
	cr_assert_eq(store_open(s.path, false, &s.store), FAULT_NONE);
	cr_assert_eq(unlinkat(s.store.dir, "users", AT_REMOVEDIR), 0);
	cr_expect_eq(count(&s), FAULT_IO);
	end(&s);
}

Test(store, refuses_a_folder_that_others_may_enter)
{
	static const char *const folders[] = {"", "/users", "/locks"};
	static const mode_t modes[] = {0701, 0710, 0704, 0755, 0777, 0720};
	struct scene s = begin();

	for (size_t i = 0; i < COUNT(folders); i++)
		for (size_t k = 0; k < COUNT(modes); k++) {
			char path[FOLDER_MAX + 32];
			struct store store;

			snprintf(
			    path, sizeof(path), "%s%s", s.path, folders[i]);
			cr_assert_eq(chmod(path, modes[k]), 0);
			cr_expect_eq(store_open(s.path, true, &store),
			    FAULT_ACCESS, "%s %o", path, (unsigned)modes[k]);
			cr_expect_str_not_empty(store.why);
			cr_expect_eq(store.dir, -1);
			cr_assert_eq(chmod(path, 0700), 0);
		}
	end(&s);
}

Test(store, refuses_what_belongs_to_somebody_else)
{
	static const char *const folders[] = {"", "/users", "/locks"};
	struct scene s = begin();
	struct store store;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	for (size_t i = 0; i < COUNT(folders); i++) {
		char path[FOLDER_MAX + 32];

		snprintf(path, sizeof(path), "%s%s", s.path, folders[i]);
		cr_assert_eq(chown(path, STRANGER, 0), 0);
		cr_expect_eq(
		    store_open(s.path, true, &store), FAULT_ACCESS, "%s", path);
		cr_assert_eq(chown(path, 0, 0), 0);
	}
	cr_assert_eq(count(&s), FAULT_NONE);
	cr_assert_eq(fchownat(s.store.users, "alice.json", STRANGER, 0, 0), 0);
	expect_refused(&s, FAULT_ACCESS, "another's record");
	end(&s);
}

Test(store, refuses_a_folder_that_is_a_link)
{
	struct scene s = begin();
	char path[FOLDER_MAX + 16];
	struct store store;

	snprintf(path, sizeof(path), "%s/link", s.parent);
	cr_assert_eq(symlink("store", path), 0);
	cr_expect_neq(store_open(path, true, &store), FAULT_NONE);
	cr_assert_eq(
	    renameat(s.store.dir, "users", s.store.dir, "elsewhere"), 0);
	cr_assert_eq(symlinkat("elsewhere", s.store.dir, "users"), 0);
	cr_expect_neq(store_open(s.path, true, &store), FAULT_NONE);
	cr_expect_neq(store_open(s.path, true, &store), FAULT_ABSENT);
	end(&s);
}

Test(store, refuses_a_record_that_is_not_private_and_plain)
{
	static const mode_t modes[] = {
	    0601, 0602, 0604, 0610, 0620, 0640, 0644, 0666, 0777};
	struct scene s = begin();

	cr_assert_eq(count(&s), FAULT_NONE);
	for (size_t i = 0; i < COUNT(modes); i++) {
		cr_assert_eq(
		    fchmodat(s.store.users, "alice.json", modes[i], 0), 0);
		expect_refused(&s, FAULT_ACCESS, "mode");
	}
	cr_assert_eq(fchmodat(s.store.users, "alice.json", 0600, 0), 0);
	cr_expect_eq(counted(&s), 1);

	cr_assert_eq(
	    linkat(s.store.users, "alice.json", s.store.dir, "second", 0), 0);
	expect_refused(&s, FAULT_ACCESS, "second name");
	cr_assert_eq(unlinkat(s.store.users, "alice.json", 0), 0);
	cr_assert_eq(symlinkat("../second", s.store.users, "alice.json"), 0);
	expect_refused(&s, FAULT_IO, "link");
	end(&s);
}

Test(store, overwrites_no_damaged_record)
{
	static const char *const texts[] = {
	    "",
	    "{}",
	    "not JSON",
	    "{\"version\": 1, \"user\": \"alice\"",
	};
	static char large[RECORD_MAX + 1];
	struct scene s = begin();

	for (size_t i = 0; i < COUNT(texts); i++) {
		put(&s, "users/alice.json", texts[i], strlen(texts[i]));
		expect_refused(&s, FAULT_FORMAT, texts[i]);
	}
	memset(large, ' ', sizeof(large));
	put(&s, "users/alice.json", large, sizeof(large));
	expect_refused(&s, FAULT_LIMIT, "too large");
	end(&s);
}

Test(store, takes_no_record_of_another_user)
{
	struct scene s = begin();
	struct record record = {.version = 77};
	int calls = 0;

	cr_assert_eq(count(&s), FAULT_NONE);
	cr_assert_eq(
	    renameat(s.store.users, "alice.json", s.store.users, "bob.json"),
	    0);
	cr_expect_eq(store_read(&s.store, "bob", &record), FAULT_FORMAT);
	cr_expect_eq(
	    store_update(&s.store, "bob", 1002, must_not_be_called, &calls),
	    FAULT_FORMAT);
	cr_expect_eq(calls, 0);
	end(&s);
}

Test(store, sets_a_damaged_record_aside)
{
	struct scene s = begin();

	put(&s, "users/alice.json", "first", 5);
	cr_expect_eq(store_set_aside(&s.store, "alice"), FAULT_NONE);
	cr_expect_eq(status(&s, "users/alice.json.damaged").st_size, 5);
	cr_expect_eq(count(&s), FAULT_NONE);
	cr_expect_eq(counted(&s), 1);
	put(&s, "users/alice.json", "second", 6);
	cr_expect_eq(store_set_aside(&s.store, "alice"), FAULT_NONE);
	cr_expect_eq(status(&s, "users/alice.json.damaged").st_size, 6);
	cr_expect_eq(store_set_aside(&s.store, "alice"), FAULT_ABSENT);
	end(&s);
}

/* A file that a crash left behind. */
Test(store, is_not_hindered_by_a_leftover)
{
	struct scene s = begin();
	struct store_names names;

	put(&s, "users/.alice.new", "half a rec", 10);
	cr_expect_eq(counted(&s), -1);
	cr_assert_eq(store_list(&s.store, &names), FAULT_NONE);
	cr_expect_eq(names.names.count, 0);
	cr_expect_eq(count(&s), FAULT_NONE);
	cr_expect_eq(counted(&s), 1);
	cr_expect_neq(faccessat(s.store.users, ".alice.new", F_OK, 0), 0);
	cr_expect_eq(status(&s, "users/alice.json").st_mode & 07777, 0600);
	end(&s);
}

/* A leftover that is a link must not lead the writer to another file. */
Test(store, does_not_follow_a_leftover)
{
	struct scene s = begin();

	put(&s, "victim", "kept", 4);
	cr_assert_eq(symlinkat("../victim", s.store.users, ".alice.new"), 0);
	cr_expect_eq(count(&s), FAULT_NONE);
	cr_expect_eq(status(&s, "victim").st_size, 4);
	cr_expect_eq(status(&s, "users/alice.json").st_mode & S_IFMT, S_IFREG);
	end(&s);
}

Test(store, lets_sixteen_writers_each_add_one)
{
	enum { WRITERS = 16, TIMES = 5 };
	struct scene s = begin();
	pid_t pids[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int k = 0; k < TIMES; k++)
			if (count(&s) != FAULT_NONE)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < WRITERS; i++)
		cr_expect_eq(fixture_wait(pids[i]), 0);
	cr_expect_eq(counted(&s), (int64_t)WRITERS * TIMES);
	end(&s);
}

/* store.h: "a consistent copy, without the lock". */
Test(store, reads_while_another_writes)
{
	struct scene s = begin();
	int64_t last = 0;
	pid_t pid;

	cr_assert_eq(count(&s), FAULT_NONE);
	pid = fork();
	if (pid == 0)
		for (;;)
			if (count(&s) != FAULT_NONE)
				_exit(1);
	for (int i = 0; i < 20000; i++) {
		struct record record;
		enum fault fault = store_read(&s.store, "alice", &record);

		cr_expect_eq(fault, FAULT_NONE, "read %d: %s: %s", i,
		    fault_name(fault), s.store.why);
		if (fault != FAULT_NONE)
			break;
		cr_expect_geq(record.failures.known.count, last);
		last = record.failures.known.count;
		record_done(&record);
	}
	kill(pid, SIGKILL);
	fixture_wait(pid);
	cr_expect_geq(counted(&s), last);
	end(&s);
}

/* A killed process leaves no lock. */
Test(store, forgets_the_lock_of_one_who_was_killed)
{
	struct scene s = begin();

	for (int i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				if (count(&s) != FAULT_NONE)
					_exit(1);
		usleep(3000);
		kill(pid, SIGKILL);
		fixture_wait(pid);
		cr_expect_eq(count(&s), FAULT_NONE);
	}
	end(&s);
}

/* Fills the file system, in a child that has it for itself. */
static int
update_on_full_disk(struct scene *s, int *ret_errno)
{
	char path[FOLDER_MAX + 32];
	int fd, error;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tfa-unit", s->parent, "tmpfs", 0, "size=64k") < 0)
		return 99;
	store_close(&s->store);
	if (store_open(s->path, true, &s->store) != FAULT_NONE ||
	    count(s) != FAULT_NONE)
		return 1;
	snprintf(path, sizeof(path), "%s/filler", s->parent);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, path, sizeof(path)) > 0)
		;
	error = errno;
	if (fd < 0 || error != ENOSPC)
		return 2;
	errno = 0;
	if (count(s) != FAULT_IO)
		return 3;
	*ret_errno = errno;
	if (counted(s) != 1)
		return 4;
	if (faccessat(s->store.users, ".alice.new", F_OK, 0) == 0)
		return 5;
	unlink(path);
	close(fd);
	if (count(s) != FAULT_NONE || counted(s) != 2)
		return 6;
	if (mount("none", s->parent, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 99;
	errno = 0;
	if (count(s) != FAULT_IO || errno != EROFS)
		return 7;
	return counted(s) == 2 ? 0 : 8;
}

Test(store, keeps_the_old_record_on_a_full_or_read_only_disk)
{
	struct scene s = begin();
	pid_t pid = fork();
	int step;

	if (pid == 0) {
		int error = 0;

		step = update_on_full_disk(&s, &error);
		_exit(step == 0 && error != ENOSPC ? 9 : step);
	}
	step = fixture_wait(pid);
	end(&s);
	if (step == 99)
		cr_skip_test("cannot mount a file system of its own");
	cr_expect_eq(step, 0, "failed at step %d", step);
}

Test(store, encodes_names_that_are_no_file_names)
{
	static const struct {
		const char *user, *file;
	} names[] = {
	    {"alice", "alice"},
	    {"Alice-B_2.c", "Alice-B_2.c"},
	    {".alice", "%2Ealice"},
	    {"..", "%2E."},
	    {".", "%2E"},
	    {"a.new", "a.new"},
	    {"a/b", "a%2Fb"},
	    {"../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"},
	    {"100%", "100%25"},
	    {"%2E", "%252E"},
	    {"DOM\\alice", "DOM%5Calice"},
	    {"alice@corp", "alice%40corp"},
	    {"a b$", "a%20b%24"},
	    {"caf\u00e9", "caf%C3%A9"},
	    {"\n\x7f\xff", "%0A%7F%FF"},
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		char file[STORE_FILE_TEXT] = "", user[USER_TEXT] = "";

		cr_expect_eq(store_encode(names[i].user, file), FAULT_NONE);
		cr_expect_str_eq(file, names[i].file);
		cr_expect(store_decode(file, strlen(file), user));
		cr_expect_str_eq(user, names[i].user);
	}
}

/* Such names are encoded as in earlier versions. */
Test(store, takes_names_of_80_bytes)
{
	char user[USER_TEXT + 1], file[STORE_FILE_TEXT], again[USER_TEXT];
	static const char fills[] = {'a', '/', '\xc3'};

	for (size_t i = 0; i < COUNT(fills); i++) {
		memset(user, fills[i], 80);
		user[80] = '\0';
		cr_assert_eq(store_encode(user, file), FAULT_NONE);
		cr_expect(store_decode(file, strlen(file), again));
		cr_expect_str_eq(again, user);
		memset(user, fills[i], 257);
		user[257] = '\0';
		cr_expect_eq(store_encode(user, file), FAULT_LIMIT);
		user[256] = '\0';
		cr_expect_eq(store_encode(user, file), FAULT_NONE);
		cr_expect_leq(strlen(file), STORE_FILE_MAX);
	}
	cr_expect_eq(store_encode("", file), FAULT_LIMIT);
}

/* Names with the same start or end, or that look like another user's file. */
Test(store, gives_each_long_name_a_file_of_its_own)
{
	char users[6][USER_TEXT], files[6][STORE_FILE_TEXT];

	for (size_t i = 0; i < COUNT(users); i++) {
		memset(users[i], i < 3 ? 'a' : '/', 250);
		users[i][250] = '\0';
	}
	users[1][249] = 'b';
	users[2][0] = 'b';
	users[4][249] = 'b';
	users[5][53] = 'a'; /* an escape lies where the start is cut */
	for (size_t i = 0; i < COUNT(users); i++) {
		char decoded[USER_TEXT];

		cr_assert_eq(store_encode(users[i], files[i]), FAULT_NONE);
		cr_expect_leq(strlen(files[i]), STORE_FILE_MAX);
		cr_expect_not(
		    store_decode(files[i], strlen(files[i]), decoded));
		for (size_t k = 0; k < i; k++)
			cr_expect_str_neq(files[i], files[k]);
	}
	/* A user whose name is that file name has another file. */
	snprintf(users[0], sizeof(users[0]), "%.255s", files[1]);
	cr_assert_eq(store_encode(users[0], files[0]), FAULT_NONE);
	cr_expect_str_neq(files[0], files[1]);
}

Test(store, keeps_the_record_of_the_longest_name)
{
	static const char fills[] = {'/', 'a'};

	for (size_t i = 0; i < COUNT(fills); i++) {
		struct scene s = begin();
		char user[USER_TEXT] = "", other[USER_TEXT] = "";
		struct store_names names;
		struct record record;

		memset(user, fills[i], USER_TEXT - 1);
		memcpy(other, user, sizeof(other));
		other[USER_TEXT - 2] = 'b';
		cr_expect_eq(store_update(&s.store, user, 1, count_one, NULL),
		    FAULT_NONE, "%s", s.store.why);
		cr_assert_eq(store_read(&s.store, user, &record), FAULT_NONE);
		cr_expect_str_eq(record.user, user);
		record_done(&record);
		cr_expect_eq(
		    store_read(&s.store, other, &record), FAULT_ABSENT);
		cr_assert_eq(store_list(&s.store, &names), FAULT_NONE);
		cr_assert_eq(names.names.count, 1);
		cr_expect_str_eq(names.names.items[0].text, user);
		store_names_done(&names);
		cr_expect_eq(store_set_aside(&s.store, user), FAULT_NONE, "%s",
		    s.store.why);
		put(&s, "users/%2F.json", "", 0);
		end(&s);
	}
}

/* A damaged record is still listed, and another user's record is not taken
 * for it. */
Test(store, lists_a_hashed_file_that_tells_no_name)
{
	static const char hash[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char path[128];
	struct scene s = begin();
	struct store_names names;

	snprintf(path, sizeof(path), "users/abc%%-%s.json", hash);
	put(&s, path, "{", 1);
	cr_assert_eq(store_list(&s.store, &names), FAULT_NONE);
	cr_assert_eq(names.names.count, 1);
	cr_expect_eq(strncmp(names.names.items[0].text, "abc%-", 5), 0);
	store_names_done(&names);

	cr_assert_eq(store_update(&s.store, "alice", 1001, count_one, NULL),
	    FAULT_NONE, "%s", s.store.why);
	cr_assert_eq(renameat(s.store.users, "alice.json", s.store.users,
			 path + strlen("users/")),
	    0);
	cr_assert_eq(store_list(&s.store, &names), FAULT_NONE);
	cr_assert_eq(names.names.count, 1);
	cr_expect_eq(strncmp(names.names.items[0].text, "abc%-", 5), 0);
	store_names_done(&names);
	end(&s);
}

Test(store, decodes_only_what_it_encodes)
{
	static const char *const files[] = {
	    "",
	    ".alice",
	    "a%",
	    "a%2",
	    "a%2f",
	    "a%61",
	    "a%2G",
	    "a%00",
	    "%",
	    "a/b",
	    "a b",
	    "caf\u00e9",
	    "a%-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
	    "f",
	};
	char user[USER_TEXT] = "unset";

	for (size_t i = 0; i < COUNT(files); i++)
		cr_expect_not(store_decode(files[i], strlen(files[i]), user),
		    "%s", files[i]);
	cr_expect_not(store_decode("a\0b", 3, user));
	cr_expect_not(store_decode("a%4\0", 4, user));
	cr_expect_str_eq(user, "unset");
}

static ino_t
inode_of(struct scene *s, const char *user)
{
	char file[STORE_FILE_TEXT], path[STORE_FILE_TEXT + 16];

	cr_assert_eq(store_encode(user, file), FAULT_NONE);
	snprintf(path, sizeof(path), "users/%s.json", file);
	return status(s, path).st_ino;
}

/* It is only a hint; store_read() reports errors. */
Test(store, is_not_changed_by_reading_ahead)
{
	struct scene s = begin();

	store_prefetch(&s.store, "alice");
	store_prefetch(&s.store, "");
	cr_expect_eq(counted(&s), -1);
	cr_expect_eq(count(&s), FAULT_NONE);
	store_prefetch(&s.store, "alice");
	cr_expect_eq(counted(&s), 1);
	end(&s);
}

Test(store, lists_who_has_a_record)
{
	static const char *const users[] = {
	    "alice", ".bob", "a/b", "caf\u00e9"};
	static const char *const others[] = {"users/.alice.new",
	    "users/carol.json.damaged", "users/dave", "users/.json",
	    "users/.erin.json", "users/a%2f.json", "users/README.txt"};
	struct scene s = begin();
	struct store_names names;

	for (size_t i = 0; i < COUNT(users); i++)
		cr_assert_eq(
		    store_update(&s.store, users[i], 1, count_one, NULL),
		    FAULT_NONE);
	for (size_t i = 0; i < COUNT(others); i++)
		put(&s, others[i], "", 0);
	for (int again = 0; again < 2; again++) {
		cr_assert_eq(store_list(&s.store, &names), FAULT_NONE);
		cr_expect_eq(names.names.count, COUNT(users));
		for (size_t i = 0; i < COUNT(users); i++) {
			ino_t inode = 0;

			for (size_t k = 0; k < names.names.count; k++)
				if (strcmp(names.names.items[k].text,
					users[i]) == 0)
					inode = names.names.items[k].order;
			cr_expect_eq(
			    inode, inode_of(&s, users[i]), "%s", users[i]);
		}
		store_names_done(&names);
	}
	end(&s);
}

Test(store, finds_names_in_the_order_of_their_bytes)
{
	static const char *const there[] = {
	    "bob", "alice", "b%2Fb", "Bob", "b"};
	struct store_names names = {.names = {NULL, 0}};

	store_names_sort(&names);
	cr_expect_not(store_names_has(&names, "bob"));
	for (size_t i = 0; i < COUNT(there); i++)
		cr_assert(store_names_add(&names, there[i], i + 1));
	store_names_sort(&names);
	cr_expect_str_eq(names.names.items[0].text, "Bob");
	cr_expect_eq(names.names.items[0].order, 4);
	for (size_t i = 0; i < COUNT(there); i++)
		cr_expect(store_names_has(&names, there[i]), "%s", there[i]);
	cr_expect_not(store_names_has(&names, "bo"));
	cr_expect_not(store_names_has(&names, "carol"));
	store_names_done(&names);
}

Test(store, may_be_closed_twice)
{
	struct store store;

	cr_expect_neq(store_open("/dev/null", true, &store), FAULT_NONE);
	store_close(&store);
	store_close(&store);
	cr_expect_eq(store.dir, -1);
}

/* A shorter list would be taken for the whole. */
Test(store, leaves_the_list_alone_where_it_cannot_be_read)
{
	static const char *const calls[] = {
	    "openat", "fdopendir", "readdir", "calloc", "malloc"};
	static struct store_name kept;
	struct scene s = begin();
	int failures = 0;

	cr_assert_eq(count(&s), FAULT_NONE);
	for (size_t i = 0; i < 4 * COUNT(calls); i++) {
		const char *call = calls[i % COUNT(calls)];
		struct store_names names = {.names = {&kept, 77}};
		enum fault fault;

		inject_arm_call(
		    call, (int)(i / COUNT(calls)) + 1, INJECT_USUAL);
		fault = store_list(&s.store, &names);
		if (!inject_disarm()) {
			cr_assert_eq(fault, FAULT_NONE, "%s", call);
			store_names_done(&names);
			continue;
		}
		failures++;
		cr_expect_eq(fault,
		    strstr(call, "alloc") != NULL ? FAULT_MEMORY : FAULT_IO,
		    "%s: %s", call, fault_name(fault));
		cr_expect_eq(names.names.items, &kept, "%s", call);
		cr_expect_eq(names.names.count, 77, "%s", call);
		cr_expect_str_not_empty(s.store.why, "%s", call);
	}
	/* ".", "..", the record and the end. */
	cr_expect_eq(failures, 8);
	end(&s);
}

/* Returns true if a process waits for a lock of that file (proc(5)). */
static bool
is_waited_for(int fd, pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256], process[32], file[32];
	bool found = false;
	struct stat st;

	cr_assert_not_null(locks);
	cr_assert_eq(fstat(fd, &st), 0);
	snprintf(process, sizeof(process), " %ld ", (long)pid);
	snprintf(file, sizeof(file), ":%lu ", (unsigned long)st.st_ino);
	while (fgets(line, sizeof(line), locks) != NULL)
		found |= strstr(line, "-> FLOCK") != NULL &&
		    strstr(line, process) != NULL && strstr(line, file) != NULL;
	fclose(locks);
	return found;
}

/* Waits until the child waits for the lock; false: it ended in its place. */
static bool
waits_for(int fd, pid_t pid)
{
	for (int i = 0; i < 5000; i++) {
		if (is_waited_for(fd, pid))
			return true;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return false;
		usleep(1000);
	}
	return false;
}

static int
lock_alice(struct scene *s)
{
	int fd = openat(
	    s->store.locks, "alice", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	return fd;
}

/* Two writers at once would lose a spent code. */
Test(store, nobody_writes_under_a_lock_that_was_removed)
{
	struct scene s = begin();
	int old = lock_alice(&s), new;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close(old);
		_exit(store_update(&s.store, "alice", 7, count_one, NULL) !=
		    FAULT_NONE);
	}
	cr_assert(waits_for(old, pid));
	cr_assert_eq(unlinkat(s.store.locks, "alice", 0), 0);
	new = lock_alice(&s);
	close(old);
	cr_expect(waits_for(new, pid), "it took the removed lock");
	close(new);
	waitpid(pid, NULL, 0);
	end(&s);
}

Test(store, forgets_all_that_there_is_of_a_user)
{
	static const char *const files[] = {"users/alice.json",
	    "users/alice.json.damaged", "users/.alice.new", "locks/alice"};
	static const char *const others[] = {
	    "users/alice2.json", "locks/alice2"};
	struct scene s = begin();

	cr_assert_eq(
	    store_update(&s.store, "alice", 7, count_one, NULL), FAULT_NONE);
	cr_assert_eq(store_set_aside(&s.store, "alice"), FAULT_NONE);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(store_update(&s.store, i > 0 ? "alice2" : "alice",
				 7, count_one, NULL),
		    FAULT_NONE);
	close(openat(s.store.users, ".alice.new", O_WRONLY | O_CREAT, 0600));
	for (size_t i = 0; i < COUNT(files); i++)
		cr_assert_eq(
		    faccessat(s.store.dir, files[i], F_OK, 0), 0, "%zu", i);
	cr_expect_eq(store_forget(&s.store, "alice"), FAULT_NONE);
	for (size_t i = 0; i < COUNT(files); i++)
		cr_expect_neq(
		    faccessat(s.store.dir, files[i], F_OK, 0), 0, "%zu", i);
	for (size_t i = 0; i < COUNT(others); i++)
		cr_expect_eq(
		    faccessat(s.store.dir, others[i], F_OK, 0), 0, "%zu", i);
	cr_expect_eq(store_forget(&s.store, "alice"), FAULT_NONE);
	end(&s);
}

/* Records that move must not change meanwhile: not by a login that began before
 * either. */
Test(store, changes_nothing_while_records_are_moved)
{
	struct scene s = begin();
	int called = 0;

	cr_assert_eq(count(&s), FAULT_NONE);
	/* Also a link that leads nowhere: in doubt it is closed. */
	cr_assert_eq(symlinkat("nowhere", s.store.dir, STORE_MAINTENANCE), 0);
	cr_expect_eq(
	    store_update(&s.store, "alice", 1001, must_not_be_called, &called),
	    FAULT_CLOSED);
	cr_expect_eq(called, 0);
	cr_expect_eq(store_forget(&s.store, "alice"), FAULT_CLOSED);
	cr_expect_eq(store_set_aside(&s.store, "alice"), FAULT_CLOSED);
	cr_expect_eq(counted(&s), 1);
	s.store.moves = true;
	cr_expect_eq(count(&s), FAULT_NONE);
	s.store.moves = false;
	cr_assert_eq(unlinkat(s.store.dir, STORE_MAINTENANCE, 0), 0);
	cr_expect_eq(count(&s), FAULT_NONE);
	cr_expect_eq(counted(&s), 3);
	end(&s);
}

/* A bastion whose store.json is gone has no users of its own: they must not be
 * taken for new ones. */
Test(store, changes_nothing_whose_records_are_in_a_fleet_it_does_not_know)
{
	struct scene s = begin();
	int called = 0;

	cr_assert_eq(symlinkat("nowhere", s.store.dir, STORE_IN_FLEET), 0);
	cr_expect_eq(
	    store_update(&s.store, "alice", 1001, must_not_be_called, &called),
	    FAULT_REFUSED);
	cr_expect_eq(called, 0);
	s.store.moves = true;
	cr_expect_eq(count(&s), FAULT_NONE);
	end(&s);
}
