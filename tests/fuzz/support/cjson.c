#include <cjson/cJSON.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

char *
cjson_rewrite(const char *text, size_t len)
{
	cJSON *tree = cJSON_ParseWithLengthOpts(text, len + 1, NULL, 1);
	char *again = tree != NULL ? cJSON_PrintUnformatted(tree) : NULL;

	cJSON_Delete(tree);
	return again;
}
