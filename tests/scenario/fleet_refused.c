/*
 * Faults that keep everybody out until an administrator does something: a full
 * store, certificates that are not accepted, a clock that is off.  People are
 * told the cause, and doctor names the line to change, which helps.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/fleet.h"
#include "tests/support/charter.h"

Fleets(fleet_refused);

static struct cluster *c;

static void
is_told(const struct bastion *b, const char *user, const char *code, int status,
    const char *words)
{
	struct run *r = ssh_with_code(b, user, code, "echo inside");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

static char *
doctor_of(const struct bastion *b)
{
	struct run *r = bastion_admin(b,
	    ARGV("--link", b->fleet->socket, "doctor", "--config",
		text("%s/sshd_config", b->dir)));

	return text("%s%s", r->out, r->err);
}

static bool
is_found(const char *out, const char *words, const char *fix)
{
	return finding_is(out, "FAIL", "fleet", words) &&
	    finding_is(out, "FAIL", "fleet", text("; fix: %s", fix));
}

/* Runs a command of etcdctl's that doctor printed, as an administrator would at
 * a shell that knows where etcd is. */
static void
do_as_told(const char *out, const char *command)
{
	struct run *r;

	cr_assert_not_null(strstr(out, command), "%s", out);
	r = run(ARGV("env", "ETCDCTL_API=3",
		    text("ETCDCTL_ENDPOINTS=%s", c->node[0].url),
		    text("ETCDCTL_CACERT=%s", cluster_file(c, "ca.pem")),
		    text("ETCDCTL_CERT=%s", cluster_file(c, "client.pem")),
		    text("ETCDCTL_KEY=%s", cluster_file(c, "client.key")),
		    "ETCDCTL_USER=root:root", "sh", "-ec", command),
	    NULL, 0);
	assert_status(r, 0);
}

/* The link removes what was replaced; the rest takes an administrator of etcd. */
Test(fleet_refused, full_store)
{
	struct bastion *b;
	struct run *r;
	const char *secret;
	char *out;

	needs_link();
	c = cluster_open(.nodes = 3, .auth = true, .quota_k = 1024);
	b = bastion_open(.rules = REQUIRED,
	    .fleet = link_open(.cluster = c, .keep = "2s"));
	secret = fleet_device(b, "erin");
	is_told(b, "erin", code_at(secret, step_fresh(15) - 1), 0, "");
	cluster_fill(c);
	is_told(b, "erin", code_at(secret, step_now()), 75,
	    "The store that the bastions share is full, so a code cannot be "
	    "spent: tell an administrator.");
	assert_says(fixture_audit(b), "\"reason\":\"store_full\"");
	r = bastion_admin(b, ARGV("revoke", "erin", "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "is full");
	assert_says(r->err, "tfa-admin doctor");
	out = doctor_of(b);
	cr_assert(
	    finding_is(out, "FAIL", "fleet", "is full (1 MiB)"), "%s", out);
	do_as_told(out, "etcdctl defrag --cluster && etcdctl alarm disarm");
	is_told(b, "erin", code_at(secret, step_now() + 1), 0, "");
	out = doctor_of(b);
	cr_assert(!finding_is(out, "FAIL", "fleet", "is full"), "%s", out);
	assert_status(bastion_admin(b, ARGV("revoke", "erin", "--yes")), 0);
}

/* With TLS 1.3 a client may hear that the connection was closed, and not why. */
static void
is_told_at_last(const struct bastion *b, const char *words)
{
	struct run *r;

	for (int i = 0; i < 20; i++) {
		r = ssh_with_code(b, "erin", "123456", "echo inside");
		assert_status(r, 75);
		cr_assert_str_empty(r->out);
		if (strstr(r->err, words) != NULL)
			return;
	}
	assert_says(r->err, words);
}

/* Nobody is let in, and doctor has a line with these words and this fix. */
static void
is_shut(
    const struct link *l, const char *words, const char *found, const char *fix)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .fleet = l,
	    .no_fleet = true);
	struct link_answer a = {.why = ""};
	char *out;
	int times = 0;

	/* The first answers may say only that the connection was closed. */
	for (int i = 0; i < 60 && strstr(a.why, words) == NULL; i++) {
		int fd = link_dial(l);

		run_sleep_ms(100);
		a = link_get(fd, "users/u");
		close(fd);
	}
	is_told_at_last(b,
	    "The store of second factors does not work: tell an administrator.");
	do
		out = doctor_of(b);
	while (!is_found(out, found, fix) && ++times < 10);
	cr_assert_lt(times, 10, "%s", out);
}

Test(fleet_refused, certificates_of_a_bastion)
{
	static const char fix[] =
	    "a certificate for tfa-link, by the authority "
	    "in etcd's --trusted-ca-file";

	needs_link();
	c = cluster_open(.nodes = 1);
	is_shut(link_open(.cluster = c, .certificate = "expired"),
	    "certificate", "the certificate of tfa-link is over since", fix);
	is_shut(link_open(.cluster = c, .certificate = "stranger"),
	    "certificate", "alert", fix);
}

/* The commonest outage, for which some users are local. */
Test(fleet_refused, local_user_gets_in_although_a_certificate_is_over)
{
	struct bastion *b;
	struct link *l;
	const char *secret;

	needs_link();
	c = cluster_open(.nodes = 1);
	l = link_open(.cluster = c, .more = ",'local':['carol']");
	b = bastion_open(.rules = REQUIRED, .fleet = l);
	secret = fleet_device(b, "carol");
	is_told(b, "carol", code_at(secret, step_fresh(15) - 1), 0, "");
	link_refit(l, "expired");
	is_told_at_last(b,
	    "The store of second factors does not work: tell an administrator.");
	is_told(b, "carol", code_at(secret, step_now()), 0, "");
}

Test(fleet_refused, certificate_with_a_name_where_etcd_has_users)
{
	needs_link();
	c = cluster_open(.nodes = 1, .auth = true);
	is_shut(link_open(.cluster = c, .certificate = "named"), "CommonName",
	    "CommonName", "a certificate without a CN");
}

Test(fleet_refused, certificates_of_a_server)
{
	static const char *const servers[][2] = {
	    {"server-expired", "certificate has expired"},
	    {"server-renamed", "subject name"}, {"impostor", "local issuer"}};

	needs_link();
	for (int i = 0; i < 3; i++) {
		c = cluster_open(.nodes = 1, .server = servers[i][0]);
		is_shut(link_open(.cluster = c), "certificate", servers[i][1],
		    "a certificate for etcd, for that name, by the authority in "
		    "\"ca\" of /etc/tfa/store.json");
		bastion_close_all();
		link_close_all();
		cluster_close();
	}
}

Test(fleet_refused, wrong_password)
{
	needs_link();
	c = cluster_open(.nodes = 1, .auth = true);
	is_shut(link_open(.cluster = c, .password = "wrong"),
	    "refuses the user", "etcd refuses the user tfa: ",
	    "the password in tfa-link's credential");
}

/* As a bastion that was updated last, when the others use what it cannot read. */
Test(fleet_refused, tfa_that_is_older_than_its_fleet)
{
	struct bastion *b;
	struct run *r;
	const char *secret;
	char *out;

	needs_link();
	c = cluster_open(.nodes = 1);
	b = bastion_open(.rules = REQUIRED, .fleet = link_open(.cluster = c));
	secret = fleet_device(b, "erin");
	charter_change(b->fleet, 1, CHARTER_LEVEL + 1);
	is_told(b, "erin", code_at(secret, step_now()), 78,
	    "This bastion's tfa is too old for its fleet: log in at another "
	    "bastion, and tell an administrator.");
	r = bastion_admin(b, ARGV("revoke", "erin", "--yes"));
	cr_assert_neq(r->status, 0);
	assert_says(r->err, "install the version that the other bastions have");
	out = doctor_of(b);
	cr_assert(is_found(out,
		      text("at level %d, and this tfa knows %d",
			  CHARTER_LEVEL + 1, CHARTER_LEVEL),
		      "the tfa that the other bastions have"),
	    "%s", out);
	charter_change(b->fleet, 1, CHARTER_LEVEL);
	is_told(b, "erin", code_at(secret, step_now()), 0, "");
}

/* The keeper notes that soon after it started. */
static void
await_clock(const struct bastion *b)
{
	char *clock = text("%s/fleet/clock", b->store);

	for (int i = 0; i < 500 && access(clock, F_OK) != 0; i++)
		run_sleep_ms(10);
}

/* Codes of the next minutes would be good at a bastion that runs ahead, and be
 * spent for the others. */
Test(fleet_refused, clock_that_is_ahead)
{
	struct bastion *here, *ahead;
	struct link *l;
	const char *secret;
	char *out;

	needs_link();
	if (getenv("ASAN_OPTIONS") != NULL)
		cr_skip("AddressSanitizer comes first or not at all");
	c = cluster_open(.nodes = 1);
	here = bastion_open(.rules = REQUIRED,
	    .fleet = link_open(.cluster = c));
	l = link_open(.cluster = c, .ahead_s = "90");
	ahead = bastion_open(.rules = REQUIRED, .fleet = l);
	secret = fleet_device(here, "erin");
	await_clock(ahead);
	/* To half a second. */
	is_told(ahead, "erin", code_at(secret, step_now() + 3), 75,
	    " s, so codes cannot be judged: log in at another bastion, and tell "
	    "an administrator.");
	out = doctor_of(ahead);
	cr_assert(is_found(out, "the clock of this bastion is off by ",
		      "timedatectl set-ntp true"),
	    "%s", out);
	is_told(here, "erin", code_at(secret, step_now()), 0, "");
	/* Somebody sets it. */
	bastion_keeper_stop(ahead);
	link_stop(l);
	l->plan.ahead_s = NULL;
	link_again(l);
	unlink(text("%s/fleet/clock", ahead->store));
	bastion_keeper_start(ahead);
	await_clock(ahead);
	is_told(ahead, "erin", code_at(secret, step_now() + 1), 0, "");
}
