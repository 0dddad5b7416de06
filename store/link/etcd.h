/*
 * etcd's JSON gateway (v3, from etcd 3.4 on): the bodies of requests, and what
 * its replies mean.  Pure.  All bodies are written here, since etcd takes a key
 * that it does not know without a word: with "compares" in place of "compare" a
 * put has no condition.
 *
 * A reply is believed only if all of it has the form that it must have; anything
 * else is ETCD_ODD, and the caller then knows nothing.
 */
#ifndef TFA_LINK_ETCD_H
#define TFA_LINK_ETCD_H

#include "store/link/request.h"

#define ETCD_REPLY_MAX 4194304UL /* bytes of a reply to a scan */
#define ETCD_SCAN_ROWS 40        /* with values; so many fit into a reply */
#define ETCD_TOKEN     1024
#define ETCD_VERSION   32

#define ETCD_PATH_RANGE   "/v3/kv/range"
#define ETCD_PATH_TXN     "/v3/kv/txn"
#define ETCD_PATH_COMPACT "/v3/kv/compaction"
#define ETCD_PATH_AUTH    "/v3/auth/authenticate"
#define ETCD_PATH_USER    "/v3/auth/user/get"
#define ETCD_PATH_STATUS  "/v3/maintenance/status"
#define ETCD_PATH_METRICS "/metrics"

/*
 * The body of a request, prefix being that of all keys; text is NULL without
 * memory.  A get is a transaction without a condition: the record and the marks
 * of the other keys are of one moment.  A put compares the marks, writes, and
 * otherwise reads what stands there.
 */
struct json_out
etcd_get(const char *prefix, const struct link_request *request);
struct json_out
etcd_put(const char *prefix, const struct link_request *request);
struct json_out
etcd_remove(const char *prefix, const struct link_request *request);

/* Writes all, or nothing, and reads nothing. */
struct json_out
etcd_put_all(const char *prefix, const struct link_request *request);

/* rows: at most so many are asked for. */
struct json_out
etcd_scan(const char *prefix, const struct link_request *request, int rows);

/* The rows of a reply to a scan: all, those that a packet took, and those whose key
 * tfa does not write. */
struct etcd_rows {
	int given, fitted, foreign;
};

/* How many rows the next scan asks for, where it would have been so many: about as
 * many as fit, at most `most`.  etcd reads each that it gives from its database,
 * also where only the key is wanted. */
int etcd_next_rows(int rows, const struct etcd_rows *last, int most);

struct json_out etcd_compact(const char *revision);

/* Holds the password: wipe it. */
struct json_out etcd_auth(const char *user, const char *password);

/* Asks for the roles of a user, which that user may know. */
struct json_out etcd_user(const char *user);

enum etcd_outcome {
	ETCD_ODD = 0,   /* no reply that this knows */
	ETCD_OK,        /* 200, and a body to be read */
	ETCD_TOKEN_BAD, /* authenticate again */
	ETCD_BUSY,      /* this member cannot now: no leader, too much to do */
	ETCD_FULL,      /* the quota */
	ETCD_COMPACTED, /* the revision is gone */
	ETCD_REFUSED,   /* for good: role, password, certificate, size */
};

/* Judges a reply by its HTTP status and body.  ret_why: etcd's own words, plain,
 * or "" for ETCD_OK. */
enum etcd_outcome etcd_judge(
    long status, const char *body, size_t len, char ret_why[static LINK_WHY]);

/*
 * Reads the body of ETCD_OK and writes the answer to the keeper.  *ret_end:
 * LINK_OK or LINK_STALE; where a value is larger than LINK_VALUE, LINK_REFUSED.
 * False: the body is odd, and nothing is written.
 */
bool etcd_read_get(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end);
bool etcd_read_put(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end);
bool etcd_read_remove(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end);

/* Needs no prefix: it names no key. */
bool etcd_read_put_all(const struct link_request *request, const char *body,
    size_t len, struct json_out *ret, enum link_end *ret_end);

/* etcd_read_get() for a scan. */
bool etcd_read_scan(const struct link_request *request, const char *prefix,
    const char *body, size_t len, struct json_out *ret, enum link_end *ret_end,
    struct etcd_rows *ret_rows);

/* The revision in a reply's header; false: it is odd. */
bool
etcd_read_revision(const char *body, size_t len, char ret[static LINK_MARK]);

/* The token of an authentication. */
bool etcd_read_token(const char *body, size_t len, char ret[static ETCD_TOKEN]);

/* *ret: true if the user's roles have "root", who may do anything.  False: it is
 * odd. */
bool etcd_read_root(const char *body, size_t len, bool *ret);

/* A member's own view of itself. */
struct etcd_status {
	char version[ETCD_VERSION];
	char revision[LINK_MARK];
	int64_t db_size, db_in_use, quota; /* bytes; 0: it does not say */
	bool no_space, corrupt;            /* its alarms */
	bool has_leader;
};

bool etcd_read_status(const char *body, size_t len, struct etcd_status *ret);

/* The quota in /metrics, in bytes; 0: it does not say. */
int64_t etcd_read_quota(const char *body);

#endif
