/*
 * The audit: one JSON object a line in DIR/audit.jsonl for each decision and
 * each change, and the same in syslog (authpriv).  Never a secret, never a
 * code; everything that somebody else chose is cleaned of control characters.
 * A pass that cannot be logged must be turned into a denial by the caller.
 */
#ifndef TFA_AUDIT_H
#define TFA_AUDIT_H

#include "store/folder/store.h"

#define AUDIT_FILE     "audit.jsonl"
#define AUDIT_LINE_MAX 4096
#define COMMAND_TEXT   257 /* 256 bytes of a command are kept */
#define ACTOR_TEXT     USER_TEXT
#define DETAIL_TEXT    300

struct audit {
	int64_t time_s;
	char event[33]; /* "login", "verify", "enroll", "revoke", ... */
	char user[USER_TEXT];
	char verdict[12];
	char reason[33];
	char rule[RULE_TEXT];
	char address[ADDRESS_TEXT];
	char key[KEY_TEXT];
	char device[DEVICE_ID_TEXT];
	char command[COMMAND_TEXT];
	char actor[ACTOR_TEXT];   /* who did it, where not the user */
	char detail[DETAIL_TEXT]; /* "fits a clock 4 minutes ahead" */
	int64_t suppressed;       /* refusals of this user left out before */
};

/*
 * Appends a line, whole or not at all.  FAULT_IO (errno), FAULT_ACCESS,
 * FAULT_MEMORY; the line has then been sent to syslog alone.
 */
MUST_USE enum fault audit_write(struct store *store, const struct audit *entry);

/* Whether the file is there, or can be made, and is ours.  For a change that
 * must be logged, before it is made; the disk may still be full. */
MUST_USE enum fault audit_check(struct store *store);

/* Reads a line of the file.  False for one that is damaged. */
bool audit_parse(const char *line, size_t len, struct audit *ret);

extern const struct json_shape audit_shape;

#endif
