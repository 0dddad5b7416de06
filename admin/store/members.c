#include "admin/store/members.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct remote *remote;
	struct members *members;
	char *why;
	enum fault fault;
};

static enum fault __attribute__((format(printf, 3, 4)))
members_say(struct reading *reading, enum fault fault, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(reading->why, REMOTE_WHY, format, ap);
	va_end(ap);
	return fault;
}

static enum fault
open_member(struct reading *reading, const char *host, const char *mark,
    const uint8_t *sealed, size_t len)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_host(host);
	struct fleet_member *member;
	struct json_error error;
	struct bastion bastion;
	enum fault fault = remote_unseal(
	    reading->remote, &name, mark, sealed, len, &text);

	if (fault != FAULT_NONE)
		return members_say(reading, fault, "%s", reading->remote->why);
	fault = bastion_parse(text.text, text.len, &bastion, &error);
	if (fault != FAULT_NONE)
		return members_say(reading, fault,
		    "the entry of the bastion %.100s is not understood: "
		    "%.100s",
		    host, error.text);
	member = list_add(&reading->members->list, sizeof(*member));
	if (member == NULL) {
		bastion_done(&bastion);
		return members_say(reading, FAULT_MEMORY, "out of memory");
	}
	snprintf(member->host, sizeof(member->host), "%s", host);
	snprintf(member->mark, sizeof(member->mark), "%s", mark);
	member->bastion = bastion;
	return FAULT_NONE;
}

static bool
add_member(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct reading *reading = ctx;

	reading->fault = open_member(
	    reading, key + strlen(BASTION_PREFIX), mark, sealed, len);
	return reading->fault == FAULT_NONE;
}

enum fault
members_read(
    struct remote *remote, struct members *ret, char ret_why[static REMOTE_WHY])
{
	struct members members = {.list = {NULL, 0}};
	struct reading reading = {remote, &members, ret_why, FAULT_NONE};
	enum fault fault = remote_scan(
	    remote, BASTION_PREFIX, false, add_member, &reading);

	if (fault == FAULT_NONE) {
		*ret = members;
		return fault;
	}
	members_done(&members);
	return reading.fault != FAULT_NONE
	    ? reading.fault
	    : members_say(&reading, fault, "%s", remote->why);
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

void
members_drop(struct members *members, const struct fleet_member *member)
{
	size_t i = (size_t)(member - members->list.items);

	bastion_done(&members->list.items[i].bastion);
	list_drop(&members->list, sizeof(*member), i);
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
