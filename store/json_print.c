/* Indented JSON that people read and edit: short things stay on one line. */
#include "json_out.h"
#include "json_tree.h"

#define INDENT 4
#define WIDTH  78

static void print(struct json_out *out, const cJSON *node, size_t depth);

static void
put_line(struct json_out *out, size_t depth)
{
	json_out_text(out, "\n");
	for (size_t i = 0; i < depth * INDENT; i++)
		json_out_text(out, " ");
}

/* A value without parts, as cJSON writes it. */
static void
put_leaf(struct json_out *out, const cJSON *node)
{
	char *text = cJSON_PrintUnformatted(node);

	if (text != NULL)
		json_out_text(out, text);
	else
		json_text_free(&out->text);
	cJSON_free(text);
}

/* Our keys are plain words, so they need no escape. */
static void
put_key(struct json_out *out, const cJSON *node)
{
	if (node->string == NULL)
		return;
	json_out_text(out, "\"");
	json_out_text(out, node->string);
	json_out_text(out, "\": ");
}

static void
print_parts(
    struct json_out *out, const cJSON *node, size_t depth, bool one_line)
{
	for (const cJSON *c = node->child; c != NULL; c = c->next) {
		if (!one_line)
			put_line(out, depth + 1);
		put_key(out, c);
		print(out, c, one_line ? SIZE_MAX : depth + 1);
		if (c->next != NULL)
			json_out_text(out, one_line ? ", " : ",");
	}
	if (!one_line)
		put_line(out, depth);
}

static void
print_whole(
    struct json_out *out, const cJSON *node, size_t depth, bool one_line)
{
	bool list = cJSON_IsArray(node);

	json_out_text(out, list ? "[" : "{");
	print_parts(out, node, depth, one_line);
	json_out_text(out, list ? "]" : "}");
}

/* How many columns the value would take on one line. */
static size_t
width(const cJSON *node)
{
	struct json_out line = json_out_begin(256);
	size_t len;

	print_whole(&line, node, 0, true);
	len = line.text != NULL ? line.len : SIZE_MAX;
	json_text_free(&line.text);
	return len;
}

/* depth SIZE_MAX: inside something that stands on one line. */
static void
print(struct json_out *out, const cJSON *node, size_t depth)
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
	struct json_out out = json_out_begin(1024);

	print(&out, tree, 0);
	json_out_text(&out, "\n");
	return out.text;
}
