/*
 * Did it work?  Every function that can fail says so with a fault, and the
 * compiler insists that someone looks.
 *
 * A fault never says whether somebody may enter: that is enum verdict, and
 * the two are not convertible.  FAULT_ABSENT means that the kernel answered
 * ENOENT and nothing else: "could not be read" is never "is not there".
 */
#ifndef TFA_FAULT_H
#define TFA_FAULT_H

#define MUST_USE __attribute__((warn_unused_result))

enum fault {
	FAULT_NONE = 0,
	FAULT_ABSENT, /* it does not exist: ENOENT, and only that */
	FAULT_FORMAT, /* it is there and is not what it should be */
	FAULT_STALE,  /* somebody else changed it in between */
	FAULT_ACCESS, /* wrong owner or mode, or not permitted */
	FAULT_LIMIT,  /* larger, longer or more than we accept */
	FAULT_IO,     /* the system refused: disk full, read-only, time-out */
	FAULT_MEMORY, /* out of memory */
};

/* A word for a fault, for logs: "format".  Static; never NULL. */
const char *fault_name(enum fault fault);

#endif
