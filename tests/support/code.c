#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tests/support/code.h"
#include "tests/support/fail.h"
#include "tests/support/run.h"

uint64_t
step_now(void)
{
	return (uint64_t)time(NULL) / STEP_S;
}

uint64_t
step_fresh(int left_s)
{
	int left = STEP_S - (int)(time(NULL) % STEP_S);

	if (left < left_s)
		run_sleep_ms(left * 1000);
	return step_now();
}

static const char *
code_by(const char *const args[])
{
	struct run *r = run(args, NULL, 0);

	if (r->status != 0 || r->out_len != 7)
		fail("oathtool: %s", r->err);
	r->out[6] = '\0';
	return r->out;
}

const char *
code_at(const char *secret, uint64_t step)
{
	char *now = text("--now=@%" PRIu64, step * STEP_S);

	return code_by(ARGV("oathtool", "--totp", "-b", now, secret));
}

const char *
code_of(const char *secret, uint64_t counter)
{
	char *number = text("--counter=%" PRIu64, counter);

	return code_by(ARGV("oathtool", "--hotp", "-b", number, secret));
}

static bool
is_near(const char *secret, const char *code)
{
	uint64_t now = step_now();

	for (uint64_t step = now - 2; step <= now + 3; step++) {
		if (strcmp(code_at(secret, step), code) == 0)
			return true;
	}
	return false;
}

const char *
code_wrong(const char *secret)
{
	for (int guess = 0; guess < 10; guess++) {
		const char *code = text("%06d", guess * 111111);

		if (!is_near(secret, code))
			return code;
	}
	fail("every guess is right");
}

const char *
secret_random(void)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char random[32];
	char *secret = text("%32s", "");

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		fail("no random bytes");
	for (size_t i = 0; i < sizeof(random); i++)
		secret[i] = digits[random[i] % 32];
	return secret;
}
