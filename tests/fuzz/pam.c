#include <stdlib.h>
#include <string.h>

#include "gate/pam/inquiry.h"
#include "store/base/utf8.h"
#include "tests/fuzz/fuzz.h"

/* All that a user can write into it: sshd's variables and the answer. */
static void
fuzz_fill(char *const parts[static 4])
{
	struct inquiry inquiry = {.door = true,
	    .request = parts[3][0] != '\0' ? "verify" : "login",
	    .token = parts[0],
	    .ssh_connection = parts[1],
	    .ssh_auth_info = parts[2],
	    .code = parts[3],
	    .service = parts[0]};
	struct request request;

	if (inquiry_fill(&inquiry, &request) == NULL) {
		must(strncmp(request.auth_path, parts[0], 36) == 0);
		must(request.auth == NULL ||
		    strncmp(request.auth, "publickey ", 10) == 0);
		must(request.auth == NULL || utf8_is_clean(request.auth));
		must(utf8_is_clean(request.code));
		must(utf8_is_clean(request.auth_path));
	}
	request_done(&request);
	inquiry.door = false;
	if (inquiry_fill(&inquiry, &request) == NULL) {
		must(utf8_is_clean(request.command));
		must(request.auth_path[0] == '\0');
	}
	request_done(&request);
}

static void
fuzz_reply(const char *text)
{
	struct reply reply = {.version = 0};
	struct json_error error;
	struct ruling ruling;

	if (json_read(&reply_shape, text, strlen(text), PACKET_MAX, &reply,
		&error) == FAULT_NONE) {
		ruling_of_reply(&reply, &ruling);
		must(ruling_is_sound(&ruling));
		must(ruling.verdict != VERDICT_PASS ||
		    reply.verdict == VERDICT_PASS);
	}
	reply_done(&reply);
}

/* Like the bytes of a child that somebody else writes. */
static void
fuzz_struct(const uint8_t *data, size_t size)
{
	struct ruling ruling;

	memset(&ruling, 0, sizeof(ruling));
	memcpy(&ruling, data, size < sizeof(ruling) ? size : sizeof(ruling));
	if (!ruling_is_sound(&ruling))
		return;
	must(strlen(ruling.message) < RULING_TEXT);
	must(ruling.notes <= NOTES_MAX);
	for (uint32_t i = 0; i < ruling.notes; i++) {
		must(strlen(ruling.note[i]) < RULING_TEXT);
		must(utf8_is_clean(ruling.note[i]));
	}
	must(ruling.verdict == VERDICT_DENY || ruling.then == RULING_ENDS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *parts[5];

	fuzz_struct(data, size);
	fuzz_parts(data, size, parts, 5);
	fuzz_fill(parts);
	fuzz_reply(parts[4]);
	fuzz_parts_done(parts, 5);
	return 0;
}
