/*
 * Whole files through descriptors: read all, write all, replace all.
 */
#ifndef TFA_FILE_H
#define TFA_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "store/base/fault.h"

/*
 * *ret_text: what is left of fd, at most max bytes of it, and a NUL; the
 * caller frees.  A file of more than max bytes gives max: ask for one more
 * than you accept.  FAULT_IO (errno), FAULT_MEMORY.
 */
MUST_USE enum fault
file_read(int fd, size_t max, char **ret_text, size_t *ret_len);

/* Writes all of it, however often the kernel takes less.  FAULT_IO. */
MUST_USE enum fault file_write(int fd, const void *bytes, size_t len);

/*
 * openat(2) with O_CREAT, O_NOFOLLOW and O_CLOEXEC, mode 0600.  Whoever may
 * make a file locks its folder against all others, so that is tried only where
 * the file is not there.
 */
int file_open_or_make(int folder, const char *name, int flags);

/*
 * Puts bytes where name in folder was, or leaves that as it is: writes the
 * file new (what stands there is unlinked) with mode, and owner and group
 * unless they are -1, syncs it, renames it.  FAULT_IO, errno says why: the old
 * file stands.  Until the folder is synced, a crash may bring the old one back.
 */
MUST_USE enum fault file_put(int folder, const char *name, const char *new,
    mode_t mode, uid_t owner, gid_t group, const void *bytes, size_t len);

/*
 * The same, and syncs the folder.  Where that fails it is FAULT_IO too, though
 * the new file stands: for callers to whom what may be lost is not written.
 */
MUST_USE enum fault file_replace(int folder, const char *name, const char *new,
    mode_t mode, uid_t owner, gid_t group, const void *bytes, size_t len);

#endif
