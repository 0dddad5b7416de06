#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/tokens/seeds.h"

static const char bom[] = "\xef\xbb\xbf";

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
