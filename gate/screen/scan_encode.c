#include <string.h>

#include "gate/screen/scan.h"

#define SHOWN_MOST 154 /* bytes: version 7 of a code, which 24 lines show */
#define NAME_LEAST 4   /* bytes of a name that are never cut off */

static enum fault
make_scan(
    const struct scan_request *request, const char *host, struct scan *ret)
{
	enum fault fault = scan_format(request, host, ret->uri);

	return fault == FAULT_NONE ? qr_encode(ret->uri, &ret->modules) : fault;
}

/* Cuts off the last character, which may be several bytes of UTF-8. */
static void
cut_last(char *name)
{
	size_t len = strlen(name);

	while (len > 0 && ((unsigned char)name[--len] & 0xc0) == 0x80)
		;
	name[len] = '\0';
}

/* Returns about how many bytes a name takes in the URI, where a byte that is
 * not ASCII takes three. */
static size_t
uri_bytes(const char *name)
{
	size_t bytes = 0;

	for (; *name != '\0'; name++)
		bytes += (unsigned char)*name < 0x80 ? 1 : 3;
	return bytes;
}

/*
 * Cuts the longer name until the code can be shown on 24 lines: an app shows
 * only the start of a long label anyway, and what cannot be scanned shows
 * nothing.
 */
static enum fault
shorten(struct scan_request *request, char host[static SCAN_HOST])
{
	char uri[OTPAUTH_MAX];
	enum fault fault;

	while ((fault = scan_format(request, host, uri)) == FAULT_NONE &&
	    strlen(uri) > SHOWN_MOST) {
		char *longer = uri_bytes(host) >= uri_bytes(request->user)
		    ? host
		    : request->user;

		if (uri_bytes(longer) <= NAME_LEAST)
			break;
		cut_last(longer);
	}
	return fault;
}

enum fault
scan_encode(const struct scan_request *request, const char *short_name,
    const char *full, struct scan *ret)
{
	scoped_scan struct scan with_full = {.modules = NULL};
	struct scan_request cut = *request;
	char host[SCAN_HOST] = "";
	enum fault fault;

	memcpy(host, short_name, strnlen(short_name, sizeof(host) - 1));
	fault = shorten(&cut, host);
	if (fault == FAULT_NONE)
		fault = make_scan(&cut, host, ret);
	explicit_bzero(&cut, sizeof(cut));
	if (fault != FAULT_NONE ||
	    make_scan(request, full, &with_full) != FAULT_NONE ||
	    strlen(with_full.modules) > strlen(ret->modules))
		return fault;
	scan_done(ret);
	*ret = with_full;
	with_full = (struct scan){.modules = NULL};
	return FAULT_NONE;
}
