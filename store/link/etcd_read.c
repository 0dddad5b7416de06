#include <stdlib.h>
#include <string.h>

#include "store/link/etcd.h"
#include "store/link/tree.h"

/* A key that was found, or was not. */
struct found {
	const char *mark;  /* "0": there is none */
	const char *value; /* base64; "" for an empty one */
	bool fits;         /* into LINK_VALUE */
};

/* A number, which etcd writes as a string. */
static const char *
mark_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(tree_member(object, name));

	return text != NULL && link_is_mark(text) ? text : NULL;
}

static const char *
revision_of(const cJSON *reply)
{
	return mark_of(tree_member(reply, "header"), "revision");
}

/* etcd leaves out what is zero, false or empty.  Returns false if a member of
 * that name is no bool. */
static bool
reply_flag(const cJSON *object, const char *name, bool *ret)
{
	const cJSON *item;
	bool once = tree_find(object, name, &item);

	*ret = cJSON_IsTrue(item);
	return once && (item == NULL || cJSON_IsBool(item));
}

/* The list of that name, which may be missing: then NULL and true. */
static bool
reply_list(const cJSON *object, const char *name, const cJSON **ret)
{
	return tree_find(object, name, ret) &&
	    (*ret == NULL || cJSON_IsArray(*ret));
}

/* Decodes the key of a row, and takes the prefix off; false if it does not have
 * the prefix, or is no key of ours. */
static bool
reply_key(const cJSON *row, const char *prefix, char ret[static LINK_KEY])
{
	const char *text = cJSON_GetStringValue(tree_member(row, "key"));
	size_t skip = strlen(prefix), len = 0;
	char full[LINK_KEY + 128];

	if (text == NULL ||
	    base64_decode(text, strlen(text), (uint8_t *)full, sizeof(full) - 1,
		&len) != FAULT_NONE)
		return false;
	full[len] = '\0';
	if (strlen(full) != len || strncmp(full, prefix, skip) != 0 ||
	    len - skip >= LINK_KEY)
		return false;
	memcpy(ret, full + skip, len - skip + 1);
	return link_is_key(ret);
}

/* False: the row is odd. */
static bool
reply_row(const cJSON *row, struct found *ret)
{
	const cJSON *value;
	bool once = tree_find(row, "value", &value);
	const char *text = value != NULL ? cJSON_GetStringValue(value) : "";

	ret->mark = mark_of(row, "mod_revision");
	ret->value = text;
	ret->fits = text != NULL && link_is_value(text);
	return once && ret->mark != NULL && text != NULL &&
	    strcmp(ret->mark, "0") != 0 &&
	    (ret->fits || strlen(text) > LINK_VALUE_64);
}

/* Reads the range of one key among the responses. */
static bool
read_range(const cJSON *response, const char *prefix, const char *key,
    struct found *ret)
{
	const cJSON *range = tree_member(response, "response_range");
	char name[LINK_KEY];
	const cJSON *rows;

	*ret = (struct found){.mark = "0", .fits = true};
	if (!cJSON_IsObject(range) || !reply_list(range, "kvs", &rows))
		return false;
	if (cJSON_GetArraySize(rows) == 0)
		return true;
	return cJSON_GetArraySize(rows) == 1 &&
	    reply_key(rows->child, prefix, name) && strcmp(name, key) == 0 &&
	    reply_row(rows->child, ret);
}

/* Reads the ranges that put_ranges() asked for: the key's into *ret_key, and the
 * marks of the others into ret_with. */
static bool
read_ranges(const cJSON *reply, const struct link_request *request,
    const char *prefix, struct found *ret_key,
    struct link_key ret_with[static LINK_WITH])
{
	const cJSON *list = tree_member(reply, "responses"), *item;
	size_t i = 0;

	if (!cJSON_IsArray(list) ||
	    (size_t)cJSON_GetArraySize(list) != request->with_count + 1)
		return false;
	cJSON_ArrayForEach(item, list)
	{
		struct found found;
		const char *key = i == 0 ? request->key
					 : request->with[i - 1].key;

		if (!read_range(item, prefix, key, &found))
			return false;
		if (i == 0) {
			*ret_key = found;
		} else {
			memcpy(ret_with[i - 1].key, key, strlen(key) + 1);
			memcpy(ret_with[i - 1].mark, found.mark,
			    strlen(found.mark) + 1);
		}
		i++;
	}
	return true;
}

/* Writes an answer with what stands under the key. */
static void
say_found(struct json_out *ret, enum link_end end, const struct found *found,
    const struct link_request *request, const struct link_key *with,
    const char *revision)
{
	json_out_text(ret, "{");
	link_put_text(ret, "status", link_end_word(end));
	link_put_text(ret, "mark", found->mark);
	if (found->value != NULL)
		link_put_text(ret, "value", found->value);
	link_put_with(ret, with, request->with_count);
	link_put_text(ret, "revision", revision);
	json_out_text(ret, "}");
}

static void
say_too_large(struct json_out *ret, enum link_end *ret_end)
{
	*ret_end = LINK_REFUSED;
	link_say(ret, LINK_REFUSED,
	    "what is there has more than 64 KiB, so tfa did not write it");
}

bool
etcd_read_get(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *revision = revision_of(reply);
	struct link_key with[LINK_WITH];
	struct found found;
	bool succeeded;

	if (revision == NULL || !reply_flag(reply, "succeeded", &succeeded) ||
	    !succeeded || !read_ranges(reply, request, prefix, &found, with))
		return false;
	*ret_end = LINK_OK;
	if (!found.fits)
		say_too_large(ret, ret_end);
	else
		say_found(ret, LINK_OK, &found, request, with, revision);
	return true;
}

/* True if there are so many responses, and each has that member: all was done. */
static bool
reply_is_done(const cJSON *reply, const char *member, size_t count)
{
	const cJSON *list = tree_member(reply, "responses"), *item;

	if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != count)
		return false;
	cJSON_ArrayForEach(item,
	    list) if (!cJSON_IsObject(tree_member(item, member))) return false;
	return true;
}

static void
say_done(struct json_out *ret, const char *mark, const char *revision)
{
	json_out_text(ret, "{");
	link_put_text(ret, "status", link_end_word(LINK_OK));
	if (mark != NULL)
		link_put_text(ret, "mark", mark);
	link_put_text(ret, "revision", revision);
	json_out_text(ret, "}");
}

/*
 * The bytes that stand there are the bytes of this request: an earlier try was
 * done, whose reply was lost.  This is right only because each sealing has a
 * fresh salt: no two writers ever have equal bytes, and else one code would pass
 * at two bastions.
 */
static bool
is_ours(const struct found *found, const struct link_request *request)
{
	return found->value != NULL &&
	    strcmp(found->value, request->value) == 0;
}

bool
etcd_read_put(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *revision = revision_of(reply);
	struct link_key with[LINK_WITH];
	struct found found;
	bool succeeded;

	if (revision == NULL || !reply_flag(reply, "succeeded", &succeeded))
		return false;
	*ret_end = LINK_OK;
	if (succeeded) {
		/* The revision of a write is the mark of what it wrote. */
		if (!reply_is_done(reply, "response_put", 1))
			return false;
		say_done(ret, revision, revision);
		return true;
	}
	if (!read_ranges(reply, request, prefix, &found, with))
		return false;
	if (!found.fits) {
		say_too_large(ret, ret_end);
	} else if (is_ours(&found, request)) {
		say_done(ret, found.mark, revision);
	} else {
		*ret_end = LINK_STALE;
		say_found(ret, LINK_STALE, &found, request, with, revision);
	}
	return true;
}

bool
etcd_read_put_all(const struct link_request *request, const char *body,
    size_t len, struct json_out *ret, enum link_end *ret_end)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *revision = revision_of(reply);
	bool succeeded;

	if (revision == NULL || !reply_flag(reply, "succeeded", &succeeded) ||
	    (succeeded &&
		!reply_is_done(reply, "response_put", request->rows_count)))
		return false;
	*ret_end = succeeded ? LINK_OK : LINK_STALE;
	json_out_text(ret, "{");
	link_put_text(ret, "status", link_end_word(*ret_end));
	link_put_text(ret, "revision", revision);
	json_out_text(ret, "}");
	return true;
}

/* A key that is gone is what was asked for, whoever removed it. */
bool
etcd_read_remove(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *revision = revision_of(reply);
	struct link_key with[LINK_WITH];
	struct found found;
	bool succeeded;

	if (revision == NULL || !reply_flag(reply, "succeeded", &succeeded))
		return false;
	*ret_end = LINK_OK;
	if (succeeded) {
		if (!reply_is_done(reply, "response_delete_range", 1))
			return false;
		say_done(ret, NULL, revision);
		return true;
	}
	if (!read_ranges(reply, request, prefix, &found, with))
		return false;
	if (!found.fits) {
		say_too_large(ret, ret_end);
	} else if (strcmp(found.mark, "0") == 0) {
		say_done(ret, NULL, revision);
	} else {
		*ret_end = LINK_STALE;
		say_found(ret, LINK_STALE, &found, request, with, revision);
	}
	return true;
}

/* Room for the end of a scan's answer. */
#define SCAN_END 80

/* Writes a row; false, with nothing written, if it does not fit any more. */
static bool
say_row(struct json_out *ret, const char *key, const struct found *found,
    bool keys_only)
{
	size_t before = ret->len;

	if (ret->len > 0 && ret->text[ret->len - 1] == '}')
		json_out_text(ret, ",");
	json_out_text(ret, "{");
	link_put_text(ret, "key", key);
	link_put_text(ret, "mark", found->mark);
	if (!keys_only)
		link_put_text(ret, "value", found->value);
	json_out_text(ret, "}");
	if (ret->len + SCAN_END <= LINK_PACKET)
		return true;
	json_out_cut(ret, before);
	return false;
}

/* A row of a scan: in its order, with the keys that it may have. */
static bool
read_scanned(const cJSON *row, const struct link_request *request,
    const char *prefix, const char *last, char ret_key[static LINK_KEY],
    struct found *ret)
{
	return reply_key(row, prefix, ret_key) &&
	    strncmp(ret_key, request->key, strlen(request->key)) == 0 &&
	    strcmp(ret_key, last) > 0 &&
	    (request->until[0] == '\0' ||
		strcmp(ret_key, request->until) <= 0) &&
	    reply_row(row, ret);
}

/* *ret_rows: how many rows fit.  False: the list is odd. */
static bool
say_rows(const cJSON *rows, const struct link_request *request,
    const char *prefix, struct json_out *ret, enum link_end *ret_end,
    int *ret_rows)
{
	char last[LINK_KEY], key[LINK_KEY];
	bool full = false;
	const cJSON *row;

	memcpy(last, request->after, sizeof(last));
	cJSON_ArrayForEach(row, rows)
	{
		struct found found;

		if (!read_scanned(row, request, prefix, last, key, &found))
			return false;
		memcpy(last, key, sizeof(last));
		if (!request->keys_only && !found.fits)
			*ret_end = LINK_REFUSED;
		full = full || !found.fits ||
		    !say_row(ret, key, &found, request->keys_only);
		*ret_rows += !full;
	}
	return true;
}

bool
etcd_read_scan(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end,
    int *ret_rows)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *revision = revision_of(reply);
	const cJSON *rows;
	bool more, pinned = strcmp(request->revision, "0") != 0;

	*ret_end = LINK_OK;
	*ret_rows = 0;
	if (revision == NULL || !reply_flag(reply, "more", &more) ||
	    !reply_list(reply, "kvs", &rows))
		return false;
	json_out_text(ret, "{\"status\":\"ok\",\"rows\":[");
	if (!say_rows(rows, request, prefix, ret, ret_end, ret_rows)) {
		json_out_cut(ret, 0);
		return false;
	}
	if (*ret_end == LINK_REFUSED) {
		json_out_cut(ret, 0);
		say_too_large(ret, ret_end);
		return true;
	}
	more = more || *ret_rows < cJSON_GetArraySize(rows);
	json_out_text(ret, more ? "],\"more\":true" : "],\"more\":false");
	link_put_text(ret, "revision", pinned ? request->revision : revision);
	json_out_text(ret, "}");
	return true;
}

bool
etcd_read_revision(const char *body, size_t len, char ret[static LINK_MARK])
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *revision = revision_of(reply);

	if (revision == NULL)
		return false;
	memcpy(ret, revision, strlen(revision) + 1);
	return true;
}

/* A token goes into a header of each request. */
bool
etcd_read_token(const char *body, size_t len, char ret[static ETCD_TOKEN])
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *token = cJSON_GetStringValue(tree_member(reply, "token"));
	size_t size = token != NULL ? strlen(token) : 0;

	if (size == 0 || size >= ETCD_TOKEN ||
	    token[strspn(token,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._-+/=~")] != '\0')
		return false;
	memcpy(ret, token, size + 1);
	return true;
}

/* A size in bytes, or 0. */
static int64_t
size_of(const cJSON *reply, const char *name)
{
	const char *text = mark_of(reply, name);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static void
read_alarms(const cJSON *reply, struct etcd_status *ret)
{
	const cJSON *list = tree_member(reply, "errors"), *item;

	cJSON_ArrayForEach(item, list)
	{
		const char *text = cJSON_GetStringValue(item);

		ret->no_space |= text != NULL && strstr(text, "NOSPACE");
		ret->corrupt |= text != NULL && strstr(text, "CORRUPT");
	}
}

bool
etcd_read_status(const char *body, size_t len, struct etcd_status *ret)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const char *version = cJSON_GetStringValue(
	    tree_member(reply, "version"));
	const char *revision = revision_of(reply), *leader;

	if (version == NULL || revision == NULL)
		return false;
	memset(ret, 0, sizeof(*ret));
	link_plain(version, ret->version, sizeof(ret->version));
	memcpy(ret->revision, revision, strlen(revision) + 1);
	leader = cJSON_GetStringValue(tree_member(reply, "leader"));
	ret->has_leader = leader != NULL && strcmp(leader, "0") != 0;
	ret->db_size = size_of(reply, "dbSize");
	ret->db_in_use = size_of(reply, "dbSizeInUse");
	ret->quota = size_of(reply, "dbSizeQuota");
	read_alarms(reply, ret);
	return true;
}

/* etcd leaves a list without items out. */
bool
etcd_read_root(const char *body, size_t len, bool *ret)
{
	scoped_tree cJSON *reply = tree_read(body, len);
	const cJSON *roles = tree_member(reply, "roles"), *role;
	bool root = false;

	if (revision_of(reply) == NULL)
		return false;
	cJSON_ArrayForEach(role, roles)
	{
		const char *name = cJSON_GetStringValue(role);

		root |= name != NULL && strcmp(name, "root") == 0;
	}
	*ret = root;
	return true;
}

/* "NAME 2.147483648e+09" on a line of its own. */
int64_t
etcd_read_quota(const char *body)
{
	static const char name[] = "\netcd_server_quota_backend_bytes ";
	const char *at = body != NULL ? strstr(body, name) : NULL;
	double bytes = at != NULL ? strtod(at + strlen(name), NULL) : 0;

	return bytes > 0 && bytes < 9e15 ? (int64_t)bytes : 0;
}
