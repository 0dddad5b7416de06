/*
 * Answers tfa-admin's questions but that for the users: explanations, the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/core/report.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/wire/claims.h"

/* The login that is to be explained: at a terminal, for a shell. */
static void
explain_login(const struct call *call, struct login *ret)
{
	const struct request *request = &call->request;

	claims_login(request, call->keeper->boot_id,
	    request->at_s > 0 ? request->at_s : call->now_s, ret);
	ret->terminal = !request->door;
	ret->shell = !request->door;
}

static void
explain_user(
    struct call *call, struct somebody *them, const struct record *record)
{
	struct explanation explanation;
	struct address address;
	struct login login;

	explain_login(call, &login);
	if (address_parse(login.address, &address))
		them->subject.address = &address;
	them->subject.last_rule = record->last_rule;
	them->subject.now_s = login.now_s;
	if (report_explain(&call->policy, &them->subject, record, &login,
		&explanation) != FAULT_NONE) {
		answer_deny(call, REASON_STORE, "");
		return;
	}
	if (packet_send_value(call->fd, &explanation_shape, &explanation) ==
	    FAULT_NONE)
		answer_end(call, "");
	explanation_done(&explanation);
}

void
keeper_explain(struct call *call)
{
	const char *name = call->request.user;
	scoped_record struct record record = {.version = 0};
	struct somebody them;
	uid_t uid = 0;
	enum fault fault;

	somebody_init(&them, name, 0);
	fault = call_find_user(name, &uid, &them.user.gid);
	if (fault != FAULT_NONE) {
		answer_deny_user(call, fault, name);
		return;
	}
	fault = call_read(call, name, uid, &record);
	if (fault != FAULT_NONE)
		answer_deny(call, call_store_reason(call, fault), "");
	else if (record.uid != (int64_t)uid)
		answer_deny(call, REASON_UID_CHANGED, name);
	else
		explain_user(call, &them, &record);
}

/* Counts what the lines of the log said. */
struct log_seen {
	size_t damaged; /* lines */
	bool user;      /* a line names the user, if only before "since" */
};

/* True if the admin asked for this line.  A damaged line is counted. */
static bool
is_line_wanted(const struct call *call, const char *line, size_t len,
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

/* False if the peer is gone or the file was not read to its end.  Without
 * memory for a line ferror(3) says nothing, so feof(3) is asked. */
static bool
send_lines(struct call *call, FILE *file, struct log_seen *seen)
{
	scoped_free char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, file)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (!is_line_wanted(call, line, (size_t)n, seen))
			continue;
		call_take_time(call);
		if (packet_send(call->fd, line) != FAULT_NONE)
			return false;
	}
	return feof(file) != 0;
}

/* True if the log, passwd or the store knows the user, or all are meant. */
static bool
is_somebody(struct call *call, const struct log_seen *seen)
{
	const char *user = call->request.user;
	uid_t uid;
	gid_t gid;

	return user[0] == '\0' || seen->user ||
	    call_find_user(user, &uid, &gid) == FAULT_NONE ||
	    call_has_record(call, user);
}

static void
end_of_log(struct call *call, const struct log_seen *seen)
{
	char message[MESSAGE_TEXT] = "";

	if (!is_somebody(call, seen)) {
		answer_deny(call, REASON_UNKNOWN_USER, call->request.user);
		return;
	}
	if (seen->damaged > 0)
		snprintf(message, sizeof(message),
		    "%zu line%s of the log cannot be read and %s left out.",
		    seen->damaged, seen->damaged == 1 ? "" : "s",
		    seen->damaged == 1 ? "is" : "are");
	answer_end(call, message);
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
		answer_deny(call, REASON_STORE, "");
	if (file != NULL)
		fclose(file);
}
