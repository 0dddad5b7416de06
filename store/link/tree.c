#include "store/link/tree.h"

#include <string.h>

/* The quote that ends the string at text, or NULL.  No byte is looked at more
 * than a few times, whatever is escaped. */
static const char *
string_end(const char *text, const char *end)
{
	const char *quote = memchr(text, '"', (size_t)(end - text));
	const char *escape;

	while (quote != NULL &&
	    (escape = memchr(text, '\\', (size_t)(quote - text))) != NULL) {
		text = escape + 2;
		if (text > quote)
			quote = memchr(text, '"', (size_t)(end - text));
	}
	return quote;
}

/* cJSON calls itself for each level, and takes 64 bytes for a value of one. */
static bool
is_too_large(const char *text, size_t len)
{
	const char *end = text + len;
	int level = 0, commas = 0;

	for (const char *at = text; at < end; at++) {
		if (*at == '"' && (at = string_end(at + 1, end)) == NULL)
			return true; /* no JSON */
		if ((*at == '[' || *at == '{') && ++level > TREE_DEPTH)
			return true;
		if (*at == ',' && ++commas > TREE_COMMAS)
			return true;
		if (*at == ']' || *at == '}')
			level--;
	}
	return false;
}

cJSON *
tree_read(const char *text, size_t len)
{
	if (text == NULL || memchr(text, '\0', len) != NULL ||
	    is_too_large(text, len))
		return NULL;
	return cJSON_ParseWithLengthOpts(text, len + 1, NULL, true);
}

bool
tree_find(const cJSON *object, const char *name, const cJSON **ret)
{
	const cJSON *item;

	*ret = NULL;
	cJSON_ArrayForEach(item, object)
	{
		if (item->string == NULL || strcmp(item->string, name) != 0)
			continue;
		if (*ret != NULL)
			return false;
		*ret = item;
	}
	return true;
}

const cJSON *
tree_member(const cJSON *object, const char *name)
{
	const cJSON *found;

	return cJSON_IsObject(object) && tree_find(object, name, &found) ? found
									 : NULL;
}

void
tree_free(cJSON **tree)
{
	cJSON_Delete(*tree);
}
