/* The fleet's two files of root, and a seal. */
#include "store/fleet/config.h"
#include "store/fleet/keyring.h"
#include "store/fleet/seal.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
read_config(const char *text, size_t len)
{
	struct fleet_config config;
	char why[FLEET_WHY_TEXT];

	if (fleet_config_parse("f", text, len, &config, why) != FAULT_NONE)
		return;
	must(strict_json(text, len));
	must(config.endpoints.count > 0);
	list_each(const struct fleet_url, url, config.endpoints)
		must(strncmp(url->text, "https://", 8) == 0);
	must(config.prefix[0] == '/');
	fleet_config_done(&config);
}

static void
read_keys(const char *text, size_t len)
{
	struct keyring *ring = NULL;
	char why[GUARDED_WHY_TEXT], *again = NULL;

	if (keyring_parse("f", text, len, &ring, why) != FAULT_NONE)
		return;
	must(strict_json(text, len));
	must(ring->count >= 1 && ring->count <= KEYRING_MOST);
	must(keyring_find(ring, ring->use) != NULL);
	must(keyring_format(ring, &again) == FAULT_NONE);
	json_text_free(&again);
	keyring_free(ring);
}

/* Nobody makes a seal without the key. */
static void
open_seal(const uint8_t *data, size_t size)
{
	const struct keyring ring = {.count = 1, .keys = {{.bytes = {9}}}};
	struct seal_name name = {.kind = SEAL_USER, .name = "alice"};
	char *text = NULL;
	size_t len = 0;

	must(seal_open(&ring, &name, data, size, &text, &len) != FAULT_NONE);
	must(text == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	read_config(text, size);
	read_keys(text, size);
	open_seal(data, size);
	free(text);
	return 0;
}
