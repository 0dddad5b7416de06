#include "admin/doctor/fleet.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

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

	s = (struct scene){.config = {.name = "fleet.example.com"},
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
	s->link.compact_refused = true;
	judge(s);
	expect_one(s, FINDING_WARN, "old revisions");
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
}

Test(doctor_fleet, looks_at_the_other_bastions)
{
	struct fleet_member list[2] = {{.host = "b1",
					   .bastion = {.version = TFA_VERSION,
					       .policy = 4,
					       .time_s = NOW_S}},
	    {.host = "b2",
		.bastion = {.version = TFA_VERSION,
		    .policy = 4,
		    .time_s = NOW_S - 100}}};
	struct members members = {.list = {list, 2}};
	struct scene *s = begin();

	fleet_judge_members(&s->findings, &members, "b1", NOW_S);
	cr_expect_eq(s->findings.list.count, 0);
	fleet_judge_members(&s->findings, &members, "b3", NOW_S);
	expect_one(s, FINDING_WARN, "no word of this bastion (b3)");
	s = begin();
	list[1].bastion.policy = 3;
	fleet_judge_members(&s->findings, &members, "b1", NOW_S);
	cr_expect_eq(s->findings.list.count, 1);
	s = begin();
	list[1].bastion.time_s = NOW_S - MEMBERS_OFF_S;
	fleet_judge_members(&s->findings, &members, "b1", NOW_S);
	expect_one(s, FINDING_WARN, "b2 has said nothing");
	s = begin();
	list[1].bastion = (struct bastion){.version = TFA_VERSION,
	    .policy = 4,
	    .time_s = NOW_S,
	    .clock_off_ms = 40000};
	fleet_judge_members(&s->findings, &members, "b1", NOW_S);
	expect_one(s, FINDING_FAIL, "clock of b2");
}
