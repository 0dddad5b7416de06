#ifndef TFA_ADOPTION_H
#define TFA_ADOPTION_H

#include <stddef.h>

/* How many have a second factor, of all who are neither exempt nor gone: locked
 * users are among them, and those for whom a hardware key is enough. */
struct adoption {
	size_t done, of;
	size_t percent; /* rounded down */
};

/* states: how many of the users are in each enum state. */
struct adoption adoption_of(size_t users, const size_t states[]);

#endif
