/*
 * The facts of a login: the user, the address, the key and the command.
 *
 * The kernel says the uid.  /etc/passwd says the user's name, home folder and
 * shell; for a uid that is not there the keeper does, which asks a directory:
 * facts_name().
 *
 * login_read() is the one function of the gate that reads the environment: it
 * reads SSH_CONNECTION, SSH_USER_AUTH, SSH_ORIGINAL_COMMAND, TFA_CODE,
 * TFA_CONNECTION and, to know what the terminal can draw, LC_ALL, LC_CTYPE and
 * LANG.  Then it puts the environment aside until session_exec() restores it,
 * so that no library finds a variable there.
 *
 * sshd sets SSH_USER_AUTH only if it could write that file, and
 * SSH_ORIGINAL_COMMAND only if there is a command.  Otherwise a value of the
 * user's could stand.  So the drop-in's SetEnv, which sshd applies after what
 * the user sets and before what it sets itself, empties both, and an empty
 * value counts as none.
 *
 * TFA_CONNECTION is set at the door by its PAM module, whose value beats the
 * client's.  On other ports it is a client's, if the site's AcceptEnv lets it
 * in: it then makes a name that no connection of the door can have, because
 * SSH_CONNECTION is part of the name.  But the user's own program could have
 * given a code under that name before, so it counts only where sshd says that
 * questions were answered.
 */
#ifndef TFA_FACTS_H
#define TFA_FACTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "gate/screen/display.h"
#include "gate/sshd/keypath.h"
#include "store/wire/protocol.h"

struct facts {
	uid_t uid;
	size_t name_len; /* of the user's name, if it is too long for us */
	char user
	    [USER_TEXT]; /* by /etc/passwd or facts_name(); so are the next */
	char *home;
	char *shell;                /* NULL until facts_name() */
	char address[ADDRESS_TEXT]; /* the client's, or "" */
	char auth_path[PATH_TEXT];  /* names the connection, or "" */
	bool auth_named; /* sshd's file says which key was used, if any */
	bool auth_lost;  /* sshd named a file that cannot be trusted */
	char auth_why[PATH_TEXT + 64]; /* "PATH: REASON", or "" */
	char *auth;                    /* "publickey TYPE BLOB", or NULL */
	size_t keys;                   /* how many keys sshd asked for */
	bool asked;                    /* sshd had questions answered, too */
	char *command;                 /* what the client asked for, or NULL */
	char code[INPUT_TEXT];         /* TFA_CODE by typed_plain(), or "" */
	bool code_empty;               /* TFA_CODE is set, to nothing */
	bool terminal;                 /* somebody can be asked */
	struct display display;        /* what that terminal can show */
	char **environment;            /* as sshd made it, for the session */
};

/*
 * *ret: the facts; facts_done() frees them.  FAULT_IO: /etc/passwd cannot be
 * read; FAULT_LIMIT: the user's name is too long, and ret->name_len is its
 * length; FAULT_MEMORY.  The process has no environment afterwards.
 */
MUST_USE enum fault login_read(struct facts *ret);

/*
 * Takes user, home and shell from the keeper's reply to a login, unless they
 * are known already.  So a keeper that was taken over can let people in, but
 * can run no program of its choice as root or as a user of /etc/passwd.  False
 * if home or shell is no path: there is no session then.
 */
MUST_USE bool facts_name(struct facts *facts, struct reply *reply);

/* The user as the readers of key files take one; it points into facts. */
struct keypath_user facts_keypath_user(const struct facts *facts);

void facts_done(struct facts *facts);

#endif
