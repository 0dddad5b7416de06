/*
 * Tables of addresses that only the program's start fills in, such as that of
 * pointers to functions, become read-only: who finds a way to write over memory
 * finds none to choose with it what runs next.
 *
 * glibc does so for its programs.  The start of musl does so for shared libraries
 * alone, and the gate is a static program.
 */
#ifndef TFA_RELRO_H
#define TFA_RELRO_H

#include <stdbool.h>

/* False: the kernel refused it, and the tables can be written. */
bool relro_protect(void);

#endif
