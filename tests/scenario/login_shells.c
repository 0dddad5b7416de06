/*
 * Login shells that few think of.  sshd starts "SHELL -c tfa-gate": a shell
 * that makes something else of it is found by doctor, and by setup before it
 * changes anything; with each other one a stolen key opens nothing, whatever
 * its owner left in their home.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

Scenarios(login_shells);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FOLDER   "/etc/login-shells"

static void
set_shell(const char *user, const char *shell)
{
	machine_sh(text(
	    "sed -i 's#^\\(%s:.*:\\)[^:]*$#\\1%s#' /etc/passwd", user, shell));
}

/* Makes the script bob's login shell. The file is root's. */
static void
give_script(const char *script)
{
	machine_sh("rm -rf " FOLDER "; mkdir -m 755 " FOLDER);
	write_text(FOLDER "/sh", text("#!/bin/sh\n%s\n", script));
	machine_sh("chmod 755 " FOLDER "/sh");
	set_shell("bob", FOLDER "/sh");
}

static struct run *
dry_run(void)
{
	return machine_setup("--dry-run", NULL, NULL);
}

/* Shells that replace the one line "exec /bin/sh "$@"", which runs the gate. */
static const struct {
	const char *script, *says;
} menus[] = {
    {"exec /bin/bash", "does not run"},
    {"exec /bin/bash -i", "does not run"},
    {"echo '1) mail  2) quit'; read x; exec /bin/bash", "1) mail  2) quit"},
    {"exec /bin/bash </dev/tty", "bob"},
    {"/bin/sh \"$@\"; exec /bin/bash", "does not run"},
    {"/bin/sh \"$@\" || exec /bin/bash", "does not run"},
    {"[ -t 0 ] && exec /bin/bash; exec /bin/sh \"$@\"", "does not run"},
    {"[ -t 0 ] || exec /bin/bash; exec /bin/sh \"$@\"", "does not run"},
    {"sleep 60", "does not run"},
    {"trap '' TERM HUP INT QUIT; while :; do sleep 1; done", "does not run"},
    {"exec yes", "it says: y"},
    {"exec cat", "does not run"},
    {"echo \"no $2\"", "it says: no /usr/sbin/tfa-gate --version"},
    {"echo 'tfa-gate 9.9'", "does not run"},
    {"exit 0", "is locked out"},
    {"exit 1", "is locked out"},
    {"echo sorry >&2; exit 1", "is locked out"},
    {"kill -9 $$", "is locked out"},
    {"exec /bin/rbash \"$@\"", "is locked out"},
    {"exec /usr/bin/git-shell \"$@\"", "is locked out"},
};

Test(login_shells, setup_stops_at_one_that_runs_no_gate, .timeout = 240)
{
	needs_people();
	machine_new();
	for (size_t i = 0; i < COUNT(menus); i++) {
		struct run *r;
		char *before;

		give_script(menus[i].script);
		before = machine_files();
		r = machine_setup("--yes", NULL, NULL);
		cr_expect_eq(
		    r->status, 1, "%s: %d", menus[i].script, r->status);
		cr_expect(strstr(r->err, menus[i].says) != NULL,
		    "%s: no \"%s\" in: %s", menus[i].script, menus[i].says,
		    r->err);
		assert_says(r->err, "bob");
		assert_says(r->err, FOLDER "/sh");
		assert_says(r->err, "chsh -s /bin/bash bob;");
		assert_says(r->err,
		    "Match User bob / ForceCommand /usr/sbin/tfa-gate "
		    "--command '" FOLDER "/sh'");
		cr_expect_str_eq(machine_files(), before);
	}
}

/* Harmless wrappers, as many sites have them. */
Test(login_shells, setup_goes_on_where_each_runs_the_gate)
{
	/* A duration of sleep that no other run of these tests uses. */
	char *nap = text("sleep 9%d", (int)getpid());
	const char *const scripts[] = {"exec /bin/sh \"$@\"",
	    "exec /bin/bash --login \"$@\"", "exec /bin/sh -i \"$@\"",
	    "umask 077; /bin/sh \"$@\"; exit $?",
	    "echo Welcome to the bastion.; exec /bin/sh \"$@\"",
	    text("setsid %s </dev/null >/dev/null 2>&1 & "
		 "exec /bin/sh \"$@\"",
		nap),
	    text("(trap '' TERM HUP; %s) & exec /bin/sh \"$@\"", nap)};
	static const char *const others[] = {"", "/usr/sbin/nologin",
	    "/bin/false", "/nonexistent/sh", "/etc/passwd", "/etc"};
	struct run *r;

	needs_people();
	machine_new();
	for (size_t i = 0; i < COUNT(scripts); i++) {
		give_script(scripts[i]);
		r = dry_run();
		cr_expect_eq(r->status, 0, "%s: %s", scripts[i], r->err);
	}
	cr_expect_neq(run(ARGV("pgrep", "-x", "-f", nap), NULL, 0)->status, 0,
	    "what a shell left behind still runs");
	for (size_t i = 0; i < COUNT(others); i++) {
		set_shell("bob", others[i]);
		r = dry_run();
		cr_expect_eq(r->status, 0, "%s: %s", others[i], r->err);
	}
}

/* A user who had one session could have changed it. */
Test(login_shells, setup_stops_at_one_that_its_user_can_change)
{
	static const char *const changes[] = {"chown bob $f", "chmod 757 $f",
	    "chown bob $d", "chmod 777 $d", "chgrp bob $f; chmod 775 $f",
	    "mv $f /home/bob/sh; chown bob /home/bob/sh; "
	    "ln -s /home/bob/sh $f",
	    "mkdir -m 777 $d/a; mv $f $d/a/; ln -s a/sh $f"};
	struct run *r;

	needs_people();
	machine_new();
	for (size_t i = 0; i < COUNT(changes); i++) {
		/*
		 * It must not be run. If it ran as root it would leave a trace.
		 */
		give_script(": >>/etc/ran; exec /bin/sh \"$@\"");
		machine_sh(
		    text("d=%s f=%s/sh; %s", FOLDER, FOLDER, changes[i]));
		r = dry_run();
		cr_expect_eq(r->status, 1, "%s: %s", changes[i], r->err);
		cr_expect(strstr(r->err, "others than root can change") != NULL,
		    "%s: %s", changes[i], r->err);
	}
	cr_expect_not(machine_has("/etc/ran"));
	unlink("/home/bob/sh");
}

/* A script may treat each user differently. */
Test(login_shells, script_is_tried_for_each_of_its_users)
{
	struct run *r;

	needs_people();
	machine_new();
	give_script("case $(id -un) in carol) exec /bin/bash;; esac; "
		    "exec /bin/sh \"$@\"");
	set_shell("carol", FOLDER "/sh");
	r = dry_run();
	assert_status(r, 1);
	assert_says(r->err, "carol: " FOLDER "/sh does not run");
	assert_never_says(r->err, "bob");
}

/*
 * The shell runs as the user, in a session of its own, with nothing of root's.
 */
Test(login_shells, trial_has_nothing_of_roots)
{
	static const char script[] =
	    "{ id; ls /proc/self/fd; ps -o sid= -p $$; echo $$; env; ulimit -c;"
	    " cat /proc/keys;"
	    " } >/tmp/login-shells-trial 2>&1; exec /bin/sh \"$@\"";
	char *seen;

	needs_people();
	machine_new();
	cr_assert_geq(
	    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), 0);
	cr_assert_geq(syscall(SYS_add_key, "user", "secret-of-root", "x", 1,
			  KEY_SPEC_SESSION_KEYRING),
	    0);
	give_script(script);
	unlink("/tmp/login-shells-trial");
	assert_status(dry_run(), 0);
	seen = read_text("/tmp/login-shells-trial");
	unlink("/tmp/login-shells-trial");
	cr_assert_not_null(seen);
	assert_says(seen, "uid=2002(bob) gid=2002(bob) groups=2002(bob),3001");
	assert_never_says(seen, "root");
	assert_says(seen, "\nHOME=/nonexistent\n");
	assert_says(seen, "\nLD_PRELOAD=\n");
	assert_says(seen, "\nUSER=bob\n");
	/* ls sees descriptors 0, 1, 2 and the folder it reads, and no other. */
	assert_never_says(seen, "\n5\n");
}

/* A thousand users of one shell are not a thousand trials. */
Test(login_shells, thousand_users_of_one_shell_are_soon_judged, .timeout = 240)
{
	struct run *r;

	needs_people();
	machine_new();
	machine_sh("for i in $(seq 1000); do "
		   "echo m$i:x:$((5000 + i)):100::/nonexistent:/bin/dash; "
		   "done >>/etc/passwd");
	give_script("exec /bin/bash");
	machine_sh("for i in $(seq 1000); do "
		   "echo n$i:x:$((7000 + i)):100::/nonexistent:" FOLDER "/sh; "
		   "done >>/etc/passwd");
	r = run(
	    ARGV("timeout", "200", "/usr/sbin/tfa-admin", "setup", "--dry-run"),
	    NULL, 0);
	assert_status(r, 1);
	assert_says(r->err, "bob, n1, n2 and ");
}

/* A Match block that spares the shell's users, as setup advises. */
Test(login_shells, setup_goes_on_where_a_match_block_spares_its_users)
{
	static const char *const blocks[] = {
	    "Match User carol,bob\n    ForceCommand none\n"};
	/* These spare bob, and are a way round the gate themselves. */
	static const char *const holes[] = {
	    "Match Group bob\n    ForceCommand /usr/bin/git-shell\n",
	    "Match User b*,!carol\n    ForceCommand none\n"};
	static const char *const no_blocks[] = {
	    "Match User carol\n    ForceCommand none\n",
	    "Match User *,!bob\n    ForceCommand none\n",
	    "Match User bob Address 192.0.2.1\n    ForceCommand none\n",
	    "Match User bob\n    ForceCommand /usr/sbin/tfa-gate\n"
	    "Match Group bob\n    ForceCommand none\n"};
	struct run *r;

	needs_people();
	machine_new();
	set_shell("bob", "/usr/bin/git-shell");
	for (size_t i = 0; i < COUNT(blocks); i++) {
		write_text("/etc/ssh/sshd_config.d/00-site.conf", blocks[i]);
		r = dry_run();
		cr_expect_eq(r->status, 0, "%s: %s", blocks[i], r->err);
	}
	for (size_t i = 0; i < COUNT(holes); i++) {
		write_text("/etc/ssh/sshd_config.d/00-site.conf", holes[i]);
		r = dry_run();
		cr_expect_eq(r->status, 1, "%s: %s", holes[i], r->err);
		cr_expect_null(strstr(r->err, "FAIL  shells"), "%s", r->err);
		assert_says(r->err, "stands before our Match all");
	}
	for (size_t i = 0; i < COUNT(no_blocks); i++) {
		write_text("/etc/ssh/sshd_config.d/00-site.conf", no_blocks[i]);
		r = dry_run();
		cr_expect_eq(r->status, 1, "%s: %s", no_blocks[i], r->err);
	}
}

#define SHELLS_MAX 28 /* as many as there are users with a number */

struct offered {
	char *path[SHELLS_MAX];
	char *user[SHELLS_MAX];
	size_t count;
};

static bool
has_program(const struct offered *offered, const char *path)
{
	char *same = text("test %s -ef \"$0\" && "
			  "test ${0##*/} = %s",
	    path, strrchr(path, '/') + 1);

	for (size_t i = 0; i < offered->count; i++)
		if (run(ARGV("sh", "-c", same, offered->path[i]), NULL, 0)
			->status == 0)
			return true;
	return false;
}

/* Lists each program of /etc/shells once, with a user for each. */
static struct offered
offered_shells(void)
{
	static struct offered offered;
	char *rest = read_text("/etc/shells"), *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] == '/' && access(line, X_OK) == 0 &&
		    offered.count < SHELLS_MAX &&
		    !has_program(&offered, line)) {
			offered.path[offered.count] = line;
			offered.user[offered.count] = text(
			    "user%02zu", offered.count + 1);
			offered.count++;
		}
	return offered;
}

/* No other test uses these homes. */
static void
leave_files(const char *ran)
{
	machine_sh("mkdir /mnt/h && cp -a /home/. /mnt/h/ && "
		   "mount -t tmpfs -o mode=755 tmpfs /home && "
		   "cp -a /mnt/h/. /home/");
	machine_sh(text(
	    "for home in /home/user*; do cd $home\n"
	    "rm -rf .ssh; mkdir .ssh\n"
	    "cp $TFA_KEYS/${home##*/}.pub .ssh/authorized_keys\n"
	    "mkdir -p .config/fish/conf.d .config/fish/functions .config/yash "
	    ".config/xonsh .config/elvish .config/tmux lib\n"
	    "for f in .profile .bashrc .bash_profile .bash_login .zshenv "
	    ".zprofile .zshrc .zlogin .kshrc .mkshrc .yashrc .yash_profile "
	    ".tcshrc .cshrc .login .rcrc .esrc .shrc .screenrc .tmux.conf "
	    ".xonshrc .config/xonsh/rc.xsh .config/fish/config.fish "
	    ".config/fish/conf.d/a.fish .config/yash/rc .config/yash/profile "
	    ".config/fish/functions/__fish_set_locale.fish .config/elvish/rc.elv "
	    ".config/tmux/tmux.conf .ssh/rc lib/profile .inputrc; do\n"
	    "echo '/usr/bin/touch %s.file' >$f\ndone\n"
	    "chown -R ${home##*/} .\ndone",
	    ran));
}

/* True if anything ran that the gate did not start. */
static bool
anything_ran(const char *ran, char **ret)
{
	*ret = run(ARGV("sh", "-c", text("ls %s.* 2>/dev/null", ran)), NULL, 0)
		   ->out;
	return (*ret)[0] != '\0';
}

/* elvish has a status of its own for a command that fails. */
static void
expect_asked(const struct run *r, const char *shell)
{
	cr_expect_neq(r->status, 0, "%s: %s", shell, r->err);
	cr_expect_str_empty(r->out, "%s: %s", shell, r->out);
}

static void
expect_closed(const struct bastion *b, const char *user, const char *shell,
    const char *ran)
{
	char *touch = text("/usr/bin/touch %s.command", ran), *what;
	struct session *s;
	struct run *r = ssh_run(b, user, NULL, touch, "x\n");

	expect_asked(r, shell);
	cr_expect(strstr(r->err, "A code is required") != NULL, "%s: %s", shell,
	    r->err);
	expect_asked(ssh_run(b, user, NULL, NULL, text("%s\n", touch)), shell);
	expect_asked(ssh_run(b, user, ARGV("-s"), "sftp", NULL), shell);
	s = session_open(b, user, NULL, NULL);
	cr_expect(session_sees(s, PROMPT, 20000), "%s: %s", shell, s->seen);
	session_type(s, text("%s\r", touch));
	session_type(s, "\003");
	cr_expect(session_ends(s, 20000), "%s: %s", shell, s->seen);
	cr_expect_not(anything_ran(ran, &what), "%s: %s", shell, what);
}

static void
own_passwd(void)
{
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /mnt && "
		   "mkdir /mnt/etc && cp -a /etc/. /mnt/etc/ && "
		   "mount --bind /mnt/etc /etc");
}

/* doctor's lines for this check. */
static char *
judged(const struct bastion *b)
{
	return run(ARGV("sh", "-c",
		       text("%s/tfa-admin --socket %s doctor --config %s/"
			    "sshd_config | grep ' shells '",
			   getenv("TFA_PROGRAMS"), b->socket, b->dir)),
	    NULL, 0)
	    ->out;
}

/*
 * True if doctor calls this shell FAIL: it hands its users to something else
 * than the gate.
 */
static bool
is_fail(const char *judged, const char *shell)
{
	char *word = text(" %s", shell), *rest = text("%s", judged), *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *at = strstr(line, word);

		if (strncmp(line, "FAIL", 4) == 0 && at != NULL &&
		    strchr(" :,;", at[strlen(word)]) != NULL)
			return true;
	}
	return false;
}

Test(login_shells, of_debian_open_nothing_for_a_key_alone, .timeout = 600)
{
	static const char *const wanted[] = {"/bin/bash", "/bin/dash",
	    "/usr/bin/zsh", "/usr/bin/fish", "/usr/bin/tcsh", "/bin/csh",
	    "/bin/mksh", "/bin/ksh93", "/bin/sash", "/usr/bin/rc.byron",
	    "/bin/rbash", "/usr/bin/tmux",
	    "/usr/bin/screen"}; /* of /etc/shells, by what "make deps" has */
	struct offered offered;
	struct bastion *b;
	char *ran, *said;
	size_t closed = 0;

	needs_people();
	own_passwd();
	offered = offered_shells();
	for (size_t i = 0; i < COUNT(wanted); i++)
		cr_expect(has_program(&offered, wanted[i]), "no %s", wanted[i]);
	for (size_t i = 0; i < offered.count; i++)
		set_shell(offered.user[i], offered.path[i]);
	b = bastion_open(.rules = REQUIRED);
	ran = text("%s/open/ran", b->dir);
	fixture_folder(text("%s/open", b->dir), 0777, "alice");
	leave_files(ran);
	said = judged(b);
	for (size_t i = 0; i < offered.count; i++) {
		if (is_fail(said, offered.path[i]))
			continue;
		fixture_enrol(b, offered.user[i]);
		expect_closed(b, offered.user[i], offered.path[i], ran);
		closed++;
	}
	cr_expect_geq(closed, 11, "%s", said);
	cr_expect(is_fail(said, "/usr/bin/screen"), "%s", said);
	cr_expect(is_fail(said, "/usr/bin/tmux"), "%s", said);
}
