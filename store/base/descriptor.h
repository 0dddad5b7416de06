/*
 * Two things that a new kernel does with descriptors in one call.  An older one,
 * and a container that refuses the call, need several: the outcome is the same.
 */
#ifndef TFA_DESCRIPTOR_H
#define TFA_DESCRIPTOR_H

#include <stdbool.h>

/*
 * Opens a file and follows no link, neither at the end of the path nor in a
 * folder on the way, which may be somebody else's.  flags are those of open(2)
 * without O_CREAT and O_PATH.  -1 (see errno): ELOOP if there is a link.
 */
int descriptor_open_no_link(const char *path, int flags);

/*
 * Closes each descriptor from first on.  False (errno) if some may be open
 * still: the kernel cannot do it at once, and there is no /proc that lists them.
 */
bool descriptor_close_from(int first);

#endif
