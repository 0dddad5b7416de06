/*
 * Codes as an authenticator app shows them, computed by oathtool(1), so that
 * our own arithmetic is not judged by itself.
 *
 * A code is good in its own step of 30 s, the one before and the one after,
 * so a test that begins with "step = step_now()" has at least 30 s in which
 * step and step + 1 work.  One that needs step - 1, or must know that step + 2
 * is too early, begins with step_fresh().
 */
#ifndef TFA_TESTS_CODE_H
#define TFA_TESTS_CODE_H

#include <stdint.h>

#define STEP_S 30

/* The TOTP step of now. */
uint64_t step_now(void);

/*
 * The TOTP step of now, with at least left_s seconds of it left. Waits for the
 * next one if need be.
 */
uint64_t step_fresh(int left_s);

/* The six digits for a secret (base32) at a step. */
const char *code_at(const char *secret, uint64_t step);

/* The six digits for a secret (base32) that are counted (HOTP). */
const char *code_of(const char *secret, uint64_t counter);

/* Six digits that are none of the codes within two steps of now. */
const char *code_wrong(const char *secret);

/* 160 random bits as base32. */
const char *secret_random(void);

#endif
