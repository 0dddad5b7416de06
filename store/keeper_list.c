/*
 * What tfa-admin reads: the user list, explanations, the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "cleanup.h"
#include "keeper.h"
#include "people.h"
#include "report.h"
#include "utf8.h"

/* Nowhere: no rule's "from" holds it but ::/0. */
static const struct address nowhere;

/* Names of users, sorted, and what was learnt of them for all rows. */
struct roster {
	JSON_LIST_OF(struct name) names;
	struct people people;
	struct groups groups;
	bool failed;
};

static void
roster_done(struct roster *roster)
{
	free(roster->names.items);
	people_done(&roster->people);
	groups_done(&roster->groups);
}

static void
roster_add(void *ctx, const char *user)
{
	struct roster *roster = ctx;
	struct name *name;

	if (strlen(user) >= USER_TEXT)
		return;
	name = json_list_add(&roster->names, sizeof(*name));
	if (name == NULL)
		roster->failed = true;
	else
		snprintf(name->text, sizeof(name->text), "%s", user);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(
	    ((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* The members of a rule's groups that the groups' own entries list. */
static void
roster_add_rule(struct roster *roster, const struct rule *rule)
{
	for (size_t i = 0; i < rule->users.count; i++)
		if (strchr("!*", rule->users.items[i].text[0]) == NULL)
			roster_add(roster, rule->users.items[i].text);
	for (size_t i = 0; i < rule->groups.count; i++)
		if (rule->groups.items[i].text[0] != '!')
			groups_each(
			    rule->groups.items[i].text, roster_add, roster);
}

/*
 * Everyone who has a record, whom a rule names, alone or in a group, and
 * every person in passwd.  A directory service may list neither people nor
 * members unless it is told to enumerate.
 */
static void
roster_fill(struct call *call, struct roster *roster)
{
	struct store_names stored = {{NULL, 0}};

	if (store_list(&call->store, &stored) != FAULT_NONE)
		roster->failed = true;
	for (size_t i = 0; i < stored.names.count; i++)
		roster_add(roster, stored.names.items[i].text);
	free(stored.names.items);
	for (size_t i = 0; i < call->policy.rules.count; i++)
		roster_add_rule(roster, &call->policy.rules.items[i]);
	if (people_read(&roster->people) != FAULT_NONE)
		roster->failed = true;
	for (size_t i = 0; i < roster->people.list.count; i++)
		if (!roster->people.list.items[i].daemon)
			roster_add(
			    roster, roster->people.list.items[i].name.text);
	if (roster->names.count > 0)
		qsort(roster->names.items, roster->names.count,
		    sizeof(struct name), compare_names);
}

static void
row_of_problem(const char *user, const char *problem, struct user_row *ret)
{
	*ret = (struct user_row){.state = STATE_NONE};
	snprintf(ret->user, sizeof(ret->user), "%s", user);
	snprintf(ret->problem, sizeof(ret->problem), "%s", problem);
}

/* One user's row; problems become part of it, so that no user is missing. */
static enum fault
make_row(struct call *call, struct roster *roster, const char *name,
    struct user_row *ret)
{
	scoped_record struct record record = {.version = 0};
	struct groups_user user = {.name = name, .groups = &roster->groups};
	struct subject subject = {.user = name,
	    .address = &nowhere,
	    .member = groups_member,
	    .ctx = &user};
	struct decision decision;
	uid_t uid = 0;
	enum fault fault;

	if (!people_find(&roster->people, name, &uid, &user.gid)) {
		row_of_problem(name, "no such Unix user", ret);
		return FAULT_NONE;
	}
	fault = store_read(&call->store, name, &record);
	if (fault == FAULT_ABSENT)
		record_init(&record, name, uid);
	else if (fault != FAULT_NONE) {
		row_of_problem(name, call->store.why, ret);
		return FAULT_NONE;
	}
	subject.last_rule = record.last_rule;
	policy_decide(&call->policy, &subject, &decision);
	fault = report_user(
	    &call->policy, &decision, &record, call->now_s, ret);
	if (fault == FAULT_NONE && record.uid != (int64_t)uid)
		snprintf(ret->problem, sizeof(ret->problem),
		    "the record is of uid %lld, the user has %lu: revoke",
		    (long long)record.uid, (unsigned long)uid);
	return fault;
}

static bool
send_row(struct call *call, struct roster *roster, const char *user)
{
	struct user_row row = {.state = STATE_NONE};
	bool sent;

	if (make_row(call, roster, user, &row) != FAULT_NONE)
		return false;
	/* A directory service may have any name, but no reader takes it. */
	utf8_clean(user, strlen(user), row.user, sizeof(row.user));
	alarm(SERVE_S);
	sent = packet_send_value(call->fd, &user_row_shape, &row) == FAULT_NONE;
	user_row_done(&row);
	return sent;
}

bool
keeper_send_row(struct call *call, const char *user)
{
	struct roster nobody = {.failed = false};
	bool sent = send_row(call, &nobody, user);

	roster_done(&nobody);
	return sent;
}

bool
keeper_has_record(struct call *call, const char *user)
{
	struct record record = {.version = 0};
	enum fault fault = store_read(&call->store, user, &record);

	if (fault == FAULT_NONE)
		record_done(&record);
	return fault != FAULT_ABSENT && fault != FAULT_LIMIT;
}

void
keeper_users(struct call *call)
{
	const char *one = call->request.user;
	struct roster roster = {.failed = false};
	bool sent = true;
	uid_t uid;
	gid_t gid;

	if (one[0] == '\0')
		roster_fill(call, &roster);
	else if (keeper_find_user(one, &uid, &gid) ||
	    keeper_has_record(call, one))
		roster_add(&roster, one);
	else {
		keeper_deny(call, REASON_UNKNOWN_USER, one);
		return;
	}
	for (size_t i = 0; i < roster.names.count && sent; i++)
		if (i == 0 ||
		    strcmp(roster.names.items[i].text,
			roster.names.items[i - 1].text) != 0)
			sent = send_row(
			    call, &roster, roster.names.items[i].text);
	if (roster.failed)
		keeper_deny(call, REASON_STORE, "");
	else if (sent)
		keeper_end(call);
	roster_done(&roster);
}

void
keeper_explain(struct call *call)
{
	const char *name = call->request.user;
	scoped_record struct record record = {.version = 0};
	struct groups_user user = {.name = name};
	struct subject subject = {
	    .user = name, .member = groups_member, .ctx = &user};
	struct explanation explanation;
	struct address address;
	struct login login;
	uid_t uid = 0;
	enum fault fault;

	if (!keeper_find_user(name, &uid, &user.gid)) {
		keeper_deny(call, REASON_UNKNOWN_USER, name);
		return;
	}
	fault = store_read(&call->store, name, &record);
	if (fault == FAULT_ABSENT)
		record_init(&record, name, uid);
	else if (fault != FAULT_NONE) {
		keeper_deny(call, keeper_store_reason(call, fault), "");
		return;
	}
	claims_login(&call->request, call->keeper->boot_id,
	    call->request.at_s > 0 ? call->request.at_s : call->now_s, &login);
	login.terminal = true;
	login.shell = true;
	if (address_parse(login.address, &address))
		subject.address = &address;
	subject.last_rule = record.last_rule;
	if (record.uid != (int64_t)uid)
		keeper_deny(call, REASON_UID_CHANGED, name);
	else if (report_explain(&call->policy, &subject, &record, &login,
		     &explanation) != FAULT_NONE)
		keeper_deny(call, REASON_STORE, "");
	else {
		if (packet_send_value(call->fd, &explanation_shape,
			&explanation) == FAULT_NONE)
			keeper_end(call);
		explanation_done(&explanation);
	}
}

/* What the lines of the log said of what was asked. */
struct log_seen {
	size_t damaged; /* lines */
	bool user;      /* the user is named, also before "since" */
};

/* Whether the admin asked for this line; one that is damaged is counted. */
static bool
is_wanted(const struct call *call, const char *line, size_t len,
    struct log_seen *seen)
{
	struct audit entry;
	bool user;

	if (!audit_parse(line, len, &entry)) {
		seen->damaged++;
		return false;
	}
	user = call->request.user[0] == '\0' ||
	    strcmp(entry.user, call->request.user) == 0;
	seen->user |= user;
	return user && entry.time_s >= call->request.since_s;
}

/* False where the peer is gone or the file cannot be read on. */
static bool
send_lines(struct call *call, FILE *file, struct log_seen *seen)
{
	scoped_free char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, file)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (!is_wanted(call, line, (size_t)n, seen))
			continue;
		alarm(SERVE_S);
		if (packet_send(call->fd, line) != FAULT_NONE)
			return false;
	}
	return ferror(file) == 0;
}

/* Somebody whom the log, passwd or the store knows; everybody for "". */
static bool
is_somebody(struct call *call, const struct log_seen *seen)
{
	const char *user = call->request.user;
	uid_t uid;
	gid_t gid;

	return user[0] == '\0' || seen->user ||
	    keeper_find_user(user, &uid, &gid) || keeper_has_record(call, user);
}

static void
end_of_log(struct call *call, const struct log_seen *seen)
{
	scoped_reply struct reply reply = {
	    .version = PROTOCOL_VERSION, .end = true};
	size_t damaged = seen->damaged;

	if (!is_somebody(call, seen)) {
		keeper_deny(call, REASON_UNKNOWN_USER, call->request.user);
		return;
	}
	snprintf(reply.verdict, sizeof(reply.verdict), "%s",
	    verdict_name(VERDICT_PASS));
	snprintf(
	    reply.reason, sizeof(reply.reason), "%s", reason_name(REASON_DONE));
	if (damaged > 0)
		snprintf(reply.message, sizeof(reply.message),
		    "%zu line%s of the log cannot be read and %s left out.",
		    damaged, damaged == 1 ? "" : "s",
		    damaged == 1 ? "is" : "are");
	keeper_reply(call, &reply);
}

void
keeper_log(struct call *call)
{
	struct log_seen seen = {.damaged = 0};
	int fd = openat(
	    call->store.dir, AUDIT_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (file == NULL && errno == ENOENT) {
		end_of_log(call, &seen);
		return;
	}
	if (file != NULL && send_lines(call, file, &seen))
		end_of_log(call, &seen);
	else
		keeper_deny(call, REASON_STORE, "");
	if (file != NULL)
		fclose(file);
}
