/*
 * What else tfa-admin reads: explanations, the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/wire/claims.h"
#include "store/base/cleanup.h"
#include "store/keeper/keeper.h"
#include "store/core/report.h"

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

	fault = keeper_find_user(name, &uid, &user.gid);
	if (fault != FAULT_NONE) {
		keeper_deny_user(call, fault, name);
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

/* False where the peer is gone or the file cannot be read to its end: without
 * memory for a line, ferror(3) says nothing. */
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
		keeper_take_time(call);
		if (packet_send(call->fd, line) != FAULT_NONE)
			return false;
	}
	return feof(file) != 0;
}

/* Somebody whom the log, passwd or the store knows; everybody for "". */
static bool
is_somebody(struct call *call, const struct log_seen *seen)
{
	const char *user = call->request.user;
	uid_t uid;
	gid_t gid;

	return user[0] == '\0' || seen->user ||
	    keeper_find_user(user, &uid, &gid) == FAULT_NONE ||
	    keeper_has_record(call, user);
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
	reply.verdict = VERDICT_PASS;
	reply.reason = REASON_DONE;
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
