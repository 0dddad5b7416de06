/*
 * tfa-link under a real systemd, between a keeper there and a real etcd: what
 * the unit takes away from it leaves it enough to work.
 */
#include <stdlib.h>

#include "tests/scenario/boot.h"
#include "tests/scenario/finding.h"
#include "tests/scenario/fleet.h"
#include "tests/scenario/machine.h"

static void
systemd_link_over(void)
{
	boot_crash();
	cluster_close();
}

TestSuite(systemd_link, .timeout = 180, .fini = systemd_link_over);

#define ADMIN(...) ARGV("/usr/sbin/tfa-admin", __VA_ARGS__)
#define LINK_UNIT  "tfa-link.service"
#define NAMED      "https://etcd.test:2379"
#define NUMBERED   "https://10.77.0.1:2379"
#define LIMIT      "/etc/systemd/system/" LINK_UNIT ".d/addresses.conf"
#define WELL       76 /* it asks for a code, which only the fleet knows of */
#define AWAY       75
#define KILLS      6 /* systemd gives up after 5, unless it is told not to */

/* The files that an administrator writes, before tfa-link is started; but for
 * the two secrets. */
static void
write_fleet(const struct cluster *c, const char *url)
{
	machine_sh(
	    text("install -m 0644 etc/tfa-link.service /etc/systemd/system\n"
		 "install -d -m 0755 /etc/tfa /etc/tfa/link\n"
		 "cp %s %s /etc/tfa/link\n"
		 "chmod 0644 /etc/tfa/link/*\n"
		 "cat >/etc/tfa/store.json <<'END'\n"
		 "{\"version\": 1, \"name\": \"fleet.example.com\",\n"
		 "\"engine\": \"etcd\", \"endpoints\": [\"%s\"],\n"
		 "\"prefix\": \"%s\", \"user\": \"%s\",\n"
		 "\"tls\": {\"ca\": \"/etc/tfa/link/ca.pem\",\n"
		 "\"certificate\": \"/etc/tfa/link/client.pem\"}}\n"
		 "END",
		cluster_file(c, "ca.pem"), cluster_file(c, "client.pem"), url,
		CLUSTER_PREFIX, CLUSTER_USER));
}

static void
write_fleet_secrets(const struct cluster *c)
{
	machine_sh(text("cd /etc/tfa/link\n"
			"install -m 0600 %s client.key\n"
			"umask 077\n"
			"echo '%s' >password",
	    cluster_file(c, "client.key"), CLUSTER_PASSWORD));
}

/* A booted machine with tfa, and the files for a fleet of its own, whose etcd has
 * this URL. */
static struct cluster *
machine_in_fleet(const char *url)
{
	struct cluster *c = cluster_open(.nodes = 1, .auth = true);

	machine_new();
	machine_sh(
	    "echo 'Subsystem sftp internal-sftp' >>/etc/ssh/sshd_config");
	boot();
	boot_install();
	/* It knows of no fleet until it is started again. */
	boot_sh("systemctl start tfa-keeper.service");
	machine_sh("echo 10.77.0.1 etcd.test >>/etc/hosts");
	write_fleet(c, url);
	return c;
}

static void
join_fleet(void)
{
	assert_status(boot_run(ADMIN("--yes", "store", "join", "--new",
			  "fleet.example.com")),
	    0);
	boot_assert_unit(LINK_UNIT, "active");
}

/* A login until it ends so, for a while. */
static void
assert_logins_become(int status)
{
	long long end = run_clock_ms() + 20000;
	struct run *r;

	do {
		r = boot_login("alice", "", "true");
	} while (r->status != status && run_clock_ms() < end);
	assert_status(r, status);
}

static const char *
out_of(const char *script)
{
	struct run *r = boot_run(ARGV("sh", "-ec", script));

	cr_assert_eq(r->status, 0, "%s: %s%s", script, r->out, r->err);
	return r->out;
}

static void
assert_link_confined(void)
{
	cr_expect_str_eq(
	    out_of("stat -c '%U %G %a' /run/tfa-link /run/tfa-link/link.sock"),
	    "_tfalink _tfa 755\n_tfalink _tfa 660\n");
	cr_expect_str_eq(
	    out_of("p=$(systemctl show -P MainPID " LINK_UNIT ")\n"
		   "ps -o user=,group= -p $p | tr -s ' '\n"
		   "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/$p/status"),
	    "_tfalink _tfa\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n"
	    "Seccomp:\t2\n");
	assert_never_says(
	    out_of("journalctl --no-pager -o cat -t tfa-link"), "no seccomp");
	assert_never_says(
	    out_of("journalctl --no-pager -o cat -t tfa-link"), "no landlock");
}

Test(systemd_link, starts_with_its_secrets_and_serves_the_keeper)
{
	struct cluster *c;
	const char *secret;
	struct run *r;

	needs_link();
	needs_people();
	needs_boot();
	c = machine_in_fleet(NUMBERED);
	r = boot_run(
	    ADMIN("--yes", "store", "join", "--new", "fleet.example.com"));
	cr_assert_neq(r->status, 0);
	assert_says(out_of("journalctl --no-pager -o cat -u " LINK_UNIT),
	    "there is no key for the certificate");
	write_fleet_secrets(c);
	join_fleet();
	assert_link_confined();
	cr_expect(machine_has(LIMIT));
	secret = boot_enroll("alice");
	assert_status(boot_login("alice", "", "true"), WELL);
	r = boot_login("alice", code_at(secret, step_now()), "echo inside");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
	cr_expect_str_not_empty(cluster_get(c, CLUSTER_PREFIX "users/alice"));
	/* It starts with the machine. */
	boot_crash();
	boot();
	assert_logins_become(WELL);
	assert_status(boot_run(ADMIN("--yes", "store", "leave")), 0);
	boot_assert_unit(LINK_UNIT, "inactive");
	cr_expect_str_eq(
	    out_of("systemctl is-enabled " LINK_UNIT " || true"), "disabled\n");
	cr_expect_not(machine_has("/etc/tfa/fleet.key"));
	cr_expect_not(machine_has(LIMIT));
	assert_status(boot_login("alice", "", "true"), AWAY);
}

static const char kill_link[] =
    "old=$(systemctl show -P MainPID " LINK_UNIT ")\n"
    "[ $old != 0 ]\n"
    "kill -KILL $old\n"
    "for i in $(seq 200); do\n"
    "	new=$(systemctl show -P MainPID " LINK_UNIT ")\n"
    "	[ $new = 0 ] || [ $new = $old ] || exit 0; sleep 0.1\n"
    "done\n"
    "exit 1";

/* Logins that begin meanwhile wait for it. */
static void
nobody_notices(const char *command)
{
	struct run *logins[6];

	for (size_t i = 0; i < 6; i++) {
		logins[i] = boot_login_start("alice", "", "true");
		if (i == 2)
			boot_sh(command);
	}
	for (size_t i = 0; i < 6; i++) {
		run_finish(logins[i]);
		assert_status(logins[i], WELL);
	}
}

Test(systemd_link, comes_back_whatever_ends_it)
{
	struct cluster *c;
	const char *secret;

	needs_link();
	needs_people();
	needs_boot();
	c = machine_in_fleet(NAMED);
	write_fleet_secrets(c);
	join_fleet();
	/* The address of a name may change. */
	cr_expect_not(machine_has(LIMIT));
	secret = boot_enroll("alice");
	for (int i = 0; i < KILLS; i++)
		boot_sh(kill_link);
	assert_logins_become(WELL);
	nobody_notices("systemctl restart " LINK_UNIT);
	nobody_notices("systemctl kill -s KILL " LINK_UNIT);
	boot_sh("systemctl stop " LINK_UNIT);
	assert_status(boot_login("alice", "", "true"), AWAY);
	boot_sh("systemctl start " LINK_UNIT);
	assert_status(boot_login("alice", "", "true"), WELL);
	assert_status(
	    boot_login("alice", code_at(secret, step_now()), "true"), 0);
}

/* The drop-in of a fleet whose etcd has moved. */
static const char other_limit[] =
    "sed -i 's/^IPAddressAllow=.*/IPAddressAllow=192.0.2.1/' " LIMIT "\n"
    "systemctl daemon-reload\n"
    "systemctl restart " LINK_UNIT;

Test(systemd_link, talks_to_etcd_alone)
{
	struct cluster *c;
	struct run *r;

	needs_link();
	needs_people();
	needs_boot();
	c = machine_in_fleet(NUMBERED);
	write_fleet_secrets(c);
	join_fleet();
	boot_enroll("alice");
	assert_status(boot_login("alice", "", "true"), WELL);
	r = boot_run(ADMIN("doctor"));
	assert_never_says(r->out, "limits tfa-link");
	boot_sh(other_limit);
	assert_logins_become(AWAY);
	r = boot_run(ADMIN("doctor"));
	cr_assert(finding_is(r->out, "FAIL", "fleet", "limits tfa-link"), "%s",
	    r->out);
	r = boot_run(ADMIN("--yes", "store", "join"));
	assert_status(r, 0);
	assert_says(r->out, "has joined already");
	assert_logins_become(WELL);
}
