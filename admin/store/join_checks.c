#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/home.h"
#include "admin/store/census.h"
#include "admin/store/join.h"
#include "store/base/cleanup.h"

int
join_ask_link(struct site *site, struct link_status *ret)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	enum fault fault = remote_status(&site->remote, &text, &len);

	if (fault != FAULT_NONE)
		return site_say(site, fault, "tfa-link");
	if (link_status_read(text, len, ret) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say(
	    "tfa-link's answer is not understood: are tfa and tfa-link of "
	    "one version?");
	return ADMIN_NOT;
}

/* At least one member must be good; of the others the person is told. */
int
join_check_engine(const struct link_status *link)
{
	size_t good = 0;

	list_each(const struct member, member, link->endpoints) {
		good += member->state == MEMBER_GOOD;
		if (member->state != MEMBER_GOOD)
			admin_say("%s: %s%s%s", member->url,
			    member_state_name(member->state),
			    member->why[0] != '\0' ? ": " : "", member->why);
	}
	if (link->login[0] != '\0') {
		admin_say(
		    "etcd refuses the user of store.json: %s", link->login);
		return ADMIN_NOT;
	}
	if (good == 0 || link->breaker == 0) {
		admin_say(
		    "etcd does not answer: %s; tfa-link --check says more",
		    link->why);
		return ADMIN_NOT;
	}
	if (link->clock_off_ms > JOIN_CLOCK_MS ||
	    link->clock_off_ms < -JOIN_CLOCK_MS) {
		admin_say("this machine's clock is off by %" PRId64
			  " s from etcd's: codes would be judged by the wrong "
			  "time. Start chrony or systemd-timesyncd first",
		    link->clock_off_ms / 1000);
		return ADMIN_NOT;
	}
	return ADMIN_DONE;
}

int
join_check_host(const struct members *members, const char *host)
{
	const struct fleet_member *member = members_find(members, host);

	if (member == NULL || !members_is_live(member, time(NULL)))
		return ADMIN_DONE;
	admin_say(
	    "a bastion %s is in the fleet and runs. If it is this one, it "
	    "has joined already; else give this machine another name",
	    host);
	return ADMIN_NOT;
}

/* The policy is put before the fleet's object: a killed command leaves it. */
static bool
note_one(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	(void)mark;
	(void)sealed;
	(void)len;
	if (strcmp(key, "policy") == 0)
		return true;
	snprintf(ctx, TALK_KEY, "%s", key);
	return false;
}

int
join_check_empty(struct site *site)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_name_of(SEAL_POLICY);
	char key[TALK_KEY] = "";
	enum fault fault = remote_scan(&site->remote, "", true, note_one, key);

	if (key[0] != '\0') {
		admin_say(
		    "under %s there is something already (%s%s): a fleet, "
		    "to which you bring its %s and join without --new; or "
		    "choose another prefix",
		    site->config.prefix, site->config.prefix, key,
		    site->key_path);
		return ADMIN_NOT;
	}
	if (fault == FAULT_NONE)
		fault = remote_get(&site->remote, &name, &text);
	return fault == FAULT_NONE || fault == FAULT_ABSENT
	    ? ADMIN_DONE
	    : site_say(site, fault, site->config.prefix);
}

int
join_check_uids(struct site *site, const char *host)
{
	const struct census_plan plan = {.most = CENSUS_SAMPLE,
	    .bastion = charter_uids(&site->charter, &site->config, host)};
	struct census census;

	if (census_take(&site->remote, &plan, &census) != FAULT_NONE)
		return site_say(site, FAULT_IO, "the users' records");
	if (census.other.count > 0)
		admin_say("%zu of %zu users have another user id here than "
			  "where they enrolled (%s): they are denied here "
			  "until the ids are equal, or \"uids\" in store.json "
			  "is \"per-bastion\"",
		    census.other.count, census.seen, census.other.names);
	return ADMIN_DONE;
}

int
join_check_policy(struct site *site)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_name_of(SEAL_POLICY);
	enum fault fault = remote_get(&site->remote, &name, &text);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault != FAULT_ABSENT)
		return site_say(site, fault, "the fleet's policy");
	admin_say(HOME_NO_POLICY);
	return ADMIN_NOT;
}
