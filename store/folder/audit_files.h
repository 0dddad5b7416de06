/*
 * The audit's files: the current one, and those that logrotate made of earlier
 * ones, oldest first.
 *
 *	audit.jsonl                       the current one
 *	audit.jsonl-20261129-1764441900   dateext; any digits, with - or . between
 *	audit.jsonl-20261029.gz           compressed
 *	audit.jsonl.1, audit.jsonl.2.gz   numbered: the highest is the oldest
 *
 * Dates are ordered by their numbers, not by the files' own times, which a copy
 * changes.  Other names that begin so are no history, unless they only end in
 * another way: "audit.jsonl-20261029.xz" is named as unreadable.
 *
 * A file is known by its inode and the time at which that was born, which
 * renaming does not change.
 */
#ifndef TFA_AUDIT_FILES_H
#define TFA_AUDIT_FILES_H

#include "store/base/list.h"
#include "store/folder/audit.h"

#define AUDIT_FILE_NAME 64
#define AUDIT_FILE_ID   64
#define AUDIT_FILE_WHY  80

/* A file as the keeper announces it: a row of the answer to "log". */
struct audit_file {
	char name[AUDIT_FILE_NAME];
	char id[AUDIT_FILE_ID];
	int64_t bytes;
	int64_t offset;           /* the first byte that follows */
	int64_t written_s;        /* the last time it was */
	bool skipped;             /* only its start follows */
	char why[AUDIT_FILE_WHY]; /* nothing follows; for a person */
};

extern const struct json_shape audit_file_shape;

struct audit_files {
	LIST_OF(struct audit_file) files;
};

/*
 * *ret: the files in the folder, oldest first; free the items.  A file that is
 * not the keeper's own is listed with why.  FAULT_IO (errno), FAULT_MEMORY;
 * FAULT_STALE: files were renamed all the while.
 */
MUST_USE enum fault audit_files_list(int folder, struct audit_files *ret);

/*
 * Opens a file of the list; file->bytes are then those of now.  FAULT_STALE: its
 * name is another file's by now; FAULT_ACCESS: it is not the keeper's own;
 * FAULT_IO.
 */
MUST_USE enum fault
audit_file_open(int folder, struct audit_file *file, int *ret_fd);

/* True if the name is that of a compressed file. */
bool audit_file_is_packed(const char *name);

#endif
