/*
 * A file that an administrator names, to be read whole; "-" is standard input.
 */
#ifndef TFA_GIVEN_H
#define TFA_GIVEN_H

#include <stdbool.h>
#include <stddef.h>

bool given_is_stdin(const char *path);

/* *ret_text: what stands on standard input, for free(); of more than max bytes,
 * max + 1.  Returns an admin_exit, and has said why it cannot be read. */
int given_read_stdin(size_t max, char **ret_text, size_t *ret_len);

/* Says by errno why read_whole_own() gave NULL.  foreign: what is said after
 * EACCES.  Returns ADMIN_NOT. */
int given_refuse(const char *path, const char *foreign);

#endif
