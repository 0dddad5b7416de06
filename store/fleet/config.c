#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/fleet/config.h"
#include "store/json/json.h"

#define SCHEME     "https://"
#define SCHEME_LEN (sizeof(SCHEME) - 1)

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static bool
is_made_of(const char *text, const char *more)
{
	for (; *text != '\0'; text++)
		if (strchr(letters, *text) == NULL &&
		    strchr(more, *text) == NULL)
			return false;
	return true;
}

/* Copies a text that is not empty and fits. */
static bool
text_copy(const char *text, char *ret, size_t size)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size)
		return false;
	memcpy(ret, text, len + 1);
	return true;
}

/* The port is named: etcd has no standard one for clients and for peers. */
static bool
url_read(const char *text, void *ret)
{
	struct endpoint endpoint;
	struct fleet_url *url = ret;
	char pair[ENDPOINT_TEXT];

	if (strncmp(text, SCHEME, SCHEME_LEN) != 0 ||
	    !endpoint_parse_pair(text + SCHEME_LEN, &endpoint))
		return false;
	endpoint_format(&endpoint, pair);
	snprintf(url->text, sizeof(url->text), SCHEME "%s", pair);
	return true;
}

/* Forms that are texts already. */
static void
text_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%s", (const char *)value);
}

static bool
host_read(const char *text, void *ret)
{
	return is_made_of(text, "") && text_copy(text, ret, FLEET_HOST_TEXT);
}

/* "//", "/./" and "/../" would be keys of their own, though no reader of a path
 * takes them for such. */
static bool
prefix_read(const char *text, void *ret)
{
	size_t len = strlen(text);

	return len > 1 && text[0] == '/' && text[len - 1] == '/' &&
	    strstr(text, "//") == NULL && strstr(text, "/.") == NULL &&
	    is_made_of(text, "/") && text_copy(text, ret, FLEET_PREFIX_TEXT);
}

static bool
path_read(const char *text, void *ret)
{
	return text[0] == '/' && text_copy(text, ret, FLEET_PATH_TEXT);
}

static bool
login_read(const char *text, void *ret)
{
	return is_made_of(text, "@+") && text_copy(text, ret, FLEET_LOGIN_TEXT);
}

const struct json_form fleet_form_host = {
    "a name of letters, digits, \".\", \"-\" and \"_\"", host_read, text_write};
static const struct json_form form_url = {
    "https://HOST:PORT, and nothing behind it", url_read, text_write};
static const struct json_form form_prefix = {
    "a prefix of keys such as /tfa/v1/", prefix_read, text_write};
static const struct json_form form_path = {
    "a path from the root, such as /etc/tfa/link/ca.pem", path_read,
    text_write};
static const struct json_form form_login = {
    "a user of the engine: letters, digits, \".\", \"-\", \"_\", \"@\" and "
    "\"+\"",
    login_read, text_write};

static const char *const engine_names[] = {"etcd", NULL};
static const char *const exempt_names[] = {"deny", "pass", NULL};
static const char *const uids_names[] = {"same", "per-bastion", NULL};

static const struct json_field item_url = JSON_ITEM_FORM(
    struct fleet_url, &form_url);
static const struct json_field item_local = JSON_ITEM_TEXT(struct fleet_local);

#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field tls_fields[] = {
    ROW(FORM, fleet_tls, "ca", REQUIRED, ca, &form_path),
    ROW(FORM, fleet_tls, "certificate", MAYBE, certificate, &form_path),
};
static const struct json_shape tls_shape = JSON_SHAPE(tls_fields, NULL);

static const struct json_field away_fields[] = {
    ROW(CHOICE, fleet_away, "exempt", REQUIRED, exempt, exempt_names),
};
static const struct json_shape away_shape = JSON_SHAPE(away_fields, NULL);

static const struct json_field config_fields[] = {
    ROW(NUMBER, fleet_config, "version", REQUIRED, version, 1, 1),
    ROW(FORM, fleet_config, "name", REQUIRED, name, &fleet_form_host),
    ROW(CHOICE, fleet_config, "engine", REQUIRED, engine, engine_names),
    ROW(LIST, fleet_config, "endpoints", REQUIRED, endpoints, FLEET_ENDPOINTS,
	&item_url),
    ROW(FORM, fleet_config, "prefix", REQUIRED, prefix, &form_prefix),
    ROW(OBJECT, fleet_config, "tls", REQUIRED, tls, &tls_shape),
    ROW(FORM, fleet_config, "user", MAYBE, user, &form_login),
    ROW(FLAG, fleet_config, "compact", DEFAULT, compact),
    ROW(LIST, fleet_config, "local", MAYBE, local, FLEET_LOCALS, &item_local),
    ROW(OBJECT, fleet_config, "away", MAYBE, away, &away_shape),
    ROW(CHOICE, fleet_config, "uids", DEFAULT, uids, uids_names),
};

static const char *
config_check(const void *value, struct json_place *ret_place)
{
	const struct fleet_config *config = value;

	ret_place->key = "endpoints";
	if (config->endpoints.count == 0)
		return "must name at least one";
	ret_place->key = "tls";
	if (config->tls.certificate[0] == '\0' && config->user[0] == '\0')
		return "without a \"certificate\" there must be a \"user\", "
		       "who has a password: nobody else could change a record";
	return NULL;
}

static const struct json_shape config_shape = JSON_SHAPE(
    config_fields, config_check);

enum fault
fleet_config_parse(const char *path, const char *text, size_t len,
    struct fleet_config *ret, char ret_why[static FLEET_WHY_TEXT])
{
	struct fleet_config config = {.compact = true};
	struct json_error error;
	enum fault fault = json_read(
	    &config_shape, text, len, FLEET_CONFIG_MAX, &config, &error);

	if (fault == FAULT_NONE) {
		*ret = config;
		return fault;
	}
	fleet_config_done(&config);
	if (fault == FAULT_MEMORY)
		snprintf(ret_why, FLEET_WHY_TEXT, "out of memory");
	else
		json_error_say(&error, path, ret_why, FLEET_WHY_TEXT);
	return fault;
}

enum fault
fleet_config_read(const char *path, struct fleet_config *ret,
    char ret_why[static FLEET_WHY_TEXT])
{
	scoped_free char *text = NULL;
	size_t len = 0;
	enum fault fault = guarded_read(
	    path, 0, FLEET_CONFIG_MAX + 1, &text, &len, ret_why);

	return fault == FAULT_NONE
	    ? fleet_config_parse(path, text, len, ret, ret_why)
	    : fault;
}

void
fleet_config_done(struct fleet_config *config)
{
	json_done(&config_shape, config);
}

bool
fleet_config_is_local(const struct fleet_config *config, const char *user)
{
	list_each(const struct fleet_local, local, config->local)
		if (strcmp(local->text, user) == 0)
			return true;
	return false;
}
