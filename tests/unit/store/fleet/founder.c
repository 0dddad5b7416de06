#include "tests/unit/store/fleet/founder.h"
#include "store/base/clock.h"
#include "store/fleet/names.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

static enum fault
put_charter(struct fleet *fleet, const struct charter *charter, uint64_t count,
    const char *mark)
{
	static const struct talk_marks none;
	const struct seal_name name = {.kind = SEAL_FLEET,
	    .name = "",
	    .serial = SEAL_SERIAL((uint64_t)charter->epoch, count)};
	scoped_answer struct talk_answer answer = {.status = 0};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	char *text;
	enum fault fault;

	cr_assert_eq(charter_format(charter, &text), FAULT_NONE);
	cr_assert_eq(
	    seal_close(fleet->ring, &name, text, strlen(text), &sealed),
	    FAULT_NONE);
	free(text);
	fault = talk_put(&fleet->line, FLEET_CHARTER, mark, &sealed, &none,
	    clock_ms() + 5000, &answer);
	return fault;
}

void
founder_charter(struct fleet *fleet, int epoch, int level)
{
	static const struct talk_marks none;
	static uint64_t count;
	const struct charter charter = {
	    "00000000000000000000000000000000", epoch, level, "fleet"};
	scoped_answer struct talk_answer was = {.status = 0};

	cr_assert_eq(talk_get(&fleet->line, FLEET_CHARTER, &none,
			 clock_ms() + 5000, &was),
	    FAULT_NONE, "%s", fleet->line.why);
	cr_assert_eq(put_charter(fleet, &charter, ++count, was.mark),
	    FAULT_NONE, "%s", fleet->line.why);
}

void
founder_policy(
    struct fleet *fleet, int dir, const char *host, const char *policy)
{
	char quoted[QUOTED_MAX], by[64];
	struct kept kept;
	struct kept_next next = {
	    .text = quoted, .by = by, .what = "a change", .now_s = NOW_S};
	struct version theirs;

	fixture_quote(policy, quoted);
	next.len = strlen(quoted);
	snprintf(by, sizeof(by), "root at %s", host);
	cr_assert_eq(kept_fetch(fleet, dir, NOW_S, &kept), FAULT_NONE, "%s",
	    fleet->line.why);
	next.mark = kept.policy_mark;
	cr_assert_eq(kept_put(fleet, dir, &next, &theirs), FAULT_NONE, "%s",
	    fleet->line.why);
	kept_done(&kept);
}
