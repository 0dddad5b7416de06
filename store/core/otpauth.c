#include "store/core/otpauth.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* Percent-encodes the text; false where it does not fit. */
static bool
encode(const char *text, char *ret, size_t size)
{
	size_t len = 0;

	for (; *text != '\0' && len + 3 < size; text++)
		len += (size_t)snprintf(ret + len, size - len,
		    is_unreserved(*text) ? "%c" : "%%%02X", (uint8_t)*text);
	ret[len] = '\0';
	return *text == '\0';
}

bool
otpauth_issuer_ok(const char *text)
{
	size_t len = 0;

	while (len < ISSUER_TEXT && is_unreserved(text[len]))
		len++;
	return len > 0 && len < ISSUER_TEXT && text[len] == '\0';
}

static bool
secret_ok(const char *secret)
{
	size_t len = strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");

	return len >= OTPAUTH_SECRET_MIN && secret[len] == '\0';
}

/* Writes a parameter, unless it has the value that every app assumes. */
static void
write_number(const char *name, int value, int assumed, char ret[static 24])
{
	ret[0] = '\0';
	if (value != assumed)
		snprintf(ret, 24, "&%s=%d", name, value);
}

enum fault
otpauth_format(const struct otpauth *account, char *ret, size_t size)
{
	char user[OTPAUTH_MAX], host[OTPAUTH_MAX], algorithm[32];
	char digits[24], period[24];
	bool other = strcmp(account->algorithm, "SHA1") != 0;
	int len;

	if (size == 0)
		return FAULT_LIMIT;
	ret[0] = '\0';
	if (!otpauth_issuer_ok(account->issuer) || account->user[0] == '\0' ||
	    !secret_ok(account->secret))
		return FAULT_FORMAT;
	if (!encode(account->user, user, sizeof(user)) ||
	    !encode(account->host, host, sizeof(host)) ||
	    !encode(account->algorithm, algorithm, sizeof(algorithm)))
		return FAULT_LIMIT;
	write_number("digits", account->digits, 6, digits);
	write_number("period", account->period_s, 30, period);
	len = snprintf(ret, size,
	    "otpauth://totp/%s:%s%s%s?secret=%s&issuer=%s%s%s%s%s",
	    account->issuer, user, host[0] != '\0' ? "%40" : "", host,
	    account->secret, account->issuer, other ? "&algorithm=" : "",
	    other ? algorithm : "", digits, period);
	if (len >= 0 && (size_t)len < size)
		return FAULT_NONE;
	explicit_bzero(ret, size);
	return FAULT_LIMIT;
}
