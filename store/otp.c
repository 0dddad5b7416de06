#include "otp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

const char *const otp_algorithm_names[3] = {
    [OTP_SHA1] = "SHA1",
    [OTP_SHA256] = "SHA256",
    [OTP_SHA512] = "SHA512",
};

void
otp_secret_done(struct otp_secret *secret)
{
	if (secret != NULL)
		OPENSSL_cleanse(secret, sizeof(*secret));
}

static const EVP_MD *
algorithm_md(enum otp_algorithm algorithm)
{
	switch (algorithm) {
	case OTP_SHA1:
		return EVP_sha1();
	case OTP_SHA256:
		return EVP_sha256();
	case OTP_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

/* Dynamic truncation, RFC 4226 section 5.3. */
static uint32_t
truncate_mac(const uint8_t *mac, unsigned len)
{
	const uint8_t *at = mac + (mac[len - 1] & 0x0f);

	return (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

enum fault
otp_code(enum otp_algorithm algorithm, const struct otp_secret *secret,
    uint64_t counter, int digits, char ret[static OTP_DIGITS_MAX + 1])
{
	const EVP_MD *md = algorithm_md(algorithm);
	uint8_t message[8], mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	uint32_t number;

	ret[0] = '\0';
	if (digits < OTP_DIGITS_MIN || digits > OTP_DIGITS_MAX || md == NULL ||
	    secret->len == 0 || secret->len > OTP_SECRET_MAX)
		return FAULT_LIMIT;
	for (int i = 7; i >= 0; i--, counter >>= 8)
		message[i] = (uint8_t)counter;
	if (HMAC(md, secret->bytes, (int)secret->len, message, sizeof(message),
		mac, &mac_len) == NULL)
		return FAULT_MEMORY;
	number = truncate_mac(mac, mac_len);
	OPENSSL_cleanse(mac, sizeof(mac));
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
