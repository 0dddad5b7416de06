/*
 * The TCP sockets that listen in this network namespace, what each says to
 * whoever connects, and which processes hold it.  An SSH server speaks first
 * (RFC 4253, 4.2), so nothing is sent: a connection is made, read and closed.
 *
 *	struct sockets sockets = {.why = ""};
 *	sockets_list(&sockets);
 *	sockets_find_holders(&sockets);
 *	sockets_listen(&sockets, 1500);
 *	...
 *	sockets_done(&sockets);
 */
#ifndef TFA_SOCKETS_H
#define TFA_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "store/json/json.h"

#define SOCKETS_MAX    200 /* of which the first are asked */
#define SOCKET_BANNER  256 /* bytes that one may say before "SSH-" */
#define SOCKET_ADDRESS 64

enum socket_answer {
	SOCKET_UNREACHED = 0, /* no connection could be made */
	SOCKET_SILENT,        /* it said nothing in time, or hung up */
	SOCKET_OTHER,         /* it said something else */
	SOCKET_SSH,           /* it answered as an SSH server does */
};

struct socket {
	char address[SOCKET_ADDRESS]; /* "127.0.0.1:22", "[::1]:22" */
	unsigned long inode;
	struct sockaddr_in6 to; /* IPv4 as ::ffff:a.b.c.d */
	enum socket_answer answer;
	char banner[SOCKET_BANNER]; /* "SSH-2.0-..." */
};

struct socket_holder {
	int pid;
	size_t socket; /* number of sockets.list */
};

struct sockets {
	LIST_OF(struct socket) list;
	LIST_OF(struct socket_holder) holders;
	char why[200]; /* why not all of them are here; "" */
};

/* Adds the one of a line of /proc/net/tcp or tcp6, if it listens. */
void sockets_parse(struct sockets *sockets, const char *line);

/* Adds those of this network namespace. */
void sockets_list(struct sockets *sockets);

/* Connects to all at once and reads what they say, for limit_ms at most. */
void sockets_listen(struct sockets *sockets, int limit_ms);

/* Adds the processes that hold the sockets; without root, only one's own are
 * seen. */
void sockets_find_holders(struct sockets *sockets);

/* True if that process holds the socket now. */
bool socket_is_held(const struct socket *socket, int pid);

/* True if a server greeted as SSH does; *ret is its line. */
bool socket_is_ssh(const char *said, char ret[static SOCKET_BANNER]);

void sockets_done(struct sockets *sockets);

#endif
