#include "store/core/otp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/inject.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The secret of the RFCs: "1234567890" repeated to the length of the hash. */
static struct otp_secret
rfc_secret(size_t len)
{
	struct otp_secret secret = {.len = len};

	for (size_t i = 0; i < len; i++)
		secret.bytes[i] = (uint8_t)('0' + (i + 1) % 10);
	return secret;
}

Test(otp, agrees_with_rfc_4226_appendix_d)
{
	static const char *const codes[] = {
	    "755224",
	    "287082",
	    "359152",
	    "969429",
	    "338314",
	    "254676",
	    "287922",
	    "162583",
	    "399871",
	    "520489",
	};
	struct otp_secret secret = rfc_secret(20);

	for (size_t i = 0; i < COUNT(codes); i++) {
		char code[OTP_DIGITS_MAX + 1];

		cr_assert_eq(
		    otp_code(OTP_SHA1, &secret, i, 6, code), FAULT_NONE);
		cr_expect_str_eq(code, codes[i]);
	}
}

/* As corrected by RFC errata 2866: a secret as long as the hash. */
Test(otp, agrees_with_rfc_6238_appendix_b)
{
	static const size_t secret_len[] = {
	    [OTP_SHA1] = 20, [OTP_SHA256] = 32, [OTP_SHA512] = 64};
	static const struct {
		int64_t time_s;
		const char *codes[3];
	} vectors[] = {
	    {59, {"94287082", "46119246", "90693936"}},
	    {1111111109, {"07081804", "68084774", "25091201"}},
	    {1111111111, {"14050471", "67062674", "99943326"}},
	    {1234567890, {"89005924", "91819424", "93441116"}},
	    {2000000000, {"69279037", "90698825", "38618901"}},
	    {20000000000, {"65353130", "77737706", "47863826"}},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint64_t step = otp_step(vectors[i].time_s, 30);

		for (unsigned a = OTP_SHA1; a <= OTP_SHA512; a++) {
			struct otp_secret secret = rfc_secret(secret_len[a]);
			char code[OTP_DIGITS_MAX + 1];

			cr_assert_eq(
			    otp_code(a, &secret, step, 8, code), FAULT_NONE);
			cr_expect_str_eq(code, vectors[i].codes[a]);
		}
	}
}

/* RFC 4226 appendix D gives 1284755224 for counter 0 before the modulus. */
Test(otp, writes_as_many_digits_as_asked)
{
	static const char *const codes[] = {"755224", "4755224", "84755224"};
	struct otp_secret secret = rfc_secret(20);

	for (int digits = 6; digits <= 8; digits++) {
		char code[OTP_DIGITS_MAX + 1];

		cr_assert_eq(
		    otp_code(OTP_SHA1, &secret, 0, digits, code), FAULT_NONE);
		cr_expect_str_eq(code, codes[digits - 6]);
	}
}

Test(otp, keeps_leading_zeros)
{
	struct otp_secret secret = rfc_secret(20);
	char code[OTP_DIGITS_MAX + 1];

	cr_assert_eq(
	    otp_code(OTP_SHA1, &secret, otp_step(1111111109, 30), 8, code),
	    FAULT_NONE);
	cr_expect_str_eq(code, "07081804");
}

Test(otp, uses_all_64_bits_of_the_counter)
{
	struct otp_secret secret = rfc_secret(20);
	char low[OTP_DIGITS_MAX + 1], high[OTP_DIGITS_MAX + 1];

	cr_assert_eq(otp_code(OTP_SHA1, &secret, 1, 8, low), FAULT_NONE);
	cr_assert_eq(
	    otp_code(OTP_SHA1, &secret, 1 | 1ULL << 63, 8, high), FAULT_NONE);
	cr_expect_str_neq(low, high);
}

Test(otp, refuses_other_numbers_of_digits)
{
	static const int digits[] = {-1, 0, 1, 5, 9, 10, 100};
	struct otp_secret secret = rfc_secret(20);

	for (size_t i = 0; i < COUNT(digits); i++) {
		char code[OTP_DIGITS_MAX + 1] = "unset";

		cr_expect_eq(otp_code(OTP_SHA1, &secret, 0, digits[i], code),
		    FAULT_LIMIT, "%d digits", digits[i]);
		cr_expect_str_empty(code);
	}
}

Test(otp, refuses_an_empty_or_oversized_secret)
{
	static const size_t lengths[] = {0, OTP_SECRET_MAX + 1, SIZE_MAX};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct otp_secret secret = {.len = lengths[i]};
		char code[OTP_DIGITS_MAX + 1] = "unset";

		cr_expect_eq(otp_code(OTP_SHA1, &secret, 0, 6, code),
		    FAULT_LIMIT, "%zu bytes", lengths[i]);
		cr_expect_str_empty(code);
	}
}

Test(otp, refuses_an_algorithm_that_is_none)
{
	struct otp_secret secret = rfc_secret(20);
	char code[OTP_DIGITS_MAX + 1] = "unset";
	unsigned algorithm = 3;

	cr_expect_eq(otp_code(algorithm, &secret, 0, 6, code), FAULT_LIMIT);
	cr_expect_str_empty(code);
}

Test(otp, names_its_algorithms_as_uris_do)
{
	cr_expect_str_eq(otp_algorithm_names[OTP_SHA1], "SHA1");
	cr_expect_str_eq(otp_algorithm_names[OTP_SHA256], "SHA256");
	cr_expect_str_eq(otp_algorithm_names[OTP_SHA512], "SHA512");
}

Test(otp, counts_steps_from_1970)
{
	static const struct {
		int64_t time_s, period_s;
		uint64_t step;
	} steps[] = {
	    {0, 30, 0},
	    {29, 30, 0},
	    {30, 30, 1},
	    {59, 30, 1},
	    {1111111109, 30, 0x23523ec},
	    {1111111111, 30, 0x23523ed},
	    {20000000000, 30, 0x27bc86aa},
	    {119, 60, 1},
	    {INT64_MAX, 1, INT64_MAX},
	};

	for (size_t i = 0; i < COUNT(steps); i++)
		cr_expect_eq(otp_step(steps[i].time_s, steps[i].period_s),
		    steps[i].step, "%lld", (long long)steps[i].time_s);
}

Test(otp, takes_a_time_before_1970_as_step_0)
{
	cr_expect_eq(otp_step(-1, 30), 0);
	cr_expect_eq(otp_step(-31, 30), 0);
	cr_expect_eq(otp_step(INT64_MIN, 30), 0);
}

#ifndef __SANITIZE_ADDRESS__ /* its malloc lies elsewhere and is not small */

/* Counts how often the bytes occur in the memory that malloc returns. */
static int
count_in_heap(const uint8_t *bytes, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], *end;
	int count = 0;

	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		const char *at = (const char *)strtoul(line, &end, 16);
		const char *last = (const char *)strtoul(end + 1, NULL, 16);

		if (strstr(line, "[heap]") == NULL)
			continue;
		while ((at = memmem(at, (size_t)(last - at), bytes, len)) !=
		    NULL) {
			count++;
			at++;
		}
	}
	fclose(maps);
	return count;
}

/* libcrypto's contexts outlive each code. */
Test(otp, leaves_nothing_of_a_secret_in_its_contexts)
{
	char code[OTP_DIGITS_MAX + 1];
	uint8_t *planted;

	for (unsigned a = OTP_SHA1; a <= OTP_SHA512; a++) {
		struct otp_secret secret = rfc_secret(20);

		cr_assert_eq(otp_code(a, &secret, 0, 6, code), FAULT_NONE);
		cr_expect_eq(count_in_heap(secret.bytes, 8), 0, "%u", a);
		planted = malloc(20);
		cr_assert_not_null(planted);
		memcpy(planted, secret.bytes, 20);
		cr_expect_gt(count_in_heap(secret.bytes, 8), 0, "%u", a);
		explicit_bzero(planted, 20);
		free(planted);
	}
}

/* The second call replaces the key. */
Test(otp, leaves_nothing_of_a_secret_that_cannot_be_taken_away)
{
	struct otp_secret secret = rfc_secret(20);
	char code[OTP_DIGITS_MAX + 1] = "unset";

	inject_arm(2, ENOMEM);
	cr_expect_eq(otp_code(OTP_SHA1, &secret, 0, 6, code), FAULT_MEMORY);
	cr_expect(inject_disarm());
	cr_expect_str_eq(inject_failed(), "EVP_MAC_init");
	cr_expect_str_empty(code);
	cr_expect_eq(count_in_heap(secret.bytes, 8), 0);
	cr_expect_eq(otp_code(OTP_SHA1, &secret, 0, 6, code), FAULT_NONE);
	cr_expect_str_eq(code, "755224");
}

#endif
