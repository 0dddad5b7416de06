/* Where the system has a program of OpenSSH.  No PATH of a user's is asked. */
#ifndef TFA_TOOL_H
#define TFA_TOOL_H

#include <stdbool.h>

#define TOOL_PATH   64
#define TOOL_PLACES "/usr/sbin, /usr/bin, /usr/local/sbin and /usr/local/bin"

/* ret: the path of the program called name; false if it is in none of these
 * folders. */
bool tool_find(const char *name, char ret[static TOOL_PATH]);

#endif
