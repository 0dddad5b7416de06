#include "store/wire/connection.h"

#include <stdio.h>
#include <string.h>

#include "store/base/endpoint.h"
#include "store/base/utf8.h"

#define HEX_DIGITS 32

static const char token_prefix[] = "pam/";

bool
connection_is_door(const char *name)
{
	return strncmp(name, token_prefix, sizeof(token_prefix) - 1) == 0;
}

static bool
is_token(const char *text)
{
	const char *hex = text + sizeof(token_prefix) - 1;

	return connection_is_door(text) &&
	    strspn(hex, "0123456789abcdef") == HEX_DIGITS &&
	    hex[HEX_DIGITS] == '\0';
}

/* Takes the word at *at, and the blank behind it unless it is the last. */
static bool
take_word(const char **at, bool is_last, char *ret, size_t size)
{
	size_t n = strcspn(*at, " ");

	if (n == 0 || n >= size || (*at)[n] != (is_last ? '\0' : ' '))
		return false;
	memcpy(ret, *at, n);
	ret[n] = '\0';
	*at += n + !is_last;
	return true;
}

/* Takes an address and a port. */
static bool
take_end(const char **at, bool is_last)
{
	char address[ADDRESS_TEXT], port[ENDPOINT_PORT];
	struct address ignored;

	return take_word(at, false, address, sizeof(address)) &&
	    utf8_is_clean(address) && address_parse(address, &ignored) &&
	    take_word(at, is_last, port, sizeof(port)) &&
	    endpoint_port(port) != 0;
}

bool
connection_name(
    const char *token, const char *ssh_connection, char ret[static PATH_TEXT])
{
	const char *at = ssh_connection;

	if (token == NULL || ssh_connection == NULL || !is_token(token) ||
	    !take_end(&at, false) || !take_end(&at, true))
		return false;
	snprintf(ret, PATH_TEXT, "%s %s", token, ssh_connection);
	return true;
}
