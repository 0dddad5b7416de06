/*
 * A policy that is or was in force, as it is kept: a line of JSON that says when
 * it came into force and by whom, and then the policy's text, byte by byte.
 */
#ifndef TFA_VERSION_H
#define TFA_VERSION_H

#include "store/core/policy.h"

#define VERSION_WHAT   200
#define VERSION_BY     (USER_TEXT + 200) /* "root", "root at HOST" */
#define VERSION_HEAD   1024              /* bytes of the line */
#define VERSION_MAX    (VERSION_HEAD + POLICY_MAX + 1)
#define VERSION_NUMBER INT64_C(999999999)
#define VERSIONS_KEPT  10 /* beside the one in force */

struct version {
	int64_t number;          /* from 1; 0: it has none yet */
	int64_t at_s;            /* when it came into force */
	char by[VERSION_BY];     /* ""; not known: put there by hand */
	char what[VERSION_WHAT]; /* the command, in a few words */
	char *text;              /* on the heap, with a NUL behind it */
	size_t len;
};

/* *ret: the version in those bytes; version_done() frees it.  FAULT_FORMAT,
 * FAULT_MEMORY. */
MUST_USE enum fault
version_parse(const char *bytes, size_t len, struct version *ret);

/* *ret_bytes: as version_parse() reads them, with a NUL behind them; the caller
 * frees them.  FAULT_MEMORY. */
MUST_USE enum fault version_format(
    const struct version *version, char **ret_bytes, size_t *ret_len);

/* The line of a version. */
extern const struct json_shape version_shape;

/* The keeper's row about a version, before the bytes of its text. */
struct version_row {
	int64_t number, at_s;
	char by[VERSION_BY];
	char what[VERSION_WHAT];
	char mark[20]; /* 1 to 19 digits: the engine's name for it */
};
extern const struct json_shape version_row_shape;

/* ret: the version of a row, with no text yet; and the row of a version. */
void version_of_row(const struct version_row *row, struct version *ret);
void version_row_of(
    const struct version *version, const char *mark, struct version_row *ret);

/* True if both have the same text. */
bool version_is(const struct version *version, const struct version *other);

void version_done(struct version *version);
#define scoped_version __attribute__((cleanup(version_done)))

#endif
