/*
 * tfa-admin setup with a door, on a machine of its own without systemd; see
 * systemd.c for one with it.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(setup_door);

#define DROPIN MACHINE_DROPIN
#define SITE   "/etc/ssh/sshd_config.d/00-site.conf"
#define PAM    "/etc/pam.d/tfa-sshd"
#define UNIT   "/etc/systemd/system/tfa-sshd.service"
#define DOOR   "/usr/lib/tfa/tfa-door"
#define GREETS "SSH-2.0-OpenSSH"

static int port; /* of the door */

static void
new_machine(void)
{
	machine_new();
	port = machine_port - 12000;
	machine_keeper();
	machine_sh("/usr/sbin/sshd -E /run/sshd.log");
}

static struct run *
setup_door(const char *a, const char *b)
{
	return run(ARGV("/usr/sbin/tfa-admin", "setup", "--door",
		       text("%d", port), a, b),
	    NULL, 0);
}

static void
install_door(void)
{
	assert_status(setup_door("--yes", NULL), 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
}

static void
allow_forwarding(const char *word)
{
	machine_sh(text("sed -i '/\"forwarding\"/d; s/\"otherwise\"/"
			"\"forwarding\": \"%s\",\\n&/' /etc/tfa/policy.json",
	    word));
}

/* Enrols the user and returns the secret. */
static const char *
enrolled(const char *user)
{
	struct run *r = run(
	    ARGV("/usr/sbin/tfa-admin", "enroll", user, "--qr", "uri"), NULL,
	    0);
	const char *secret = strstr(r->out, "secret=");

	assert_status(r, 0);
	cr_assert_not_null(secret, "%s", r->out);
	secret += strlen("secret=");
	return text("%.*s", (int)strcspn(secret, "&\n"), secret);
}

/* ssh to the door; each question gets this code ("": an empty line). */
static struct run *
ssh_door(const char *user, const char *code, const char *more)
{
	write_text("/run/ask", text("#!/bin/sh\necho '%s'\n", code));
	return run(
	    ARGV("sh", "-c",
		text("chmod 755 /run/ask\n"
		     "export SSH_ASKPASS=/run/ask SSH_ASKPASS_REQUIRE=force\n"
		     "exec ssh -F none -p %d -i $TFA_KEYS/alice -l %s "
		     "-o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
		     "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR %s "
		     "</dev/null",
		    port, user, more)),
	    NULL, 0);
}

/* Asks for a channel to the other sshd, which greets. */
static struct run *
jump(const char *user, const char *code)
{
	return ssh_door(
	    user, code, text("-W 127.0.0.1:%d 127.0.0.1", machine_port));
}

/* The files once sshd has written its number, which it removes and writes anew
 * when it is reloaded: two looks in a row see the same. */
static char *
settled_files(void)
{
	char *files = machine_files(), *last = NULL;

	for (int i = 0; i < 100; i++) {
		if (last != NULL && strcmp(last, files) == 0 &&
		    machine_has("/run/sshd.pid"))
			break;
		run_sleep_ms(100);
		last = files;
		files = machine_files();
	}
	return files;
}

/* Fails with the lines that differ. */
static void
assert_same_files(const char *before)
{
	struct run *r;

	write_text(text("/tmp/after.%d", port), settled_files());
	r = run(ARGV("diff", "-", text("/tmp/after.%d", port)), before,
	    strlen(before));
	cr_assert_eq(r->status, 0, "%s", r->out);
}

static bool
listens(void)
{
	return run(ARGV("sh", "-c",
		       text("ss -Hltn 'sport = :%d' | grep -q .", port)),
		   NULL, 0)
		   ->status == 0;
}

Test(setup_door, dry_run_shows_every_change_and_makes_none)
{
	struct run *r;
	char *before;

	needs_people();
	needs_door();
	new_machine();
	before = settled_files();
	r = setup_door("--dry-run", NULL);
	assert_status(r, 0);
	assert_same_files(before);
	assert_says(r->out, "write " PAM "\n");
	assert_says(r->out, "write " UNIT "\n");
	assert_says(r->out, text("+ Match LocalPort %d\n", port));
	assert_says(r->out, "start the door: " DOOR " --daemon\n");
	cr_assert_not(listens());
}

Test(setup_door, opens_after_a_code_and_not_with_a_key_alone)
{
	const char *secret;
	struct run *r;
	uint64_t step;

	needs_people();
	needs_door();
	new_machine();
	r = setup_door("--yes", NULL);
	assert_status(r, 0);
	assert_says(r->err, text("dport %d accept", port));
	assert_says(r->err, DOOR " --daemon\n");
	assert_says(r->err, text("\n        Port %d\n", port));
	assert_says(r->err, "forward '*' after-code");
	assert_says(r->err, "closed from then on");
	assert_says(r->err, "write in ~/.ssh/config, with");
	assert_never_says(r->err, "not proved");
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	cr_assert_str_eq(read_text(PAM), read_text("etc/tfa-sshd.pam"));
	secret = enrolled("alice");
	step = step_fresh(20);
	r = jump("alice", code_at(secret, step));
	assert_status(r, 255);
	assert_never_says(r->out, GREETS); /* the policy opens it to nobody */
	allow_forwarding("after-code");
	r = jump("alice", "");
	assert_status(r, 255);
	assert_never_says(r->out, GREETS);
	assert_never_says(jump("alice", code_wrong(secret))->out, GREETS);
	r = jump("alice", code_at(secret, step));
	assert_says(r->out, GREETS);
	r = ssh_door("alice", code_at(secret, step + 1), "127.0.0.1 echo in");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "in\n");
}

/* The line is one that works as it stands. */
Test(setup_door, hint_names_somebody_of_the_policy)
{
	struct run *r;

	needs_people();
	needs_door();
	new_machine();
	machine_install();
	assert_status(
	    run(ARGV("/usr/sbin/tfa-admin", "--yes", "exempt", "bob"), NULL, 0),
	    0);
	assert_status(
	    run(ARGV("/usr/sbin/tfa-admin", "--yes", "enable", "alice"), NULL,
		0),
	    0);
	r = setup_door("--yes", NULL);
	assert_status(r, 0);
	assert_says(r->err, "    tfa-admin forward alice after-code\n");
	assert_status(run(ARGV("/usr/sbin/tfa-admin", "--yes", "forward",
			      "alice", "after-code"),
			  NULL, 0),
	    0);
	/* The installation has said it. */
	assert_never_says(r->err, "closed from then on");
	assert_never_says(r->err, "ProxyCommand ssh BASTION");
	assert_says(r->err, text("at the door, port %d, ", port));
}

Test(setup_door, second_run_and_plain_setup_keep_it)
{
	struct run *r;
	char *after;

	needs_people();
	needs_door();
	new_machine();
	install_door();
	after = settled_files();
	for (int i = 0; i < 2; i++) {
		r = i == 0 ? setup_door("--yes", NULL)
			   : machine_setup("--yes", NULL, NULL);
		assert_status(r, 0);
		cr_assert_str_empty(r->out);
		assert_same_files(after);
	}
	assert_status(machine_setup("--yes", "--break-glass", "root"), 0);
	assert_says(read_text(DROPIN), text("\nMatch LocalPort %d\n", port));
	for (int i = 0; i < 500 && !listens(); i++) /* it was reloaded */
		run_sleep_ms(20);
	cr_assert(listens());
}

Test(setup_door, no_door_leaves_the_bastion_without_one)
{
	struct run *r;
	char *before;

	needs_people();
	needs_door();
	new_machine();
	machine_install();
	machine_sh("rm /var/lib/tfa/audit.jsonl"); /* it has who confirmed */
	before = settled_files();
	install_door();
	cr_assert(listens());
	r = machine_setup("--no-door", "--yes", NULL);
	assert_status(r, 0);
	assert_says(r->out, "stop the door");
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	cr_assert_not(listens());
	machine_sh("rm /var/lib/tfa/audit.jsonl");
	assert_same_files(before);
	r = machine_setup("--no-door", "--yes", NULL);
	assert_status(r, 0);
	cr_assert_str_empty(r->out);
}

/* A fault elsewhere that was there before does not keep the door open. */
Test(setup_door, no_door_closes_it_beside_another_fault)
{
	struct run *r;

	needs_people();
	needs_door();
	new_machine();
	install_door();
	machine_sh("echo 'Match User bob\n    ForceCommand none' "
		   ">/etc/ssh/sshd_config.d/00-aaa.conf");
	assert_status(machine_setup("--dry-run", NULL, NULL), 0);
	r = machine_setup("--dry-run", "--break-glass", "root");
	assert_status(r, 1);
	r = machine_setup("--yes", "--no-door", NULL);
	assert_status(r, 0);
	assert_says(r->err, "beats it: take it out");
	assert_says(r->err, "the door can be closed nevertheless");
	cr_assert(!machine_has(PAM));
}

Test(setup_door, moves_to_another_port)
{
	int old;

	needs_people();
	needs_door();
	new_machine();
	install_door();
	old = port;
	port++;
	install_door();
	assert_never_says(read_text(DROPIN), text("LocalPort %d\n", old));
	cr_assert(listens());
	port = old;
	cr_assert_not(listens());
}

/* Without the keeper, sudo with the door's module lets nobody in. */
Test(setup_door, remove_takes_it_away)
{
	struct run *r;
	char *before;

	needs_people();
	needs_door();
	machine_new();
	machine_no_keeper_user();
	machine_sh("echo '@include common-auth\nauth required pam_tfa.so "
		   "caller' >/etc/pam.d/house");
	port = machine_port - 12000;
	before = settled_files();
	install_door();
	cr_assert(listens());
	r = machine_setup("--remove", "--yes", NULL);
	assert_status(r, 0);
	assert_says(r->err, "/etc/pam.d/house:2 asks the keeper for a code");
	assert_never_says(r->err, PAM ":");
	cr_assert_not(listens());
	assert_same_files(before);
}

Test(setup_door, unconfirmed_is_put_back_in_time)
{
	struct run *r;
	char *before;

	needs_people();
	needs_door();
	new_machine();
	machine_install();
	before = settled_files();
	r = setup_door("--yes", "--wait=2s");
	assert_status(r, 0);
	cr_assert(listens());
	machine_settled(30000);
	assert_same_files(before);
	cr_assert_not(listens());
}

/* The old door comes back, at its old port. */
Test(setup_door, undone_removal_brings_it_back)
{
	char *before;

	needs_people();
	needs_door();
	new_machine();
	install_door();
	before = read_text(DROPIN);
	assert_status(machine_setup("--no-door", "--yes", NULL), 0);
	cr_assert_not(listens());
	assert_status(machine_setup("--undo", NULL, NULL), 0);
	cr_assert(listens());
	cr_assert_str_eq(read_text(DROPIN), before);
	cr_assert(machine_has(PAM));
}

Test(setup_door, killed_half_way_is_undone)
{
	struct run *r;
	char *before;

	needs_people();
	needs_door();
	new_machine();
	machine_install();
	/* An sshd that is slow to try the door. */
	machine_sh("cp /usr/sbin/sshd /run/real-sshd\n"
		   "cat >/run/slow-sshd <<'X'\n"
		   "#!/bin/sh\n"
		   "case $* in *AuthorizedKeysFile*) sleep 3 ;; esac\n"
		   "exec /run/real-sshd \"$@\"\n"
		   "X\n"
		   "chmod 755 /run/slow-sshd\n"
		   "mount --bind /run/slow-sshd /usr/sbin/sshd");
	before = settled_files();
	r = run_start(ARGV("/usr/sbin/tfa-admin", "setup", "--yes", "--door",
			  text("%d", port)),
	    NULL, 0);
	for (int i = 0; i < 1500 && !machine_has("/run/tfa-door-trial"); i++)
		run_sleep_ms(20);
	cr_assert(machine_has("/run/tfa-door-trial"));
	kill(r->pid, SIGKILL);
	run_finish(r);
	machine_settled(30000);
	assert_same_files(before);
	cr_assert_not(listens());
}

/* An sshd that asks nobody for a code, once it is started for a trial. */
static const char open_sshd[] =
    "printf 'HostKey %s\\nUsePAM no\\n' $TFA_KEYS/host >/run/open.conf\n"
    "cp /usr/sbin/sshd /run/real-sshd\n"
    "cat >/run/open-sshd <<'X'\n"
    "#!/bin/sh\n"
    "case $* in\n"
    "*-T*) ;;\n"
    "*AuthorizedKeysFile*)\n"
    "	shift\n"
    "	exec /run/real-sshd -D -f /run/open.conf -o UsePAM=no \"$@\"\n"
    "	;;\n"
    "esac\n"
    "exec /run/real-sshd \"$@\"\n"
    "X\n"
    "chmod 755 /run/open-sshd\n"
    "mount --bind /run/open-sshd /usr/sbin/sshd";

/* Takes everything back, and the key with it, where a key alone opens it. */
Test(setup_door, door_that_asks_nobody_is_not_opened)
{
	struct run *r;
	char *before;

	needs_people();
	needs_door();
	new_machine();
	machine_install();
	machine_sh(open_sshd);
	before = settled_files();
	r = setup_door("--yes", NULL);
	assert_status(r, 1);
	assert_says(r->err, "a key alone opened the door for root");
	assert_says(r->err, "everything is back as it was");
	assert_same_files(before);
	cr_assert_not(listens());
}

/* Each is refused by name, with the way out, and changes nothing. */
static void
refused(const char *script, const char *says)
{
	struct run *r;
	char *before;

	machine_sh("rm -rf /etc/*; cp -a /run/etc/. /etc/");
	machine_sh(script);
	before = settled_files();
	r = setup_door("--yes", NULL);
	cr_expect_eq(r->status, 1, "%s: %s", script, r->err);
	cr_expect(strstr(r->err, says) != NULL, "%s: no \"%s\" in: %s", script,
	    says, r->err);
	cr_expect(
	    strstr(r->err, "nothing is changed: mend") != NULL, "%s", r->err);
	assert_same_files(before);
	cr_expect_not(listens());
}

Test(setup_door, refuses_where_it_cannot_be)
{
	int usual;

	needs_people();
	needs_door();
	new_machine();
	machine_sh("cp -a /etc /run/etc");
	refused("sed -i 's/^ListenAddress.*/&:2022/' /etc/ssh/sshd_config",
	    "sshd_config:3: ListenAddress 127.0.0.1:2022: its port counts "
	    "before the door's");
	refused("echo 'ListenAddress [::1]:2022' >>/etc/ssh/sshd_config",
	    "ListenAddress [::1] and Port 2022");
	refused("printf 'Match User bob\\n    AuthenticationMethods "
		"publickey\\n' >" SITE,
	    "AuthenticationMethods publickey");
	refused("rm /etc/pam.d/sshd", "/etc/pam.d/sshd is not there");
	refused("printf 'PermitUserEnvironment no\\nMatch LocalPort 1\\n    "
		"X11Forwarding no\\nMatch LocalPort 2\\n    X11Forwarding "
		"no\\nMatch all\\n' >" DROPIN,
	    "another block with \"Match LocalPort\"");
	usual = port;
	port = machine_port;
	machine_sh("kill $(cat /run/sshd.pid)");
	refused("true", text("port %d is the door's and sshd's own", port));
	port = usual;
	machine_sh(text("setsid python3 -c 'import socket,time\n"
			"s=socket.socket();s.bind((\"127.0.0.1\",%d))\n"
			"s.listen();time.sleep(99)' >/dev/null 2>&1 &\n"
			"for i in $(seq 50); do\n"
			"	ss -Hltn | grep -q :%d && break; sleep 0.1\n"
			"done",
	    port, port));
	{
		struct run *r = setup_door("--yes", NULL);

		assert_status(r, 1);
		assert_says(
		    r->err, text("port %d is taken: python3 (process ", port));
		cr_assert_not(machine_has(PAM));
	}
}

/* Any user may give a program the door's name, and wait at its port. */
Test(setup_door, no_user_holds_its_port_in_its_name)
{
	struct run *r;

	needs_people();
	needs_door();
	new_machine();
	machine_sh(
	    text("cp $(readlink -f $(command -v python3)) /run/tfa-sshd\n"
		 "chmod 755 /run/tfa-sshd\n"
		 "setsid setpriv --reuid=erin --regid=erin "
		 "--clear-groups /run/tfa-sshd -c 'import socket,time\n"
		 "s=socket.socket();s.bind((\"127.0.0.1\",%d))\n"
		 "s.listen();time.sleep(99)' >/dev/null 2>&1 &\n"
		 "for i in $(seq 50); do\n"
		 "	ss -Hltn | grep -q :%d && break; sleep 0.1\n"
		 "done",
		port, port));
	r = setup_door("--yes", NULL);
	assert_status(r, 1);
	assert_says(r->err, text("port %d is taken: tfa-sshd (process ", port));
	cr_assert_not(machine_has(PAM));
}

Test(setup_door, refuses_what_is_no_port)
{
	static const char *const wrong[] = {
	    "0", "65536", "-1", "", "22x", "02222", "2222 ", "99999999999"};

	needs_people();
	machine_new();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_eq(machine_setup("--yes", "--door", wrong[i])->status,
		    2, "%s", wrong[i]);
	assert_status(machine_setup("--no-door", "--door", "2222"), 2);
	assert_status(machine_setup("--remove", "--no-door", NULL), 2);
	cr_assert_not(machine_has(DROPIN));
}

/* The overlay of the private root is shared: a bind mount is this test's. */
Test(setup_door, refuses_without_its_own_files)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
	    {"mount -t tmpfs tmpfs /usr/lib/tfa",
		"tfa-door: No such file or directory; libpam-tfa puts it "
		"there, or make install-door"},
	    {"m=$(sed -n 's/^module=//p' " DOOR "); touch /run/x\n"
	     "chmod 666 /run/x; mount --bind /run/x $m",
		"pam_tfa.so: not there, or not root's alone; install "
		"libpam-tfa again, or make install-door"},
	    {"touch /run/x; chown bob /run/x\n"
	     "mount --bind /run/x /usr/lib/tfa/tfa-sshd.pam",
		"tfa-sshd.pam: not there, or not root's alone"},
	    {"cp /usr/sbin/sshd /run/real-sshd\n"
	     "printf '#!/bin/sh\\ncase $* in *-T*) /run/real-sshd \"$@\" | "
	     "grep -vi ^usepam; exit;; esac\\nexec /run/real-sshd \"$@\"\\n' "
	     ">/run/x; chmod 755 /run/x; mount --bind /run/x /usr/sbin/sshd",
		"this sshd does without PAM (UsePAM)"},
	};

	needs_people();
	needs_door();
	new_machine();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r;

		machine_sh(cases[i].script);
		r = setup_door("--yes", NULL);
		cr_expect_eq(r->status, 1, "%zu: %s", i, r->err);
		cr_expect(strstr(r->err, cases[i].says) != NULL, "%zu: %s", i,
		    r->err);
		cr_expect_not(machine_has(PAM));
		machine_sh("rm -f /run/x; umount /usr/lib/tfa 2>/dev/null || "
			   "umount /usr/lib/tfa/tfa-sshd.pam 2>/dev/null || "
			   "umount /usr/sbin/sshd 2>/dev/null || "
			   "umount $(sed -n 's/^module=//p' " DOOR ")");
	}
}

/* Nobody starts a door that would let somebody in without a code. */
Test(setup_door, launcher_refuses_what_is_not_as_setup_left_it)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
	    {"rm " PAM, "is not there: tfa-admin setup writes it"},
	    {"sed -i s/required/optional/ " PAM,
		"not as tfa-admin setup writes it"},
	    {"echo >>" PAM, "not as tfa-admin setup writes it"},
	    {"chmod 664 " PAM, "not a file of root's alone"},
	    {"chown bob " PAM, "not a file of root's alone"},
	    {"mv " PAM " /etc/x; ln -s /etc/x " PAM,
		"not a file of root's alone"},
	    {"chmod 666 " DROPIN, "00-tfa.conf: not there, or not root's"},
	    {"sed -i '/^Match LocalPort/,/ExposeAuthInfo/d' " DROPIN,
		"names no port: tfa-admin setup --door PORT"},
	    {"sed -i 's/^Match LocalPort.*/&\\n&/' " DROPIN,
		"names more than one port"},
	    {"sed -i 's/^Match LocalPort.*/Match LocalPort 70000/' " DROPIN,
		"Invalid LocalPort '70000'"},
	    {"sed -i '/^    AuthenticationMethods/d' " DROPIN,
		"another AuthenticationMethods beats the door's"},
	    {"printf 'Match all\\n    AuthenticationMethods any\\n' >" SITE,
		"another AuthenticationMethods beats the door's"},
	    {"printf 'Match all\\n    KbdInteractiveAuthentication no\\n' >" SITE,
		"sshd would ask nobody for a code"},
	    {"sed -i 's/^ListenAddress.*/&:2022/' /etc/ssh/sshd_config",
		"would not listen at port"},
	    {"echo Nonsense >" SITE, "sshd -T refuses its configuration"},
	};

	needs_people();
	needs_door();
	new_machine();
	install_door();
	machine_sh("kill $(cat /run/tfa-sshd.pid); cp -a /etc /run/etc");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const char *const modes[] = {
		    NULL, "--daemon", "--check"};

		machine_sh("rm -rf /etc/*; cp -a /run/etc/. /etc/");
		machine_sh(cases[i].script);
		for (size_t m = 0; m < 3; m++) {
			struct run *r = run(
			    ARGV("timeout", "20", DOOR, modes[m]), NULL, 0);

			cr_expect_eq(r->status, 78, "%s: %d %s",
			    cases[i].script, r->status, r->err);
			cr_expect(strstr(r->err, cases[i].says) != NULL,
			    "%s: %s", cases[i].script, r->err);
		}
		cr_expect_not(listens(), "%s", cases[i].script);
	}
	machine_sh("rm -rf /etc/*; cp -a /run/etc/. /etc/");
	assert_status(run(ARGV(DOOR, "--check"), NULL, 0), 0);
	assert_status(run(ARGV("setpriv", "--reuid", "bob", "--clear-groups",
			      DOOR, "--check"),
			  NULL, 0),
	    78);
	assert_status(run(ARGV(DOOR, "--chekc"), NULL, 0), 2);
}

Test(setup_door, plain_setup_mends_it)
{
	struct run *r;

	needs_people();
	needs_door();
	new_machine();
	install_door();
	machine_sh("sed -i s/required/optional/ " PAM);
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->out, "stop the door");
	cr_assert_str_eq(read_text(PAM), read_text("etc/tfa-sshd.pam"));
	cr_assert(listens());
	machine_sh("kill $(cat /run/tfa-sshd.pid)\n"
		   "while [ -e /run/tfa-sshd.pid ]; do sleep 0.1; done");
	r = machine_setup("--yes", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->out, "start the door");
	cr_assert(listens());
	cr_assert_not(machine_has("/var/lib/tfa-setup"));
}

/* They pass port 22 without a code, and the door as everybody does. */
Test(setup_door, emergency_user_needs_a_code_there)
{
	int door;
	const char *secret;
	struct run *r;

	needs_people();
	needs_door();
	new_machine();
	r = setup_door("--yes", "--break-glass=alice");
	assert_status(r, 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
	allow_forwarding("after-code");
	/* The site lets its emergency user in with less, too. */
	machine_sh("sed -i 's/^Match User alice/&\\n    AuthenticationMethods "
		   "publickey\\n    PermitOpen any/' " DROPIN "\n"
		   "kill -HUP $(cat /run/sshd.pid) $(cat /run/tfa-sshd.pid)");
	secret = enrolled("alice");
	run_sleep_ms(500);
	assert_never_says(jump("alice", "")->out, GREETS);
	assert_status(ssh_door("alice", "", "127.0.0.1 echo in"), 255);
	door = port;
	port = machine_port;
	r = ssh_door("alice", "", "127.0.0.1 echo in");
	port = door;
	cr_assert_str_eq(r->out, "in\n");
	r = jump("alice", code_at(secret, step_now()));
	assert_says(r->out, GREETS);
}

/* A login through the door is a new login, too. */
Test(setup_door, login_through_it_confirms)
{
	struct run *r;

	needs_people();
	needs_door();
	new_machine();
	assert_status(setup_door("--yes", NULL), 0);
	allow_forwarding("open");
	r = ssh_door("root", "", "127.0.0.1 tfa-admin setup --confirm");
	assert_status(r, 0);
	assert_says(r->err, "confirmed");
}
