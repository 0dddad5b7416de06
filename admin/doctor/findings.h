/*
 * What doctor found: a list of findings, each under the check that is running.
 * Judges add to it and do nothing else.
 */
#ifndef TFA_DOCTOR_FINDINGS_H
#define TFA_DOCTOR_FINDINGS_H

#include <stdbool.h>

#include "store/json/json.h"

#define FINDING_TEXT 640

/* A hole is FAIL; what may be one, or could not be looked at, is warn. */
enum finding_status { FINDING_OK = 0, FINDING_WARN, FINDING_FAIL };

struct finding {
	const char *check;
	enum finding_status status;
	char detail[FINDING_TEXT]; /* one line, with file:line where it has */
	char fix[FINDING_TEXT];    /* the line to put there; "" for none */
};

struct findings {
	JSON_LIST_OF(struct finding) list;
	const char *check;     /* whose findings come now */
	size_t before;         /* how many there were when it began */
	char ok[FINDING_TEXT]; /* what it looked at; "" where it did not say */
	bool failed;           /* out of memory: not all are here */
};

/* The findings that follow are of this check. */
void findings_begin(struct findings *findings, const char *check);

/* Adds one; control bytes become '?'.  fix may be NULL. */
void findings_add(struct findings *findings, enum finding_status status,
    const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * What the check that is running looked at: the text of its "ok" line, with
 * figures and names, in place of the table's.  It is shown only where the
 * check adds nothing; the last call counts.
 */
void findings_ok(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the check: one that added nothing is FINDING_OK, with the text that it
 * gave, or else with this one. */
void findings_end(struct findings *findings, const char *ok);

/* How many have the status. */
size_t
findings_count(const struct findings *findings, enum finding_status status);

void findings_done(struct findings *findings);

#endif
