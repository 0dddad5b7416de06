/*
 * The story of a fleet: three nodes of etcd and two bastions on this machine.
 * A phone that was set up at one bastion is good at the other, a code is good
 * once on both together, a node is lost without anybody noticing, and while too
 * many are lost nobody gets in but the user who was kept out of the fleet for
 * it. "make demo-fleet" starts it, in a private-root. It ends with status 0 only
 * if everything went as it should.
 */
#include <stdio.h>
#include <string.h>

#include "examples/story.h"
#include "tests/support/cluster.h"
#include "tests/support/code.h"
#include "tests/support/fail.h"
#include "tests/support/link.h"

#define WELL_MS 30000

static const char policy[] =
    "{'version':1,'issuer':'Demo-Fleet',"
    "'rules':[{'name':'everyone','users':['*'],'mode':'required'}],"
    "'otherwise':'required','enrollment':{'self':'always'}}";

static struct cluster *etcd;
static struct bastion *one, *two;

static void
set_up(void)
{
	static const char local[] = ",'local':['bob']";

	etcd = cluster_open(.nodes = 3, .auth = true);
	one = bastion_open(.policy = policy,
	    .fleet = link_open(.cluster = etcd, .first = 0, .more = local));
	two = bastion_open(.policy = policy,
	    .fleet = link_open(.cluster = etcd, .first = 1, .more = local));
	puts("Three nodes of etcd and two bastions, bastion1 and bastion2, are "
	     "on this\nmachine, in a network of their own. alice is a user of "
	     "both. The bastions\nsee etcd; etcd sees nothing of what they "
	     "keep there but names and sizes.");
}

static void
command(const char *name, const struct bastion *b, const char *user,
    const char *code, int status, const char *words)
{
	struct run *r = ssh_with_code(b, user, code, "id -un");

	story_run(
	    text("ssh -o SetEnv=TFA_CODE=%s %s@%s id -un", code, user, name),
	    r);
	story_expect_status(r->status, status);
	if (strstr(r->err, words) == NULL)
		fail("it does not say \"%s\"", words);
}

/* A code of an administrator's, to pass with once. */
static const char *
code_of_admin(const char *user)
{
	struct run *r = bastion_admin(one, ARGV("code", user, "--pass"));
	const char *at = strstr(r->out, ": ");

	if (r->status != 0 || at == NULL)
		fail("no code: %s%s", r->out, r->err);
	return text("%.19s", at + 2);
}

static void
lose_a_node(const char *code)
{
	int leader = cluster_leader(etcd);

	cluster_kill(etcd, leader);
	printf(
	    "    (kill -9 of node %d, which led the other two.)\n", leader + 1);
	command("bastion1", one, "alice", code, 0, "");
}

static void
lose_a_second(const char *code, const char *other_code)
{
	for (int i = 0; i < 3; i++)
		if (etcd->node[i].pid != 0) {
			cluster_kill(etcd, i);
			printf("    (kill -9 of node %d: one of three is no "
			       "majority.)\n",
			    i + 1);
			break;
		}
	command("bastion1", one, "alice", code, 75, "does not answer");
	puts("\n    Records of \"local\" users never leave their bastion:");
	command("bastion1", one, "bob", other_code, 0, "");
}

/* The first try that passes is shown. */
static void
be_well_again(const char *code)
{
	long long end = run_clock_ms() + WELL_MS;
	struct run *r;

	for (int i = 0; i < 3; i++)
		if (etcd->node[i].pid == 0)
			cluster_restart(etcd, i);
	cluster_await(etcd);
	do {
		r = ssh_with_code(one, "alice", code, "id -un");
		run_sleep_ms(100);
	} while (r->status == 75 && run_clock_ms() < end);
	story_run(
	    text("ssh -o SetEnv=TFA_CODE=%s alice@bastion1 id -un", code), r);
	story_expect_status(r->status, 0);
}

static void
lose_phone(const char *code)
{
	struct run *r = bastion_admin(one, ARGV("revoke", "alice", "--yes"));

	story_run("tfa-admin revoke alice      # at bastion1", r);
	story_expect_status(r->status, 0);
	r = ssh_with_code(two, "alice", code, "id -un");
	story_run(
	    text("ssh -o SetEnv=TFA_CODE=%s alice@bastion2 id -un", code), r);
	if (r->status == 0 || r->out_len > 0)
		fail("the lost phone still opens a door");
}

static void
play(void)
{
	const char *phone, *of_bob, *of_alice;
	uint64_t step;

	set_up();
	of_bob = code_of_admin("bob");
	step = step_fresh(8);

	story_heading("The first login, at bastion1: a QR code, one code to "
		      "confirm, and recovery codes");
	phone = story_enrol(one, "bastion1", step - 1);

	story_heading("The phone is good at bastion2, too");
	story_log_in_with(two, "bastion2", code_at(phone, step));

	story_heading("A code works once, on all bastions together");
	command(
	    "bastion1", one, "alice", code_at(phone, step), 77, "already used");

	story_heading("A node of etcd is killed: nobody notices");
	lose_a_node(code_at(phone, step + 1));

	/* Her phone shows no other code for half a minute. */
	of_alice = code_of_admin("alice");

	story_heading(
	    "A second one is killed: who cannot be checked is denied");
	lose_a_second(of_alice, of_bob);

	story_heading("Two nodes are back: all is well again");
	be_well_again(of_alice);

	story_heading("The phone is lost: an admin at bastion1 revokes it, "
		      "everywhere");
	lose_phone(code_at(phone, step_now() + 1));
	puts("\nAll of this went through ssh and etcd, and as it should.");
}

int
main(void)
{
	const char *why = link_missing();

	if (why != NULL)
		fail("%s", why);
	play();
	bastion_close_all();
	link_close_all();
	cluster_close();
	return 0;
}
