#include "store/fleet/seen.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/file.h"
#include "store/fleet/seal.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

struct scene {
	char folder[FOLDER_MAX];
	int dir;
	int lock;
};

static struct scene
begin(void)
{
	struct scene s;

	fixture_folder(s.folder);
	s.dir = open(s.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.lock = file_open_or_make(s.dir, "alice", O_RDWR);
	cr_assert(s.dir >= 0 && s.lock >= 0);
	return s;
}

static void
end(struct scene *s)
{
	close(s->lock);
	close(s->dir);
	fixture_remove(s->folder);
}

Test(seen, keeps_a_serial_in_the_lock)
{
	struct scene s = begin();
	uint64_t serial = 77;

	cr_assert_eq(seen_serial_read(s.lock, &serial), FAULT_NONE);
	cr_expect_eq(serial, 0);
	cr_assert_eq(
	    seen_serial_write(s.lock, SEAL_SERIAL(3, 70000)), FAULT_NONE);
	cr_assert_eq(seen_serial_read(s.lock, &serial), FAULT_NONE);
	cr_expect_eq(serial, SEAL_SERIAL(3, 70000));
	end(&s);
}

/* A crash takes knowledge away; it does not deny. */
Test(seen, takes_a_lock_that_a_crash_left_for_none)
{
	static const uint8_t zeros[16];
	struct scene s = begin();
	uint64_t serial;

	for (off_t len = 0; len < 16; len++) {
		serial = 77;
		cr_assert_eq(seen_serial_write(s.lock, 9), FAULT_NONE);
		cr_assert_eq(ftruncate(s.lock, len), 0);
		cr_assert_eq(seen_serial_read(s.lock, &serial), FAULT_NONE);
		cr_expect_eq(serial, 0, "%lld", (long long)len);
	}
	cr_assert_eq(pwrite(s.lock, zeros, sizeof(zeros), 0), 16);
	cr_assert_eq(seen_serial_read(s.lock, &serial), FAULT_NONE);
	cr_expect_eq(serial, 0);
	cr_assert_eq(pwrite(s.lock, "something other ", 16, 0), 16);
	cr_expect_eq(seen_serial_read(s.lock, &serial), FAULT_FORMAT);
	end(&s);
}

Test(seen, judges_a_serial)
{
	static const struct {
		uint64_t serial, seen, epoch;
		enum fault expected;
	} cases[] = {
	    {0, 0, 1, FAULT_NONE},
	    {SEAL_SERIAL(1, 1), 0, 1, FAULT_NONE},
	    {SEAL_SERIAL(1, 5), SEAL_SERIAL(1, 5), 1, FAULT_NONE},
	    {SEAL_SERIAL(1, 6), SEAL_SERIAL(1, 5), 1, FAULT_NONE},
	    {SEAL_SERIAL(1, 4), SEAL_SERIAL(1, 5), 1, FAULT_BACK},
	    {0, SEAL_SERIAL(1, 1), 1, FAULT_BACK},
	    /* A restored store that was accepted: epoch 2. */
	    {SEAL_SERIAL(1, 4), SEAL_SERIAL(1, 5), 2, FAULT_NONE},
	    {0, SEAL_SERIAL(1, 5), 2, FAULT_BACK},
	    {SEAL_SERIAL(1, 9), SEAL_SERIAL(2, 5), 2, FAULT_BACK},
	    {0, SEAL_SERIAL(2, 5), 2, FAULT_BACK},
	    {SEAL_SERIAL(2, 6), SEAL_SERIAL(1, 9), 2, FAULT_NONE},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(seen_serial_judge(cases[i].serial, cases[i].seen,
				 cases[i].epoch),
		    cases[i].expected, "%zu", i);
}

Test(seen, keeps_the_highest_revision)
{
	struct scene s = begin();
	uint64_t revision = 77;

	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 0);
	cr_assert_eq(seen_revision_note(s.dir, 1309, NOW_S), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 1309);
	cr_assert_eq(seen_revision_note(s.dir, 1304, NOW_S + 1000), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 1309);
	cr_assert_eq(seen_revision_accept(s.dir, 1304), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 1304);
	end(&s);
}

/* Each change adds one to an engine's revision, so a restored one soon looks as
 * if nothing had happened. */
Test(seen, keeps_the_alarm_until_it_is_accepted)
{
	struct scene s = begin();
	uint64_t revision = 77;

	cr_assert_eq(seen_revision_note(s.dir, 1309, NOW_S), FAULT_NONE);
	cr_expect_eq(seen_revision_judge(s.dir, 1309, 1309), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(seen_revision_judge(s.dir, 1308, 1309), FAULT_BACK);
	cr_expect_eq(seen_revision_read(s.dir, &revision), FAULT_BACK);
	cr_assert_eq(seen_revision_note(s.dir, 1400, NOW_S + 99), FAULT_NONE);
	cr_expect_eq(seen_revision_read(s.dir, &revision), FAULT_BACK);
	cr_assert_eq(seen_revision_accept(s.dir, 1350), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 1350);
	end(&s);
}

/* An answer from before it was accepted, which is judged after it. */
Test(seen, raises_no_alarm_over_what_was_accepted_meanwhile)
{
	struct scene s = begin();
	uint64_t revision = 77;

	cr_assert_eq(seen_revision_note(s.dir, 1309, NOW_S), FAULT_NONE);
	cr_assert_eq(seen_revision_accept(s.dir, 1200), FAULT_NONE);
	cr_expect_eq(seen_revision_judge(s.dir, 1200, 1309), FAULT_BACK);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 1200);
	end(&s);
}

static int64_t
noted_at(struct scene *s)
{
	struct stat st;

	cr_assert_eq(fstatat(s->dir, "fleet/revision", &st, 0), 0);
	return st.st_mtime;
}

Test(seen, syncs_a_revision_once_a_minute)
{
	struct scene s = begin();
	uint64_t revision;
	int64_t at_s;
	const char *trace;

	inject_trace_begin();
	cr_assert_eq(seen_revision_note(s.dir, 10, NOW_S), FAULT_NONE);
	trace = inject_trace_end();
	cr_expect_not_null(strstr(trace, "fsync"), "%s", trace);
	at_s = noted_at(&s);
	inject_trace_begin();
	cr_assert_eq(seen_revision_note(s.dir, 20, at_s + 59), FAULT_NONE);
	cr_expect_null(strstr(inject_trace_end(), "fsync"));
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 10);
	cr_assert_eq(seen_revision_note(s.dir, 20, at_s + 60), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 20);
	cr_assert_eq(seen_revision_note(s.dir, 30, at_s - 5), FAULT_NONE);
	cr_assert_eq(seen_revision_read(s.dir, &revision), FAULT_NONE);
	cr_expect_eq(revision, 30, "the clock was set back");
	end(&s);
}

Test(seen, refuses_a_revision_that_it_did_not_write)
{
	static const char *const texts[] = {"12\n", "0000000000000000012x\n",
	    "00000000000000000012", "99999999999999999999\n",
	    "000000000000000000012\n"};
	struct scene s = begin();

	cr_assert_eq(mkdirat(s.dir, "fleet", 0700), 0);
	for (size_t i = 0; i < COUNT(texts); i++) {
		int fd = openat(s.dir, "fleet/revision",
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		uint64_t revision = 77;

		cr_assert_eq(
		    file_write(fd, texts[i], strlen(texts[i])), FAULT_NONE);
		close(fd);
		cr_expect_eq(seen_revision_read(s.dir, &revision), FAULT_FORMAT,
		    "%s", texts[i]);
		cr_expect_eq(revision, 77);
	}
	end(&s);
}
