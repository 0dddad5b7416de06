/*
 * Files of root that decide who gets in: they are read only after a look at who
 * can have written them.
 */
#ifndef TFA_GUARDED_H
#define TFA_GUARDED_H

#include <stddef.h>
#include <sys/types.h>

#include "store/base/fault.h"

#define GUARDED_WHY_TEXT 512

/*
 * *ret_text: the text of the file at path, at most max bytes and a NUL; the
 * caller frees it.  A longer file gives exactly max bytes.  The file and its
 * folder must belong to root or to owner, and nobody else may be able to write
 * either; a symbolic link is refused.  Both are checked on open descriptors, so
 * that the file read is the file that was checked.
 *
 * FAULT_ABSENT: no such file.  FAULT_ACCESS, FAULT_IO, FAULT_MEMORY.  ret_why:
 * one line about it, with the path.
 */
MUST_USE enum fault guarded_read(const char *path, uid_t owner, size_t max,
    char **ret_text, size_t *ret_len, char ret_why[static GUARDED_WHY_TEXT]);

/* guarded_read() of a file that nobody else can read, either. */
MUST_USE enum fault
guarded_read_secret(const char *path, uid_t owner, size_t max, char **ret_text,
    size_t *ret_len, char ret_why[static GUARDED_WHY_TEXT]);

/*
 * Checks that such a file may lie in dir, the open folder of that name.
 * FAULT_ACCESS: the folder is somebody else's, or others can write to it;
 * FAULT_IO.  ret_why: one line about it.
 */
MUST_USE enum fault guarded_check_folder(int dir, const char *folder,
    uid_t owner, char ret_why[static GUARDED_WHY_TEXT]);

#endif
