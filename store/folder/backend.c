/* For every engine: backend.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/folder/backend.h"

void
store_text_free(struct store_text *text)
{
	if (text->bytes != NULL)
		explicit_bzero(text->bytes, text->len);
	free(text->bytes);
	*text = (struct store_text){.bytes = NULL};
}

enum fault
store_say(struct store *store, enum fault fault, const char *format, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	vsnprintf(store->why, sizeof(store->why), format, ap);
	va_end(ap);
	errno = saved;
	return fault;
}

enum fault
store_say_errno(struct store *store, const char *what, const char *name)
{
	enum fault fault = errno == ENOENT      ? FAULT_ABSENT
	    : errno == EACCES || errno == EPERM ? FAULT_ACCESS
						: FAULT_IO;

	/* "cannot open users/" goes on without a blank. */
	return store_say(store, fault, "%s%s%s: %s", what,
	    what[strlen(what) - 1] == '/' ? "" : " ", name, strerror(errno));
}

enum fault
store_parse(struct store *store, const char *path, const char *user,
    const struct store_text *text, struct record *ret)
{
	struct record record;
	struct json_error error;
	enum fault fault = record_parse(
	    text->bytes, text->len, &record, &error);

	if (fault == FAULT_FORMAT || fault == FAULT_LIMIT)
		json_error_say(&error, path, store->why, sizeof(store->why));
	if (fault == FAULT_MEMORY)
		store_say(store, fault, "out of memory");
	if (fault != FAULT_NONE)
		return fault;
	if (user != NULL && strcmp(record.user, user) != 0) {
		record_done(&record);
		return store_say(store, FAULT_FORMAT,
		    "users/%s is the record of another user", path);
	}
	*ret = record;
	explicit_bzero(&record, sizeof(record));
	return FAULT_NONE;
}

void
store_user_in(struct store *store, const char *path, const char *file,
    const struct store_text *text, char ret[static USER_TEXT])
{
	scoped_record struct record record = {.version = 0};
	char again[STORE_FILE_TEXT] = "";

	memset(ret, 0, USER_TEXT);
	if (text->bytes != NULL &&
	    store_parse(store, path, NULL, text, &record) == FAULT_NONE &&
	    store_encode(record.user, again) == FAULT_NONE &&
	    strcmp(again, file) == 0)
		memcpy(ret, record.user, USER_TEXT);
	else
		memcpy(ret, file, strlen(file));
}
