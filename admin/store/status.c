#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/store/back.h"
#include "admin/store/commands.h"
#include "admin/store/join.h"
#include "store/base/cleanup.h"
#include "store/base/when.h"

#define MEBIBYTE 1048576

struct view {
	struct site *site;
	struct link_status link;
	struct members members;
	int64_t now_s;
	bool is_back;
};

static void
print_fleet(const struct view *view)
{
	const struct charter *charter = &view->site->charter;
	char id[KEYRING_ID_TEXT];

	keyring_id_say(view->site->ring->use, id);
	printf("fleet      %s, level %" PRId64 ", epoch %" PRId64 "\n",
	    charter->name, charter->level, charter->epoch);
	printf("keys       %zu here, %s seals\n", view->site->ring->count, id);
}

/* How far its clock is ahead of this one's, to a tenth of a second. */
static void
print_clock(int64_t off_ms)
{
	int64_t tenths = off_ms / 100;

	if (tenths == 0)
		printf("; its clock agrees");
	else
		printf("; its clock is %" PRId64 ".%" PRId64 " s %s",
		    imaxabs(tenths) / 10, imaxabs(tenths) % 10,
		    tenths > 0 ? "ahead" : "behind");
}

static void
print_back(const struct view *view)
{
	if (view->is_back)
		puts(
		    "state      older than this bastion has seen it, so nobody "
		    "but \"local\" users\n           gets in here. If you "
		    "restored a backup: tfa-admin store accept-restore,\n     "
		    "      with --here if another bastion has accepted it");
}

static void
print_engine(const struct view *view)
{
	const struct link_status *link = &view->link;

	if (link->breaker == 0) {
		printf("etcd       %s\n", link->why);
	} else {
		printf("etcd       answers");
		print_clock(link->clock_off_ms);
		printf("; revision %s%s\n", link->revision,
		    link->compact ? "; tfa-link compacts" : "");
	}
	if (link->login[0] != '\0')
		printf("           it refuses the user: %s\n", link->login);
	if (link->is_root)
		puts("           its user has etcd's role root");
	if (link->compact_refused)
		puts("           it does not let tfa-link compact");
}

/* Why a member is not there: its address stands in the line above. */
static const char *
member_why(const struct member *member)
{
	size_t len = strlen(member->url);

	return strncmp(member->why, member->url, len) == 0 &&
		strncmp(member->why + len, ": ", 2) == 0
	    ? member->why + len + 2
	    : member->why;
}

static void
print_member(const struct member *member)
{
	printf("endpoint   %s\n           %s", member->url,
	    member_state_name(member->state));
	if (member->state < MEMBER_LOST) {
		printf(": %s\n", member_why(member));
		return;
	}
	printf(", etcd %s, %" PRId64 " of %" PRId64
	       " MiB; its certificate has %" PRId64 " days left",
	    member->version, member->db_size / MEBIBYTE,
	    member->quota / MEBIBYTE, member->days_left);
	list_each(const struct member_alarm, alarm, member->alarms)
		printf("; %s", alarm->text);
	puts("");
}

static void
print_bastion(const struct view *view, const struct fleet_member *member)
{
	const struct bastion *bastion = &member->bastion;
	char said[WHEN_SAID];

	when_say(bastion->time_s, said);
	printf("bastion    %s%s, tfa %s, level %" PRId64 ", policy %" PRId64
	       "\n           last word %s; keys",
	    member->host, members_is_live(member, view->now_s) ? "" : " (OFF)",
	    bastion->version, bastion->level, bastion->policy, said);
	list_each(const struct bastion_key, key, bastion->keys)
		printf(" %s", key->text);
	puts("");
}

static void
status_as_text(const struct view *view)
{
	print_fleet(view);
	print_back(view);
	print_engine(view);
	list_each(const struct member, member, view->link.endpoints)
		print_member(member);
	list_each(const struct fleet_member, bastion, view->members.list)
		print_bastion(view, bastion);
}

static void
print_json_endpoint(const struct member *member)
{
	admin_print_string("{\"url\":", member->url);
	admin_print_string(",\"state\":", member_state_name(member->state));
	admin_print_string(",\"why\":", member->why);
	admin_print_string(",\"version\":", member->version);
	printf(",\"db_size\":%" PRId64 ",\"quota\":%" PRId64
	       ",\"days_left\":%" PRId64 ",\"alarms\":[",
	    member->db_size, member->quota, member->days_left);
	for (size_t i = 0; i < member->alarms.count; i++)
		admin_print_string(
		    i > 0 ? "," : "", member->alarms.items[i].text);
	printf("]}");
}

static void
print_json_bastion(const struct view *view, const struct fleet_member *member)
{
	const struct bastion *bastion = &member->bastion;
	char time[WHEN_TEXT];

	when_format(bastion->time_s, time);
	admin_print_string("{\"host\":", member->host);
	printf(",\"live\":%s",
	    members_is_live(member, view->now_s) ? "true" : "false");
	admin_print_string(",\"version\":", bastion->version);
	printf(",\"level\":%" PRId64 ",\"policy\":%" PRId64 ",\"keys\":[",
	    bastion->level, bastion->policy);
	for (size_t i = 0; i < bastion->keys.count; i++)
		admin_print_string(
		    i > 0 ? "," : "", bastion->keys.items[i].text);
	admin_print_string("],\"time\":", time);
	printf("}");
}

static void
status_as_json(const struct view *view)
{
	const struct charter *charter = &view->site->charter;
	const struct link_status *link = &view->link;

	admin_print_string("{\"fleet\":", charter->name);
	printf(",\"level\":%" PRId64 ",\"epoch\":%" PRId64, charter->level,
	    charter->epoch);
	printf(",\"answers\":%s,\"went_back\":%s,\"clock_off_ms\":%" PRId64,
	    link->breaker == 0 ? "false" : "true",
	    view->is_back ? "true" : "false", link->clock_off_ms);
	admin_print_string(",\"why\":", link->why);
	admin_print_string(",\"login\":", link->login);
	admin_print_string(",\"revision\":", link->revision);
	printf(",\"certificate_days_left\":%" PRId64 ",\"endpoints\":[",
	    link->certificate_days_left);
	for (size_t i = 0; i < link->endpoints.count; i++) {
		fputs(i > 0 ? "," : "", stdout);
		print_json_endpoint(&link->endpoints.items[i]);
	}
	fputs("],\"bastions\":[", stdout);
	for (size_t i = 0; i < view->members.list.count; i++) {
		fputs(i > 0 ? "," : "", stdout);
		print_json_bastion(view, &view->members.list.items[i]);
	}
	puts("]}");
}

/* Bad: nobody can log in, or somebody must act soon. */
static bool
is_well(const struct view *view)
{
	if (view->link.breaker == 0 || view->link.login[0] != '\0' ||
	    view->is_back)
		return false;
	list_each(const struct member, member, view->link.endpoints)
		if (member->state != MEMBER_GOOD || member->alarms.count > 0)
			return false;
	return true;
}

/* The engine's state is shown also where the rest cannot be read. */
int
store_status(struct admin *admin)
{
	scoped_site struct site site;
	struct view view = {.site = &site, .now_s = time(NULL)};
	int status = site_begin(
	    admin, SITE_CONFIG | SITE_KEYS | SITE_LINK, &site);
	bool shown = false;

	if (status == ADMIN_DONE)
		status = join_ask_link(&site, &view.link);
	if (status == ADMIN_DONE) {
		shown = true;
		status = site_charter(&site);
	}
	if (status == ADMIN_DONE)
		status = site_members(&site, &view.members);
	if (status == ADMIN_DONE)
		view.is_back = back_is(&site.remote, site.folder);
	if (shown && admin->json)
		status_as_json(&view);
	else if (status == ADMIN_DONE)
		status_as_text(&view);
	else if (shown) {
		print_engine(&view);
		list_each(const struct member, member, view.link.endpoints)
			print_member(member);
	}
	if (status == ADMIN_DONE && !is_well(&view))
		status = ADMIN_NOT;
	link_status_done(&view.link);
	members_done(&view.members);
	return status;
}
