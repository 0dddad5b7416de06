#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/backend.h"
#include "store/folder/tokens_file.h"

#define LOCK ".tokens" /* in locks/: no user's file begins with a dot */
#define NEXT "." TOKENS_FILE ".new"

enum fault
tokens_file_hold(struct store *store, int *ret_lock)
{
	struct store_key key = {.user = "", .file = LOCK, .lock = -1};
	enum fault fault = folder_hold(store, &key);

	if (fault == FAULT_NONE)
		*ret_lock = key.lock;
	return fault == FAULT_ABSENT ? FAULT_IO : fault;
}

static enum fault
check_list_file(struct store *store, int fd, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return store_say_errno(store, "cannot stat", TOKENS_FILE);
	if (!S_ISREG(st.st_mode) || st.st_uid != store->owner ||
	    (st.st_mode & 077) != 0 || st.st_nlink > 1)
		return store_say(store, FAULT_ACCESS,
		    TOKENS_FILE " must be a plain file, 0600, with one name, "
				"of uid %lu",
		    (unsigned long)store->owner);
	if (st.st_size > (off_t)TOKENS_TEXT_MAX)
		return store_say(store, FAULT_LIMIT,
		    TOKENS_FILE " is larger than %lu bytes", TOKENS_TEXT_MAX);
	*ret_size = (size_t)st.st_size;
	return FAULT_NONE;
}

/* FAULT_ABSENT: there is no file. */
static enum fault
read_list_text(struct store *store, struct store_text *ret)
{
	scoped_fd int fd = openat(store->dir, TOKENS_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t size = 0;
	enum fault fault;

	if (fd < 0 && errno == ELOOP)
		return store_say(store, FAULT_ACCESS, TOKENS_FILE " is a link");
	if (fd < 0)
		return store_say_errno(store, "cannot open", TOKENS_FILE);
	fault = check_list_file(store, fd, &size);
	if (fault != FAULT_NONE)
		return fault;
	fault = file_read(fd, size, &ret->bytes, &ret->len);
	if (fault == FAULT_MEMORY)
		return store_say(store, fault, "out of memory");
	return fault == FAULT_NONE
	    ? fault
	    : store_say_errno(store, "cannot read", TOKENS_FILE);
}

enum fault
tokens_file_read(struct store *store, struct tokens *ret)
{
	scoped_store_text struct store_text text = {.bytes = NULL};
	enum fault fault = read_list_text(store, &text);
	struct json_error error;

	if (fault == FAULT_ABSENT) {
		tokens_init(ret);
		return FAULT_NONE;
	}
	if (fault != FAULT_NONE)
		return fault;
	fault = tokens_parse(text.bytes, text.len, ret, &error);
	if (fault == FAULT_MEMORY)
		return store_say(store, fault, "out of memory");
	if (fault != FAULT_NONE)
		json_error_say(
		    &error, TOKENS_FILE, store->why, sizeof(store->why));
	return fault;
}

enum fault
tokens_file_write(struct store *store, const struct tokens *tokens)
{
	scoped_json_text char *text = NULL;
	enum fault fault = tokens_format(tokens, &text);

	if (fault != FAULT_NONE)
		return store_say(store, fault, "out of memory");
	fault = file_replace(store->dir, TOKENS_FILE, NEXT, 0600, (uid_t)-1,
	    (gid_t)-1, text, strlen(text));
	if (fault != FAULT_NONE)
		store_say_errno(store, "cannot write", TOKENS_FILE);
	return fault;
}
