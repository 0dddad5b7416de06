#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/tokens/key_text.h"
#include "admin/tokens/seeds.h"
#include "store/base/utf8.h"

/* lines: of seeds, with room for one more. */
static void __attribute__((format(printf, 4, 0))) add_line(struct seeds *seeds,
    void *lines, int number, const char *format, va_list args)
{
	struct seed_line *line = list_add(lines, sizeof(*line));
	char text[SEEDS_TEXT];

	seeds->failed |= line == NULL;
	if (line == NULL)
		return;
	line->line = number;
	vsnprintf(text, sizeof(text), format, args);
	utf8_clean(text, strlen(text), line->text, sizeof(line->text));
}

void
seeds_refuse(struct seeds *seeds, int line, const char *format, ...)
{
	va_list args;

	if (seeds->wrong_count++ >= SEEDS_WRONG_MAX)
		return;
	va_start(args, format);
	add_line(seeds, &seeds->wrong, line, format, args);
	va_end(args);
}

void
seeds_note(struct seeds *seeds, int line, const char *format, ...)
{
	va_list args;

	if (seeds->notes.count >= SEEDS_NOTES_MAX)
		return;
	va_start(args, format);
	add_line(seeds, &seeds->notes, line, format, args);
	va_end(args);
}

const char *
seeds_quote(const char *text)
{
	return key_text_may_be(text) ? "..." : text;
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
		    seeds_quote(serial));
	else
		seeds_refuse(seeds, line,
		    "\"%.60s\" is no serial number: it may have %d letters and "
		    "digits, with . _ - within",
		    seeds_quote(serial), TOKEN_SERIAL - 1);
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
