/*
 * The state that one run of "tfa-admin metrics" keeps for the next, as JSON: the
 * counters, and what the last --full found.  It lies beside the output, and is replaced
 * before the output is: a line of the audit that was shown is never counted
 * again.
 */
#ifndef TFA_METRICS_KEPT_H
#define TFA_METRICS_KEPT_H

#include "admin/metrics/counts.h"
#include "store/base/fault.h"
#include "store/json/json.h"

#define KEPT_MAX (64 * 1024) /* bytes */

/* doctor's findings. */
struct kept_doctor {
	int64_t at_s; /* 0: it did not run */
	int64_t fail, warn, ok;
};

/* The whole audit, read once. */
struct kept_audit {
	int64_t at_s;     /* 0: it was not read */
	int64_t begins_s; /* its oldest line; 0: none */
	int64_t bytes, damaged, unreadable;
};

struct kept {
	struct counts counts;
	struct kept_doctor doctor;
	struct kept_audit audit;
};

/* Faults as of json_read(); *ret is untouched on failure. */
MUST_USE enum fault kept_parse(const char *text, size_t len, struct kept *ret,
    struct json_error *ret_error);

/* *ret_text: for the file; the caller frees it.  FAULT_MEMORY. */
MUST_USE enum fault kept_format(const struct kept *kept, char **ret_text);

#endif
