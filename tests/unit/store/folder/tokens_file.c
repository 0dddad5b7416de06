#include "store/folder/tokens_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

struct scene {
	char parent[FOLDER_MAX];
	char path[FOLDER_MAX + 8];
	struct store store;
};

static void
begin(struct scene *s)
{
	fixture_folder(s->parent);
	snprintf(s->path, sizeof(s->path), "%s/store", s->parent);
	cr_assert_eq(store_open(s->path, true, &s->store), FAULT_NONE, "%s",
	    s->store.why);
}

static void
end(struct scene *s)
{
	store_close(&s->store);
	fixture_remove(s->parent);
}

/* A list of that many tokens. */
static void
fill(struct tokens *ret, int count)
{
	tokens_init(ret);
	for (int i = 0; i < count; i++) {
		struct token *token = list_add(&ret->list, sizeof(*token));

		cr_assert_not_null(token);
		snprintf(token->serial, sizeof(token->serial), "T%04d", i);
		token->type = DEVICE_HOTP;
		token->digits = 6;
		token->secret.len = 20;
		memcpy(token->secret.bytes, &i, sizeof(i));
		token->imported_s = NOW_S;
	}
}

static enum fault
count_in(struct scene *s, size_t *ret)
{
	scoped_tokens struct tokens tokens = {.version = 0};
	enum fault fault = tokens_file_read(&s->store, &tokens);

	*ret = tokens.list.count;
	return fault;
}

Test(tokens_file, is_an_empty_list_where_there_is_none)
{
	scoped_tokens struct tokens tokens = {.version = 0};
	struct scene s;

	begin(&s);
	cr_expect_eq(tokens_file_read(&s.store, &tokens), FAULT_NONE);
	cr_expect_eq(tokens.version, 1);
	cr_expect_eq(tokens.list.count, 0);
	end(&s);
}

Test(tokens_file, is_closed_to_others_and_replaced_whole)
{
	scoped_tokens struct tokens tokens;
	struct scene s;
	struct stat st;
	size_t count = 0;

	begin(&s);
	fill(&tokens, 100);
	inject_trace_begin();
	cr_assert_eq(tokens_file_write(&s.store, &tokens), FAULT_NONE);
	cr_expect_not_null(
	    strstr(inject_trace_end(), "write fsync renameat fsync"));
	cr_assert_eq(fstatat(s.store.dir, TOKENS_FILE, &st, 0), 0);
	cr_expect_eq(st.st_mode, S_IFREG | 0600);
	cr_expect_eq(count_in(&s, &count), FAULT_NONE);
	cr_expect_eq(count, 100);
	end(&s);
}

Test(tokens_file, stays_as_it_was_if_a_call_fails)
{
	static const char *const calls[] = {
	    "openat", "write", "fsync", "fchmod", "renameat"};
	struct scene s;
	struct tokens one, two;
	size_t count = 0;

	begin(&s);
	fill(&one, 1);
	fill(&two, 2);
	cr_assert_eq(tokens_file_write(&s.store, &one), FAULT_NONE);
	for (size_t i = 0; i < COUNT(calls); i++) {
		inject_arm_call(calls[i], 1, ENOSPC);
		cr_expect_neq(tokens_file_write(&s.store, &two), FAULT_NONE,
		    "%s", calls[i]);
		cr_expect(inject_disarm(), "%s", calls[i]);
		cr_expect_eq(count_in(&s, &count), FAULT_NONE);
		cr_expect_eq(count, 1, "%s", calls[i]);
		cr_expect_eq(faccessat(s.store.dir, "." TOKENS_FILE ".new",
				 F_OK, AT_SYMLINK_NOFOLLOW),
		    -1, "%s", calls[i]);
	}
	tokens_done(&one);
	tokens_done(&two);
	end(&s);
}

static void
refused(struct scene *s, enum fault fault, const char *says)
{
	size_t count = 0;

	cr_expect_eq(count_in(s, &count), fault, "%s", says);
	cr_expect_not_null(strstr(s->store.why, says), "%s", s->store.why);
}

/* A list that others could read or write is not ours. */
Test(tokens_file, is_refused_if_it_is_not_ours_alone)
{
	scoped_tokens struct tokens tokens;
	struct scene s;
	int fd;

	begin(&s);
	fill(&tokens, 1);
	cr_assert_eq(tokens_file_write(&s.store, &tokens), FAULT_NONE);
	cr_assert_eq(fchmodat(s.store.dir, TOKENS_FILE, 0640, 0), 0);
	refused(&s, FAULT_ACCESS, "0600");
	cr_assert_eq(fchmodat(s.store.dir, TOKENS_FILE, 0600, 0), 0);
	cr_assert_eq(
	    linkat(s.store.dir, TOKENS_FILE, s.store.dir, "other", 0), 0);
	refused(&s, FAULT_ACCESS, "with one name");
	cr_assert_eq(unlinkat(s.store.dir, TOKENS_FILE, 0), 0);
	cr_assert_eq(symlinkat("other", s.store.dir, TOKENS_FILE), 0);
	refused(&s, FAULT_ACCESS, "is a link");
	cr_assert_eq(unlinkat(s.store.dir, TOKENS_FILE, 0), 0);
	fd = openat(
	    s.store.dir, TOKENS_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	refused(&s, FAULT_FORMAT, "tokens.json");
	cr_assert_eq(ftruncate(fd, TOKENS_TEXT_MAX + 1), 0);
	refused(&s, FAULT_LIMIT, "larger than");
	close(fd);
	end(&s);
}

Test(tokens_file, has_a_lock_that_is_no_users)
{
	struct scene s;
	int lock = -1, again;
	char file[STORE_FILE_TEXT];

	begin(&s);
	cr_assert_eq(tokens_file_hold(&s.store, &lock), FAULT_NONE);
	again = openat(s.store.locks, ".tokens", O_RDWR | O_CLOEXEC);
	cr_assert_geq(again, 0);
	cr_expect_eq(flock(again, LOCK_EX | LOCK_NB), -1);
	close(lock);
	cr_expect_eq(flock(again, LOCK_EX | LOCK_NB), 0);
	close(again);
	cr_assert_eq(store_encode(".tokens", file), FAULT_NONE);
	cr_expect_str_neq(file, ".tokens");
	end(&s);
}
