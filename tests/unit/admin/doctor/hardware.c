#include "admin/doctor/hardware.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define GATE      "forcecommand /usr/sbin/tfa-gate\n"
#define ROOTS     "authorizedkeysfile /etc/ssh/hardware/%u\n"
#define USERS     "authorizedkeysfile /etc/ssh/hardware/%u .ssh/keys\n"
#define NOTHING   "pubkeyauthoptions none\n"
#define TOUCH     "pubkeyauthoptions touch-required\n"
#define TOUCH_PIN "PubkeyAuthOptions touch-required verify-required\n"
#define FILES                                                          \
	",'keys':{'hardware_files':['/etc/ssh/hardware/%u','/etc/k']," \
	"'hardware_authorities':['/etc/ssh/ca']}"

#define RULE(word)                                         \
	"{'name':'staff','users':['*'],'mode':'required'," \
	"'hardware_keys':'" word "'}"

/* The hardware keys of a policy with that rule, or none, and those keys. */
static void
begin(const char *rule, const char *keys, struct policy *policy,
    struct hardware_facts *ret)
{
	fixture_policy(rule, keys, policy);
	cr_assert(hardware_begin(policy, ret));
}

static void
end(struct policy *policy, struct hardware_facts *hardware)
{
	hardware_done(hardware);
	policy_done(policy);
}

/* True if one finding has that status, these words and this fix. */
static bool
says(const struct findings *findings, enum finding_status status,
    const char *words, const char *fix)
{
	list_each(const struct finding, f, findings->list)
		if (f->status == status && strstr(f->detail, words) != NULL &&
		    strcmp(f->fix, fix) == 0)
			return true;
	return false;
}

static void
print_all(const struct findings *findings)
{
	list_each(const struct finding, f, findings->list)
		finding_print(stderr, f, false);
}

static void
add_view(struct views *views, const char *who, const char *dump)
{
	struct view *view = list_add(&views->list, sizeof(*view));

	snprintf(view->who, sizeof(view->who), "%s", who);
	view->dump = strdup(dump);
}

Test(doctor_hardware, knows_the_rules_and_the_files_of_a_policy)
{
	struct hardware_facts hardware;
	struct policy policy;

	begin(RULE("asked"), FILES, &policy, &hardware);
	cr_expect_not(hardware_is_used(&hardware));
	cr_assert_eq(hardware.files.count, 3);
	cr_expect_str_eq(hardware.files.items[0].name, "/etc/ssh/hardware/%u");
	cr_expect_not(hardware.files.items[1].authorities);
	cr_expect_str_eq(hardware.files.items[2].name, "/etc/ssh/ca");
	cr_expect(hardware.files.items[2].authorities);
	end(&policy, &hardware);
	begin(RULE("enough"), "", &policy, &hardware);
	cr_expect_str_eq(hardware.enough, "staff");
	cr_expect_null(hardware.with_pin);
	cr_expect(hardware_is_used(&hardware));
	end(&policy, &hardware);
	begin(RULE("enough-with-pin"), "", &policy, &hardware);
	cr_expect_str_eq(hardware.with_pin, "staff");
	cr_expect_null(hardware.enough);
	cr_expect(hardware_is_used(&hardware));
	end(&policy, &hardware);
}

Test(doctor_hardware, a_rule_without_any_file_is_enough_for_nobody)
{
	static const struct {
		const char *rule, *keys;
		size_t found;
	} cases[] = {
	    {RULE("enough"), "", 1},
	    {RULE("enough-with-pin"), "", 1},
	    {RULE("asked"), "", 0},
	    {"", "", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings findings = {.check = "hardware-keys"};
		struct hardware_facts hardware;
		struct policy policy;

		begin(cases[i].rule, cases[i].keys, &policy, &hardware);
		hardware_judge_files(&hardware, "/etc/p", &findings);
		cr_expect_eq(findings.list.count, cases[i].found, "%zu", i);
		cr_expect(cases[i].found == 0 ||
			says(&findings, FINDING_WARN,
			    "rule \"staff\" of /etc/p lets hardware keys be "
			    "enough, and \"keys\" names no file",
			    "\"hardware_files\": "
			    "[\"/etc/ssh/hardware/%u\"] in \"keys\""),
		    "%zu", i);
		findings_done(&findings);
		end(&policy, &hardware);
	}
}

/* A file that is all right. */
#define SOUND .found = 1, .keys = 2, .read = true, .plain = "/k/a:1"

Test(doctor_hardware, judges_each_file_that_the_policy_names)
{
	static const struct {
		const char *rule;
		struct hardware_file file;
		enum finding_status status;
		const char *words, *fix; /* words NULL: nothing is said */
	} cases[] = {
	    {RULE("enough"), {.name = "/k/%u", SOUND}, FINDING_OK, NULL, NULL},
	    {RULE("enough"), {.name = "/k/%u", .found = 0}, FINDING_FAIL,
		"/k/%u, of keys.hardware_files, is not there for any user",
		"install -D -m 0644 KEY.pub /k/USER"},
	    {RULE("enough"), {.name = "/k/%u/sk", .found = 0}, FINDING_FAIL,
		"/k/%u/sk, of keys.hardware_files, is not there for any user",
		"install -D -m 0644 KEY.pub /k/USER/sk"},
	    {RULE("enough"), {.name = "/k/ca", .authorities = true, .found = 0},
		FINDING_FAIL,
		"/k/ca, of keys.hardware_authorities, is not "
		"there: nobody",
		"install -D -m 0644 KEY.pub /k/ca"},
	    {RULE("enough"),
		{.name = "/k/%u",
		    SOUND,
		    .bad = "/k/a",
		    .culprit = "/k",
		    .why = "belongs to the uid 5, not to root",
		    .others_write = true},
		FINDING_FAIL,
		"/k/a, of keys.hardware_files: /k belongs to the uid 5, not to "
		"root, so no hardware key in it is enough",
		"chown root /k; chmod go-w /k"},
	    /* The owner needs that folder. */
	    {RULE("enough"),
		{.name = "/k/%u",
		    SOUND,
		    .bad = "/k/a",
		    .culprit = "/home/a",
		    .why = "belongs to the uid 5, not to root",
		    .others_write = true,
		    .home = true},
		FINDING_FAIL, "/home/a belongs to the uid 5, not to root",
		"the file itself, and no link to it, in a folder that root "
		"alone can write, such as /etc/ssh/hardware"},
	    /* Nothing is known of the lines. */
	    {RULE("enough"),
		{.name = "/k/%u",
		    .found = 1,
		    .bad = "/k/a",
		    .culprit = "/k/a",
		    .why = "belongs to the uid 5, not to root",
		    .others_write = true},
		FINDING_FAIL, "/k/a belongs to the uid 5, not to root",
		"chown root /k/a; chmod go-w /k/a"},
	    {RULE("enough"), {.name = "/k/%u", SOUND, .stray = "/k/a_sk.pub"},
		FINDING_WARN,
		"/k/a_sk.pub, of keys.hardware_files, has the name of no user",
		"the user's name as its name, or rm /k/a_sk.pub"},
	    {RULE("enough"),
		{.name = "/k/%u",
		    SOUND,
		    .bad = "/k/a",
		    .culprit = "/k/a",
		    .why = "is not a file"},
		FINDING_FAIL, "/k/a is not a file, so no hardware key", ""},
	    {RULE("enough"), {.name = "/k/%u", SOUND, .unreadable = "/k/a"},
		FINDING_FAIL,
		"/k/a, of keys.hardware_files, cannot be read by its user",
		"chmod a+r /k/a, and a+x its folders"},
	    {RULE("enough"),
		{.name = "/k/%u",
		    SOUND,
		    .unread = "for alice",
		    .value = ".ssh/keys"},
		FINDING_WARN, "and sshd does not read it, for alice: a key",
		"AuthorizedKeysFile /k/%u .ssh/keys"},
	    {RULE("enough"),
		{.name = "/k/%u",
		    .found = 1,
		    .keys = 1,
		    .plain = "/k/a:1",
		    .unread = "for alice"},
		FINDING_FAIL, "and sshd does not read it, for alice: a key",
		"AuthorizedKeysFile /k/%u"},
	    {RULE("enough"),
		{.name = "/k/ca",
		    .authorities = true,
		    .found = 1,
		    .keys = 1,
		    .unread = "for alice",
		    .value = "/other"},
		FINDING_FAIL, "and sshd does not read it, for alice: a key",
		"TrustedUserCAKeys /k/ca"},
	    /* A list of authorities beside TrustedUserCAKeys. */
	    {RULE("enough"),
		{.name = "/k/list",
		    .found = 1,
		    .keys = 1,
		    .unread = "for alice"},
		FINDING_OK, NULL, NULL},
	    {RULE("enough"), {.name = "/k/%u", .found = 3, .read = true},
		FINDING_WARN,
		"/k/%u, of keys.hardware_files, has no hardware key", ""},
	    {RULE("enough"), {.name = "/k/%u", SOUND, .no_touch = "/k/a:2"},
		FINDING_WARN,
		"/k/a:2: no-touch-required: this key is never enough",
		"the line without no-touch-required"},
	    {RULE("enough-with-pin"),
		{.name = "/k/%u", SOUND, .no_pin = "/k/a:2"}, FINDING_WARN,
		"/k/a:2: a hardware key without verify-required: it is not "
		"enough by rule \"staff\"",
		"verify-required before the key"},
	    {RULE("enough"), {.name = "/k/%u", SOUND, .no_pin = "/k/a:2"},
		FINDING_OK, NULL, NULL},
	    /* Their certificates say it. */
	    {RULE("enough-with-pin"),
		{.name = "/k/ca",
		    .authorities = true,
		    SOUND,
		    .no_pin = "/k/ca:1"},
		FINDING_OK, NULL, NULL},
	    {RULE("asked"), {.name = "/k/%u", .bad = "/k/a", .culprit = "/"},
		FINDING_OK, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings findings = {.check = "hardware-keys"};
		struct hardware_facts hardware;
		struct hardware_file *file;
		struct policy policy;

		begin(cases[i].rule, "", &policy, &hardware);
		file = list_add(&hardware.files, sizeof(*file));
		*file = cases[i].file;
		hardware_judge_files(&hardware, "/etc/p", &findings);
		cr_expect_eq(
		    findings.list.count, cases[i].words != NULL, "%zu", i);
		cr_expect(cases[i].words == NULL ||
			says(&findings, cases[i].status, cases[i].words,
			    cases[i].fix),
		    "%zu", i);
		if (findings.list.count != (cases[i].words != NULL))
			print_all(&findings);
		findings_done(&findings);
		end(&policy, &hardware);
	}
}

#define ADVICE     "PubkeyAuthOptions touch-required"
#define PIN_ADVICE ADVICE " verify-required"

/* The gate then does not know if a user's file has changed since sshd read
 * it. */
Test(doctor_hardware, warns_of_hidden_processes_where_users_write_a_file)
{
	static const struct {
		const char *rule, *keys, *words;
		bool hidden;
	} cases[] = {
	    {RULE("enough"), FILES, "who have a file .ssh/authorized_keys, ",
		true},
	    {RULE("enough"), FILES, NULL, false},
	    {RULE("asked"), FILES, NULL, true},
	    {RULE("enough"),
		",'keys':{'files':['/etc/k'],'hardware_files':['/etc/k']}",
		NULL, true},
	    {RULE("enough"),
		",'keys':{'files':['/etc/k','/srv/%u'],"
		"'hardware_files':['/etc/k']}",
		"who have a file /srv/%u, ", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings findings = {.check = "hardware-keys"};
		struct hardware_facts hardware;
		struct policy policy;
		struct name *open;

		begin(cases[i].rule, cases[i].keys, &policy, &hardware);
		hardware.hidden = cases[i].hidden;
		open = list_add(&hardware.open, sizeof(*open));
		snprintf(open->text, sizeof(open->text), "/srv/%%u");
		hardware_judge_proc(&hardware, "show it", &findings);
		cr_expect_eq(
		    findings.list.count, cases[i].words != NULL, "%zu", i);
		cr_expect(cases[i].words == NULL ||
			says(
			    &findings, FINDING_WARN, cases[i].words, "show it"),
		    "%zu", i);
		findings_done(&findings);
		end(&policy, &hardware);
	}
}

/* sshd should demand the touch itself, where a line of a file that users write
 * could say that none is needed. */
Test(doctor_hardware, warns_where_a_users_line_can_do_without_the_touch)
{
	static const struct {
		const char *rule, *alice, *bob;
		size_t found;
		const char *words, *fix;
	} cases[] = {
	    {RULE("enough"), GATE USERS NOTHING, NULL, 1,
		"AuthorizedKeysFile .ssh/keys, for alice: a line of it may say "
		"no-touch-required",
		ADVICE},
	    {RULE("enough"), GATE USERS TOUCH, NULL, 0, NULL, NULL},
	    {RULE("enough"), GATE ROOTS NOTHING, NULL, 0, NULL, NULL},
	    {RULE("asked"), GATE USERS NOTHING, NULL, 0, NULL, NULL},
	    {RULE("enough"), USERS NOTHING, NULL, 0, NULL, NULL},
	    {RULE("enough"), GATE USERS NOTHING "pubkeyauthentication no\n",
		NULL, 0, NULL, NULL},
	    {RULE("enough"), GATE USERS TOUCH, GATE USERS NOTHING, 1,
		".ssh/keys, for bob: ", ADVICE},
	    {RULE("enough"), GATE USERS NOTHING, GATE USERS NOTHING, 1,
		".ssh/keys, for alice and 1 more connection: ", ADVICE},
	    {RULE("enough"), GATE "authorizedkeysfile /srv/%u\n" NOTHING, NULL,
		1, "AuthorizedKeysFile /srv/%u, for alice: ", ADVICE},
	    {RULE("enough"), GATE "authorizedkeysfile none\n" NOTHING, NULL, 0,
		NULL, NULL},
	    {RULE("enough"),
		GATE ROOTS NOTHING "authorizedkeyscommand /bin/keys %u\n", NULL,
		1, "AuthorizedKeysCommand /bin/keys %u, for alice: ", ADVICE},
	    {RULE("enough"), GATE ROOTS NOTHING "authorizedkeyscommand none\n",
		NULL, 0, NULL, NULL},
	    {RULE("enough-with-pin"), GATE USERS TOUCH_PIN, NULL, 0, NULL,
		NULL},
	    {RULE("enough-with-pin"), GATE USERS TOUCH, NULL, 1,
		"by a line of it without verify-required sshd asks for no PIN",
		PIN_ADVICE},
	    {RULE("enough-with-pin"), GATE USERS NOTHING, NULL, 2,
		"a line of it may say no-touch-required", PIN_ADVICE},
	    {RULE("enough"), GATE USERS, NULL, 1,
		"OpenSSH_8.3p1 knows no PubkeyAuthOptions, as OpenSSH does "
		"since 8.4",
		"apt-get install --only-upgrade openssh-server"},
	    {RULE("asked"), GATE USERS, NULL, 0, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings findings = {.check = "hardware-keys"};
		struct views views = {{NULL, 0}};
		struct hardware_facts hardware;
		struct policy policy;
		struct name *open;

		begin(cases[i].rule, FILES, &policy, &hardware);
		snprintf(hardware.version, sizeof(hardware.version),
		    "OpenSSH_8.3p1");
		open = list_add(&hardware.open, sizeof(*open));
		snprintf(open->text, sizeof(open->text), "/srv/%%u");
		add_view(&views, "alice", cases[i].alice);
		if (cases[i].bob != NULL)
			add_view(&views, "bob", cases[i].bob);
		hardware_judge_options(&hardware, &views, &findings);
		cr_expect_eq(findings.list.count, cases[i].found, "%zu", i);
		cr_expect(cases[i].found == 0 ||
			says(&findings, FINDING_WARN, cases[i].words,
			    cases[i].fix),
		    "%zu", i);
		if (findings.list.count != cases[i].found)
			print_all(&findings);
		findings_done(&findings);
		views_done(&views);
		end(&policy, &hardware);
	}
}
