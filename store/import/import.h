/*
 * Reads a user's second factors from another program's file:
 *
 *	google-authenticator  ~/.google_authenticator: a secret, options and
 *	                      scratch codes, a line each
 *	liboath               users.oath: TYPE USER PIN SECRET [COUNTER [OTP
 *	                      [TIME]]], a line a device; a user may have several
 *	otpauth               otpauth://totp/LABEL?secret=... or hotp: one line
 *	Google Authenticator  otpauth-migration://offline?data=...: an export,
 *	                      which may have several accounts; one is taken
 *
 * An account becomes a device, with time steps (TOTP) or a counter (HOTP).
 * parse.c reads a file, with one parser for each form; import.c checks the
 * accounts that the keeper receives in a packet.
 *
 * Pure: text goes in, and whole accounts or an error come out: a file with one
 * bad line gives none.  A setting that tfa could not follow is an error.  A
 * setting that can be dropped without letting anybody in is dropped, with a
 * note.  No error or note quotes a secret or a code.
 *
 *	struct import_report report;
 *	scoped_import struct import import = {.present = false};
 *
 *	fault = import_parse(text, len, user, NULL, now_s, &import, &report);
 *	if (fault == FAULT_FORMAT)
 *		print report.line, report.error
 */
#ifndef TFA_IMPORT_H
#define TFA_IMPORT_H

#include "store/core/onetime.h"

#define IMPORT_FILE_MAX    65536 /* bytes of a file */
#define IMPORT_SECRET_MIN  10    /* bytes; google-authenticator's old size */
#define IMPORT_SCRATCH_MAX 10
#define IMPORT_PERIOD_MIN  15 /* seconds, as in a record */
#define IMPORT_PERIOD_MAX  300
#define IMPORT_AHEAD_S     600 /* how far a spent step may lie in the future */
#define IMPORT_COUNTER_MAX UINT64_C(999999999999999999) /* 18 digits */
#define IMPORT_NOTES_MAX   16
#define IMPORT_TEXT        320
#define IMPORT_NAME        101         /* bytes of an account's name */
#define IMPORT_MAX         DEVICES_MAX /* accounts of one user */

#define IMPORT_LISTED_MAX 32 /* accounts of an export */

struct scratch {
	char code[SCRATCH_TEXT];
};

/* A device as another program has it. */
struct import_account {
	int type;      /* enum device_type */
	int algorithm; /* enum otp_algorithm */
	int64_t digits;
	int64_t period_s; /* TOTP; else 0 */
	struct otp_secret secret;
	uint64_t last_step; /* TOTP: spent, as are all earlier ones; else 0 */
	uint64_t counter;   /* HOTP: the next that may pass; else 0 */
};

/*
 * The accounts of one user, with their scratch codes.  They are sent to the
 * keeper in this shape: the first one's keys stand beside those of the others,
 * as they did when there was no other.
 */
struct import {
	bool present;
	struct import_account first;
	LIST_OF(struct import_account) more; /* at most IMPORT_MAX - 1 */
	LIST_OF(struct scratch) scratch;
};

enum import_form {
	IMPORT_GOOGLE = 0,
	IMPORT_OATH,
	IMPORT_URI,
	IMPORT_MIGRATION,
};

struct import_report {
	enum import_form form;
	int line;                /* of the error, from 1; 0: the whole file */
	char error[IMPORT_TEXT]; /* the error, and what to do instead */
	char notes[IMPORT_NOTES_MAX][IMPORT_TEXT]; /* settings that were
						    * dropped */
	size_t notes_count;
	int lines[IMPORT_MAX]; /* of each account that was read, from 1 */
	/* of an export, where it is not clear which is meant; listed_count may
	 * be more than are listed */
	char listed[IMPORT_LISTED_MAX][IMPORT_NAME];
	size_t listed_count;
};

/* Checks the accounts in a packet as import_parse() checks a file, but for
 * import_step_ok() and a secret that two of them share (enroll_import()). */
extern const struct json_shape import_shape;

/*
 * Parses a file.  *ret: the accounts of that user; import_done() wipes them.
 * account: the name of one in an export, which may have several; or NULL.
 * FAULT_FORMAT: ret_report->error says what is wrong, ->line where;
 * FAULT_MEMORY.  *ret is empty on failure.  ret_report->notes says what was
 * dropped.
 */
MUST_USE enum fault import_parse(const char *text, size_t len, const char *user,
    const char *account, int64_t now_s, struct import *ret,
    struct import_report *ret_report);

/* Returns how many accounts there are, and account number i, from 0. */
size_t import_count(const struct import *import);
const struct import_account *import_at(const struct import *import, size_t i);

/* Returns true if the last steps can have been spent by now. */
bool import_step_ok(const struct import *import, int64_t now_s);

/* Returns true for a scratch code: eight digits. */
bool import_is_scratch(const char *text, size_t len);

/* Returns true if code, which has eight digits, is among the first count
 * scratch codes. */
bool
import_has_scratch(const struct import *import, const char *code, size_t count);

/* Wipes and frees the accounts. */
void import_done(struct import *import);
#define scoped_import __attribute__((cleanup(import_done)))

#endif
