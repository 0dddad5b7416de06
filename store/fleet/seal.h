/*
 * Sealing: what leaves this bastion can be read, changed or put under another
 * name by nobody who lacks the fleet's key.
 *
 *	"tfs1" | key id 4 | serial 8 | salt 24 | ciphertext | tag 16
 *
 * Key and nonce, 44 bytes, are HKDF-SHA256 (RFC 5869) of the fleet's key, with
 * the salt, which is random, and the info "tfa record seal 1".  The ciphertext
 * is AES-256-GCM (NIST SP 800-38D).  A key and nonce of their own for each text
 * take away the limit that random nonces of 96 bits would set.  Authenticated
 * with it: the fleet's name, the 40 bytes before the ciphertext, the kind, a
 * NUL, and the name.
 *
 * The salt makes two seals of one text differ: an engine's answer that shows our
 * own bytes says that our own put was done.
 *
 * The serial is one more at each write.  Its upper 16 bits are the fleet's
 * epoch, which grows when an administrator accepts a restored store, so that a
 * serial is never used twice.  An older text under the same name is not noticed
 * here but in seen.h.
 */
#ifndef TFA_FLEET_SEAL_H
#define TFA_FLEET_SEAL_H

#include "store/fleet/keyring.h"

#define SEAL_HEADER   40
#define SEAL_TAG      16
#define SEAL_OVERHEAD (SEAL_HEADER + SEAL_TAG)
#define SEAL_MAX      65536UL /* bytes, sealed */

/* The kind of a text.  Two kinds never take each other's place. */
enum seal_kind { SEAL_USER, SEAL_POLICY, SEAL_FLEET, SEAL_BASTION };

#define SEAL_EPOCH(serial)        ((serial) >> 48)
#define SEAL_SERIAL(epoch, count) ((uint64_t)(epoch) << 48 | (count))

/* How a text is called, and which of its versions it is. */
struct seal_name {
	enum seal_kind kind;
	const char *name; /* a user's, as store_encode() writes it; a host's; ""
			   * where the kind has but one */
	uint64_t serial;  /* from 1 on */
};

struct sealed {
	uint8_t *bytes; /* on the heap */
	size_t len;
};
void sealed_free(struct sealed *sealed);
#define scoped_sealed __attribute__((cleanup(sealed_free)))

/* *ret: the text sealed with the ring's key in use.  FAULT_LIMIT: more than
 * SEAL_MAX bytes; FAULT_MEMORY; FAULT_IO: no random bytes, or OpenSSL fails. */
MUST_USE enum fault
seal_close(const struct keyring *ring, const struct seal_name *name,
    const char *text, size_t len, struct sealed *ret);

/*
 * *ret_text: the text of a seal, with a NUL; json_text_free() wipes and frees
 * it.  name->serial is set to the seal's.  FAULT_FORMAT: it is no seal, or was
 * damaged, or is another fleet's, kind's or name's; FAULT_REFUSED: no key here
 * has the seal's id; FAULT_LIMIT; FAULT_MEMORY; FAULT_IO: OpenSSL fails.
 */
MUST_USE enum fault
seal_open(const struct keyring *ring, struct seal_name *name,
    const uint8_t *bytes, size_t len, char **ret_text, size_t *ret_len);

/* ret: the id of the key that a seal says it is sealed with.  False: it is no
 * seal. */
bool
seal_key_id(const uint8_t *bytes, size_t len, uint8_t ret[static KEYRING_ID]);

/* The serial that a seal claims, which nobody has checked; 0: it is no seal. */
uint64_t seal_serial(const uint8_t *bytes, size_t len);

#endif
