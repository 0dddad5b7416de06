/* An export of Google Authenticator: the bytes behind its base64, which a
 * fuzzer would seldom get right. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/import/import.h"
#include "store/import/protobuf.h"
#include "tests/fuzz/fuzz.h"

#define NOW_S 1800000000
#define START "otpauth-migration://offline?data="

/* Each field is within the message, and each step makes it shorter. */
static void
walk(const uint8_t *data, size_t size)
{
	struct protobuf message = {data, size};
	struct protobuf_field field;
	size_t left = size;

	while (protobuf_next(&message, &field) == PROTOBUF_FIELD) {
		must(message.left < left);
		must(message.at + message.left == data + size);
		must(field.number > 0);
		if (field.kind == PROTOBUF_BYTES)
			must(field.bytes.at + field.bytes.left == message.at);
		left = message.left;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct import none;
	size_t start = strlen(START);
	scoped_free char *text = NULL;
	struct import import;
	struct import_report report;
	enum fault fault;

	walk(data, size);
	if (size > IMPORT_FILE_MAX / 2)
		return 0;
	text = malloc(start + size * 4 / 3 + 8);
	must(text != NULL);
	memcpy(text, START, start + 1);
	if (size > 0)
		EVP_EncodeBlock((uint8_t *)text + start, data, (int)size);
	fault = import_parse(text, strlen(text), "alice",
	    size % 3 == 0 ? "Example:alice" : NULL, NOW_S, &import, &report);
	if (fault != FAULT_NONE) {
		must(memcmp(&import, &none, sizeof(none)) == 0);
		must(report.error[0] != '\0');
		return 0;
	}
	must(import.first.secret.len >= IMPORT_SECRET_MIN);
	must(import.first.digits == 6 || import.first.digits == 8);
	must(import.more.count == 0 && report.listed_count == 0);
	must(import.first.counter <= IMPORT_COUNTER_MAX);
	import_done(&import);
	return 0;
}
