/*
 * What the parsers of import.h's three forms have in common: a reader that
 * goes through the lines, the words of a line, and a refusal that names the
 * place.  Private to import_*.c.
 */
#ifndef TFA_IMPORT_READER_H
#define TFA_IMPORT_READER_H

#include "store/import/import.h"

/* The way out where a file cannot be taken over. */
#define IMPORT_ANEW "set up a new device with tfa-admin enroll"

/* A part of the text. */
struct span {
	const char *at;
	size_t len;
};

struct import_reader {
	struct span rest;
	int line;
	const char *user;
	int64_t now_s;
	unsigned seen; /* options or parameters, bits */
	struct import *import;
	struct import_report *report;
};

/* Whether it is that word; whether it begins with it. */
bool span_is(struct span span, const char *word);
bool span_begins(struct span span, const char *word);

/* What comes before the first c; rest is then what comes after it. */
struct span span_cut(struct span *rest, char c);

/* The next word of a line; an empty one at its end. */
struct span span_word(struct span *rest);

/* False: not a decimal number, or one of more than 18 digits. */
bool span_number(struct span span, uint64_t *ret);

/* The next line, without blanks at its end; false where there is none. */
bool import_line(struct import_reader *r, struct span *ret);

/* Says what is wrong in the line that was read last: FAULT_FORMAT. */
enum fault import_refuse(struct import_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says what is left out. */
void import_note(struct import_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the secret, as google-authenticator writes it. */
MUST_USE enum fault import_base32(struct import_reader *r, struct span span);

/* Refuses a secret that is too short, and notes one that should be longer. */
MUST_USE enum fault import_judge_secret(struct import_reader *r);

/* Takes the seconds of a time step. */
MUST_USE enum fault import_period(struct import_reader *r, struct span span);

/* The three forms, whole. */
MUST_USE enum fault import_google(struct import_reader *r);
MUST_USE enum fault import_oath(struct import_reader *r);
MUST_USE enum fault import_uri(struct import_reader *r);

#endif
