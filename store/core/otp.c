#include "store/core/otp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#if OPENSSL_VERSION_NUMBER < 0x30000000L
#include <openssl/hmac.h>
#else
#include <openssl/core_names.h>
#include <openssl/params.h>
#endif

const char *const otp_algorithm_names[3] = {
    [OTP_SHA1] = "SHA1",
    [OTP_SHA256] = "SHA256",
    [OTP_SHA512] = "SHA512",
};

#if OPENSSL_VERSION_NUMBER < 0x30000000L

/* HMAC (RFC 2104).  OpenSSL 1.1.1 wipes what it derives from the key.  Returns
 * the length, or 0 on failure. */
static size_t
hmac(enum otp_algorithm algorithm, const struct otp_secret *secret,
    const uint8_t message[static 8], uint8_t ret[static EVP_MAX_MD_SIZE])
{
	static const EVP_MD *(*const digests[3])(void) = {
	    [OTP_SHA1] = EVP_sha1,
	    [OTP_SHA256] = EVP_sha256,
	    [OTP_SHA512] = EVP_sha512,
	};
	unsigned len = 0;

	if (HMAC(digests[algorithm](), secret->bytes, (int)secret->len, message,
		8, ret, &len) == NULL)
		return 0;
	return len;
}

#else

/*
 * libcrypto takes longer to look an algorithm up than to compute a code, so
 * each is looked up once, by a keeper before it forks.  *at keeps the context.
 */
static EVP_MAC_CTX *
find_hmac(enum otp_algorithm algorithm, EVP_MAC_CTX **at)
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		(char *)otp_algorithm_names[algorithm], 0),
	    OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac;

	if (*at != NULL)
		return *at;
	mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	*at = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac);
	if (*at != NULL && EVP_MAC_CTX_set_params(*at, params) != 1) {
		EVP_MAC_CTX_free(*at);
		*at = NULL;
	}
	return *at;
}

/*
 * HMAC (RFC 2104).  The context keeps data derived from its key until it gets
 * another key, so it gets one of zeros at the end.  Returns the length, or 0 on
 * failure.
 */
static size_t
hmac(enum otp_algorithm algorithm, const struct otp_secret *secret,
    const uint8_t message[static 8], uint8_t ret[static EVP_MAX_MD_SIZE])
{
	static const uint8_t zeros[OTP_SECRET_MAX];
	static EVP_MAC_CTX *found[3];
	EVP_MAC_CTX *ctx = find_hmac(algorithm, &found[algorithm]);
	size_t len = 0;

	if (ctx == NULL)
		return 0;
	if (EVP_MAC_init(ctx, secret->bytes, secret->len, NULL) != 1 ||
	    EVP_MAC_update(ctx, message, 8) != 1 ||
	    EVP_MAC_final(ctx, ret, &len, EVP_MAX_MD_SIZE) != 1)
		len = 0;
	if (EVP_MAC_init(ctx, zeros, sizeof(zeros), NULL) != 1) {
		EVP_MAC_CTX_free(ctx);
		found[algorithm] = NULL;
		len = 0;
	}
	return len;
}

#endif

/* Dynamic truncation, RFC 4226 section 5.3. */
static uint32_t
truncate_mac(const uint8_t *mac, size_t len)
{
	const uint8_t *at = mac + (mac[len - 1] & 0x0f);

	return (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

enum fault
otp_code(enum otp_algorithm algorithm, const struct otp_secret *secret,
    uint64_t counter, int digits, char ret[static OTP_DIGITS_MAX + 1])
{
	uint8_t message[8], mac[EVP_MAX_MD_SIZE];
	size_t mac_len;
	uint32_t number;

	ret[0] = '\0';
	if (digits < OTP_DIGITS_MIN || digits > OTP_DIGITS_MAX ||
	    (unsigned)algorithm > OTP_SHA512 || secret->len == 0 ||
	    secret->len > OTP_SECRET_MAX)
		return FAULT_LIMIT;
	for (int i = 7; i >= 0; i--, counter >>= 8)
		message[i] = (uint8_t)counter;
	mac_len = hmac(algorithm, secret, message, mac);
	number = mac_len > 0 ? truncate_mac(mac, mac_len) : 0;
	OPENSSL_cleanse(mac, sizeof(mac));
	if (mac_len == 0)
		return FAULT_MEMORY;
	ret[digits] = '\0';
	for (int i = digits - 1; i >= 0; i--, number /= 10)
		ret[i] = (char)('0' + number % 10);
	return FAULT_NONE;
}

uint64_t
otp_step(int64_t time_s, int64_t period_s)
{
	return time_s < 0 ? 0 : (uint64_t)(time_s / period_s);
}
