/*
 * The bytes of a file, inflated if it is a .gz (RFC 1952), in pieces as they
 * come.  Memory does not depend on what the file says of itself.
 *
 *	struct unpack *unpack = unpack_new(packed, take, &mine);
 *
 *	unpack_feed(unpack, bytes, len)
 *	...
 *	why = unpack_end(unpack)
 *	unpack_free(unpack)
 */
#ifndef TFA_UNPACK_H
#define TFA_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

/* Takes bytes, which it may change, and behind which a byte is free; false: no
 * more. */
typedef bool unpack_take(void *ctx, char *bytes, size_t len);

struct unpack;

/* NULL without memory. */
struct unpack *unpack_new(bool is_packed, unpack_take *take, void *ctx);

/* Takes more of the file, with a free byte behind it.  False as soon as take()
 * is false.  What cannot be inflated is dropped: unpack_end() says so. */
bool unpack_feed(struct unpack *unpack, char *bytes, size_t len);

/* The file has no more.  "", or why it could not be read to its end. */
const char *unpack_end(const struct unpack *unpack);

void unpack_free(struct unpack *unpack);

#endif
