/*
 * Where the gate looks up what a key may run.  Most policies do not say it, so
 * the gate looks in the default files before it asks the keeper anything.
 */
#include "gate/gate.h"

struct keypath_list
gate_key_files(const struct gate *gate)
{
	static const struct note standard[] = {
	    {KEYS_FILE_FIRST}, {KEYS_FILE_SECOND}};

	if (gate->look.keys[0] != '\0')
		return KEYPATH_LIST(gate->look.key_files);
	return (struct keypath_list){standard[0].text, sizeof(standard[0]), 2};
}

bool
gate_takes_unlisted(const struct gate *gate)
{
	return gate->look.keys[0] != '\0' && gate->look.unlisted;
}
