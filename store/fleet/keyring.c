#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store/base/cleanup.h"
#include "store/fleet/keyring.h"
#include "store/json/json.h"

/* Reads digits of exactly len bytes; lower case, so that each has one
 * spelling. */
static bool
hex_read(const char *text, uint8_t *ret, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != 2 * len || strspn(text, digits) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
		    (strchr(digits, text[2 * i + 1]) - digits));
	return true;
}

static void
hex_write(const uint8_t *bytes, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static bool
id_read(const char *text, void *ret)
{
	return hex_read(text, ret, KEYRING_ID);
}

static void
id_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	hex_write(value, KEYRING_ID, ret);
}

static bool
key_read(const char *text, void *ret)
{
	return hex_read(text, ret, KEYRING_BYTES);
}

static void
key_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	hex_write(value, KEYRING_BYTES, ret);
}

static bool
fleet_read(const char *text, void *ret)
{
	return hex_read(text, ret, KEYRING_FLEET);
}

static void
fleet_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	hex_write(value, KEYRING_FLEET, ret);
}

static const struct json_form form_id = {
    "8 lower-case hexadecimal digits", id_read, id_write};
static const struct json_form form_key = {
    "64 lower-case hexadecimal digits", key_read, key_write};
static const struct json_form form_fleet = {
    "32 lower-case hexadecimal digits", fleet_read, fleet_write};

#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field key_fields[] = {
    ROW(FORM, keyring_key, "id", REQUIRED, id, &form_id),
    ROW(FORM, keyring_key, "key", REQUIRED, bytes, &form_key),
    ROW(TIME, keyring_key, "since", REQUIRED, since_s),
};
static const struct json_shape key_shape = JSON_SHAPE(key_fields, NULL);
static const struct json_field item_key = JSON_ITEM_OBJECT(
    struct keyring_key, &key_shape);

/* The file, whose list is on the heap. */
struct ring_file {
	int64_t version;
	uint8_t fleet[KEYRING_FLEET];
	uint8_t use[KEYRING_ID];
	LIST_OF(struct keyring_key) keys;
};

static const char *
file_check(const void *value, struct json_place *ret_place)
{
	const struct ring_file *file = value;
	bool found = false;

	ret_place->key = "keys";
	for (size_t i = 0; i < file->keys.count; i++) {
		const struct keyring_key *keys = file->keys.items;

		ret_place->index = (int)i;
		for (size_t k = 0; k < i; k++)
			if (memcmp(keys[i].id, keys[k].id, KEYRING_ID) == 0)
				return "another key has this id";
		found |= memcmp(keys[i].id, file->use, KEYRING_ID) == 0;
	}
	*ret_place = (struct json_place){.key = "use", .index = -1};
	return found ? NULL : "no key has this id";
}

static const struct json_field file_fields[] = {
    ROW(NUMBER, ring_file, "version", REQUIRED, version, 1, 1),
    ROW(FORM, ring_file, "fleet", REQUIRED, fleet, &form_fleet),
    ROW(FORM, ring_file, "use", REQUIRED, use, &form_id),
    ROW(LIST, ring_file, "keys", REQUIRED, keys, KEYRING_MOST, &item_key),
};
static const struct json_shape file_shape = JSON_SHAPE(file_fields, file_check);

enum fault
keyring_new(struct keyring **ret)
{
	struct keyring *ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ring == MAP_FAILED)
		return FAULT_MEMORY;
	/* Not where a kernel or a limit has it otherwise: neither lets anybody
	 * else read it. */
	(void)madvise(ring, sizeof(*ring), MADV_DONTDUMP);
	(void)mlock(ring, sizeof(*ring));
	*ret = ring;
	return FAULT_NONE;
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	explicit_bzero(ring, sizeof(*ring));
	munmap(ring, sizeof(*ring));
}

static enum fault
keep_file(const struct ring_file *file, struct keyring **ret)
{
	struct keyring *ring = NULL;
	enum fault fault = keyring_new(&ring);

	if (fault != FAULT_NONE)
		return fault;
	memcpy(ring->fleet, file->fleet, sizeof(ring->fleet));
	memcpy(ring->use, file->use, sizeof(ring->use));
	ring->count = file->keys.count;
	memcpy(ring->keys, file->keys.items,
	    file->keys.count * sizeof(ring->keys[0]));
	*ret = ring;
	return FAULT_NONE;
}

enum fault
keyring_parse(const char *path, const char *text, size_t len,
    struct keyring **ret, char ret_why[static GUARDED_WHY_TEXT])
{
	struct ring_file file = {.version = 0};
	struct json_error error;
	enum fault fault;

	if (text[strspn(text, " \t\r\n")] == '\0') {
		snprintf(
		    ret_why, GUARDED_WHY_TEXT, "%.200s: no key is there", path);
		return FAULT_ABSENT;
	}
	fault = json_read(&file_shape, text, len, KEYRING_MAX, &file, &error);

	if (fault == FAULT_FORMAT || fault == FAULT_LIMIT)
		json_error_say(&error, path, ret_why, GUARDED_WHY_TEXT);
	else if (fault == FAULT_NONE)
		fault = keep_file(&file, ret);
	if (fault == FAULT_MEMORY)
		snprintf(ret_why, GUARDED_WHY_TEXT, "out of memory");
	json_done(&file_shape, &file);
	return fault;
}

enum fault
keyring_read(const char *path, uid_t owner, bool secret, struct keyring **ret,
    char ret_why[static GUARDED_WHY_TEXT])
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	enum fault fault = secret
	    ? guarded_read_secret(
		  path, owner, KEYRING_MAX + 1, &text, &len, ret_why)
	    : guarded_read(path, owner, KEYRING_MAX + 1, &text, &len, ret_why);

	return fault == FAULT_NONE
	    ? keyring_parse(path, text, len, ret, ret_why)
	    : fault;
}

enum fault
keyring_format(const struct keyring *ring, char **ret_text)
{
	struct ring_file file = {.version = 1};

	memcpy(file.fleet, ring->fleet, sizeof(file.fleet));
	memcpy(file.use, ring->use, sizeof(file.use));
	file.keys.items = (struct keyring_key *)(uintptr_t)ring->keys;
	file.keys.count = ring->count;
	return json_write(&file_shape, &file, true, ret_text);
}

const struct keyring_key *
keyring_find(const struct keyring *ring, const uint8_t id[static KEYRING_ID])
{
	for (size_t i = 0; i < ring->count; i++)
		if (memcmp(ring->keys[i].id, id, KEYRING_ID) == 0)
			return &ring->keys[i];
	return NULL;
}

void
keyring_id_say(
    const uint8_t id[static KEYRING_ID], char ret[static KEYRING_ID_TEXT])
{
	hex_write(id, KEYRING_ID, ret);
}
