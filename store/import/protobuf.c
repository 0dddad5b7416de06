#include "store/import/protobuf.h"

#include <stdbool.h>

#define VARINT_BYTES 10

static bool
read_varint(struct protobuf *message, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES && message->left > 0; i++) {
		uint8_t byte = *message->at++;

		message->left--;
		/* The tenth byte has the 64th bit alone. */
		if (i == VARINT_BYTES - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool
read_bytes(struct protobuf *message, uint64_t len, struct protobuf *ret)
{
	if (len > message->left)
		return false;
	*ret = (struct protobuf){message->at, (size_t)len};
	message->at += len;
	message->left -= (size_t)len;
	return true;
}

static bool
read_content(struct protobuf *message, struct protobuf_field *ret)
{
	uint64_t len = 0;

	switch (ret->kind) {
	case PROTOBUF_NUMBER:
		return read_varint(message, &ret->value);
	case PROTOBUF_BYTES:
		return read_varint(message, &len) &&
		    read_bytes(message, len, &ret->bytes);
	case PROTOBUF_FIXED64:
		return read_bytes(message, 8, &ret->bytes);
	case PROTOBUF_FIXED32:
		return read_bytes(message, 4, &ret->bytes);
	}
	return false;
}

enum protobuf_step
protobuf_next(struct protobuf *message, struct protobuf_field *ret)
{
	uint64_t tag = 0;

	*ret = (struct protobuf_field){.number = 0};
	if (message->left == 0)
		return PROTOBUF_END;
	if (!read_varint(message, &tag))
		return PROTOBUF_BROKEN;
	ret->number = tag >> 3;
	ret->kind = (enum protobuf_kind)(tag & 7);
	if (ret->number == 0 || !read_content(message, ret))
		return PROTOBUF_BROKEN;
	return PROTOBUF_FIELD;
}
