#include "admin/log/unpack.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY  (16 + MAX_WBITS)
#define PIECE      65536
#define GZIP_MAGIC 0x1f

struct unpack {
	unpack_take *take;
	void *ctx;
	bool is_packed;
	bool has_ended;  /* a member has, and no other began */
	bool is_damaged; /* nothing behind this can be inflated */
	bool has_begun;
	z_stream stream;
	char piece[PIECE + 1];
};

struct unpack *
unpack_new(bool is_packed, unpack_take *take, void *ctx)
{
	struct unpack *unpack = calloc(1, sizeof(*unpack));

	if (unpack == NULL)
		return NULL;
	unpack->take = take;
	unpack->ctx = ctx;
	unpack->is_packed = is_packed;
	if (is_packed && inflateInit2(&unpack->stream, GZIP_ONLY) != Z_OK) {
		free(unpack);
		return NULL;
	}
	return unpack;
}

/* Inflates one piece of what there is.  False if take() was. */
static bool
inflate_piece(struct unpack *unpack)
{
	z_stream *stream = &unpack->stream;
	int r;

	stream->next_out = (Bytef *)unpack->piece;
	stream->avail_out = PIECE;
	r = inflate(stream, Z_NO_FLUSH);
	unpack->has_ended = r == Z_STREAM_END;
	unpack->is_damaged = r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR;
	return stream->avail_out == PIECE ||
	    unpack->take(unpack->ctx, unpack->piece, PIECE - stream->avail_out);
}

/* Behind a member another may follow; what else follows is damage, but for the
 * zeros of a tape's block. */
static bool
begin_member(struct unpack *unpack)
{
	z_stream *stream = &unpack->stream;

	while (stream->avail_in > 0 && *stream->next_in == 0) {
		stream->next_in++;
		stream->avail_in--;
	}
	if (stream->avail_in == 0)
		return false;
	unpack->has_ended = false;
	unpack->is_damaged = *stream->next_in != GZIP_MAGIC ||
	    inflateReset(stream) != Z_OK;
	return !unpack->is_damaged;
}

bool
unpack_feed(struct unpack *unpack, char *bytes, size_t len)
{
	z_stream *stream = &unpack->stream;

	if (!unpack->is_packed)
		return unpack->take(unpack->ctx, bytes, len);
	unpack->has_begun |= len > 0;
	stream->next_in = (Bytef *)bytes;
	stream->avail_in = (uInt)len;
	do {
		if (unpack->is_damaged ||
		    (unpack->has_ended && !begin_member(unpack)))
			return true;
		if (!inflate_piece(unpack))
			return false;
	} while (stream->avail_in > 0 || stream->avail_out == 0);
	return true;
}

const char *
unpack_end(const struct unpack *unpack)
{
	if (!unpack->is_packed || unpack->has_ended)
		return "";
	if (!unpack->has_begun)
		return "it is empty, and thus no .gz";
	return unpack->is_damaged
	    ? "it is damaged: what follows in it cannot be read"
	    : "it is cut short: its end is missing";
}

void
unpack_free(struct unpack *unpack)
{
	if (unpack != NULL && unpack->is_packed)
		inflateEnd(&unpack->stream);
	free(unpack);
}
