/*
 * "explain" says the whole verdict that the login then meets: what the policy
 * says, and what the gate decides on the key. Users user139, user140,
 * user241 and user242.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/hardware.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/site.h"

Scenarios(explained);

#define EXEMPT "{'name':'all','users':['*'],'mode':'exempt'}"

static const char *
config_of(const struct bastion *b)
{
	return text("%s/sshd_config", b->dir);
}

static struct run *
explain(const struct bastion *b, const char *user, const char *key)
{
	return key != NULL
	    ? bastion_admin(b,
		  ARGV("explain", user, "--config", config_of(b), "--key", key))
	    : bastion_admin(b, ARGV("explain", user, "--config", config_of(b)));
}

/* Options before a user's key, on a line or on two. */
static const struct {
	const char *first, *second, *verdict, *says, *reason;
	const char *out; /* of "echo inside"; NULL: refused */
} keys[] = {
    {"", NULL, "pass", ":1: pass\n", NULL, "inside\n"},
    {"command=\"echo only\" ", NULL, "pass",
	":1: pass, runs only \"echo only\"", NULL, "only\n"},
    {"command=\"echo one\" ", "command=\"echo two\" ", "deny",
	"because   the gate refuses each key (key_doubtful)", "key_doubtful",
	NULL},
};

Test(explained, verdict_on_a_key_is_the_one_that_the_login_meets)
{
	const char *user = "user139", *list, *key;
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = EXEMPT);
	list = text("/home/%s/.ssh/authorized_keys", user);
	key = read_text(list);
	key = text("%.*s", (int)strcspn(key, "\n"), key);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		write_text(list,
		    text("%s%s\n%s%s\n", keys[i].first, key,
			keys[i].second != NULL ? keys[i].second : "",
			keys[i].second != NULL ? key : ""));
		r = explain(b, user, NULL);
		assert_status(r, 0);
		assert_says(r->out, text("%s: %s\n", user, keys[i].verdict));
		assert_says(r->out, keys[i].says);
		r = ssh_run(b, user, NULL, "echo inside", NULL);
		if (keys[i].out != NULL)
			cr_expect_str_eq(r->out, keys[i].out, "%s", r->err);
		else
			assert_refused(r, 77);
		if (keys[i].reason != NULL)
			assert_says(fixture_audit(b), keys[i].reason);
	}
	write_text(list, text("%s\n", key));
}

/* FreeIPA, EC2 Instance Connect: sshd lets the key in, and the gate does not
 * know what it may run. */
Test(explained, keys_of_a_command_are_refused_as_explained)
{
	const char *user = "user140", *list, *key, *print, *pub;
	struct bastion *b;
	struct run *r;

	needs_people();
	list = text("/home/%s/.ssh/authorized_keys", user);
	key = read_text(list);
	print = "/usr/local/bin/tfa-test-keys";
	pub = text("%s/%s.pub", getenv("TFA_KEYS"), user);
	write_text(print, text("#!/bin/sh\ncat %s\n", pub));
	cr_assert_eq(chmod(print, 0755), 0);
	write_text(list, "");
	b = bastion_open(.rules = EXEMPT,
	    .before = text("AuthorizedKeysCommand %s\n"
			   "AuthorizedKeysCommandUser root\n",
		print));
	assert_refused(ssh_run(b, user, NULL, "echo inside", NULL), 77);
	cr_expect_eq(fixture_audit_count(b, "{"), 1);
	assert_says(fixture_audit(b), "\"reason\":\"key_unlisted\"");
	r = explain(b, user, NULL);
	assert_status(r, 0);
	assert_says(r->out,
	    text("%s: deny\n  because   the gate refuses the key "
		 "(key_unlisted)",
		user));
	assert_says(r->out,
	    text("keys that only AuthorizedKeysCommand %s "
		 "gives: deny (key_unlisted)",
		print));
	r = explain(b, user, pub);
	assert_says(r->out, text("%s: deny\n", user));
	/* Listed, too, it passes. */
	write_text(list, key);
	assert_status(ssh_run(b, user, NULL, "true", NULL), 0);
	r = explain(b, user, pub);
	assert_says(r->out, text("%s: pass\n", user));
	r = explain(b, user, "SHA256:0000");
	assert_says(r->out, text("%s: deny\n", user));
	r = explain(b, user, "/etc/passwd");
	assert_status(r, 2);
	assert_says(r->err, "this is no public key");
}

/* The verdict on a login with this key, and the login without a code. */
static void
assert_as_explained(
    const struct bastion *b, const char *user, const char *key, bool enough)
{
	struct run *r = explain(b, user, text("%s.pub", key));

	assert_says(
	    r->out, text("%s: %s\n", user, enough ? "pass" : "challenge"));
	if (enough) {
		assert_says(r->out,
		    "  because   a hardware key is enough: not asked for a "
		    "code\n");
		assert_enough(by_key(b, user, key));
	} else {
		assert_asked(by_key(b, user, key));
	}
}

/* A policy that looks for what a key may run in the user's own file alone. */
#define OWN_ALONE                                   \
	"'keys':{'files':['.ssh/authorized_keys']," \
	"'hardware_files':['" ROOTS "/%u']}"

/* The proof that a hardware key gives, by the gate's own judgement with the
 * user's rights, and the login that such a key meets. */
Test(explained, hardware_key_is_enough_where_root_lists_it, .timeout = 120)
{
	const char *user = "user241", *key, *print, *own;
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	r = run(ARGV("ssh-keygen", "-l", "-f", text("%s.pub", key)), NULL, 0);
	print = strchr(r->out, ' ') + 1;
	print = text("%.*s", (int)strcspn(print, " "), print);
	own = read_text(users_file(user));
	write_text(roots_file(user), sk_line("", key));
	assert_as_explained(b, user, key, true);
	r = explain(b, user, NULL);
	assert_says(r->out, text("%s: challenge\n", user));
	assert_says(r->out,
	    "  hardware  a hardware key is enough that proves a touch and "
	    "stands in " ROOTS "/%u\n");
	assert_says(r->out,
	    text("key       %s\n            " ROOTS
		 "/%s:1: pass, proves a touch\n",
		print, user));
	assert_says(r->out, "authorized_keys:1: pass\n");
	assert_says(explain(b, user, print)->out, text("%s: pass\n", user));
	r = bastion_admin(b, ARGV("--json", "explain", user, "--key", print));
	assert_says(r->out, "\"hardware_keys\":\"enough\"");
	assert_says(r->out, "\"hardware_files\":[\"" ROOTS "/%u\"]");
	assert_says(r->out, "\"hardware\":\"touch\"");
	/* A line of the user's own can take the touch away. */
	write_text(users_file(user),
	    text("%s%s", own, sk_line("no-touch-required ", key)));
	assert_as_explained(b, user, key, false);
	assert_says(explain(b, user, print)->out,
	    "pass, proves no touch: the key has a line with "
	    "no-touch-required");
	/* Planted in a file of the user's own it counts for nothing. */
	write_text(users_file(user), text("%s%s", own, sk_line("", key)));
	cr_assert_eq(rename(roots_file(user), text("%s.not", key)), 0);
	assert_as_explained(b, user, key, false);
	assert_says(explain(b, user, print)->out,
	    "proves no touch: the key is in no file of hardware_files");
	cr_assert_eq(rename(text("%s.not", key), roots_file(user)), 0);
	/* The gate of that user cannot read a file for root alone. */
	fixture_write_policy(b, fixture_policy(WORTH("enough"), OWN_ALONE));
	cr_assert_eq(chmod(roots_file(user), 0600), 0);
	assert_as_explained(b, user, key, false);
	assert_says(explain(b, user, print)->out,
	    text("proves no touch: " ROOTS "/%s Permission denied", user));
	cr_assert_eq(chmod(roots_file(user), 0666), 0);
	assert_as_explained(b, user, key, false);
	assert_says(explain(b, user, print)->out,
	    text("proves no touch: " ROOTS
		 "/%s can be written by others than root",
		user));
	cr_assert_eq(chmod(roots_file(user), 0644), 0);
	write_text(users_file(user), own);
}

Test(explained, says_where_a_hardware_key_has_to_stand)
{
	struct bastion *b = bastion_open(.rules = WORTH("enough-with-pin"),
	    .more = "'keys':{'hardware_files':['/a/%u','/b'],"
		    "'hardware_authorities':['/ca']}");

	assert_says(explain(b, b->me, NULL)->out,
	    "  hardware  a hardware key is enough that proves a touch and a "
	    "PIN, and stands in /a/%u or /b or /ca (its authority)\n");
}

/* One who came by a hardware key and has no device, in all that lists
 * people. */
Test(explained, hardware_key_is_seen_in_lists_and_figures)
{
	const char *user = "user242", *key;
	struct bastion *b, with;
	struct run *r;

	needs_people();
	b = bastion_for_keys("enough");
	key = sk_new(b, "ecdsa-sk", NULL);
	write_text(roots_file(user), sk_line("", key));
	assert_enough(by_key(b, user, key));
	r = bastion_admin(b, ARGV("users", user));
	assert_says(r->out,
	    "  state          hardware: no device, and a hardware key is "
	    "enough\n");
	r = bastion_admin(b, ARGV("users", "--state", "hardware"));
	assert_says(r->out, user);
	r = bastion_admin(b, ARGV("--json", "users", user));
	assert_says(r->out, "\"state\":\"hardware\"");
	r = bastion_admin(b, ARGV("users", "--summary"));
	assert_says(r->out, " HARDWARE ");
	r = bastion_admin(b, ARGV("log", "--reason", "hardware_key"));
	assert_says(r->out, user);
	assert_says(r->out, "hardware_key");
	r = bastion_admin(b, ARGV("metrics"));
	assert_says(r->out,
	    "tfa_logins_total{verdict=\"pass\",reason=\"hardware_key\"} 1\n");
	assert_never_says(r->out, "tfa_users{state=\"hardware\"} 0");
	/* The user hears so, too. */
	with = sk_client(b, key);
	r = ssh_run(&with, user, NULL,
	    text(
		"%s/tfa --socket %s status", getenv("TFA_PROGRAMS"), b->socket),
	    NULL);
	assert_says(r->out, "no device\n");
	assert_says(r->out,
	    "You need no code where you log in with a hardware key that an "
	    "administrator has listed for you.");
}

Test(explained, where_no_gate_stands_it_says_so)
{
	struct bastion *b, *bare;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = EXEMPT);
	bare = bastion_open(.no_gate = true);
	r = bastion_admin(
	    b, ARGV("explain", "user139", "--config", config_of(bare)));
	assert_says(r->out, "sshd runs no gate for this login");
	assert_never_says(explain(b, "user139", NULL)->out, "runs no gate");
}

Test(explained, at_a_door_that_is_not_there_it_says_so)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = EXEMPT);
	r = bastion_admin(b, ARGV("explain", "user139", "--door"));
	assert_status(r, 0);
	assert_says(r->out, "no door is set up here");
	r = bastion_admin(b, ARGV("explain", "user139"));
	assert_never_says(r->out, "no door");
}

/* An exemption that ends is no promise for ever. */
Test(explained, exemption_has_its_end)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = "{'name':'all','users':['*'],'mode':"
				  "'exempt','until':'2126-12-31T00:00:00Z'}");
	r = bastion_admin(b, ARGV("explain", "user139"));
	assert_says(r->out, "  until     Tue 2126-12-31 ");
	r = bastion_admin(b, ARGV("explain", "user139", "--json"));
	assert_says(r->out, "\"until\":\"2126-12-31T00:00:00Z\"");
	assert_says(r->out, "\"keys\":[{\"key\":\"SHA256:");
}
