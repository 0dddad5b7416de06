/*
 * Prometheus' text format (exposition format 0.0.4), as node_exporter's textfile
 * collector reads it: for each family of metrics a HELP line, a TYPE line and
 * its samples, one a line.
 *
 *	exposition_family(out, "tfa_users", "gauge", "Users in each state.");
 *	exposition_sample(out, "tfa_users",
 *	    (const struct label[]){{"state", "locked"}, {NULL}}, 3);
 */
#ifndef TFA_METRICS_EXPOSITION_H
#define TFA_METRICS_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

/* A name, and a value that may be any text.  A list of them ends with a name
 * of NULL. */
struct label {
	const char *name;
	const char *value;
};

/* help is one line without a backslash. */
void exposition_family(
    FILE *out, const char *name, const char *type, const char *help);

/*
 * labels may be NULL.  In a value a backslash, a quote and a newline are escaped
 * as the format has it; each other control character, and each byte that is not
 * UTF-8, becomes a question mark.
 */
void exposition_sample(
    FILE *out, const char *name, const struct label *labels, int64_t value);

#endif
