/* A key of a PSKC file (RFC 6030), as its elements say it: pskc.c gathers them,
 * pskc_key.c judges them. */
#ifndef TFA_PSKC_H
#define TFA_PSKC_H

#include "admin/tokens/seeds.h"

#define PSKC_TEXT 256 /* bytes of an element's text, or of an attribute */

/* The texts of a key that decide how its codes are made. */
enum pskc_part {
	PSKC_SERIAL = 0,
	PSKC_ID,
	PSKC_ALGORITHM,
	PSKC_SUITE,
	PSKC_SECRET,
	PSKC_COUNTER,
	PSKC_TIME,
	PSKC_INTERVAL,
	PSKC_DRIFT,
	PSKC_LENGTH,
	PSKC_ENCODING,
	PSKC_CHECK_DIGITS,
	PSKC_PIN_MODE,
	PSKC_USAGE,
	PSKC_PARTS,
};

struct pskc_key {
	int line; /* of KeyPackage */
	char texts[PSKC_PARTS][PSKC_TEXT];
	int lines[PSKC_PARTS]; /* 0: there is none */
	int keys;              /* how many the package has */
};

/* Adds the token of a whole package, or says what is wrong with it. */
void pskc_judge(struct seeds *seeds, const struct pskc_key *key);

#endif
