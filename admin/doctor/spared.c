/*
 * The users whom a Match block before ours exempts from the gate, from every
 * address, and those for whom it does not stand.
 */
#include "admin/doctor/questions.h"
#include "admin/doctor/scope.h"

/* The first ForceCommand of a Match that fits counts. */
bool
shells_spared(const struct config *config, const struct passwd *pw)
{
	const struct config_line *gate = config_gate(config);

	if (config_is_partial(gate) && !scope_has(config, pw))
		return true;
	list_each(const struct config_line, line, config->lines) {
		if (gate == NULL || line >= gate)
			return false;
		if (line->match != NULL &&
		    config_has_keyword(line, "ForceCommand") &&
		    match_fits(line->match, pw, false) &&
		    (line->outer == NULL || match_fits(line->outer, pw, false)))
			return !config_is_gate(line->value);
	}
	return false;
}
