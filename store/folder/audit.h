/*
 * The audit log: one JSON object on a line of DIR/audit.jsonl for each decision
 * and each change, and a copy in syslog (authpriv).  It never holds a secret or
 * a code; control characters in text that others chose are replaced.  If a pass
 * cannot be logged, the caller must deny instead.
 *
 * To count logins, count the lines with the event AUDIT_LOGIN: each login
 * leaves one, once it is decided, with the verdict "pass" or "deny" and the
 * reason.  A login is a session that somebody asks the gate for, a connection
 * at the door ("door" is then true), or a question of sudo or su.  What other
 * lines say of a login is not counted with it:
 *
 *	AUDIT_CODE	a code was refused, and the login goes on: it asks
 *			again.  The last code of a login has no such line.
 *			Wrong codes are counted by the reason "wrong_code",
 *			whichever event
 *	AUDIT_SESSION	a session in a connection of the door, whose login was
 *			logged: "pass", or "deny" if the gate refuses it
 *	"enroll"	a device was set up during a login
 */
#ifndef TFA_AUDIT_H
#define TFA_AUDIT_H

#include "store/base/endpoint.h"
#include "store/folder/store.h"

#define AUDIT_FILE     "audit.jsonl"
#define AUDIT_LOGIN    "login"
#define AUDIT_CODE     "verify"
#define AUDIT_SESSION  "session"
#define AUDIT_LINE_MAX 4096
#define COMMAND_TEXT   257 /* 256 bytes of a command are logged */
#define ACTOR_TEXT     USER_TEXT
#define DETAIL_TEXT    300
#define AUDIT_HOST     65 /* a host's name: HOST_NAME_MAX, and a NUL */

struct audit {
	int64_t time_s;
	char event[33]; /* AUDIT_LOGIN, "enroll", "revoke", ... */
	char user[USER_TEXT];
	char verdict[12];
	char reason[33];
	char rule[RULE_TEXT];
	char address[ADDRESS_TEXT];
	char key[KEY_TEXT];
	char device[DEVICE_ID_TEXT];
	char command[COMMAND_TEXT];
	char target[ENDPOINT_TEXT]; /* HOST:PORT, of "connect" */
	bool door;                  /* the connection came in at the door */
	char actor[ACTOR_TEXT];     /* who acted, if not the user */
	char detail[DETAIL_TEXT];   /* "fits a clock 4 minutes ahead" */
	int64_t suppressed;         /* refusals of this user that were not
				   * logged before this one */
	char host[AUDIT_HOST];      /* in a fleet: the bastion's name */
};

/* An event, as a line's "event" says it.  tfa-keeper(8) has the list. */
struct audit_event {
	char word[16];
	bool
	    changes; /* what is the policy's or a user's, and not only a login */
};

/* Event number i, from 0; NULL after the last. */
const struct audit_event *audit_event(size_t i);

/* Reads the word of an event into an int, and writes it. */
extern const struct json_form audit_event_form;

/*
 * The priority of the line in syslog, as syslog(3) has it: LOG_ERR for a denial
 * that comes from a fault of this machine or of the policy, LOG_NOTICE for any
 * other denial and for changes, LOG_INFO for the rest.
 */
int audit_priority(const struct audit *entry);

/*
 * Appends one line, whole or not at all.  FAULT_IO (see errno), FAULT_ACCESS,
 * FAULT_MEMORY.  If only the file fails, the line is in syslog.
 */
MUST_USE enum fault audit_write(struct store *store, const struct audit *entry);

/*
 * Checks that the log exists or can be created, and is ours.  Call it before a
 * change that must be logged; the disk may still be full.  FAULT_IO,
 * FAULT_ACCESS.
 */
MUST_USE enum fault audit_check(struct store *store);

/* True if a file of that mode and owner is the keeper's own, and nobody else
 * can read or write it. */
bool audit_is_ours(mode_t mode, uid_t owner);

/* Replaces control characters in every text: some of it is a client's own. */
void audit_clean(struct audit *entry);

/* Parses one line of the log.  Returns false for a damaged line. */
bool audit_parse(const char *line, size_t len, struct audit *ret);

extern const struct json_shape audit_shape;

#endif
