#include "store/core/otpauth.h"

#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

enum { ISSUER, USER, HOST, SECRET, PARTS };

/* Decodes the percent signs. */
static void
decode(const char *text, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++) {
		char hex[3] = {0};

		if (text[i] != '%') {
			*ret++ = text[i];
			continue;
		}
		must(i + 2 < len);
		memcpy(hex, text + i + 1, 2);
		must(strspn(hex, "0123456789ABCDEF") == 2);
		*ret++ = (char)strtol(hex, NULL, 16);
		i += 2;
	}
	*ret = '\0';
}

/* Reads ISSUER:USER@HOST as an app does: one colon, and nothing missing. */
static void
read_label(const char *uri, char *const parts[static PARTS])
{
	const char *label = uri + strlen("otpauth://totp/"); /* or hotp */
	const char *colon = strchr(label, ':');
	const char *end = strchr(label, '?');
	char account[OTPAUTH_MAX];
	size_t user = strlen(parts[USER]);

	must(colon != NULL && end != NULL && colon < end);
	must(strchr(colon + 1, ':') == NULL && strchr(uri, ' ') == NULL);
	must(strlen(parts[ISSUER]) == (size_t)(colon - label) &&
	    memcmp(label, parts[ISSUER], (size_t)(colon - label)) == 0);
	decode(colon + 1, (size_t)(end - colon - 1), account);
	must(strncmp(account, parts[USER], user) == 0);
	if (parts[HOST][0] != '\0')
		must(account[user] == '@' &&
		    strcmp(account + user + 1, parts[HOST]) == 0);
	else
		must(account[user] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *parts[PARTS];
	char uri[OTPAUTH_MAX], small[64];
	struct otpauth account = {
	    .algorithm = "SHA1", .digits = 6, .period_s = 30};

	fuzz_parts(data, size, parts, PARTS);
	account.issuer = parts[ISSUER];
	account.user = parts[USER];
	account.host = parts[HOST];
	account.secret = parts[SECRET];
	account.counts = size % 2 == 1;
	account.counter = size;
	if (otpauth_format(&account, uri, sizeof(uri)) == FAULT_NONE) {
		must(account.counts == (strstr(uri, "&counter=") != NULL));
		must(strncmp(uri + 10, account.counts ? "hotp/" : "totp/", 5) ==
		    0);
		must(strspn(uri,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789._-%:/?&=") == strlen(uri));
		read_label(uri, parts);
		must(strstr(uri, parts[SECRET]) != NULL);
	} else {
		must(uri[0] == '\0');
	}
	if (otpauth_format(&account, small, sizeof(small)) == FAULT_NONE)
		must(strcmp(uri, small) == 0);
	fuzz_parts_done(parts, PARTS);
	return 0;
}
