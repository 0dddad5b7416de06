/*
 * Requests of a keeper and answers to it: one JSON object a packet, see
 * PROTOCOL.md.  Pure: texts go in and come out.
 *
 * A request is read strictly: an unknown, missing or double key, a wrong type or
 * a value out of its limits refuses it, since a key that was left out by mistake
 * might be a condition of a write.
 */
#ifndef TFA_LINK_REQUEST_H
#define TFA_LINK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/base64.h"
#include "store/fleet/line.h"
#include "store/json/out.h"

#define LINK_PACKET   ((int)LINE_PACKET)       /* bytes, each way */
#define LINK_VALUE    65536                    /* bytes of a value */
#define LINK_VALUE_64 (BASE64_LEN(LINK_VALUE)) /* the same in base64 */
#define LINK_KEY      301                      /* with its NUL */
#define LINK_MARK     20                       /* 19 digits and a NUL */
#define LINK_WITH     4
#define LINK_WAIT_MS  30000
#define LINK_ROWS     4096
#define LINK_WHY      200

enum link_op {
	LINK_GET,
	LINK_PUT,
	LINK_REMOVE,
	LINK_SCAN,
	LINK_PUT_ALL,
	LINK_STATUS
};

/* A key and the mark of what stands there: "0" where nothing does. */
struct link_key {
	char key[LINK_KEY];
	char mark[LINK_MARK];
};

/* One of the texts that are put together. */
struct link_row {
	char key[LINK_KEY];
	char mark[LINK_MARK];
	char *value; /* base64, on the heap */
};

struct link_request {
	enum link_op op;
	char key[LINK_KEY];   /* of a scan: what all keys begin with, or "" */
	char after[LINK_KEY]; /* of a scan: the last key seen, or "" */
	char until[LINK_KEY]; /* of a scan: the last key wanted, or "" */
	char mark[LINK_MARK];
	char revision[LINK_MARK];
	char *value;                     /* base64, on the heap */
	struct link_key with[LINK_WITH]; /* "with" of a get, "if" of a put */
	size_t with_count;
	struct link_row *rows; /* of a put_all, on the heap */
	size_t rows_count;
	bool keys_only;
	int limit;
	int64_t wait_ms;
};

/*
 * Reads a packet of len bytes, packet[len] being NUL, into *ret; free it with
 * link_request_done(), also after a failure.  FAULT_FORMAT: refused, and *ret_why
 * says why in static words; FAULT_MEMORY.
 */
MUST_USE enum fault link_request_read(const char *packet, size_t len,
    struct link_request *ret, const char **ret_why);

void link_request_done(struct link_request *request);

/* True for 1 to 19 digits without a leading zero: a mark, a revision. */
bool link_is_mark(const char *text);

/* True for base64 of at most LINK_VALUE bytes. */
bool link_is_value(const char *text);

/* True for a key, 1 to LINK_KEY - 1 bytes of letters, digits and "._%@+-/". */
bool link_is_key(const char *text);

/* How a request ends.  Zero says that nothing is known. */
enum link_end {
	LINK_UNSURE = 0, /* may be done later: only of a put and a remove */
	LINK_AWAY,       /* was not done and will not be */
	LINK_FULL,       /* the quota of the engine's disk */
	LINK_REFUSED,   /* this will never be done: an administrator must act */
	LINK_STALE,     /* something else stands there */
	LINK_COMPACTED, /* a scan's revision is gone: begin anew */
	LINK_OK,
};

/*
 * *ret: {"status":END,"why":WHY}.  why may have any bytes: it is cut to LINK_WHY
 * bytes, and what JSON or a log would take for more than a letter is replaced.
 */
void link_say(struct json_out *ret, enum link_end end, const char *why);

/* The word of an end: "ok". */
const char *link_end_word(enum link_end end);

/* Writes "KEY":"TEXT", text being of a mark, a key or base64; comma before it
 * unless it is the object's first. */
void link_put_text(struct json_out *out, const char *key, const char *text);

/* Writes ,"with":{KEY:MARK,...}. */
void
link_put_with(struct json_out *out, const struct link_key *with, size_t count);

/* Copies words for a person: printable ASCII without quotes and backslashes. */
void link_plain(const char *text, char *ret, size_t size);

#endif
