#include "store/fleet/offset.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define BOOT  "3e0c31f2-8f0e-4a2c-9f6b-0d1e2f3a4b5c"
#define OTHER "00000000-8f0e-4a2c-9f6b-0d1e2f3a4b5c"

static char folder[FOLDER_MAX], path[FOLDER_MAX + 32];

static int
begin(void)
{
	int dir;

	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/fleet/clock", folder);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(dir, 0);
	return dir;
}

static void
end(int dir)
{
	close(dir);
	fixture_remove(folder);
}

static void
write_clock(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The two clocks are read one after the other. */
#define expect_near(is, expected) cr_expect_lt(llabs((is) - (expected)), 50)

Test(offset, is_read_as_it_was_noted)
{
	static const char *const odd[] = {"", "0\n", "+0000000000000090000",
	    " 0000000000000090000\n", "+000000000000009000x\n",
	    "+0000000000000090000\n\n", "+0000000000000090000 ",
	    "+0000000000000090000\n+0000000000000090000\n",
	    "+0000000000000090000\n+000000000000009000x\n" BOOT "\n"};
	int dir = begin();
	int64_t off_ms = 7;

	cr_expect_not(offset_read(dir, BOOT, &off_ms));
	offset_note(dir, BOOT, -90000);
	cr_expect(offset_read(dir, BOOT, &off_ms));
	expect_near(off_ms, -90000);
	offset_note(dir, "", 12);
	cr_expect(offset_read(dir, "", &off_ms));
	cr_expect_eq(off_ms, 12);
	write_clock("-0000000000000061000\n");
	cr_expect(offset_read(dir, BOOT, &off_ms));
	cr_expect_eq(off_ms, -61000);
	for (size_t i = 0; i < COUNT(odd); i++) {
		write_clock(odd[i]);
		cr_expect_not(offset_read(dir, BOOT, &off_ms), "%zu", i);
	}
	end(dir);
}

static int64_t
now_ms(clockid_t id)
{
	struct timespec ts;

	cr_assert_eq(clock_gettime(id, &ts), 0);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* As it is if somebody has set this clock 90 seconds ahead since. */
Test(offset, follows_a_clock_that_was_set_since)
{
	int64_t base_ms = now_ms(CLOCK_REALTIME) - now_ms(CLOCK_BOOTTIME);
	int dir = begin();
	int64_t off_ms = 7;
	char text[200];

	offset_note(dir, BOOT, 0);
	snprintf(text, sizeof(text), "%+020d\n%+020" PRId64 "\n" BOOT "\n",
	    1000, base_ms - 90000);
	write_clock(text);
	cr_expect(offset_read(dir, BOOT, &off_ms));
	expect_near(off_ms, 1000 - 90000);
	/* After a restart the other clock began anew. */
	cr_expect(offset_read(dir, OTHER, &off_ms));
	cr_expect_eq(off_ms, 1000);
	cr_expect(offset_read(dir, "", &off_ms));
	cr_expect_eq(off_ms, 1000);
	end(dir);
}
