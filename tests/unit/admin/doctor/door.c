#include "admin/doctor/door.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/dump.h"
#include "gate/sshd/config.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ASKS     "publickey,keyboard-interactive:pam"

TestSuite(doctor_door, .timeout = 30);

/* Each alternative of sshd's lets somebody in alone. */
Test(doctor_door, needs_a_key_and_a_question_of_pam_in_each_alternative)
{
	static const struct {
		const char *methods;
		bool asks;
	} cases[] = {
	    {ASKS, true},
	    {"PublicKey,Keyboard-Interactive:PAM", true},
	    {ASKS " " ASKS, true},
	    {"publickey,password,keyboard-interactive:pam", true},
	    {ASKS " hostbased,keyboard-interactive:pam", true},
	    {"gssapi-with-mic,keyboard-interactive:pam", true},
	    {"", false},
	    {" ", false},
	    {"any", false},
	    {"publickey", false},
	    {ASKS " publickey", false},
	    {"publickey " ASKS, false},
	    {ASKS " any", false},
	    {"keyboard-interactive:pam", false},
	    {"keyboard-interactive:pam,publickey", false},
	    {"keyboard-interactive:pam,keyboard-interactive:pam", false},
	    {"password,keyboard-interactive:pam", false},
	    {"publickey,keyboard-interactive", false},
	    {"publickey,keyboard-interactive:bsdauth", false},
	    {"publickey,keyboard-interactive:pam,", false},
	    {"publickey,keyboard-interactive:pam,publickey", false},
	    {"publickey,password", false},
	};
	char *much = calloc(1, 2000);

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(door_asks(cases[i].methods), cases[i].asks, "%s",
		    cases[i].methods);
	for (size_t i = 0; i < 40; i++)
		strcat(much, ASKS " ");
	cr_expect_not(door_asks(much), "its end may be cut");
	free(much);
}

Test(doctor_door, knows_an_address_that_has_a_port)
{
	static const struct {
		const char *address;
		bool has;
	} cases[] = {
	    {"0.0.0.0:22", true},
	    {"bastion:2022", true},
	    {"[::]:22", true},
	    {"[::1]:22 rdomain x", true},
	    {"0.0.0.0", false},
	    {"::1", false},
	    {"::", false},
	    {"[::1]", false},
	    {"bastion", false},
	    {"", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(door_loses_port(cases[i].address), cases[i].has,
		    "%s", cases[i].address);
}

/* The name of its service, whatever it is, says that it is meant as a door. */
Test(doctor_door, is_known_by_its_name_or_its_service)
{
	static const struct {
		const char *program, *service;
		bool is;
	} cases[] = {
	    {"/usr/lib/tfa/tfa-sshd", "", true},
	    {"tfa-sshd", "", true},
	    {"/usr/sbin/sshd", "tfa-sshd", true},
	    {"/usr/sbin/sshd", "other", true},
	    {"/usr/sbin/sshd", "", false},
	    {"/usr/lib/tfa-sshd/sshd", "", false},
	    {"/usr/lib/tfa/tfa-sshd2", "", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listener l = {.config = ""};

		snprintf(l.program, sizeof(l.program), "%s", cases[i].program);
		snprintf(l.pam_service, sizeof(l.pam_service), "%s",
		    cases[i].service);
		cr_expect_eq(
		    door_is_named(&l), cases[i].is, "%s", cases[i].program);
	}
}

static void
no_files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	(void)ctx;
	(void)pattern;
	(void)each;
	(void)reader;
}

/* The print of sshd -T where each row of the table holds, but for one. */
static char *
dump_of(
    const struct guard_setting *table, const char *keyword, const char *value)
{
	char *dump = calloc(1, 4096);
	size_t n = 0;

	cr_assert_not_null(dump);
	for (const struct guard_setting *s = table; s->group != GUARD_END; s++)
		n += (size_t)snprintf(dump + n, 4096 - n, "%s %s\n", s->keyword,
		    strcmp(s->keyword, keyword) == 0 ? value : s->value);
	return dump;
}

/* Judges alice at the door and bob elsewhere. */
static struct findings
judge(char *door, char *elsewhere)
{
	struct view views[] = {
	    {.who = "alice", .user = "alice", .dump = door, .door = true},
	    {.who = "bob", .user = "bob", .dump = elsewhere}};
	struct views both = {{views, 2}};
	struct findings findings = {.check = "x"};
	struct config config;

	config_read("main", "", no_files, NULL, &config);
	for (int i = GUARD_END + 1; i <= GUARD_OPENS; i++) {
		dump_judge_settings(
		    &both, &config, (enum guard_group)i, true, &findings);
		dump_judge_settings(
		    &both, &config, (enum guard_group)i, false, &findings);
	}
	config_done(&config);
	free(door);
	free(elsewhere);
	return findings;
}

/* The door has its own table, and no other port has it. */
Test(doctor_door, has_values_of_its_own)
{
	struct findings f = judge(dump_of(guard_door_settings, "", ""),
	    dump_of(guard_settings, "", ""));

	cr_expect_eq(f.list.count, 0);
	findings_done(&f);
	f = judge(
	    dump_of(guard_settings, "", ""), dump_of(guard_settings, "", ""));
	cr_expect_gt(f.list.count, 0);
	findings_done(&f);
	f = judge(dump_of(guard_door_settings, "", ""),
	    dump_of(guard_door_settings, "", ""));
	cr_expect_gt(findings_count(&f, FINDING_FAIL), 3);
	findings_done(&f);
}

/* A value that only leaves something closed is a warning; all else is a hole. */
Test(doctor_door, calls_each_other_value_a_hole)
{
	static const struct {
		const char *keyword, *value;
		enum finding_status status;
	} cases[] = {
	    {"PermitUserEnvironment", "yes", FINDING_FAIL},
	    {"AuthenticationMethods", "any", FINDING_FAIL},
	    {"AuthenticationMethods", "publickey", FINDING_FAIL},
	    {"AuthenticationMethods", ASKS " publickey", FINDING_FAIL},
	    {"AuthenticationMethods",
		ASKS " hostbased,keyboard-interactive:pam", FINDING_OK},
	    {"KbdInteractiveAuthentication", "no", FINDING_FAIL},
	    {"DisableForwarding", "yes", FINDING_WARN},
	    {"AllowTcpForwarding", "no", FINDING_WARN},
	    {"AllowTcpForwarding", "yes", FINDING_FAIL},
	    {"AllowTcpForwarding", "remote", FINDING_FAIL},
	    {"AllowAgentForwarding", "no", FINDING_WARN},
	    {"AllowStreamLocalForwarding", "yes", FINDING_FAIL},
	    {"X11Forwarding", "yes", FINDING_FAIL},
	    {"PermitTunnel", "yes", FINDING_FAIL},
	    {"PermitOpen", "db:5432", FINDING_WARN},
	    {"PermitListen", "any", FINDING_FAIL},
	    {"StreamLocalBindUnlink", "yes", FINDING_FAIL},
	    {"PermitUserRC", "yes", FINDING_FAIL},
	    {"ExposeAuthInfo", "no", FINDING_FAIL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings f = judge(dump_of(guard_door_settings,
					      cases[i].keyword, cases[i].value),
		    dump_of(guard_settings, "", ""));

		cr_expect_eq(f.list.count, cases[i].status != FINDING_OK, "%s",
		    cases[i].keyword);
		if (f.list.count == 1)
			cr_expect_eq(f.list.items[0].status, cases[i].status,
			    "%s %s", cases[i].keyword, cases[i].value);
		/* It would open what a site closed. */
		if (cases[i].status == FINDING_WARN)
			cr_expect_str_eq(
			    f.list.items[0].fix, "", "%s", cases[i].keyword);
		findings_done(&f);
	}
}

/* A hole is named though another user's value only opens less. */
Test(doctor_door, names_the_hole_before_the_rest)
{
	struct view views[] = {{.who = "alice",
				   .dump = dump_of(guard_door_settings,
				       "AllowTcpForwarding", "no"),
				   .door = true},
	    {.who = "bob",
		.dump = dump_of(
		    guard_door_settings, "AllowTcpForwarding", "yes"),
		.door = true}};
	struct views both = {{views, 2}};
	struct findings f = {.check = "x"};
	struct config config;

	config_read("main", "", no_files, NULL, &config);
	dump_judge_settings(&both, &config, GUARD_OPENS, true, &f);
	config_done(&config);
	cr_assert_eq(f.list.count, 1);
	cr_expect_eq(f.list.items[0].status, FINDING_FAIL);
	cr_expect_not_null(strstr(f.list.items[0].detail, "bob and 1 more"),
	    "%s", f.list.items[0].detail);
	findings_done(&f);
	free(views[0].dump);
	free(views[1].dump);
}

/* The FAILs of the drop-in's text by its order, with the door at that port. */
static size_t
fails_in_order(const char *text, int port)
{
	struct findings findings = {.check = "order"};
	struct config config;
	size_t count;

	config_read("main", text, no_files, NULL, &config);
	config_judge(&config, port, &findings);
	count = findings_count(&findings, FINDING_FAIL);
	findings_done(&findings);
	config_done(&config);
	return count;
}

/* The door's block alone may stand before Match all, with its own settings. */
Test(doctor_door, block_may_stand_before_our_match_all)
{
	char *text = guard_drop_in("/usr/sbin/tfa-gate", 2222, NULL),
	     *more = NULL;
	const char *all = strstr(text, "\nMatch all\n");

	cr_expect_eq(fails_in_order(text, 2222), 0);
	cr_expect_gt(fails_in_order(text, 0), 0);
	cr_expect_gt(fails_in_order(text, 222), 0);
	cr_assert_geq(asprintf(&more, "%.*s\n    ForceCommand none\n%s",
			  (int)(all - text), text, all),
	    0);
	cr_expect_eq(fails_in_order(more, 2222), 1, "%s", more);
	free(more);
	cr_assert_geq(
	    asprintf(&more, "Match User eve\n    X11Forwarding yes\n%s", text),
	    0);
	cr_expect_eq(fails_in_order(more, 2222), 1, "%s", more);
	free(more);
	free(text);
}
