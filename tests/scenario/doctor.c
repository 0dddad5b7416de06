/*
 * Each hole that doctor knows, one at a time, in a configuration that is
 * otherwise clean. doctor names the hole and exits 1; on the clean one it exits
 * 0. The probe runs against a real sshd, open and closed.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/scenario.h"

Scenarios(doctor);

#define DROP_IN    "etc/sshd-tfa.conf"
#define AT_ONCE    4
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define MANY_HOLES 32
#define SOME_KEY                               \
	"ssh-ed25519 "                         \
	"AAAAC3NzaC1lZDI1NTE5AAAAIPV0dVBTK1k2" \
	"uKujMZwyYF+GfE3RB24Hj0UWuZp/7X9Y"

struct hole {
	/* the drop-in, with from replaced by to; NULL: unchanged */
	const char *from, *to;
	const char *above;   /* sshd_config above its Include line */
	const char *below;   /* and below it */
	const char *earlier; /* a file that sorts before the drop-in */
	const char *shell;   /* a script; $0 is the folder */
	const char *check;   /* whose line must be FAIL, and say: */
	const char *says;
};

static struct bastion *
guarded(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	return b;
}

static char *
changed(const char *in, const char *from, const char *to)
{
	const char *found = strstr(in, from);

	cr_assert(found != NULL, "no \"%s\" in %s", from, DROP_IN);
	return text(
	    "%.*s%s%s", (int)(found - in), in, to, found + strlen(from));
}

static char *
drop_in_of(const struct bastion *b, const struct hole *hole)
{
	char *drop_in = read_text(DROP_IN);

	cr_assert_not_null(drop_in);
	if (hole->from != NULL)
		drop_in = changed(drop_in, hole->from, hole->to);
	if (strstr(drop_in, "/usr/sbin/tfa-gate") == NULL)
		return drop_in;
	return changed(drop_in, "/usr/sbin/tfa-gate",
	    text("%s/tfa-gate --socket %s", getenv("TFA_PROGRAMS"), b->socket));
}

/*
 * Makes a folder with sshd_config and sshd_config.d. Returns the path of
 * sshd_config.
 */
static char *
write_config(const struct bastion *b, const struct hole *hole, size_t number)
{
	char *folder = text("%s/%zu", b->dir, number);
	char *config = text("%s/sshd_config", folder);

	cr_assert_eq(mkdir(folder, 0755), 0);
	cr_assert_eq(mkdir(text("%s/conf.d", folder), 0755), 0);
	write_text(config,
	    text("%sInclude %s/conf.d/*.conf\nHostKey %s/host\nUsePAM no\n"
		 "PidFile %s/pid\nListenAddress 127.0.0.1:%d\n"
		 "Subsystem sftp /usr/lib/openssh/sftp-server\n%s",
		hole->above == NULL ? "" : hole->above, folder,
		getenv("TFA_KEYS"), folder, b->port + 1,
		hole->below == NULL ? "" : hole->below));
	write_text(text("%s/conf.d/00-tfa.conf", folder), drop_in_of(b, hole));
	if (hole->earlier != NULL)
		write_text(
		    text("%s/conf.d/00-aaa.conf", folder), hole->earlier);
	if (hole->shell != NULL)
		assert_status(
		    run(ARGV("sh", "-ec", hole->shell, folder), NULL, 0), 0);
	return config;
}

static struct run *
examine(const struct bastion *b, const char *config)
{
	return run_start(
	    ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--socket",
		b->socket, "--policy", b->policy, "doctor", "--config", config),
	    NULL, 0);
}

static void
assert_named(const struct hole *hole, struct run *r, size_t number)
{
	run_finish(r);
	cr_expect_eq(r->status, 1, "hole %zu (%s): status %d: %s", number,
	    hole->says, r->status, r->err);
	cr_expect(finding_is(r->out, "FAIL", hole->check, hole->says),
	    "hole %zu: no FAIL of %s with \"%s\" in:\n%s", number, hole->check,
	    hole->says, r->out);
}

/* Runs some at a time: each of them starts sshd a few times. */
static void
assert_each_named(const struct bastion *b, const struct hole *holes, size_t n)
{
	struct run *runs[MANY_HOLES];

	cr_assert_leq(n, MANY_HOLES);
	for (size_t i = 0; i < n; i++) {
		runs[i] = examine(b, write_config(b, &holes[i], i));
		if (i >= AT_ONCE)
			assert_named(&holes[i - AT_ONCE], runs[i - AT_ONCE],
			    i - AT_ONCE);
	}
	for (size_t i = n > AT_ONCE ? n - AT_ONCE : 0; i < n; i++)
		assert_named(&holes[i], runs[i], i);
}

Test(doctor, names_every_channel)
{
	static const struct hole holes[] = {
	    {.from = "    DisableForwarding yes\n",
		.to = "",
		.check = "channels",
		.says = "what no other line closes can be forwarded without a "
			"code; fix: DisableForwarding yes"},
	    {.from = "AllowTcpForwarding no",
		.to = "AllowTcpForwarding yes",
		.check = "channels",
		.says = ": AllowTcpForwarding yes, for root"},
	    {.from = "AllowTcpForwarding no",
		.to = "AllowTcpForwarding local",
		.check = "channels",
		.says = "fix: AllowTcpForwarding no"},
	    {.from = "    AllowStreamLocalForwarding no\n",
		.to = "",
		.check = "channels",
		.says = "fix: AllowStreamLocalForwarding no"},
	    {.from = "    AllowAgentForwarding no\n",
		.to = "",
		.check = "channels",
		.says = "fix: AllowAgentForwarding no"},
	    {.from = "    X11Forwarding no\n",
		.to = "",
		.below = "X11Forwarding yes\n",
		.check = "channels",
		.says = "sshd_config:7: X11Forwarding yes"},
	    {.from = "    PermitTunnel no\n",
		.to = "",
		.below = "PermitTunnel yes\n",
		.check = "channels",
		.says = "fix: PermitTunnel no"},
	    {.from = "    PermitOpen none\n",
		.to = "",
		.check = "channels",
		.says = "fix: PermitOpen none"},
	    {.from = "PermitListen none",
		.to = "PermitListen 8080",
		.check = "channels",
		.says = "fix: PermitListen none"},
	    {.from = "    StreamLocalBindUnlink no\n",
		.to = "",
		.below = "StreamLocalBindUnlink yes\n",
		.check = "channels",
		.says = "StreamLocalBindUnlink yes"},
	};
	struct bastion *b;

	needs_people();
	b = guarded();
	assert_each_named(b, holes, COUNT(holes));
}

Test(doctor, names_what_runs_before_the_gate)
{
	static const struct hole holes[] = {
	    {.from = "PermitUserEnvironment no",
		.to = "PermitUserEnvironment yes",
		.check = "environment",
		.says = "fix: PermitUserEnvironment no"},
	    {.above = "PermitUserEnvironment LANG\n",
		.check = "environment",
		.says = "sshd_config:1: PermitUserEnvironment LANG"},
	    {.from = "    PermitUserRC no\n",
		.to = "",
		.check = "environment",
		.says = "fix: PermitUserRC no"},
	    {.from = "    ExposeAuthInfo yes\n",
		.to = "",
		.check = "environment",
		.says = "fix: ExposeAuthInfo yes"},
	    {.from = "AcceptEnv TFA_CODE",
		.to = "AcceptEnv *",
		.check = "environment",
		.says = "AcceptEnv *"},
	    {.from = "AcceptEnv TFA_CODE",
		.to = "AcceptEnv TFA_CODE LD_*",
		.check = "environment",
		.says = "AcceptEnv LD_*"},
	    {.from = "AcceptEnv TFA_CODE",
		.to = "AcceptEnv TFA_CODE BASH_FUNC_*",
		.check = "environment",
		.says = "AcceptEnv BASH_FUNC_*"},
	    {.below = "AcceptEnv SHELLOPTS PS4\n",
		.check = "order",
		.says = "sshd_config:7: AcceptEnv SHELLOPTS"},
	    {.below = "Match User bob\n    AcceptEnv SSH_*\n",
		.check = "environment",
		.says = "for bob"},
	    {.from = " HOME=/nonexistent",
		.to = "",
		.check = "environment",
		.says = "lacks HOME="},
	    {.from = " GCONV_PATH=",
		.to = "",
		.check = "environment",
		.says = "lacks GCONV_PATH="},
	    {.from = "    SetEnv ",
		.to = "    SetEnv A=b\n    SetEnv ",
		.check = "environment",
		.says = "lacks LD_PRELOAD="},
	    {.above = "SetEnv A=b\n",
		.check = "order",
		.says = "only the first SetEnv counts"},
	};
	struct bastion *b;

	needs_people();
	b = guarded();
	assert_each_named(b, holes, COUNT(holes));
}

Test(doctor, names_what_stands_in_the_gates_place)
{
	static const struct hole holes[] = {
	    {.from = "ForceCommand /usr/sbin/tfa-gate",
		.to = "ForceCommand tfa-gate",
		.check = "gate",
		.says = "relative path"},
	    {.from = "ForceCommand /usr/sbin/tfa-gate",
		.to = "ForceCommand /bin/sh",
		.check = "gate",
		.says = "that is not the gate, and asks for no code"},
	    {.below = "Match Group interns\n    ForceCommand internal-sftp\n",
		.check = "order",
		.says = "--command internal-sftp"},
	    {.below = "Match Group interns\n    ChrootDirectory /srv\n",
		.check = "gate",
		.says = "locked out"},
	    {.below = "Nonsense yes\n",
		.check = "sshd-config",
		.says = "Nonsense"},
	    {.shell = "rm $0/conf.d/00-tfa.conf",
		.check = "gate",
		.says = "no gate asks for a code"},
	    {.shell = "mv $0/conf.d/00-tfa.conf $0/conf.d/00-tfa",
		.check = "drop-in",
		.says = "ends in .conf"},
	};
	struct bastion *b;

	needs_people();
	b = guarded();
	assert_each_named(b, holes, COUNT(holes));
}

Test(doctor, names_what_goes_before_the_gate)
{
	static const struct hole holes[] = {
	    {.from = "Match all\n",
		.to = "Match Group engineers\n",
		.check = "scope",
		.says = "the gate stands before the group engineers alone"},
	    {.from = "Match all\n",
		.to = "Match Group engineer*\n",
		.check = "order",
		.says = "only for \"Match Group engineer*\""},
	    {.from = "Match all\n",
		.to = "Match Group engineers Address *\n",
		.check = "order",
		.says = "only for \"Match Group engineers Address *\""},
	    {.above = "Match User bob\n    ForceCommand none\nMatch all\n",
		.check = "order",
		.says = "sshd_config:2: ForceCommand none"},
	    {.earlier = "Match User bob\n    ForceCommand none\n",
		.check = "gate",
		.says = "for bob"},
	    {.earlier = "Match Group interns\n    AllowTcpForwarding yes\n",
		.check = "channels",
		.says = "00-aaa.conf:2: AllowTcpForwarding yes, for dave"},
	    {.earlier = "Match Address 10.2.0.0/16\n    PermitOpen any\n",
		.check = "channels",
		.says = "from 10.2.0.0"},
	    {.earlier = "Match LocalPort 2222\n    X11Forwarding yes\n",
		.check = "channels",
		.says = "at port 2222"},
	    {.earlier = "Match User bob Address 10.*\n    ForceCommand none\n",
		.check = "gate",
		.says = "for bob from 10.1"},
	    {.above = "Match User bob\n",
		.check = "order",
		.says = "sshd_config:2: this Include stands below"},
	};
	struct bastion *b;

	needs_people();
	b = guarded();
	assert_each_named(b, holes, COUNT(holes));
}

Test(doctor, names_files_that_others_can_write)
{
	static const struct hole holes[] = {
	    {.shell = "chmod 0666 $0/conf.d/00-tfa.conf",
		.check = "config-files",
		.says = "fix: chmod go-w "},
	    {.shell = "chown erin $0/conf.d/00-tfa.conf",
		.check = "config-files",
		.says = "fix: chown root "},
	    {.shell = "chmod 0777 $0/conf.d",
		.check = "config-files",
		.says = "conf.d can be written by others"},
	    {.shell = "chown erin $0",
		.check = "config-files",
		.says = ", who can change it; fix: chown root "},
	    {.from = "/usr/sbin/tfa-gate",
		.to = "/srv/open/tfa-gate",
		.shell = "mkdir -p /srv/open; cp /usr/sbin/tfa-gate /srv/open; "
			 "chmod 0777 /srv/open",
		.check = "gate-file",
		.says = "/srv/open can be written"},
	    {.from = "/usr/sbin/tfa-gate",
		.to = "/srv/none/tfa-gate",
		.check = "gate-file",
		.says = "No such file"},
	};
	struct bastion *b;

	needs_people();
	b = guarded();
	assert_each_named(b, holes, COUNT(holes));
}

/*
 * Runs script in new namespaces of processes and mounts, where it may prepare.
 * "doctor" in it examines; $d is the configuration's folder.
 */
static struct run *
examine_alone(const struct bastion *b, const char *script)
{
	static const struct hole none;
	static size_t number = 100;
	char *config = write_config(b, &none, number);
	char *command = text("d=%s/%zu; m() { mount --bind \"$@\"; }; "
			     "doctor() { %s/tfa-admin --socket %s --policy %s "
			     "doctor --config %s \"$@\"; }; %s",
	    b->dir, number, getenv("TFA_PROGRAMS"), b->socket, b->policy,
	    config, script);

	number++;
	return run(ARGV("unshare", "-m", "-p", "-f", "--mount-proc",
		       "--kill-child", "sh", "-c", command),
	    NULL, 0);
}

/*
 * Makes the keeper's usual folder: its processes are not visible in the new
 * namespace, so doctor looks there.
 */
static void
make_usual_store(void)
{
	assert_status(run(ARGV("sh", "-c",
			      "mkdir -p /var/lib/tfa && chown _tfa "
			      "/var/lib/tfa && chmod 0700 /var/lib/tfa"),
			  NULL, 0),
	    0);
}

Test(doctor, finds_nothing_on_a_clean_bastion)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	make_usual_store();
	b = guarded();
	r = examine_alone(b, "doctor");
	assert_status(r, 0);
	assert_never_says(r->out, "FAIL");
	assert_never_says(r->out, "\033");
	assert_says(r->out, "ok    channels ");
	assert_says(r->out, "warn  running ");
	r = examine_alone(b,
	    "mkdir -p /run/sshd; /usr/sbin/sshd -f $d/sshd_config && "
	    "sleep 0.3; doctor --json; s=$?; kill $(cat $d/pid); exit $s");
	assert_status(r, 0);
	assert_says(r->out,
	    "{\"check\":\"running\",\"status\":\"ok\",\"detail\":\"sshd (pid ");
	assert_says(r->out, "after the last change of any of 2 files\"");
}

/* Emergency access in our own file is a warning, not a hole. */
Test(doctor, warns_of_an_exemption_in_the_drop_in)
{
	static const char script[] =
	    "sed -i 's/^Match all/Match User bob\\n    ForceCommand none\\n&/' "
	    "$d/conf.d/00-tfa.conf; doctor";
	struct run *r;

	needs_people();
	make_usual_store();
	r = examine_alone(guarded(), script);
	assert_status(r, 0);
	assert_says(r->out, "Match User bob is exempt");
	assert_never_says(r->out, "FAIL");
}

Test(doctor, warns_where_no_qr_code_can_be_made)
{
	struct run *r;

	needs_people();
	make_usual_store();
	r = examine_alone(guarded(), "m /dev/null /usr/sbin/tfa-qr; doctor");
	assert_status(r, 0);
	assert_says(r->out, "people set up their app by typing a key");
	assert_never_says(r->out, "FAIL");
}

/*
 * doctor forks a reader for each user and file, which is slow under a
 * sanitizer.
 */
Test(doctor, names_holes_of_the_system, .timeout = 240)
{
	static const struct {
		const char *script, *check, *says;
	} holes[] = {
	    {"sed 's#^bob:.*#bob:x:2002:2002::/home/bob:/usr/bin/git-shell#' "
	     "/etc/passwd >$d/passwd; m $d/passwd /etc/passwd; doctor",
		"shells",
		"--command '/usr/bin/git-shell -c \"$SSH_ORIGINAL_COMMAND\"'"},
	    {"sed 's#^bob:.*#bob:x:2002:2002::/home/bob:/usr/bin/screen#' "
	     "/etc/passwd >$d/passwd; m $d/passwd /etc/passwd; doctor",
		"shells", "bob: before the gate /usr/bin/screen runs"},
	    {"printf '#!/bin/sh\\nexec /bin/sh\\n' >$d/menu; "
	     "chmod 755 $d/menu; m $d/menu /usr/bin/gpasswd; "
	     "sed 's#^bob:.*#bob:x:2002:2002::/home/bob:/usr/bin/gpasswd#' "
	     "/etc/passwd >$d/passwd; m $d/passwd /etc/passwd; doctor",
		"shells", "bob: /usr/bin/gpasswd does not run"},
	    {"(cat /etc/passwd; echo twin:x:2002:2002::/:/bin/sh) >$d/passwd; "
	     "m $d/passwd /etc/passwd; doctor",
		"uids", "bob and twin have uid 2002"},
	    {"cp -r /etc/ssh $d/ssh; touch $d/ssh/sshrc; "
	     "chmod 0666 $d/ssh/sshrc; m $d/ssh /etc/ssh; doctor",
		"sshrc", "others than root can write"},
	    {"cp /bin/sleep $d/dropbear; $d/dropbear 20 & sleep 0.2; doctor",
		"servers", "dropbear"},
	    {"mkdir -p /run/sshd; "
	     "/usr/sbin/sshd -o AcceptEnv=* -f $d/sshd_config; sleep 0.3; "
	     "doctor",
		"running", "-o AcceptEnv=*"},
	    {"mkdir -p /run/sshd; /usr/sbin/sshd -f $d/sshd_config; sleep 4.2; "
	     "touch $d/conf.d/00-tfa.conf; doctor",
		"running",
		"which does not know of the change; fix: kill -HUP "},
	    {"mkdir -p /run/sshd; cp $d/sshd_config $d/second; "
	     "sed -i /Include/d $d/second; /usr/sbin/sshd -f $d/second; "
	     "sleep 0.3; doctor",
		"servers", "which names no gate itself"},
	};
	struct bastion *b;
	struct run *r;

	needs_people();
	make_usual_store();
	b = guarded();
	for (size_t i = 0; i < COUNT(holes); i++) {
		r = examine_alone(b, holes[i].script);
		cr_expect_eq(r->status, 1, "%s: %s", holes[i].says, r->err);
		cr_expect(
		    finding_is(r->out, "FAIL", holes[i].check, holes[i].says),
		    "no FAIL of %s with \"%s\" in:\n%s%s", holes[i].check,
		    holes[i].says, r->out, r->err);
	}
}

/*
 * alice's keys are behind a link, and bob's behind one to what only root may
 * read; carol's are too many, dave's a pipe, and erin's have a NUL.
 */
Test(doctor, reads_keys_as_their_user)
{
	static const char script[] =
	    "sed -i '1i AuthorizedKeysFile /mnt/keys/%u' $d/sshd_config; "
	    "mkdir -p /mnt/keys /mnt/hidden; chmod 0700 /mnt/hidden; "
	    "line='command=\"x\" " SOME_KEY "'; "
	    "echo \"$line\" >/mnt/alices; echo \"$line\" >/mnt/hidden/k; "
	    "ln -s /mnt/alices /mnt/keys/alice; "
	    "ln -s /mnt/hidden/k /mnt/keys/bob; "
	    "yes \"$line\" | head -c 4194305 >/mnt/keys/carol; "
	    "mkfifo -m 666 /mnt/keys/dave; "
	    "printf 'a\\0b\\n%s' \"$line\" >/mnt/keys/erin; doctor";
	struct run *r;

	needs_people();
	make_usual_store();
	r = examine_alone(guarded(),
	    text("mount -t tmpfs -o mode=755 none /mnt; %s", script));
	assert_says(r->out, "/mnt/keys/alice:1: limited by command=");
	assert_says(
	    r->out, "warn  keys          /mnt/keys/carol: larger than 4 MiB");
	assert_says(r->out, "/mnt/keys/erin:2: limited by command=");
	assert_never_says(r->out, "/mnt/keys/bob");
	assert_never_says(r->out, "/mnt/keys/carol:1");
	assert_never_says(r->out, "/mnt/keys/dave");
}

/*
 * An authority that sshd trusts, and what doctor says of it. A line that would
 * be widened is FAIL where the gate lets the certificates pass, and only there.
 */
Test(doctor, reads_principals_and_authorities)
{
	static const char script[] =
	    "mkdir -p /mnt/principals; printf '# command=\"x\" c\\n"
	    "bob\\ncommand=\"x\" backup\\n' >/mnt/principals/2002; "
	    "echo alice >/mnt/principals/2001; "
	    "echo '" SOME_KEY " b' >/mnt/trusted; "
	    "cat $keys/user-ca.pub >>/mnt/trusted; "
	    "sed -i '1i TrustedUserCAKeys /mnt/trusted\\n"
	    "AuthorizedPrincipalsFile /mnt/principals/%U' $d/sshd_config; ";
	static const char named[] =
	    "sed 's/^/cert-authority /' $keys/user-ca.pub >/mnt/list; ";
	static const char hole[] =
	    "/mnt/principals/2002:3: a command= of a principal";
	struct bastion *b;
	struct run *r;
	char *start;

	needs_people();
	make_usual_store();
	b = guarded();
	fixture_write_policy(
	    b, fixture_policy(REQUIRED, "'keys':{'files':['/mnt/list']}"));
	start = text("mount -t tmpfs -o mode=755 none /mnt; keys=%s; %s",
	    getenv("TFA_KEYS"), script);

	r = examine_alone(b, text("%sdoctor", start));
	assert_says(r->out, "/mnt/trusted:1: the gate refuses the certi");
	assert_says(r->out, "/mnt/trusted:2: the gate refuses the certi");
	assert_says(r->out, text("warn  certificates  %s", hole));
	assert_never_says(r->out, "FAIL  certificates");

	r = examine_alone(b, text("%s%sdoctor", start, named));
	assert_says(r->out, "/mnt/trusted:1: the gate refuses the certi");
	assert_never_says(r->out, "/mnt/trusted:2:");
	cr_assert(
	    finding_is(r->out, "FAIL", "certificates", hole), "%s", r->out);
	assert_never_says(r->out, "/mnt/principals/2001");
	assert_never_says(r->out, "/mnt/principals/2002:1");

	r = examine_alone(
	    b, text("%s%schmod 0640 /mnt/list; doctor", start, named));
	cr_assert(finding_is(r->out, "FAIL", "keys", "every key is refused"),
	    "%s", r->out);
}

/* Nobody can examine what a command will print. */
Test(doctor, names_commands_that_print_restrictions)
{
	static const char script[] =
	    "sed -i '1i TrustedUserCAKeys %s/user-ca.pub\\n"
	    "AuthorizedKeysCommand /bin/true\\n"
	    "AuthorizedKeysCommandUser nobody\\n"
	    "AuthorizedPrincipalsCommand /bin/true\\n"
	    "AuthorizedPrincipalsCommandUser nobody' $d/sshd_config; doctor";
	struct bastion *b;
	struct run *r;
	char *whole;

	needs_people();
	make_usual_store();
	b = guarded();
	whole = text(script, getenv("TFA_KEYS"));
	r = examine_alone(b, whole);
	assert_says(r->out, "warn  certificates  AuthorizedKeysCommand /bin/t");
	assert_never_says(r->out, "FAIL  certificates");
	fixture_write_policy(
	    b, fixture_policy(REQUIRED, "'keys':{'unlisted':'allow'}"));
	r = examine_alone(b, whole);
	cr_assert(
	    finding_is(r->out, "FAIL", "certificates", "AuthorizedKeysCommand"),
	    "%s", r->out);
	cr_assert(finding_is(r->out, "FAIL", "certificates",
		      "AuthorizedPrincipalsCommand /bin/true"),
	    "%s", r->out);
}

/* The test does not judge whether this machine's clock is kept right. */
static void
assert_calm_about_the_clock(const char *out)
{
	static const char right[] =
	    "ok    clock         the kernel says that it is kept right, to ";
	static const char off[] =
	    "warn  clock         nothing keeps it right: once it is more than "
	    "30 seconds off, the codes of everybody's app are refused as "
	    "wrong; fix: ";

	cr_assert(
	    strstr(out, right) != NULL || strstr(out, off) != NULL, "%s", out);
}

Test(doctor, names_what_keeps_everyone_out)
{
	static const struct hole none;
	struct bastion *b;
	struct run *r;
	char *config;

	needs_people();
	b = bastion_open(.rules = "{'name':'x','groups':['nobodys-group'],"
				  "'mode':'required'}");
	config = write_config(b, &none, 0);
	r = examine(b, config);
	run_finish(r);
	assert_status(r, 1);
	cr_assert(
	    finding_is(r->out, "FAIL", "policy",
		text("rule x: group \"nobodys-group\" is unknown: whoever "
		     "comes to that rule is denied; fix: groupadd "
		     "nobodys-group, or %s without it",
		    b->policy)),
	    "%s", r->out);
	assert_calm_about_the_clock(r->out);
	fixture_write_policy(b, "{");
	cr_assert_eq(chmod(b->store, 0755), 0);
	r = examine(b, config);
	run_finish(r);
	cr_assert(finding_is(r->out, "FAIL", "policy",
		      ": nobody is let in; fix: tfa-admin "),
	    "%s", r->out);
	cr_assert(finding_is(r->out, "FAIL", "store",
		      ": everyone is refused; fix: chown "),
	    "%s", r->out);
	cr_assert_eq(chmod(b->policy, 0666), 0);
	bastion_keeper_stop(b);
	r = examine(b, config);
	run_finish(r);
	cr_assert(finding_is(r->out, "FAIL", "policy-file", "chmod go-w"), "%s",
	    r->out);
	cr_assert(finding_is(r->out, "FAIL", "keeper", "nobody can log in"),
	    "%s", r->out);
}

static struct run *
probe(const struct bastion *b)
{
	return bastion_admin(b,
	    ARGV("doctor", "--config", text("%s/sshd_config", b->dir),
		"--probe", b->me, "-i",
		text("%s/%s", getenv("TFA_KEYS"), b->me)));
}

static const char *const channels[] = {"-W", "-L to a port",
    "-L to a Unix socket", "-D", "-J", "-R of a port", "-R of a Unix socket",
    "-A", "-X"};

/* Waits for other tests' probes to be over. */
static bool
nothing_left(void)
{
	for (int i = 0; i < 300; i++) {
		if (run(ARGV("sh", "-c", "ls -d /tmp/tfa-doctor.*"), NULL, 0)
			->out_len == 0)
			return true;
		run_sleep_ms(50);
	}
	return false;
}

/* A stock sshd with X11, started where its own tools are visible. */
Test(doctor, probe_finds_what_is_open)
{
	struct run *r;

	needs_people();
	r = examine_alone(guarded(),
	    text("rm $d/conf.d/00-tfa.conf; mkdir -p /run/sshd; "
		 "echo X11Forwarding yes >>$d/sshd_config; "
		 "/usr/sbin/sshd -f $d/sshd_config; sleep 0.3; "
		 "doctor --probe alice -i %s/alice",
		getenv("TFA_KEYS")));
	assert_status(r, 1);
	cr_assert(finding_is(r->out, "FAIL", "probe", "the gate is not met"),
	    "%s", r->out);
	for (size_t i = 0; i < COUNT(channels); i++)
		cr_expect(finding_is(r->out, "FAIL", "probe",
			      text("%s is open", channels[i])),
		    "no %s in:\n%s", channels[i], r->out);
}

Test(doctor, probe_finds_nothing_where_all_is_closed)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = guarded();
	r = probe(b);
	cr_assert_not(finding_is(r->out, "FAIL", "probe", ""), "%s", r->out);
	assert_says(r->out, "ok    probe         the gate is met (76)");
	for (size_t i = 0; i < COUNT(channels); i++)
		assert_says(r->out,
		    text("ok    probe         %s: refused", channels[i]));
	cr_assert_eq(processes_left(b, NULL, 20000), 0);
	cr_assert(nothing_left());
}

/* In a grace period the user is let in: another one is named, who is not. */
Test(doctor, probe_in_grace_names_somebody_who_is_asked)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(
		.rules =
		    "{'name':'r','users':['alice','user109'],"
		    "'mode':'required','since':'2020-01-01T00:00:00Z','grace':{'for':'14d','until':'2099-01-01T00:00:00Z'}}");
	r = probe(b);
	cr_assert(
	    finding_is(r->out, "warn", "probe", "alice is in grace until "),
	    "%s", r->out);
	assert_says(r->out, "nobody has a device yet who could be probed");
	fixture_enrol(b, "user109");
	r = probe(b);
	cr_assert(finding_is(r->out, "warn", "probe",
		      "proves nothing of the gate. Probe somebody who is "
		      "asked for a code, such as user109"),
	    "%s", r->out);
}

Test(doctor, probe_without_a_login_proves_nothing)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = guarded();
	r = bastion_admin(b,
	    ARGV("doctor", "--config", text("%s/sshd_config", b->dir),
		"--probe", "bob", "-i", text("%s/alice", getenv("TFA_KEYS"))));
	assert_status(r, 1);
	cr_assert(finding_is(r->out, "FAIL", "probe", "nothing is proved"),
	    "%s", r->out);
	assert_status(bastion_admin(b, ARGV("doctor", "--probe", "bob")), 2);
}
