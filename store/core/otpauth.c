#include "store/core/otpauth.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct writer {
	char *text;
	size_t size, len;
	bool full;
};

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static void
put_char(struct writer *w, char c)
{
	if (w->size - w->len <= 1) {
		w->full = true;
		return;
	}
	w->text[w->len++] = c;
	w->text[w->len] = '\0';
}

static void
put_string(struct writer *w, const char *text)
{
	for (; *text != '\0'; text++)
		put_char(w, *text);
}

static void
put_encoded(struct writer *w, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text != '\0'; text++) {
		if (is_unreserved(*text)) {
			put_char(w, *text);
			continue;
		}
		put_char(w, '%');
		put_char(w, hex[(uint8_t)*text >> 4]);
		put_char(w, hex[(uint8_t)*text & 15]);
	}
}

static void
put_number(struct writer *w, const char *name, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	put_string(w, name);
	put_string(w, digits);
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

static void
put_label(struct writer *w, const struct otpauth *account)
{
	put_string(w, account->issuer);
	put_string(w, ":");
	put_encoded(w, account->user);
	if (account->host[0] != '\0') {
		put_string(w, "%40");
		put_encoded(w, account->host);
	}
}

static void
put_parameters(struct writer *w, const struct otpauth *account)
{
	put_string(w, "?secret=");
	put_string(w, account->secret);
	put_string(w, "&issuer=");
	put_string(w, account->issuer);
	if (strcmp(account->algorithm, "SHA1") != 0) {
		put_string(w, "&algorithm=");
		put_encoded(w, account->algorithm);
	}
	if (account->digits != 6)
		put_number(w, "&digits=", (uint64_t)account->digits);
	if (account->counts)
		put_number(w, "&counter=", account->counter);
	else if (account->period_s != 30)
		put_number(w, "&period=", (uint64_t)account->period_s);
}

enum fault
otpauth_format(const struct otpauth *account, char *ret, size_t size)
{
	struct writer w = {.text = ret, .size = size};

	if (size == 0)
		return FAULT_LIMIT;
	ret[0] = '\0';
	if (!otpauth_issuer_ok(account->issuer) || account->user[0] == '\0' ||
	    !secret_ok(account->secret))
		return FAULT_FORMAT;
	put_string(&w, account->counts ? "otpauth://hotp/" : "otpauth://totp/");
	put_label(&w, account);
	put_parameters(&w, account);
	if (!w.full)
		return FAULT_NONE;
	explicit_bzero(ret, size);
	return FAULT_LIMIT;
}
