/*
 * Makes what a phone scans: the otpauth URI of a new secret, and its QR code.
 *
 * tfa-qr, a program of its own, makes both: the code needs libqrencode, and
 * this host's full name needs the resolver, and the programs that run at each
 * login have neither.  A caller sends it one packet of JSON over a socket and
 * gets one back.  It runs as the same user as its caller.
 *
 *	scoped_scan struct scan scan = {.modules = NULL};
 *
 *	fault = scan_make(&reply, DEVICE_TOTP, &scan);
 */
#ifndef TFA_SCAN_H
#define TFA_SCAN_H

#include "store/core/otpauth.h"
#include "store/wire/protocol.h"
#include "gate/screen/qr.h"

/* The request to tfa-qr. */
struct scan_request {
	char issuer[ISSUER_TEXT];
	char user[USER_TEXT];
	char secret[JSON_FORM_TEXT]; /* base32 */
	bool hotp;                   /* a device that counts its codes */
};

/* The answer of tfa-qr, and the result of scan_make(). */
struct scan {
	char uri[OTPAUTH_MAX];
	char *modules; /* NULL: this host cannot make codes */
};

extern const struct json_shape scan_request_shape;
extern const struct json_shape scan_shape;

#define SCAN_HOST 256 /* bytes of a host name, with its NUL */

/*
 * ret: what an app shows as the host for that user: this host's name as it was set,
 * with or without its domain; never empty.  True: it is the name of this bastion's
 * fleet (/etc/tfa/store.json), of which no other host is to be found: the code is
 * good on all of its bastions.  That of a user who stays local is good on this one.
 */
bool scan_host(const char *user, char ret[static SCAN_HOST]);

/* ret: the URI for that host name.  Faults as otpauth_format(); ret is then
 * an empty string. */
MUST_USE enum fault scan_format(const struct scan_request *request,
    const char *host, char ret[static OTPAUTH_MAX]);

/*
 * *ret: the URI with the host's full name, and its code; with the short name if
 * the full name would make the code larger.  Names so long that 24 lines could
 * not show the code are cut.  Call scan_done() in any case.
 * Faults as scan_format() and qr_encode().  Only tfa-qr, which is linked with
 * libqrencode, can call this.
 */
MUST_USE enum fault scan_encode(const struct scan_request *request,
    const char *short_name, const char *full, struct scan *ret);

/*
 * *ret: the URI and the code for the reply's secret, user and issuer, and for a
 * device of that type, as scan_encode() makes them for this host.  If tfa-qr or
 * libqrencode is not installed, the URI has the short host name, and there is
 * no code.  scan_done() wipes and frees both.  Faults as scan_format().
 */
MUST_USE enum fault
scan_make(const struct reply *reply, enum device_type type, struct scan *ret);

/* Returns true if that is the code of a device that counts its codes. */
bool scan_counts(const struct scan *scan);

/* Returns true if this host can make codes. */
bool scan_works(void);

void scan_done(struct scan *scan);
#define scoped_scan __attribute__((cleanup(scan_done)))

#endif
