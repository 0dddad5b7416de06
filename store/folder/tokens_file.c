#include <errno.h>
#include <fcntl.h>
#include <string.h>

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

/* FAULT_ABSENT: there is no file. */
static enum fault
read_list_text(struct store *store, struct store_text *ret)
{
	scoped_fd int fd = openat(store->dir, TOKENS_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return store_say(store, FAULT_ACCESS, TOKENS_FILE " is a link");
	return folder_read(store, fd, TOKENS_FILE, TOKENS_TEXT_MAX, ret);
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
