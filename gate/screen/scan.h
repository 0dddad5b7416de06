/*
 * What a phone is to scan: the otpauth URI of a new secret and its QR code.
 *
 * Both are made by tfa-qr, a program of its own: to encode takes libqrencode,
 * and to find this host's full name takes the resolver, and what runs at each
 * login has neither.  It is asked over a socket, in one packet of JSON each
 * way, and is the user's own process as its caller is.
 */
#ifndef TFA_SCAN_H
#define TFA_SCAN_H

#include "store/core/otpauth.h"
#include "store/wire/protocol.h"
#include "gate/screen/qr.h"

/* To tfa-qr. */
struct scan_request {
	char issuer[ISSUER_TEXT];
	char user[USER_TEXT];
	char secret[JSON_FORM_TEXT]; /* base32 */
};

/* Its answer, and what a caller of scan_make() has. */
struct scan {
	char uri[OTPAUTH_MAX];
	char *modules; /* NULL: no code can be drawn here */
};

extern const struct json_shape scan_request_shape;
extern const struct json_shape scan_shape;

#define SCAN_HOST 256 /* bytes of a host name, with its NUL */

/* The name of this host, whole or short, as it was set; never empty. */
void scan_host(char ret[static SCAN_HOST]);

/*
 * The URI for that host name.  Faults as of otpauth_format(); ret is then an
 * empty string.
 */
MUST_USE enum fault scan_format(const struct scan_request *request,
    const char *host, char ret[static OTPAUTH_MAX]);

/*
 * *ret: the URI with the full name of a host, and its code; with the short name
 * where the code would be larger for the full.  scan_done() in any case.
 * Faults as of scan_format() and qr_encode(), of which the same is true: only
 * tfa-qr is linked with libqrencode.
 */
MUST_USE enum fault scan_encode(const struct scan_request *request,
    const char *short_name, const char *full, struct scan *ret);

/*
 * *ret: what stands for the reply's secret, user and issuer; scan_done() wipes
 * and frees it.  As scan_encode() makes it for this host; with its short name
 * and without a code where tfa-qr or libqrencode is not installed.  Faults as
 * of scan_format().
 */
MUST_USE enum fault scan_make(const struct reply *reply, struct scan *ret);

/* Whether codes can be made here. */
bool scan_works(void);

void scan_done(struct scan *scan);
#define scoped_scan __attribute__((cleanup(scan_done)))

#endif
