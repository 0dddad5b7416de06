/*
 * A hardware key of the tests: a library for ssh's SecurityKeyProvider, which
 * ssh-sk-helper loads, as it would the one of a maker.  What ssh demands of a
 * key is the same, and so is what sshd sees; but the private key lies in the
 * key handle, which a real authenticator has encrypted there.  PROTOCOL.u2f of
 * OpenSSH has the messages, its sk-api.h these functions.
 *
 * TFA_SK_PERSON says what the person does who holds the key:
 *
 *	touches		touches it when it blinks; this is the default
 *	away		does not, and the key gives up
 *	recognized	touches it, and the key knows the finger
 *	unasked		knows of nothing: the key's file, which malware changed,
 *			no longer demands that it blinks
 *
 * A key of which ssh demands a PIN, and that knows no finger, wants PIN.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define API_VERSION 0x000a0000 /* since OpenSSH 9.0 */
#define PIN         "271828"

enum alg { ECDSA = 0, ED25519 = 1 };

/* Flags: these are asked of the person, and a signature says what was done. */
enum { TOUCHED = 0x01, VERIFIED = 0x04 };

enum { ERR_GENERAL = -1, ERR_UNSUPPORTED = -2, ERR_PIN_REQUIRED = -3 };

enum { HASH = SHA256_DIGEST_LENGTH, SIGNED = HASH + 1 + 4 + HASH };

struct bytes {
	uint8_t *at;
	size_t len;
};

/* These three are OpenSSH's; it frees what they point to. */
struct sk_enroll_response {
	uint8_t flags;
	struct bytes public_key, key_handle, signature, certificate, authdata;
};

struct sk_sign_response {
	uint8_t flags;
	uint32_t counter;
	struct bytes r, s;
};

struct sk_option {
	char *name, *value;
	uint8_t required;
};

struct sk_resident_key;

uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
    const char *application, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_enroll_response **ret_response);
int
sk_sign(uint32_t alg, const uint8_t *data, size_t len, const char *application,
    const uint8_t *handle, size_t handle_len, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_sign_response **ret_response);
int sk_load_resident_keys(const char *pin, struct sk_option **options,
    struct sk_resident_key ***ret_keys, size_t *ret_count);

uint32_t
sk_api_version(void)
{
	return API_VERSION;
}

static bool
knows_options(struct sk_option **options)
{
	for (; options != NULL && *options != NULL; options++) {
		if ((*options)->required)
			return false;
	}
	return true;
}

static bool
person(const char *does)
{
	const char *set = getenv("TFA_SK_PERSON");

	return strcmp(set == NULL ? "touches" : set, does) == 0;
}

/* Returns 0 if the person does what flags demand. */
static int
ask_person(uint8_t flags, const char *pin)
{
	if ((flags & VERIFIED) != 0 && !person("recognized")) {
		if (pin == NULL)
			return ERR_PIN_REQUIRED;
		if (strcmp(pin, PIN) != 0)
			return ERR_GENERAL;
	}
	return (flags & TOUCHED) != 0 && person("away") ? ERR_GENERAL : 0;
}

static EVP_PKEY *
new_key(uint32_t alg)
{
	switch (alg) {
	case ECDSA:
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	case ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	default:
		return NULL;
	}
}

static bool
allocate(struct bytes *bytes, size_t len)
{
	bytes->len = len;
	bytes->at = calloc(1, len + 1); /* it may not be NULL */
	return bytes->at != NULL;
}

/* The public key: a point that is not compressed, or 32 bytes. */
static bool
put_public(const EVP_PKEY *key, struct bytes *ret_bytes)
{
	size_t len;

	return EVP_PKEY_get_octet_string_param(
		   key, OSSL_PKEY_PARAM_PUB_KEY, NULL, 0, &len) == 1 &&
	    allocate(ret_bytes, len) &&
	    EVP_PKEY_get_octet_string_param(
		key, OSSL_PKEY_PARAM_PUB_KEY, ret_bytes->at, len, &len) == 1;
}

static bool
put_private(const EVP_PKEY *key, struct bytes *ret_bytes)
{
	int len = i2d_PrivateKey(key, NULL);
	uint8_t *end;

	if (len <= 0 || !allocate(ret_bytes, (size_t)len))
		return false;
	end = ret_bytes->at;
	return i2d_PrivateKey(key, &end) == len;
}

static void
free_enrolled(struct sk_enroll_response *r)
{
	if (r == NULL)
		return;
	free(r->public_key.at);
	free(r->key_handle.at);
	free(r->signature.at);
	free(r);
}

/* flags become those of the key, which ssh later hands to sk_sign(). */
int
sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
    const char *application, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_enroll_response **ret_response)
{
	struct sk_enroll_response *r;
	EVP_PKEY *key;
	bool done;

	(void)challenge, (void)challenge_len, (void)application, (void)pin;
	if (!knows_options(options))
		return ERR_UNSUPPORTED;
	key = new_key(alg);
	r = calloc(1, sizeof(*r));
	done = key != NULL && r != NULL && put_public(key, &r->public_key) &&
	    put_private(key, &r->key_handle) && allocate(&r->signature, 0);
	EVP_PKEY_free(key);
	if (!done) {
		free_enrolled(r);
		return ERR_GENERAL;
	}
	r->flags = flags;
	*ret_response = r;
	return 0;
}

/* The bytes that an authenticator signs: PROTOCOL.u2f, "SSH U2F signatures". */
static void
write_signed(const char *application, uint8_t flags, uint32_t counter,
    const uint8_t *data, size_t len, uint8_t ret_signed[SIGNED])
{
	uint8_t *at = ret_signed;

	SHA256((const uint8_t *)application, strlen(application), at);
	at += HASH;
	*at++ = flags;
	for (int shift = 24; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(counter >> shift);
	SHA256(data, len, at);
}

static bool
sign(EVP_PKEY *key, const EVP_MD *hash, const uint8_t bytes[SIGNED],
    struct bytes *ret_signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len;
	bool done = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, hash, NULL, key) == 1 &&
	    EVP_DigestSign(ctx, NULL, &len, bytes, SIGNED) == 1 &&
	    allocate(ret_signature, len) &&
	    EVP_DigestSign(ctx, ret_signature->at, &ret_signature->len, bytes,
		SIGNED) == 1;

	EVP_MD_CTX_free(ctx);
	return done;
}

static bool
put_number(const BIGNUM *number, struct bytes *ret_bytes)
{
	return allocate(ret_bytes, (size_t)BN_num_bytes(number)) &&
	    BN_bn2bin(number, ret_bytes->at) >= 0;
}

/* ssh wants the two numbers that the DER holds. */
static bool
sign_ecdsa(
    EVP_PKEY *key, const uint8_t bytes[SIGNED], struct sk_sign_response *r)
{
	struct bytes der = {0};
	const uint8_t *at;
	ECDSA_SIG *numbers = NULL;
	bool done;

	if (sign(key, EVP_sha256(), bytes, &der)) {
		at = der.at;
		numbers = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	}
	done = numbers != NULL &&
	    put_number(ECDSA_SIG_get0_r(numbers), &r->r) &&
	    put_number(ECDSA_SIG_get0_s(numbers), &r->s);
	ECDSA_SIG_free(numbers);
	free(der.at);
	return done;
}

static bool
sign_by_handle(uint32_t alg, const uint8_t *handle, size_t handle_len,
    const uint8_t bytes[SIGNED], struct sk_sign_response *r)
{
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &handle, (long)handle_len);
	bool done = key != NULL &&
	    (alg == ECDSA ? sign_ecdsa(key, bytes, r)
			  : sign(key, NULL, bytes, &r->r));

	EVP_PKEY_free(key);
	return done;
}

/* A signature says that the person touched the key, or gave a PIN, only where
 * that was demanded: a key that ssh does not let blink is not touched. */
int
sk_sign(uint32_t alg, const uint8_t *data, size_t len, const char *application,
    const uint8_t *handle, size_t handle_len, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_sign_response **ret_response)
{
	uint8_t bytes[SIGNED];
	struct sk_sign_response *r;
	int refused;

	if (person("unasked"))
		flags = 0;
	refused = ask_person(flags, pin);
	if (!knows_options(options) || (alg != ECDSA && alg != ED25519))
		return ERR_UNSUPPORTED;
	if (refused != 0)
		return refused;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ERR_GENERAL;
	r->flags = flags & (TOUCHED | VERIFIED);
	r->counter = 1;
	write_signed(application, r->flags, r->counter, data, len, bytes);
	if (!sign_by_handle(alg, handle, handle_len, bytes, r)) {
		free(r->r.at);
		free(r->s.at);
		free(r);
		return ERR_GENERAL;
	}
	*ret_response = r;
	return 0;
}

/* Each key has its file: none is kept in the authenticator. */
int
sk_load_resident_keys(const char *pin, struct sk_option **options,
    struct sk_resident_key ***ret_keys, size_t *ret_count)
{
	(void)pin, (void)options, (void)ret_keys, (void)ret_count;
	return ERR_UNSUPPORTED;
}
