/*
 * The facts of a login: who, from where, by which key, wanting what.
 *
 * Who comes is the kernel's word.  Which user that is, with which home and
 * shell, /etc/passwd says; of a uid that it does not have, the keeper, who asks a
 * directory: facts_name().
 *
 * login_read() is the one function of the gate that reads the environment, and
 * it reads SSH_CONNECTION, SSH_USER_AUTH, SSH_ORIGINAL_COMMAND, TFA_CODE and,
 * for how to draw, LC_ALL, LC_CTYPE and LANG.  Then it puts the environment
 * aside, so that no library finds a variable of its own, until session_exec()
 * takes it up.
 *
 * sshd sets SSH_USER_AUTH only where it could write that file, and
 * SSH_ORIGINAL_COMMAND only where there is a command.  The other times a value
 * of the user's would stand: the drop-in's SetEnv, which sshd applies after
 * all that is the user's and before its own, empties them, and an empty one
 * is none.
 */
#ifndef TFA_FACTS_H
#define TFA_FACTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "gate/screen/display.h"
#include "store/wire/protocol.h"

#define AUTH_MAX 65536 /* bytes of the file that SSH_USER_AUTH names */

struct facts {
	uid_t uid;
	size_t name_len; /* of the user's name, where that is too long for us */
	char user[USER_TEXT]; /* by passwd or facts_name(), as what follows */
	char *home;
	char *shell;                /* NULL: not named yet */
	char address[ADDRESS_TEXT]; /* the client's, or "" */
	char auth_path[PATH_TEXT];  /* names the connection, or "" */
	bool auth_lost; /* sshd named a file that cannot be trusted */
	char auth_why[PATH_TEXT + 64]; /* which, and why; or "" */
	char *auth;                    /* "publickey TYPE BLOB", or NULL */
	size_t keys;                   /* how many keys sshd asked for */
	char *command;                 /* what the client asked for, or NULL */
	char code[INPUT_TEXT];         /* TFA_CODE by typed_plain(), or "" */
	bool code_empty;               /* it is there, and says nothing */
	bool terminal;                 /* somebody can be asked */
	struct display display;        /* what that terminal can show */
	char **environment;            /* as sshd made it, for the session */
};

/*
 * *ret: the facts; facts_done() frees them.  FAULT_IO: passwd cannot be read;
 * FAULT_LIMIT: the user's name is too long, ret->name_len says how long;
 * FAULT_MEMORY.  The process has no environment afterwards.
 */
MUST_USE enum fault login_read(struct facts *ret);

/*
 * Takes user, home and shell out of the keeper's reply to a login, unless they
 * are known: a keeper that was taken over lets people in, and runs nothing as
 * whom passwd has, or as root.  False where home and shell are no paths: nobody
 * has a session then.
 */
MUST_USE bool facts_name(struct facts *facts, struct reply *reply);

void facts_done(struct facts *facts);

#endif
