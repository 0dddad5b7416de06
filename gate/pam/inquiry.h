/*
 * Asks the keeper for the module, in a child of its own that has become the
 * user: the keeper answers about whoever the kernel says is asking.
 *
 * The child never runs another program: one that the user's own processes could
 * trace would let them write the answer.  A child of root that changed its ids
 * is not dumpable and cannot be traced.  It can be killed or stopped, which is
 * a denial.
 */
#ifndef TFA_INQUIRY_H
#define TFA_INQUIRY_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "gate/pam/ruling.h"
#include "store/wire/client.h"

#define INQUIRY_WAIT_MS 20000 /* the keeper answers within that */
#define INQUIRY_LIFE_S  25    /* of the child */
#define INQUIRY_NOBODY  65534 /* asks in the place of a user who is not there */

struct inquiry {
	struct client_options keeper;
	uid_t uid;
	gid_t gid;
	bool door;    /* the strict answer: before a connection may forward */
	bool judged;  /* the keeper let this connection pass before */
	bool unknown; /* there is no such user: nobody may notice that */
	const char *user, *home;    /* at the door, whose files of keys count */
	const char *request;        /* "login" or "verify" */
	const char *code;           /* as it was typed, or NULL */
	const char *service;        /* of PAM, or NULL: who asks, for the log */
	const char *token;          /* names the connection, at the door */
	const char *ssh_connection; /* PAM's variable of that name, or NULL */
	const char *ssh_auth_info;  /* SSH_AUTH_INFO_0, or NULL */
	struct timespec since; /* the connection began; 0: that is not known */
};

/*
 * Fills in the request, which request_done() frees.  NULL, or what is wrong
 * with what sshd says: at the door a request must have a connection's name.
 */
const char *inquiry_fill(const struct inquiry *inquiry, struct request *ret);

/* Asks the keeper as this process is. */
void inquiry_ask(const struct inquiry *inquiry, struct ruling *ret);

/*
 * The child: finds out when the connection began, which only root may see
 * everywhere, becomes the user, asks, writes one struct ruling to fd, and ends.
 * If it cannot become the user it ends without a word.
 */
_Noreturn void inquiry_run(const struct inquiry *inquiry, int fd);

#endif
