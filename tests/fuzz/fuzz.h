/*
 * Shared by all fuzz harnesses.  A harness is one file in this folder with one
 * function, LLVMFuzzerTestOneInput(), and seeds in corpus/NAME; "make fuzz"
 * finds both by name.  It states properties with must(); the sanitizers notice
 * crashes.
 */
#ifndef TFA_FUZZ_H
#define TFA_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, and keeps the input, if a property does not hold. */
#define must(holds) fuzz_must((holds), #holds, __FILE__, __LINE__)
void fuzz_must(bool holds, const char *what, const char *file, int line);

/* Returns the input as text with a NUL, on the heap, without a spare byte. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Splits the input at NULs into count texts on the heap; missing ones are
 * "".  fuzz_parts_done() frees them. */
void
fuzz_parts(const uint8_t *data, size_t size, char **ret_parts, size_t count);
void fuzz_parts_done(char **parts, size_t count);

/*
 * A second reader of JSON, which shares no line with ours: RFC 8259 to the
 * letter, and also no NUL, no control character in a string, no key twice in an
 * object, and only whole numbers.  Returns true for valid text.
 */
bool strict_json(const char *text, size_t len);

/* A third reader, for values: returns the text as cJSON reads and writes it,
 * on the heap; NULL if cJSON refuses it. */
char *cjson_rewrite(const char *text, size_t len);

/*
 * Checks rewrite(), which returns the text that it accepts on the heap, written
 * anew, or NULL to refuse it; ctx is passed to it.  An accepted text must be
 * strict JSON; written anew it must be accepted and no longer change; and cJSON
 * must find the same values in it.
 */
void fuzz_rewrite(const uint8_t *data, size_t size,
    char *(*rewrite)(void *ctx, const char *text, size_t len), void *ctx);

/* Checks the same for a value that a shape describes. value is the caller's,
 * zeroed, and as large as the shape needs. */
void fuzz_shape(const struct json_shape *shape, const uint8_t *data,
    size_t size, void *value, size_t value_size);

#endif
