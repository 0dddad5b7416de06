#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "store/folder/audit.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/base/utf8.h"
#include "store/core/verdict.h"

static const struct json_field audit_fields[] = {
    JSON_ROW_TIME("time", JSON_REQUIRED, struct audit, time_s),
    JSON_ROW_TEXT("event", JSON_MAYBE, struct audit, event),
    JSON_ROW_TEXT("user", JSON_MAYBE, struct audit, user),
    JSON_ROW_TEXT("verdict", JSON_MAYBE, struct audit, verdict),
    JSON_ROW_TEXT("reason", JSON_MAYBE, struct audit, reason),
    JSON_ROW_TEXT("rule", JSON_MAYBE, struct audit, rule),
    JSON_ROW_TEXT("address", JSON_MAYBE, struct audit, address),
    JSON_ROW_TEXT("key", JSON_MAYBE, struct audit, key),
    JSON_ROW_TEXT("device", JSON_MAYBE, struct audit, device),
    JSON_ROW_TEXT("command", JSON_MAYBE, struct audit, command),
    JSON_ROW_TEXT("target", JSON_MAYBE, struct audit, target),
    JSON_ROW_FLAG("door", JSON_MAYBE, struct audit, door),
    JSON_ROW_TEXT("actor", JSON_MAYBE, struct audit, actor),
    JSON_ROW_TEXT("detail", JSON_MAYBE, struct audit, detail),
    JSON_ROW_NUMBER(
	"suppressed", JSON_MAYBE, struct audit, suppressed, 0, 1000000000),
    JSON_ROW_TEXT("host", JSON_MAYBE, struct audit, host),
};

const struct json_shape audit_shape = JSON_SHAPE(audit_fields, NULL);

static const struct audit_event audit_events[] = {
    {AUDIT_LOGIN, false},
    {AUDIT_CODE, false},
    {AUDIT_SESSION, false},
    {"skip", false},
    {"connect", false},
    {"enroll_begin", false},
    {"enroll", true},
    {"device_begin", false},
    {"device_confirm", true},
    {"device_remove", true},
    {"recovery", true},
    {"import", true},
    {"tokens", true},
    {"assign", true},
    {"code", true},
    {"revoke", true},
    {"unlock", true},
    {"forget", true},
    {"end_sessions", true},
    {"help", true},
    {"policy", true},
};

#define EVENTS (sizeof(audit_events) / sizeof(audit_events[0]))

const struct audit_event *
audit_event(size_t i)
{
	return i < EVENTS ? &audit_events[i] : NULL;
}

static bool
event_read(const char *text, void *ret)
{
	int i = 0;

	while (i < (int)EVENTS && strcmp(audit_events[i].word, text) != 0)
		i++;
	if (i == (int)EVENTS)
		return false;
	memcpy(ret, &i, sizeof(i));
	return true;
}

static void
event_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	int i;

	memcpy(&i, value, sizeof(i));
	snprintf(ret, JSON_FORM_TEXT, "%s", audit_events[i].word);
}

const struct json_form audit_event_form = {
    "an event that this version knows", event_read, event_write};

/* An event that is not in the table might be a change. */
int
audit_priority(const struct audit *entry)
{
	enum reason reason = REASON_NONE;
	int event = 0;

	(void)reason_form.parse(entry->reason, &reason);
	if (strcmp(entry->verdict, verdict_name(VERDICT_DENY)) == 0)
		return reason_is_fault(reason) ? LOG_ERR : LOG_NOTICE;
	if (!event_read(entry->event, &event) || audit_events[event].changes)
		return LOG_NOTICE;
	return LOG_INFO;
}

bool
audit_parse(const char *line, size_t len, struct audit *ret)
{
	struct json_error error;
	struct audit entry = {.time_s = 0};

	if (json_read(&audit_shape, line, len, AUDIT_LINE_MAX, &entry,
		&error) != FAULT_NONE)
		return false;
	*ret = entry;
	return true;
}

bool
audit_is_ours(mode_t mode, uid_t owner)
{
	return S_ISREG(mode) && owner == geteuid() && (mode & 077) == 0;
}

static bool
is_our_log(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && audit_is_ours(st.st_mode, st.st_uid);
}

/* Returns true if the file ends in the middle of a line: its writer was
 * killed. */
static bool
is_cut_short(int fd, off_t end)
{
	char last = '\n';

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* Appends under a lock, so that a line which a full disk cut short can be
 * removed: half a line would swallow the next one. */
static enum fault
append_line(int fd, const char *line, size_t len)
{
	off_t end;
	int r;

	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0 || (end = lseek(fd, 0, SEEK_END)) < 0)
		return FAULT_IO;
	if ((is_cut_short(fd, end) && file_write(fd, "\n", 1) != FAULT_NONE) ||
	    file_write(fd, line, len) != FAULT_NONE) {
		int saved = errno;

		errno = ftruncate(fd, end) < 0 ? EIO : saved;
		return FAULT_IO;
	}
	return FAULT_NONE;
}

void
audit_clean(struct audit *entry)
{
	for (size_t i = 0; i < audit_shape.count; i++) {
		const struct json_field *field = &audit_fields[i];
		char *text = (char *)entry + field->offset;

		if (field->kind == JSON_TEXT)
			utf8_clean(text, strnlen(text, field->size - 1), text,
			    field->size);
	}
}

static enum fault
open_log(struct store *store, int *ret_fd)
{
	scoped_fd int fd = file_open_or_make(
	    store->dir, AUDIT_FILE, O_RDWR | O_APPEND | O_NONBLOCK);

	if (fd < 0)
		return FAULT_IO;
	if (!is_our_log(fd))
		return FAULT_ACCESS;
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

enum fault
audit_check(struct store *store)
{
	scoped_fd int fd = -1;

	return open_log(store, &fd);
}

/* A network's file system may report a failed write only at close(2). */
static enum fault
close_log(int *fd)
{
	return close(take_fd(fd)) < 0 ? FAULT_IO : FAULT_NONE;
}

enum fault
audit_write(struct store *store, const struct audit *entry)
{
	scoped_free char *line = NULL;
	scoped_fd int fd = -1;
	size_t len;
	struct audit cleaned = *entry;
	enum fault fault;

	audit_clean(&cleaned);
	fault = json_write(&audit_shape, &cleaned, false, &line);
	if (fault != FAULT_NONE)
		return fault;
	syslog(LOG_AUTHPRIV | audit_priority(&cleaned), "%s", line);
	len = strlen(line);
	fault = open_log(store, &fd);
	if (fault != FAULT_NONE)
		return fault;
	line[len] = '\n';
	fault = append_line(fd, line, len + 1);
	line[len] = '\0';
	return fault == FAULT_NONE ? close_log(&fd) : fault;
}
