#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"
#include "store/base/utf8.h"

/* A row of --json. */
static const struct json_field shown_fields[] = {
    JSON_ROW_CHOICE("stage", JSON_REQUIRED, struct stage, kind, stage_names),
    JSON_ROW_TEXT("path", JSON_REQUIRED, struct stage, path),
    JSON_ROW_STRING("text", JSON_MAYBE, struct stage, text, SETUP_FILE_MAX),
};
static const struct json_shape shown_shape = JSON_SHAPE(shown_fields, NULL);

static void
show_json(const struct stage *stage)
{
	struct stage shown = *stage;
	scoped_free char *text = NULL;

	if (stage->kind != STAGE_FILE_WRITE)
		shown.text = NULL;
	if (json_write(&shown_shape, &shown, false, &text) == FAULT_NONE)
		puts(text);
}

/* The text of the file as it is now; "" where there is none. */
static char *
present(const char *path)
{
	scoped_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = NULL;
	size_t len;

	if (fd < 0 || file_read(fd, SETUP_FILE_MAX, &text, &len) != FAULT_NONE)
		return strdup("");
	return text;
}

/* The length of the lines that both texts begin with. */
static size_t
common_start(const char *a, const char *b)
{
	size_t len = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '\n')
			len = i + 1;
	return len;
}

/* The length of the lines that both texts end with. */
static size_t
common_end(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t len = 0;

	for (size_t i = 0; i < a_len && i < b_len; i++) {
		if (a[a_len - 1 - i] != b[b_len - 1 - i])
			return len;
		if ((i + 1 == a_len || a[a_len - 2 - i] == '\n') &&
		    (i + 1 == b_len || b[b_len - 2 - i] == '\n'))
			len = i + 1;
	}
	return len;
}

static void
show_lines(char sign, const char *text, size_t len)
{
	char clean[2048];

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end != NULL ? (size_t)(end - text) : len;

		utf8_clean(text, line, clean, sizeof(clean));
		printf("    %c %s\n", sign, clean);
		line += end != NULL;
		text += line;
		len -= line;
	}
}

/* Shows the lines that go and those that come. */
static void
show_file(const struct stage *stage)
{
	scoped_free char *old = present(stage->path);
	const char *new = stage->text != NULL ? stage->text : "";
	size_t start, end, old_len, new_len;

	if (old == NULL)
		return;
	start = common_start(old, new);
	old_len = strlen(old + start);
	new_len = strlen(new + start);
	end = common_end(old + start, old_len, new + start, new_len);
	show_lines('-', old + start, old_len - end);
	show_lines('+', new + start, new_len - end);
}

void
plan_show(const struct plan *plan, bool json)
{
	char line[SETUP_PATH + 128];

	for (size_t i = 0; i < plan->stages.count; i++) {
		const struct stage *stage = &plan->stages.items[i];

		stage_describe(stage, line, sizeof(line));
		if (line[0] == '\0')
			continue;
		if (json) {
			show_json(stage);
			continue;
		}
		printf("  %s\n", line);
		if (stage->kind == STAGE_FILE_WRITE ||
		    stage->kind == STAGE_FILE_REMOVE)
			show_file(stage);
	}
}
