/*
 * The door, as doctor sees it: a healthy one, and each way to lose what makes
 * it ask for a code. Each runs two real sshds in namespaces of its own, with
 * the names and files that setup gives them.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/sshd/guard.h"
#include "tests/scenario/finding.h"
#include "tests/scenario/scenario.h"

Scenarios(doctor_door);

#define AT_ONCE    4
#define MANY       32
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define AFTER_CODE "'forwarding':'after-code'"
#define DOOR_LINE \
	"    AuthenticationMethods publickey,keyboard-interactive:pam\n"

struct flaw {
	const char *from, *to; /* of the drop-in; NULL: unchanged */
	const char *above;     /* sshd_config above its Include line */
	const char *below;     /* and below it */
	/* a script after the files are made; $d is the folder, $pam PAM's file,
	 * $door the door's port, $port sshd's */
	const char *before;
	const char *door; /* starts the door; NULL: as tfa-door does */
	const char *says; /* a line that doctor must print, after its check */
	bool warn;        /* it is no FAIL */
};

static struct bastion *
with_policy(const char *more)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = more);

	fixture_enrol(b, b->me);
	/* The keeper's folder is not seen from another namespace. */
	assert_status(run(ARGV("sh", "-c",
			      "mkdir -p /var/lib/tfa && chown _tfa "
			      "/var/lib/tfa && chmod 0700 /var/lib/tfa"),
			  NULL, 0),
	    0);
	return b;
}

static char *
changed(const char *in, const char *from, const char *to)
{
	const char *found = strstr(in, from);

	cr_assert(found != NULL, "no \"%s\" in %s", from, in);
	return text(
	    "%.*s%s%s", (int)(found - in), in, to, found + strlen(from));
}

/* Ports that no bastion has, and no client. */
static int
port_of(const struct bastion *b, size_t number)
{
	return b->port - 12000 + 2 * (int)number;
}

/* setup's own, with the socket of this bastion's keeper. */
static char *
service_of(const struct bastion *b)
{
	static const char module[] = "required pam_tfa.so";
	const char *from = read_text("etc/tfa-sshd.pam"), *found;
	char *whole = text("%s", "");

	cr_assert_not_null(from);
	while ((found = strstr(from, module)) != NULL) {
		whole = text("%s%.*s%s socket=%s", whole, (int)(found - from),
		    from, module, b->socket);
		from = found + sizeof(module) - 1;
	}
	return text("%s%s", whole, from);
}

static char *
write_files(const struct bastion *b, const struct flaw *flaw, size_t number)
{
	char *folder = text("%s/%zu", b->dir, number);
	int port = port_of(b, number);
	char *drop_in = guard_drop_in(
	    text("%s/tfa-gate --socket %s", getenv("TFA_PROGRAMS"), b->socket),
	    port + 1, NULL);

	cr_assert_eq(mkdir(folder, 0755), 0);
	cr_assert_eq(mkdir(text("%s/conf.d", folder), 0755), 0);
	cr_assert_not_null(drop_in);
	if (flaw->from != NULL)
		drop_in = changed(drop_in, flaw->from, flaw->to);
	write_text(text("%s/conf.d/00-tfa.conf", folder), drop_in);
	write_text(text("%s/sshd_config", folder),
	    text("%sInclude %s/conf.d/*.conf\nHostKey %s/host\nUsePAM no\n"
		 "Port %d\nListenAddress 127.0.0.1\nPidFile %s/pid\n"
		 "PasswordAuthentication no\n"
		 "Subsystem sftp /usr/lib/openssh/sftp-server\n%s\n%s",
		flaw->above == NULL ? "" : flaw->above, folder,
		getenv("TFA_KEYS"), port, folder, bastion_no_penalties(),
		flaw->below == NULL ? "" : flaw->below));
	write_text(text("%s/service", folder), service_of(b));
	return folder;
}

/* The private root's own folder of PAM stays as it is. */
static const char prepare[] =
    "mkdir -p /run/sshd; cp -a /etc/pam.d $d/pam.d\n"
    "sed -i s/user_readenv=1/user_readenv=0/ $d/pam.d/sshd\n"
    "mount --bind $d/pam.d /etc/pam.d; pam=/etc/pam.d/tfa-sshd\n"
    "cp $d/service $pam; mkdir -p /usr/lib/tfa\n"
    "mount -t tmpfs -o mode=0755 door /usr/lib/tfa; cd /usr/lib/tfa\n"
    "ln -s /usr/sbin/sshd tfa-sshd; cp $d/service tfa-sshd.pam\n"
    "link=/usr/lib/tfa/tfa-sshd\n"
    "service=\n"
    "/usr/sbin/sshd -T | grep -qi ^pamservicename &&\n"
    "    service='-o PAMServiceName=tfa-sshd'\n"
    "wait_for() {\n"
    "    for i in $(seq 800); do [ ! -s $1 ] || return 0; sleep 0.05; done\n"
    "    echo \"$1: nothing started\" >&2; exit 9\n"
    "}\n"
    "start() {\n"
    "    $1 -E $d/log -f $d/sshd_config -p $door -o UsePAM=yes \\\n"
    "        -o KbdInteractiveAuthentication=yes -o PidFile=$d/door.pid \\\n"
    "        -o MaxStartups=300:30:600 $2 $3 && wait_for $d/door.pid\n"
    "}\n";

/* Starts both, unless the flaw forbids it, and runs what comes then. */
static struct run *
begin(const struct bastion *b, const struct flaw *flaw, size_t number,
    const char *then)
{
	char *folder = write_files(b, flaw, number);
	int port = port_of(b, number);
	char *script = text(
	    "d=%s; port=%d; door=%d; keys=%s; key=$keys/host\n%s"
	    "doctor() { %s/tfa-admin --socket %s --policy %s doctor --config "
	    "$d/sshd_config \"$@\"; }\n"
	    "%s\n/usr/sbin/sshd -f $d/sshd_config && wait_for $d/pid\n%s\n%s",
	    folder, port, port + 1, getenv("TFA_KEYS"), prepare,
	    getenv("TFA_PROGRAMS"), b->socket, b->policy,
	    flaw->before == NULL ? "" : flaw->before,
	    flaw->door == NULL ? "start $link $service" : flaw->door, then);

	return run_start(ARGV("unshare", "-m", "-p", "-f", "--mount-proc",
			     "--kill-child", "sh", "-c", script),
	    NULL, 0);
}

static void
assert_found(const struct flaw *flaw, struct run *r, size_t number)
{
	const char *status = flaw->warn ? "warn" : "FAIL";

	run_finish(r);
	if (!flaw->warn)
		cr_expect_eq(r->status, 1, "%zu: status %d: %s", number,
		    r->status, r->err);
	cr_expect(finding_is(r->out, status, "door", flaw->says),
	    "%zu: no %s with \"%s\" in:\n%s\n%s", number, status, flaw->says,
	    r->out, r->err);
}

static void
assert_each_found(const struct bastion *b, const struct flaw *flaws, size_t n)
{
	struct run *runs[MANY];

	cr_assert_leq(n, MANY);
	for (size_t i = 0; i < n; i++) {
		runs[i] = begin(b, &flaws[i], i, "doctor");
		if (i >= AT_ONCE)
			assert_found(&flaws[i - AT_ONCE], runs[i - AT_ONCE],
			    i - AT_ONCE);
	}
	for (size_t i = n > AT_ONCE ? n - AT_ONCE : 0; i < n; i++)
		assert_found(&flaws[i], runs[i], i);
}

static struct run *
look(const struct bastion *b, const struct flaw *flaw, size_t number,
    const char *then)
{
	struct run *r = begin(b, flaw, number, then);

	run_finish(r);
	return r;
}

Test(doctor_door, finds_no_fault_in_a_healthy_one)
{
	static const struct flaw none;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(AFTER_CODE);
	r = look(b, &none, 0, "doctor");
	assert_status(r, 0);
	assert_never_says(r->out, "FAIL");
	assert_never_says(r->out, "warn  door");
	assert_never_says(r->out, "warn  running");
	assert_says(r->out,
	    text("ok    door          port %d: PAM asks for the code",
		port_of(b, 0) + 1));
	assert_says(r->out, "closed for everyone but at the door");
	assert_says(r->out, "note: root cannot use the door under Permit");
}

Test(doctor_door, names_each_setting_that_differs)
{
	static const struct flaw flaws[] = {
	    {.from = DOOR_LINE,
		.to = "",
		.says = "sshd takes any, for root at port"},
	    {.from = DOOR_LINE,
		.to = "    AuthenticationMethods publickey "
		      "publickey,keyboard-interactive:pam\n",
		.says = "somebody may pass the door without a code"},
	    {.above = "Match User bob\n    AuthenticationMethods publickey\n"
		      "Match all\n",
		.says = "AuthenticationMethods publickey, for bob at port"},
	    {.above = "Match Address 10.0.0.0/8\n"
		      "    AuthenticationMethods any\nMatch all\n",
		.says = "from 10.0.0.0 at port"},
	    {.from = DOOR_LINE,
		.to = "    AuthenticationMethods keyboard-interactive:pam\n",
		.says = "somebody may pass the door without a code"},
	    {.from = "KbdInteractiveAuthentication yes",
		.to = "KbdInteractiveAuthentication no",
		.says = "nobody can be asked for a code"},
	    {.from = "AllowTcpForwarding local",
		.to = "AllowTcpForwarding yes",
		.says = "more is open than the door needs"},
	    {.from = "AllowTcpForwarding local",
		.to = "AllowTcpForwarding no",
		.says = "closed after a code; leave it if you mean it",
		.warn = true},
	    {.from = "    AllowStreamLocalForwarding no\n",
		.to = "    AllowStreamLocalForwarding yes\n",
		.says = "fix: AllowStreamLocalForwarding no"},
	    {.from = "    X11Forwarding no\n",
		.to = "    X11Forwarding yes\n",
		.says = "fix: X11Forwarding no"},
	    {.from = "PermitListen none",
		.to = "PermitListen any",
		.says = "fix: PermitListen none"},
	    {.from = "    PermitTunnel no\n",
		.to = "    PermitTunnel yes\n",
		.says = "fix: PermitTunnel no"},
	    {.from = "    ExposeAuthInfo yes\n",
		.to = "    ExposeAuthInfo no\n",
		.says = "fix: ExposeAuthInfo yes"},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	assert_each_found(b, flaws, COUNT(flaws));
}

/* The door's block does not ask for another method of the site's. */
Test(doctor_door, warns_of_what_the_site_asks_for_beside_a_key)
{
	static const struct {
		struct flaw flaw;
		bool warns;
	} cases[] = {
	    {{.below = "Match User alice\n"
		       "    AuthenticationMethods publickey,password\n"},
		true},
	    {{.above = "HostbasedAuthentication yes\n",
		 .below = "AuthenticationMethods hostbased,publickey\n"},
		true},
	    {{.below = "Match User alice\n    AuthenticationMethods "
		       "publickey,password publickey\n"},
		false},
	    {{.below = "AuthenticationMethods publickey\n"}, false},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run *r = look(b, &cases[i].flaw, i, "doctor");

		cr_expect_eq(finding_is(r->out, "warn", "door",
				 "the door asks for a key and a code alone"),
		    cases[i].warns, "%zu: %s\n%s", i, r->out, r->err);
	}
}

Test(doctor_door, names_what_pam_would_let_in)
{
	static const struct flaw flaws[] = {
	    {.before = "rm $pam", .says = "tfa-sshd: No such file"},
	    {.before = "echo '# mine' >>$pam",
		.says = "/etc/pam.d/tfa-sshd is not what setup wrote"},
	    {.before = "rm tfa-sshd.pam", .says = "the door cannot start"},
	    {.before = "cp /bin/true tfa-door; chmod 0777 tfa-door",
		.says = "/tfa-door can be written by others"},
	    {.before = "echo 'session optional pam_env.so user_readenv=1' "
		       ">>/etc/pam.d/sshd",
		.says = "at the door, too, user_readenv lets a user set"},
	    {.before = "chmod 0666 $pam", .says = "can be written by others"},
	    {.before = "chown erin $pam", .says = "fix: chown root "},
	    {.before = "sed -i '1i auth sufficient pam_permit.so' $pam",
		.says = "tfa-sshd:1: \"sufficient pam_permit.so\" beside"},
	    {.before = "sed -i '1i @include common-auth' $pam",
		.says = "common-auth:"},
	    {.before = "sed -i /^auth/d $pam",
		.says = "no auth line has pam_tfa.so"},
	    {.before = "sed -i 's/^account  required/account optional/' $pam",
		.says = "\"optional\" in place of required"},
	    {.before = "sed -i '/^account  required/d' $pam",
		.says = "no account line has pam_tfa.so"},
	    {.before = "sed -i '2i account sufficient pam_permit.so' $pam",
		.says = "tfa-sshd:2: \"sufficient pam_permit.so\" beside"},
	    {.before = "sed -i '2i account include sshd' $pam; "
		       "sed -i '1i account sufficient pam_permit.so' "
		       "/etc/pam.d/sshd",
		.says = "sshd:1: \"sufficient pam_permit.so\" beside"},
	    {.before = "sed -i '/^auth/s/$/ caller/' $pam",
		.says = "as the door and nothing else"},
	    {.before = "sed -i '/^auth/s/socket=.*//' $pam",
		.says = "it must ask the gate's keeper"},
	    {.before = "sed -i 's/^auth/-auth/' $pam",
		.says = "passes the line over"},
	    {.before = "m=$(find /lib/ /usr/lib -name pam_tfa.so -print -quit);"
		       " mount --bind /dev/null $m; mkdir $d/m; cp -a "
		       "${m%/*}/. $d/m; umount $m; rm $d/m/pam_tfa.so; "
		       "mount --bind $d/m ${m%/*}",
		.says = "pam_tfa.so: No such file"},
	    {.before = "m=$(find /lib/ /usr/lib -name pam_tfa.so -print -quit);"
		       " mkdir $d/m; cp -a ${m%/*}/. $d/m; chmod 0777 $d/m; "
		       "mount --bind $d/m ${m%/*}",
		.says = "can be written by others (mode 0777)"},
	    {.before = "m=$(find /lib/ /usr/lib -name pam_tfa.so -print -quit);"
		       " cp $m $d/x.so; chown erin $d/x.so; "
		       "mount --bind $d/x.so $m",
		.says = "pam_tfa.so belongs to uid"},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	assert_each_found(b, flaws, COUNT(flaws));
}

/* Before 9.8 the link's name is the service, and since then the option. */
Test(doctor_door, names_a_process_that_is_not_the_door)
{
	static const struct flaw flaws[] = {
	    {.door = ":", .says = "nothing listens at the door's port"},
	    {.door = "/usr/sbin/sshd -f $d/sshd_config -p $door -o UsePAM=yes "
		     "-o PidFile=$d/x.pid; wait_for $d/x.pid",
		.says = "listens at the door's port: there a password may "
			"pass in place of a code"},
	    {.door = "$link -f $d/sshd_config -p $door $service "
		     "-o PidFile=$d/x.pid; wait_for $d/x.pid",
		.says = "started without -o UsePAM=yes"},
	    {.door = "if [ -n \"$service\" ]; then start $link; else "
		     "ln -s /usr/sbin/sshd other; start $PWD/other; fi",
		.says = "a password may pass in place of a code"},
	    {.before = "chmod 0777 /usr/lib/tfa",
		.says = "/usr/lib/tfa can be written by others"},
	    {.door = "sleep 0.1; start $link $service; "
		     "$link -f $d/sshd_config -p $((port + 40)) "
		     "-o UsePAM=yes $service -o PidFile=$d/x.pid; "
		     "wait_for $d/x.pid",
		.says = "which is not its port"},
	    {.door = "cp /usr/sbin/sshd $d/copied; setpriv --reuid=erin "
		     "--regid=erin --clear-groups perl -MIO::Socket::INET -e '"
		     "$0 = \"tfa-sshd: $ARGV[1]/tfa-sshd -D -f "
		     "$ARGV[1]/sshd_config -o UsePAM=yes [listener] 0 of "
		     "300-600 startups\"; $s = IO::Socket::INET->new(LocalAddr "
		     "=> \"127.0.0.1:$ARGV[0]\", Listen => 9) or exit 1; "
		     "sleep 60' $door $d & for i in $(seq 100); do "
		     "grep -q \":$(printf %04X $door) .* 0A \" /proc/net/tcp "
		     "&& break; sleep 0.05; done",
		.says = "another process than the door"},
	    {.door =
		    "start $link $service; { grep -Ev '^(Port|Listen|Pid|UsePAM)' "
		    "$d/sshd_config; printf 'Port %d\\nListenAddress "
		    "127.0.0.2\\nPidFile %s/y.pid\\nUsePAM yes\\n' "
		    "$door $d; } >$d/other; /usr/sbin/sshd -f $d/other; "
		    "wait_for $d/y.pid",
		.says = "another process than the door"},
	    {.from = "Match LocalPort",
		.to = "Match User nobody LocalPort",
		.says = "a door runs (pid"},
	    {.from = "Match LocalPort",
		.to = "match localport",
		.door = ":",
		.says = "that is not the door's block",
		.warn = true},
	    {.below = "ListenAddress 127.0.0.1:29\n",
		.door = ":",
		.says = "ListenAddress 127.0.0.1:29: its port counts before"},
	    {.before = "sed -i \"s/^Port.*/&\\nPort $door/\" $d/sshd_config",
		.door = ":",
		.says = "is the door's and sshd's own"},
	    {.door = "$link -f $d/sshd_config -p $door -o UsePAM=yes "
		     "$service -o PidFile=$d/x.pid; wait_for $d/x.pid",
		.says = "MaxStartups 10: once",
		.warn = true},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	assert_each_found(b, flaws, COUNT(flaws));
}

/* Before 10.1 sshd takes the last MaxStartups, which is that of a file. */
Test(doctor_door, says_how_many_may_think_about_a_code)
{
	static const struct flaw few = {.above = "MaxStartups 20\n"};
	static const char effective[] =
	    "echo MaxStartups 20 >$d/few; "
	    "$link -T -f $d/few -h $key -o MaxStartups=300:30:600 | "
	    "grep -qi '^maxstartups 20:' && counts=yes";
	struct run *r;

	needs_door();
	r = look(with_policy(AFTER_CODE), &few, 0,
	    text("doctor; counts=no; %s; echo the file counts: $counts",
		effective));
	assert_status(r, 0);
	assert_says(r->out, "the file counts: ");
	cr_assert_eq(
	    finding_is(r->out, "warn", "door", ") has MaxStartups 20: once"),
	    strstr(r->out, "the file counts: yes") != NULL, "%s", r->out);
}

/* A block that looks like the door's opens nothing for another port. */
Test(doctor_door, leaves_the_other_ports_as_they_were)
{
	static const struct {
		struct flaw flaw;
		const char *check;
	} cases[] = {
	    {{.before = "sed -i s/LocalPort.*/LocalPort\\ $port/ "
			"$d/conf.d/00-tfa.conf",
		 .door = ":",
		 .says = "AllowTcpForwarding local, for root at port"},
		"channels"},
	    {{.from = "Match LocalPort",
		 .to = "Match all\nMatch LocalPort",
		 .above = "",
		 .before = "sed -i '/^Match LocalPort/d' "
			   "$d/conf.d/00-tfa.conf",
		 .door = ":",
		 .says = "AllowTcpForwarding local, for root and"},
		"channels"},
	    {{.above = "Match LocalPort 2022\n    DisableForwarding no\n"
		       "    AllowTcpForwarding yes\nMatch all\n",
		 .says = "AllowTcpForwarding yes, for root at port 2022"},
		"channels"},
	    {{.above = "Match LocalPort 2022\n    PermitOpen any\n"
		       "Match all\n",
		 .says = "PermitOpen any in \"Match LocalPort 2022\" stands"},
		"order"},
	    {{.before =
		     "{ printf 'Match LocalPort %d\\n    PermitOpen "
		     "any\\nMatch all\\n' $door; cat $d/sshd_config; } >$d/x; "
		     "cat $d/x >$d/sshd_config",
		 .says = "PermitOpen any in \"Match LocalPort "},
		"order"},
	    {{.from = "    PermitUserRC no\n",
		 .to = "    ForceCommand none\n",
		 .says = "ForceCommand none, for root at port"},
		"gate"},
	    {{.from = "    PermitUserRC no\n",
		 .to = "    SetEnv A=b\n",
		 .says = "for root at port"},
		"environment"},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run *r = look(b, &cases[i].flaw, i, "doctor");

		cr_expect(finding_is(r->out, "FAIL", cases[i].check,
			      cases[i].flaw.says),
		    "%zu: %s\n%s", i, r->out, r->err);
	}
}

/* Another sshd is no door of ours by its name alone. */
Test(doctor_door, is_not_any_server_of_its_name)
{
	static const struct flaw other = {
	    .door = "start $link $service; printf 'Port %d\nHostKey "
		    "%s\nListenAddress 127.0.0.1\nPidFile %s/y.pid\n' "
		    "$((port + 41)) $key $d >$d/other; "
		    "$link -f $d/other $service; wait_for $d/y.pid"};
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(AFTER_CODE);
	r = look(b, &other, 0, "doctor");
	cr_expect(finding_is(r->out, "FAIL", "servers",
		      "/other, which names no gate itself"),
	    "%s\n%s", r->out, r->err);
	assert_never_says(r->out, "FAIL  door");
}

Test(doctor_door, warns_of_what_a_key_may_forward)
{
	static const struct flaw keys = {
	    .before = "h=$(getent passwd dave | cut -d: -f6)\n"
		      "k=$(cut -d' ' -f1,2 $keys/dave.pub)\n"
		      "mkdir -p $d/ssh; mount --bind $d/ssh $h/.ssh\n"
		      "chown -R dave: $d/ssh\n"
		      "printf '%s\\n' \"command=\\\"/bin/a\\\" $k\" "
		      "\"restrict,command=\\\"/bin/b\\\" $k\" "
		      "\"no-port-forwarding,command=\\\"/bin/c\\\" $k\" "
		      "\"permitopen=\\\"a:1\\\",command=\\\"/bin/d\\\" "
		      "$k\" \"$k\" \"command=\\\"/bin/e\\\" $k\" "
		      ">$h/.ssh/authorized_keys"};
	static const char words[] = "dave's key for one command may forward";
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(AFTER_CODE);
	r = look(b, &keys, 0, "doctor");
	for (int i = 1; i <= 6; i++)
		cr_expect_eq(finding_is(r->out, "warn", "keys",
				 text("authorized_keys:%d: %s", i, words)),
		    i == 1 || i == 6, "%d: %s\n%s", i, r->out, r->err);
	assert_never_says(r->out, "FAIL");
}

Test(doctor_door, warns_of_a_door_that_opens_to_nobody)
{
	static const struct flaw none;
	static const char words[] = "forwarding is closed for everyone";
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(NULL);
	r = look(b, &none, 0, "doctor");
	cr_expect(finding_is(r->out, "warn", "door", words), "%s", r->out);
	assert_never_says(r->out, "FAIL");
	fixture_write_policy(b,
	    fixture_policy("{'name':'x','users':['alice'],'mode':'required',"
			   "'forwarding':'open'}",
		NULL));
	r = look(b, &none, 1, "doctor");
	assert_never_says(r->out, words);
}

/* Without a door there is one line about it. */
Test(doctor_door, is_not_missed_where_there_is_none)
{
	static const struct flaw none = {
	    .before = "sed -i '/^Match LocalPort/,/ExposeAuthInfo/d' "
		      "$d/conf.d/00-tfa.conf",
	    .door = ":"};
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(NULL);
	r = look(b, &none, 0, "doctor");
	assert_status(r, 0);
	assert_says(r->out, "ok    door          there is none");
	assert_says(r->out, "tunnels are closed for everyone: ");
}

/* A code that an administrator hands out, to log in once. */
static char *
pass_code(const struct bastion *b, const char *user)
{
	struct run *r = bastion_admin(b, ARGV("code", user, "--pass"));

	assert_status(r, 0);
	return text("%.*s", (int)strcspn(r->out, "\n"), r->out);
}

#define PROBE "doctor --probe alice -i $keys/alice"

Test(doctor_door, probe_opens_nothing_without_a_code)
{
	static const struct flaw none;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(AFTER_CODE);
	r = look(b, &none, 0, PROBE);
	assert_status(r, 0);
	assert_says(r->out, "ok    probe         the gate is met (76)");
	assert_says(r->out, "ok    probe         the door, without a code: no");
	assert_never_says(r->out, "FAIL");
	assert_never_says(r->out, "with a code:");
	cr_expect_eq(
	    fixture_audit_count(b, "wrong_code"), 0, "%s", fixture_audit(b));
}

Test(doctor_door, probe_passes_with_a_code)
{
	static const struct flaw none;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(AFTER_CODE);
	r = look(b, &none, 0,
	    text("echo '%s' | " PROBE " --code", pass_code(b, "alice")));
	assert_status(r, 0);
	assert_says(r->out,
	    "ok    probe         the door, with a code: a port opens, and a "
	    "session passes the gate without another question");
	r = look(b, &none, 1, "echo 123456 | " PROBE " --code");
	assert_status(r, 1);
	cr_expect(
	    finding_is(r->out, "FAIL", "probe", "with a code: no session"),
	    "%s", r->out);
	r = look(b, &none, 2, PROBE " --code </dev/null");
	cr_expect(
	    finding_is(r->out, "FAIL", "probe", "standard input has none"),
	    "%s", r->out);
	assert_status(bastion_admin(b, ARGV("doctor", "--code")), 2);
}

/* Any answer passes, also none: only a login shows it of what runs. */
Test(doctor_door, probe_finds_a_door_that_is_open)
{
	static const char permit[] =
	    "printf 'auth required pam_permit.so\\naccount required "
	    "pam_permit.so\\nsession required pam_permit.so\\n' >$pam";
	static const char says_open[] =
	    "the door is open: alice passes it without a code";
	const struct flaw flaws[] = {
	    {.before = permit},
	    {.from = DOOR_LINE,
		.to = "    AuthenticationMethods publickey\n",
		.before = permit},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	for (size_t i = 0; i < COUNT(flaws); i++) {
		struct run *r = look(b, &flaws[i], i, PROBE);

		assert_status(r, 1);
		cr_expect(finding_is(r->out, "FAIL", "probe", says_open),
		    "%zu: %s", i, r->out);
	}
}

/* With AuthenticationMethods lost, the account's line still refuses. */
Test(doctor_door, probe_proves_nothing_where_nobody_is_asked)
{
	static const struct flaw flaws[] = {
	    {.from = DOOR_LINE, .to = "    AuthenticationMethods publickey\n"},
	    {.below = "Match all\n", .door = ":"},
	};
	struct bastion *b;

	needs_door();
	b = with_policy(AFTER_CODE);
	for (size_t i = 0; i < COUNT(flaws); i++) {
		struct run *r = look(b, &flaws[i], i, PROBE);

		assert_status(r, 1);
		cr_expect(finding_is(r->out, "FAIL", "probe",
			      "did not ask alice for a code, so nothing is"),
		    "%zu: %s", i, r->out);
		assert_never_says(r->out, "the door is open");
	}
}

/* The policy says so: it is no hole. */
Test(doctor_door, probe_says_whom_the_policy_lets_in)
{
	static const struct flaw none;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(NULL);
	fixture_write_policy(b,
	    fixture_policy("{'name':'x','users':['alice'],'mode':'exempt',"
			   "'forwarding':'open'}",
		NULL));
	r = look(b, &none, 0, PROBE);
	cr_expect(finding_is(r->out, "warn", "probe",
		      "lets alice through the door without a code"),
	    "%s", r->out);
	assert_never_says(r->out, "FAIL");
}

/* The note that doctor gives, as sshd does it. */
Test(doctor_door, root_needs_another_permitrootlogin)
{
	static const char more[] = AFTER_CODE ",'keys':{'unlisted':'allow'}";
	static const struct {
		const char *line;
		int status;
	} cases[] = {{"", 255}, {"PermitRootLogin yes\n", 0}};
	const char *key = text("%s/alice", getenv("TFA_KEYS"));

	needs_door();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bastion *b = bastion_open(.rules = REQUIRED,
		    .more = more, .door = true,
		    .before = text(
			"%sAuthorizedKeysFile %s.pub\n", cases[i].line, key));
		const char *secret = fixture_enrol(b, "root");
		struct run *r = door_ssh(b, "root", code_at(secret, step_now()),
		    ARGV("-i", key), "echo inside");

		cr_expect_eq(r->status, cases[i].status, "%s: %s\n%s",
		    cases[i].line, r->err, read_text(b->door_log));
	}
}

/* Only an sshd that has them says so. */
Test(doctor_door, notes_that_an_address_can_be_turned_away)
{
	static const struct flaw none;
	static const struct flaw penalties = {
	    .above = "PerSourcePenalties authfail:5\n"};
	static const char words[] = "ok    door          note: PerSourcePenalt";
	struct bastion *b;

	needs_door();
	if (bastion_no_penalties()[0] == '\0')
		cr_skip("this sshd has no PerSourcePenalties");
	b = with_policy(AFTER_CODE);
	assert_says(look(b, &penalties, 0, "doctor")->out, words);
	assert_never_says(look(b, &none, 1, "doctor")->out, words);
}

/* The door has a PidFile of its own, by which its last reload is known. */
Test(doctor_door, has_read_the_files_as_they_are)
{
	static const struct flaw none;
	static const char later[] =
	    "sleep 3; touch $d/sshd_config; old=$(stat -c %Y $d/pid)\n"
	    "kill -HUP $(cat $d/pid); for i in $(seq 200); do\n"
	    "[ \"$(stat -c %Y $d/pid)\" = $old ] || break; sleep 0.05; done\n"
	    "cat $d/door.pid; doctor";
	struct bastion *b;
	struct run *r;

	needs_door();
	b = with_policy(AFTER_CODE);
	r = look(b, &none, 0, later);
	cr_expect(finding_is(r->out, "FAIL", "running",
		      text("was changed after sshd (pid %.*s) read it",
			  (int)strcspn(r->out, "\n"), r->out)),
	    "%s", r->out);
	r = look(b, &none, 1, "kill $(cat $d/pid); sleep 0.2; doctor");
	cr_expect(finding_is(r->out, "warn", "running", "no sshd is seen that"),
	    "%s", r->out);
}
