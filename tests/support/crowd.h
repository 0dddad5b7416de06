/*
 * Many people who use a code at bastions at once, each a code that is good once,
 * and what each of them was told.  In the full form only, as root: a person is a
 * process that speaks to a bastion's keeper as that user.
 *
 *	struct crowd *all = crowd_gather(bastions, 2, 200);
 *
 *	crowd_begin(all, 1000);		who has not passed tries, within a second
 *	...				whatever happens meanwhile
 *	crowd_end(all);			waits until each was answered
 *	crowd_count(all, CROWD_PASS)
 */
#ifndef TFA_TESTS_CROWD_H
#define TFA_TESTS_CROWD_H

#include "tests/support/bastion.h"

#define CROWD_MAX 240

enum crowd_told {
	CROWD_NOTHING = 0, /* no answer */
	CROWD_PASS,
	CROWD_AWAY,   /* nothing was done */
	CROWD_UNSURE, /* the code may be spent */
	CROWD_NOT,    /* any other denial: the code was used, or is wrong */
};

struct crowd;

/* A code for a user, from an administrator, to pass with once. */
char *crowd_code(const struct bastion *b, const char *user);

/* So many people, who go to each of the bastions in turn; an administrator at
 * the first one gives each of them a code. */
struct crowd *
crowd_gather(struct bastion *const bastions[], int n_bastions, int n);

/* All who have not passed use their code, spread evenly over within_ms. */
void crowd_begin(struct crowd *all, int within_ms);
void crowd_end(struct crowd *all);

/* How many were told so the last time, and the longest that one of these waited
 * for it; the words of one who was told anything but CROWD_PASS, or "". */
int crowd_count(const struct crowd *all, enum crowd_told told);
int crowd_longest_ms(const struct crowd *all, enum crowd_told told);
const char *crowd_words(const struct crowd *all);

/* Those who passed use their code once more, each at the next bastion. Returns how
 * many of them pass again. */
int crowd_passes_again(struct crowd *all);

/* Returns how many were refused a code without ever having been told that it may
 * be spent. */
int crowd_robbed(const struct crowd *all);

#endif
