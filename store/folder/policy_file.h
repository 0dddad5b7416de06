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

#include "store/base/guarded.h"
#include "store/core/policy.h"

#define POLICY_WHY_TEXT GUARDED_WHY_TEXT

/*
 * *ret: the policy in the file at path, which is guarded (guarded_read()); free
 * it with policy_done().
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

#define POLICY_DRAFT "draft" /* a policy that is to be weighed */
#define POLICY_NEXT  "put"   /* one that is to be the fleet's */

/* ret: the path of a hidden file beside the policy, ".policy.json.SUFFIX". */
void policy_file_beside(
    const char *path, const char *suffix, char *ret, size_t size);

#endif
