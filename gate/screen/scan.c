#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/screen/scan.h"
#include "store/fleet/config.h"
#include "store/wire/sibling.h"
#include "store/base/utf8.h"

#define WAIT_MS    30000 /* a resolver that hangs may take so long */
#define LABEL_USER 80    /* bytes of the user's name that an app shows */

static const struct json_field request_fields[] = {
    JSON_ROW_TEXT("issuer", JSON_REQUIRED, struct scan_request, issuer),
    JSON_ROW_TEXT("user", JSON_REQUIRED, struct scan_request, user),
    JSON_ROW_TEXT("secret", JSON_REQUIRED, struct scan_request, secret),
    JSON_ROW_FLAG("hotp", JSON_MAYBE, struct scan_request, hotp),
};
const struct json_shape scan_request_shape = JSON_SHAPE(request_fields, NULL);

static const struct json_field scan_fields[] = {
    JSON_ROW_TEXT("uri", JSON_REQUIRED, struct scan, uri),
    JSON_ROW_STRING("modules", JSON_REQUIRED, struct scan, modules, QR_MODULES),
};
const struct json_shape scan_shape = JSON_SHAPE(scan_fields, NULL);

_Static_assert(FLEET_HOST_TEXT <= SCAN_HOST, "a fleet's name fits");

bool
scan_host(const char *user, char ret[static SCAN_HOST])
{
	struct fleet_config config;
	char why[FLEET_WHY_TEXT];
	bool shared = false;

	memset(ret, 0, SCAN_HOST);
	if (fleet_config_read(FLEET_CONFIG, &config, why) == FAULT_NONE) {
		shared = !fleet_config_is_local(&config, user);
		if (shared)
			memcpy(ret, config.name, sizeof(config.name));
		fleet_config_done(&config);
	}
	if (shared)
		return true;
	if (gethostname(ret, SCAN_HOST - 1) < 0 || ret[0] == '\0')
		memcpy(ret, "localhost", sizeof("localhost"));
	return false;
}

enum fault
scan_format(const struct scan_request *request, const char *host,
    char ret[static OTPAUTH_MAX])
{
	char user[LABEL_USER + 1];
	struct otpauth account = {.issuer = request->issuer,
	    .user = user,
	    .host = host,
	    .secret = request->secret,
	    .algorithm = "SHA1",
	    .digits = 6,
	    .period_s = 30,
	    .counts = request->hotp};

	utf8_clean(request->user, strlen(request->user), user, sizeof(user));
	return otpauth_format(&account, ret, OTPAUTH_MAX);
}

/* Sends one packet, and receives one. */
static enum fault
exchange(int fd, const struct scan_request *request, struct scan *ret)
{
	scoped_json_text char *text = NULL;
	struct json_error error;
	size_t len = 0;
	enum fault fault = packet_send_value(fd, &scan_request_shape, request);

	if (fault == FAULT_NONE)
		fault = packet_receive(fd, WAIT_MS, &text, &len);
	if (fault == FAULT_NONE)
		fault = json_read(
		    &scan_shape, text, len, PACKET_MAX, ret, &error);
	return fault;
}

/* Asks tfa-qr.  Returns false after any error: the URI and the key are
 * enough. */
static bool
ask_program(const struct scan_request *request, struct scan *ret)
{
	char *args[] = {(char *)"tfa-qr", NULL};
	struct sibling program;
	struct qr code;
	char what[64];
	enum fault fault = sibling_start(
	    args, true, &program, what, sizeof(what));

	if (fault == FAULT_NONE)
		fault = exchange(program.fd, request, ret);
	sibling_kill(&program);
	if (fault == FAULT_NONE && qr_read(ret->modules, &code))
		return true;
	scan_done(ret);
	return false;
}

static enum fault
make_uri(const struct scan_request *request, struct scan *ret)
{
	char host[SCAN_HOST];

	scan_host(request->user, host);
	host[strcspn(host, ".")] = '\0';
	return scan_format(request, host, ret->uri);
}

enum fault
scan_make(const struct reply *reply, enum device_type type, struct scan *ret)
{
	struct scan_request request = {.hotp = type == DEVICE_HOTP};
	enum fault fault = FAULT_NONE;

	*ret = (struct scan){.modules = NULL};
	memcpy(request.issuer, reply->issuer, sizeof(request.issuer));
	memcpy(request.user, reply->user, sizeof(request.user));
	memcpy(request.secret, reply->secret, sizeof(request.secret));
	if (!ask_program(&request, ret))
		fault = make_uri(&request, ret);
	explicit_bzero(&request, sizeof(request));
	return fault;
}

bool
scan_counts(const struct scan *scan)
{
	static const char scheme[] = "otpauth://hotp/";

	return strncmp(scan->uri, scheme, sizeof(scheme) - 1) == 0;
}

bool
scan_works(void)
{
	static const struct reply any = {.issuer = "any",
	    .user = "any",
	    .secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	scoped_scan struct scan scan = {.modules = NULL};

	return scan_make(&any, DEVICE_TOTP, &scan) == FAULT_NONE &&
	    scan.modules != NULL;
}

void
scan_done(struct scan *scan)
{
	json_done(&scan_shape, scan);
}
