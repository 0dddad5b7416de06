/*
 * Did it work?  Every function that can fail returns a fault, and the compiler
 * warns if the caller ignores it.
 *
 * A fault never says whether somebody may enter: enum verdict does, and neither
 * is ever converted into the other.  FAULT_ABSENT means that the kernel
 * answered ENOENT and nothing else: a file that cannot be read is never
 * reported as absent.
 */
#ifndef TFA_FAULT_H
#define TFA_FAULT_H

#define MUST_USE __attribute__((warn_unused_result))

enum fault {
	FAULT_NONE = 0,
	FAULT_ABSENT, /* it does not exist: ENOENT, and only that */
	FAULT_FORMAT, /* it exists, and its content is wrong */
	FAULT_STALE,  /* somebody else changed it meanwhile */
	FAULT_ACCESS, /* wrong owner or mode, or not permitted */
	FAULT_LIMIT,  /* larger, longer or more than accepted */
	FAULT_IO,     /* the system refused: disk full, read-only, time-out */
	FAULT_MEMORY, /* out of memory */
	/* An engine that several machines share: */
	FAULT_AWAY,   /* it does not answer: nothing was done, nor will be */
	FAULT_UNSURE, /* it did not answer: what it was asked may be done yet */
	FAULT_FULL,   /* it has no more room */
	FAULT_REFUSED, /* it will not do this until an administrator acts */
	FAULT_BACK,    /* what it has is older than what it had */
	FAULT_CLOSED,  /* an administrator closed it, to move what is in it */
};

/* Returns a word for the log, such as "format".  Static; never NULL. */
const char *fault_name(enum fault fault);

#endif
