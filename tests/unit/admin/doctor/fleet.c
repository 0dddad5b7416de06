#include "admin/doctor/fleet.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/report.h"
#include "tests/unit/fixture.h"

#define GIB (INT64_C(1) << 30)

struct scene {
	struct findings findings;
	struct fleet_config config;
	struct link_status link;
	struct member members[3];
};

/* A cluster in which all is well. */
static struct scene *
begin(void)
{
	static struct scene s;

	s = (struct scene){
	    .config = {.name = "fleet.example.com", .compact = true},
	    .link = {.breaker = 1,
		.certificate_days_left = 300,
		.version = TFA_VERSION,
		.endpoints = {s.members, 3}}};
	strcpy(s.config.tls.certificate, "/c.pem");
	for (int i = 0; i < 3; i++) {
		s.members[i] = (struct member){.state = MEMBER_GOOD,
		    .version = "3.4.23",
		    .db_size = GIB / 10,
		    .quota = GIB,
		    .days_left = 300};
		snprintf(s.members[i].url, sizeof(s.members[i].url),
		    "https://etcd%d:2379", i + 1);
	}
	findings_begin(&s.findings, "fleet");
	return &s;
}

static void
expect_one(struct scene *s, enum finding_status status, const char *words)
{
	cr_assert_eq(s->findings.list.count, 1, "%s: %zu", words,
	    s->findings.list.count);
	cr_expect_eq(s->findings.list.items[0].status, status, "%s", words);
	cr_expect_not_null(strstr(s->findings.list.items[0].detail, words),
	    "%s: %s", words, s->findings.list.items[0].detail);
	cr_expect_str_not_empty(s->findings.list.items[0].fix, "%s", words);
	findings_done(&s->findings);
}

static void
judge(struct scene *s)
{
	fleet_judge_link(&s->findings, &s->config, &s->link);
}

Test(doctor_fleet, finds_nothing_where_all_is_well)
{
	struct scene *s = begin();

	judge(s);
	cr_expect_eq(s->findings.list.count, 0);
}

Test(doctor_fleet, looks_at_the_days_of_certificates)
{
	static const struct {
		int64_t days;
		enum finding_status status;
		const char *words;
	} cases[] = {{29, FINDING_WARN, "ends in 29 days"},
	    {6, FINDING_FAIL, "ends in 6 days"},
	    {0, FINDING_FAIL, "ends in 0 days"},
	    {-2, FINDING_FAIL, "is over since 2 days"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene *s = begin();

		s->members[1].days_left = cases[i].days;
		judge(s);
		expect_one(s, cases[i].status, cases[i].words);
		s = begin();
		s->link.certificate_days_left = cases[i].days;
		judge(s);
		expect_one(s, cases[i].status, cases[i].words);
	}
}

Test(doctor_fleet, looks_at_etcds_room)
{
	struct member_alarm alarm = {"NOSPACE"};
	struct scene *s = begin();

	s->members[0].db_size = GIB * 62 / 100;
	judge(s);
	expect_one(s, FINDING_WARN, "has used 61 %");
	s = begin();
	s->members[0].alarms.items = &alarm;
	s->members[0].alarms.count = 1;
	judge(s);
	expect_one(s, FINDING_FAIL, "no code can be spent");
}

Test(doctor_fleet, says_how_many_members_may_fail)
{
	struct scene *s = begin();

	s->link.endpoints.count = 2;
	judge(s);
	expect_one(s, FINDING_WARN, "less than three");
	s = begin();
	s->members[2].state = MEMBER_AWAY;
	strcpy(s->members[2].why, "refused");
	judge(s);
	expect_one(s, FINDING_WARN, "away: refused");
	s = begin();
	s->members[0].version[2] = '3';
	judge(s);
	expect_one(s, FINDING_FAIL, "too old");
	s = begin();
	s->link.breaker = 0;
	strcpy(s->link.why, "nobody answers");
	judge(s);
	expect_one(s, FINDING_FAIL, "nobody answers");
}

Test(doctor_fleet, looks_at_clock_user_and_compaction)
{
	struct scene *s = begin();

	s->link.clock_off_ms = -6000;
	judge(s);
	expect_one(s, FINDING_WARN, "off by 6 s");
	s = begin();
	s->link.clock_off_ms = 31000;
	judge(s);
	expect_one(s, FINDING_FAIL, "off by 31 s");
	s = begin();
	strcpy(s->link.login, "invalid password");
	judge(s);
	expect_one(s, FINDING_FAIL, "invalid password");
	s = begin();
	s->link.is_root = true;
	judge(s);
	expect_one(s, FINDING_WARN, "role root");
	s = begin();
	s->link.compact_refused = true;
	judge(s);
	expect_one(s, FINDING_WARN, "old revisions");
	s = begin();
	s->config.compact = false;
	judge(s);
	cr_assert_eq(s->findings.list.count, 1);
	cr_expect_eq(s->findings.list.items[0].status, FINDING_OK);
	cr_expect_not_null(
	    strstr(s->findings.list.items[0].detail, "etcd must remove"));
	findings_done(&s->findings);
}

Test(doctor_fleet, compares_name_and_level)
{
	struct scene *s = begin();
	struct charter charter = {.level = CHARTER_LEVEL + 1};

	strcpy(charter.name, "fleet.example.com");
	fleet_judge_charter(&s->findings, &s->config, &charter);
	expect_one(s, FINDING_FAIL, "nobody can log in here");
	s = begin();
	charter.level = CHARTER_LEVEL;
	fleet_judge_charter(&s->findings, &s->config, &charter);
	cr_expect_eq(s->findings.list.count, 0);
	strcpy(charter.name, "other");
	fleet_judge_charter(&s->findings, &s->config, &charter);
	expect_one(s, FINDING_WARN, "two accounts");
	s = begin();
	s->config.uids = FLEET_UIDS_PER_BASTION;
	strcpy(charter.name, "fleet.example.com");
	charter.level = CHARTER_UIDS;
	fleet_judge_charter(&s->findings, &s->config, &charter);
	cr_expect_eq(s->findings.list.count, 0);
	charter.level = CHARTER_UIDS - 1;
	fleet_judge_charter(&s->findings, &s->config, &charter);
	expect_one(s, FINDING_WARN, "does not hold yet");
}

/* Two bastions, of which "b1" is ours, and all is well. */
struct pair {
	struct charter charter;
	struct fleet_member list[2];
	struct members members;
};

static struct pair *
begin_pair(void)
{
	static struct pair p;

	p = (struct pair){.charter = {.level = CHARTER_LEVEL}};
	for (int i = 0; i < 2; i++) {
		struct fleet_member *m = &p.list[i];

		m->bastion = (struct bastion){.version = TFA_VERSION,
		    .level = CHARTER_LEVEL,
		    .policy = 4,
		    .time_s = NOW_S - 100 * i};
		snprintf(m->host, sizeof(m->host), "b%d", i + 1);
	}
	p.members.list.items = p.list;
	p.members.list.count = 2;
	return &p;
}

static void
expect_of_pair(const struct pair *p, const char *host,
    enum finding_status status, const char *words)
{
	struct scene *s = begin();

	fleet_judge_members(
	    &s->findings, &p->members, &p->charter, host, NOW_S);
	if (words != NULL)
		expect_one(s, status, words);
	else
		cr_expect_eq(s->findings.list.count, 0);
}

Test(doctor_fleet, looks_at_the_other_bastions)
{
	struct pair *p = begin_pair();

	expect_of_pair(p, "b1", FINDING_OK, NULL);
	expect_of_pair(p, "b3", FINDING_WARN, "no word of this bastion (b3)");
	p->list[1].bastion.policy = 3;
	expect_of_pair(p, "b1", FINDING_WARN, "b2 decided last by policy 3");
	/* As it is after a restore, until it speaks again. */
	p->list[1].bastion.policy = 0;
	expect_of_pair(
	    p, "b1", FINDING_WARN, "b2 did not see the fleet's policy");
	p = begin_pair();
	p->list[1].bastion.time_s = NOW_S - MEMBERS_OFF_S;
	expect_of_pair(p, "b1", FINDING_WARN, "b2 has said nothing");
	p = begin_pair();
	p->list[1].bastion.clock_off_ms = 40000;
	expect_of_pair(p, "b1", FINDING_FAIL, "clock of b2");
	p = begin_pair();
	strcpy(p->list[1].bastion.version, "0.1.0");
	expect_of_pair(p, "b1", FINDING_WARN, "b2 has tfa 0.1.0");
}

Test(doctor_fleet, compares_levels)
{
	struct pair *p = begin_pair();

	p->charter.level = CHARTER_LEVEL - 1;
	expect_of_pair(p, "b1", FINDING_WARN, "all its bastions know a higher");
	p->list[1].bastion.level = CHARTER_LEVEL - 1;
	expect_of_pair(p, "b1", FINDING_OK, NULL);
	p->charter.level = CHARTER_LEVEL;
	expect_of_pair(p, "b1", FINDING_FAIL, "nobody can log in there");
}

Test(doctor_fleet, wants_a_local_user_who_gets_in_now)
{
	struct device_row phone = {.id = "d1"};
	struct user_row rows[2] = {{.mode = MODE_REQUIRED},
	    {.mode = MODE_REQUIRED, .recovery_left = 1}};
	struct fleet_way_in ways[2] = {
	    {"bg1", NULL, "no user bg1"}, {"bg2", &rows[1], ""}};
	struct scene *s = begin();

	cr_expect_null(fleet_judge_local(&s->findings, ways, 0));
	cr_expect_eq(s->findings.list.count, 0);
	cr_expect_null(fleet_judge_local(&s->findings, ways, 2));
	expect_one(s, FINDING_WARN, "bg1: no user bg1; bg2: no device, and");
	s = begin();
	rows[1].recovery_left = FLEET_RECOVERY;
	cr_expect_str_eq(fleet_judge_local(&s->findings, ways, 2), "bg2");
	cr_expect_eq(s->findings.list.count, 0);
	rows[1].state = STATE_LOCKED;
	(void)fleet_judge_local(&s->findings, ways, 2);
	expect_one(s, FINDING_WARN, "bg2: locked");
	s = begin();
	rows[0].devices.items = &phone;
	rows[0].devices.count = 1;
	ways[0].row = &rows[0];
	cr_expect_str_eq(fleet_judge_local(&s->findings, ways, 2), "bg1");
	cr_expect_eq(s->findings.list.count, 0);
	strcpy(rows[0].problem, "damaged");
	(void)fleet_judge_local(&s->findings, ways, 2);
	expect_one(s, FINDING_WARN, "bg1: damaged");
}

Test(doctor_fleet, says_whom_it_lets_in_while_etcd_is_away)
{
	struct scene *s = begin();

	strcpy(s->link.login, "invalid user");
	judge(s);
	expect_one(s, FINDING_FAIL, "nobody but \"local\" users can log in");
	s = begin();
	strcpy(s->link.login, "invalid user");
	s->config.away.exempt = FLEET_EXEMPT_PASS;
	judge(s);
	expect_one(s, FINDING_FAIL, "\"local\" and exempt users can log in");
}

Test(doctor_fleet, wants_a_fresh_copy_of_the_policy)
{
	struct kept kept = {.checked_s = NOW_S - FLEET_COPY_WARN_S};
	struct scene *s = begin();

	fleet_judge_copy(&s->findings, &kept, "", NOW_S);
	cr_expect_eq(s->findings.list.count, 0);
	kept.checked_s--;
	fleet_judge_copy(&s->findings, &kept, "", NOW_S);
	expect_one(s, FINDING_WARN, "a week later not even");
	s = begin();
	kept.checked_s = NOW_S - KEPT_S - 1;
	fleet_judge_copy(&s->findings, &kept, "", NOW_S);
	expect_one(s, FINDING_FAIL, "a week later not even");
	s = begin();
	fleet_judge_copy(&s->findings, NULL, "fleet/policy: gone", NOW_S);
	expect_one(s, FINDING_WARN, "fleet/policy: gone");
}

Test(doctor_fleet, names_records_that_are_no_good)
{
	struct census census = {.seen = 9};
	struct scene *s = begin();

	fleet_judge_census(&s->findings, &census);
	cr_expect_eq(s->findings.list.count, 0);
	census.damaged = (struct census_some){1, "alice"};
	fleet_judge_census(&s->findings, &census);
	expect_one(s, FINDING_FAIL, "1 of 9 records cannot be opened");
	s = begin();
	census = (struct census){.seen = 9, .other = {2, "bob, carol"}};
	fleet_judge_census(&s->findings, &census);
	expect_one(s, FINDING_WARN, "denied here: bob, carol");
	s = begin();
	census = (struct census){.seen = 9, .gone = {1, "dave"}};
	fleet_judge_census(&s->findings, &census);
	expect_one(s, FINDING_FAIL, "1 are gone; their users are denied: dave");
	s = begin();
	census.older = (struct census_some){1, "erin"};
	fleet_judge_census(&s->findings, &census);
	expect_one(s, FINDING_FAIL, "denied: erin");
}
