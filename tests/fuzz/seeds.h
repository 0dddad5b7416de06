/* Makers' files of tokens: the keeper accepts every token of a file that is
 * read, and a file that is refused says why. */
#ifndef TFA_FUZZ_SEEDS_H
#define TFA_FUZZ_SEEDS_H

#include "admin/tokens/seeds.h"

void fuzz_seeds(const uint8_t *data, size_t size, enum seeds_form form);

#endif
