/*
 * A clock for waits, which only goes forward: nobody can set it, and it says
 * nothing of the time of day.
 */
#ifndef TFA_CLOCK_H
#define TFA_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment of this boot. */
int64_t clock_ms(void);

#endif
