/* How the page looks, on a screen and on paper. */
#ifndef TFA_REPORT_STYLE_H
#define TFA_REPORT_STYLE_H

#include <stdbool.h>

#define STYLE_HASH 64 /* "sha256-", 44 characters, and room */

extern const char style_text[];

/* *ret: the style's name in a Content-Security-Policy, which allows it and no
 * other.  False if OpenSSL fails. */
bool style_hash(char ret[static STYLE_HASH]);

#endif
