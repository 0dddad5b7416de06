#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/clock.h"
#include "store/fleet/kept.h"
#include "store/fleet/names.h"
#include "tests/support/charter.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"

/* The fleet as a keeper beside that link sees it, with copies of its own. */
struct view {
	struct fleet_config config;
	struct keyring *ring;
	struct fleet fleet;
	int dir;
};

static struct view
view_of(const struct link *l)
{
	struct view v = {.dir = -1};
	char why[FLEET_WHY_TEXT] = "";
	char *copies = text("%s/copies", l->dir);

	if (fleet_config_read(l->config, &v.config, why) != FAULT_NONE ||
	    keyring_read(text("%s/fleet.key", l->dir), 0, true, &v.ring, why) !=
		FAULT_NONE)
		fail("%s", why);
	mkdir(copies, 0700);
	v.dir = open(copies, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return v;
}

static void
view_done(struct view *v)
{
	fleet_done(&v->fleet);
	fleet_config_done(&v->config);
	keyring_free(v->ring);
	close(v->dir);
}

/* Puts a charter; false if another one is there than mark says. */
static bool
put_charter(struct view *v, const struct charter *charter, uint64_t count,
    const char *mark)
{
	static const struct talk_marks none;
	const struct seal_name name = {.kind = SEAL_FLEET,
	    .name = "",
	    .serial = SEAL_SERIAL((uint64_t)charter->epoch, count)};
	scoped_answer struct talk_answer answer = {.status = 0};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	char *json = NULL;
	enum fault fault = charter_format(charter, &json);

	if (fault == FAULT_NONE)
		fault = seal_close(v->ring, &name, json, strlen(json), &sealed);
	if (fault == FAULT_NONE)
		fault = talk_put(&v->fleet.line, FLEET_CHARTER, mark, &sealed,
		    &none, clock_ms() + LINK_PUT_MS, &answer);
	free(json);
	if (fault != FAULT_NONE && fault != FAULT_STALE)
		fail("no charter: %s", v->fleet.line.why);
	return fault == FAULT_NONE;
}

static void
found_policy(struct view *v, const char *file)
{
	char *json = read_text(file);
	const struct kept_next next = {.mark = "0",
	    .text = json,
	    .len = strlen(json),
	    .by = "root at b0",
	    .what = "join",
	    .now_s = time(NULL)};
	struct version theirs = {.number = 0};
	enum fault fault = kept_put(&v->fleet, v->dir, &next, &theirs);

	version_done(&theirs);
	if (fault != FAULT_NONE && fault != FAULT_STALE)
		fail("no policy: %s", v->fleet.line.why);
}

void
charter_found(const struct link *l, const char *policy_file)
{
	const struct charter charter = {
	    CHARTER_ID_1, 1, CHARTER_LEVEL, CHARTER_FLEET};
	struct view v = view_of(l);

	fleet_init(&v.fleet, &v.config, v.ring, l->socket);
	(void)put_charter(&v, &charter, 1, "0");
	if (access(policy_file, F_OK) == 0)
		found_policy(&v, policy_file);
	view_done(&v);
}

void
charter_change(const struct link *l, int epoch, int level)
{
	struct view v = view_of(l);
	struct kept kept;

	fleet_init(&v.fleet, &v.config, v.ring, l->socket);
	if (kept_fetch(&v.fleet, v.dir, time(NULL), &kept) != FAULT_NONE)
		fail("no charter: %s", v.fleet.line.why);
	kept.charter.epoch = epoch;
	kept.charter.level = level;
	if (!put_charter(&v, &kept.charter, 2, kept.charter_mark))
		fail("another charter");
	kept_done(&kept);
	view_done(&v);
}
