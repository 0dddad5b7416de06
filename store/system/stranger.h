/*
 * Takes from a program that is not trusted what it may not have of its
 * caller's.  Private to child.c.
 */
#ifndef TFA_STRANGER_H
#define TFA_STRANGER_H

#include <stdbool.h>

/*
 * In the process that becomes the program, while it has its caller's rights:
 * takes away the keys, all descriptors but 0, 1, 2 and *report, which becomes
 * 3, and what a runaway could use up; the folder is then "/".  False: errno.
 */
bool stranger_strip(int *report);

#endif
