/*
 * Notes a login in the record, for later ones: when the user came, from where,
 * and which connection or key needs no code for a while.
 */
#include <stdio.h>
#include <string.h>

#include "store/core/login.h"

static void
clamp_stored(int64_t *time_s, int64_t now_s, struct outcome *ret)
{
	if (*time_s <= now_s)
		return;
	*time_s = now_s;
	ret->changed = true;
}

/* If the clock was ahead once, that must not keep anybody out until that
 * time. */
static void
clamp_record(struct record *record, int64_t now_s, struct outcome *ret)
{
	clamp_stored(&record->failures.known.last_s, now_s, ret);
	clamp_stored(&record->failures.other.last_s, now_s, ret);
	clamp_stored(&record->failures.known.spent_since_s, now_s, ret);
	clamp_stored(&record->failures.other.spent_since_s, now_s, ret);
	clamp_stored(&record->last_login.at_s, now_s, ret);
	clamp_stored(&record->last_login.before_s, now_s, ret);
	clamp_stored(&record->skipped_s, now_s, ret);
	clamp_stored(&record->first_seen_s, now_s, ret);
	if (record->renewal.until_s <= now_s)
		record->renewal = (struct renewal){.present = false};
	for (size_t i = 0; i < record->sources.count; i++)
		clamp_stored(&record->sources.items[i].last_s, now_s, ret);
}

void
login_note_visit(const struct decision *decision, struct record *record,
    const struct login *login, struct outcome *ret)
{
	const struct rule *rule = decision->rule;

	clamp_record(record, login->now_s, ret);
	if (record->first_seen_s == 0) {
		record->first_seen_s = login->now_s;
		ret->changed = true;
	}
	if (decision->mode != MODE_REQUIRED || rule == NULL)
		return;
	if (rule->grace.present && record->grace_started_s == 0) {
		record->grace_started_s = record->first_seen_s > rule->since_s
		    ? record->first_seen_s
		    : rule->since_s;
		ret->changed = true;
	}
	if (strcmp(record->last_rule, rule->name) != 0) {
		memcpy(record->last_rule, rule->name, sizeof(rule->name));
		ret->changed = true;
	}
}

/* Puts in the failures that the user has not been told of yet.  sshd throws
 * away what a subsystem says: only what a terminal shows counts as told, and at
 * the door what is said to whoever has just answered its question. */
static void
tell_failures(struct record *record, const struct login *login, bool answered,
    struct outcome *outcome)
{
	bool told = login->terminal || (login->door && answered);

	struct counter *counters[] = {
	    &record->failures.known, &record->failures.other};
	int64_t newest_s = -1;

	for (size_t i = 0; i < 2; i++) {
		struct counter *c = counters[i];

		if (c->count <= c->told)
			continue;
		outcome->failed += c->count - c->told;
		if (c->last_s > newest_s)
			memcpy(outcome->failed_from, c->from,
			    sizeof(outcome->failed_from));
		newest_s = c->last_s > newest_s ? c->last_s : newest_s;
		if (!told)
			continue;
		c->told = c->count;
		outcome->changed = true;
	}
}

/* Puts in what was changed.  To be done before last_login moves: it stands in
 * for the time of a device that has none. */
static void
tell_changes(
    struct record *record, const struct login *login, struct outcome *outcome)
{
	announce_changes(record, outcome->device, login->now_s, &outcome->news);
	if (login->terminal)
		announce_told(record, outcome->device, login->now_s);
}

/* Makes a connection in use the newest, so that it is forgotten last. */
static void
renew_verified(struct record *record, const struct login *login)
{
	struct verified *items = record->verified.items;
	size_t count = record->verified.count, i = 0;

	for (size_t seen = 0; seen < count; seen++) {
		struct verified v = items[i];

		if (login->connection[0] == '\0' ||
		    strcmp(v.connection, login->connection) != 0) {
			i++;
			continue;
		}
		memmove(items + i, items + i + 1, (count - 1 - i) * sizeof(v));
		items[count - 1] = v;
	}
}

/* The door has noted the connection in which this session is. */
static void
tell_previous(const struct last_login *last, const struct login *login,
    struct outcome *outcome)
{
	bool noted = login->by_door && !login->door;

	if (!login->terminal || !login->shell)
		return;
	outcome->previous_s = noted ? last->before_s : last->at_s;
	memcpy(outcome->previous_from, noted ? last->before_from : last->from,
	    sizeof(outcome->previous_from));
}

void
login_note_entry(struct record *record, const struct login *login,
    bool now_and_then, struct outcome *outcome)
{
	struct last_login *last = &record->last_login;

	tell_failures(record, login, !now_and_then, outcome);
	tell_previous(last, login, outcome);
	if (now_and_then && last->present &&
	    login->now_s - last->at_s < LAST_LOGIN_S &&
	    strcmp(last->from, login->address) == 0)
		return;
	last->present = true;
	/* Only a session in the door's connection asks for it. */
	last->before_s = login->by_door ? last->at_s : 0;
	snprintf(last->before_from, sizeof(last->before_from), "%s",
	    login->by_door ? last->from : "");
	last->at_s = login->now_s;
	memcpy(last->from, login->address, sizeof(last->from));
	renew_verified(record, login);
	outcome->changed = true;
}

static void
note_source(struct record *record, const struct login *login)
{
	struct source *source;

	for (size_t i = record->sources.count; i-- > 0;) {
		source = &record->sources.items[i];
		if (strcmp(source->key, login->key) == 0 &&
		    strcmp(source->address, login->address) == 0)
			list_drop(&record->sources, sizeof(*source), i);
	}
	if (login->address[0] == '\0')
		return;
	source = list_add_newest(
	    &record->sources, sizeof(*source), SOURCES_MAX);
	if (source == NULL)
		return;
	memcpy(source->key, login->key, sizeof(source->key));
	memcpy(source->address, login->address, sizeof(source->address));
	source->last_s = login->now_s;
}

struct verified *
login_add_verified(struct record *record, int64_t now_s)
{
	const struct verified *items = record->verified.items;
	size_t count = record->verified.count, i = 0;

	while (i < count && items[i].until_s > now_s)
		i++;
	if (count >= VERIFIED_MAX)
		list_drop(&record->verified, sizeof(*items), i < count ? i : 0);
	return list_add(&record->verified, sizeof(*items));
}

int64_t
login_hold_s(const struct policy *policy, const struct login *login)
{
	int64_t hold_s = policy->remember.connection_s;

	return login->door && hold_s < HOLD_S ? HOLD_S : hold_s;
}

static void
note_verified(const struct policy *policy, struct record *record,
    const struct login *login)
{
	int64_t hold_s = login_hold_s(policy, login);
	struct verified *v;

	for (size_t i = record->verified.count; i-- > 0;)
		if (record->verified.items[i].until_s <= login->now_s &&
		    record->verified.items[i].code[0] == '\0')
			list_drop(&record->verified, sizeof(*v), i);
	if (hold_s > 0 && login->connection[0] != '\0' &&
	    (v = login_add_verified(record, login->now_s)) != NULL) {
		memcpy(v->connection, login->connection, sizeof(v->connection));
		memcpy(v->key, login->key, sizeof(v->key));
		v->until_s = login->now_s + hold_s;
	}
	if (policy->remember.for_s > 0 && login->key[0] != '\0' &&
	    login->address[0] != '\0' &&
	    (v = login_add_verified(record, login->now_s)) != NULL) {
		memcpy(v->key, login->key, sizeof(v->key));
		memcpy(v->address, login->address, sizeof(v->address));
		v->until_s = login->now_s + policy->remember.for_s;
	}
}

void
login_note_pass(const struct policy *policy, struct record *record,
    const struct login *login, struct outcome *outcome)
{
	note_source(record, login);
	note_verified(policy, record, login);
	tell_changes(record, login, outcome);
	login_note_entry(record, login, false, outcome);
	outcome->changed = true;
}
