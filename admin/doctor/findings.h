/*
 * The findings of doctor: a list, in which each has the check that was running.
 * Judges add to it and do nothing else.
 */
#ifndef TFA_DOCTOR_FINDINGS_H
#define TFA_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "store/json/json.h"

#define FINDING_TEXT 640
#define FINDING_FIX  2560 /* a block may repeat a long line of the site's */

/* A hole is FAIL; what may be one, or could not be looked at, is warn. */
enum finding_status { FINDING_OK = 0, FINDING_WARN, FINDING_FAIL };

struct finding {
	const char *check;
	enum finding_status status;
	char detail[FINDING_TEXT]; /* one line, with file:line where it has */
	char fix[FINDING_FIX];     /* the line to put there; "" for none */
	bool block; /* fix is "in FILE:" and below it the lines for that file */
};

struct findings {
	LIST_OF(struct finding) list;
	const char *check;     /* whose findings come now: a text that stays */
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

#define findings_warn(findings, fix, ...) \
	findings_add(findings, FINDING_WARN, fix, __VA_ARGS__)
#define findings_fail(findings, fix, ...) \
	findings_add(findings, FINDING_FAIL, fix, __VA_ARGS__)

/* Adds one whose fix is a block: "in FILE:", and below it indented lines. */
void findings_add_block(struct findings *findings, enum finding_status status,
    const char *block, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a finding of another list, as it is. */
void findings_copy(struct findings *findings, const struct finding *finding);

/* "ok", "warn" or "FAIL". */
const char *finding_word(enum finding_status status);

/* Prints one as a line. */
void finding_print(FILE *out, const struct finding *finding, bool colour);

/* Prints one as a line, but the lines of a block below it, to be copied. */
void finding_print_block(FILE *out, const struct finding *finding);

/* Copies the fix to ret as one line, a block's lines parted by " / ". */
void finding_fix(const struct finding *finding, char ret[static FINDING_FIX]);

/*
 * The text of the check's "ok" line: what it looked at, with figures and names.
 * It is shown only if the check adds nothing; the last call counts.
 */
void findings_ok(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the check: one that added nothing is FINDING_OK, with the text that it
 * gave, or else with this one. */
void findings_end(struct findings *findings, const char *ok);

/* The ending of a noun that is counted: "" for one, "s" for others. */
const char *findings_s(size_t count);

/* The number of findings with the status. */
size_t
findings_count(const struct findings *findings, enum finding_status status);

void findings_done(struct findings *findings);

#endif
