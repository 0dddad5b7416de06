#include <string.h>

#include "admin/tokens/pskc.h"
#include "store/base/base64.h"

#define PROFILE "urn:ietf:params:xml:ns:keyprov:pskc:"

static const char *
part(const struct pskc_key *key, enum pskc_part which)
{
	return key->texts[which];
}

/* The line to name: of that text, or of the package where it is missing. */
static int
part_line(const struct pskc_key *key, enum pskc_part which)
{
	return key->lines[which] > 0 ? key->lines[which] : key->line;
}

static bool
has_part(const struct pskc_key *key, enum pskc_part which)
{
	return part(key, which)[0] != '\0';
}

static int
pskc_type(struct seeds *seeds, const struct pskc_key *key)
{
	const char *algorithm = part(key, PSKC_ALGORITHM);

	if (strcmp(algorithm, PROFILE "totp") == 0)
		return DEVICE_TOTP;
	if (strcmp(algorithm, PROFILE "hotp") == 0)
		return DEVICE_HOTP;
	seeds_refuse(seeds, part_line(key, PSKC_ALGORITHM),
	    algorithm[0] == '\0'
		? "the key has no Algorithm"
		: "the key's Algorithm must be " PROFILE "hotp or " PROFILE
		  "totp: there is no way to use this token here");
	return -1;
}

/* RFC 6030 leaves the hash to Suite, and SHA-1 where there is none. */
static int
judge_suite(struct seeds *seeds, const struct pskc_key *key)
{
	static const struct {
		const char *word;
		int algorithm;
	} words[] = {
	    {"HMAC-SHA1", OTP_SHA1},
	    {"HMAC-SHA-1", OTP_SHA1},
	    {"SHA1", OTP_SHA1},
	    {"SHA-1", OTP_SHA1},
	    {"HMAC-SHA256", OTP_SHA256},
	    {"HMAC-SHA-256", OTP_SHA256},
	    {"SHA256", OTP_SHA256},
	    {"SHA-256", OTP_SHA256},
	    {"HMAC-SHA512", OTP_SHA512},
	    {"HMAC-SHA-512", OTP_SHA512},
	    {"SHA512", OTP_SHA512},
	    {"SHA-512", OTP_SHA512},
	};

	if (!has_part(key, PSKC_SUITE))
		return OTP_SHA1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (token_compare(part(key, PSKC_SUITE), words[i].word) == 0)
			return words[i].algorithm;
	seeds_refuse(seeds, part_line(key, PSKC_SUITE),
	    "\"%.60s\" is no Suite that tfa knows: ask the maker for the hash, "
	    "and write HMAC-SHA1, HMAC-SHA256 or HMAC-SHA512",
	    seeds_quote(part(key, PSKC_SUITE)));
	return OTP_SHA1;
}

/* Returns the number of a text, or usual where there is none. */
static uint64_t
part_number(struct seeds *seeds, const struct pskc_key *key,
    enum pskc_part which, const char *name, uint64_t most, uint64_t usual)
{
	uint64_t number = usual;

	if (has_part(key, which) &&
	    !seeds_number(part(key, which), most, &number))
		seeds_refuse(seeds, part_line(key, which),
		    "\"%.40s\" is no %s: it must be a number of at most %llu",
		    seeds_quote(part(key, which)), name,
		    (unsigned long long)most);
	return number;
}

static void
judge_format(struct seeds *seeds, const struct pskc_key *key, struct token *ret)
{
	const char *encoding = part(key, PSKC_ENCODING);
	const char *check = part(key, PSKC_CHECK_DIGITS);

	if (!has_part(key, PSKC_LENGTH))
		seeds_refuse(seeds, key->line,
		    "nothing says how long the codes are: ResponseFormat with "
		    "Length");
	ret->digits = (int64_t)part_number(
	    seeds, key, PSKC_LENGTH, "Length", OTP_DIGITS_MAX, OTP_DIGITS_MIN);
	if (ret->digits < OTP_DIGITS_MIN)
		seeds_refuse(seeds, part_line(key, PSKC_LENGTH),
		    "Length is %d: codes must have %d to %d digits",
		    (int)ret->digits, OTP_DIGITS_MIN, OTP_DIGITS_MAX);
	if (strcmp(encoding, "DECIMAL") != 0 && encoding[0] != '\0')
		seeds_refuse(seeds, part_line(key, PSKC_ENCODING),
		    "Encoding is %.40s: only codes of decimal digits can be "
		    "used here",
		    seeds_quote(encoding));
	if (check[0] != '\0' && strcmp(check, "false") != 0 &&
	    strcmp(check, "0") != 0)
		seeds_refuse(seeds, part_line(key, PSKC_CHECK_DIGITS),
		    "CheckDigits is %.40s: codes with a check digit cannot be "
		    "used here",
		    seeds_quote(check));
}

/* A key by time: it counts from 1970, and its clock is right. */
static void
judge_time(struct seeds *seeds, const struct pskc_key *key, struct token *ret)
{
	uint64_t period = part_number(
	    seeds, key, PSKC_INTERVAL, "TimeInterval", TOKEN_PERIOD_MAX, 30);

	ret->period_s = (int64_t)period;
	if (ret->period_s < TOKEN_PERIOD_MIN)
		seeds_refuse(seeds, part_line(key, PSKC_INTERVAL),
		    "TimeInterval is %d: it must be %d to %d seconds",
		    (int)ret->period_s, TOKEN_PERIOD_MIN, TOKEN_PERIOD_MAX);
	if (part_number(seeds, key, PSKC_TIME, "Time", INT64_MAX, 0) != 0)
		seeds_refuse(seeds, part_line(key, PSKC_TIME),
		    "Time is not 0: codes that do not count from 1970 cannot "
		    "be used here");
	if (has_part(key, PSKC_DRIFT) &&
	    strcmp(part(key, PSKC_DRIFT), "0") != 0)
		seeds_refuse(seeds, part_line(key, PSKC_DRIFT),
		    "TimeDrift is not 0: a token whose clock is off cannot be "
		    "used here");
	if (has_part(key, PSKC_COUNTER) &&
	    strcmp(part(key, PSKC_COUNTER), "0") != 0)
		seeds_refuse(seeds, part_line(key, PSKC_COUNTER),
		    "a totp has no Counter");
}

static void
judge_counter(
    struct seeds *seeds, const struct pskc_key *key, struct token *ret)
{
	ret->counter = part_number(
	    seeds, key, PSKC_COUNTER, "Counter", INT64_MAX, 0);
	if (!has_part(key, PSKC_COUNTER))
		seeds_refuse(seeds, key->line,
		    "the key has no Counter: without it old codes could pass "
		    "again");
}

/* A PIN within the token is the token's own affair; any other is a part of the
 * code. */
static void
judge_policy(struct seeds *seeds, const struct pskc_key *key)
{
	const char *mode = part(key, PSKC_PIN_MODE);

	if (mode[0] != '\0' && strcmp(mode, "Local") != 0)
		seeds_refuse(seeds, part_line(key, PSKC_PIN_MODE),
		    "PINUsageMode is %.40s: only a PIN that is typed into the "
		    "token itself (Local) can be used here",
		    seeds_quote(mode));
	if (has_part(key, PSKC_USAGE) &&
	    strcmp(part(key, PSKC_USAGE), "OTP") != 0)
		seeds_refuse(seeds, part_line(key, PSKC_USAGE),
		    "KeyUsage is %.40s: the key is not for codes",
		    seeds_quote(part(key, PSKC_USAGE)));
}

static void
pskc_secret(
    struct seeds *seeds, const struct pskc_key *key, struct otp_secret *ret)
{
	const char *text = part(key, PSKC_SECRET);

	if (text[0] == '\0')
		seeds_refuse(seeds, part_line(key, PSKC_SECRET),
		    "the key has no Secret in plain (PlainValue)");
	else if (base64_decode(text, strlen(text), ret->bytes,
		     sizeof(ret->bytes), &ret->len) != FAULT_NONE)
		seeds_refuse(seeds, part_line(key, PSKC_SECRET),
		    "the secret is not base64 of at most %d bytes",
		    OTP_SECRET_MAX);
}

/* A file without serial numbers may name its keys. */
static void
pskc_serial(struct seeds *seeds, const struct pskc_key *key, struct token *ret)
{
	enum pskc_part which = has_part(key, PSKC_SERIAL) ? PSKC_SERIAL
							  : PSKC_ID;
	size_t len = strlen(part(key, which));

	if (len >= sizeof(ret->serial))
		seeds_refuse(seeds, part_line(key, which),
		    "the serial number is longer than %d bytes",
		    TOKEN_SERIAL - 1);
	else
		memcpy(ret->serial, part(key, which), len + 1);
}

void
pskc_judge(struct seeds *seeds, const struct pskc_key *key)
{
	size_t before = seeds->wrong_count;
	struct token token = {.type = -1};

	if (key->keys != 1) {
		seeds_refuse(seeds, key->line,
		    "a KeyPackage must have one Key: this one has %d",
		    key->keys);
		return;
	}
	token.type = pskc_type(seeds, key);
	token.algorithm = judge_suite(seeds, key);
	judge_format(seeds, key, &token);
	if (token.type == DEVICE_TOTP)
		judge_time(seeds, key, &token);
	if (token.type == DEVICE_HOTP)
		judge_counter(seeds, key, &token);
	judge_policy(seeds, key);
	pskc_secret(seeds, key, &token.secret);
	pskc_serial(seeds, key, &token);
	if (seeds->wrong_count == before)
		seeds_add(seeds, key->line, &token);
	explicit_bzero(&token, sizeof(token));
}
