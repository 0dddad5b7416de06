/*
 * The policy as a file: who may have written it is part of what it says.
 */
#ifndef TFA_POLICY_FILE_H
#define TFA_POLICY_FILE_H

#include <sys/types.h>

#include "store/core/policy.h"

#define POLICY_WHY_TEXT 512

/*
 * *ret: the policy in the file at path; policy_done() frees it.  Refused
 * unless the file and its folder belong to root, or to owner, and nobody else
 * may write either; a symbolic link is refused.  Checked on open descriptors,
 * so that what is read is what was checked.
 *
 * FAULT_ABSENT: no such file.  FAULT_ACCESS, FAULT_FORMAT, FAULT_LIMIT,
 * FAULT_IO, FAULT_MEMORY.  ret_why: one line with file, line and key.
 */
MUST_USE enum fault policy_load(const char *path, uid_t owner,
    struct policy *ret, char ret_why[static POLICY_WHY_TEXT]);

/*
 * *ret_text: the text of that file, checked in the same way but not parsed; at
 * most POLICY_MAX + 1 bytes and a NUL.  The caller frees it.
 */
MUST_USE enum fault policy_read(const char *path, uid_t owner, char **ret_text,
    size_t *ret_len, char ret_why[static POLICY_WHY_TEXT]);

/*
 * Whether dir, the open folder of that name, is one that a policy may lie in.
 * FAULT_ACCESS: it is somebody else's, or others may write there; FAULT_IO.
 * ret_why: a line that says so.
 */
MUST_USE enum fault policy_check_folder(int dir, const char *folder,
    uid_t owner, char ret_why[static POLICY_WHY_TEXT]);

#endif
