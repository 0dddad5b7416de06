/* A CSV of tokens: a line that names the columns, and one for each token. */
#include <stdlib.h>
#include <string.h>

#include "admin/tokens/columns.h"
#include "admin/tokens/key_text.h"

#define PERIOD_USUAL_S 30 /* RFC 6238 */
#define DIGITS_USUAL   6

/* How the secrets of a file are written, as far as they say it. */
struct written {
	int hex_line, base32_line; /* the first that is only this; or 0 */
	int both_line;             /* the first that could be either */
};

struct reading {
	struct seeds *seeds;
	struct columns columns;
	struct csv_row row;
	enum secrets_form secrets;
};

static const char *
cell(const struct reading *r, enum column column)
{
	return columns_cell(&r->columns, &r->row, column);
}

static void
look_at_secret(const struct reading *r, struct written *written)
{
	const char *text = cell(r, COLUMN_SECRET);
	struct otp_secret secret;
	bool hex = key_text_hex(text, &secret) == FAULT_NONE;
	bool base32 = key_text_base32(text, &secret) == FAULT_NONE;
	int *first = NULL;

	if (hex && base32)
		first = &written->both_line;
	else if (hex)
		first = &written->hex_line;
	else if (base32)
		first = &written->base32_line;
	if (first != NULL && *first == 0)
		*first = r->row.line;
	explicit_bzero(&secret, sizeof(secret));
}

/* Decides for all lines together: one of them alone may look like both.  False,
 * after a refusal, if they do not say. */
static bool
judge_secrets(struct reading *r, const struct written *written)
{
	if (r->secrets != SECRETS_GUESS)
		return true;
	if (written->hex_line > 0 && written->base32_line > 0)
		seeds_refuse(r->seeds, written->base32_line,
		    "the secret is base32, and in line %d it is hexadecimal: "
		    "all must be written in the same way",
		    written->hex_line);
	else if (written->hex_line > 0)
		r->secrets = SECRETS_HEX;
	else if (written->base32_line > 0)
		r->secrets = SECRETS_BASE32;
	else if (written->both_line > 0)
		seeds_refuse(r->seeds, written->both_line,
		    "the secrets could be hexadecimal and base32: say which "
		    "with --secrets hex or --secrets base32");
	else
		return true;
	return r->secrets != SECRETS_GUESS;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (token_compare(text, *words) == 0)
			return true;
	return false;
}

/* -1: the line does not say, or what it says is no type. */
static int
row_type(const struct reading *r)
{
	static const char *const totp[] = {
	    "totp", "oath-totp", "oath totp", "time", "time-based", NULL};
	static const char *const hotp[] = {
	    "hotp", "oath-hotp", "oath hotp", "event", "event-based", NULL};
	const char *text = cell(r, COLUMN_TYPE);
	bool period = cell(r, COLUMN_PERIOD)[0] != '\0';
	bool counter = cell(r, COLUMN_COUNTER)[0] != '\0';

	if (is_one_of(text, totp))
		return DEVICE_TOTP;
	if (is_one_of(text, hotp))
		return DEVICE_HOTP;
	if (text[0] != '\0')
		seeds_refuse(r->seeds, r->row.line,
		    "\"%.40s\" is no type: it is totp or hotp",
		    seeds_quote(text));
	else if (period != counter)
		return period ? DEVICE_TOTP : DEVICE_HOTP;
	else
		seeds_refuse(r->seeds, r->row.line,
		    period ? "it has a period and a counter: say in a column "
			     "type which it goes by, totp or hotp"
			   : "it has neither a period nor a counter: say in a "
			     "column type which it goes by, totp or hotp");
	return -1;
}

static int64_t
row_number(const struct reading *r, enum column column, int64_t least,
    int64_t most, int64_t usual)
{
	const char *text = cell(r, column);
	uint64_t number = 0;

	if (text[0] == '\0')
		return usual;
	if (seeds_number(text, (uint64_t)most, &number) &&
	    (int64_t)number >= least)
		return (int64_t)number;
	seeds_refuse(r->seeds, r->row.line,
	    "\"%.40s\": %s must be %lld to %lld", seeds_quote(text),
	    column == COLUMN_DIGITS ? "digits" : "the period in seconds",
	    (long long)least, (long long)most);
	return usual;
}

static uint64_t
row_counter(const struct reading *r)
{
	const char *text = cell(r, COLUMN_COUNTER);
	uint64_t number = 0;

	if (text[0] != '\0' && !seeds_number(text, INT64_MAX, &number))
		seeds_refuse(r->seeds, r->row.line,
		    "\"%.40s\": the counter must be a whole number",
		    seeds_quote(text));
	return number;
}

static int
algorithm_of(const struct reading *r)
{
	static const char *const words[][6] = {
	    {"SHA1", "SHA-1", "HMAC-SHA1", "HMACSHA1", "HMAC-SHA-1", NULL},
	    {"SHA256", "SHA-256", "HMAC-SHA256", "HMACSHA256", "HMAC-SHA-256",
		NULL},
	    {"SHA512", "SHA-512", "HMAC-SHA512", "HMACSHA512", "HMAC-SHA-512",
		NULL},
	};
	const char *text = cell(r, COLUMN_ALGORITHM);

	for (int i = OTP_SHA1; i <= OTP_SHA512 && text[0] != '\0'; i++)
		if (is_one_of(text, words[i]))
			return i;
	if (text[0] != '\0')
		seeds_refuse(r->seeds, r->row.line,
		    "\"%.40s\" is no algorithm: it is SHA1, SHA256 or SHA512",
		    seeds_quote(text));
	return OTP_SHA1;
}

static void
row_secret(const struct reading *r, struct otp_secret *ret)
{
	const char *text = cell(r, COLUMN_SECRET);
	bool hex = r->secrets == SECRETS_HEX;
	enum fault fault = hex ? key_text_hex(text, ret)
			       : key_text_base32(text, ret);

	if (text[0] == '\0')
		seeds_refuse(r->seeds, r->row.line, "there is no secret");
	else if (fault != FAULT_NONE)
		seeds_refuse(r->seeds, r->row.line,
		    "the secret is not %s of at most %d bytes",
		    r->secrets == SECRETS_GUESS ? "hexadecimal or base32"
			: hex                   ? "hexadecimal"
						: "base32",
		    OTP_SECRET_MAX);
}

/* A cell of the other type may be a mistake. */
static void
refuse_other(const struct reading *r, int type)
{
	enum column other = type == DEVICE_HOTP ? COLUMN_PERIOD
						: COLUMN_COUNTER;
	const char *text = cell(r, other);

	if (type >= 0 && text[0] != '\0' && strcmp(text, "0") != 0)
		seeds_refuse(r->seeds, r->row.line,
		    "a %s has no %s: leave that cell empty",
		    record_type_names[type],
		    other == COLUMN_PERIOD ? "period" : "counter");
}

static void
token_of(struct reading *r)
{
	size_t before = r->seeds->wrong_count;
	const char *serial = cell(r, COLUMN_SERIAL);
	int type = row_type(r);
	struct token token = {.type = type,
	    .algorithm = algorithm_of(r),
	    .digits = row_number(r, COLUMN_DIGITS, OTP_DIGITS_MIN,
		OTP_DIGITS_MAX, DIGITS_USUAL)};

	refuse_other(r, type);
	if (type == DEVICE_TOTP)
		token.period_s = row_number(r, COLUMN_PERIOD, TOKEN_PERIOD_MIN,
		    TOKEN_PERIOD_MAX, PERIOD_USUAL_S);
	if (type == DEVICE_HOTP)
		token.counter = row_counter(r);
	if (strlen(serial) >= sizeof(token.serial))
		seeds_refuse(r->seeds, r->row.line,
		    "the serial number is longer than %d bytes",
		    TOKEN_SERIAL - 1);
	else
		memcpy(token.serial, serial, strlen(serial) + 1);
	row_secret(r, &token.secret);
	if (r->seeds->wrong_count == before)
		seeds_add(r->seeds, r->row.line, &token);
	explicit_bzero(&token, sizeof(token));
}

/* False, after a refusal, for a line that has no cell for each column. */
static bool
is_whole(const struct reading *r)
{
	if (r->row.wrong != NULL)
		seeds_refuse(r->seeds, r->row.line, "%s", r->row.wrong);
	else if (r->row.count != r->columns.count)
		seeds_refuse(r->seeds, r->row.line,
		    "it has %zu cell%s, and the first line has %zu",
		    r->row.count, r->row.count == 1 ? "" : "s",
		    r->columns.count);
	else
		return true;
	return false;
}

static void
tokens_of_rows(struct reading *r, const struct csv_text *first)
{
	struct csv_text csv = *first;
	struct written written = {.hex_line = 0};

	while (csv_text_next(&csv, &r->row))
		if (r->row.wrong == NULL)
			look_at_secret(r, &written);
	if (!judge_secrets(r, &written))
		return;
	csv = *first;
	while (csv_text_next(&csv, &r->row))
		if (is_whole(r))
			token_of(r);
}

void
seeds_parse_csv(
    struct seeds *seeds, const char *text, size_t len, enum secrets_form form)
{
	struct csv_text csv = csv_text_begin(text, len);
	struct reading *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		seeds->failed = true;
		return;
	}
	r->seeds = seeds;
	if (!csv_text_next(&csv, &r->row))
		seeds_refuse(seeds, 0, "it is empty");
	else if (r->row.wrong != NULL)
		seeds_refuse(seeds, r->row.line, "%s", r->row.wrong);
	else if (columns_read(seeds, &r->row, &r->columns)) {
		r->secrets = form != SECRETS_GUESS ? form : r->columns.secrets;
		tokens_of_rows(r, &csv);
	}
	explicit_bzero(r, sizeof(*r));
	free(r);
}
