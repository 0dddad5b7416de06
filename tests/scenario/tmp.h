/*
 * A /tmp of the test's own, seen by it and by the sshd that it starts
 * afterwards, and by nobody else: sshd writes there which key was used.  Needs
 * root.
 */
#ifndef TFA_TESTS_TMP_H
#define TFA_TESTS_TMP_H

#include <stdbool.h>

enum tmp_kind {
	TMP_FINE,
	TMP_NO_SPACE,
	TMP_NO_INODES,
	TMP_READ_ONLY,
	TMP_CLOSED, /* mode 0755, root's */
	TMP_QUOTA,  /* each user's quota is used up */
	TMP_GONE,   /* the folder is not there */
	TMP_KINDS
};

extern const char *const tmp_names[TMP_KINDS];

/*
 * From now on this test has its own mounts and its own homes of the users. Call
 * it before the bastion opens.
 */
void tmp_own(void);

/* Replaces /tmp by one of that kind. False if this kernel has no such kind. */
bool tmp_put(enum tmp_kind kind);

#endif
