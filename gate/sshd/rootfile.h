/*
 * A file that root alone can have written: it belongs to root, as does each
 * folder above it and each link on the way to it, and nobody else may write
 * any of them.  A group that may write is somebody else, and an ACL that lets
 * anybody write shows in the bits of the group.
 *
 * Each part of the path is judged by a descriptor that it was opened with, and
 * no link is followed before it was judged.  So nothing that a user can change
 * leads to another file.
 */
#ifndef TFA_ROOTFILE_H
#define TFA_ROOTFILE_H

#include <limits.h>
#include <stddef.h>

#include "store/base/fault.h"

#define ROOTFILE_MAX   (4UL << 20) /* bytes of such a file */
#define ROOTFILE_LINKS 16          /* on the way to it */

struct rootfile {
	char *text;             /* on the heap, with a NUL; or NULL */
	char culprit[PATH_MAX]; /* after a fault: the file, folder or link */
	char why[128];          /* and what is wrong with it */
};

/*
 * Reads the file at path, which is absolute.  *ret is filled in any case, and
 * rootfile_done() frees it.  FAULT_ABSENT: no such file; FAULT_ACCESS: somebody
 * else than root can write ret->culprit; FAULT_IO: it cannot be read;
 * FAULT_FORMAT: it is no text file; FAULT_LIMIT; FAULT_MEMORY.
 */
MUST_USE enum fault rootfile_read(const char *path, struct rootfile *ret);

void rootfile_done(struct rootfile *file);
#define scoped_rootfile __attribute__((cleanup(rootfile_done)))

#endif
