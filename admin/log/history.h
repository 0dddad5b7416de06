/*
 * The history: every line of the audit that is kept, in the order in which the
 * lines were written.  The keeper sends the bytes of the audit and of its
 * rotated files as they are; this inflates and parses them.  So root, a delegate
 * and the owner of an embedded store read the same, and only while the keeper
 * lets them.
 *
 *	struct history_ask ask = {.since_s = now_s - 86400};
 *	struct history_end end;
 *	int status = history_read(admin, &ask, each, &mine, &end);
 *
 *	history_say_faults(&end);	one line each on stderr
 *	history_end_done(&end);		in any case
 *
 * Nothing that a file holds ends the reading: a damaged line is counted and
 * left out, a file that cannot be read to its end is named.  Memory does not
 * grow with the history.
 */
#ifndef TFA_HISTORY_H
#define TFA_HISTORY_H

#include "admin/admin.h"
#include "admin/progress.h"
#include "store/base/hash.h"
#include "store/folder/audit_files.h"

#define HISTORY_WHY     96
#define HISTORY_DAMAGES 5  /* damaged lines that are named */
#define HISTORY_BACK_S  60 /* lines of workers that run at once may cross */

struct history_ask {
	int64_t since_s; /* lines of then and later; 0: from the beginning */
	int64_t until_s; /* lines before then; 0: to the end */
	bool hashes;     /* of each file; all of them are then read whole */
	/* At least so many bytes before the end, and no more than it takes: for
	 * who looks for the last lines.  0: everything. */
	int64_t newest;
	struct progress *progress; /* begun; steps are bytes; or NULL */
};

/* A file of the history, as far as it was read. */
struct history_file {
	char name[AUDIT_FILE_NAME]; /* without its folder */
	int64_t bytes;              /* on disk */
	bool unreadable;            /* some of it, or all */
	char why[HISTORY_WHY];      /* for a person; "" if it was read */
	char sha256[HASH_TEXT];     /* of its bytes; "" unless asked for */
	/* For history_more(). */
	bool finished; /* its end was reached */
	char id[AUDIT_FILE_ID];
	char first[HASH_TEXT]; /* of its first line, however it is packed */
	int64_t taken;         /* bytes of lines that were read, inflated */
	int64_t lines;         /* or -1: its beginning was not read */
};

/* A line that could not be read. */
struct history_damage {
	char name[AUDIT_FILE_NAME];
	int64_t line; /* from 1; 0: it is not known */
};

struct history_end {
	int64_t begins_s; /* the time of the oldest line; 0: there is none */
	bool whole;       /* nothing but what is before since_s was left out */
	int64_t lines;    /* that entry() was called for */
	int64_t damaged;  /* lines that were left out */
	struct history_damage first_damaged[HISTORY_DAMAGES];
	bool went_back;      /* the clock did, by more than HISTORY_BACK_S */
	int64_t back_from_s; /* the time before it first did, */
	int64_t back_to_s;   /* and after */
	int64_t latest_s;    /* the latest time of a line */
	size_t reached;      /* files that were begun, of these: */
	LIST_OF(struct history_file) files; /* oldest first */
};

/* Takes a line: entry is what it says, line its own text.  False ends the
 * reading. */
typedef bool
history_entry(void *ctx, const struct audit *entry, const char *line);

/*
 * Calls entry() for each line that is asked for, oldest file first, in the
 * order in which the lines were written.  A file that is rotated meanwhile is
 * neither left out nor read twice.  *ret: history_end_done() frees it, whatever
 * is returned.  Returns an admin_exit; ADMIN_DONE also where lines are damaged,
 * a file is unreadable, or entry() ended it.
 */
int history_read(const struct admin *admin, const struct history_ask *ask,
    history_entry *entry, void *ctx, struct history_end *ret);

/*
 * Goes on where history_read(), or the last history_more(), came to: calls
 * entry() for the lines that were written since.  Returns an admin_exit.
 */
int history_more(const struct admin *admin, const struct history_ask *ask,
    history_entry *entry, void *ctx, struct history_end *end);

/*
 * Says on stderr, a line each, what a reader of the history must know of it:
 * damaged lines, files that could not be read, a clock that went back.  True if
 * a file could not be read.
 */
bool history_say_faults(const struct history_end *end);

void history_end_done(struct history_end *end);

#endif
