/*
 * A host and port that "tfa connect" is asked to connect to, and the list of
 * those to which an account may.  Pure: texts go in.
 *
 * A host is a name, or an address in digits.  Letters are made small and
 * addresses are written in one way, so that two spellings of one endpoint are
 * one text.  There are no patterns, and no name is looked up: whoever
 * writes a name into a list trusts the name services of the bastion with it.
 */
#ifndef TFA_ENDPOINT_H
#define TFA_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#define ENDPOINT_HOST 254 /* RFC 1035 section 2.3.4, as text */
#define ENDPOINT_PORT 6
#define ENDPOINT_TEXT 264 /* "[HOST]:PORT" */

struct endpoint {
	char host[ENDPOINT_HOST]; /* for getaddrinfo(3): without brackets */
	char port[ENDPOINT_PORT]; /* 1 to 65535 */
};

/* A port from 1 to 65535 in digits; 0 for anything else, also for one with a
 * sign, a blank or a leading zero. */
int endpoint_port(const char *text);

/*
 * *ret: the endpoint of these two words.  An IPv6 address may stand in brackets.
 * False, *ret untouched, for anything else: an empty name, a name with other
 * characters than letters, digits, "-", "_" and ".", or that begins with "-",
 * an address with a zone, and what endpoint_port() does not take.
 */
bool endpoint_parse(const char *host, const char *port, struct endpoint *ret);

/* The endpoint of "HOST:PORT" or "[IPV6]:PORT". */
bool endpoint_parse_pair(const char *pair, struct endpoint *ret);

/*
 * The endpoint of a client's command: "tfa connect HOST PORT", "nc HOST PORT",
 * "HOST PORT", or with HOST:PORT as one word.  Words are parted by spaces.  An
 * option, a quote and any further word is refused: no shell reads this, so
 * nothing else could mean what it says.
 */
bool endpoint_parse_command(const char *command, struct endpoint *ret);

/* Writes "HOST:PORT", with an IPv6 address in brackets. */
void endpoint_format(
    const struct endpoint *endpoint, char ret[static ENDPOINT_TEXT]);

/* The answer of a list. */
enum listed {
	LISTED_WRONG = 0, /* a line is no endpoint: the list allows nothing */
	LISTED_NOT,
	LISTED_HERE,
};

/*
 * Looks endpoint up in a list: a HOST:PORT on each line, and "#" begins a
 * comment.  *ret_line: the number of the first line that is wrong.
 */
enum listed endpoint_look_up(const struct endpoint *endpoint, const char *list,
    size_t len, size_t *ret_line);

/*
 * *ret: the next endpoint of a list, as endpoint_look_up() reads it, from *at
 * on.  False at the end and at a line that is wrong.
 */
bool
endpoint_next(const char *list, size_t len, size_t *at, struct endpoint *ret);

#endif
