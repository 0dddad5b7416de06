/*
 * The struct that the module's child hands back to the process of root which
 * forked it: of a fixed size, with nothing in it to parse.  Zeroed memory
 * denies.
 *
 * The child runs as the user, so root believes only what ruling_is_sound()
 * says is one of the few things that a child of ours could have written.
 */
#ifndef TFA_RULING_H
#define TFA_RULING_H

#include "store/wire/protocol.h"

#define RULING_TEXT 241 /* bytes of a line for a person, with its NUL */

/* How a denial goes on. */
enum ruling_then {
	RULING_ENDS = 0,         /* no code would change it */
	RULING_RETRY = 0x41d6,   /* the next code may be right */
	RULING_UNASKED = 0x52b8, /* there is no keeper who could say */
};

struct ruling {
	uint32_t verdict; /* enum verdict, but never VERDICT_ENROLL */
	uint32_t then;    /* enum ruling_then */
	uint32_t notes;   /* lines in note */
	char message[RULING_TEXT];
	char note[NOTES_MAX][RULING_TEXT];
};

/* Denies, with this message, cleaned and cut. */
void ruling_deny(struct ruling *ret, enum ruling_then then, const char *text);

/* Makes a ruling of the keeper's reply.  The module sets no device up, so that
 * an enrolment is a denial that says where to do it. */
void ruling_of_reply(const struct reply *reply, struct ruling *ret);

/* True if each value is one of those above, and each line is clean. */
bool ruling_is_sound(const struct ruling *ruling);

#endif
