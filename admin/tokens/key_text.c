#include <string.h>

#include "admin/tokens/key_text.h"
#include "store/base/base32.h"

#define HEX_PREFIX   "0X" /* some makers write it; base32 has no zero */
#define KEY_TEXT_MAX (sizeof(HEX_PREFIX) - 1 + 2 * OTP_SECRET_MAX)

/* ret: the text without blanks and dashes, in upper case.  False if it is too
 * long for any secret. */
static bool
plain(const char *text, char ret[static KEY_TEXT_MAX + 1])
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		char c = *text;

		if (c == ' ' || c == '-')
			continue;
		if (len == KEY_TEXT_MAX)
			return false;
		ret[len++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	ret[len] = '\0';
	return true;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum fault
hex_bytes(const char *at, struct otp_secret *ret)
{
	size_t len;

	if (strncmp(at, HEX_PREFIX, sizeof(HEX_PREFIX) - 1) == 0)
		at += sizeof(HEX_PREFIX) - 1;
	len = strlen(at);
	if (len == 0 || len % 2 != 0 || len > 2 * OTP_SECRET_MAX)
		return FAULT_FORMAT;
	for (size_t i = 0; i < len; i += 2) {
		int high = nibble(at[i]), low = nibble(at[i + 1]);

		if (high < 0 || low < 0)
			return FAULT_FORMAT;
		ret->bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	ret->len = len / 2;
	return FAULT_NONE;
}

static enum fault
base32_bytes(char *at, struct otp_secret *ret)
{
	size_t len = strlen(at);

	while (len > 0 && at[len - 1] == '=')
		len--;
	return len > 0 &&
		base32_decode(at, len, ret->bytes, sizeof(ret->bytes),
		    &ret->len) == FAULT_NONE
	    ? FAULT_NONE
	    : FAULT_FORMAT;
}

static enum fault
decode_key(const char *text, bool hex, struct otp_secret *ret)
{
	struct otp_secret secret = {.len = 0};
	char at[KEY_TEXT_MAX + 1] = "";
	enum fault fault = FAULT_FORMAT;

	*ret = (struct otp_secret){.len = 0};
	if (plain(text, at))
		fault = hex ? hex_bytes(at, &secret)
			    : base32_bytes(at, &secret);
	if (fault == FAULT_NONE)
		*ret = secret;
	explicit_bzero(at, sizeof(at));
	explicit_bzero(&secret, sizeof(secret));
	return fault;
}

enum fault
key_text_hex(const char *text, struct otp_secret *ret)
{
	return decode_key(text, true, ret);
}

enum fault
key_text_base32(const char *text, struct otp_secret *ret)
{
	return decode_key(text, false, ret);
}

bool
key_text_may_be(const char *text)
{
	struct otp_secret hex, base32;
	bool may = (key_text_hex(text, &hex) == FAULT_NONE && hex.len >= 10) ||
	    (key_text_base32(text, &base32) == FAULT_NONE && base32.len >= 10);

	explicit_bzero(&hex, sizeof(hex));
	explicit_bzero(&base32, sizeof(base32));
	return may;
}
