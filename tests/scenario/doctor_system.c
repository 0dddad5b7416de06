/*
 * doctor on the system around sshd: PAM, other SSH servers, /tmp, the clock. A
 * script prepares a machine for each case, beside a real sshd, with processes,
 * mounts and a network that no other test shares.
 */
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/boot.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(doctor_system);
TestSuite(doctor_systemd, .timeout = 180, .fini = boot_crash);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* From here on the test has a network with nothing but its own loopback. */
static void
own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

/* The drop-in with this bastion's gate. */
static char *
drop_in(const struct bastion *b)
{
	static const char gate[] = "/usr/sbin/tfa-gate";
	char *whole = read_text("etc/sshd-tfa.conf"), *found;

	cr_assert_not_null(whole);
	found = strstr(whole, gate);
	cr_assert_not_null(found);
	return text("%.*s%s/tfa-gate --socket %s%s", (int)(found - whole),
	    whole, getenv("TFA_PROGRAMS"), b->socket, found + sizeof(gate) - 1);
}

/*
 * In the script, $d is a folder with sshd_config (port 2200) and conf.d, and
 * $s the keeper's socket;
 * "serve" starts an sshd with it, "doctor" examines, "m" mounts one file over
 * another and "await PORT" waits until something listens there.
 */
static struct run *
alone(const struct bastion *b, const char *script)
{
	static int number;
	char *d = text("%s/alone%d", b->dir, number++);
	char *tools = text(
	    "d=%s s=%s; m() { mount --bind \"$@\"; }\n"
	    "await() { n=0; until grep -qi \":$(printf %%04X $1) .* 0A \" "
	    "/proc/net/tcp || [ $((n += 1)) -gt 200 ]; do sleep 0.05; done; }\n"
	    "serve() { mkdir -p /run/sshd; /usr/sbin/sshd -f $d/sshd_config && "
	    "await 2200; }\n"
	    "doctor() { %s/tfa-admin --socket %s --policy %s doctor --config "
	    "$d/sshd_config \"$@\"; }\n%s",
	    d, b->socket, getenv("TFA_PROGRAMS"), b->socket, b->policy, script);

	cr_assert_eq(mkdir(d, 0755), 0);
	cr_assert_eq(mkdir(text("%s/conf.d", d), 0755), 0);
	write_text(text("%s/sshd_config", d),
	    text("Include %s/conf.d/*.conf\nHostKey %s/host\nPort 2200\n"
		 "ListenAddress 127.0.0.1\nPidFile %s/pid\nUsePAM yes\n"
		 "Subsystem sftp /usr/lib/openssh/sftp-server\n",
		d, getenv("TFA_KEYS"), d));
	write_text(text("%s/conf.d/00-tfa.conf", d), drop_in(b));
	return run(ARGV("unshare", "-m", "-p", "-f", "--mount-proc",
		       "--kill-child", "bash", "-c", tools),
	    NULL, 0);
}

struct saying {
	const char *script, *word, *check, *words;
};

static void
assert_said(const struct saying *cases, size_t n)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	own_network();
	for (size_t i = 0; i < n; i++) {
		struct run *r = alone(b, cases[i].script);

		cr_expect(finding_is(r->out, cases[i].word, cases[i].check,
			      cases[i].words),
		    "no %s of %s with \"%s\" after %s in:\n%s%s", cases[i].word,
		    cases[i].check, cases[i].words, cases[i].script, r->out,
		    r->err);
	}
}

#define NEW_PAM                                                       \
	"cp -r /etc/pam.d $d/pam.d; rm -f $d/pam.d/*; "               \
	"echo 'session required pam_env.so' >$d/pam.d/own; "          \
	"echo '@include own' >$d/pam.d/sshd; m $d/pam.d /etc/pam.d; " \
	"cd /etc/pam.d; "

/* Other tests run in the same /run. */
#define NEW_RUN "mkdir -p /run/systemd; mount -t tmpfs none /run/systemd; "

Test(doctor_system, names_what_pam_reads_and_starts)
{
	static const struct saying cases[] = {
	    {NEW_PAM "doctor", "ok", "pam",
		"/etc/pam.d/sshd and 1 more file, 1 line: they set no "
		"variable and start nothing from a file of the user's"},
	    {NEW_PAM "echo 'session required pam_env.so readenv=1 \\' >own; "
		     "echo 'user_readenv=1' >>own; doctor",
		"FAIL", "pam", "/etc/pam.d/own:1: user_readenv lets a user"},
	    {NEW_PAM "echo 'session required pam_env.so user_readenv=1' >sshd; "
		     "doctor",
		"FAIL", "pam",
		"; fix: session required pam_env.so user_readenv=0"},
	    {NEW_PAM NEW_RUN
		"mkdir /run/systemd/system; "
		"echo 'session optional pam_systemd.so' >>own; doctor",
		"warn", "pam",
		"/etc/pam.d/own:2: pam_systemd starts user@UID.service"},
	    {NEW_PAM NEW_RUN
		"echo 'session optional pam_systemd.so' >>own; doctor",
		"ok", "pam", "systemd does not run, so pam_systemd starts"},
	    {NEW_PAM "echo 'session optional pam_odd.so' >>own; doctor", "warn",
		"pam", "/etc/pam.d/own:2: what pam_odd.so reads or starts"},
	    {NEW_PAM "echo 'account optional pam_exec.so quiet /bin/true' "
		     ">>own; doctor",
		"warn", "pam",
		"own:2: pam_exec.so runs /bin/true before a code is asked"},
	    {NEW_PAM "cp /bin/true $d/mine; chmod 0777 $d/mine; "
		     "echo \"session optional pam_exec.so $d/mine\" >>own; "
		     "doctor",
		"FAIL", "pam", "mine can be written by others"},
	    {NEW_PAM "chmod 0666 own; doctor", "FAIL", "pam",
		"/etc/pam.d/own can be written by others"},
	    {NEW_PAM "echo 'LD_LIBRARY_PATH DEFAULT=@{HOME}/lib' >$d/env; "
		     "echo \"session required pam_env.so conffile=$d/env\" "
		     ">>own; doctor",
		"FAIL", "pam", "env:1: LD_LIBRARY_PATH gets @{HOME}"},
	    {NEW_PAM "touch $d/env; chown erin $d/env; "
		     "echo \"session required pam_env.so envfile=$d/env\" "
		     ">>own; doctor",
		"FAIL", "pam", "env belongs to uid"},
	    {NEW_PAM "echo 'session required pam_env.so "
		     "envfile=/etc/gone/env' >>own; doctor",
		"ok", "pam", "they set no variable"},
	    {NEW_PAM "mkdir -m 0777 $d/open; echo \"session required "
		     "pam_env.so envfile=$d/open/gone\" >>own; doctor",
		"FAIL", "pam", "open can be written by others"},
	    {NEW_PAM "ln -s $d/gone $d/env; echo \"session required "
		     "pam_env.so envfile=$d/env\" >>own; doctor",
		"ok", "pam", "they set no variable"},
	    {NEW_PAM "mkdir -m 0777 $d/open; ln -s open/gone $d/env; echo "
		     "\"session required pam_env.so envfile=$d/env\" >>own; "
		     "doctor",
		"FAIL", "pam", "open can be written by others"},
	    {NEW_PAM "ln -s env $d/env; echo \"session required "
		     "pam_env.so envfile=$d/env\" >>own; doctor",
		"FAIL", "pam", "env is not known: Too many levels"},
	    {NEW_PAM "rm sshd; doctor", "warn", "pam",
		"there is neither /etc/pam.d/sshd nor /etc/pam.d/other"},
	    {NEW_PAM "echo '@include gone' >>sshd; doctor", "warn", "pam",
		"includes gone, which is not there"},
	    {NEW_PAM "sed -i 's/UsePAM.*/UsePAM no/' $d/sshd_config; "
		     "echo 'session x pam_env.so user_readenv=1' >sshd; doctor",
		"ok", "pam", "UsePAM no"},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

/* Listens on port 2201 and greets with these words, once. */
#define GREET(address, words)                  \
	"printf '" words "\\r\\n' >$d/words; " \
	"nc -l " address " 2201 <$d/words & await 2201; "

#define SECOND                                                          \
	"sed -e /Include/d -e s/2200/2201/ $d/sshd_config >$d/second; " \
	"cp /usr/sbin/sshd $d/backup-agent; "

Test(doctor_system, finds_an_ssh_server_whatever_it_is_called)
{
	static const struct saying cases[] = {
	    {"serve; doctor", "ok", "servers",
		"1 TCP socket of this network namespace: the sshd "
		"that was examined answers at 1 of them, no other"},
	    {"serve; "
	     "/usr/sbin/sshd -p 2201 -o PidFile=none -f $d/sshd_config; "
	     "await 2201; doctor",
		"ok", "servers", "examined answers at 2 of them"},
	    {SECOND "serve; $d/backup-agent -f $d/second; await 2201; doctor",
		"FAIL", "servers", "a second sshd (pid "},
	    {SECOND "serve; cd $d; $d/backup-agent -D -f second & await 2201; "
		    "doctor",
		"FAIL", "servers", "runs with second, which names no gate"},
	    {SECOND "serve; $d/backup-agent -f $d/second; await 2201; "
		    "rm $d/backup-agent; doctor",
		"FAIL", "servers", "a second sshd (pid "},
	    {SECOND "serve; $d/backup-agent -f $d/second; await 2201; "
		    "rm $d/second; doctor",
		"warn", "servers", "which cannot be read"},
	    {"serve; sed -e s/2200/2201/ $d/sshd_config >$d/second; "
	     "/usr/sbin/sshd -f $d/second; await 2201; doctor",
		"warn", "servers", "a second sshd (pid "},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

Test(doctor_system, finds_who_answers_as_an_ssh_server)
{
	static const struct saying cases[] = {
	    {"serve; " GREET("127.0.0.1", "SSH-2.0-x") "doctor", "FAIL",
		"servers", "answers as \"SSH-2.0-x\": an SSH server"},
	    {"(exec -a \"sshd: /usr/sbin/sshd -f $d/sshd_config [listener] 0 of "
	     "10-100 startups\" nc -l 0.0.0.0 2201 <<<SSH-2.0-x) & await 2201; doctor",
		"FAIL", "servers", "0.0.0.0:2201: "},
	    {"nc -l 0.0.0.0 2201 <<<SSH-2.0-x & await 2201; "
	     "nc -l 127.0.0.1 2201 <<<hello & sleep 0.5; doctor",
		"FAIL", "servers", "0.0.0.0:2201: "},
	    {"cd /; echo SSH-2.0-x >/tmp/words; setpriv --reuid bob "
	     "--clear-groups nc -l 127.0.0.1 2201 </tmp/words & await 2201; "
	     "doctor",
		"warn", "servers", "of uid 2002 answers as \"SSH-2.0-x\""},
	    {"serve; exec 3<>/dev/tcp/127.0.0.1/2200; read -r words <&3; "
	     "nc -l 127.0.0.1 2201 <<<\"$words\" & await 2201; doctor",
		"warn", "servers", "answers as sshd does: whether it leads"},
	    {"serve; " GREET("127.0.0.1", "220 hello") "doctor", "ok",
		"servers", "2 TCP sockets of this network namespace"},
	    {"serve; nc -l 127.0.0.1 2201 < <(sleep 20) & await 2201; doctor",
		"ok", "servers", "1 said nothing in 1500 ms"},
	};

	needs_people();
	needs_program("nc");
	needs_program("setpriv");
	assert_said(cases, COUNT(cases));
}

/* A process in another namespace holds the socket. */
Test(doctor_system, says_whose_process_it_cannot_see)
{
	static const struct saying cases[] = {
	    {"serve; unshare -p -f --mount-proc --kill-child sh -c "
	     "\"$(declare -f doctor); d=$d doctor\"",
		"warn", "servers", "the process behind it is not seen"},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

/* A /tmp of one's own for the script, with these options of tmpfs. */
#define TMP(options) "mount -t tmpfs -o " options " none /tmp; "

Test(doctor_system, looks_at_tmp_as_sshd_needs_it)
{
	static const struct saying cases[] = {
	    {TMP("mode=1777,size=64m") "serve; doctor", "warn", "tmp",
		"/tmp has no quota for "},
	    {TMP("mode=1777,size=64m") "doctor", "warn", "tmp",
		"no sshd was seen that runs"},
	    {TMP("mode=1777,size=64m") "chmod 600 $d/sshd_config; serve; doctor",
		"warn", "tmp", "cannot be read by users: while /tmp is full"},
	    {TMP("mode=1777,size=1m") "serve; doctor", "warn", "tmp",
		"/tmp has 1 MiB left"},
	    {TMP("mode=1777,size=1m") "serve; "
				      "head -c 2000000 /dev/zero >/tmp/fill; doctor",
		"FAIL", "tmp", "/tmp is full ("},
	    {TMP("mode=1777,size=1m,nr_inodes=3") "serve; "
						  "touch /tmp/a /tmp/b /tmp/c; doctor",
		"FAIL", "tmp", "/tmp is full ("},
	    {TMP("mode=1777,size=64m,nr_inodes=99") "serve; doctor", "warn",
		"tmp", "/tmp has room for 98 more files"},
	    {TMP("mode=0755,size=64m") "serve; doctor", "FAIL", "tmp",
		"could not write in /tmp: Permission denied"},
	    {TMP("mode=0777,size=64m") "serve; doctor", "FAIL", "tmp",
		"users can replace one another's files there"},
	    {TMP("mode=1777,size=64m,uid=2002") "serve; doctor", "FAIL", "tmp",
		"/tmp belongs to uid 2002"},
	    {TMP("mode=1777,size=64m") "serve; mount -o remount,ro /tmp; "
				       "doctor",
		"FAIL", "tmp", "could not write in /tmp: Read-only"},
	    {"mount -t tmpfs none /mnt; mkdir /mnt/tmp /mnt/s; "
	     "chmod 1777 /mnt/tmp; m /mnt/tmp /tmp; m /mnt/s /var/lib; serve; "
	     "mkdir /var/lib/tfa; doctor",
		"warn", "tmp", "are one file system, without a quota"},
	    /* PrivateTmp: only the /tmp of that sshd is full. */
	    {"mkdir -p /run/sshd; unshare -m bash -c 'mount -t tmpfs -o "
	     "mode=1777,size=1m none /tmp; head -c 2000000 /dev/zero "
	     ">/tmp/fill; /usr/sbin/sshd -f $0/sshd_config' $d; await 2200; "
	     "doctor",
		"FAIL", "tmp", "/tmp is full ("},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

/* How many lines there are of that check. */
static size_t
count_lines(const char *out, const char *check)
{
	size_t count = 0;

	for (const char *line = out; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		count += len > 6 &&
		    strncmp(line + 6, check, strlen(check)) == 0 &&
		    line[6 + strlen(check)] == ' ';
		line += len + (line[len] == '\n');
	}
	return count;
}

Test(doctor_system, says_once_that_tmp_is_full)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	own_network();
	r = alone(b,
	    TMP("mode=1777,size=1m,nr_inodes=3") "serve; touch /tmp/a /tmp/b "
						 "/tmp/c; doctor");
	cr_expect(
	    finding_is(r->out, "FAIL", "tmp", "/tmp is full ("), "%s", r->out);
	cr_expect_eq(count_lines(r->out, "tmp"), 1, "%s", r->out);
}

/* Before setup nobody meets the gate, which is no clean bill for the keys. */
Test(doctor_system, says_that_no_key_was_looked_at)
{
	static const struct saying cases[] = {
	    {"echo >$d/conf.d/00-tfa.conf; doctor", "warn", "keys",
		"no file of keys was looked at"},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

/* A store where it usually is, and accounts for a policy. */
#define STORE                                              \
	"mkdir -p /var/lib/tfa; chown _tfa /var/lib/tfa; " \
	"chmod 0700 /var/lib/tfa; "

Test(doctor_system, says_what_it_looked_at)
{
	static const struct saying cases[] = {
	    {"doctor", "ok", "setup", "no setup is under way: it has left no"},
	    {"doctor", "ok", "sshd-config", "/sshd_config accepts it"},
	    {"doctor", "ok", "drop-in", "/conf.d/00-tfa.conf:"},
	    {"doctor", "ok", "config-files", "2 files from "},
	    {"doctor", "ok", "gate-file", "/tfa-gate, mode 0755"},
	    {"doctor", "ok", "policy-file", "/policy.json and the folders"},
	    {"doctor", "ok", "socket", ", mode 0666, and the folders"},
	    {"serve; doctor", "ok", "running", "of any of 2 files"},
	    {"doctor", "ok", "uids", " accounts, as getpwent(3) lists them"},
	    {"doctor", "ok", "hidepid", "/proc is mounted without it"},
	    {"doctor", "ok", "sshrc", "there is no /etc/ssh/sshrc"},
	    {"doctor", "ok", "sftp", "/usr/lib/openssh/sftp-server is there"},
	    {"doctor", "ok", "qr", "tfa-qr made one just now"},
	    {"doctor", "ok", "openssh", "/usr/sbin/sshd is OpenSSH_"},
	    {"doctor", "ok", "keeper", "it answers at /"},
	    {"doctor", "ok", "policy", "1 rule, and no directory is asked"},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

/* doctor never says "ok" about a thing that it could not examine. */
Test(doctor_system, warns_of_what_it_cannot_see)
{
	static const struct saying cases[] = {
	    {"touch $d/conf.d/x.conf; chmod 0666 $d/conf.d/x.conf; doctor",
		"FAIL", "config-files", "x.conf can be written by others"},
	    {"mkdir $d/more; chmod 0777 $d/more; sed -i \"1iInclude "
	     "$d/more/*.conf\" $d/sshd_config; doctor",
		"FAIL", "config-files", "more can be written by others"},
	    {"sed -i \"1iInclude $d/none/*.conf\" $d/sshd_config; chmod 0777 "
	     "$d; doctor",
		"FAIL", "config-files", "can be written by others"},
	    {"mkdir $d/conf.d/z.conf; doctor", "warn", "config-files",
		"z.conf: Invalid argument"},
	    {STORE "doctor", "warn", "store", "no keeper is seen that runs"},
	    {STORE "setpriv --reuid bob --clear-groups bash -c 'exec -a "
		   "\"tfa-keeper --store /tmp --socket $0\" sleep 9' $s & "
		   "sleep 0.3; doctor",
		"warn", "store", "no keeper is seen that runs"},
	    {"serve; cp /usr/sbin/sshd $d/new; m $d/new /usr/sbin/sshd; doctor",
		"warn", "running", "does not run /usr/sbin/sshd as it is now"},
	    {"mount -t tmpfs none /proc; doctor", "warn", "hidepid", "/proc"},
	    {"mount -t tmpfs none /proc; doctor", "warn", "servers",
		"not every socket that listens was asked: /proc"},
	    {"mount -t tmpfs none /proc; doctor", "warn", "running",
		"no sshd is seen that listens"},
	    {"mount -t tmpfs none /proc; doctor", "warn", "tmp",
		"no sshd was seen"},
	    {"m /dev/null /etc/passwd; doctor", "warn", "uids",
		"not every account could be looked at: there is none"},
	    {"m /dev/null /usr/sbin/sshd; doctor", "warn", "openssh",
		"its version cannot be read"},
	    {"m /dev/null /usr/sbin/sshd; doctor", "warn", "pam",
		"whether sshd uses PAM is not known"},
	    {NEW_RUN "mkdir /run/systemd/system; "
		     "m /bin/false /usr/bin/systemctl; " NEW_PAM
		     "echo 'session optional pam_systemd.so' >>own; doctor",
		"warn", "pam", "unless it is masked, which is not known"},
	};

	needs_people();
	assert_said(cases, COUNT(cases));
}

/* The kernel says it of each process, whoever gave it the filter. */
Test(doctor_system, warns_of_a_keeper_without_a_filter)
{
	static const struct saying cases[] = {
	    {"bash -c 'exec -a \"tfa-keeper --socket $0\" sleep 9' $s & "
	     "sleep 0.3; doctor",
		"warn", "keeper", "runs without a filter of system calls"},
	};

	needs_people();
	if (run(ARGV("grep", "-q", "^Seccomp:.0", "/proc/self/status"), NULL, 0)
		->status != 0)
		cr_skip_test("every process here has a filter");
	assert_said(cases, COUNT(cases));
}

#define SSS                                                               \
	"sed 's/^group:.*/group: files sss/' /etc/nsswitch.conf >$d/ns; " \
	"m $d/ns /etc/nsswitch.conf; "
#define BY(group) \
	"{'name':'" group "','groups':['" group "'],'mode':'required'}"
#define FOR_ROOT "{'name':'root','users':['root'],'mode':'optional'},"

/* While a directory is away, its groups deny whoever comes to their rule. */
Test(doctor_system, says_whom_a_directory_can_keep_out)
{
	static const struct {
		const char *rules, *more;
		struct saying saying;
	} cases[] = {
	    {BY("ldap"), NULL,
		{SSS "doctor", "warn", "policy",
		    "rule ldap: while sss is away, which has the group ldap, "
		    "root is refused"}},
	    {FOR_ROOT BY("ldap"), NULL,
		{SSS "doctor", "warn", "policy",
		    "accounts of /etc/passwd are refused ("}},
	    {"{'name':'x','users':['*'],'groups':['!ldap'],'mode':'exempt'}",
		NULL,
		{SSS "doctor", "warn", "policy", "rule x: while sss is away"}},
	    {"{'name':'near','users':['*'],'from':['10.0.0.0/8'],"
	     "'mode':'exempt'}," BY("ldap"),
		NULL,
		{SSS "doctor", "warn", "policy",
		    "rule ldap: while sss is away"}},
	    {BY("ldap"), "'admins':{'users':['alice']}",
		{SSS "doctor", "warn", "policy", "1 of 1 are refused"}},
	    {REQUIRED "," BY("ldap"), NULL,
		{SSS "doctor", "FAIL", "policy", "group \"ldap\""}},
	    {BY("engineers"), NULL,
		{SSS "doctor", "ok", "policy",
		    "1 rule, and no directory is asked"}},
	};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct saying *saying = &cases[i].saying;
		struct run *r;

		fixture_write_policy(
		    b, fixture_policy(cases[i].rules, cases[i].more));
		r = alone(b, saying->script);
		cr_expect(finding_is(r->out, saying->word, saying->check,
			      saying->words),
		    "no %s with \"%s\" in:\n%s%s", saying->word, saying->words,
		    r->out, r->err);
	}
}

#define ADMIN(...) ARGV("/usr/sbin/tfa-admin", __VA_ARGS__)

/* Without the drop-in doctor looks at nothing else. */
static void
make_gated(void)
{
	write_text("/etc/ssh/sshd_config.d/00-tfa.conf",
	    read_text("etc/sshd-tfa.conf"));
}

/* systemd itself is asked whether it would start a user's own units. */
Test(doctor_systemd, asks_systemd_what_pam_starts)
{
	struct run *r;

	needs_people();
	needs_boot();
	machine_new();
	machine_sh("sed -i 's/UsePAM no/UsePAM yes/' /etc/ssh/sshd_config; "
		   "echo 'session optional pam_systemd.so' >/etc/pam.d/sshd");
	make_gated();
	boot();
	r = boot_run(ADMIN("doctor"));
	cr_assert(finding_is(r->out, "warn", "pam",
		      "/etc/pam.d/sshd:1: pam_systemd starts user@UID.service"),
	    "%s", r->out);
	boot_sh("systemctl mask user@.service");
	r = boot_run(ADMIN("doctor"));
	cr_assert(finding_is(r->out, "ok", "pam", "; user@.service is masked"),
	    "%s", r->out);
	boot_sh("systemctl unmask user@.service; "
		"sed -i 's/$/ class=background-light/' /etc/pam.d/sshd");
	r = boot_run(ADMIN("doctor"));
	cr_assert(finding_is(r->out, "ok", "pam",
		      "start nothing from a file of the user's"),
	    "%s", r->out);
}

/* An sshd that systemd starts for whoever connects. */
Test(doctor_systemd, warns_of_a_server_that_a_socket_starts)
{
	struct run *r;

	needs_people();
	needs_boot();
	machine_new();
	machine_sh("cd /etc/systemd/system; "
		   "printf '[Socket]\\nListenStream=127.0.0.1:2299\\n"
		   "Accept=yes\\n' >backup.socket; "
		   "printf '[Service]\\nExecStart=-/usr/sbin/sshd -i\\n"
		   "StandardInput=socket\\n' >backup@.service");
	make_gated();
	boot();
	boot_sh("systemctl start backup.socket");
	r = boot_run(ADMIN("doctor"));
	cr_assert(finding_is(r->out, "warn", "servers",
		      "127.0.0.1:2299: systemd starts an SSH server"),
	    "%s", r->out);
}
