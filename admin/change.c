#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "cleanup.h"
#include "policy_file.h"

int
admin_load(const struct admin *admin, struct policy *ret)
{
	char why[POLICY_WHY_TEXT] = "";
	enum fault fault = policy_load(admin->policy, geteuid(), ret, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT && admin->keeper.store != NULL &&
	    policy_builtin(ret) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why[0] != '\0' ? why : fault_name(fault));
	return ADMIN_NOT;
}

/* What is written must be what the keeper will accept. */
static int
store(const struct place *place, const struct policy *policy)
{
	scoped_free char *text = NULL;
	struct json_error error = {.line = 0};
	struct policy again;

	if (policy_format(policy, true, &text) != FAULT_NONE) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	if (policy_parse(text, strlen(text), &again, &error) != FAULT_NONE) {
		admin_say("the policy would not be valid, nothing is changed: "
			  "%s: %s",
		    error.path, error.text);
		return ADMIN_NOT;
	}
	policy_done(&again);
	return place_store(place, text, strlen(text));
}

int
admin_change(struct admin *admin,
    int (*change)(struct policy *policy, void *arg), void *arg)
{
	struct place place;
	struct policy policy;
	int changes, status = place_open(admin->policy, PLACE_WAIT_S, &place);

	if (status == ADMIN_DONE)
		status = admin_load(admin, &policy);
	if (status == ADMIN_DONE) {
		changes = change(&policy, arg);
		if (changes < 0)
			status = ADMIN_NOT;
		else if (changes > 0)
			status = store(&place, &policy);
		policy_done(&policy);
	}
	place_close(&place);
	return status;
}
