#include "admin/log/unpack.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/unit/fixture.h"

#define TEXT  300000 /* bytes, more than a piece of the inflater's */
#define ROOM  (2 * TEXT + 1)
#define PIECE 1000

struct got {
	char *text;
	size_t len;
};

static bool
get(void *ctx, char *bytes, size_t len)
{
	struct got *got = ctx;

	bytes[len] = '\0'; /* that byte is free */
	cr_assert_leq(got->len + len, ROOM);
	memcpy(got->text + got->len, bytes, len);
	got->len += len;
	return true;
}

/* ret: TEXT bytes as a .gz.  Returns its length. */
static size_t
pack(const char *text, char *ret)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
	    .avail_in = TEXT,
	    .next_out = (Bytef *)ret,
	    .avail_out = ROOM};

	cr_assert_eq(
	    deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return ROOM - stream.avail_out;
}

/* Inflates in pieces.  Returns what unpack_end() says. */
static const char *
unpacked(bool is_packed, const char *bytes, size_t len, struct got *ret)
{
	char piece[PIECE + 1];
	struct unpack *unpack = unpack_new(is_packed, get, ret);
	const char *why;

	cr_assert_neq(unpack, NULL);
	ret->len = 0;
	for (size_t at = 0; at < len; at += PIECE) {
		size_t n = len - at < PIECE ? len - at : PIECE;

		memcpy(piece, bytes + at, n);
		cr_assert(unpack_feed(unpack, piece, n));
	}
	why = unpack_end(unpack);
	unpack_free(unpack);
	return why;
}

struct scene {
	char *text, *packed;
	size_t len;
	struct got got;
};

static void
begin(struct scene *s)
{
	*s = (struct scene){.text = malloc(ROOM), .packed = malloc(2 * ROOM)};
	s->got.text = malloc(ROOM);
	cr_assert(s->text != NULL && s->packed != NULL && s->got.text != NULL);
	for (size_t i = 0; i < TEXT; i++)
		s->text[i] = (char)('a' + (i * i / 7 + i / 1000) % 26);
	s->len = pack(s->text, s->packed);
}

static void
end(struct scene *s)
{
	free(s->text);
	free(s->packed);
	free(s->got.text);
}

Test(unpack, gives_what_was_packed_and_what_was_not)
{
	struct scene s;

	begin(&s);
	cr_expect_str_eq(unpacked(true, s.packed, s.len, &s.got), "");
	cr_assert_eq(s.got.len, TEXT);
	cr_expect_eq(memcmp(s.got.text, s.text, TEXT), 0);
	cr_expect_str_eq(unpacked(false, s.text, TEXT, &s.got), "");
	cr_expect_eq(memcmp(s.got.text, s.text, TEXT), 0);
	end(&s);
}

/* "cat a.gz b.gz", and the zeros that a tape adds. */
Test(unpack, goes_on_with_the_next_member)
{
	struct scene s;

	begin(&s);
	memcpy(s.packed + s.len, s.packed, s.len);
	memset(s.packed + 2 * s.len, 0, PIECE);
	cr_expect_str_eq(
	    unpacked(true, s.packed, 2 * s.len + PIECE, &s.got), "");
	cr_expect_eq(s.got.len, 2 * TEXT);
	end(&s);
}

/* Each end and each damage is noticed; what came before it was given. */
Test(unpack, says_what_is_missing_or_damaged)
{
	struct scene s;

	begin(&s);
	cr_expect_str_neq(unpacked(true, "", 0, &s.got), "");
	cr_expect_str_neq(unpacked(true, s.text, TEXT, &s.got), "");
	for (size_t cut = 1; cut < s.len; cut += s.len / 50) {
		cr_expect_str_neq(unpacked(true, s.packed, cut, &s.got), "");
		cr_expect_eq(memcmp(s.got.text, s.text, s.got.len), 0);
	}
	cr_expect_str_neq(unpacked(true, s.packed, s.len - 1, &s.got), "");
	s.packed[s.len - 6] ^= 1; /* of the CRC */
	cr_expect_str_neq(unpacked(true, s.packed, s.len, &s.got), "");
	s.packed[s.len - 6] ^= 1;
	s.packed[s.len / 2] ^= 0x55;
	cr_expect_str_neq(unpacked(true, s.packed, s.len, &s.got), "");
	s.packed[s.len / 2] ^= 0x55;
	memcpy(s.packed + s.len, "more", 4);
	cr_expect_str_neq(unpacked(true, s.packed, s.len + 4, &s.got), "");
	end(&s);
}
