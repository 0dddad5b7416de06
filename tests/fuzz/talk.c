/* The first byte of the input chooses the request; the rest is the answer. */
#include "store/fleet/talk.h"
#include "store/base/clock.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define WAIT_MS 1000

static const struct talk_marks asked = {.policy = "5", .fleet = "6"};

/* The answer says what stands under one key. */
static void
check_state(const struct talk_answer *answer)
{
	struct sealed sealed = {.bytes = NULL};
	uint64_t number;

	must(talk_number(answer->mark, &number));
	must(talk_number(answer->revision, &number));
	must((answer->value == NULL) == (strcmp(answer->mark, "0") == 0));
	must(talk_number(answer->with.policy, &number));
	if (answer->value != NULL &&
	    talk_value(answer->value, &sealed) == FAULT_NONE)
		must(talk_is_value(answer->value, &sealed));
	sealed_free(&sealed);
}

static void
check_page(const struct talk_answer *answer)
{
	const char *last = "users/a";

	must(strcmp(answer->revision, "77") == 0);
	must(answer->rows.count > 0 || !answer->more);
	list_each(const struct talk_row, row, answer->rows) {
		must(strcmp(row->key, last) > 0);
		must(strncmp(row->key, "users/", 6) == 0);
		must(row->value != NULL);
		last = row->key;
	}
}

static void
ask(uint8_t choice, struct line *line, struct talk_answer *answer)
{
	static const uint8_t bytes[] = {1, 2, 3};
	const struct sealed sealed = {
	    .bytes = (uint8_t *)(uintptr_t)bytes, .len = sizeof(bytes)};
	const struct talk_page page = {.prefix = "users/",
	    .after = "users/a",
	    .revision = "77",
	    .limit = 10};
	int64_t until_ms = clock_ms() + WAIT_MS;
	enum fault fault;

	switch (choice % 4) {
	case 0:
		fault = talk_get(line, "users/a", &asked, until_ms, answer);
		if (fault == FAULT_NONE)
			check_state(answer);
		must(fault != FAULT_STALE && fault != FAULT_UNSURE);
		break;
	case 1:
		fault = talk_put(
		    line, "users/a", "4", &sealed, &asked, until_ms, answer);
		if (fault == FAULT_STALE)
			check_state(answer);
		must(fault != FAULT_NONE || answer->value == NULL);
		break;
	case 2:
		fault = talk_remove(line, "users/a", "4", until_ms, answer);
		must(fault != FAULT_NONE || answer->value == NULL);
		break;
	case 3:
		fault = talk_scan(line, &page, until_ms, answer);
		if (fault == FAULT_NONE)
			check_page(answer);
		must(fault != FAULT_UNSURE);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line line = LINE_TO("/proc/none");
	struct talk_answer answer = {.status = 0};
	int pair[2];

	if (size < 2 || size > LINE_PACKET ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	line.fd = pair[0];
	if (send(pair[1], data + 1, size - 1, MSG_NOSIGNAL) ==
	    (ssize_t)size - 1)
		ask(data[0], &line, &answer);
	talk_done(&answer);
	line_close(&line);
	close(pair[1]);
	return 0;
}
