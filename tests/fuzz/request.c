#include <string.h>

#include "store/wire/claims.h"
#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

/* A peer's claims become a struct login: clean, with a NUL, and within their
 * limits. */
static void
claim(const char *text, size_t len)
{
	scoped_request struct request request = {.version = 0};
	struct json_error error;
	struct login login;

	if (json_read(&request_shape, text, len, PACKET_MAX, &request,
		&error) != FAULT_NONE)
		return;
	claims_login(&request, "boot", 1800000000, &login);
	must(strlen(login.address) < sizeof(login.address));
	must(strspn(login.address, "0123456789abcdef.:") ==
	    strlen(login.address));
	must(login.key[0] == '\0' || strncmp(login.key, "SHA256:", 7) == 0);
	must(strspn(login.connection, "0123456789abcdef") ==
	    strlen(login.connection));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = fuzz_text(data, size);
	struct request request;

	claim(text, size);
	fuzz_shape(&request_shape, data, size, &request, sizeof(request));
	return 0;
}
