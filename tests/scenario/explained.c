/*
 * "explain" says the whole verdict that the login then meets: what the policy
 * says, and what the gate decides on the key. Users user139 and user140.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

#define SK                                                                   \
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29" \
	"tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo="
#define HARDWARE                                          \
	"{'name':'keys','users':['*'],'mode':'required'," \
	"'hardware_keys':'enough'}"
#define NAMED                                              \
	"'enrollment':{'self':'always'},'keys':{'files':[" \
	"'/etc/ssh/hardware/%u','.ssh/authorized_keys'],'hardware_files':['/etc/ssh/hardware/%u']}"

/* The proof that a hardware key gives, by the gate's own judgement with the user's
 * rights, and what a login with it would meet. */
Test(explained, hardware_key_is_enough_where_root_lists_it)
{
	const char *user = "user139", *list = "/etc/ssh/hardware/user139";
	const char *pub, *print, *own, *before;
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = HARDWARE);
	fixture_write_policy(b, fixture_policy(HARDWARE, NAMED));
	pub = text("%s/sk.pub", b->dir);
	write_text(pub, SK " a comment\n");
	r = run(ARGV("ssh-keygen", "-l", "-f", pub), NULL, 0);
	print = strchr(r->out, ' ') + 1;
	print = text("%.*s", (int)strcspn(print, " "), print);
	own = text("/home/%s/.ssh/authorized_keys", user);
	before = read_text(own);
	(void)mkdir("/etc/ssh/hardware", 0755);
	write_text(list, SK "\n");
	r = explain(b, user, NULL);
	assert_says(r->out, text("%s: enroll\n", user));
	assert_says(r->out,
	    "  hardware  a hardware key is enough that proves a touch and "
	    "stands in /etc/ssh/hardware/%u\n");
	assert_says(
	    r->out, "/etc/ssh/hardware/user139:1: pass, proves a touch\n");
	assert_says(r->out, text("key       %s\n", print));
	assert_says(explain(b, user, print)->out, text("%s: pass\n", user));
	assert_says(r->out, "authorized_keys:1: pass\n");
	r = explain(b, user, pub);
	assert_says(r->out,
	    text("%s: pass\n  because   a hardware key is enough: not asked "
		 "for a code\n",
		user));
	r = bastion_admin(b, ARGV("--json", "explain", user, "--key", pub));
	assert_says(r->out, "\"hardware_keys\":\"enough\"");
	assert_says(r->out, "\"hardware_files\":[\"/etc/ssh/hardware/%u\"]");
	assert_says(r->out, "\"hardware\":\"touch\"");
	/* A line of the user's own can take the touch away. */
	write_text(own, text("%sno-touch-required " SK "\n", before));
	r = explain(b, user, pub);
	assert_says(r->out, text("%s: enroll\n", user));
	assert_says(r->out,
	    "pass, proves no touch: the key has a line with "
	    "no-touch-required");
	write_text(own, before);
	/* The gate of that user cannot read a file for root alone. */
	cr_assert_eq(chmod(list, 0600), 0);
	assert_says(explain(b, user, pub)->out, ": deny (key_file)");
	write_text(own, text("%s" SK "\n", before));
	fixture_write_policy(b,
	    fixture_policy(HARDWARE,
		"'enrollment':{'self':'always'},'keys':{'files':["
		"'.ssh/authorized_keys'],'hardware_files':["
		"'/etc/ssh/hardware/%u']}"));
	assert_says(explain(b, user, pub)->out,
	    "proves no touch: /etc/ssh/hardware/user139 Permission denied");
	fixture_write_policy(b, fixture_policy(HARDWARE, NAMED));
	cr_assert_eq(chmod(list, 0666), 0);
	r = explain(b, user, pub);
	assert_says(r->out, text("%s: enroll\n", user));
	assert_says(r->out,
	    "proves no touch: /etc/ssh/hardware/user139 can be written by "
	    "others than root");
	cr_assert_eq(unlink(list), 0);
	/* Planted in a file of the user's own it counts for nothing. */
	write_text(own, text("%s" SK "\n", before));
	r = explain(b, user, pub);
	assert_says(r->out, text("%s: enroll\n", user));
	assert_says(
	    r->out, "proves no touch: the key is in no file of hardware_files");
	write_text(own, before);
	(void)rmdir("/etc/ssh/hardware");
	assert_says(bastion_admin(b, ARGV("users", user))->out,
	    "  state          hardware: no device, and a hardware key is "
	    "enough\n");
	assert_says(
	    bastion_admin(b, ARGV("users", "--state", "hardware"))->out, user);
	assert_says(
	    bastion_admin(b, ARGV("users", "--summary"))->out, "HARDWARE");
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
