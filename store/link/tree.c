#include "store/link/tree.h"

#include <string.h>

/* cJSON calls itself for each level, and takes 64 bytes for a value of one. */
static bool
is_too_large(const char *text, size_t len)
{
	bool inside = false;
	int level = 0, commas = 0;

	for (size_t i = 0; i < len; i++) {
		if (inside && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			inside = !inside;
		else if (!inside && (text[i] == '[' || text[i] == '{') &&
		    ++level > TREE_DEPTH)
			return true;
		else if (!inside && text[i] == ',' && ++commas > TREE_COMMAS)
			return true;
		else if (!inside && (text[i] == ']' || text[i] == '}'))
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
