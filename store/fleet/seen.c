#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/fleet/seal.h"
#include "store/fleet/seen.h"

#define SERIAL_BYTES 16
#define AT_NUMBER    8
#define REVISION     "fleet/revision"
#define BACK         "fleet/back"
#define DIGITS       20 /* and a newline; as many as any revision has */
#define NOTE_S       60

static const uint8_t magic[AT_NUMBER] = {'t', 'f', 's', '1', 0, 0, 0, 0};

static bool
is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* A crash may leave less, or zeros in place of what was written. */
enum fault
seen_serial_read(int lock, uint64_t *ret)
{
	uint8_t bytes[SERIAL_BYTES] = {0};
	ssize_t n = pread(lock, bytes, sizeof(bytes), 0);
	uint64_t serial = 0;

	if (n < 0)
		return FAULT_IO;
	if (n < (ssize_t)sizeof(bytes) || is_zero(bytes, sizeof(bytes))) {
		*ret = 0;
		return FAULT_NONE;
	}
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return FAULT_FORMAT;
	for (size_t i = AT_NUMBER; i < sizeof(bytes); i++)
		serial = serial << 8 | bytes[i];
	*ret = serial;
	return FAULT_NONE;
}

enum fault
seen_serial_write(int lock, uint64_t serial)
{
	uint8_t bytes[SERIAL_BYTES];

	memcpy(bytes, magic, sizeof(magic));
	for (int i = 0; i < 8; i++)
		bytes[AT_NUMBER + i] = (uint8_t)(serial >> (56 - 8 * i));
	return pwrite(lock, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes)
	    ? FAULT_NONE
	    : FAULT_IO;
}

enum fault
seen_serial_judge(uint64_t serial, uint64_t seen, uint64_t epoch)
{
	return serial >= seen || (serial > 0 && SEAL_EPOCH(seen) < epoch)
	    ? FAULT_NONE
	    : FAULT_BACK;
}

/* The number in an open file; empty or zeros: a crash took it. */
static enum fault
read_revision(int fd, uint64_t *ret)
{
	char text[DIGITS + 2] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t number;

	if (n < 0)
		return FAULT_IO;
	if (is_zero((const uint8_t *)text, sizeof(text))) {
		*ret = 0;
		return FAULT_NONE;
	}
	if (n != DIGITS + 1 || strspn(text, "0123456789") != DIGITS ||
	    text[DIGITS] != '\n')
		return FAULT_FORMAT;
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno != 0)
		return FAULT_FORMAT;
	*ret = number;
	return FAULT_NONE;
}

/* True also if that cannot be seen. */
static bool
is_alarmed(int dir)
{
	return faccessat(dir, BACK, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT;
}

enum fault
seen_revision_read(int dir, uint64_t *ret)
{
	scoped_fd int fd = openat(
	    dir, REVISION, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return FAULT_IO;
	if (is_alarmed(dir))
		return FAULT_BACK;
	if (fd >= 0)
		return read_revision(fd, ret);
	*ret = 0;
	return FAULT_NONE;
}

static int
open_revision(int dir)
{
	int fd = file_open_or_make(dir, REVISION, O_RDWR);

	if (fd >= 0 || errno != ENOENT ||
	    (mkdirat(dir, "fleet", 0700) < 0 && errno != EEXIST))
		return fd;
	return file_open_or_make(dir, REVISION, O_RDWR);
}

/* One write in place: of so few bytes none is written without the others. */
static enum fault
write_revision(int fd, uint64_t revision)
{
	char text[DIGITS + 2];

	snprintf(text, sizeof(text), "%020" PRIu64 "\n", revision);
	return pwrite(fd, text, DIGITS + 1, 0) == DIGITS + 1 && fsync(fd) == 0
	    ? FAULT_NONE
	    : FAULT_IO;
}

/* A file from the future was written by a clock that has been set back. */
enum fault
seen_revision_note(int dir, uint64_t revision, int64_t now_s)
{
	scoped_fd int fd = open_revision(dir);
	uint64_t noted = 0;
	enum fault fault;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return FAULT_IO;
	if (st.st_size > 0 && now_s >= st.st_mtime &&
	    now_s < st.st_mtime + NOTE_S)
		return FAULT_NONE;
	fault = read_revision(fd, &noted);
	if (fault != FAULT_NONE || noted >= revision)
		return fault;
	return write_revision(fd, revision);
}

static void
raise_alarm(int dir)
{
	scoped_fd int folder = openat(
	    dir, "fleet", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_fd int fd = file_open_or_make(dir, BACK, O_WRONLY);

	if (fd >= 0 && fsync(fd) == 0 && folder >= 0)
		(void)!fsync(folder);
}

/* Under the lock, and by what is noted now: while the engine was asked, an
 * administrator may have accepted its state. */
enum fault
seen_revision_judge(int dir, uint64_t revision, uint64_t seen)
{
	scoped_fd int fd = -1;
	uint64_t noted = 0;

	if (revision >= seen)
		return FAULT_NONE;
	fd = open_revision(dir);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0 &&
	    read_revision(fd, &noted) == FAULT_NONE && revision < noted)
		raise_alarm(dir);
	return FAULT_BACK;
}

/* The alarm ends last: a kill before that leaves everybody denied. */
enum fault
seen_revision_accept(int dir, uint64_t revision)
{
	scoped_fd int fd = open_revision(dir);

	if (fd < 0 || flock(fd, LOCK_EX) < 0 ||
	    write_revision(fd, revision) != FAULT_NONE)
		return FAULT_IO;
	return unlinkat(dir, BACK, 0) == 0 || errno == ENOENT ? FAULT_NONE
							      : FAULT_IO;
}
