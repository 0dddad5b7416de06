#include "store/link/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEEP_S 600L
/* A name server that is away must not take a fleet with it. */
#define NAMES_S  3600L
#define URL_TEXT 512

struct http {
	CURLM *multi;
	CURLSH *share;
	struct http_tls tls;
	struct job *idle;
	int jobs; /* that were started, and not taken out by http_next() */
};

/* An easy handle and what it works on. */
struct job {
	struct job *next;
	CURL *curl;
	struct curl_slist *headers;
	void *owner;
	const char *body;
	size_t body_len, body_at;
	bool sent;
	size_t reply_max;
	struct json_out reply;
	int64_t date_s;
	char error[CURL_ERROR_SIZE];
};

static void
free_job(struct job *job)
{
	if (job == NULL)
		return;
	curl_slist_free_all(job->headers);
	curl_easy_cleanup(job->curl);
	json_text_free(&job->reply.text);
	free(job);
}

/* POSTFIELDS would not say if the body was taken. */
static size_t
give_body(char *to, size_t size, size_t count, void *ctx)
{
	struct job *job = ctx;
	size_t left = job->body_len - job->body_at, room = size * count;
	size_t part = left < room ? left : room;

	job->sent = true;
	memcpy(to, job->body + job->body_at, part);
	job->body_at += part;
	return part;
}

/* A connection that was kept may be dead: libcurl sends the body once more. */
static int
rewind_body(void *ctx, curl_off_t offset, int origin)
{
	struct job *job = ctx;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > job->body_len)
		return CURL_SEEKFUNC_FAIL;
	job->body_at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t
take_reply(char *bytes, size_t size, size_t count, void *ctx)
{
	struct job *job = ctx;
	size_t len = size * count;

	if (job->reply.text == NULL)
		job->reply = json_out_begin(4096);
	if (len > job->reply_max - job->reply.len)
		return 0;
	json_out_put(&job->reply, bytes, len);
	return job->reply.text != NULL ? len : 0;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *ctx)
{
	static const char name[] = "date:";
	struct job *job = ctx;
	size_t len = size * count;
	char text[64];

	if (len > strlen(name) && len < sizeof(text) &&
	    strncasecmp(bytes, name, strlen(name)) == 0) {
		memcpy(text, bytes, len);
		text[len] = '\0';
		job->date_s = curl_getdate(text + strlen(name), NULL);
		if (job->date_s < 0)
			job->date_s = 0;
	}
	return len;
}

static void
set_blob(CURL *curl, CURLoption option, const char *text)
{
	struct curl_blob blob = {.data = (void *)(uintptr_t)text,
	    .len = strlen(text),
	    .flags = CURL_BLOB_NOCOPY};

	curl_easy_setopt(curl, option, &blob);
}

static bool
set_tls(struct job *job, const struct http_tls *tls)
{
	CURL *curl = job->curl;
	bool works = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) ==
		CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") ==
		CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL) == CURLE_OK;

	set_blob(curl, CURLOPT_CAINFO_BLOB, tls->ca);
	if (tls->certificate[0] != '\0') {
		set_blob(curl, CURLOPT_SSLCERT_BLOB, tls->certificate);
		set_blob(curl, CURLOPT_SSLKEY_BLOB, tls->key);
	}
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	return works;
}

static void
set_job(struct job *job, CURLSH *share)
{
	CURL *curl = job->curl;

	curl_easy_setopt(curl, CURLOPT_SHARE, share);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, job);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(
	    curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 10L);
	curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, KEEP_S);
	curl_easy_setopt(curl, CURLOPT_DNS_CACHE_TIMEOUT, NAMES_S);
	/* Without this all would wait for the name of one. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, job->error);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(curl, CURLOPT_READDATA, job);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, job);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, job);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, job);
}

static struct job *
new_job(struct http *http)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->curl = curl_easy_init();
	if (job->curl == NULL || !set_tls(job, &http->tls)) {
		free_job(job);
		return NULL;
	}
	set_job(job, http->share);
	return job;
}

struct http *
http_begin(const struct http_tls *tls, const char **ret_why)
{
	const curl_version_info_data *info;
	struct http *http;

	*ret_why = "libcurl does not work";
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (http = calloc(1, sizeof(*http))) == NULL)
		return NULL;
	http->tls = *tls;
	http->multi = curl_multi_init();
	http->share = curl_share_init();
	info = curl_version_info(CURLVERSION_NOW);
	if (http->multi == NULL || http->share == NULL) {
		http_end(http);
		return NULL;
	}
	if (info->ssl_version == NULL ||
	    strncmp(info->ssl_version, "OpenSSL/", 8) != 0) {
		*ret_why = "libcurl is not the one that uses OpenSSL";
		http_end(http);
		return NULL;
	}
	/* A new connection continues an old TLS session. */
	curl_share_setopt(
	    http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(
	    http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HTTP_CONNECTIONS);
	curl_multi_setopt(
	    http->multi, CURLMOPT_MAXCONNECTS, 4L * HTTP_CONNECTIONS);
	return http;
}

static void
wipe_headers(struct job *job)
{
	for (struct curl_slist *one = job->headers; one != NULL;
	     one = one->next)
		explicit_bzero(one->data, strlen(one->data));
	curl_slist_free_all(job->headers);
	job->headers = NULL;
}

static bool
add_header(struct job *job, const char *text)
{
	struct curl_slist *longer = curl_slist_append(job->headers, text);

	if (longer != NULL)
		job->headers = longer;
	return longer != NULL;
}

static bool
set_headers(struct job *job, const char *token)
{
	struct json_out line = json_out_begin(64 + strlen(token));
	bool works = add_header(job, "Content-Type: application/json") &&
	    add_header(job, "Expect:");

	if (token[0] != '\0') {
		json_out_text(&line, "Authorization: ");
		json_out_text(&line, token);
		works = works && line.text != NULL &&
		    add_header(job, line.text);
	}
	json_text_free(&line.text);
	curl_easy_setopt(job->curl, CURLOPT_HTTPHEADER, job->headers);
	return works;
}

/* Gives a job back to those that are idle. */
static void
retire(struct http *http, struct job *job)
{
	curl_easy_setopt(job->curl, CURLOPT_HTTPHEADER, NULL);
	wipe_headers(job);
	json_text_free(&job->reply.text);
	job->reply = (struct json_out){.text = NULL};
	job->next = http->idle;
	http->idle = job;
}

static bool
http_body(struct job *job, const struct http_request *request)
{
	char url[URL_TEXT];

	snprintf(url, sizeof(url), "%s%s", request->url, request->path);
	job->owner = request->owner;
	job->body = request->body;
	job->body_len = request->body != NULL ? strlen(request->body) : 0;
	job->body_at = 0;
	job->sent = false;
	job->reply_max = request->reply_max;
	job->date_s = 0;
	job->error[0] = '\0';
	if (request->body != NULL) {
		curl_easy_setopt(job->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(job->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)job->body_len);
	} else {
		curl_easy_setopt(job->curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(
	    job->curl, CURLOPT_TIMEOUT_MS, (long)request->limit_ms);
	return curl_easy_setopt(job->curl, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(job->curl, CURLOPT_SSLVERSION,
		(long)CURL_SSLVERSION_TLSv1_2 |
		    (request->tls12 ? (long)CURL_SSLVERSION_MAX_TLSv1_2 : 0)) ==
	    CURLE_OK &&
	    set_headers(job, request->token);
}

bool
http_start(struct http *http, const struct http_request *request)
{
	struct job *job = http->idle;

	if (job != NULL)
		http->idle = job->next;
	else
		job = new_job(http);
	if (job == NULL)
		return false;
	if (http_body(job, request) &&
	    curl_multi_add_handle(http->multi, job->curl) == CURLM_OK) {
		http->jobs++;
		return true;
	}
	retire(http, job);
	return false;
}

void
http_wait(struct http *http, struct pollfd *fds, unsigned count, int wait_ms)
{
	static struct curl_waitfd waits[512];
	unsigned most = sizeof(waits) / sizeof(waits[0]);
	int running;

	count = count < most ? count : most;
	for (unsigned i = 0; i < count; i++)
		waits[i] = (struct curl_waitfd){
		    .fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
	curl_multi_perform(http->multi, &running);
	/* One that ended just now makes no descriptor ready any more. */
	if (running < http->jobs)
		wait_ms = 0;
	curl_multi_poll(http->multi, waits, count, wait_ms, NULL);
	for (unsigned i = 0; i < count; i++)
		fds[i].revents = waits[i].revents;
	curl_multi_perform(http->multi, &running);
}

/* A server that does not take our certificate says so after the request was sent,
 * in TLS 1.3: libcurl then fails to receive. */
static bool
is_of_certificate(CURLcode code, const char *words)
{
	if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_SSL_ISSUER_ERROR)
		return true;
	return strstr(words, "alert") != NULL &&
	    (strstr(words, "certificate") != NULL ||
		strstr(words, "unknown ca") != NULL);
}

/* "Expire date:Nov 30 02:31:35 2027 GMT" of the server's own certificate. */
static int64_t
expiry_of(CURL *curl)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *info = NULL;
	time_t end;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return 0;
	for (const struct curl_slist *one = info->certinfo[0]; one != NULL;
	     one = one->next)
		if (strncmp(one->data, name, strlen(name)) == 0) {
			end = curl_getdate(one->data + strlen(name), NULL);
			return end > 0 ? end : 0;
		}
	return 0;
}

static void
read_result(struct job *job, CURLcode code, struct http_result *ret)
{
	const char *words = job->error[0] != '\0' ? job->error
						  : curl_easy_strerror(code);

	*ret = (struct http_result){.owner = job->owner, .sent = job->sent};
	ret->date_s = job->date_s;
	ret->expires_s = expiry_of(job->curl);
	curl_easy_getinfo(job->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	if (code == CURLE_OK) {
		ret->end = HTTP_ANSWERED;
		ret->body = job->reply;
		job->reply = (struct json_out){.text = NULL};
		return;
	}
	ret->unreached = code == CURLE_COULDNT_CONNECT ||
	    code == CURLE_COULDNT_RESOLVE_HOST;
	ret->closed = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
	    code == CURLE_GOT_NOTHING || code == CURLE_SSL_CONNECT_ERROR;
	ret->end = is_of_certificate(code, words) ? HTTP_CERTIFICATE
						  : HTTP_LOST;
	snprintf(ret->why, sizeof(ret->why), "%.190s", words);
}

bool
http_next(struct http *http, struct http_result *ret)
{
	const CURLMsg *message;
	struct job *job = NULL;
	CURLcode code;
	int left;

	do
		message = curl_multi_info_read(http->multi, &left);
	while (message != NULL && message->msg != CURLMSG_DONE);
	if (message == NULL)
		return false;
	code = message->data.result;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (void *)&job);
	curl_multi_remove_handle(http->multi, job->curl);
	http->jobs--;
	read_result(job, code, ret);
	retire(http, job);
	return true;
}

void
http_result_done(struct http_result *result)
{
	json_text_free(&result->body.text);
}

void
http_end(struct http *http)
{
	struct job *job;

	while ((job = http->idle) != NULL) {
		http->idle = job->next;
		free_job(job);
	}
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	if (http->share != NULL)
		curl_share_cleanup(http->share);
	free(http);
	curl_global_cleanup();
}
