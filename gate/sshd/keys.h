/*
 * The restriction of a key to one command.  ForceCommand overrides the
 * command="..." of authorized_keys and a certificate's force-command, so a gate
 * that simply ran what the client asks for would turn a key for one command
 * into a key for everything.  This module finds the restriction again.
 *
 * Every line that holds the key must say the same.  A line that mentions the
 * key and cannot be read counts as one that says something else.  Doubt refuses
 * the key and never widens it.
 */
#ifndef TFA_KEYS_H
#define TFA_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/sshd/key.h"
#include "gate/sshd/keyfile.h"
#include "store/base/fault.h"
#include "store/core/verdict.h"

/* The restriction as known so far; zeroed before the first file. */
struct restriction {
	bool listed;      /* a line has the key, or its authority */
	bool free;        /* such a line has no command */
	bool conflicting; /* lines differ, or one cannot be read */
	char *command;    /* that the lines carry, or NULL; on the heap */
};

/*
 * Takes into account what len bytes of an authorized_keys file (sshd(8)) say of
 * the key: a line that has it, or for a certificate a cert-authority line that
 * has its authority.  FAULT_FORMAT for a NUL; FAULT_MEMORY.
 */
MUST_USE enum fault restriction_read(const char *text, size_t len,
    const struct key *key, struct restriction *restriction);

/* The decision on a key; all but the first refuse it. */
enum key_verdict {
	KEY_PASSES = 0x3d07, /* with the command that was found, if any */
	KEY_DOUBTFUL = 0,
	KEY_UNLISTED,
	KEY_IN_OPEN_FILE, /* it stands only in files that others can write */
};

/*
 * The verdict on a key.  found: by the files that only root and the user can
 * write; doubted: by the files that others can write too, and that sshd ignores
 * (StrictModes).  A restriction counts wherever it stands, but only found lets
 * a key in.  unlisted: the policy lets a key pass that is in no file.
 */
enum key_verdict keys_judge(const struct restriction *found,
    const struct restriction *doubted, bool unlisted);

/* The kinds of lines of authorized_keys, whichever key they have. */
enum key_line {
	KEY_LINE_DOUBTFUL = 0, /* cannot be read: it may be anything */
	KEY_LINE_NONE,         /* empty, or a comment */
	KEY_LINE_FREE,         /* a key without a command */
	KEY_LINE_COMMAND,      /* a key for one command */
	KEY_LINE_AUTHORITY,    /* certificates, each with what it says */
};

enum key_line key_line_read(const char *line);

void restriction_done(struct restriction *restriction);

/* Reads a file of keys, as keyfile_read() does, or with other rights. */
typedef enum fault keys_reader(const struct keypath_user *user,
    const char *name, struct keyfile *ret, char ret_why[static WHY_TEXT]);

/* The files in which a key is looked for, and the policy's word on others. */
struct keys_question {
	struct keypath_list files; /* keys.files of the policy */
	const struct keypath_user *user;
	bool common;   /* only in the files that are the same for everyone */
	bool unlisted; /* the policy lets a key pass that is in no file */
	keys_reader *read;
};

struct keys_answer {
	enum key_verdict verdict;
	char *command; /* the key may run this alone, or NULL; on the heap */
};

/*
 * *ret: the verdict on a key by all files of keys.files.  The gate asks about
 * the key that sshd let in, doctor and setup about any key.  keys_answer_done()
 * frees it.  A fault if a file is there, or may be, and cannot be read: every
 * key is refused then, and ret_why says which file and why.
 *
 *	struct keys_question question = {
 *	    .files = KEYPATH_LIST(policy.keys.files), .user = &user,
 *	    .unlisted = policy.keys.unlisted == UNLISTED_ALLOW,
 *	    .read = keyfile_read};
 *
 *	if (keys_search(&question, &key, &answer, why) == FAULT_NONE)
 *		... answer.verdict, answer.command ...
 *	keys_answer_done(&answer);
 */
MUST_USE enum fault
keys_search(const struct keys_question *question, const struct key *key,
    struct keys_answer *ret, char ret_why[static WHY_TEXT]);

void keys_answer_done(struct keys_answer *answer);

/*
 * The gate's decision on a key, with what a certificate says of itself, which
 * this takes out of the key.  REASON_NONE: it passes, and *ret_command is all
 * that it may run, on the heap, or NULL for everything.  Any other reason
 * refuses it; ret_why goes with REASON_KEY_FILE.
 */
MUST_USE enum reason keys_decide(const struct keys_question *question,
    struct key *key, char **ret_command, char ret_why[static WHY_TEXT]);

#endif
