#include "store/base/address.h"

#include <string.h>

#include "store/wire/claims.h"
#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void
whole(const char *text)
{
	struct address address, again;
	char written[ADDRESS_TEXT], claimed[ADDRESS_TEXT];

	claims_address(text, claimed);
	if (!address_parse(text, &address)) {
		must(claimed[0] == '\0');
		return;
	}
	address_format(&address, written);
	must(strcmp(claimed, written) == 0);
	must(address_parse(written, &again));
	must(memcmp(&address, &again, sizeof(address)) == 0);
}

/* A prefix read from its own text is equal, and contains its own address. */
static void
network(const char *text)
{
	struct prefix prefix, again;
	char written[PREFIX_TEXT];

	if (!prefix_parse(text, &prefix))
		return;
	must(prefix.bits <= 128);
	must(prefix_holds(&prefix, &prefix.address));
	prefix_format(&prefix, written);
	must(prefix_parse(written, &again));
	must(prefix.bits == again.bits &&
	    memcmp(&prefix.address, &again.address, sizeof(prefix.address)) ==
		0);
	/* With the network's first bit changed the address lies outside. */
	if (prefix.bits > 0 && prefix.bits != 96) {
		again.address.bytes[0] ^= 0x80;
		must(!prefix_holds(&prefix, &again.address));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = fuzz_text(data, size);

	whole(text);
	network(text);
	return 0;
}
