#include "admin/doctor/fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/store/back.h"
#include "store/base/when.h"
#include "store/core/report.h"

#define MEBIBYTE 1048576
#define NTP      "timedatectl set-ntp true, or chrony"
#define RENEW                                                            \
	"tfa-admin store status; while etcd answers, the keeper renews " \
	"the copy each hour"

static void
judge_days(struct findings *findings, const char *whose, int64_t days)
{
	if (days >= FLEET_DAYS_WARN)
		return;
	findings_add(findings,
	    days < FLEET_DAYS_FAIL ? FINDING_FAIL : FINDING_WARN,
	    "a new certificate",
	    days < 0 ? "the certificate of %.280s is over since %" PRId64
		       " days: nobody can log in through it"
		     : "the certificate of %.280s ends in %" PRId64
		       " days: then nobody can log in through it",
	    whose, days < 0 ? -days : days);
}

/* 3.4 is the first with the JSON gateway at /v3. */
static bool
is_old(const char *version)
{
	char *end;
	long major = strtol(version, &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

	return major < 3 || (major == 3 && minor < 4);
}

/* Commands for a node of etcd; where etcd has users it asks for root's password. */
#define ETCDCTL(user, command)                              \
	((user)[0] != '\0' ? "etcdctl --user root " command \
			   : "etcdctl " command)

static void
judge_room(struct findings *findings, const struct fleet_config *config,
    const struct member *member)
{
	int fill = member_fill(member);
	char fix[200];

	snprintf(fix, sizeof(fix), "at a node of etcd, %s && %s",
	    ETCDCTL(config->user, "defrag --cluster"),
	    ETCDCTL(config->user, "alarm disarm"));
	if (member_has_alarm(member, "NOSPACE"))
		findings_fail(findings, fix,
		    "%.280s is full (%" PRId64
		    " MiB): no code can be spent, and nobody revoked",
		    member->url, member->db_size / MEBIBYTE);
	else if (fill > FLEET_FILL)
		findings_warn(findings,
		    ETCDCTL(config->user,
			"defrag --cluster, at a node of etcd; or a larger "
			"--quota-backend-bytes"),
		    "%.280s has used %d %% of its quota: when it is full "
		    "nobody can log in",
		    member->url, fill);
	if (member_has_alarm(member, "CORRUPT"))
		findings_fail(findings,
		    ETCDCTL(config->user,
			"endpoint hashkv --cluster, at a node of etcd"),
		    "%.280s says that its data is damaged", member->url);
}

const char *
fleet_fix(const char *why, const char *otherwise)
{
	if (strstr(why, "CommonName of client") != NULL)
		return "a certificate without a CN for tfa-link";
	if (strstr(why, "alert") != NULL)
		return "a certificate for tfa-link, by the authority in etcd's "
		       "--trusted-ca-file";
	if (strstr(why, "SSL") != NULL && strstr(why, "certificate") != NULL)
		return "a certificate for etcd, for that name, by the authority "
		       "in \"ca\" of " FLEET_CONFIG;
	return otherwise;
}

static void
judge_member(struct findings *findings, const struct fleet_config *config,
    const struct member *member)
{
	if (member->state != MEMBER_GOOD)
		findings_warn(findings,
		    fleet_fix(member->why, "tfa-link --check"),
		    "%.280s: %s%s%.200s", member->url,
		    member_state_name(member->state),
		    member->why[0] != '\0' ? ": " : "", member->why);
	if (member->state < MEMBER_LOST)
		return;
	judge_days(findings, member->url, member->days_left);
	judge_room(findings, config, member);
	if (member->version[0] != '\0' && is_old(member->version))
		findings_fail(findings, "etcd 3.4 or later",
		    "%.280s is etcd %s, which is too old", member->url,
		    member->version);
}

static void
judge_quorum(struct findings *findings, const struct fleet_config *config,
    const struct link_status *link)
{
	size_t good = 0, count = link->endpoints.count;

	list_each(const struct member, member, link->endpoints)
		good += member->state == MEMBER_GOOD;
	if (link->breaker == 0)
		findings_fail(findings,
		    fleet_fix(link->why, "tfa-link --check"),
		    "%.250s: %s can log in", link->why, fleet_rest(config));
	else if (good < count / 2 + 1)
		findings_warn(findings, "the members of etcd that are away",
		    "%zu of %zu members of etcd are well: one less, and nobody "
		    "can log in",
		    good, count);
	if (count < 3 || count % 2 == 0)
		findings_warn(findings, "three members of etcd, or five",
		    "etcd has %zu member%s here: with %s", count,
		    count == 1 ? "" : "s",
		    count < 3 ? "less than three nobody can log in while one "
				"is away"
			      : "an even number one more helps nobody");
}

static void
judge_clock(struct findings *findings, const char *whose, int64_t off_ms)
{
	int64_t far_ms = off_ms < 0 ? -off_ms : off_ms;

	if (far_ms > FLEET_CLOCK_WARN_MS)
		findings_add(findings,
		    far_ms > FLEET_CLOCK_FAIL_MS ? FINDING_FAIL : FINDING_WARN,
		    NTP,
		    "the clock of %.200s is off by %" PRId64
		    " s from etcd's: beyond 60 s nobody can log in there",
		    whose, far_ms / 1000);
}

void
fleet_judge_link(struct findings *findings, const struct fleet_config *config,
    const struct link_status *link)
{
	judge_quorum(findings, config, link);
	if (link->login[0] != '\0')
		findings_fail(findings,
		    fleet_fix(link->login,
			"the password in tfa-link's credential, or etcdctl "
			"user passwd"),
		    "%.250s: %s can log in", link->login, fleet_rest(config));
	if (link->is_root)
		findings_warn(findings,
		    "a user of etcd with a role for the prefix alone, see "
		    "tfa-store.json(5)",
		    "the user %s has etcd's role root: whoever takes tfa-link "
		    "over has all that is in etcd",
		    config->user);
	list_each(const struct member, member, link->endpoints)
		judge_member(findings, config, member);
	if (config->tls.certificate[0] != '\0')
		judge_days(findings, "tfa-link", link->certificate_days_left);
	judge_clock(findings, "this bastion", link->clock_off_ms);
	if (!config->compact)
		findings_note(findings,
		    "\"compact\" is false: etcd must remove old revisions "
		    "itself, by --auto-compaction-retention, or it fills, and "
		    "nobody can log in");
	if (link->compact_refused)
		findings_warn(findings,
		    "\"compact\": false, and etcd --auto-compaction-retention",
		    "etcd does not let tfa-link remove old revisions: it "
		    "fills, and when it is full nobody can log in");
	if (strcmp(link->version, TFA_VERSION) != 0)
		findings_warn(findings, "systemctl restart tfa-link",
		    "tfa-link is version %s, and this is " TFA_VERSION,
		    link->version);
}

void
fleet_judge_charter(struct findings *findings,
    const struct fleet_config *config, const struct charter *charter)
{
	if (charter->level > CHARTER_LEVEL)
		findings_fail(findings, "the tfa that the other bastions have",
		    "the fleet is at level %" PRId64
		    ", and this tfa knows %d: nobody can log in here",
		    charter->level, CHARTER_LEVEL);
	if (config->uids == FLEET_UIDS_PER_BASTION &&
	    charter->level < CHARTER_UIDS)
		findings_warn(findings,
		    "tfa-admin store level, once all bastions have this tfa",
		    "\"uids\": \"per-bastion\" does not hold yet, since the "
		    "fleet is at level %" PRId64
		    ": users with another user id here are denied",
		    charter->level);
	if (strcmp(charter->name, config->name) != 0)
		findings_warn(findings, FLEET_CONFIG,
		    "the fleet is called %.200s, and \"name\" in store.json "
		    "is %.200s: people would see two accounts in their app",
		    charter->name, config->name);
}

static void
judge_bastion(struct findings *findings, const struct fleet_member *member,
    const struct charter *charter, int64_t policy, int64_t now_s)
{
	const struct bastion *bastion = &member->bastion;
	char said[WHEN_SAID], fix[BASTION_HOST + 48];

	when_say(bastion->time_s, said);
	snprintf(fix, sizeof(fix), "tfa-admin store remove %s", member->host);
	if (!members_is_live(member, now_s)) {
		findings_warn(findings, fix,
		    "the bastion %s has said nothing since %s: if it is lost, "
		    "take it out, and give the fleet another key",
		    member->host, said);
		return;
	}
	judge_clock(findings, member->host, bastion->clock_off_ms);
	if (bastion->level < charter->level)
		findings_fail(findings, "a newer tfa there",
		    "the fleet is at level %" PRId64
		    ", and tfa %s at the bastion %s knows %" PRId64
		    ": nobody can log in there",
		    charter->level, bastion->version, member->host,
		    bastion->level);
	else if (strcmp(bastion->version, TFA_VERSION) != 0)
		findings_warn(findings, "the same tfa at all bastions",
		    "the bastion %s has tfa %s, and this is " TFA_VERSION,
		    member->host, bastion->version);
	snprintf(fix, sizeof(fix), "tfa-admin doctor, at %s", member->host);
	if (bastion->policy == 0 && policy > 0)
		findings_warn(findings, fix,
		    "the bastion %s did not see the fleet's policy when it "
		    "spoke last, at %s: look again in some minutes",
		    member->host, said);
	else if (bastion->policy < policy)
		findings_warn(findings, fix,
		    "the bastion %s decided last by policy %" PRId64
		    ", and %" PRId64 " is in force",
		    member->host, bastion->policy, policy);
}

/* A bastion that is off may come back, with the tfa that it had. */
static void
judge_level(struct findings *findings, const struct members *members,
    const struct charter *charter)
{
	list_each(const struct fleet_member, member, members->list)
		if (member->bastion.level <= charter->level)
			return;
	if (members->list.count > 0 && charter->level < CHARTER_LEVEL)
		findings_warn(findings, "tfa-admin store level",
		    "the fleet is at level %" PRId64
		    ", and all its bastions know a higher one: what is new in "
		    "it is not used",
		    charter->level);
}

void
fleet_judge_members(struct findings *findings, const struct members *members,
    const struct charter *charter, const char *host, int64_t now_s)
{
	const struct fleet_member *ours = members_find(members, host);
	int64_t policy = 0;

	judge_level(findings, members, charter);
	list_each(const struct fleet_member, member, members->list)
		if (member->bastion.policy > policy)
			policy = member->bastion.policy;
	if (ours == NULL || !members_is_live(ours, now_s))
		findings_warn(findings, "systemctl restart tfa-keeper",
		    "the fleet has no word of this bastion (%.100s) from the "
		    "last minutes: its keeper does not know of the fleet, or "
		    "cannot write",
		    host);
	list_each(const struct fleet_member, member, members->list)
		if (member != ours)
			judge_bastion(findings, member, charter, policy, now_s);
}

/* True if that user gets in at this moment, without etcd. */
static bool
may_come(const struct fleet_way_in *way)
{
	const struct user_row *row = way->row;

	if (row == NULL || row->problem[0] != '\0' ||
	    row->state == STATE_LOCKED || row->state == STATE_BLOCKED ||
	    row->state == STATE_GONE)
		return false;
	return row->mode == MODE_EXEMPT || row->devices.count > 0 ||
	    row->recovery_left >= FLEET_RECOVERY;
}

static const char *
hindrance(const struct fleet_way_in *way)
{
	const struct user_row *row = way->row;

	if (row == NULL)
		return way->why;
	if (row->problem[0] != '\0')
		return row->problem;
	if (row->state == STATE_LOCKED || row->state == STATE_BLOCKED ||
	    row->state == STATE_GONE)
		return state_names[row->state];
	return "no device, and not two recovery codes";
}

const char *
fleet_rest(const struct fleet_config *config)
{
	return config->away.exempt == FLEET_EXEMPT_PASS
	    ? "nobody but \"local\" and exempt users"
	    : "nobody but \"local\" users";
}

const char *
fleet_judge_local(
    struct findings *findings, const struct fleet_way_in *ways, size_t count)
{
	char fix[FLEET_NAME_TEXT + 32], text[FINDING_TEXT] = "";

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(text);

		if (may_come(&ways[i]))
			return ways[i].user;
		if (len < sizeof(text) / 2)
			snprintf(text + len, sizeof(text) - len,
			    "%s%.60s: %.150s", len > 0 ? "; " : "",
			    ways[i].user, hindrance(&ways[i]));
	}
	if (count == 0)
		return NULL;
	snprintf(fix, sizeof(fix), "tfa-admin enroll %s", ways[0].user);
	findings_warn(findings, fix,
	    "no \"local\" user can log in now, so nobody could while etcd is "
	    "away (%.480s)",
	    text);
	return NULL;
}

void
fleet_judge_copy(struct findings *findings, const struct kept *kept,
    const char *why, int64_t now_s)
{
	char when[WHEN_SAID];
	int64_t age_s;

	if (kept == NULL) {
		findings_warn(findings, RENEW,
		    "this bastion has no copy of the fleet's policy (%.200s): "
		    "while etcd is away not even \"local\" users can log in",
		    why);
		return;
	}
	age_s = now_s - kept->checked_s;
	when_say(kept->checked_s, when);
	if (age_s > KEPT_S || age_s < -KEPT_S)
		findings_fail(findings, RENEW,
		    "the copy of the fleet's policy is of %s: a week later not "
		    "even \"local\" users can log in while etcd is away",
		    when);
	else if (age_s > FLEET_COPY_WARN_S)
		findings_warn(findings, RENEW,
		    "the copy of the fleet's policy is of %s: a week later not "
		    "even "
		    "\"local\" users can log in while etcd is away",
		    when);
}

void
fleet_judge_census(struct findings *findings, const struct census *census)
{
	static const char revoke[] = "tfa-admin revoke USER";
	const struct census_some *back = census->older.count > 0
	    ? &census->older
	    : &census->gone;

	if (census->damaged.count > 0)
		findings_fail(findings, revoke,
		    "%zu of %zu records cannot be opened, and their users are "
		    "denied: %.200s",
		    census->damaged.count, census->seen, census->damaged.names);
	if (census->other.count > 0)
		findings_warn(findings,
		    "one user id for each of them at all bastions, or \"uids\" "
		    "of tfa-store.json(5)",
		    "%zu of %zu users have another user id here than where "
		    "they enrolled, and are denied here: %.200s",
		    census->other.count, census->seen, census->other.names);
	if (back->count > 0)
		findings_fail(findings, BACK_FIX,
		    "etcd shows an older state than before: %zu records are "
		    "older than this bastion has seen them, %zu are gone; "
		    "their users are denied: %.200s",
		    census->older.count, census->gone.count, back->names);
}
