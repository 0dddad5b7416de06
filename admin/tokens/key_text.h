/* Secrets as people and makers write them: hexadecimal, also behind "0x", or
 * base32, in either case, in groups with blanks or dashes between them. */
#ifndef TFA_KEY_TEXT_H
#define TFA_KEY_TEXT_H

#include <stdbool.h>

#include "store/core/otp.h"

/* Reads a secret.  FAULT_FORMAT: the text is something else, or a secret of
 * more than OTP_SECRET_MAX bytes; *ret is then empty. */
MUST_USE enum fault key_text_hex(const char *text, struct otp_secret *ret);
MUST_USE enum fault key_text_base32(const char *text, struct otp_secret *ret);

/* True if the text may be a secret, of 80 bits or more: no message quotes
 * it. */
bool key_text_may_be(const char *text);

#endif
