/*
 * Sends the audit to tfa-admin: the bytes of its files as they are, oldest
 * first.  Nothing is parsed here, and no lock is taken: a reader, of whom there
 * may be many, is in nobody's way.  A peer that takes nothing for a while is
 * left; it comes back and says where it was.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/folder/audit_files.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"

#define TAKE_MS    5000 /* for a peer to take a packet */
#define LATE_S     1    /* for a line to be written to a renamed file */
#define LATE_STEPS 30
#define LATE_NS    50000000

struct sending {
	struct call *call;
	bool only_files; /* their starts, not their lines */
	struct audit_files list;
	struct audit_file now; /* the one that is being sent */
	int64_t sent;          /* up to this byte of it */
	char bytes[PACKET_MAX - 1];
};

/* Where the file with that id stands in the list, or -1. */
static ssize_t
history_find(const struct sending *sending, const char *id)
{
	for (size_t i = 0; i < sending->list.files.count; i++)
		if (strcmp(sending->list.files.items[i].id, id) == 0)
			return (ssize_t)i;
	return -1;
}

static enum fault
history_list(struct sending *sending)
{
	free(sending->list.files.items);
	sending->list = (struct audit_files){.files = {NULL, 0}};
	return audit_files_list(sending->call->store.dir, &sending->list);
}

static bool
announce_file(struct sending *sending)
{
	return packet_send_value(sending->call->fd, &audit_file_shape,
		   &sending->now) == FAULT_NONE;
}

/* Sends the bytes up to end, or only the first packet of them. */
static bool
send_up_to(struct sending *sending, int fd, int64_t end, bool only_first)
{
	do {
		size_t want = sizeof(sending->bytes);
		ssize_t n;

		if (end - sending->sent < (int64_t)want)
			want = (size_t)(end - sending->sent);
		n = pread(fd, sending->bytes, want, (off_t)sending->sent);
		if (n < 0) {
			snprintf(sending->now.why, sizeof(sending->now.why),
			    "%s", strerror(errno));
			return announce_file(sending);
		}
		if (n == 0)
			return true;
		call_take_time(sending->call);
		if (packet_send_bytes(sending->call->fd, TAKE_MS,
			sending->bytes, (size_t)n) != FAULT_NONE)
			return false;
		sending->sent += n;
	} while (!only_first && sending->sent < end);
	return true;
}

/*
 * Sends what was written to a file after it was renamed: whoever had opened it
 * before that still writes a line to it.
 */
static bool
send_late(struct sending *sending, int fd)
{
	const struct timespec pause = {.tv_nsec = LATE_NS};
	struct stat st;

	for (int i = 0; i < LATE_STEPS && fstat(fd, &st) == 0; i++) {
		if (!send_up_to(sending, fd, (int64_t)st.st_size, false))
			return false;
		if (time(NULL) > st.st_ctime + LATE_S)
			return true;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* True where nothing in the file can be as late as was asked for. */
static bool
is_too_old(const struct sending *sending, const struct audit_file *file)
{
	const struct audit_files *list = &sending->list;

	return file != &list->files.items[list->files.count - 1] &&
	    file->written_s < sending->call->request.since_s;
}

/* Sends file number i of the list, and its later bytes if others follow it. */
static bool
send_file(struct sending *sending, size_t i, int64_t offset)
{
	const struct audit_file *file = &sending->list.files.items[i];
	scoped_fd int fd = -1;
	enum fault fault;

	sending->now = *file;
	sending->now.skipped = sending->only_files || is_too_old(sending, file);
	sending->now.offset = sending->sent = offset;
	fault = audit_file_open(sending->call->store.dir, &sending->now, &fd);
	if (fault == FAULT_STALE)
		return false;
	if (fault == FAULT_IO)
		snprintf(sending->now.why, sizeof(sending->now.why), "%s",
		    strerror(errno));
	if (!announce_file(sending))
		return false;
	if (sending->now.why[0] != '\0')
		return true;
	if (!send_up_to(sending, fd, sending->now.bytes, sending->now.skipped))
		return false;
	if (sending->now.skipped || sending->now.why[0] != '\0' ||
	    audit_file_is_packed(sending->now.name))
		return true;
	if (history_list(sending) != FAULT_NONE)
		return false;
	return history_find(sending, sending->now.id) + 1 ==
	    (ssize_t)sending->list.files.count ||
	    send_late(sending, fd);
}

/*
 * Sends the files from the one that the peer names on, or all if there is none
 * of that id any more.  False: the stream is cut short, and the peer asks
 * again.
 */
static bool
send_history(struct sending *sending)
{
	const struct request *request = &sending->call->request;
	ssize_t i = history_find(sending, request->file);
	int64_t offset = i >= 0 ? request->offset : 0;

	if (i < 0)
		i = 0;
	while (i < (ssize_t)sending->list.files.count) {
		if (!send_file(sending, (size_t)i, offset))
			return false;
		offset = 0;
		i = history_find(sending, sending->now.id) + 1;
		if (i == 0)
			return false;
	}
	return true;
}

void
keeper_log(struct call *call)
{
	struct sending *sending = calloc(1, sizeof(*sending));

	if (sending == NULL) {
		answer_deny(call, REASON_STORE, "");
		return;
	}
	sending->call = call;
	sending->only_files = strcmp(call->request.use, "files") == 0;
	if (history_list(sending) != FAULT_NONE)
		answer_deny(call, REASON_STORE, "");
	else if (send_history(sending))
		answer_end(call, "");
	else
		call->broken = true;
	free(sending->list.files.items);
	free(sending);
}
