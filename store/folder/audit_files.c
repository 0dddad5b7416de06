#include "store/folder/audit_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef STATX_BTIME /* musl before 1.2.4 has no statx(2) */
#include <linux/stat.h>
#include <sys/syscall.h>
#define statx(folder, name, flags, mask, ret) \
	((int)syscall(SYS_statx, folder, name, flags, mask, ret))
#endif

#include "store/base/cleanup.h"

#define LISTS_MAX     10
#define NUMBER_DIGITS 4 /* of audit.jsonl.N; more are a date */

static const struct json_field audit_file_fields[] = {
    JSON_ROW_TEXT("file", JSON_REQUIRED, struct audit_file, name),
    JSON_ROW_TEXT("id", JSON_REQUIRED, struct audit_file, id),
    JSON_ROW_NUMBER(
	"bytes", JSON_REQUIRED, struct audit_file, bytes, 0, INT64_C(1) << 53),
    JSON_ROW_NUMBER(
	"offset", JSON_MAYBE, struct audit_file, offset, 0, INT64_C(1) << 53),
    JSON_ROW_TIME("written", JSON_MAYBE, struct audit_file, written_s),
    JSON_ROW_FLAG("skipped", JSON_MAYBE, struct audit_file, skipped),
    JSON_ROW_TEXT("why", JSON_MAYBE, struct audit_file, why),
};
const struct json_shape audit_file_shape = JSON_SHAPE(audit_file_fields, NULL);

/* A name, taken apart. */
struct turn {
	enum { TURN_NONE, TURN_DATED, TURN_NUMBERED, TURN_CURRENT } kind;
	const char *digits;
	int len;            /* of the digits, and what parts them */
	const char *ending; /* "", ".gz", or one that we cannot read */
};

static struct turn
turn_of(const char *name)
{
	static const char base[] = AUDIT_FILE;
	const char *rest = name + sizeof(base) - 1;
	struct turn none = {.kind = TURN_NONE}, turn = {.kind = TURN_DATED};

	if (strncmp(name, base, sizeof(base) - 1) != 0)
		return none;
	if (rest[0] == '\0')
		return (struct turn){.kind = TURN_CURRENT, .ending = rest};
	if ((rest[0] != '-' && rest[0] != '.') ||
	    !isdigit((unsigned char)rest[1]))
		return none;
	turn.digits = rest + 1;
	turn.len = (int)strspn(turn.digits, "0123456789-._");
	while (!isdigit((unsigned char)turn.digits[turn.len - 1]))
		turn.len--;
	turn.ending = turn.digits + turn.len;
	if (turn.ending[0] != '\0' && turn.ending[0] != '.')
		return none;
	if (rest[0] == '.' && turn.len <= NUMBER_DIGITS &&
	    (int)strspn(turn.digits, "0123456789") == turn.len)
		turn.kind = TURN_NUMBERED;
	return turn;
}

bool
audit_file_is_packed(const char *name)
{
	return strcmp(turn_of(name).ending, ".gz") == 0;
}

/* Compares numbers of any length, and what stands between them. */
static int
compare_digits(const struct turn *a, const struct turn *b)
{
	char left[AUDIT_FILE_NAME], right[AUDIT_FILE_NAME];

	snprintf(left, sizeof(left), "%.*s", a->len, a->digits);
	snprintf(right, sizeof(right), "%.*s", b->len, b->digits);
	return strverscmp(left, right);
}

/* Dated files, then numbered ones, then the current one. */
static int
compare_files(const void *left, const void *right)
{
	struct turn a = turn_of(((const struct audit_file *)left)->name);
	struct turn b = turn_of(((const struct audit_file *)right)->name);

	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	if (a.kind == TURN_CURRENT)
		return 0;
	return a.kind == TURN_DATED ? compare_digits(&a, &b)
				    : compare_digits(&b, &a);
}

static const char *
find_obstacle(const char *name, const struct statx *st)
{
	const char *ending = turn_of(name).ending;

	if (!S_ISREG(st->stx_mode))
		return "it is no regular file";
	if (!audit_is_ours(st->stx_mode, st->stx_uid))
		return "it belongs to another user, or is open to others";
	if (ending[0] != '\0' && strcmp(ending, ".gz") != 0)
		return "only plain files and .gz can be read";
	return "";
}

/* Describes what stat says of an open file, or of a name in a folder. */
static bool
read_stat(int folder, const char *name, struct audit_file *ret)
{
	struct statx st = {.stx_mode = 0};

	if (statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH,
		STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
		return false;
	ret->bytes = (int64_t)st.stx_size;
	ret->written_s = st.stx_mtime.tv_sec;
	snprintf(ret->id, sizeof(ret->id), "%llx-%llx-%x",
	    (unsigned long long)st.stx_ino,
	    (unsigned long long)st.stx_btime.tv_sec,
	    (unsigned)st.stx_btime.tv_nsec);
	snprintf(
	    ret->why, sizeof(ret->why), "%s", find_obstacle(ret->name, &st));
	return true;
}

/* A file that is renamed meanwhile is found by its new name, or by the next
 * list. */
static enum fault
add_file(int folder, const char *name, struct audit_files *files)
{
	struct audit_file *file;

	if (turn_of(name).kind == TURN_NONE || strlen(name) >= AUDIT_FILE_NAME)
		return FAULT_NONE;
	file = list_add(&files->files, sizeof(*file));
	if (file == NULL)
		return FAULT_MEMORY;
	memcpy(file->name, name, strlen(name) + 1);
	if (read_stat(folder, name, file))
		return FAULT_NONE;
	list_drop(&files->files, sizeof(*file), files->files.count - 1);
	return errno == ENOENT ? FAULT_NONE : FAULT_IO;
}

static enum fault
add_files(int folder, struct audit_files *files)
{
	scoped_fd int again = openat(
	    folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	const struct dirent *entry;
	enum fault fault = FAULT_NONE;

	if (dir == NULL)
		return FAULT_IO;
	(void)take_fd(&again);
	errno = 0;
	while (fault == FAULT_NONE && (entry = readdir(dir)) != NULL) {
		fault = add_file(folder, entry->d_name, files);
		errno = 0;
	}
	if (fault == FAULT_NONE && errno != 0)
		fault = FAULT_IO;
	closedir(dir);
	return fault;
}

static bool
is_same_turn(const char *a, const char *b)
{
	struct turn left = turn_of(a), right = turn_of(b);

	return left.kind == right.kind && left.len == right.len &&
	    (left.len == 0 ||
		strncmp(left.digits, right.digits, (size_t)left.len) == 0);
}

/* Two of one turn, or two names of one file, become one: while logrotate
 * compresses a file, both are there, and the plain one is whole. */
static void
drop_doubles(struct audit_files *files)
{
	for (size_t i = 1; i < files->files.count;) {
		const struct audit_file *a = &files->files.items[i - 1];
		const struct audit_file *b = &files->files.items[i];
		bool same = is_same_turn(a->name, b->name);

		if (!same && strcmp(a->id, b->id) != 0)
			i++;
		else
			list_drop(&files->files, sizeof(*a),
			    turn_of(a->name).ending[0] == '\0' ? i : i - 1);
	}
}

static int64_t
newest_of(const struct audit_file *files, size_t count)
{
	int64_t newest_s = 0;

	for (size_t i = 0; i < count; i++)
		if (files[i].written_s > newest_s)
			newest_s = files[i].written_s;
	return newest_s;
}

/* Puts the numbered files before the dated ones, if these are newer: somebody
 * changed how logrotate names them. */
static enum fault
order_groups(struct audit_files *files)
{
	struct audit_file *all = files->files.items, *dated;
	size_t first = 0, last;

	while (first < files->files.count &&
	    turn_of(all[first].name).kind == TURN_DATED)
		first++;
	for (last = first; last < files->files.count &&
	     turn_of(all[last].name).kind == TURN_NUMBERED;)
		last++;
	if (first == 0 || last == first ||
	    newest_of(all, first) <= newest_of(all + first, last - first))
		return FAULT_NONE;
	dated = malloc(first * sizeof(*dated));
	if (dated == NULL)
		return FAULT_MEMORY;
	memcpy(dated, all, first * sizeof(*dated));
	memmove(all, all + first, (last - first) * sizeof(*all));
	memcpy(all + last - first, dated, first * sizeof(*dated));
	free(dated);
	return FAULT_NONE;
}

static enum fault
list_once(int folder, struct audit_files *ret)
{
	struct audit_files files = {.files = {NULL, 0}};
	enum fault fault = add_files(folder, &files);

	if (files.files.count > 0)
		qsort(files.files.items, files.files.count,
		    sizeof(files.files.items[0]), compare_files);
	drop_doubles(&files);
	if (fault == FAULT_NONE)
		fault = order_groups(&files);
	if (fault == FAULT_NONE)
		*ret = files;
	else
		free(files.files.items);
	return fault;
}

static bool
are_same(const struct audit_files *a, const struct audit_files *b)
{
	bool same = a->files.count == b->files.count;

	for (size_t i = 0; same && i < a->files.count; i++)
		same = strcmp(a->files.items[i].id, b->files.items[i].id) == 0;
	return same;
}

/* readdir(3) may miss a file that is renamed meanwhile: two lists must have the
 * same files. */
enum fault
audit_files_list(int folder, struct audit_files *ret)
{
	struct audit_files before = {.files = {NULL, 0}}, now;
	enum fault fault = list_once(folder, &before);

	if (fault != FAULT_NONE)
		return fault;
	for (int i = 0; i < LISTS_MAX; i++) {
		bool same;

		fault = list_once(folder, &now);
		if (fault != FAULT_NONE)
			break;
		same = are_same(&before, &now);
		free(before.files.items);
		before = now;
		if (same) {
			*ret = now;
			return FAULT_NONE;
		}
	}
	free(before.files.items);
	return fault == FAULT_NONE ? FAULT_STALE : fault;
}

enum fault
audit_file_open(int folder, struct audit_file *file, int *ret_fd)
{
	scoped_fd int fd = openat(
	    folder, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct audit_file now = *file;

	if (fd < 0 || !read_stat(fd, "", &now))
		return errno == ENOENT ? FAULT_STALE : FAULT_IO;
	if (strcmp(now.id, file->id) != 0)
		return FAULT_STALE;
	if (now.why[0] != '\0')
		return FAULT_ACCESS;
	file->bytes = now.bytes;
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}
