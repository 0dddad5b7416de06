#include "admin/store/link_status.h"

#include <string.h>

#include "store/fleet/line.h"
#include "store/json/json.h"

#define ALARMS 4
#define DAYS   INT64_C(1000000)

static const char *const state_names[] = {[MEMBER_AWAY] = "away",
    [MEMBER_REFUSED] = "refused",
    [MEMBER_LOST] = "no_leader",
    [MEMBER_GOOD] = "good",
    NULL};
static const char *const status_names[] = {"ok", NULL};
static const char *const breaker_names[] = {"open", "closed", NULL};

#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)
#define COUNT(type, key, need, member) \
	ROW(NUMBER, type, key, need, member, 0, INT64_MAX)
#define SIGNED(type, key, need, member, most) \
	ROW(NUMBER, type, key, need, member, -(most), most)

static const struct json_field item_alarm = JSON_ITEM_TEXT(struct member_alarm);

static const struct json_field member_fields[] = {
    ROW(TEXT, member, "url", REQUIRED, url),
    ROW(CHOICE, member, "state", REQUIRED, state, state_names),
    ROW(TEXT, member, "why", MAYBE, why),
    ROW(TEXT, member, "version", MAYBE, version),
    COUNT(member, "db_size", MAYBE, db_size),
    COUNT(member, "db_in_use", MAYBE, db_in_use),
    COUNT(member, "quota", MAYBE, quota),
    ROW(LIST, member, "alarms", MAYBE, alarms, ALARMS, &item_alarm),
    SIGNED(member, "days_left", MAYBE, days_left, DAYS),
    SIGNED(member, "clock_off_ms", MAYBE, clock_off_ms, JSON_COUNT_MAX),
};
static const struct json_shape member_shape = JSON_SHAPE(member_fields, NULL);
static const struct json_field item_member = JSON_ITEM_OBJECT(
    struct member, &member_shape);

static const struct json_field status_fields[] = {
    ROW(CHOICE, link_status, "status", REQUIRED, status, status_names),
    ROW(LIST, link_status, "endpoints", REQUIRED, endpoints, FLEET_ENDPOINTS,
	&item_member),
    COUNT(link_status, "current", MAYBE, current),
    ROW(CHOICE, link_status, "breaker", REQUIRED, breaker, breaker_names),
    ROW(TEXT, link_status, "why", MAYBE, why),
    ROW(TEXT, link_status, "login", MAYBE, login),
    ROW(FLAG, link_status, "root", MAYBE, is_root),
    SIGNED(link_status, "clock_off_ms", MAYBE, clock_off_ms, JSON_COUNT_MAX),
    SIGNED(link_status, "certificate_days_left", MAYBE, certificate_days_left,
	DAYS),
    ROW(FLAG, link_status, "compact", MAYBE, compact),
    ROW(FLAG, link_status, "compact_refused", MAYBE, compact_refused),
    COUNT(link_status, "compacted", MAYBE, compacted),
    COUNT(link_status, "answered", MAYBE, answered),
    ROW(TEXT, link_status, "version", MAYBE, version),
    ROW(TEXT, link_status, "revision", MAYBE, revision),
};
static const struct json_shape status_shape = JSON_SHAPE(status_fields, NULL);

enum fault
link_status_read(const char *text, size_t len, struct link_status *ret)
{
	struct link_status status = {.breaker = 0};
	struct json_error error;
	enum fault fault = json_read(
	    &status_shape, text, len, LINE_PACKET, &status, &error);

	if (fault == FAULT_NONE)
		*ret = status;
	else
		link_status_done(&status);
	return fault == FAULT_LIMIT ? FAULT_FORMAT : fault;
}

void
link_status_done(struct link_status *status)
{
	json_done(&status_shape, status);
}

const char *
member_state_name(int state)
{
	return state == MEMBER_LOST ? "no leader" : state_names[state];
}

int
member_fill(const struct member *member)
{
	return member->quota > 0
	    ? (int)((double)member->db_size * 100 / (double)member->quota)
	    : 0;
}

bool
member_has_alarm(const struct member *member, const char *alarm)
{
	list_each(const struct member_alarm, one, member->alarms)
		if (strcmp(one->text, alarm) == 0)
			return true;
	return false;
}
