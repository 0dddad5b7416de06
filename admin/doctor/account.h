/*
 * Says if sshd lets an account in at all, with a key or a password: by sshd's
 * answer for it, its files of keys, its shell and shadow(5).  Needs root.
 */
#ifndef TFA_DOCTOR_ACCOUNT_H
#define TFA_DOCTOR_ACCOUNT_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "admin/doctor/dump.h"

/* A login must open a shell, or anything, as sftp. */
enum account_use { ACCOUNT_SHELL = 0, ACCOUNT_ANY };

/*
 * True if sshd lets them in, from the address of the view.  Else ret_why says
 * what keeps them out: "is locked (shadow)".  A key that only
 * AuthorizedKeysCommand gives does not count.  An authority counts for a shell:
 * its certificates cannot be looked at.
 */
bool account_gets_in(const struct view *view, const struct passwd *pw,
    enum account_use use, char *ret_why, size_t size);

#endif
