/*
 * Proofs by a model checker (CBMC): each prove_X() below tests/proofs calls the
 * product's own code with any input up to the bounds that its file names, and
 * makes claims.  A claim must hold for all of them.  A place that is marked by
 * reach() must be reached by one of them, or the claims would be empty.
 *
 * The comment before a proof has options of cbmc and, behind "without", functions
 * that are left out: they do nothing and return anything, or, as "name:other",
 * the other one is called.
 */
#ifndef TFA_PROOF_H
#define TFA_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define claim(condition, text) __CPROVER_assert((condition), text)
#define reach(text)            __CPROVER_assert(false, "reach: " text)
#define given(condition)       __CPROVER_assume(condition)

#define LAST_S_OF_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Any value. */
bool nondet_bool(void);
int nondet_int(void);
int64_t nondet_number(void);
uint64_t nondet_step(void);
size_t nondet_size(void);

static inline int64_t
any_within(int64_t least, int64_t most)
{
	int64_t n = nondet_number();

	given(n >= least && n <= most);
	return n;
}

/* Any time that a record or a policy can hold. */
static inline int64_t
any_time(void)
{
	return any_within(0, LAST_S_OF_TIME);
}

/* A text of at most two characters, in a field of any length that is zeroed
 * behind it: as much as it takes to be empty, the same, or another one. */
#define any_text(field) any_text_in(field, sizeof(field))

char nondet_char(void);

static inline int
any_text_in(char *field, size_t size)
{
	memset(field, 0, size);
	field[0] = nondet_char();
	field[1] = field[0] != '\0' ? nondet_char() : '\0';
	return field[0] == '\0' ? 0 : field[1] == '\0' ? 1 : 2;
}

/* Nothing that is proved depends on the text that snprintf() writes. */
#define snprintf(field, size, ...) any_text_in(field, size)

/* True if both texts of any_text() are the same. */
static inline bool
is_same_text(const char *a, const char *b)
{
	return a[0] == b[0] && a[1] == b[1];
}

#endif
