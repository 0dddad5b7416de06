#include "store/fleet/seal.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/json/json.h"
#include "tests/unit/fixture.h"

#define OTHER_TOOL "tests/unit/store/fleet/sealed.py"
#define LINE_TEXT  4096
#define SERIAL     SEAL_SERIAL(1, 17)

static const char text[] = "one record";

static struct keyring
keys(void)
{
	struct keyring ring = {.count = 1,
	    .use = {10, 11, 12, 13},
	    .keys = {{.id = {10, 11, 12, 13}}}};

	for (size_t i = 0; i < KEYRING_FLEET; i++)
		ring.fleet[i] = (uint8_t)i;
	ring.keys[0].bytes[KEYRING_BYTES - 1] = 7;
	return ring;
}

static struct seal_name
alice(void)
{
	return (struct seal_name){
	    .kind = SEAL_USER, .name = "alice", .serial = SERIAL};
}

static struct sealed
seal_it(const struct keyring *ring)
{
	const struct seal_name name = alice();
	struct sealed sealed = {.bytes = NULL};

	cr_assert_eq(
	    seal_close(ring, &name, text, strlen(text), &sealed), FAULT_NONE);
	return sealed;
}

static enum fault
open_it(const struct keyring *ring, struct seal_name name,
    const struct sealed *sealed)
{
	char *opened = NULL;
	size_t len = 0;
	uint64_t serial = name.serial = 77;
	enum fault fault = seal_open(
	    ring, &name, sealed->bytes, sealed->len, &opened, &len);

	if (fault == FAULT_NONE) {
		cr_expect_eq(len, strlen(text));
		cr_expect_str_eq(opened, text);
		serial = SERIAL;
	} else {
		cr_expect_null(opened);
	}
	cr_expect_eq(name.serial, serial);
	free(opened);
	return fault;
}

static void
to_hex(const void *bytes, size_t len, char ret[static LINE_TEXT])
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
}

/* ret: the line that the other tool prints. */
static void
ask_other_tool(const char *what, const char *salt, const void *data, size_t len,
    char ret[static LINE_TEXT])
{
	const struct keyring ring = keys();
	char fleet[LINE_TEXT], key[LINE_TEXT], hex[LINE_TEXT];
	char command[4 * LINE_TEXT];
	FILE *tool;

	to_hex(ring.fleet, KEYRING_FLEET, fleet);
	to_hex(ring.keys[0].bytes, KEYRING_BYTES, key);
	to_hex(data, len, hex);
	snprintf(command, sizeof(command),
	    OTHER_TOOL " %s %s %s 0a0b0c0d %" PRIu64 " user alice '%s' %s",
	    what, fleet, key, SERIAL, salt, hex);
	tool = popen(command, "re");
	cr_assert_not_null(tool);
	cr_assert_not_null(fgets(ret, LINE_TEXT, tool), "%s", command);
	cr_assert_eq(pclose(tool), 0);
	ret[strcspn(ret, "\n")] = '\0';
}

static struct sealed
from_hex(const char *hex)
{
	struct sealed sealed = {.len = strlen(hex) / 2};
	unsigned byte = 0;

	sealed.bytes = malloc(sealed.len);
	cr_assert_not_null(sealed.bytes);
	for (size_t i = 0; i < sealed.len; i++) {
		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		sealed.bytes[i] = (uint8_t)byte;
	}
	return sealed;
}

/* By Python's hmac and cryptography, on 2026-11-30. */
Test(seal, opens_a_known_seal)
{
	const struct keyring ring = keys();
	scoped_sealed struct sealed sealed = from_hex(
	    "746673310a0b0c0d00010000000000111111111111111111111111111111"
	    "111111111111111111116fbd5da132d6ed97e9ff85f366e3b4e477f60404"
	    "c2e99bf20cef");

	cr_expect_eq(open_it(&ring, alice(), &sealed), FAULT_NONE);
}

Test(seal, another_tool_opens_ours_and_we_open_its)
{
	const struct keyring ring = keys();
	scoped_sealed struct sealed ours = seal_it(&ring);
	scoped_sealed struct sealed theirs = {.bytes = NULL};
	char line[LINE_TEXT], expected[LINE_TEXT];

	if (system("python3 -c 'import cryptography' 2>/dev/null") != 0)
		cr_skip_test("no python3 with cryptography here");
	ask_other_tool("open", "", ours.bytes, ours.len, line);
	to_hex(text, strlen(text), expected);
	cr_expect_str_eq(line, expected);
	ask_other_tool("seal",
	    "a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8", text,
	    strlen(text), line);
	theirs = from_hex(line);
	cr_expect_eq(open_it(&ring, alice(), &theirs), FAULT_NONE);
}

/* Two seals of one text differ: the answer that shows our bytes is ours. */
Test(seal, has_a_salt_of_its_own)
{
	const struct keyring ring = keys();
	scoped_sealed struct sealed one = seal_it(&ring);
	scoped_sealed struct sealed other = seal_it(&ring);

	cr_assert_eq(one.len, strlen(text) + SEAL_OVERHEAD);
	cr_expect_neq(memcmp(one.bytes, other.bytes, one.len), 0);
	cr_expect_neq(memcmp(one.bytes + 16, other.bytes + 16, 24), 0);
	cr_expect_null(memmem(one.bytes, one.len, text, strlen(text)));
}

Test(seal, notices_each_byte_that_was_changed)
{
	const struct keyring ring = keys();
	scoped_sealed struct sealed sealed = seal_it(&ring);

	for (size_t i = 0; i < sealed.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			enum fault fault;

			sealed.bytes[i] ^= (uint8_t)(1 << bit);
			fault = open_it(&ring, alice(), &sealed);
			cr_expect_eq(fault,
			    i >= 4 && i < 8 ? FAULT_REFUSED : FAULT_FORMAT,
			    "byte %zu, bit %d: %s", i, bit, fault_name(fault));
			sealed.bytes[i] ^= (uint8_t)(1 << bit);
		}
	cr_expect_eq(open_it(&ring, alice(), &sealed), FAULT_NONE);
}

Test(seal, notices_what_was_cut_or_added)
{
	const struct keyring ring = keys();
	scoped_sealed struct sealed sealed = seal_it(&ring);
	static uint8_t large[SEAL_MAX + 1];
	struct sealed other = sealed;

	for (other.len = 0; other.len < sealed.len; other.len++)
		cr_expect_eq(open_it(&ring, alice(), &other), FAULT_FORMAT,
		    "%zu", other.len);
	memcpy(large, sealed.bytes, sealed.len);
	other = (struct sealed){.bytes = large, .len = sealed.len + 1};
	cr_expect_eq(open_it(&ring, alice(), &other), FAULT_FORMAT);
	other.len = SEAL_MAX + 1;
	cr_expect_eq(open_it(&ring, alice(), &other), FAULT_LIMIT);
}

Test(seal, is_of_one_user_one_kind_and_one_fleet)
{
	static const struct seal_name others[] = {
	    {.kind = SEAL_USER, .name = "alic"},
	    {.kind = SEAL_USER, .name = "alicf"},
	    {.kind = SEAL_USER, .name = ""},
	    {.kind = SEAL_POLICY, .name = "alice"},
	    {.kind = SEAL_FLEET, .name = "alice"},
	    {.kind = SEAL_BASTION, .name = "alice"},
	};
	struct keyring ring = keys();
	scoped_sealed struct sealed sealed = seal_it(&ring);

	for (size_t i = 0; i < COUNT(others); i++)
		cr_expect_eq(
		    open_it(&ring, others[i], &sealed), FAULT_FORMAT, "%zu", i);
	ring.fleet[15] ^= 1;
	cr_expect_eq(open_it(&ring, alice(), &sealed), FAULT_FORMAT);
	ring = keys();
	ring.keys[0].bytes[0] ^= 1;
	cr_expect_eq(open_it(&ring, alice(), &sealed), FAULT_FORMAT);
	ring = keys();
	ring.count = 0;
	cr_expect_eq(open_it(&ring, alice(), &sealed), FAULT_REFUSED);
}

/* No text in place of a name's end: the NUL parts kind and name. */
Test(seal, parts_the_kind_and_the_name)
{
	const struct keyring ring = keys();
	const struct seal_name name = {
	    .kind = SEAL_USER, .name = "x", .serial = 1};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	uint8_t id[KEYRING_ID];

	cr_assert_eq(seal_close(&ring, &name, "", 0, &sealed), FAULT_NONE);
	cr_expect_eq(sealed.len, SEAL_OVERHEAD);
	cr_expect(seal_key_id(sealed.bytes, sealed.len, id));
	cr_expect_arr_eq(id, ring.use, KEYRING_ID);
	cr_expect_eq(seal_serial(sealed.bytes, sealed.len), 1);
	cr_expect_not(seal_key_id(sealed.bytes, SEAL_OVERHEAD - 1, id));
}

Test(seal, takes_no_more_than_a_value_may_have)
{
	const struct keyring ring = keys();
	const struct seal_name name = alice();
	static char large[SEAL_MAX];
	scoped_sealed struct sealed sealed = {.bytes = NULL};

	cr_expect_eq(seal_close(&ring, &name, large,
			 SEAL_MAX - SEAL_OVERHEAD + 1, &sealed),
	    FAULT_LIMIT);
	cr_expect_null(sealed.bytes);
	cr_expect_eq(
	    seal_close(&ring, &name, large, SEAL_MAX - SEAL_OVERHEAD, &sealed),
	    FAULT_NONE);
	cr_expect_eq(sealed.len, SEAL_MAX);
}

/* A serial counts on in the epoch behind. */
Test(seal, has_the_epoch_in_its_serial)
{
	cr_expect_eq(SEAL_EPOCH(SERIAL), 1);
	cr_expect_lt(SERIAL, SEAL_SERIAL(2, 0));
	cr_expect_eq(SEAL_EPOCH(SEAL_SERIAL(65535, 5)), 65535);
}
