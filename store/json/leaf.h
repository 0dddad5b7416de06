/*
 * Takes a value apart into its single values, each with its key, so that two
 * values of one shape can be compared and the difference shown to a person.
 */
#ifndef TFA_JSON_LEAF_H
#define TFA_JSON_LEAF_H

#include "store/json/json.h"

#define LEAF_KEY 320

struct leaf {
	/* "attempts.free"; "rules.NAME.mode" for an item that has a "name".
	 * All items of a list of single values have the list's key. */
	char key[LEAF_KEY];
	const char *text; /* the value as people write it, without quotes */
};

/*
 * Calls each() for every value that json_write() would write, in that order.
 * leaf and what it points to last for the call.  Returns false once each() has
 * returned false, or for a value that is deeper than JSON_DEPTH_MAX.
 */
bool json_leaves(const struct json_shape *shape, const void *value,
    bool (*each)(void *ctx, const struct leaf *leaf), void *ctx);

#endif
