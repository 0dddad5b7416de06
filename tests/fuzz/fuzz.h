/*
 * What every fuzz harness has.  A harness is one file here with one function,
 * LLVMFuzzerTestOneInput(), and seeds in corpus/NAME: "make fuzz" finds both by
 * name.  It states properties with must(): that nothing crashes, the
 * sanitizers see themselves.
 */
#ifndef TFA_FUZZ_H
#define TFA_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, and keeps the input, where a property does not hold. */
#define must(holds) fuzz_must((holds), #holds, __FILE__, __LINE__)
void fuzz_must(bool holds, const char *what, const char *file, int line);

/* The input as text with a NUL, on the heap and not a byte longer. */
char *fuzz_text(const uint8_t *data, size_t size);

/*
 * The input in at most count parts that NULs divide, each a text on the heap;
 * what is missing is "".  fuzz_parts_done() frees them.
 */
void
fuzz_parts(const uint8_t *data, size_t size, char **ret_parts, size_t count);
void fuzz_parts_done(char **parts, size_t count);

/*
 * A second opinion on JSON, which shares no line with ours: RFC 8259 to the
 * letter, and no NUL, no control character in a string, no key twice in an
 * object, no number but a whole one.
 */
bool strict_json(const char *text, size_t len);

/*
 * A third one, on values: the text as cJSON understands it, written by cJSON,
 * on the heap; NULL for what it refuses.
 */
char *cjson_rewrite(const char *text, size_t len);

/*
 * What rewrite() accepts is strict JSON; written again it is accepted, and
 * writes the same text from then on; and as cJSON writes it, it means the
 * same.  It returns a text on the heap, or NULL for what it refuses; ctx is
 * for it.
 */
void fuzz_rewrite(const uint8_t *data, size_t size,
    char *(*rewrite)(void *ctx, const char *text, size_t len), void *ctx);

/*
 * The same of a value that a shape describes.  value is the caller's, zeroed, as large as the
 * shape wants.
 */
void fuzz_shape(const struct json_shape *shape, const uint8_t *data,
    size_t size, void *value, size_t value_size);

#endif
