#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/tokens/seeds.h"
#include "store/base/utf8.h"

static const char bom[] = "\xef\xbb\xbf";

static void __attribute__((format(printf, 3, 0)))
add_line(struct seed_line *line, int number, const char *format, va_list args)
{
	char text[SEEDS_TEXT];

	line->line = number;
	vsnprintf(text, sizeof(text), format, args);
	utf8_clean(text, strlen(text), line->text, sizeof(line->text));
}

void
seeds_refuse(struct seeds *seeds, int line, const char *format, ...)
{
	struct seed_line *wrong = NULL;
	va_list args;

	if (seeds->wrong_count++ >= SEEDS_WRONG_MAX)
		return;
	wrong = list_add(&seeds->wrong, sizeof(*wrong));
	seeds->failed |= wrong == NULL;
	if (wrong == NULL)
		return;
	va_start(args, format);
	add_line(wrong, line, format, args);
	va_end(args);
}

void
seeds_note(struct seeds *seeds, int line, const char *format, ...)
{
	struct seed_line *note = NULL;
	va_list args;

	if (seeds->notes.count >= SEEDS_NOTES_MAX)
		return;
	note = list_add(&seeds->notes, sizeof(*note));
	seeds->failed |= note == NULL;
	if (note == NULL)
		return;
	va_start(args, format);
	add_line(note, line, format, args);
	va_end(args);
}

bool
seeds_number(const char *text, uint64_t most, uint64_t *ret)
{
	size_t len = strlen(text);
	uint64_t number = 0;

	if (len == 0 || len > 19 || strspn(text, "0123456789") != len)
		return false;
	for (size_t i = 0; i < len; i++)
		number = 10 * number + (uint64_t)(text[i] - '0');
	if (number > most)
		return false;
	*ret = number;
	return true;
}

/* A spreadsheet makes 1.23E+11 of a long number, for good. */
static void
refuse_serial(struct seeds *seeds, int line, const char *serial)
{
	if (serial[0] == '\0')
		seeds_refuse(seeds, line, "there is no serial number");
	else if (strstr(serial, "E+") != NULL)
		seeds_refuse(seeds, line,
		    "\"%.60s\" is a serial number that a spreadsheet has "
		    "rounded: export the file again, with that column as text",
		    serial);
	else
		seeds_refuse(seeds, line,
		    "\"%.60s\" is no serial number: it may have %d letters and "
		    "digits, with . _ - within",
		    serial, TOKEN_SERIAL - 1);
}

void
seeds_add(struct seeds *seeds, int line, const struct token *token)
{
	size_t before = seeds->wrong_count;
	struct seed *seed;

	if (!token_is_serial(token->serial))
		refuse_serial(seeds, line, token->serial);
	if (token->secret.len < TOKEN_SECRET_MIN)
		seeds_refuse(seeds, line,
		    "the secret has %zu bytes: at least %d are needed",
		    token->secret.len, TOKEN_SECRET_MIN);
	if (seeds->list.count >= TOKENS_MAX)
		seeds_refuse(seeds, line,
		    "the file has more than %d tokens: split it", TOKENS_MAX);
	if (seeds->wrong_count != before)
		return;
	seed = list_add(&seeds->list, sizeof(*seed));
	seeds->failed |= seed == NULL;
	if (seed == NULL)
		return;
	seed->token = *token;
	seed->line = line;
}

static int
by_line(const struct seed *a, const struct seed *b)
{
	return a->line < b->line ? -1 : a->line > b->line;
}

static int
by_serial(const void *one, const void *other)
{
	const struct seed *const *a = one, *const *b = other;
	int order = token_compare((*a)->token.serial, (*b)->token.serial);

	return order != 0 ? order : by_line(*a, *b);
}

/* Bytes behind a secret are zero, and zeros at its end give the same codes. */
static int
by_secret(const void *one, const void *other)
{
	const struct seed *const *a = one, *const *b = other;
	int order = memcmp(
	    (*a)->token.secret.bytes, (*b)->token.secret.bytes, OTP_SECRET_MAX);

	return order != 0 ? order : by_line(*a, *b);
}

static void
refuse_twice(struct seeds *seeds, const struct seed *first,
    const struct seed *again, bool serial)
{
	if (serial)
		seeds_refuse(seeds, again->line,
		    "the serial number %s is in line %d, too",
		    again->token.serial, first->line);
	else
		seeds_refuse(seeds, again->line,
		    "token %s has the secret of token %s in line %d: each "
		    "token has its own",
		    again->token.serial, first->token.serial, first->line);
}

/* Says which tokens are there twice: two people would get one secret. */
static void
judge_twice(struct seeds *seeds, struct seed **order)
{
	size_t count = seeds->list.count;

	for (size_t i = 0; i < count; i++)
		order[i] = &seeds->list.items[i];
	qsort(order, count, sizeof(*order), by_serial);
	for (size_t i = 1; i < count; i++)
		if (token_compare(order[i - 1]->token.serial,
			order[i]->token.serial) == 0)
			refuse_twice(seeds, order[i - 1], order[i], true);
	qsort(order, count, sizeof(*order), by_secret);
	for (size_t i = 1; i < count; i++)
		if (record_same_secret(
			&order[i - 1]->token.secret, &order[i]->token.secret))
			refuse_twice(seeds, order[i - 1], order[i], false);
}

static void
judge_whole(struct seeds *seeds)
{
	struct seed **order;

	if (seeds->wrong_count > 0)
		return;
	if (seeds->list.count == 0) {
		seeds_refuse(seeds, 0, "there is no token in it");
		return;
	}
	order = calloc(seeds->list.count, sizeof(struct seed *));
	seeds->failed |= order == NULL;
	if (order != NULL)
		judge_twice(seeds, order);
	free(order);
}

/* False, after a refusal, for what is no text that we read. */
static bool
is_text(struct seeds *seeds, const char *text, size_t len)
{
	const char *nul;

	if (len > SEEDS_FILE_MAX)
		seeds_refuse(seeds, 0, "it is larger than %lu bytes: split it",
		    SEEDS_FILE_MAX);
	else if (len >= 2 &&
	    (memcmp(text, "\xff\xfe", 2) == 0 ||
		memcmp(text, "\xfe\xff", 2) == 0))
		seeds_refuse(seeds, 0,
		    "it is UTF-16: save it as UTF-8, such as by iconv -f "
		    "UTF-16 -t UTF-8");
	else if (len >= 2 && memcmp(text, "PK", 2) == 0)
		seeds_refuse(seeds, 0,
		    "it is a spreadsheet or an archive: save it as CSV");
	else if ((nul = memchr(text, '\0', len)) != NULL)
		seeds_refuse(seeds, 0,
		    "byte %zu is a NUL: it is neither CSV nor PSKC",
		    (size_t)(nul - text) + 1);
	else
		return true;
	return false;
}

enum fault
seeds_parse(
    const char *text, size_t len, enum secrets_form form, struct seeds *ret)
{
	size_t skip = 0;

	*ret = (struct seeds){.form = SEEDS_CSV};
	if (is_text(ret, text, len)) {
		if (len >= 3 && memcmp(text, bom, 3) == 0)
			skip = 3;
		if (text[skip + strspn(text + skip, " \t\r\n")] == '<')
			ret->form = SEEDS_PSKC;
		if (ret->form == SEEDS_PSKC)
			seeds_parse_pskc(ret, text + skip, len - skip);
		else
			seeds_parse_csv(ret, text + skip, len - skip, form);
		judge_whole(ret);
	}
	if (ret->failed)
		return FAULT_MEMORY;
	return ret->wrong_count > 0 ? FAULT_FORMAT : FAULT_NONE;
}

void
seeds_done(struct seeds *seeds)
{
	if (seeds->list.items != NULL)
		explicit_bzero(
		    seeds->list.items, seeds->list.count * sizeof(struct seed));
	free(seeds->list.items);
	free(seeds->wrong.items);
	free(seeds->notes.items);
	*seeds = (struct seeds){.form = SEEDS_CSV};
}
