/* Makers' files in tests: texts with ' for ", as JSON has them elsewhere. */
#ifndef TFA_TESTS_SEEDS_H
#define TFA_TESTS_SEEDS_H

#include "admin/tokens/seeds.h"

/* 20 bytes, "12345678901234567890" and one that ends in "1". */
#define HEX    "3132333435363738393031323334353637383930"
#define HEX1   "3132333435363738393031323334353637383931"
#define BASE   "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define BASE1  "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"
#define DIGITS "12345678901234567890"

/* Parses the text, and writes what came out of it to *ret. */
enum fault seeds_of(const char *text, struct seeds *ret);

/* A file that is refused: with a text that says so in that line, and no token
 * more than there were before the mistake was found. */
void seeds_refused(const char *text, int line, const char *says);

/* A file that is read, and has count tokens. */
void seeds_read(const char *text, size_t count, struct seeds *ret);

#endif
