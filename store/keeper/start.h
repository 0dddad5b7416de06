/*
 * How a program that serves on a socket begins: the keeper, and the link.  Each of
 * these ends the process where that cannot be done, after a line on stderr.
 */
#ifndef TFA_KEEPER_START_H
#define TFA_KEEPER_START_H

#include <stdio.h>
#include <sys/types.h>
#include <sys/un.h>

#include "store/base/options.h"

#define START_USAGE 2 /* the status where it was called wrongly */

/* Prints how the program is called, and ends it. */
typedef void start_usage(FILE *to, int status);

/* *ret: the options that were given, of that table.  There are no operands. */
void start_options(const struct options *options, int argc, char **argv,
    void *ret, start_usage *usage);

/* No core dump, nobody traces it, and files that it makes are its own. */
void start_closed(void);

/* Clears the environment, which may be that of a person: OPENSSL_CONF, for one,
 * names code that libcrypto loads. */
void start_forget(void);

/* *ret: the address of a Unix socket. */
void start_address(const char *path, struct sockaddr_un *ret);

/* Removes a socket that nobody answers: an earlier process left it.  who: "keeper",
 * for whoever finds one that answers. */
void start_clear(const struct sockaddr_un *address, const char *who);

/* Gives up root: this process is that user's from now on, whose name is for the
 * message.  It stays closed. */
void start_become(const char *user, uid_t uid, gid_t gid);

#endif
