/*
 * Reads, writes and replaces whole files by their descriptors.
 *
 * To replace a file, so that a crash leaves the old one or the new one, never
 * half of one:
 *
 *	int folder = open("/etc/tfa", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
 *
 *	fault = file_replace(folder, "policy.json", ".policy.json.new", 0644,
 *	    (uid_t)-1, (gid_t)-1, text, strlen(text));
 *
 * Two writers of one file must share a lock: both would write the same
 * temporary file.
 */
#ifndef TFA_FILE_H
#define TFA_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "store/base/fault.h"

/*
 * Reads from the descriptor's position to the end of the file, at most max
 * bytes.  *ret_text gets a NUL as well; the caller frees it.  A longer file
 * gives exactly max bytes, so pass one more than the largest size you accept.
 * FAULT_IO (see errno), FAULT_MEMORY.
 */
MUST_USE enum fault
file_read(int fd, size_t max, char **ret_text, size_t *ret_len);

/* Writes all len bytes, in as many calls as the kernel needs.  FAULT_IO. */
MUST_USE enum fault file_write(int fd, const void *bytes, size_t len);

/*
 * Opens the file, or creates it with mode 0600, and returns a descriptor or -1
 * (see errno).  Adds O_NOFOLLOW and O_CLOEXEC.  O_CREAT locks the folder
 * against every other process that creates a file there, so it is used only if
 * the file is missing.
 */
int file_open_or_make(int folder, const char *name, int flags);

/*
 * Replaces the file called name, or leaves it as it was.  Writes a new file
 * under the temporary name new (after removing what is there), sets its mode,
 * and its owner and group unless owner is -1, syncs it and renames it to name.
 * FAULT_IO (see errno): the old file is still there.  The folder is not synced:
 * after a crash the old file may be back.
 */
MUST_USE enum fault file_put(int folder, const char *name, const char *new,
    mode_t mode, uid_t owner, gid_t group, const void *bytes, size_t len);

/*
 * Calls file_put(), then syncs the folder.  If only that sync fails, it returns
 * FAULT_IO although the new file is in place: a caller must not count on it.
 */
MUST_USE enum fault file_replace(int folder, const char *name, const char *new,
    mode_t mode, uid_t owner, gid_t group, const void *bytes, size_t len);

#endif
