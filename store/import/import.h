/*
 * What another program knew of a user's second factor, read from its file:
 *
 *	google-authenticator  ~/.google_authenticator: a secret, options and
 *	                      scratch codes, a line each
 *	liboath               users.oath: TYPE USER PIN SECRET [COUNTER [OTP
 *	                      [TIME]]], a line a user
 *	otpauth               otpauth://totp/LABEL?secret=...: one line
 *
 * import_parse.c reads them, with a parser for each; import.c is the account as
 * the keeper takes it.
 * Pure: text in, an account or a sentence out, and never a part of one.  A
 * file that says what we would not do as it says is refused; what may be left
 * out without letting anybody in is left out, with a note.  No sentence quotes
 * a secret or a code.
 */
#ifndef TFA_IMPORT_H
#define TFA_IMPORT_H

#include "store/core/onetime.h"

#define IMPORT_FILE_MAX    65536 /* bytes of a file */
#define IMPORT_SECRET_MIN  10    /* bytes; google-authenticator's old size */
#define IMPORT_SCRATCH_MAX 10
#define IMPORT_PERIOD_MIN  15 /* seconds, as in a record */
#define IMPORT_PERIOD_MAX  300
#define IMPORT_AHEAD_S     600 /* that a spent step may lie in the future */
#define IMPORT_NOTES_MAX   8
#define IMPORT_TEXT        160

struct scratch {
	char code[SCRATCH_TEXT];
};

/* An account, in a request to the keeper too. */
struct import {
	bool present;
	int algorithm; /* enum otp_algorithm */
	int64_t digits;
	int64_t period_s;
	struct otp_secret secret;
	uint64_t last_step; /* spent, as are all before it */
	JSON_LIST_OF(struct scratch) scratch;
};

enum import_form { IMPORT_GOOGLE = 0, IMPORT_OATH, IMPORT_URI };

struct import_report {
	enum import_form form;
	int line;                /* of the error, from 1; 0: the whole file */
	char error[IMPORT_TEXT]; /* what is wrong, and the way out */
	char notes[IMPORT_NOTES_MAX][IMPORT_TEXT]; /* what is left out */
	size_t notes_count;
};

/* Asks of an account in a packet what import_parse() asks of a file. */
extern const struct json_shape import_shape;

/*
 * *ret: the account of user that text says; import_done() wipes it.
 * FAULT_FORMAT: *ret_report says in which line, and why; FAULT_MEMORY.  *ret
 * is then empty.
 */
MUST_USE enum fault import_parse(const char *text, size_t len, const char *user,
    int64_t now_s, struct import *ret, struct import_report *ret_report);

/* Whether the last step is one that can have been spent by now. */
bool import_step_ok(const struct import *import, int64_t now_s);

/* Whether that is a scratch code: eight digits. */
bool import_is_scratch(const char *text, size_t len);

/* Whether code, of eight digits, is among the first count. */
bool
import_has_scratch(const struct import *import, const char *code, size_t count);

/* Wipes and frees what it holds. */
void import_done(struct import *import);
#define scoped_import __attribute__((cleanup(import_done)))

#endif
