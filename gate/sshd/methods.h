/*
 * How somebody authenticated, as sshd writes it: a line for each method that
 * succeeded, such as "publickey TYPE BLOB" or "password".  The gate finds these
 * lines in the file that SSH_USER_AUTH names, a PAM module in SSH_AUTH_INFO_0.
 */
#ifndef TFA_METHODS_H
#define TFA_METHODS_H

#include <stdbool.h>
#include <stddef.h>

#define METHODS_MAX 65536 /* bytes of such a text that are read at all */

/*
 * Returns the first line that names a public key, on the heap; *ret_count: how
 * many lines do.  Lines of other methods name no key.  NULL: no line does, or,
 * if *ret_count is not 0, there is no memory.
 */
char *methods_key(const char *text, size_t *ret_count);

/* True if a line says that questions were answered, as the door asks them. */
bool methods_asked(const char *text);

#endif
