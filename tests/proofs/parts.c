/*
 * Small parts that the rest stands on.  The loops of the parsers around them
 * are left to tests/fuzz: a pointer that walks through a long text is too much
 * for cbmc.  Abstract: typed_plain() leaves any text; memmove() goes forwards,
 * since all move to the left.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "store/core/typed.h"
#define explicit_bzero(at, size)          memset(at, 0, size)
#define OPENSSL_cleanse(at, size)         memset(at, 0, size)
#define typed_plain(text, len, ret, size) memcpy(ret, typed, sizeof(typed) - 1)
#define memmove(to, from, size)                \
	for (size_t i_ = 0; i_ < (size); i_++) \
	((char *)(to))[i_] = ((const char *)(from))[i_]
static char typed[17];

#include "gate/sshd/key.c"
#include "store/base/address.c"
#include "store/base/list.c"
#include "store/base/utf8.c"
#include "store/core/onetime.c"
#include "store/json/string.c"
#define alphabet base32_alphabet
#include "store/base/base32.c"
#include "tests/proofs/proof.h"
#undef list_drop

static char text[16], ret[20], other[20];
static uint8_t bytes[16], others[16];
static size_t len, n, at, room, one;
static uint32_t c;

/* All characters; texts of 4, 8 and 12 bytes.  cbmc: --unwind 13 */
proof(characters)
{
	bool is_char = c < 0xd800 || within(c, 0xe000, 0x10ffff), plain;

	/* A character is read as it was written. */
	n = utf8_encode(is_char ? c : 0, ret);
	claim(1a, true, within(n, 1, UTF8_MAX) && utf8_length(ret, n) == n);
	claim(1b, true, utf8_char(ret, n) == (is_char ? c : 0));
	/* Text for a terminal is clean, and ends within its room. */
	given(len <= 4 && within(at, 1, 6) && room <= 12);
	utf8_clean(text, len, ret, at);
	ret[6] = '\0';
	claim(2a, true, strlen(ret) < at && utf8_is_clean(ret));
	reach(strlen(ret) == 4 && ret[0] == '\xc3');
	/* Eight bytes are plain up to the first that is not. */
	one = plain_of_eight(text);
	each(i, 8) {
		plain = within(text[i], ' ', '~') && text[i] != '"' &&
		    text[i] != '\\';
		claim(3a, true, i < one ? plain : i > one || !plain);
	}
	reach(one == 7);
	/* An escape is within its text, steers nothing, and is no shorter. */
	c = escaped_char(text, text + room, &one);
	claim(4a, c != 0, one <= room && !utf8_steers(c));
	claim(4b, c != 0, utf8_encode(c, ret) < one);
	claim(4c, c >= 0xd800, within(c, 0xe000, 0x10ffff));
	reach(c > 0xffff);
}

/* All codes of 80 bits; 16 characters of base32; all prefixes, addresses;
 * lists of 4; 16 bytes.  cbmc: --unwind 34 */
proof(codes)
{
	struct prefix p;
	struct address a;
	uint64_t items[4], old[4];
	struct list list = {items, room};
	struct wire w = {bytes, len}, s;
	bool is_code, same = true;

	given(len <= 16 && room <= 4 && at < 128 && p.bits <= 128);
	given(prefix_holds(&p, &p.address)); /* host bits are zero */
	/* Just the first bits of an address are compared. */
	claim(8a, prefix_holds(&p, &a) && at < p.bits,
	    !((a.bytes[at / 8] ^ p.address.bytes[at / 8]) & 0x80 >> at % 8));
	reach(prefix_holds(&p, &a) && a.bytes[15] != p.address.bytes[15]);
	/* A list closes up in order. */
	each(i, 4)
		old[i] = items[i];
	list_drop(&list, sizeof(items[0]), at);
	claim(9a, true, list.count == room - (at < room));
	each(i, list.count)
		claim(9b, true, items[i] == old[i + (i >= at && at < room)]);
	/* A string of a key is within its bytes, and what is left, too. */
	s = wire_string(&w);
	claim(10a, true, w.at + w.left == bytes + len && w.left <= len);
	claim(10b, true, w.bad ? s.left == 0 : s.at + s.left == w.at);
	reach(!w.bad && s.left == 5);
	/* A code is read as it was written, and no two look alike. */
	onetime_format(bytes, ret);
	onetime_format(others, other);
	each(i, ONETIME_TEXT - 1) {
		same &= ret[i] == other[i];
		claim(6a, true,
		    ret[i] == (i % 5 == 4 ? '-' : crockford_char(ret[i])));
	}
	each(i, ONETIME_BYTES)
		claim(6b, same, bytes[i] == others[i]);
	/* Text is read as 16 characters of the alphabet, or as no code. */
	is_code = onetime_read("", 0, ret);
	claim(7a, true,
	    is_code == (ret[0] != '\0') && ret[ONETIME_CHARS] == '\0');
	each(i, ONETIME_CHARS)
		claim(7b, is_code, crockford_char(ret[i]) && ret[i]);
	/* A secret has one spelling, and fits. */
	if (base32_decode(text, len, bytes, 9, &n) == FAULT_NONE) {
		claim(5a, true,
		    n <= 9 && !base32_encode(bytes, n, ret, sizeof(ret)));
		each(i, len)
			claim(5b, true, ret[i] == text[i]);
		reach(is_code && len == 15);
	}
}
