#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/base/utf8.h"

static const char *const part_words[] = {
    [USE_GATE] = "gate",
    [USE_MODULE] = "module",
    [USE_DOOR] = "door",
    [USE_SETUP] = "setup",
    [USE_UNKNOWN] = "unknown",
    NULL,
};

struct use {
	int part;              /* enum use_part */
	char file[SETUP_PATH]; /* "": what is unknown is in none */
	int64_t line;          /* 0: none */
	char text[1024];
};

static const struct json_field use_fields[] = {
    JSON_ROW_CHOICE("part", JSON_REQUIRED, struct use, part, part_words),
    JSON_ROW_TEXT("file", JSON_REQUIRED, struct use, file),
    JSON_ROW_NUMBER("line", JSON_MAYBE, struct use, line, 0, INT64_C(1) << 31),
    JSON_ROW_TEXT("text", JSON_REQUIRED, struct use, text),
};
static const struct json_shape use_shape = JSON_SHAPE(use_fields, NULL);

static void
print_json(struct uses *uses, const struct use *use)
{
	scoped_free char *json = NULL;

	if (json_write(&use_shape, use, false, &json) != FAULT_NONE ||
	    puts(json) < 0)
		uses->unwritten = true;
}

void
uses_add(struct uses *uses, enum use_part part, const char *file, int number,
    const char *text)
{
	struct use use = {.part = (int)part, .line = number};

	uses->any = true;
	utf8_clean(file, strlen(file), use.file, sizeof(use.file));
	utf8_clean(text, strlen(text), use.text, sizeof(use.text));
	if (uses->json) {
		print_json(uses, &use);
		return;
	}
	printf("%s: %s:", part_words[part], use.file);
	if (number > 0)
		printf("%d:", number);
	printf(" %s\n", use.text);
}

void
uses_unknown(struct uses *uses, const char *format, ...)
{
	struct use use = {.part = USE_UNKNOWN};
	char text[sizeof(use.text)];
	va_list args;

	uses->unknown = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	admin_say("%s", text);
	utf8_clean(text, strlen(text), use.text, sizeof(use.text));
	if (uses->json)
		print_json(uses, &use);
}
