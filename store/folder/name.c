/* The file name of a user's record: store.h. */
#include <stdio.h>
#include <string.h>

#include "store/base/hash.h"
#include "store/folder/store.h"

#define HASHED    "%-" /* no two hexadecimal digits follow this "%" */
#define START_MAX 160  /* bytes of a long name that its file's name shows */

static const char hex[] = "0123456789ABCDEF";

static bool
is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	    (c == '.' && !first);
}

/* Shortens a name that is too long for a file: its start helps a reader, and
 * the hash makes it unique. */
static enum fault
shorten_name(
    const char *user, const char *whole, char ret[static STORE_FILE_TEXT])
{
	char hash[HASH_TEXT];
	size_t len = START_MAX;

	if (!hash_hex(user, strlen(user), hash))
		return FAULT_MEMORY;
	for (size_t i = 1; i <= 2; i++)
		if (whole[START_MAX - i] == '%')
			len = START_MAX - i;
	snprintf(
	    ret, STORE_FILE_TEXT, "%.*s%s%s", (int)len, whole, HASHED, hash);
	return FAULT_NONE;
}

enum fault
store_encode(const char *user, char ret[static STORE_FILE_TEXT])
{
	char whole[3 * USER_TEXT];
	size_t len = strlen(user), out = 0;

	if (len == 0 || len >= USER_TEXT)
		return FAULT_LIMIT;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)user[i];

		if (is_name_char(user[i], i == 0)) {
			whole[out++] = user[i];
			continue;
		}
		whole[out++] = '%';
		whole[out++] = hex[c >> 4];
		whole[out++] = hex[c & 15];
	}
	whole[out] = '\0';
	if (out > STORE_FILE_MAX)
		return shorten_name(user, whole, ret);
	memcpy(ret, whole, out + 1);
	return FAULT_NONE;
}

bool
store_decode(const char *file, size_t len, char ret[static USER_TEXT])
{
	char user[USER_TEXT] = "", again[STORE_FILE_TEXT] = "";
	size_t out = 0;

	for (size_t i = 0; i < len && out < USER_TEXT - 1; i++) {
		const char *high, *low;

		if (file[i] != '%') {
			user[out++] = file[i];
			continue;
		}
		if (len - i < 3 || file[i + 1] == '\0' || file[i + 2] == '\0' ||
		    (high = strchr(hex, file[i + 1])) == NULL ||
		    (low = strchr(hex, file[i + 2])) == NULL)
			return false;
		user[out++] = (char)((high - hex) << 4 | (low - hex));
		i += 2;
	}
	if (store_encode(user, again) != FAULT_NONE || strlen(again) != len ||
	    memcmp(again, file, len) != 0)
		return false;
	memcpy(ret, user, sizeof(user));
	return true;
}

bool
store_is_hashed(const char *file, size_t len)
{
	size_t tail = sizeof(HASHED) - 1 + HASH_TEXT - 1;

	return len > tail && len <= START_MAX + tail &&
	    memcmp(file + len - tail, HASHED, sizeof(HASHED) - 1) == 0 &&
	    strspn(file + len - (HASH_TEXT - 1), "0123456789abcdef") >=
	    HASH_TEXT - 1;
}
