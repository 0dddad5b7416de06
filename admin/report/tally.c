#include "admin/report/tally.h"
#include "store/base/fnv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S     86400
#define FIRST     1024 /* slots of a table */
#define NO_DEVICE 1
#define DEVICE    2

int64_t
report_day_of(int64_t time_s)
{
	time_t when = (time_t)time_s;
	struct tm tm = {.tm_gmtoff = 0};
	int64_t local_s;

	localtime_r(&when, &tm);
	local_s = time_s + tm.tm_gmtoff;
	return local_s >= 0 ? local_s / DAY_S
			    : -((DAY_S - 1 - local_s) / DAY_S);
}

static uint64_t
hash_of(const char *name)
{
	uint64_t hash = fnv_add(FNV_BEGIN, name, strlen(name));

	return hash != 0 ? hash : 1;
}

static struct tally_slot *
find_slot(const struct tally_table *table, uint64_t hash)
{
	size_t i = (size_t)hash & (table->size - 1);

	while (table->slots[i].hash != 0 && table->slots[i].hash != hash)
		i = (i + 1) & (table->size - 1);
	return &table->slots[i];
}

static bool
grow(struct tally_table *table)
{
	struct tally_table larger = {
	    .size = table->size > 0 ? 2 * table->size : FIRST,
	    .count = table->count};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return false;
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i].hash != 0)
			*find_slot(
			    &larger, table->slots[i].hash) = table->slots[i];
	free(table->slots);
	*table = larger;
	return true;
}

/* The user's number in the table, at first 0; NULL without memory. */
static int64_t *
value_of(struct tally_table *table, const char *user)
{
	struct tally_slot *slot;

	if (2 * table->count >= table->size && !grow(table))
		return NULL;
	slot = find_slot(table, hash_of(user));
	if (slot->hash == 0) {
		slot->hash = hash_of(user);
		table->count++;
	}
	return &slot->value;
}

bool
tally_begin(struct tally *tally, struct report *report)
{
	int64_t last = report_day_of(report->until_s - 1);

	tally->report = report;
	report->first_day = report_day_of(report->since_s);
	if (last < report->first_day ||
	    last - report->first_day >= REPORT_DAYS_MAX)
		return false;
	report->days.count = (size_t)(last - report->first_day + 1);
	report->days.items = calloc(
	    report->days.count, sizeof(*report->days.items));
	if (report->days.items != NULL)
		return true;
	report->days.count = 0;
	return false;
}

static bool
is_any_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

bool
tally_is_login(const struct audit *entry)
{
	return strcmp(entry->event, AUDIT_LOGIN) == 0;
}

static bool
is_pass(const struct audit *entry)
{
	return strcmp(entry->verdict, verdict_name(VERDICT_PASS)) == 0;
}

static bool
is_refusal(const struct audit *entry)
{
	return strcmp(entry->verdict, verdict_name(VERDICT_DENY)) == 0;
}

static bool
is_policy(const struct audit *entry)
{
	return strcmp(entry->event, "policy") == 0;
}

/* False for the lines below it: one a key, or that it was not made. */
static bool
begins_change(const struct audit *entry)
{
	const char *colon = strchr(entry->detail, ':');
	const char *blank = strchr(entry->detail, ' ');

	if (strncmp(entry->detail, "not made", 8) == 0 ||
	    strncmp(entry->detail, "rules.", 6) == 0)
		return false;
	return colon == NULL || blank == NULL || blank < colon ||
	    strstr(colon, " -> ") == NULL;
}

static void
count_reason(struct report *report, const struct audit *entry)
{
	struct report_reason *reason;

	list_each(struct report_reason, known, report->reasons)
		if (strcmp(known->reason, entry->reason) == 0 &&
		    strcmp(known->verdict, entry->verdict) == 0) {
			known->count++;
			return;
		}
	reason = report->reasons.count < REPORT_REASONS
	    ? list_add(&report->reasons, sizeof(*reason))
	    : NULL;
	if (reason == NULL) {
		report->reasons_left++;
		return;
	}
	memcpy(reason->reason, entry->reason, sizeof(reason->reason));
	memcpy(reason->verdict, entry->verdict, sizeof(reason->verdict));
	reason->count = 1;
}

/* The use that is counted for this account; NULL where too many are. */
static struct report_use *
use_of(struct tally *tally, const struct audit *entry)
{
	struct report *report = tally->report;
	struct report_use *use;
	int64_t *number;

	if (report->uses.count == TALLY_USES) {
		/* Known accounts are still counted; the table may not grow. */
		struct tally_slot *slot = find_slot(
		    &tally->uses, hash_of(entry->user));

		return slot->hash != 0 ? &report->uses.items[slot->value - 1]
				       : NULL;
	}
	number = value_of(&tally->uses, entry->user);
	if (number != NULL && *number > 0)
		return &report->uses.items[*number - 1];
	use = number != NULL ? list_add(&report->uses, sizeof(*use)) : NULL;
	if (use == NULL) {
		tally->failed = true;
		return NULL;
	}
	*number = (int64_t)report->uses.count;
	memcpy(use->user, entry->user, sizeof(use->user));
	return use;
}

static void
count_exempt(struct tally *tally, const struct audit *entry)
{
	struct report_use *use = use_of(tally, entry);

	tally->report->exempt_logins++;
	if (use == NULL)
		return;
	use->logins++;
	if (entry->time_s >= use->last_s) {
		use->last_s = entry->time_s;
		memcpy(use->address, entry->address, sizeof(use->address));
		memcpy(use->rule, entry->rule, sizeof(use->rule));
	}
}

static void
count_login(
    struct tally *tally, struct report_day *day, const struct audit *entry)
{
	if (is_pass(entry))
		day->logins++;
	else if (is_refusal(entry))
		day->refusals++;
	else
		return;
	count_reason(tally->report, entry);
	if (is_pass(entry) &&
	    strcmp(entry->reason, reason_name(REASON_EXEMPT)) == 0)
		count_exempt(tally, entry);
}

static bool
is_enrolment(const struct audit *entry)
{
	static const char *const events[] = {
	    "enroll", "device_confirm", "import", NULL};

	return is_pass(entry) && is_any_of(entry->event, events);
}

/*
 * 1, if the user has a device since this line and had none before; -1, if the
 * reverse; or 0.  A user of whom nothing was read yet had none before they set
 * one up, and one before it was revoked.
 */
static int
adopted_by(struct tally *tally, const struct audit *entry)
{
	bool gains = is_enrolment(entry);
	bool loses = is_pass(entry) && strcmp(entry->event, "revoke") == 0;
	int64_t before, *now;

	if (!gains && !loses)
		return 0;
	now = value_of(&tally->devices, entry->user);
	if (now == NULL) {
		tally->failed = true;
		return 0;
	}
	before = *now;
	*now = gains ? DEVICE : NO_DEVICE;
	if (before == *now)
		return 0;
	if (gains)
		return before == 0 &&
			strcmp(entry->event, "device_confirm") == 0
		    ? 0
		    : 1;
	return -1;
}

static void
note_actor(struct report_changes *changes, const char *actor)
{
	struct name *name;

	if (changes->actors.count == REPORT_ROWS || actor[0] == '\0')
		return;
	list_each(const struct name, known, changes->actors)
		if (strcmp(known->text, actor) == 0)
			return;
	name = list_add(&changes->actors, sizeof(*name));
	if (name != NULL)
		snprintf(name->text, sizeof(name->text), "%s", actor);
}

/* True for what somebody did to another user's record, or tried to. */
static bool
is_user_change(const struct audit *entry)
{
	static const char *const own[] = {
	    AUDIT_CODE, AUDIT_SESSION, "connect", "skip", NULL};

	return entry->actor[0] != '\0' &&
	    strcmp(entry->actor, entry->user) != 0 &&
	    !is_any_of(entry->event, own);
}

static void
count_change(struct tally *tally, struct report_changes *changes,
    const struct audit *entry)
{
	struct report_change *change = list_add_newest(
	    &changes->list, sizeof(*change), REPORT_ROWS);

	if (change == NULL) {
		tally->failed = true;
		return;
	}
	changes->total++;
	note_actor(changes, entry->actor);
	change->time_s = entry->time_s;
	change->refused = is_refusal(entry);
	memcpy(change->event, entry->event, sizeof(change->event));
	memcpy(change->actor, entry->actor, sizeof(change->actor));
	memcpy(change->user, entry->user, sizeof(change->user));
	memcpy(change->detail, entry->detail, sizeof(change->detail));
}

/* The day of a line in the period; NULL for one outside of it. */
static struct report_day *
day_of(const struct report *report, int64_t time_s)
{
	int64_t day;

	if (time_s < report->since_s || time_s >= report->until_s)
		return NULL;
	day = report_day_of(time_s) - report->first_day;
	return day >= 0 && day < (int64_t)report->days.count
	    ? &report->days.items[day]
	    : NULL;
}

static bool
concerns(const struct tally *tally, const struct audit *entry)
{
	return tally->member == NULL || strcmp(entry->event, "policy") == 0 ||
	    tally->member(tally->ctx, entry->user);
}

void
tally_entry(struct tally *tally, const struct audit *entry)
{
	struct report *report = tally->report;
	struct report_day *day = day_of(report, entry->time_s);
	int adopted;

	if (!concerns(tally, entry))
		return;
	adopted = adopted_by(tally, entry);
	if (day == NULL) {
		if (entry->time_s >= report->until_s)
			report->adopted_after += adopted;
		return;
	}
	report->suppressed += entry->suppressed;
	day->adopted += adopted;
	day->enrolments += is_enrolment(entry);
	report->codes_refused += strcmp(entry->event, AUDIT_CODE) == 0;
	if (tally_is_login(entry))
		count_login(tally, day, entry);
	else if (is_policy(entry)) {
		report->policy_made += begins_change(entry);
		count_change(tally, &report->policy_changes, entry);
	} else if (is_user_change(entry))
		count_change(tally, &report->user_changes, entry);
}

/* True if a comes before b: the nearest date first, none last. */
static bool
is_sooner(const struct report_user *a, const struct report_user *b)
{
	if (a->when_s != b->when_s)
		return b->when_s == 0 ||
		    (a->when_s != 0 && a->when_s < b->when_s);
	return strcmp(a->user, b->user) < 0;
}

/* Keeps the first REPORT_ROWS, sorted. */
static void
add_user(struct tally *tally, struct report_users *users,
    const struct report_user *user)
{
	struct report_user *items = users->list.items;
	size_t at = users->list.count;

	users->total++;
	if (at < REPORT_ROWS) {
		if (list_add(&users->list, sizeof(*items)) == NULL) {
			tally->failed = true;
			return;
		}
		items = users->list.items;
	} else if (is_sooner(user, &items[at - 1])) {
		at--;
	} else {
		return;
	}
	for (; at > 0 && is_sooner(user, &items[at - 1]); at--)
		items[at] = items[at - 1];
	items[at] = *user;
}

static struct report_users *
list_for(struct report *report, int state)
{
	switch ((enum state)state) {
	case STATE_OVERDUE:
		return &report->overdue;
	case STATE_GRACE:
		return &report->grace;
	case STATE_LOCKED:
	case STATE_BLOCKED:
	case STATE_NONE: /* a damaged record, or who it is cannot be said */
		return &report->shut;
	case STATE_GONE:
		return &report->gone;
	case STATE_EXEMPT:
	case STATE_ENROLLED:
	case STATE_HARDWARE:
	case STATE_INVITED:
	case STATE_PENDING:
		break;
	}
	return NULL;
}

void
tally_user(struct tally *tally, const struct user_row *row)
{
	struct report_user user = {
	    .state = row->state,
	    .when_s = row->state == STATE_LOCKED ? row->locked_until_s
						 : row->deadline_s,
	    .last_login_s = row->last_login_s,
	};
	struct report_users *users = list_for(tally->report, row->state);

	tally->report->with_device += row->devices.count > 0;
	if (users == NULL)
		return;
	memcpy(user.user, row->user, sizeof(user.user));
	memcpy(user.rule, row->rule, sizeof(user.rule));
	add_user(tally, users, &user);
}

void
tally_group(struct report_group *group, int state)
{
	group->users++;
	if (state >= 0 && state < REPORT_STATES)
		group->states[state]++;
}

static int
by_logins(const void *a, const void *b)
{
	const struct report_use *x = a, *y = b;

	if (x->logins != y->logins)
		return x->logins < y->logins ? 1 : -1;
	return strcmp(x->user, y->user);
}

static int
by_count(const void *a, const void *b)
{
	const struct report_reason *x = a, *y = b;
	int verdict = strcmp(y->verdict, x->verdict); /* pass, then deny */

	if (verdict != 0)
		return verdict;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->reason, y->reason);
}

void
tally_end(struct tally *tally)
{
	struct report *report = tally->report;

	report->exempt_users = report->uses.count;
	if (report->uses.count > 0)
		qsort(report->uses.items, report->uses.count,
		    sizeof(*report->uses.items), by_logins);
	if (report->uses.count > REPORT_ROWS)
		report->uses.count = REPORT_ROWS;
	if (report->reasons.count > 0)
		qsort(report->reasons.items, report->reasons.count,
		    sizeof(*report->reasons.items), by_count);
	free(tally->devices.slots);
	free(tally->uses.slots);
	tally->devices = tally->uses = (struct tally_table){.size = 0};
}
