/*
 * POSTs over HTTPS, many at once, by libcurl; the only file with libcurl.  TLS
 * 1.2 or later, certificate and host name always verified, no proxy, no
 * redirects, no other scheme.
 *
 *	struct http *http = http_begin(&tls);
 *
 *	http_start(http, &request)            for each
 *	http_wait(http, fds, count, wait_ms)  waits for these, too
 *	while (http_next(http, &result))
 *		...; http_result_done(&result);
 */
#ifndef TFA_LINK_HTTP_H
#define TFA_LINK_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/json/out.h"

#define HTTP_WHY         200
#define HTTP_CONNECTIONS 20 /* to a server at once: more requests wait */

struct http;

/* PEM texts with their lengths, which stay where they are. */
struct http_tls {
	const char *ca, *certificate, *key; /* the last two: "" for none */
};

struct http_request {
	const char *url;   /* https://HOST:PORT; stays until the result */
	const char *path;  /* "/v3/kv/range" */
	const char *body;  /* stays until the result; NULL: a GET */
	const char *token; /* for Authorization; "": none */
	int64_t limit_ms;
	size_t reply_max;
	bool tls12; /* and not TLS 1.3 */
	void *owner;
};

enum http_end {
	HTTP_LOST = 0,    /* no answer: it may have been done, if it was sent */
	HTTP_ANSWERED,    /* status and body */
	HTTP_CERTIFICATE, /* theirs or ours is not accepted */
};

struct http_result {
	void *owner;
	enum http_end end;
	bool
	    sent; /* libcurl took some of the body: it never proves "not sent" */
	bool unreached; /* there was nobody to connect to */
	bool closed;    /* there was, and the connection ended: no time-out */
	long status;
	struct json_out body;
	int64_t date_s;     /* the answer's Date, seconds since 1970; 0: none */
	int64_t expires_s;  /* when the server's certificate ends; 0: unknown */
	char why[HTTP_WHY]; /* of an end without answer: libcurl's words */
};

/* NULL: libcurl does not work, or has another TLS library than OpenSSL;
 * *ret_why says which, static. */
struct http *http_begin(const struct http_tls *tls, const char **ret_why);

/* False without memory. */
bool http_start(struct http *http, const struct http_request *request);

/* Waits until something happened to a request or to one of these descriptors,
 * wait_ms at most, and fills their revents. */
void
http_wait(struct http *http, struct pollfd *fds, unsigned count, int wait_ms);

/* The next request that ended; false if there is none. */
bool http_next(struct http *http, struct http_result *ret);

void http_result_done(struct http_result *result);

/* Ends all requests. */
void http_end(struct http *http);

#endif
