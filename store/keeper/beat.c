#include "store/keeper/beat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/fleet/bastion.h"
#include "store/fleet/kept.h"
#include "store/fleet/learn.h"
#include "store/fleet/offset.h"
#include "store/json/lex.h"

#define MOST_MS INT64_C(1000000000000)

/* *ret_ms: the key of that name in the link's answer about itself, of which
 * nothing else matters here. */
static bool
find_clock(const char *answer, size_t len, int64_t *ret_ms)
{
	struct json_lex lex = json_lex_begin(answer, len);
	struct json_number number;

	if (!json_lex_find_key(&lex, "clock_off_ms") ||
	    !json_lex_number(&lex, &number) || !number.fits ||
	    number.value > MOST_MS || number.value < -MOST_MS)
		return false;
	*ret_ms = number.value;
	return true;
}

/* Notes how far this clock is off; 0 if nobody says so. */
static int64_t
compare_clocks(const struct keeper *keeper, int dir)
{
	struct fleet *fleet = keeper->fleet;
	scoped_free char *answer = NULL;
	int64_t off_ms = 0;
	size_t len = 0;

	if (line_ask(&fleet->line, "{\"op\":\"status\"}",
		clock_ms() + fleet->get_ms, &answer, &len) != FAULT_NONE ||
	    !find_clock(answer, len, &off_ms))
		return 0;
	offset_note(dir, keeper->boot_id, off_ms);
	return off_ms;
}

/* Puts the ids of the keys, the one in use first. */
static void
add_keys(const struct keyring *ring, struct bastion *bastion)
{
	for (int others = 0; others < 2; others++)
		for (size_t i = 0; i < ring->count; i++) {
			bool used = memcmp(ring->keys[i].id, ring->use,
					KEYRING_ID) == 0;
			struct bastion_key *key = used == !others
			    ? list_add(&bastion->keys, sizeof(*key))
			    : NULL;

			if (key != NULL)
				keyring_id_say(ring->keys[i].id, key->text);
		}
}

/* The end of a talk with the link. */
static enum fault
heard(struct store *store, enum fault fault)
{
	return fault == FAULT_NONE
	    ? fault
	    : store_say(store, fault, "%s", store->fleet->line.why);
}

/* Gets what stands under the key.  Each of these puts makes the engine's revision
 * higher: a bastion that did not compare it would soon take a restored store for
 * the one that it knew. */
static enum fault
get_self(struct store *store, const char *key, struct talk_answer *ret)
{
	static const struct talk_marks none;
	struct fleet *fleet = store->fleet;
	uint64_t seen = 0;
	enum fault fault = fleet_revision_seen(store, &seen);

	if (fault != FAULT_NONE)
		return fault;
	fault = talk_get(
	    &fleet->line, key, &none, clock_ms() + fleet->get_ms, ret);
	return fault == FAULT_NONE
	    ? fleet_judge_revision(store, ret->revision, seen, true)
	    : heard(store, fault);
}

static enum fault
put_self(struct store *store, const char *host, const struct bastion *bastion)
{
	struct fleet *fleet = store->fleet;
	static const struct talk_marks none;
	const struct seal_name name = {.kind = SEAL_BASTION,
	    .name = host,
	    .serial = SEAL_SERIAL(fleet->epoch, (uint64_t)bastion->time_s)};
	scoped_answer struct talk_answer was = {.status = 0};
	scoped_answer struct talk_answer now = {.status = 0};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	scoped_free char *text = NULL;
	char key[TALK_KEY];
	enum fault fault;

	snprintf(key, sizeof(key), BASTION_PREFIX "%s", host);
	fault = bastion_format(bastion, &text);
	if (fault == FAULT_NONE)
		fault = seal_close(
		    fleet->ring, &name, text, strlen(text), &sealed);
	if (fault != FAULT_NONE)
		return store_say(store, fault, "this bastion cannot be sealed");
	fault = get_self(store, key, &was);
	return fault == FAULT_NONE
	    ? heard(store,
		  talk_put(&fleet->line, key, was.mark, &sealed, &none,
		      clock_ms() + fleet->put_ms, &now))
	    : fault;
}

/* Says what this bastion is, with the policy that it sees.  True if the fleet's
 * charter is known, and the policy. */
static bool
say_self(const struct keeper *keeper, struct store *store)
{
	struct fleet *fleet = keeper->fleet;
	struct bastion self = {.version = TFA_VERSION,
	    .level = CHARTER_LEVEL,
	    .clock_off_ms = compare_clocks(keeper, store->dir),
	    .time_s = time(NULL)};
	struct kept kept;
	enum fault fault = heard(
	    store, kept_fetch(fleet, store->dir, self.time_s, &kept));
	bool known = fault == FAULT_NONE;

	if (known) {
		kept_use(fleet, &kept);
		self.policy = kept.version.number;
		kept_done(&kept);
	}
	add_keys(fleet->ring, &self);
	if (fault != FAULT_AWAY)
		fault = put_self(store, keeper->host, &self);
	if (fault != FAULT_NONE && fault != FAULT_AWAY)
		syslog(LOG_NOTICE,
		    "the fleet does not hear of this bastion: "
		    "%s (%s)",
		    store->why, fault_name(fault));
	bastion_done(&self);
	return known;
}

static void
say_learnt(
    const struct store *store, enum fault fault, const struct learnt *learnt)
{
	if (fault != FAULT_NONE && fault != FAULT_AWAY)
		syslog(LOG_NOTICE,
		    "the fleet's records cannot be listed: "
		    "%s (%s)",
		    store->why, fault_name(fault));
	if (learnt->unread > 0)
		syslog(LOG_NOTICE,
		    "%zu of the fleet's records cannot be read here: "
		    "tfa-admin users says which",
		    learnt->unread);
	if (learnt->gone > 0)
		syslog(LOG_ERR,
		    "%zu records were taken from the shared store, %s's for "
		    "one; these users are denied. If you restored etcd: "
		    "tfa-admin store accept-restore, with --here if another "
		    "bastion has accepted it",
		    learnt->gone, learnt->who);
}

/* It is due in an hour, should it not come to its end. */
static void
learn_if_due(struct store *store)
{
	int64_t now_s = time(NULL);
	struct learnt learnt = {.records = 0};
	uint32_t random = 0;
	enum fault fault;

	if (!learn_is_due(store->dir, now_s))
		return;
	(void)!getrandom(&random, sizeof(random), 0);
	learn_note(store->dir, now_s, false, random);
	fault = learn_all(store, &learnt);
	learn_note(store->dir, now_s, fault == FAULT_NONE && learnt.older == 0,
	    random);
	say_learnt(store, fault, &learnt);
}

void
keeper_beat(const struct keeper *keeper)
{
	struct store store;

	if (store_open(keeper->store, false, &store) != FAULT_NONE)
		return;
	fleet_attach(keeper->fleet, &store);
	if (say_self(keeper, &store))
		learn_if_due(&store);
	store_close(&store);
}
