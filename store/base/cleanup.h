/*
 * Variables that are freed or closed when they leave scope, by an attribute
 * that gcc and clang have.  Initialise at the declaration, return early, and
 * pass ownership on with take():
 *
 *	scoped_free char *text = NULL;
 *	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	...
 *	*ret_text = take(text);
 */
#ifndef TFA_CLEANUP_H
#define TFA_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define scoped_free __attribute__((cleanup(cleanup_free)))
#define scoped_fd   __attribute__((cleanup(cleanup_fd)))

/* Returns p and sets it to NULL, so that its scope frees nothing. */
#define take(p)                         \
	__extension__({                 \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	})

static inline void
cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Keeps errno, which says why the function fails. */
static inline void
cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/* Returns the descriptor, which its scope no longer closes. */
static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
