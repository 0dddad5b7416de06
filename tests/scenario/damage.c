/*
 * A change of the policy says what it does to people, and asks, before it is
 * made.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(damage);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define GRACED                                                         \
	"{'name':'staff','users':['user101','user102'],"               \
	"'mode':'required','grace':{'until':'2099-01-01T00:00:00Z'}}," \
	"{'name':'open','users':['user103'],'mode':'exempt'}"

/* Without a terminal and without --yes nothing is changed. */
static void
expect_refused(
    const struct bastion *b, const char *const argv[], const char *says)
{
	char *before = read_text(b->policy);
	struct run *r = bastion_admin(b, argv);

	assert_status(r, 1);
	assert_says(r->err, says);
	assert_says(r->err, "--yes");
	assert_says(r->err, "nothing is changed");
	cr_assert_str_empty(r->out);
	cr_assert_str_eq(read_text(b->policy), before);
}

Test(damage, of_each_kind_is_asked_about)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = GRACED);
	fixture_enrol(b, "user104");
	expect_refused(b, ARGV("enforce", "user105"),
	    "1 user can no longer log in: user105\n");
	expect_refused(b, ARGV("enforce", "user101", "user103", "user106"),
	    "3 users can no longer log in: user101, user103 and user106\n");
	expect_refused(b, ARGV("enforce", "user101"),
	    "1 user had time to set up a device until Thu 2099-01-01 00:00 "
	    "UTC: user101\n");
	expect_refused(b, ARGV("enforce", "user101", "--grace", "1d"),
	    "had time to set up a device");
	expect_refused(b, ARGV("exempt", "user104"),
	    "1 user will not be asked for a code: user104\n");
	expect_refused(b, ARGV("exempt", "user104", "--from", "192.0.2.0/24"),
	    "will not be asked for a code: user104");
	expect_refused(b, ARGV("exempt", "*"),
	    "3 users will not be asked for a code: user101, user102 and "
	    "user104\n");
	expect_refused(b, ARGV("enforce", "*"), "can no longer log in: root, ");
}

/* The keeper does not know who has a hardware key. */
Test(damage, of_those_without_a_hardware_key_is_asked_about)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(
		.rules = "{'name':'user101','users':['user101','user102'],"
			 "'mode':'required','hardware_keys':'enough',"
			 "'grace':{'until':'2099-01-01T00:00:00Z'}},"
			 "{'name':'open','users':['user103'],'mode':'exempt'}",
	    .more = "'keys':{'hardware_files':['/etc/ssh/hardware/%u']}");
	write_text("/srv/tfa/no-grace",
	    "#!/bin/sh\nsed -i 's/2099-01-01T/2020-01-01T/' \"$1\"\n");
	cr_assert_eq(chmod("/srv/tfa/no-grace", 0755), 0);
	cr_assert_eq(setenv("VISUAL", "/srv/tfa/no-grace", 1), 0);
	fixture_enrol(b, "user102");
	expect_refused(b, ARGV("policy", "edit"),
	    "1 user can log in only with a hardware key that is listed for "
	    "them: user101\n");
}

/* No question where there is no damage: a question for nothing is answered
 * without being read. */
Test(damage, of_none_asks_nothing)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = GRACED);
	fixture_enrol(b, "user104");
	r = bastion_admin(b, ARGV("enforce", "user104"));
	assert_status(r, 0);
	cr_expect_str_empty(r->err);
	assert_status(bastion_admin(b, ARGV("enable", "user105")), 0);
	assert_status(
	    bastion_admin(b, ARGV("enforce", "user105", "--grace", "14d")), 0);
	assert_status(bastion_admin(b, ARGV("exempt", "user106")), 0);
	assert_status(bastion_admin(b, ARGV("disable", "user106")), 0);
}

Test(damage, is_done_after_a_yes_alone)
{
	static const struct {
		const char *keys;
		bool done;
	} answers[] = {
	    {"n\r", false}, {"\r", false}, {"\004", false}, {"y\r", true}};
	struct bastion *b;
	char *before;

	needs_people();
	b = bastion_open(.rules = GRACED);
	before = read_text(b->policy);
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct session *s = session_start(
		    ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
			"--socket", b->socket, "--policy", b->policy, "enforce",
			"user107", "@engineers"));

		session_expect(s, "can no longer log in: ");
		session_expect(s, " more\r\n");
		session_expect(s, "Change the policy? [y/N] ");
		cr_assert_str_eq(read_text(b->policy), before);
		session_type(s, answers[i].keys);
		cr_assert_eq(
		    session_status(s), answers[i].done ? 0 : 1, "%zu", i);
		cr_assert_eq(strcmp(read_text(b->policy), before) != 0,
		    answers[i].done, "%zu", i);
	}
}

/* --yes is for scripts; a script locks nobody out of repairing what it did. */
Test(damage, to_the_caller_is_refused_whatever_the_answer)
{
	struct bastion *b;
	char *before;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = GRACED);
	before = read_text(b->policy);
	setenv("SUDO_USER", "user107", 1);
	r = bastion_admin(b, ARGV("--yes", "enforce", "user107", "user108"));
	assert_status(r, 1);
	assert_says(r->err, "you are one of them, user107");
	assert_says(r->err, "tfa add");
	assert_says(r->err, "--lock-me-out");
	cr_assert_str_eq(read_text(b->policy), before);
	r = bastion_admin(b, ARGV("--yes", "enforce", "*"));
	assert_status(r, 1);
	assert_says(r->err, "you are one of them, user107");
	cr_assert_str_eq(read_text(b->policy), before);
	r = bastion_admin(
	    b, ARGV("--yes", "enforce", "user107", "--grace", "14d"));
	assert_status(r, 0);
	r = bastion_admin(
	    b, ARGV("--lock-me-out", "enforce", "user107", "user108"));
	assert_status(r, 1);
	assert_says(r->err, "use --yes");
	r = bastion_admin(
	    b, ARGV("--yes", "--lock-me-out", "enforce", "user107", "user108"));
	assert_status(r, 0);
	unsetenv("SUDO_USER");
}

Test(damage, to_a_caller_with_a_device_is_none)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = GRACED);
	fixture_enrol(b, "user108");
	setenv("SUDO_USER", "user108", 1);
	assert_status(bastion_admin(b, ARGV("enforce", "user108")), 0);
	unsetenv("SUDO_USER");
}

/* A rule of the policy to be, which nobody had before, has people too. */
Test(damage, by_an_edit_is_asked_about)
{
	struct bastion *b;
	char *before;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = GRACED);
	before = read_text(b->policy);
	setenv("VISUAL", "sed -i 's/\"optional\"/\"required\"/'", 1);
	r = bastion_admin(b, ARGV("policy", "edit"));
	assert_status(r, 1);
	assert_says(r->err, "otherwise: optional -> required");
	assert_says(r->err, "can no longer log in: root, ");
	assert_says(r->err, "is unchanged, and your version is kept as");
	cr_assert_str_eq(read_text(b->policy), before);
	r = bastion_admin(b, ARGV("--yes", "policy", "edit"));
	unsetenv("VISUAL");
	assert_status(r, 0);
	assert_says(
	    fixture_audit(b), "\"detail\":\"otherwise: optional -> required\"");
}
