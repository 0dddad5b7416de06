/*
 * Shared by the parsers of the four forms: a reader of lines and words, and
 * errors that name the line.  Private to store/import.
 *
 *	struct span line;
 *
 *	while (import_line(r, &line)) {
 *		struct span word = span_word(&line);
 *
 *		if (span_is(word, "..."))
 *			...
 *		else
 *			return import_refuse(r, "not known");
 *	}
 */
#ifndef TFA_IMPORT_READER_H
#define TFA_IMPORT_READER_H

#include "store/import/import.h"

/* The advice for a file that cannot be imported. */
#define IMPORT_ANEW "set up a new device with tfa-admin enroll"

/* A part of the text, without a NUL. */
struct span {
	const char *at;
	size_t len;
};

struct import_reader {
	struct span rest;
	int line;
	const char *user;
	const char *wanted; /* the account of an export, or NULL */
	int64_t now_s;
	unsigned seen; /* a bit for each option or parameter seen so far */
	size_t count;  /* accounts begun so far */
	struct import_account *account; /* the one begun last, as import_begin()
				  * says */
	struct import *import;
	struct import_report *report;
};

/* Return true if the span is that word, or begins with it. */
bool span_is(struct span span, const char *word);
bool span_begins(struct span span, const char *word);

/* Returns the part of *rest before the first c, and moves *rest behind that
 * c. */
struct span span_cut(struct span *rest, char c);

/* Returns the next word of a line, or an empty span at its end. */
struct span span_word(struct span *rest);

/* Reads a decimal number.  Returns false for anything else, and for more
 * than 18 digits. */
bool span_number(struct span span, uint64_t *ret);

/* *ret: the next line, without blanks at its end.  Returns false at the end
 * of the text. */
bool import_line(struct import_reader *r, struct span *ret);

/*
 * Begins an account, as r->account until the next one begins: TOTP of 6 digits,
 * 30 seconds and SHA1.  FAULT_FORMAT: the user has too many; FAULT_MEMORY.
 */
MUST_USE enum fault import_begin(struct import_reader *r);

/* Sets the report's error, about the line read last.  Returns FAULT_FORMAT. */
enum fault import_refuse(struct import_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The name of a setting that is not known, for a message; "" for what might be a
 * secret, which has 16 characters at least. */
#define IMPORT_SETTING 16
void import_name(struct span span, char ret[static IMPORT_SETTING]);

/* Makes the account one of HOTP with that counter, which is the next. */
void import_count_from(struct import_reader *r, uint64_t counter);

/* Adds a note that a setting is dropped; no more than IMPORT_NOTES_MAX.  In a
 * users.oath it says in which line. */
void import_note(struct import_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads a base32 secret as leniently as google-authenticator does.
 * FAULT_FORMAT. */
MUST_USE enum fault import_base32(struct import_reader *r, struct span span);

/* Refuses a secret below 80 bits (FAULT_FORMAT), and adds a note for one
 * below 128. */
MUST_USE enum fault import_judge_secret(struct import_reader *r);

/* Reads the length of a time step in seconds.  FAULT_FORMAT. */
MUST_USE enum fault import_period(struct import_reader *r, struct span span);

/* Reads a counter, of at most 18 digits and at least least.  what: the name of
 * its setting.  FAULT_FORMAT. */
MUST_USE enum fault import_counter(struct import_reader *r, struct span span,
    const char *what, uint64_t least, uint64_t *ret);

/* Each parses a whole file of its form.  FAULT_FORMAT, FAULT_MEMORY. */
MUST_USE enum fault import_google(struct import_reader *r);
MUST_USE enum fault import_oath(struct import_reader *r);
MUST_USE enum fault import_uri(struct import_reader *r);
MUST_USE enum fault import_migration(struct import_reader *r);

#endif
