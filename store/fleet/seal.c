#include <limits.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "store/fleet/seal.h"
#include "store/base/cleanup.h"
#include "store/json/json.h"

#define AT_ID     4 /* where each part of the header begins */
#define AT_SERIAL 8
#define AT_SALT   16
#define SALT      24
#define NONCE     12
#define AAD_MOST  512

static const char magic[4] = {'t', 'f', 's', '1'};
static const char info[] = "tfa record seal 1";
static const char *const kinds[] = {
    [SEAL_USER] = "user",
    [SEAL_POLICY] = "policy",
    [SEAL_FLEET] = "fleet",
    [SEAL_BASTION] = "bastion",
};

/* The key and the nonce of one text. */
struct derived {
	uint8_t key[KEYRING_BYTES];
	uint8_t nonce[NONCE];
};

static void
derived_wipe(struct derived *derived)
{
	explicit_bzero(derived, sizeof(*derived));
}
#define scoped_derived __attribute__((cleanup(derived_wipe)))

static void
free_ctx(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}
#define scoped_ctx __attribute__((cleanup(free_ctx)))

void
sealed_free(struct sealed *sealed)
{
	free(sealed->bytes);
	*sealed = (struct sealed){.bytes = NULL};
}

static void
number_put(uint64_t number, uint8_t ret[static 8])
{
	for (int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t
number_at(const uint8_t bytes[static 8])
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* HKDF-SHA256, RFC 5869. */
static bool
derive(
    const struct keyring_key *key, const uint8_t *header, struct derived *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	uint8_t bytes[sizeof(ret->key) + sizeof(ret->nonce)];
	size_t len = sizeof(bytes);
	bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_CTX_set1_hkdf_salt(ctx, header + AT_SALT, SALT) == 1 &&
	    EVP_PKEY_CTX_set1_hkdf_key(ctx, key->bytes, KEYRING_BYTES) == 1 &&
	    EVP_PKEY_CTX_add1_hkdf_info(
		ctx, (const uint8_t *)info, sizeof(info) - 1) == 1 &&
	    EVP_PKEY_derive(ctx, bytes, &len) == 1 && len == sizeof(bytes);

	if (ok) {
		memcpy(ret->key, bytes, sizeof(ret->key));
		memcpy(
		    ret->nonce, bytes + sizeof(ret->key), sizeof(ret->nonce));
	}
	explicit_bzero(bytes, sizeof(bytes));
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* ret: all that is authenticated beside the text.  Returns its length; 0: the
 * name is too long. */
static size_t
bind_name(const struct keyring *ring, const uint8_t *header,
    const struct seal_name *name, uint8_t ret[static AAD_MOST])
{
	const char *kind = kinds[name->kind];
	size_t kind_len = strlen(kind) + 1, len = strlen(name->name);
	size_t at = 0;

	if (KEYRING_FLEET + SEAL_HEADER + kind_len + len > AAD_MOST)
		return 0;
	memcpy(ret, ring->fleet, KEYRING_FLEET);
	at += KEYRING_FLEET;
	memcpy(ret + at, header, SEAL_HEADER);
	at += SEAL_HEADER;
	memcpy(ret + at, kind, kind_len);
	at += kind_len;
	memcpy(ret + at, name->name, len);
	return at + len;
}

/* A cipher that has taken the key, the nonce and the name, or NULL. */
static EVP_CIPHER_CTX *
begin_cipher(const struct keyring *ring, const struct keyring_key *key,
    const struct seal_name *name, const uint8_t *header, int enc)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	scoped_derived struct derived derived = {.key = {0}};
	uint8_t aad[AAD_MOST];
	size_t aad_len = bind_name(ring, header, name, aad);
	int len = 0;

	if (ctx != NULL && aad_len > 0 && derive(key, header, &derived) &&
	    EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, derived.key,
		derived.nonce, enc) == 1 &&
	    EVP_CipherUpdate(ctx, NULL, &len, aad, (int)aad_len) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static bool
write_header(const struct keyring *ring, uint64_t serial, uint8_t *ret)
{
	memcpy(ret, magic, sizeof(magic));
	memcpy(ret + AT_ID, ring->use, KEYRING_ID);
	number_put(serial, ret + AT_SERIAL);
	return getrandom(ret + AT_SALT, SALT, 0) == SALT;
}

enum fault
seal_close(const struct keyring *ring, const struct seal_name *name,
    const char *text, size_t len, struct sealed *ret)
{
	const struct keyring_key *key = keyring_find(ring, ring->use);
	scoped_ctx EVP_CIPHER_CTX *ctx = NULL;
	scoped_sealed struct sealed sealed = {.len = len + SEAL_OVERHEAD};
	int n = 0, last = 0;

	if (len > SEAL_MAX - SEAL_OVERHEAD)
		return FAULT_LIMIT;
	sealed.bytes = malloc(sealed.len);
	if (sealed.bytes == NULL)
		return FAULT_MEMORY;
	if (key == NULL || !write_header(ring, name->serial, sealed.bytes))
		return FAULT_IO;
	ctx = begin_cipher(ring, key, name, sealed.bytes, 1);
	if (ctx == NULL ||
	    EVP_CipherUpdate(ctx, sealed.bytes + SEAL_HEADER, &n,
		(const uint8_t *)text, (int)len) != 1 ||
	    EVP_CipherFinal_ex(ctx, sealed.bytes + SEAL_HEADER + n, &last) !=
		1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG,
		sealed.bytes + SEAL_HEADER + len) != 1)
		return FAULT_IO;
	*ret = sealed;
	sealed.bytes = NULL;
	return FAULT_NONE;
}

static bool
is_seal(const uint8_t *bytes, size_t len)
{
	return len >= SEAL_OVERHEAD && memcmp(bytes, magic, sizeof(magic)) == 0;
}

bool
seal_key_id(const uint8_t *bytes, size_t len, uint8_t ret[static KEYRING_ID])
{
	if (!is_seal(bytes, len))
		return false;
	memcpy(ret, bytes + AT_ID, KEYRING_ID);
	return true;
}

uint64_t
seal_serial(const uint8_t *bytes, size_t len)
{
	return is_seal(bytes, len) ? number_at(bytes + AT_SERIAL) : 0;
}

/* Text that is decrypted before the tag is checked is wiped if that fails. */
static enum fault
open_text(EVP_CIPHER_CTX *ctx, const uint8_t *bytes, size_t len, char *ret)
{
	uint8_t tag[SEAL_TAG];
	int n = 0, last = 0;

	memcpy(tag, bytes + SEAL_HEADER + len, sizeof(tag));
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) != 1)
		return FAULT_IO;
	if (EVP_CipherUpdate(
		ctx, (uint8_t *)ret, &n, bytes + SEAL_HEADER, (int)len) == 1 &&
	    EVP_CipherFinal_ex(ctx, (uint8_t *)ret + n, &last) == 1) {
		ret[len] = '\0';
		return FAULT_NONE;
	}
	explicit_bzero(ret, len);
	return FAULT_FORMAT;
}

enum fault
seal_open(const struct keyring *ring, struct seal_name *name,
    const uint8_t *bytes, size_t len, char **ret_text, size_t *ret_len)
{
	const struct keyring_key *key;
	scoped_ctx EVP_CIPHER_CTX *ctx = NULL;
	scoped_free char *text = NULL;
	enum fault fault;

	if (len > SEAL_MAX)
		return FAULT_LIMIT;
	if (!is_seal(bytes, len) || number_at(bytes + AT_SERIAL) == 0)
		return FAULT_FORMAT;
	key = keyring_find(ring, bytes + AT_ID);
	if (key == NULL)
		return FAULT_REFUSED;
	ctx = begin_cipher(ring, key, name, bytes, 0);
	if (ctx == NULL)
		return FAULT_IO;
	len -= SEAL_OVERHEAD;
	text = malloc(len + 1);
	if (text == NULL)
		return FAULT_MEMORY;
	fault = open_text(ctx, bytes, len, text);
	if (fault != FAULT_NONE)
		return fault;
	name->serial = number_at(bytes + AT_SERIAL);
	*ret_text = take(text);
	*ret_len = len;
	return FAULT_NONE;
}
