#include "store/fleet/offset.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/fleet/names.h"

#define CLOCK  "clock"
#define NUMBER 21 /* sign, 19 digits and a newline */
#define BOOT   36 /* bytes of a boot's id */
#define WHOLE  (2 * NUMBER + BOOT + 1)

static int
open_clock(int dir, int flags)
{
	scoped_fd int folder = -1;

	if ((flags & O_ACCMODE) != O_RDONLY &&
	    mkdirat(dir, FLEET_FOLDER, 0700) < 0 && errno != EEXIST)
		return -1;
	folder = openat(
	    dir, FLEET_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -1;
	return (flags & O_ACCMODE) == O_RDONLY
	    ? openat(folder, CLOCK, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
	    : file_open_or_make(folder, CLOCK, flags);
}

static int64_t
ms_of(clockid_t id)
{
	struct timespec ts = {0, 0};

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* This changes only if somebody sets the clock. */
static int64_t
clock_base(void)
{
	return ms_of(CLOCK_REALTIME) - ms_of(CLOCK_BOOTTIME);
}

static bool
number_read(const char *text, int64_t *ret)
{
	if ((text[0] != '+' && text[0] != '-') ||
	    strspn(text + 1, "0123456789") != NUMBER - 2 ||
	    text[NUMBER - 1] != '\n')
		return false;
	*ret = strtoll(text, NULL, 10);
	return true;
}

/* True if what follows the measure is of this boot. */
static bool
is_of_boot(const char *text, const char *boot_id)
{
	return strlen(boot_id) == BOOT && memcmp(text, boot_id, BOOT) == 0 &&
	    text[BOOT] == '\n';
}

bool
offset_read(int dir, const char *boot_id, int64_t *ret_ms)
{
	scoped_fd int fd = open_clock(dir, O_RDONLY);
	char text[WHOLE + 2] = "";
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	int64_t off_ms, base_ms;

	if ((len != NUMBER && len != WHOLE) || !number_read(text, &off_ms))
		return false;
	if (len == WHOLE) {
		if (!number_read(text + NUMBER, &base_ms))
			return false;
		if (is_of_boot(text + 2 * (size_t)NUMBER, boot_id))
			off_ms -= clock_base() - base_ms;
	}
	*ret_ms = off_ms;
	return true;
}

/* One write in place: of so few bytes none is written without the others. */
void
offset_note(int dir, const char *boot_id, int64_t off_ms)
{
	scoped_fd int fd = open_clock(dir, O_WRONLY);
	char text[WHOLE + 8];

	snprintf(text, sizeof(text),
	    "%+020" PRId64 "\n%+020" PRId64 "\n%-*.*s\n", off_ms, clock_base(),
	    BOOT, BOOT, boot_id);
	if (fd >= 0)
		(void)!pwrite(fd, text, WHOLE, 0);
}
