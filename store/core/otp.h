/* One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).  Computes codes,
 * and has no clock, keeps nothing, and decides nothing. */
#ifndef TFA_OTP_H
#define TFA_OTP_H

#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

enum otp_algorithm { OTP_SHA1 = 0, OTP_SHA256, OTP_SHA512 };

/* The names in otpauth URIs: "SHA1", ...; indexed by the enum. */
extern const char *const otp_algorithm_names[3];

#define OTP_DIGITS_MIN 6
#define OTP_DIGITS_MAX 8
#define OTP_SECRET_MAX 64 /* bytes; RFC 4226 section 4 asks for at least 16 */

struct otp_secret {
	uint8_t bytes[OTP_SECRET_MAX];
	size_t len;
};

/*
 * Computes the code for a counter (RFC 4226 section 5.3).  ret: 6 to 8 decimal
 * digits, as asked for, and a NUL.  FAULT_LIMIT for another number of digits,
 * for an unknown algorithm, and for a secret of 0 or more than OTP_SECRET_MAX
 * bytes (the caller refuses secrets that are too short); FAULT_MEMORY if
 * OpenSSL fails.  ret is an empty string on failure.
 */
MUST_USE enum fault
otp_code(enum otp_algorithm algorithm, const struct otp_secret *secret,
    uint64_t counter, int digits, char ret[static OTP_DIGITS_MAX + 1]);

/* Returns the time step of a moment (RFC 6238 section 4.2, T0 = 0): time_s /
 * period_s.  A time before 1970 is in step 0.  period_s must be above 0. */
uint64_t otp_step(int64_t time_s, int64_t period_s);

#endif
