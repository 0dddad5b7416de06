#include "store/import/import.h"

#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#define NOW_S 1800000000

static void
expect_same(
    const struct import_account *a, const struct import_account *b, int line)
{
	must(line > 0);
	must(a->type == b->type && a->counter == b->counter);
	must(a->period_s == b->period_s && a->last_step == b->last_step);
	must((a->type == DEVICE_HOTP) == (a->period_s == 0));
	must(record_same_secret(&a->secret, &b->secret));
}

/* The keeper accepts every account that is read from a file; a refused file
 * leaves none. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct import none;
	scoped_free char *text = fuzz_text(data, size);
	scoped_free char *packet = NULL;
	struct import import, again = {.present = false};
	struct import_report report;
	struct json_error error;

	if (import_parse(text, size, "alice", NULL, NOW_S, &import, &report) !=
	    FAULT_NONE) {
		must(memcmp(&import, &none, sizeof(none)) == 0);
		must(report.error[0] != '\0' && report.line >= 0);
		return 0;
	}
	must(report.notes_count <= IMPORT_NOTES_MAX);
	must(import_step_ok(&import, NOW_S));
	must(json_write(&import_shape, &import, false, &packet) == FAULT_NONE);
	must(json_read(&import_shape, packet, strlen(packet), 65536, &again,
		 &error) == FAULT_NONE);
	must(import_count(&again) == import_count(&import));
	for (size_t i = 0; i < import_count(&import); i++)
		expect_same(import_at(&import, i), import_at(&again, i),
		    report.lines[i]);
	must(again.scratch.count == import.scratch.count);
	import_done(&import);
	import_done(&again);
	return 0;
}
