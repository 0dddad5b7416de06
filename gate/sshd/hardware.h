/*
 * Judges whether the key that sshd let in is a hardware key, which somebody
 * touched, and which root alone can have listed.  Such a key may stand for a
 * code.
 *
 * The thief of an earlier session can write what the user can.  So a line
 * counts for a key only in a file of root's; but against it, a line counts
 * anywhere, because sshd obeys the first that it finds.  A line that has the
 * key and cannot be read counts against it, and so does a file that cannot be
 * read.  A certificate counts only if it names a principal that root's line
 * names, or the user: with a line of their own, users let in whomever they
 * like.
 *
 * sshd read these lines when it let the key in, and a line may be gone when the
 * gate looks.  So the connection on which a file of the user's changed has no
 * hardware key.
 *
 * Never does any of this refuse a key: one that does not count is worth what it
 * was worth before.
 */
#ifndef TFA_SSHD_HARDWARE_H
#define TFA_SSHD_HARDWARE_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/sshd/key.h"
#include "gate/sshd/keyfile.h"
#include "store/core/hardware.h"

/* Where a line stands. */
enum hardware_place {
	HARDWARE_ANYWHERE = 0, /* in a file that somebody else can write */
	HARDWARE_ROOTS,        /* in a file of root's with hardware keys */
	HARDWARE_AUTHORITIES,  /* in one of root's with authorities alone */
};

/* All that lines say of a key, or of its authority; zeroed before the first. */
struct hardware_lines {
	bool roots;      /* a file of root's has a line that lets it in */
	bool no_touch;   /* a line may take the touch away */
	bool unverified; /* a line lets it in without a PIN */
	bool limited;    /* a line lets it in from somewhere, or for a time */
	size_t count;    /* lines that let it in */
};

/* Takes into account what the text of a file says of the key for this user. */
void hardware_read(const char *text, enum hardware_place place,
    const struct key *key, const char *user, struct hardware_lines *lines);

/* The proof that the key gives, by all lines.  HARDWARE_NONE: *ret_why says
 * why, behind "the key". */
enum hardware hardware_judge(const struct key *key,
    const struct hardware_lines *lines, const char **ret_why);

/* The files in which a hardware key is looked for. */
struct hardware_question {
	const struct keypath_user *user;
	struct keypath_list files;       /* keys.files of the policy */
	struct keypath_list hardware;    /* keys.hardware_files */
	struct keypath_list authorities; /* keys.hardware_authorities */
};

/*
 * The proof that the key gives, by all these files, read as this process may
 * read them.  HARDWARE_NONE: ret_why says why, with the file where it is one's
 * fault.
 */
enum hardware hardware_search(const struct hardware_question *question,
    const struct key *key, char ret_why[static WHY_TEXT]);

/*
 * True if none of these files, but for those that root alone can write, changed
 * since then, nor a folder or link on the way to it: sshd, which let the key in
 * after that, has read what hardware_search() did.  Otherwise ret_why says
 * which file.
 */
bool hardware_is_settled(const struct hardware_question *question,
    const struct timespec *since, char ret_why[static WHY_TEXT]);

/* The proof that the key gives on a connection that began then, {0} if that is
 * not known: what hardware_search() finds, if the files are settled. */
enum hardware hardware_prove(const struct hardware_question *question,
    const struct key *key, const struct timespec *since);

#endif
