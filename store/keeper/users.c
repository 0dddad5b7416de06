/*
 * The user list.
 *
 * Rows go out sorted by name, but records are read in the order that is fastest
 * for the disk: a batch is read and made into rows, and then sent at once.
 * That also wakes the peer once for each batch, and not for each row.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/core/report.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/system/people.h"

#define BATCH 256 /* rows, of half a kilobyte each */

/* Rows that are sent at once. */
struct packet {
	char text[PACKET_MAX + 1];
	size_t len;
};

/* Small, since it is sorted several times: names stay where they were read. */
struct entry {
	const char *name;
	const struct person *person; /* NULL: not looked up yet */
	uint64_t order;              /* of the record, or 0: none */
	char *row; /* JSON, or NULL: not made yet, not wanted, or sent */
};

/* Users, sorted by name; passwd and the groups, read once for all rows. */
struct roster {
	LIST_OF(struct entry) entries;
	struct store_names stored;
	struct texts copies; /* of names that are nowhere else */
	struct packet packet;
	struct people people;
	struct groups groups;
	const char *group; /* only its members; "": everybody */
	struct user_filter filter;
	bool cold; /* records come from the disk, not from memory */
	bool failed;
	enum reason why; /* there is no list; REASON_NONE: REASON_STORE */
};

static void
roster_done(struct roster *roster)
{
	for (size_t i = 0; i < roster->entries.count; i++)
		free(roster->entries.items[i].row);
	free(roster->entries.items);
	store_names_done(&roster->stored);
	texts_done(&roster->copies);
	people_done(&roster->people);
	groups_done(&roster->groups);
}

/* The name must stay where it is. */
static void
add_entry(struct roster *roster, const char *user, uint64_t order,
    const struct person *person)
{
	struct entry *entry = list_add(&roster->entries, sizeof(*entry));

	if (entry == NULL)
		roster->failed = true;
	else
		*entry = (struct entry){
		    .name = user, .order = order, .person = person};
}

/* Adds a user whose name does not stay. */
static void
roster_add(void *ctx, const char *user)
{
	struct roster *roster = ctx;
	const char *copy;

	if (strlen(user) >= USER_TEXT)
		return;
	copy = texts_keep(&roster->copies, user);
	if (copy == NULL)
		roster->failed = true;
	else
		add_entry(roster, copy, 0, NULL);
}

static int
by_name(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static int
compare_order(const struct entry *one, const struct entry *other)
{
	return one->order < other->order ? -1 : one->order > other->order;
}

static int
by_order(const void *a, const void *b)
{
	return compare_order(
	    *(struct entry *const *)a, *(struct entry *const *)b);
}

static int
entries_by_order(const void *a, const void *b)
{
	return compare_order(a, b);
}

/* Keeps what one of two entries of a user knows, and what the other does.  Of
 * two people with one name the first in passwd counts. */
static void
merge_entry(struct entry *kept, const struct entry *other)
{
	if (other->order != 0)
		kept->order = other->order;
	if (kept->person == NULL ||
	    (other->person != NULL &&
		other->person->place < kept->person->place))
		kept->person = other->person;
}

/* Sorts the names, and keeps each once. */
static void
roster_sort(struct roster *roster)
{
	struct entry *entries = roster->entries.items;
	size_t kept = 0;

	if (roster->entries.count == 0)
		return;
	qsort(entries, roster->entries.count, sizeof(*entries), by_name);
	for (size_t i = 1; i < roster->entries.count; i++)
		if (strcmp(entries[i].name, entries[kept].name) != 0)
			entries[++kept] = entries[i];
		else
			merge_entry(&entries[kept], &entries[i]);
	roster->entries.count = kept + 1;
}

/* If a group is unknown, or a directory does not answer, the rows of the users
 * whom that concerns say so.  Without memory there are no rows. */
static void
roster_add_group(struct roster *roster, const char *group)
{
	errno = 0;
	if (!groups_each(group, roster_add, roster) && errno == ENOMEM)
		roster->failed = true;
}

/* Adds the users of a rule, and the members that its groups' entries list. */
static void
roster_add_rule(struct roster *roster, const struct rule *rule)
{
	for (size_t i = 0; i < rule->users.count; i++)
		if (strchr("!*", rule->users.items[i].text[0]) == NULL)
			roster_add(roster, rule->users.items[i].text);
	for (size_t i = 0; i < rule->groups.count; i++)
		if (rule->groups.items[i].text[0] != '!')
			roster_add_group(roster, rule->groups.items[i].text);
}

/* True for a fault that the next record would meet, too: there is no list. */
static bool
ends_list(enum fault fault)
{
	return fault == FAULT_MEMORY || fault == FAULT_AWAY ||
	    fault == FAULT_REFUSED;
}

static enum reason
word_of(enum fault fault)
{
	return fault == FAULT_BACK ? REASON_STORE_BACK : REASON_BAD_RECORD;
}

/* Notes why there is no list, before errno is another call's. */
static void
roster_fail(struct call *call, struct roster *roster, enum fault fault)
{
	roster->failed = true;
	if (roster->why == REASON_NONE)
		roster->why = call_store_reason(call, fault);
}

/* REASON_NONE if the list went out to its end. */
static enum reason
roster_reason(const struct roster *roster, bool sent)
{
	if (sent && !roster->failed)
		return REASON_NONE;
	return roster->why != REASON_NONE ? roster->why : REASON_STORE;
}

/*
 * Adds everybody who has a record, everybody whom a rule names, alone or in a
 * group, and every person in passwd.  A directory service may list neither
 * people nor members unless it is told to enumerate.
 */
static void
roster_fill(struct call *call, struct roster *roster)
{
	enum fault fault = store_list(&call->store, &roster->stored);

	if (fault != FAULT_NONE)
		roster_fail(call, roster, fault);
	list_each(const struct store_name, name, roster->stored.names)
		add_entry(roster, name->text, name->order, NULL);
	for (size_t i = 0; i < call->policy.rules.count; i++)
		roster_add_rule(roster, &call->policy.rules.items[i]);
	if (people_read(&roster->people) != FAULT_NONE)
		roster->failed = true;
	list_each(const struct person, person, roster->people.list)
		if (!person->daemon)
			add_entry(roster, person->name, 0, person);
	roster_sort(roster);
}

static void
row_of_problem(const char *user, enum reason word, const char *problem,
    struct user_row *ret)
{
	*ret = (struct user_row){.state = STATE_NONE, .problem_word = word};
	snprintf(ret->user, sizeof(ret->user), "%s", user);
	snprintf(ret->problem, sizeof(ret->problem), "%s", problem);
}

/* Makes a row of what the policy and the record say of that user. */
static enum fault
row_of_record(struct call *call, struct somebody *them, uid_t uid,
    const struct record *record, struct user_row *ret)
{
	struct decision decision;
	enum fault fault;

	them->subject.address = &call_nowhere;
	them->subject.last_rule = record->last_rule;
	them->subject.now_s = call->now_s;
	policy_decide(&call->policy, &them->subject, &decision);
	fault = report_user(&call->policy, &decision, record, call->now_s, ret);
	if (fault == FAULT_NONE && !call_has_uid(call, record, uid)) {
		ret->problem_word = REASON_UID_CHANGED;
		snprintf(ret->problem, sizeof(ret->problem),
		    "the record is of uid %lld, the user has %lu: revoke",
		    (long long)record_uid(
			record, store_bastion(&call->store, record->user)),
		    (unsigned long)uid);
	}
	return fault;
}

/* Makes the row of a user who is not in passwd: gone, or never there.  While a
 * directory is down nobody can say which. */
static enum fault
row_of_absent(struct call *call, struct roster *roster,
    const struct entry *entry, struct user_row *ret, bool *ret_wanted)
{
	const char *name = entry->name;
	scoped_record struct record record = {.version = 0};
	enum fault fault = roster->people.whole
	    ? FAULT_ABSENT
	    : people_exists(&roster->people, name);

	if (fault != FAULT_ABSENT) {
		row_of_problem(name, REASON_STORE,
		    "cannot be looked up: a directory does not answer", ret);
		return fault == FAULT_MEMORY ? fault : FAULT_NONE;
	}
	fault = store_read(&call->store, name, &record);
	if (fault == FAULT_NONE)
		return report_gone(&record, call->now_s, ret);
	if (fault == FAULT_ABSENT && entry->order != 0)
		*ret_wanted = false; /* listed, and forgotten */
	else if (fault == FAULT_ABSENT)
		row_of_problem(
		    name, REASON_UNKNOWN_USER, "no such Unix user", ret);
	else
		row_of_problem(name, word_of(fault), call->store.why, ret);
	return ends_list(fault) ? fault : FAULT_NONE;
}

/* Makes one user's row.  Problems become part of it, so that no user is
 * missing. */
static enum fault
make_row(
    struct call *call, struct somebody *them, uid_t uid, struct user_row *ret)
{
	scoped_record struct record record = {.version = 0};
	const char *name = them->user.name;
	enum fault fault = call_read(call, name, uid, &record);

	if (ends_list(fault))
		return fault; /* no user's problem */
	if (fault == FAULT_NONE)
		return row_of_record(call, them, uid, &record, ret);
	row_of_problem(name, word_of(fault), call->store.why, ret);
	return FAULT_NONE;
}

static enum fault
find_entry(struct roster *roster, const struct entry *entry, uid_t *ret_uid,
    gid_t *ret_gid)
{
	if (entry->person == NULL)
		return people_look_up(
		    &roster->people, entry->name, ret_uid, ret_gid);
	*ret_uid = entry->person->uid;
	*ret_gid = entry->person->gid;
	return FAULT_NONE;
}

/* *ret_wanted: false for a user who is not in the group that is asked for.  If
 * it cannot be looked up, there is no list: it would lack members. */
static enum fault
find_row(struct call *call, struct roster *roster, const struct entry *entry,
    struct user_row *ret, bool *ret_wanted)
{
	const char *name = entry->name;
	struct somebody them;
	uid_t uid = 0;
	enum fault fault;
	enum membership in = GROUP_INSIDE;

	somebody_init(&them, name, 0);
	them.user.groups = &roster->groups;
	fault = find_entry(roster, entry, &uid, &them.user.gid);
	if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		return fault;
	if (fault == FAULT_ABSENT)
		them.user.gid = (gid_t)-1; /* 0 would be root's group */
	if (roster->group[0] != '\0')
		in = groups_member(&them.user, roster->group);
	*ret_wanted = in == GROUP_INSIDE;
	if (in == GROUP_ERROR)
		return FAULT_IO;
	if (in != GROUP_INSIDE)
		return FAULT_NONE;
	return fault == FAULT_ABSENT
	    ? row_of_absent(call, roster, entry, ret, ret_wanted)
	    : make_row(call, &them, uid, ret);
}

/* The disk and the peer have SERVE_S for each row. */
static bool
roster_write_row(struct call *call, struct roster *roster, struct entry *entry)
{
	struct user_row row = {.state = STATE_NONE};
	bool wanted = false;
	enum fault fault;

	call_take_time(call);
	fault = find_row(call, roster, entry, &row, &wanted);
	if (ends_list(fault))
		roster_fail(call, roster, fault);
	if (fault != FAULT_NONE)
		return false;
	if (!wanted || !user_filter_takes(&roster->filter, &row)) {
		user_row_done(&row);
		return true;
	}
	/* A directory service may have any name, but no reader takes it. */
	utf8_clean(
	    entry->name, strlen(entry->name), row.user, sizeof(row.user));
	fault = json_write(&user_row_shape, &row, false, &entry->row);
	user_row_done(&row);
	return fault == FAULT_NONE;
}

static bool
roster_flush(struct call *call, struct packet *packet)
{
	bool sent;

	if (packet->len == 0)
		return true;
	packet->text[packet->len] = '\0';
	sent = packet_send(call->fd, packet->text) == FAULT_NONE;
	packet->len = 0;
	return sent;
}

/* Puts the row into the packet that is sent next, which has as many as fit if
 * the peer reads such. */
static bool
roster_send_row(struct call *call, struct roster *roster, struct entry *entry)
{
	struct packet *packet = &roster->packet;
	scoped_free char *row = take(entry->row);
	size_t len = row != NULL ? strlen(row) : 0;

	if (row == NULL)
		return true;
	if (len + 1 > PACKET_MAX)
		return false;
	if ((!call->request.batch || packet->len + 1 + len > PACKET_MAX) &&
	    !roster_flush(call, packet))
		return false;
	if (packet->len > 0)
		packet->text[packet->len++] = '\n';
	memcpy(packet->text + packet->len, row, len);
	packet->len += len;
	return true;
}

/* How many blocks had to be read from the disk for this process. */
static long
blocks_read(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_inblock : 0;
}

/* To read ahead costs system calls.  It saves more than that only if records
 * come from the disk, as those of the last batch did. */
static bool
roster_write_batch(struct call *call, struct roster *roster,
    struct entry **entries, size_t count)
{
	long before = blocks_read();

	for (size_t i = 0; roster->cold && i < count; i++)
		if (entries[i]->order != 0)
			store_prefetch(&call->store, entries[i]->name);
	for (size_t i = 0; i < count; i++)
		if (!roster_write_row(call, roster, entries[i]))
			return false;
	roster->cold = blocks_read() > before;
	return true;
}

static bool
roster_send_batch(struct call *call, struct roster *roster,
    struct entry *entries, size_t count)
{
	struct entry *order[BATCH] = {NULL};

	for (size_t i = 0; i < count; i++)
		order[i] = &entries[i];
	qsort(order, count, sizeof(*order), by_order);
	if (!roster_write_batch(call, roster, order, count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!roster_send_row(call, roster, &entries[i]))
			return false;
	call_take_time(call);
	return roster_flush(call, &roster->packet);
}

static bool
roster_send(struct call *call, struct roster *roster)
{
	size_t all = roster->entries.count;

	for (size_t at = 0; at < all; at += BATCH) {
		size_t count = all - at < BATCH ? all - at : BATCH;

		if (!roster_send_batch(
			call, roster, roster->entries.items + at, count))
			return false;
	}
	return true;
}

enum reason
users_send_row(struct call *call, const char *user)
{
	static struct roster roster;
	enum reason reason;

	roster = (struct roster){.group = ""};

	roster_add(&roster, user);
	reason = roster_reason(
	    &roster, !roster.failed && roster_send(call, &roster));
	roster_done(&roster);
	return reason;
}

/* False for a filter that does not exist, which is then answered. */
static bool
roster_begin(struct call *call, struct roster *roster)
{
	const struct request *request = &call->request;
	char word[STATE_WORD];

	*roster = (struct roster){
	    .group = request->group + (request->group[0] == '@'),
	    .filter = {.unused_s = request->unused_s,
		.no_device = request->no_device}};
	if (request->states[0] == '\0' ||
	    user_filter_states(request->states, &roster->filter.states, word))
		return true;
	answer_misunderstood(call, "states", "must be names of states");
	return false;
}

void
keeper_users(struct call *call)
{
	const char *one = call->request.user;
	static struct roster roster;
	enum reason reason;
	uid_t uid;
	gid_t gid;
	enum fault fault = FAULT_NONE;

	if (!roster_begin(call, &roster))
		return;
	if (one[0] != '\0')
		fault = call_find_user(one, &uid, &gid);
	if (fault != FAULT_NONE &&
	    (fault != FAULT_ABSENT || !call_has_record(call, one))) {
		answer_deny_user(call, fault, one);
		return;
	}
	if (one[0] == '\0')
		roster_fill(call, &roster);
	else
		roster_add(&roster, one);
	reason = roster_reason(
	    &roster, !roster.failed && roster_send(call, &roster));
	if (reason == REASON_NONE)
		answer_end(call, "");
	else
		answer_deny(call, reason, "");
	roster_done(&roster);
}

static enum fault
visit(struct call *call, struct roster *roster, const struct entry *entry,
    bool (*each)(const struct visit *visit, void *ctx), void *ctx)
{
	scoped_record struct record record = {.version = 0};
	struct somebody them;
	uid_t uid = 0;
	enum fault fault;

	call_take_time(call);
	somebody_init(&them, entry->name, 0);
	them.user.groups = &roster->groups;
	fault = find_entry(roster, entry, &uid, &them.user.gid);
	if (fault != FAULT_NONE)
		return fault == FAULT_ABSENT ? FAULT_NONE : fault;
	fault = call_read(call, entry->name, uid, &record);
	if (ends_list(fault))
		return fault;
	if (fault != FAULT_NONE || !call_has_uid(call, &record, uid))
		return FAULT_NONE; /* refused, whatever the policy says */
	them.subject.last_rule = record.last_rule;
	them.subject.now_s = call->now_s;
	return each(
		   &(struct visit){
		       .call = call, .them = &them, .record = &record},
		   ctx)
	    ? FAULT_NONE
	    : FAULT_IO;
}

enum reason
users_visit(struct call *call, const struct policy *also,
    bool (*each)(const struct visit *visit, void *ctx), void *ctx)
{
	struct roster roster = {.failed = false};
	const char *one = call->request.user;
	enum fault fault = FAULT_NONE;
	enum reason reason;

	if (one[0] != '\0') {
		roster_add(&roster, one);
	} else {
		roster_add(&roster, "root"); /* may be no person */
		for (size_t i = 0; i < also->rules.count; i++)
			roster_add_rule(&roster, &also->rules.items[i]);
		roster_fill(call, &roster);
		qsort(roster.entries.items, roster.entries.count,
		    sizeof(struct entry), entries_by_order);
	}
	for (size_t i = 0;
	     !roster.failed && fault == FAULT_NONE && i < roster.entries.count;
	     i++)
		fault = visit(
		    call, &roster, &roster.entries.items[i], each, ctx);
	if (ends_list(fault))
		roster_fail(call, &roster, fault);
	reason = roster_reason(&roster, fault == FAULT_NONE);
	roster_done(&roster);
	return reason;
}
