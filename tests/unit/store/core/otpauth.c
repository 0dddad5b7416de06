#include "store/core/otpauth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/base/base32.h"
#include "store/core/enroll.h"
#include "gate/screen/qr.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define SECRET     "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define PARAMETERS "?secret=" SECRET "&issuer=Example-Bastion"

/* The values of almost every account. */
static struct otpauth
alice(void)
{
	return (struct otpauth){
	    .issuer = "Example-Bastion",
	    .user = "alice",
	    .host = "bastion",
	    .secret = SECRET,
	    .algorithm = "SHA1",
	    .digits = 6,
	    .period_s = 30,
	};
}

static void
expect_uri(const struct otpauth *account, const char *expected)
{
	char uri[OTPAUTH_MAX];

	cr_assert_eq(otpauth_format(account, uri, sizeof(uri)), FAULT_NONE);
	cr_expect_str_eq(uri, expected);
}

/* Key Uri Format: HOTP needs a counter, and has no period. */
Test(otpauth, names_the_counter_of_a_device_that_counts)
{
	struct otpauth account = alice();

	account.counts = true;
	account.period_s = 0;
	expect_uri(&account,
	    "otpauth://hotp/Example-Bastion:alice%40bastion" PARAMETERS
	    "&counter=0");
	account.digits = 8;
	account.algorithm = "SHA512";
	account.counter = UINT64_MAX;
	account.period_s = 60;
	expect_uri(&account,
	    "otpauth://hotp/Example-Bastion:alice%40bastion" PARAMETERS
	    "&algorithm=SHA512&digits=8&counter=18446744073709551615");
}

static void
expect_label(const char *user, const char *host, const char *label)
{
	struct otpauth account = alice();
	char uri[OTPAUTH_MAX], expected[OTPAUTH_MAX];

	account.user = user;
	account.host = host;
	snprintf(expected, sizeof(expected),
	    "otpauth://totp/Example-Bastion:%s" PARAMETERS, label);
	cr_assert_eq(otpauth_format(&account, uri, sizeof(uri)), FAULT_NONE);
	cr_expect_str_eq(uri, expected);
}

static void
expect_fault(const struct otpauth *account, enum fault fault)
{
	char uri[OTPAUTH_MAX] = "unset";

	cr_expect_eq(otpauth_format(account, uri, sizeof(uri)), fault);
	cr_expect_str_empty(uri);
}

static int
count(const char *text, char c)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

/* Microsoft takes the issuer from the label, Google from the parameter. */
Test(otpauth, names_the_issuer_in_label_and_parameter)
{
	struct otpauth account = alice();

	expect_uri(&account,
	    "otpauth://totp/Example-Bastion:alice%40bastion"
	    "?secret=" SECRET "&issuer=Example-Bastion");
}

/* iOS refuses padding. */
Test(otpauth, has_no_padding)
{
	struct otpauth account = alice();
	char uri[OTPAUTH_MAX];

	cr_assert_eq(otpauth_format(&account, uri, sizeof(uri)), FAULT_NONE);
	cr_expect_eq(count(uri, '='), 2);
	cr_expect_not_null(strstr(uri, "?secret=" SECRET "&"));
	account.secret = SECRET "======";
	expect_fault(&account, FAULT_FORMAT);
}

/* Authy refuses an unencoded one. */
Test(otpauth, encodes_the_at_sign)
{
	expect_label(
	    "alice", "bastion.example.com", "alice%40bastion.example.com");
	expect_label("alice@corp", "bastion", "alice%40corp%40bastion");
}

Test(otpauth, leaves_out_an_empty_host)
{
	expect_label("alice", "", "alice");
}

/* FreeOTP refuses a second colon. */
Test(otpauth, has_one_literal_colon)
{
	struct otpauth account = alice();
	char uri[OTPAUTH_MAX];

	account.user = "a:b::c";
	account.host = "[2001:db8::1]:22";
	cr_assert_eq(otpauth_format(&account, uri, sizeof(uri)), FAULT_NONE);
	cr_expect_eq(count(uri + strlen("otpauth:"), ':'), 1);
	expect_label("a:b", "h", "a%3Ab%40h");
}

Test(otpauth, writes_hex_in_upper_case)
{
	expect_label("a/b+c~*", "h,[]", "a%2Fb%2Bc%7E%2A%40h%2C%5B%5D");
}

/* FreeOTP shows a plus as a plus. */
Test(otpauth, writes_a_space_as_percent_20)
{
	expect_label("alice b", "h", "alice%20b%40h");
}

Test(otpauth, leaves_plain_characters_alone)
{
	expect_label("Az09._-", "Az09._-", "Az09._-%40Az09._-");
}

Test(otpauth, lets_no_name_add_a_parameter)
{
	expect_label("a&secret=AAAA", "h?issuer=x",
	    "a%26secret%3DAAAA%40h%3Fissuer%3Dx");
	expect_label("a#b", "h#", "a%23b%40h%23");
}

Test(otpauth, encodes_a_percent_sign_again)
{
	expect_label("a%40b", "%00", "a%2540b%40%2500");
}

Test(otpauth, encodes_utf8_byte_by_byte)
{
	expect_label(
	    "z\303\274rich", "\346\227\245", "z%C3%BCrich%40%E6%97%A5");
	expect_label("\377\200", "h", "%FF%80%40h");
}

Test(otpauth, encodes_control_characters)
{
	expect_label("a\nb\r\033[0m", "h\t\177", "a%0Ab%0D%1B%5B0m%40h%09%7F");
}

Test(otpauth, leaves_out_the_defaults)
{
	struct otpauth account = alice();
	char uri[OTPAUTH_MAX];

	cr_assert_eq(otpauth_format(&account, uri, sizeof(uri)), FAULT_NONE);
	cr_expect_null(strstr(uri, "algorithm"));
	cr_expect_null(strstr(uri, "digits"));
	cr_expect_null(strstr(uri, "period"));
}

Test(otpauth, names_what_differs_from_the_defaults)
{
	struct otpauth account = alice();

	account.algorithm = "SHA256";
	account.digits = 8;
	account.period_s = 60;
	expect_uri(&account,
	    "otpauth://totp/Example-Bastion:alice%40bastion" PARAMETERS
	    "&algorithm=SHA256&digits=8&period=60");
	account.algorithm = "SHA1";
	account.digits = 6;
	expect_uri(&account,
	    "otpauth://totp/Example-Bastion:alice%40bastion" PARAMETERS
	    "&period=60");
}

Test(otpauth, takes_an_issuer_of_32_plain_characters)
{
	cr_expect(otpauth_issuer_ok("x"));
	cr_expect(otpauth_issuer_ok("Example-Bastion_1.0"));
	cr_expect(otpauth_issuer_ok("abcdefghijklmnopqrstuvwxyzABCDEF"));
}

Test(otpauth, refuses_any_other_issuer)
{
	static const char *const issuers[] = {
	    "",
	    "abcdefghijklmnopqrstuvwxyzABCDEFG",
	    "Example Bastion",
	    "Example:Bastion",
	    "Example&x=y",
	    "Example%20Bastion",
	    "B\303\274ro",
	    "Example\n",
	    "a/b",
	    "a@b",
	};

	for (size_t i = 0; i < COUNT(issuers); i++) {
		struct otpauth account = alice();

		account.issuer = issuers[i];
		cr_expect_not(
		    otpauth_issuer_ok(issuers[i]), "\"%s\"", issuers[i]);
		expect_fault(&account, FAULT_FORMAT);
	}
}

Test(otpauth, refuses_an_empty_user)
{
	struct otpauth account = alice();

	account.user = "";
	expect_fault(&account, FAULT_FORMAT);
}

Test(otpauth, refuses_a_secret_that_is_not_base32)
{
	static const char *const secrets[] = {
	    "",
	    "abcdefghijklmnopqrstuvwxyz234567",
	    SECRET " " SECRET,
	    SECRET "&" SECRET,
	    SECRET "1",
	    SECRET "\n",
	};

	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct otpauth account = alice();

		account.secret = secrets[i];
		expect_fault(&account, FAULT_FORMAT);
	}
}

/* FreeOTP refuses a secret below 16 bytes; ours is longer. */
Test(otpauth, takes_a_secret_from_16_bytes)
{
	static const uint8_t bytes[ENROLL_SECRET_BYTES];
	struct otpauth account = alice();
	char uri[OTPAUTH_MAX], secret[64];

	for (size_t len = 1; len <= ENROLL_SECRET_BYTES; len++) {
		cr_assert_eq(base32_encode(bytes, len, secret, sizeof(secret)),
		    FAULT_NONE);
		account.secret = secret;
		if (len < 16)
			expect_fault(&account, FAULT_FORMAT);
		else
			cr_expect_eq(otpauth_format(&account, uri, sizeof(uri)),
			    FAULT_NONE, "%zu bytes", len);
	}
	cr_expect_geq(ENROLL_SECRET_BYTES, 16);
}

/* The length that names may have before the code needs a larger screen: in
 * half blocks a code is as many columns wide as it has modules. */
Test(otpauth, fits_its_screen_with_long_names)
{
	static const struct {
		const char *issuer, *user, *host;
		size_t len;
		int side;
	} cases[] = {
	    {"Example-Bastion", "alice", "host", 106, 41},
	    {"Example-Bastion", "alice", "host1", 107, 45},
	    {"Example-Bastion", "alexandra.johnson", "bastion1.example.com",
		134, 45},
	    {"Example-Bastion", "alexandra.johnsons", "bastion1.example.com",
		135, 49},
	    /* Each of these in the name takes three bytes. */
	    {"Example-Bastion", "a@b", "host", 106, 41},
	    {"Example-Bastion", "a@@@@@@@@", "bastion.net", 133, 45},
	    {"abcdefghijklmnopqrstuvwxyzABCDEF", "al", "b", 134, 45},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct otpauth account = alice();
		char uri[OTPAUTH_MAX];
		scoped_json_text char *modules = NULL;
		struct qr code;

		account.issuer = cases[i].issuer;
		account.user = cases[i].user;
		account.host = cases[i].host;
		cr_assert_eq(
		    otpauth_format(&account, uri, sizeof(uri)), FAULT_NONE);
		cr_expect_eq(
		    strlen(uri), cases[i].len, "%s has %zu", uri, strlen(uri));
		cr_assert_eq(qr_encode(uri, &modules), FAULT_NONE);
		cr_assert(qr_read(modules, &code));
		cr_expect_eq(qr_side(&code), cases[i].side, "%s", uri);
	}
}

Test(otpauth, writes_all_or_nothing)
{
	struct otpauth account = alice();
	char whole[OTPAUTH_MAX], uri[OTPAUTH_MAX];
	size_t len;

	cr_assert_eq(
	    otpauth_format(&account, whole, sizeof(whole)), FAULT_NONE);
	len = strlen(whole);
	for (size_t size = 1; size <= len; size++) {
		memset(uri, 'x', sizeof(uri));
		cr_assert_eq(otpauth_format(&account, uri, size), FAULT_LIMIT);
		cr_assert_str_empty(uri);
		cr_assert_eq(uri[size], 'x', "written past %zu bytes", size);
	}
	cr_expect_eq(otpauth_format(&account, uri, len + 1), FAULT_NONE);
	cr_expect_str_eq(uri, whole);
	cr_expect_eq(otpauth_format(&account, uri, 0), FAULT_LIMIT);
}

Test(otpauth, refuses_a_user_name_without_end)
{
	struct otpauth account = alice();
	char user[4096];

	memset(user, '@', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	account.user = user;
	expect_fault(&account, FAULT_LIMIT);
}
