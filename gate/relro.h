/*
 * Makes the tables read-only that only the start of the program fills in, such as
 * those of pointers to functions.  Somebody who can write over the memory of the
 * gate then cannot choose with them what runs next.
 *
 * glibc does this for each program.  musl does it for programs that load
 * libraries, and the gate is a static program.
 */
#ifndef TFA_RELRO_H
#define TFA_RELRO_H

#include <stdbool.h>

/* False: the kernel refused it, and the tables can be written. */
bool relro_protect(void);

#endif
