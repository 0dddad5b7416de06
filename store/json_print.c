/* Indented JSON that people read and edit: short things stay on one line. */
#include <stdlib.h>
#include <string.h>

#include "json_tree.h"

#define INDENT 4
#define WIDTH  78

/* Grows as it is written; text is NULL once memory ran out. */
struct text {
	char *text;
	size_t len;
	size_t room;
};

static void print(struct text *out, const cJSON *node, size_t depth);

static void
put(struct text *out, const char *bytes, size_t len)
{
	if (out->text == NULL)
		return;
	if (out->room - out->len <= len) {
		size_t room = 2 * out->room + len;
		char *larger = calloc(room, 1);

		if (larger != NULL)
			memcpy(larger, out->text, out->len);
		json_text_free(&out->text);
		out->text = larger;
		out->room = room;
	}
	if (out->text == NULL)
		return;
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
	out->text[out->len] = '\0';
}

static void
put_text(struct text *out, const char *text)
{
	put(out, text, strlen(text));
}

static void
put_line(struct text *out, size_t depth)
{
	put_text(out, "\n");
	for (size_t i = 0; i < depth * INDENT; i++)
		put_text(out, " ");
}

/* A value without parts, as cJSON writes it. */
static void
put_leaf(struct text *out, const cJSON *node)
{
	char *text = cJSON_PrintUnformatted(node);

	if (text != NULL)
		put_text(out, text);
	else
		json_text_free(&out->text);
	cJSON_free(text);
}

/* Our keys are plain words, so they need no escape. */
static void
put_key(struct text *out, const cJSON *node)
{
	if (node->string == NULL)
		return;
	put_text(out, "\"");
	put_text(out, node->string);
	put_text(out, "\": ");
}

static void
print_parts(struct text *out, const cJSON *node, size_t depth, bool one_line)
{
	for (const cJSON *c = node->child; c != NULL; c = c->next) {
		if (!one_line)
			put_line(out, depth + 1);
		put_key(out, c);
		print(out, c, one_line ? SIZE_MAX : depth + 1);
		if (c->next != NULL)
			put_text(out, one_line ? ", " : ",");
	}
	if (!one_line)
		put_line(out, depth);
}

static void
print_whole(struct text *out, const cJSON *node, size_t depth, bool one_line)
{
	bool list = cJSON_IsArray(node);

	put_text(out, list ? "[" : "{");
	print_parts(out, node, depth, one_line);
	put_text(out, list ? "]" : "}");
}

/* How many columns the value would take on one line. */
static size_t
width(const cJSON *node)
{
	struct text line = {.text = calloc(1, 256), .room = 256};
	size_t len;

	print_whole(&line, node, 0, true);
	len = line.text != NULL ? line.len : SIZE_MAX;
	json_text_free(&line.text);
	return len;
}

/* depth SIZE_MAX: inside something that stands on one line. */
static void
print(struct text *out, const cJSON *node, size_t depth)
{
	if (!cJSON_IsArray(node) && !cJSON_IsObject(node))
		put_leaf(out, node);
	else if (depth == SIZE_MAX || node->child == NULL)
		print_whole(out, node, 0, true);
	else
		print_whole(out, node, depth,
		    depth > 0 && width(node) + depth * INDENT < WIDTH - 16);
}

char *
json_tree_print(const cJSON *tree)
{
	struct text out = {.text = calloc(1, 1024), .room = 1024};

	print(&out, tree, 0);
	put_text(&out, "\n");
	return out.text;
}
