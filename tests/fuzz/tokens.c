#include "store/core/tokens.h"

#include "tests/fuzz/fuzz.h"

static char *
rewrite(void *ctx, const char *text, size_t len)
{
	struct tokens tokens = {.version = 0};
	struct json_error error;
	char *again = NULL;

	(void)ctx;
	if (tokens_parse(text, len, &tokens, &error) != FAULT_NONE) {
		must(error.text[0] != '\0');
		return NULL;
	}
	list_each(const struct token, token, tokens.list) {
		must(tokens_find(&tokens, token->serial) == token);
		must((token->secret.len > 0) ==
		    (token_state(token) != TOKEN_ASSIGNED));
	}
	must(tokens_format(&tokens, &again) == FAULT_NONE);
	tokens_done(&tokens);
	return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_rewrite(data, size, rewrite, NULL);
	return 0;
}
