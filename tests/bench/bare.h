/*
 * For the programs of a fleet's bench: a bare client of etcd, with one
 * connection that it keeps, a clock, and the rows that they print:
 * "NAME<TAB>OURS,...<TAB>THEIRS,...", theirs empty where there are none.
 */
#ifndef TFA_BENCH_BARE_H
#define TFA_BENCH_BARE_H

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/base/cleanup.h"
#include "tests/support/cluster.h"
#include "tests/support/fail.h"

#define REPLY 1048576 /* bytes of the longest reply */

_Noreturn void
fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

struct bare {
	CURL *curl;
	struct curl_slist *headers;
	const struct cluster *c;
	char reply[REPLY];
	size_t len;
};

static inline size_t
keep_reply(char *bytes, size_t size, size_t count, void *ctx)
{
	struct bare *bare = ctx;
	size_t len = size * count;

	if (len >= REPLY - bare->len)
		return 0;
	memcpy(bare->reply + bare->len, bytes, len);
	bare->len += len;
	bare->reply[bare->len] = '\0';
	return len;
}

static inline void
bare_begin(struct bare *bare, const struct cluster *c, const char *token)
{
	bare->c = c;
	bare->curl = curl_easy_init();
	bare->headers = curl_slist_append(
	    NULL, text("Authorization: %s", token));
	curl_easy_setopt(bare->curl, CURLOPT_HTTPHEADER, bare->headers);
	curl_easy_setopt(
	    bare->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(bare->curl, CURLOPT_CAINFO, cluster_file(c, "ca.pem"));
	curl_easy_setopt(
	    bare->curl, CURLOPT_SSLCERT, cluster_file(c, "client.pem"));
	curl_easy_setopt(
	    bare->curl, CURLOPT_SSLKEY, cluster_file(c, "client.key"));
	curl_easy_setopt(bare->curl, CURLOPT_WRITEFUNCTION, keep_reply);
	curl_easy_setopt(bare->curl, CURLOPT_WRITEDATA, bare);
}

static inline void
bare_ask(struct bare *bare, const char *path, const char *body)
{
	scoped_free char *url = text("%s/v3/%s", bare->c->node[0].url, path);
	long status = 0;
	CURLcode code;

	bare->len = 0;
	curl_easy_setopt(bare->curl, CURLOPT_URL, url);
	curl_easy_setopt(bare->curl, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(bare->curl);
	curl_easy_getinfo(bare->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK || status != 200)
		fail("%s: curl %d, HTTP %ld", path, (int)code, status);
}

static inline double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline void
print_side(const double *figures, int n)
{
	for (int i = 0; i < n; i++)
		printf("%s%.4f", i == 0 ? "" : ",", figures[i]);
}

static inline void
print_row(const char *name, const double *ours, const double *theirs, int n)
{
	printf("%s\t", name);
	print_side(ours, n);
	printf("\t");
	print_side(theirs, theirs == NULL ? 0 : n);
	printf("\n");
	fflush(stdout);
}

#endif
