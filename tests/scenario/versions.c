/*
 * Earlier policies, who is exempt until when, and what is said of a rule.
 */
#include <sys/mount.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(versions_kept);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

Test(versions_kept, say_when_who_and_what)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	setenv("SUDO_USER", "user101", 1);
	assert_status(
	    bastion_admin(b, ARGV("enforce", "user102", "--grace", "14d")), 0);
	unsetenv("SUDO_USER");
	r = bastion_admin(b, ARGV("policy", "history"));
	assert_status(r, 0);
	assert_says(r->out, "by hand, or before the first change");
	assert_says(r->out, "user101     (in force) enforce user102: a code");
	assert_says(r->out, "\n        rules.user102.mode: none -> required\n");
	assert_never_says(r->out, "...");
	assert_says(r->out, " UTC on; until then a device is optional\n");
	r = bastion_admin(b, ARGV("--json", "policy", "history"));
	assert_says(r->out, "{\"number\":2,\"time\":\"");
	assert_says(r->out, ",\"by\":\"user101\",\"what\":\"enforce user102: ");
	assert_says(r->out, "\"rules.user102.mode: none -> required\"");
	assert_says(fixture_audit(b),
	    "\"detail\":\"rules.user102.mode: none -> required\"");
	r = bastion_admin(b, ARGV("policy", "show", "1"));
	assert_status(r, 0);
	assert_never_says(r->out, "user102");
	assert_status(bastion_admin(b, ARGV("policy", "show", "3")), 1);
	assert_status(bastion_admin(b, ARGV("policy", "show", "x")), 2);
	/* One that is damaged hides no other. */
	write_text(text("%s/.policy.json.was.1", b->dir), "spoilt\n");
	r = bastion_admin(b, ARGV("policy", "history"));
	assert_status(r, 1);
	assert_says(r->err, ".policy.json.was.1");
	assert_says(r->out, "(in force) enforce user102: a code");
}

Test(versions_kept, are_put_back_by_undo)
{
	struct bastion *b;
	char *before, *after;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = "");
	fixture_enrol(b, "user103");
	before = read_text(b->policy);
	assert_status(bastion_admin(b, ARGV("policy", "undo", "--yes")), 1);
	assert_status(bastion_admin(b, ARGV("enforce", "user103")), 0);
	after = read_text(b->policy);
	r = bastion_admin(b, ARGV("policy", "undo"));
	assert_status(r, 1);
	assert_says(r->err, "rules.user103.mode: required -> none");
	assert_says(r->err, "use --yes");
	cr_assert_str_eq(read_text(b->policy), after);
	assert_status(bastion_admin(b, ARGV("policy", "undo", "--yes")), 0);
	cr_assert_str_eq(read_text(b->policy), before);
	assert_says(
	    fixture_audit(b), "\"detail\":\"policy undo: back to version 1 ");
	assert_status(bastion_admin(b, ARGV("policy", "undo", "--yes")), 0);
	cr_assert_str_eq(read_text(b->policy), after);
	assert_status(
	    bastion_admin(b, ARGV("policy", "undo", "1", "--yes")), 0);
	cr_assert_str_eq(read_text(b->policy), before);
	/* Even a policy that somebody removed. */
	cr_assert_eq(unlink(b->policy), 0);
	assert_status(bastion_admin(b, ARGV("policy", "undo", "--yes")), 0);
	cr_assert_str_eq(read_text(b->policy), before);
}

/* A full disk takes neither the policy nor an earlier one. */
Test(versions_kept, stay_whole_on_a_full_disk)
{
	struct bastion *b;
	char *before;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	assert_status(
	    bastion_admin(b, ARGV("enforce", "user104", "--grace", "14d")), 0);
	before = read_text(b->policy);
	r = run(
	    ARGV("sh", "-c",
		"mkdir $0.d && mount -t tmpfs -o size=16k,mode=0755 tfa $0.d "
		"&& cp -a $0 $(dirname $0)/.policy.json.was.* $0.d/ && "
		"dd if=/dev/zero of=$0.d/fill 2>/dev/null; ls -A $0.d",
		b->policy),
	    NULL, 0);
	if (strstr(r->out, "fill") == NULL)
		cr_skip("no tmpfs here");
	r = run(ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--socket",
		    b->socket, "--policy", text("%s.d/policy.json", b->policy),
		    "--yes", "exempt", "user105"),
	    NULL, 0);
	cr_expect_eq(r->status, 1, "%s", r->err);
	assert_says(r->err, "No space left on device");
	cr_expect_str_eq(
	    read_text(text("%s.d/policy.json", b->policy)), before);
	r = run(ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--socket",
		    b->socket, "--policy", text("%s.d/policy.json", b->policy),
		    "policy", "history"),
	    NULL, 0);
	cr_expect_eq(r->status, 0, "%s", r->err);
	assert_says(r->out, "(in force) enforce user104");
	umount2(text("%s.d", b->policy), MNT_DETACH);
}

/* The rule that held before the exemption holds again afterwards. */
Test(versions_kept, exemption_ends_at_its_date)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = "");
	fixture_enrol(b, "user106");
	assert_status(bastion_admin(b, ARGV("enforce", "user106")), 0);
	setenv("SUDO_USER", "user101", 1);
	r = bastion_admin(
	    b, ARGV("--yes", "exempt", "user106", "--until", "2098-12-31"));
	unsetenv("SUDO_USER");
	assert_status(r, 0);
	assert_says(
	    r->out, "never asked for a code, until Wed 2098-12-31 00:00 UTC");
	r = bastion_admin(
	    b, ARGV("explain", "user106", "--at", "2098-12-30T23:59:59Z"));
	assert_says(r->out, "user106: pass\n");
	r = bastion_admin(b, ARGV("explain", "user106", "--at", "2098-12-31"));
	assert_says(r->out, "user106: challenge\n");
	assert_says(r->out, "it is for logins before Wed 2098-12-31 00:00 UTC");
	r = bastion_admin(b, ARGV("exemptions"));
	assert_status(r, 0);
	assert_says(r->out, "user106");
	assert_says(r->out, "2098-12-31 ");
	assert_says(r->out, "user101");
	for (const char *at = r->out; *at != '\0'; at = strchr(at, '\n') + 1)
		cr_expect_leq(strchr(at, '\n') - at, 80, "%s", at);
	r = bastion_admin(b, ARGV("--json", "exemptions"));
	assert_says(r->out,
	    ",\"until\":\"2098-12-31T00:00:00Z\",\"by\":\"user101\","
	    "\"ended\":false}");
	r = bastion_admin(b, ARGV("exemptions", "--csv"));
	assert_says(r->out, "rule,who,from,since,until,by,ended\r\nuser106");
	assert_says(r->out, ",2098-12-31T00:00:00Z,user101,false\r\n");
	/* The last command counts, and says which end it takes away. */
	r = bastion_admin(
	    b, ARGV("exempt", "user106", "--until", "2098-12-30"));
	assert_says(r->out, "(until now only until Wed 2098-12-31 00:00 UTC)");
	r = bastion_admin(b, ARGV("exempt", "user106"));
	assert_says(r->out, "(until now only until Tue 2098-12-30 00:00 UTC)");
	r = bastion_admin(b, ARGV("enforce", "user106"));
	assert_status(r, 0);
	assert_says(r->out, "(until now exempt)");
	cr_assert_str_empty(bastion_admin(b, ARGV("exemptions"))->out);
	r = bastion_admin(
	    b, ARGV("exempt", "user107", "--until", "2020-01-01"));
	assert_status(r, 2);
	assert_says(r->err, "is in the past");
	r = bastion_admin(
	    b, ARGV("exempt", "user107", "--until", "2098-12-32"));
	assert_status(r, 2);
	assert_says(r->err, "2098-12-32: not a date: write 2026-12-31 or");
}

Test(versions_kept, commands_name_limits_and_what_does_nothing)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules =
			     "{'name':'all','users':['*'],'mode':'exempt'}");
	r = bastion_admin(
	    b, ARGV("exempt", "user108", "--from", "10.2.0.0/16"));
	assert_status(r, 0);
	assert_says(r->out, "but from elsewhere, too, by rule \"all\"");
	r = bastion_admin(b, ARGV("enable", "user108"));
	assert_says(r->out, "(until now exempt from 10.2.0.0/16)");
	r = bastion_admin(b, ARGV("enforce", "user108", "--grace", "10000d"));
	assert_status(r, 2);
	assert_says(r->err, "too long: at most 3650d");
}

/* A typo in the name of a user loses a protection, and must not do so in
 * silence. */
Test(versions_kept, policy_check_warns_of_names_of_nobody)
{
	static const char policy[] =
	    "{\"version\":1,\"issuer\":\"T\",\"rules\":[{\"name\":\"most\","
	    "\"users\":[\"*\",\"!roott\",\"!root\"],\"mode\":\"exempt\"},"
	    "{\"name\":\"some\",\"users\":[\"alicia\"],\"mode\":\"exempt\"}],"
	    "\"otherwise\":\"required\",\"admins\":{\"users\":[\"nobodyy\"]}}";
	const char *program = text("%s/tfa-admin", getenv("TFA_PROGRAMS"));
	struct run *r = run(
	    ARGV(program, "policy", "check", "-"), policy, sizeof(policy) - 1);

	assert_status(r, 0);
	assert_says(r->out, "-: valid");
	assert_says(r->err,
	    "rule \"most\" excludes \"!roott\", and there is no such user "
	    "here: it excludes nobody");
	assert_never_says(r->err, "\"!root\"");
	assert_says(r->err, "rule \"some\" names \"alicia\"");
	assert_says(r->err, "\"admins\" names \"nobodyy\"");
	r = run(ARGV(program, "policy", "check", "-"), "\xef\xbb\xbf{}", 5);
	assert_status(r, 1);
	assert_says(
	    r->err, "-:1:1: not JSON: it begins with a byte order mark");
}
