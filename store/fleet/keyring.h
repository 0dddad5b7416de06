/*
 * The keys that a fleet's records are sealed with: at most four, of which one
 * seals, and the others open what was sealed before.
 *
 *	{"version": 1, "fleet": "HEX", "use": "ID",
 *	 "keys": [{"id": "ID", "key": "HEX", "since": "2026-11-29T12:00:00Z"}]}
 *
 * It is in /etc/tfa/fleet.key, which root alone can read, or in a credential
 * of systemd's.  The fleet's own name, 16 random bytes, is part of each seal:
 * nothing moves from one fleet into another.
 *
 *	struct keyring *ring = NULL;
 *
 *	fault = keyring_read("/etc/tfa/fleet.key", 0, true, &ring, why);
 *	...
 *	keyring_free(ring);
 */
#ifndef TFA_FLEET_KEYRING_H
#define TFA_FLEET_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/guarded.h"

#define KEYRING_MOST    4
#define KEYRING_ID      4      /* bytes */
#define KEYRING_BYTES   32     /* of a key */
#define KEYRING_FLEET   16     /* bytes of the fleet's name */
#define KEYRING_MAX     8192UL /* bytes of the file */
#define KEYRING_ID_TEXT (2 * KEYRING_ID + 1)

struct keyring_key {
	uint8_t id[KEYRING_ID];
	uint8_t bytes[KEYRING_BYTES];
	int64_t since_s;
};

struct keyring {
	uint8_t fleet[KEYRING_FLEET];
	uint8_t use[KEYRING_ID]; /* the key that seals; it is one of these */
	size_t count;            /* 1 to KEYRING_MOST, each with its own id */
	struct keyring_key keys[KEYRING_MOST];
};

/*
 * *ret: the keys in the file at path (guarded_read()), on a page of its own that
 * is in no core dump and, where the limits allow it, never swapped; free it with
 * keyring_free().  secret: nobody but its owner may be able to read it.
 *
 * FAULT_ABSENT: no such file, or an empty one, as a unit of systemd's has it for
 * a credential that is missing.  FAULT_ACCESS, FAULT_FORMAT, FAULT_LIMIT,
 * FAULT_IO, FAULT_MEMORY.  ret_why: one line about it, without a secret.
 */
MUST_USE enum fault keyring_read(const char *path, uid_t owner, bool secret,
    struct keyring **ret, char ret_why[static GUARDED_WHY_TEXT]);

/* keyring_read() of a text of len bytes, text[len] being NUL; path is what
 * ret_why calls it.  The caller wipes the text. */
MUST_USE enum fault keyring_parse(const char *path, const char *text,
    size_t len, struct keyring **ret, char ret_why[static GUARDED_WHY_TEXT]);

/* *ret_text: the file's text; json_text_free() wipes and frees it.
 * FAULT_MEMORY. */
MUST_USE enum fault keyring_format(const struct keyring *ring, char **ret_text);

/* *ret: a page for keys, zeroed; keyring_free() wipes it.  FAULT_MEMORY. */
MUST_USE enum fault keyring_new(struct keyring **ret);
void keyring_free(struct keyring *ring);

/* The key of that id, or NULL. */
const struct keyring_key *
keyring_find(const struct keyring *ring, const uint8_t id[static KEYRING_ID]);

/* ret: an id in hexadecimal digits. */
void keyring_id_say(
    const uint8_t id[static KEYRING_ID], char ret[static KEYRING_ID_TEXT]);

#endif
