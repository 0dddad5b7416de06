/*
 * Small parts that the rest stands on: no access out of bounds, no overflow, an
 * end, and what the claims say.  The loops of the parsers around them are left to
 * tests/fuzz: pointers that walk through a long text are too much for cbmc.
 *
 * What is not the product's own code:
 *	typed_plain()  in onetime_read() leaves any text that fits.
 *	memmove()      is a plain loop: cbmc's own gives false alarms.
 */
#include "tests/proofs/proof.h"

#include "store/base/address.c"
#undef IPV4_BITS
#define alphabet base32_alphabet
#include "store/base/base32.c"
#undef alphabet
#include "store/base/list.c"
#include "store/base/utf8.c"
#include "store/core/onetime.c"
#include "store/core/spent.c"

void *
memmove(void *to, const void *from, size_t size)
{
	char kept[24];

	for (size_t i = 0; i < size; i++)
		kept[i] = ((const char *)from)[i];
	for (size_t i = 0; i < size; i++)
		((char *)to)[i] = kept[i];
	return to;
}

void
OPENSSL_cleanse(void *at, size_t len)
{
	(void)at, (void)len;
}

/* All characters.  cbmc: --unwind 6 */
void
prove_utf8_encode(void)
{
	uint32_t c = (uint32_t)any_within(0, 0x10ffff);
	char text[UTF8_MAX];
	size_t n;

	given(c < 0xd800 || c > 0xdfff);
	n = utf8_encode(c, text);
	claim(n >= 1 && n <= UTF8_MAX && utf8_length(text, n) == n &&
		utf8_char(text, n) == c,
	    "1: a character is read as it was written");
	if (n == UTF8_MAX)
		reach("four bytes");
}

/* Up to 4 bytes into 6.  cbmc: --unwind 8 */
void
prove_utf8_clean(void)
{
	char text[4], ret[6];
	bool ends = false;
	size_t len = nondet_size(), size = nondet_size();

	given(len <= sizeof(text) && size >= 1 && size <= sizeof(ret));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = nondet_char();
	utf8_clean(text, len, ret, size);
	for (size_t i = 0; i < size; i++)
		ends |= ret[i] == '\0';
	claim(ends, "2a: it ends within its room");
	claim(utf8_is_clean(ret), "2b: it is clean");
	if (strlen(ret) == 4 && ret[0] == '\xc3')
		reach("two characters of two bytes");
}

/* Up to 16 characters.  cbmc: --unwind 18 */
void
prove_base32_decode(void)
{
	char text[17], back[17];
	uint8_t bytes[10];
	size_t len = nondet_size(), n = 0;

	given(len < sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = nondet_char();
		given(i != len || text[i] == '\0');
	}
	if (base32_decode(text, len, bytes, sizeof(bytes), &n) != FAULT_NONE)
		return;
	claim(n <= sizeof(bytes), "3a: it fits");
	claim(base32_encode(bytes, n, back, sizeof(back)) == FAULT_NONE &&
		strlen(back) == len && memcmp(text, back, len) == 0,
	    "3b: a secret has one spelling");
	if (len == 16)
		reach("ten bytes");
}

/* All codes.  cbmc: --unwind 34 */
void
prove_onetime_format(void)
{
	uint8_t a[ONETIME_BYTES], b[ONETIME_BYTES];
	char x[ONETIME_TEXT], y[ONETIME_TEXT];

	for (size_t i = 0; i < ONETIME_BYTES; i++) {
		a[i] = (uint8_t)nondet_char();
		b[i] = (uint8_t)nondet_char();
	}
	onetime_format(a, x);
	onetime_format(b, y);
	claim(strlen(x) == ONETIME_TEXT - 1, "4a: a code has 19 characters");
	claim(memcmp(x, y, sizeof(x)) != 0 || memcmp(a, b, sizeof(a)) == 0,
	    "4b: two codes never look alike");
	for (size_t i = 0; i < ONETIME_TEXT - 1; i++)
		claim(i % 5 == 4 ? x[i] == '-' : crockford_char(x[i]) == x[i],
		    "4c: it is read as it was written");
	reach("a code");
}

void
any_plain(const char *text, size_t len, char *ret, size_t size)
{
	(void)text, (void)len;
	for (size_t i = 0; i < size; i++)
		ret[i] = nondet_char();
	ret[size - 1] = '\0';
}

/* Any text.  cbmc: --unwind 34 without typed_plain:any_plain */
void
prove_onetime_read(void)
{
	char code[ONETIME_CHARS + 1];
	bool is_code = onetime_read("", 0, code);

	claim(is_code == (code[0] != '\0') &&
		code[is_code ? ONETIME_CHARS : 0] == '\0',
	    "5a: 16 characters, or none");
	for (size_t i = 0; is_code && i < ONETIME_CHARS; i++)
		claim(crockford_char(code[i]) == code[i] && code[i] != '\0',
		    "5b: all of the alphabet");
	if (is_code)
		reach("a code");
}

/* All prefixes and addresses.  cbmc: --unwind 18 */
void
prove_prefix_holds(void)
{
	struct prefix p;
	struct address a;
	bool same = true;
	size_t bit = nondet_size();

	p.bits = (uint8_t)any_within(0, 128);
	for (size_t i = 0; i < 16; i++) {
		p.address.bytes[i] = (uint8_t)nondet_char();
		a.bytes[i] = (uint8_t)nondet_char();
	}
	given(prefix_holds(&p, &p.address)); /* host bits are zero */
	given(bit < 128);
	same = ((p.address.bytes[bit / 8] ^ a.bytes[bit / 8]) &
		   0x80 >> bit % 8) == 0;
	claim(!prefix_holds(&p, &a) || bit >= p.bits || same,
	    "6a: an address that it holds has all its bits");
	given(memcmp(&a, &p.address, sizeof(a)) == 0 || bit >= p.bits);
	if (prefix_holds(&p, &a) && !same)
		reach("another address");
}

/* Up to 4 items.  cbmc: --unwind 26 */
void
prove_move_to_end(void)
{
	uint64_t items[4], old[4];
	size_t count = nondet_size(), i = nondet_size(), at = nondet_size();
	bool moved;

	given(count <= 4 && i < count && at < count);
	for (size_t k = 0; k < 4; k++)
		old[k] = items[k] = nondet_step();
	moved = move_to_end(items, count, sizeof(items[0]), i);
	claim(moved == (i + 1 < count), "7a: the last one stays");
	claim(items[at] ==
		(at < i                  ? old[at]
			: at + 1 < count ? old[at + 1]
					 : old[i]),
	    "7b: the item goes to the end, and all others close up");
	if (moved)
		reach("one that moves");
}
