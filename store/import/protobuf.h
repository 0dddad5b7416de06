/*
 * Reads the fields of a protocol buffer: as much of the format as an export of
 * Google Authenticator needs.  Private to store/import.
 *
 *	while ((step = protobuf_next(&message, &field)) == PROTOBUF_FIELD)
 *		...
 *	if (step != PROTOBUF_END)
 *		it is broken
 */
#ifndef TFA_PROTOBUF_H
#define TFA_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

/* The bytes that are left of a message. */
struct protobuf {
	const uint8_t *at;
	size_t left;
};

enum protobuf_step { PROTOBUF_BROKEN = 0, PROTOBUF_FIELD, PROTOBUF_END };

enum protobuf_kind {
	PROTOBUF_NUMBER = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2,
	PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
	uint64_t number;
	enum protobuf_kind kind;
	uint64_t value;        /* NUMBER */
	struct protobuf bytes; /* BYTES: a text or a message within */
};

/* Reads the next field.  BROKEN: the message is cut short, has a group or a
 * kind that is not known, a field 0, or a number of more than 64 bits. */
enum protobuf_step
protobuf_next(struct protobuf *message, struct protobuf_field *ret);

#endif
