/*
 * tfa, for the user who runs it.
 *
 *	main.c       options, and which command it is
 *	devices.c    devices and recovery codes
 *	connect.c    a connection to another host; tcp.c makes it,
 *	             relay.c copies
 *	tunnel.c     an sshd of the user's own, behind the gate; hostkey.c has
 *	             its host key, tool.c finds sshd
 */
#ifndef TFA_OWN_H
#define TFA_OWN_H

#include "gate/gate.h"

#define OWN_USAGE  2 /* exit status: wrong words */
#define OWN_FAILED 1 /* exit status: another host, or a program, failed */

#define OWN_WORDS 2

struct own {
	struct gate gate;
	const char *targets;          /* connect: the list, or NULL */
	const char *words[OWN_WORDS]; /* behind the command; then NULL */
};

/* The commands.  Each says what went wrong, and returns the exit status. */
int own_status(struct own *own);
int own_add(struct own *own);
int own_remove(struct own *own);
int own_recovery(struct own *own);

/*
 * Connects standard input and output to the host and port of the words, or,
 * with own->targets, of the client's command, if the list in that file has
 * them.  Then no connection is made before the keeper has it in its log.
 */
int own_connect(struct own *own);

/*
 * Runs sshd on standard input and output as the user, for the key of this
 * login, if the keeper lets this login forward as at the door.
 */
int own_tunnel(struct own *own);

#endif
