#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/address.h"
#include "store/base/endpoint.h"

#define WORDS_MAX 4 /* "tfa connect HOST PORT" */

/* By characters, not by the locale. */
static bool
is_name(const char *host)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	size_t len = strlen(host);

	return len > 0 && len < ENDPOINT_HOST && host[0] != '-' &&
	    host[0] != '.' && strspn(host, good) == len;
}

int
endpoint_port(const char *text)
{
	size_t len = strlen(text);
	long port;

	if (len == 0 || len >= ENDPOINT_PORT || text[0] == '0' ||
	    strspn(text, "0123456789") != len)
		return 0;
	port = strtol(text, NULL, 10);
	return port <= UINT16_MAX ? (int)port : 0;
}

/* An address in digits, in brackets if it is IPv6 and they are there. */
static bool
read_address(const char *host, char ret[static ENDPOINT_HOST])
{
	char bare[ADDRESS_TEXT];
	struct address address;
	size_t len = strlen(host);
	bool bracketed = host[0] == '[';

	if (bracketed && (host[len - 1] != ']' || strchr(host, ':') == NULL))
		return false;
	if (bracketed)
		len -= 2;
	if (len >= sizeof(bare) || strchr(host, '%') != NULL)
		return false;
	memcpy(bare, host + bracketed, len);
	bare[len] = '\0';
	if (!address_parse(bare, &address))
		return false;
	address_format(&address, ret);
	return true;
}

static void
read_name(const char *host, char ret[static ENDPOINT_HOST])
{
	for (; *host != '\0'; host++)
		*ret++ = (char)(*host >= 'A' && *host <= 'Z' ? *host + 32
							     : *host);
	*ret = '\0';
}

bool
endpoint_parse(const char *host, const char *port, struct endpoint *ret)
{
	struct endpoint endpoint = {.port = ""};

	if (endpoint_port(port) == 0)
		return false;
	snprintf(endpoint.port, sizeof(endpoint.port), "%s", port);
	if (!read_address(host, endpoint.host)) {
		if (!is_name(host))
			return false;
		read_name(host, endpoint.host);
	}
	*ret = endpoint;
	return true;
}

bool
endpoint_parse_pair(const char *pair, struct endpoint *ret)
{
	const char *colon = strrchr(pair, ':');
	char host[ENDPOINT_HOST + 2];
	size_t len = colon != NULL ? (size_t)(colon - pair) : 0;

	if (len == 0 || len >= sizeof(host))
		return false;
	memcpy(host, pair, len);
	host[len] = '\0';
	/* "::1:22" could be a host and a port, or an address alone. */
	if (host[0] != '[' && strchr(host, ':') != NULL)
		return false;
	return endpoint_parse(host, colon + 1, ret);
}

/* Cuts text at its spaces; the number of words, or 0 for too many. */
static size_t
cut_words(char *text, char *ret[static WORDS_MAX])
{
	size_t count = 0;

	for (text += strspn(text, " "); *text != '\0';) {
		if (count == WORDS_MAX)
			return 0;
		ret[count++] = text;
		text += strcspn(text, " ");
		if (*text != '\0')
			*text++ = '\0';
		text += strspn(text, " ");
	}
	return count;
}

static bool
parse_words(char *const words[], size_t count, struct endpoint *ret)
{
	if (count >= 2 && strcmp(words[0], "tfa") == 0 &&
	    strcmp(words[1], "connect") == 0) {
		words += 2;
		count -= 2;
	} else if (count >= 1 && strcmp(words[0], "nc") == 0) {
		words++;
		count--;
	}
	if (count == 1)
		return endpoint_parse_pair(words[0], ret);
	return count == 2 && endpoint_parse(words[0], words[1], ret);
}

bool
endpoint_parse_command(const char *command, struct endpoint *ret)
{
	char text[ENDPOINT_TEXT + 32];
	char *words[WORDS_MAX];
	size_t len = strlen(command);

	if (len >= sizeof(text))
		return false;
	memcpy(text, command, len + 1);
	return parse_words(words, cut_words(text, words), ret);
}

void
endpoint_format(const struct endpoint *endpoint, char ret[static ENDPOINT_TEXT])
{
	bool six = strchr(endpoint->host, ':') != NULL;

	snprintf(ret, ENDPOINT_TEXT, "%s%s%s:%s", six ? "[" : "",
	    endpoint->host, six ? "]" : "", endpoint->port);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * Copies the line at *at without its comment and the blanks around it, and
 * steps over it; false if it is longer than any endpoint.
 */
static bool
next_line(const char *list, size_t len, size_t *at, char ret[ENDPOINT_TEXT])
{
	const char *line = list + *at;
	const char *newline = memchr(line, '\n', len - *at);
	size_t n = newline != NULL ? (size_t)(newline - line) : len - *at;
	const char *comment = memchr(line, '#', n);

	*at += n + (newline != NULL);
	if (comment != NULL)
		n = (size_t)(comment - line);
	for (; n > 0 && is_blank(line[0]); n--)
		line++;
	while (n > 0 && is_blank(line[n - 1]))
		n--;
	if (n >= ENDPOINT_TEXT || memchr(line, '\0', n) != NULL)
		return false;
	memcpy(ret, line, n);
	ret[n] = '\0';
	return true;
}

bool
endpoint_next(const char *list, size_t len, size_t *at, struct endpoint *ret)
{
	char text[ENDPOINT_TEXT];

	while (*at < len) {
		if (!next_line(list, len, at, text))
			return false;
		if (text[0] != '\0')
			return endpoint_parse_pair(text, ret);
	}
	return false;
}

static bool
is_same(const struct endpoint *a, const struct endpoint *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

/* All lines are read: a list that is wrong below the endpoint is wrong. */
enum listed
endpoint_look_up(const struct endpoint *endpoint, const char *list, size_t len,
    size_t *ret_line)
{
	enum listed answer = LISTED_NOT;
	char text[ENDPOINT_TEXT];
	struct endpoint entry;
	size_t line = 0;

	for (size_t at = 0; at < len;) {
		line++;
		if (!next_line(list, len, &at, text) ||
		    (text[0] != '\0' && !endpoint_parse_pair(text, &entry))) {
			*ret_line = line;
			return LISTED_WRONG;
		}
		if (text[0] != '\0' && is_same(&entry, endpoint))
			answer = LISTED_HERE;
	}
	return answer;
}
