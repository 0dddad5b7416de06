/*
 * The folders in which the removal of a file leaves its only trace.
 */
#ifndef TFA_FOLDERS_H
#define TFA_FOLDERS_H

#include <sys/stat.h>

/*
 * Calls each with the folders that change when a file of pattern, an absolute
 * path for glob(3), comes or goes: the one that it is in and, where that has a
 * wildcard or is gone itself, those above it, up to one that is there.  A file
 * that is there under a name without a wildcard has a time of its own: then
 * there is no call.
 */
void folders_of(const char *pattern,
    void (*each)(void *ctx, const char *folder, const struct stat *st),
    void *ctx);

#endif
