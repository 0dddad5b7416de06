/*
 * The otpauth URI that an authenticator app reads from a QR code, in the one
 * form that all common apps read correctly:
 *
 *	otpauth://totp/ISSUER:USER%40HOST?secret=BASE32&issuer=ISSUER
 *	otpauth://hotp/ISSUER:USER%40HOST?secret=BASE32&issuer=ISSUER&counter=0
 *
 * One literal colon after the issuer; the issuer both in the label and as a
 * parameter; everything other than A-Z a-z 0-9 . _ - percent-encoded with
 * upper-case hex; the secret without padding; algorithm, digits and period (in
 * that order) only if they differ from SHA1, 6 and 30, which every app assumes;
 * for a device that counts its codes the counter, which it must have, and no
 * period.
 */
#ifndef TFA_OTPAUTH_H
#define TFA_OTPAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

#define OTPAUTH_MAX        512
#define OTPAUTH_SECRET_MIN 26 /* characters of base32: 16 bytes */
#define ISSUER_TEXT        33 /* [A-Za-z0-9._-]{1,32} and a NUL */

struct otpauth {
	const char *issuer;
	const char *user;
	const char *host;      /* "": no %40HOST */
	const char *secret;    /* base32, as base32_encode() writes it */
	const char *algorithm; /* "SHA1", ... */
	int digits;
	int period_s;
	bool counts;      /* HOTP: the codes are counted, from counter */
	uint64_t counter; /* of the first code */
};

/* Returns true if text is 1 to 32 of A-Z a-z 0-9 . _ -: the issuers that
 * every app reads. */
bool otpauth_issuer_ok(const char *text);

/*
 * Writes the URI and a NUL to ret, which has room for size bytes.  FAULT_FORMAT
 * for a bad issuer, an empty user, and a secret that has a character other than
 * A-Z and 2-7 or is shorter than 16 bytes, which FreeOTP refuses; FAULT_LIMIT
 * if size is too small.  ret is an empty string on failure.  Pure.
 */
MUST_USE enum fault
otpauth_format(const struct otpauth *account, char *ret, size_t size);

#endif
