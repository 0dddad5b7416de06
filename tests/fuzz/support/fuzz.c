#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "store/base/cleanup.h"
#include "store/json/lex.h"

#define TEXT_MAX (256UL * 1024)

void
fuzz_must(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
	abort();
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

void
fuzz_parts(const uint8_t *data, size_t size, char **ret_parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = 0;

		while (n < size && data[n] != '\0')
			n++;
		ret_parts[i] = fuzz_text(data, n);
		n += n < size;
		data += n;
		size -= n;
	}
}

void
fuzz_parts_done(char **parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(parts[i]);
}

void
fuzz_rewrite(const uint8_t *data, size_t size,
    char *(*rewrite)(void *ctx, const char *text, size_t len), void *ctx)
{
	scoped_free char *text = fuzz_text(data, size);
	scoped_free char *once = rewrite(ctx, text, size);
	scoped_free char *twice = NULL, *theirs = NULL, *both = NULL;
	struct json_error error;

	if (once == NULL)
		return;
	must(json_lex_check(text, size, &error) == FAULT_NONE);
	must(strict_json(text, size));
	must(strict_json(once, strlen(once)));
	twice = rewrite(ctx, once, strlen(once));
	must(twice != NULL && strcmp(once, twice) == 0);
	theirs = cjson_rewrite(text, size);
	must(theirs != NULL);
	both = rewrite(ctx, theirs, strlen(theirs));
	must(both != NULL && strcmp(once, both) == 0);
}

struct shaped {
	const struct json_shape *shape;
	void *value;
	size_t size;
};

static char *
rewrite_shaped(void *ctx, const char *text, size_t len)
{
	const struct shaped *to = ctx;
	struct json_error error = {.line = 0};
	enum fault fault;
	char *again = NULL;

	memset(to->value, 0, to->size);
	fault = json_read(to->shape, text, len, TEXT_MAX, to->value, &error);
	if (fault == FAULT_NONE)
		must(json_write(to->shape, to->value, true, &again) ==
		    FAULT_NONE);
	if (fault == FAULT_FORMAT)
		must(error.line > 0 && error.column > 0 &&
		    (size_t)error.column <= len + 1 && error.text[0] != '\0');
	json_done(to->shape, to->value);
	return again;
}

void
fuzz_shape(const struct json_shape *shape, const uint8_t *data, size_t size,
    void *value, size_t value_size)
{
	struct shaped to = {.shape = shape, .value = value, .size = value_size};

	fuzz_rewrite(data, size, rewrite_shaped, &to);
}
