#include "tests/fuzz/seeds.h"

#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#define NOW_S 1800000000

static void
check_token(const struct seed *seed)
{
	scoped_free char *packet = NULL;
	struct token again = {.type = 0};
	struct json_error error;

	must(seed->line > 0);
	must(json_write(&token_facts_shape, &seed->token, false, &packet) ==
	    FAULT_NONE);
	must(json_read(&token_facts_shape, packet, strlen(packet), 65536,
		 &again, &error) == FAULT_NONE);
	must(token_same_facts(&seed->token, &again));
}

/* All of them come into an empty list. */
static void
check_list(const struct seeds *seeds)
{
	struct tokens tokens, more = {.version = 1};
	struct clashes clashes;
	size_t added = 0;

	tokens_init(&tokens);
	list_each(const struct seed, seed, seeds->list) {
		struct token *token = list_add(&more.list, sizeof(*token));

		must(token != NULL);
		*token = seed->token;
	}
	must(tokens_merge(&tokens, &more, NOW_S, &clashes, &added) ==
	    FAULT_NONE);
	must(clashes.list.count == 0 && added == seeds->list.count);
	clashes_done(&clashes);
	tokens_done(&tokens);
	tokens_done(&more);
}

void
fuzz_seeds(const uint8_t *data, size_t size, enum seeds_form form)
{
	scoped_free char *text = fuzz_text(data, size);
	scoped_seeds struct seeds seeds;
	enum fault fault = seeds_parse(text, size, SECRETS_GUESS, &seeds);

	must(fault == FAULT_NONE || fault == FAULT_FORMAT);
	must((fault == FAULT_NONE) == (seeds.wrong_count == 0));
	must(seeds.wrong.count <= SEEDS_WRONG_MAX);
	must(seeds.notes.count <= SEEDS_NOTES_MAX);
	list_each(const struct seed_line, line, seeds.wrong)
		must(line->text[0] != '\0' && line->line >= 0);
	if (fault != FAULT_NONE || seeds.form != form)
		return;
	must(seeds.list.count > 0);
	list_each(const struct seed, seed, seeds.list)
		check_token(seed);
	check_list(&seeds);
}
