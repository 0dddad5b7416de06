#include "store/base/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* NIST's examples for FIPS 180-4, and the empty message. */
Test(hash, agrees_with_fips_180_4)
{
	static const struct {
		const char *text, *hex;
	} examples[] = {
	    {"",
		"e3b0c44298fc1c149afbf4c8996fb924"
		"27ae41e4649b934ca495991b7852b855"},
	    {"abc",
		"ba7816bf8f01cfea414140de5dae2223"
		"b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039"
		"a33ce45964ff2167f6ecedd419db06c1"},
	};

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const char *text = examples[i].text;
		char hex[HASH_TEXT] = "unset", byte[3];
		uint8_t bytes[HASH_BYTES];

		cr_assert(hash_hex(text, strlen(text), hex));
		cr_expect_str_eq(hex, examples[i].hex);
		cr_assert(hash_bytes(text, strlen(text), bytes));
		for (size_t j = 0; j < HASH_BYTES; j++) {
			snprintf(byte, sizeof(byte), "%02x", bytes[j]);
			cr_expect_eq(memcmp(byte, hex + 2 * j, 2), 0);
		}
	}
}
