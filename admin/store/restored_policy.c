#include "admin/store/restored_policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/base/when.h"
#include "store/fleet/bastion.h"

/* theirs: none where the backup has none. */
static int
read_theirs(struct restored_policy *policy)
{
	struct remote_name name = remote_name_of(SEAL_POLICY);
	scoped_remote_text struct remote_text text = {.text = NULL};
	enum fault fault = remote_get(&policy->site->remote, &name, &text);

	snprintf(policy->mark, sizeof(policy->mark), "0");
	if (fault == FAULT_ABSENT)
		return ADMIN_DONE;
	if (fault != FAULT_NONE)
		return site_say(policy->site, fault, "the fleet's policy");
	if (version_parse(text.text, text.len, &policy->theirs) != FAULT_NONE) {
		admin_say("the fleet's policy cannot be read");
		return ADMIN_NOT;
	}
	memcpy(policy->mark, text.mark, sizeof(policy->mark));
	return ADMIN_DONE;
}

/* ours: none where the copy is not here, or cannot be read. */
static void
read_ours(struct restored_policy *policy, const struct store *store)
{
	struct kept kept;

	if (kept_read(&policy->fleet, store->dir, &kept) == FAULT_NONE)
		policy->ours = kept.version;
}

static void
name_version(const struct version *version, char *ret, size_t size)
{
	char when[WHEN_SAID];

	when_say(version->at_s, when);
	if (version->number == 0)
		snprintf(ret, size, "none");
	else
		snprintf(ret, size, "number %" PRId64 " (%s%s%.100s)",
		    version->number, when,
		    version->by[0] != '\0' ? ", by " : "", version->by);
}

static bool
ask_for_ours(const struct restored_policy *policy)
{
	char theirs[200], ours[200], question[600];

	name_version(&policy->theirs, theirs, sizeof(theirs));
	name_version(&policy->ours, ours, sizeof(ours));
	snprintf(question, sizeof(question),
	    "The policy in the backup is %s. Here is a copy of a later one: "
	    "%s. Shall that one be in force again?",
	    theirs, ours);
	if (admin_confirm(policy->site->admin, question))
		return true;
	admin_say("the policy of the backup stays: %s", theirs);
	return false;
}

static bool
is_later(const struct version *ours, const struct version *theirs)
{
	if (ours->number == 0 || theirs->number == 0)
		return ours->number != 0;
	return !version_is(ours, theirs) &&
	    (ours->at_s != theirs->at_s ? ours->at_s > theirs->at_s
					: ours->number > theirs->number);
}

int
restored_policy_ask(
    struct site *site, const struct store *store, struct restored_policy *ret)
{
	int status;

	*ret = (struct restored_policy){.site = site};
	fleet_init(&ret->fleet, &site->config, site->ring,
	    site->admin->link != NULL ? site->admin->link : LINE_SOCKET);
	status = read_theirs(ret);
	if (status != ADMIN_DONE)
		return status;
	read_ours(ret, store);
	ret->is_wanted = is_later(&ret->ours, &ret->theirs) &&
	    ask_for_ours(ret);
	return ADMIN_DONE;
}

int
restored_policy_renew(struct restored_policy *policy)
{
	struct remote_name name = remote_name_of(SEAL_POLICY);
	scoped_remote_text struct remote_text was = {.text = NULL};
	scoped_remote_text struct remote_text now = {.text = NULL};
	struct remote *remote = &policy->site->remote;
	enum fault fault = remote_get(remote, &name, &was);

	if (fault == FAULT_ABSENT && policy->theirs.number == 0)
		return ADMIN_DONE;
	if (fault == FAULT_NONE && strcmp(was.mark, policy->mark) != 0) {
		admin_say("the policy was changed meanwhile");
		return ADMIN_NOT;
	}
	if (fault == FAULT_NONE)
		fault = remote_put(remote, &name, &was, was.text, was.len);
	if (fault == FAULT_NONE)
		fault = remote_get(remote, &name, &now);
	if (fault != FAULT_NONE)
		return site_say(policy->site, fault, "the fleet's policy");
	memcpy(policy->mark, now.mark, sizeof(policy->mark));
	return ADMIN_DONE;
}

int
restored_policy_put(struct restored_policy *policy, const struct store *store)
{
	scoped_version struct version other = {.number = 0};
	char host[BASTION_HOST], by[VERSION_BY];
	const struct kept_next next = {.mark = policy->mark,
	    .text = policy->ours.text,
	    .len = policy->ours.len,
	    .by = by,
	    .what = "the policy from before the backup",
	    .now_s = time(NULL)};
	enum fault fault;

	if (!policy->is_wanted)
		return ADMIN_DONE;
	snprintf(by, sizeof(by), "root at %s",
	    bastion_host(host) ? host : "an unnamed host");
	fault = kept_put(&policy->fleet, store->dir, &next, &other);
	if (fault == FAULT_NONE) {
		admin_done(policy->site->admin, "policy",
		    "the one from before the backup is in force again");
		return ADMIN_DONE;
	}
	admin_say("the policy of the backup is in force, since the later one "
		  "cannot be put: %s; tfa-admin policy edit",
	    fault == FAULT_STALE ? "somebody changed it meanwhile"
				 : policy->fleet.line.why);
	return ADMIN_NOT;
}

void
restored_policy_done(struct restored_policy *policy)
{
	version_done(&policy->ours);
	version_done(&policy->theirs);
	fleet_done(&policy->fleet);
}
