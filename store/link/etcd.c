#include "store/link/etcd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL_KEY (LINK_KEY + 128)

/* "KEY":"BASE64" of prefix and key, and `more` bytes behind them. */
static void
put_key(struct json_out *out, const char *name, const char *prefix,
    const char *key, size_t more)
{
	char full[FULL_KEY + 1] = "", text[BASE64_LEN(FULL_KEY) + 1] = "";
	int len = snprintf(full, sizeof(full) - 1, "%s%s", prefix, key);

	if (len < 0 || (size_t)len >= sizeof(full) - 1 ||
	    base64_encode((const uint8_t *)full, (size_t)len + more, text,
		sizeof(text)) != FAULT_NONE)
		text[0] = '\0';
	link_put_text(out, name, text);
}

/* The first key behind all that begin with prefix and key, as etcd wants it. */
static void
put_range_end(
    struct json_out *out, const char *name, const char *prefix, const char *key)
{
	char begin[FULL_KEY] = "";
	size_t len;

	snprintf(begin, sizeof(begin), "%s%s", prefix, key);
	len = strlen(begin);
	/* No byte of a key or a prefix is 0xff. */
	if (len > 0)
		begin[len - 1]++;
	put_key(out, name, begin, "", 0);
}

static void
put_range(
    struct json_out *out, const char *prefix, const char *key, bool keys_only)
{
	json_out_text(out, "{\"request_range\":{");
	put_key(out, "key", prefix, key, 0);
	json_out_text(out, keys_only ? ",\"keys_only\":true}}" : "}}");
}

/* The ranges of a request: its key with the value, the others without. */
static void
put_ranges(struct json_out *out, const char *prefix,
    const struct link_request *request)
{
	put_range(out, prefix, request->key, false);
	for (size_t i = 0; i < request->with_count; i++) {
		json_out_text(out, ",");
		put_range(out, prefix, request->with[i].key, true);
	}
}

static void
put_compare(
    struct json_out *out, const char *prefix, const char *key, const char *mark)
{
	json_out_text(out, "{\"target\":\"MOD\",\"result\":\"EQUAL\"");
	put_key(out, "key", prefix, key, 0);
	link_put_text(out, "mod_revision", mark);
	json_out_text(out, "}");
}

struct json_out
etcd_get(const char *prefix, const struct link_request *request)
{
	struct json_out out = json_out_begin(1024);

	json_out_text(&out, "{\"success\":[");
	put_ranges(&out, prefix, request);
	json_out_text(&out, "]}");
	return out;
}

/* A mark of "0" compares with "there is none". */
static void
put_condition(struct json_out *out, const char *prefix,
    const struct link_request *request)
{
	json_out_text(out, "{\"compare\":[");
	put_compare(out, prefix, request->key, request->mark);
	for (size_t i = 0; i < request->with_count; i++) {
		json_out_text(out, ",");
		put_compare(
		    out, prefix, request->with[i].key, request->with[i].mark);
	}
	json_out_text(out, "],\"success\":[");
}

static void
put_text(struct json_out *out, const char *prefix, const char *key,
    const char *value)
{
	json_out_text(out, "{\"request_put\":{");
	put_key(out, "key", prefix, key, 0);
	link_put_text(out, "value", value);
	json_out_text(out, "}}");
}

static void
put_otherwise(struct json_out *out, const char *prefix,
    const struct link_request *request)
{
	json_out_text(out, "],\"failure\":[");
	put_ranges(out, prefix, request);
	json_out_text(out, "]}");
}

struct json_out
etcd_put(const char *prefix, const struct link_request *request)
{
	struct json_out out = json_out_begin(4096 + strlen(request->value));

	put_condition(&out, prefix, request);
	put_text(&out, prefix, request->key, request->value);
	put_otherwise(&out, prefix, request);
	return out;
}

struct json_out
etcd_put_all(const char *prefix, const struct link_request *request)
{
	struct json_out out = json_out_begin(LINK_PACKET);
	size_t count = request->rows_count;

	json_out_text(&out, "{\"compare\":[");
	for (size_t i = 0; i < count; i++) {
		json_out_text(&out, i > 0 ? "," : "");
		put_compare(
		    &out, prefix, request->rows[i].key, request->rows[i].mark);
	}
	json_out_text(&out, "],\"success\":[");
	for (size_t i = 0; i < count; i++) {
		json_out_text(&out, i > 0 ? "," : "");
		put_text(
		    &out, prefix, request->rows[i].key, request->rows[i].value);
	}
	json_out_text(&out, "]}");
	return out;
}

struct json_out
etcd_remove(const char *prefix, const struct link_request *request)
{
	struct json_out out = json_out_begin(2048);

	put_condition(&out, prefix, request);
	json_out_text(&out, "{\"request_delete_range\":{");
	put_key(&out, "key", prefix, request->key, 0);
	json_out_text(&out, "}}");
	put_otherwise(&out, prefix, request);
	return out;
}

struct json_out
etcd_scan(const char *prefix, const struct link_request *request, int rows)
{
	struct json_out out = json_out_begin(1024);
	bool first = request->after[0] == '\0';

	json_out_text(&out, "{");
	/* The key behind "after" is that key and a NUL. */
	put_key(&out, "key", prefix, first ? request->key : request->after,
	    first ? 0 : 1);
	/* etcd 3.4 looks at all keys of a range, whatever the limit is. */
	if (request->until[0] != '\0')
		put_key(&out, "range_end", prefix, request->until, 1);
	else
		put_range_end(&out, "range_end", prefix, request->key);
	json_out_text(&out, ",\"limit\":");
	json_out_number(&out, rows);
	if (strcmp(request->revision, "0") != 0)
		link_put_text(&out, "revision", request->revision);
	json_out_text(&out, request->keys_only ? ",\"keys_only\":true}" : "}");
	return out;
}

struct json_out
etcd_compact(const char *revision)
{
	struct json_out out = json_out_begin(64);

	json_out_text(&out, "{");
	link_put_text(&out, "revision", revision);
	json_out_text(&out, "}");
	return out;
}

struct json_out
etcd_user(const char *user)
{
	struct json_out out = json_out_begin(128);

	json_out_text(&out, "{");
	link_put_text(&out, "name", user);
	json_out_text(&out, "}");
	return out;
}

/* The password may have any bytes but NUL: they are escaped as they are read. */
struct json_out
etcd_auth(const char *user, const char *password)
{
	struct json_out out = json_out_begin(256 + 8 * strlen(password));

	json_out_text(&out, "{");
	link_put_text(&out, "name", user);
	link_put_text(&out, "password", password);
	json_out_text(&out, "}");
	return out;
}
