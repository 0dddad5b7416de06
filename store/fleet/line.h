/*
 * The line to tfa-link: packets of JSON go out and come back, one answer to
 * each.  It is opened when it is first used, stays open, and is closed whenever
 * an answer did not come: a late one must not be taken for that of the next
 * request.
 */
#ifndef TFA_FLEET_LINE_H
#define TFA_FLEET_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

/* The link is built with these, too. */
#define LINE_SOCKET   "/run/tfa-link/link.sock"
#define LINE_PACKET   98304UL /* bytes, each way */
#define LINE_TOGETHER 40      /* rows of one put_all */

#define LINE_WHY 240

struct line {
	const char *path;
	int fd;             /* -1: not open */
	char why[LINE_WHY]; /* about the last fault */
};

#define LINE_TO(path_) ((struct line){.path = (path_), .fd = -1})

/*
 * *ret: the answer to a request, with a NUL; the caller wipes and frees it.
 * Waits until clock_ms() is until_ms.  The link must be root's, or that of the
 * owner of the socket's folder, into which nobody else may write.
 *
 * FAULT_AWAY: it was not asked, since nobody, or somebody else, listens, for two
 * seconds where the folder is there.
 * FAULT_UNSURE: it was, and gave no answer.  FAULT_LIMIT: a packet is longer than
 * LINE_PACKET; FAULT_MEMORY.
 */
MUST_USE enum fault line_ask(struct line *line, const char *request,
    int64_t until_ms, char **ret, size_t *ret_len);

/* The two halves of line_ask(): nothing else may be asked in between. */
MUST_USE enum fault
line_send(struct line *line, const char *request, int64_t until_ms);
MUST_USE enum fault
line_receive(struct line *line, int64_t until_ms, char **ret, size_t *ret_len);

void line_close(struct line *line);

#endif
