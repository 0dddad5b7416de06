/*
 * Reads the policy's file, after checking who can have written it.
 *
 *	struct policy policy;
 *	char why[POLICY_WHY_TEXT];
 *
 *	if (policy_file_load("/etc/tfa/policy.json", 0, &policy, why) != FAULT_NONE)
 *		deny; log why
 *	...
 *	policy_done(&policy);
 */
#ifndef TFA_POLICY_FILE_H
#define TFA_POLICY_FILE_H

#include <sys/types.h>

#include "store/core/policy.h"

#define POLICY_WHY_TEXT 512

/*
 * *ret: the policy in the file at path; free it with policy_done().  The file
 * and its folder must belong to root or to owner, and nobody else may be able
 * to write either; a symbolic link is refused.  Both are checked on open
 * descriptors, so that the file read is the file that was checked.
 *
 * FAULT_ABSENT: no such file.  FAULT_ACCESS, FAULT_FORMAT, FAULT_LIMIT,
 * FAULT_IO, FAULT_MEMORY.  ret_why: one line with file, line and key.
 */
MUST_USE enum fault policy_file_load(const char *path, uid_t owner,
    struct policy *ret, char ret_why[static POLICY_WHY_TEXT]);

/* *ret_text: the file's text, checked in the same way but not parsed; at
 * most POLICY_MAX + 1 bytes and a NUL.  The caller frees it. */
MUST_USE enum fault policy_file_read(const char *path, uid_t owner,
    char **ret_text, size_t *ret_len, char ret_why[static POLICY_WHY_TEXT]);

/*
 * Checks that a policy may lie in dir, the open folder of that name.
 * FAULT_ACCESS: the folder is somebody else's, or others can write to it;
 * FAULT_IO.  ret_why: one line about it.
 */
MUST_USE enum fault policy_file_check_folder(int dir, const char *folder,
    uid_t owner, char ret_why[static POLICY_WHY_TEXT]);

#define POLICY_DRAFT "draft" /* a policy that is to be weighed */

/* ret: the path of a hidden file beside the policy, ".policy.json.SUFFIX". */
void policy_file_beside(
    const char *path, const char *suffix, char *ret, size_t size);

#endif
