#include "admin/store/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct site *site;
	struct members *members;
	bool failed;
};

static bool
open_member(struct reading *reading, const char *host, const char *mark,
    const uint8_t *sealed, size_t len)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_host(host);
	struct fleet_member *member;
	struct json_error error;
	struct bastion bastion;

	if (remote_unseal(&reading->site->remote, &name, mark, sealed, len,
		&text) != FAULT_NONE) {
		admin_say("%s", reading->site->remote.why);
		return false;
	}
	if (bastion_parse(text.text, text.len, &bastion, &error) !=
	    FAULT_NONE) {
		admin_say("what the bastion %s says of itself is not "
			  "understood: %s",
		    host, error.text);
		return false;
	}
	member = list_add(&reading->members->list, sizeof(*member));
	if (member == NULL) {
		bastion_done(&bastion);
		admin_say("out of memory");
		return false;
	}
	snprintf(member->host, sizeof(member->host), "%s", host);
	snprintf(member->mark, sizeof(member->mark), "%s", mark);
	member->bastion = bastion;
	return true;
}

static bool
add_member(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct reading *reading = ctx;

	reading->failed = !open_member(
	    reading, key + strlen(BASTION_PREFIX), mark, sealed, len);
	return !reading->failed;
}

int
members_read(struct site *site, struct members *ret)
{
	struct members members = {.list = {NULL, 0}};
	struct reading reading = {site, &members, false};
	enum fault fault = remote_scan(
	    &site->remote, BASTION_PREFIX, false, add_member, &reading);

	if (fault == FAULT_NONE) {
		*ret = members;
		return ADMIN_DONE;
	}
	members_done(&members);
	return reading.failed ? ADMIN_NOT
			      : site_say(site, fault, "the list of bastions");
}

void
members_done(struct members *members)
{
	list_each(struct fleet_member, member, members->list)
		bastion_done(&member->bastion);
	free(members->list.items);
	*members = (struct members){.list = {NULL, 0}};
}

const struct fleet_member *
members_find(const struct members *members, const char *host)
{
	list_each(const struct fleet_member, member, members->list)
		if (strcmp(member->host, host) == 0)
			return member;
	return NULL;
}

bool
members_is_live(const struct fleet_member *member, int64_t now_s)
{
	return member->bastion.time_s > now_s - MEMBERS_OFF_S;
}

bool
members_has_key(const struct fleet_member *member, const char *id)
{
	list_each(const struct bastion_key, key, member->bastion.keys)
		if (strcmp(key->text, id) == 0)
			return true;
	return false;
}
