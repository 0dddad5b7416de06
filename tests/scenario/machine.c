#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"
#include "tests/scenario/machine.h"

int machine_port;

void
machine_sh(const char *command)
{
	struct run *r = run(ARGV("sh", "-ec", command), NULL, 0);

	cr_assert_eq(r->status, 0, "%s: %s", command, r->err);
}

bool
machine_has(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

void
machine_sshd_config(const char *more)
{
	write_text("/etc/ssh/sshd_config",
	    text("Include /etc/ssh/sshd_config.d/*.conf\n"
		 "Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\n"
		 "PidFile /run/sshd.pid\nUsePAM no\nPermitRootLogin yes\n"
		 "AcceptEnv LANG LC_* COLORTERM NO_COLOR\n%s\n%s",
		machine_port, getenv("TFA_KEYS"), bastion_no_penalties(),
		more));
}

/*
 * New processes that end with the test, so that no other test's keeper is in
 * the way of userdel. The first of them collects orphans.
 */
static void
new_processes(void)
{
	cr_assert_eq(unshare(CLONE_NEWPID), 0, "%s", strerror(errno));
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;)
			pause();
	}
	machine_sh("mount -t proc proc /proc");
}

/*
 * A machine without tfa that only this test sees, with the keys of users as
 * they were before any test changed them: setup stops at some.  A systemd that
 * boots removes the folders in /var/tmp that another one made for its services.
 */
void
machine_new(void)
{
	unsigned short random;

	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	new_processes();
	cr_assert_eq(
	    getrandom(&random, sizeof(random), 0), (ssize_t)sizeof(random));
	machine_port = 20000 + random % 12000;
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /mnt\n"
		   "cp -a /etc/. /mnt/\n"
		   "mount --bind /mnt /etc\n"
		   "umount /mnt\n"
		   "for d in /run /var/lib /root; do\n"
		   "	mount -t tmpfs -o mode=755 tmpfs $d\n"
		   "done\n"
		   "mount -t tmpfs -o mode=1777 tmpfs /var/tmp\n"
		   "mount -t tmpfs -o mode=755 tmpfs /mnt\n"
		   "cp -a /home/. /mnt/\n"
		   "mount --bind /mnt /home\n"
		   "umount /mnt\n"
		   "for key in $TFA_KEYS/*.pub; do\n"
		   "	home=/home/$(basename $key .pub)\n"
		   "	[ -d $home/.ssh ] || continue\n"
		   "	rm -rf $home/.ssh/*\n"
		   "	cp $key $home/.ssh/authorized_keys\n"
		   "	chown -R $(basename $home): $home/.ssh\n"
		   "	chmod -R go-w $home\n"
		   "done\n"
		   "rm -rf /etc/tfa /etc/ssh/sshd_config.d/*\n"
		   "mkdir -p /etc/systemd/system /etc/ssh/sshd_config.d\n"
		   "mkdir -m 700 /run/sshd /root/.ssh\n"
		   "cp $TFA_KEYS/alice.pub /root/.ssh/authorized_keys");
	machine_sshd_config("");
}

void
machine_no_keeper_user(void)
{
	machine_sh(
	    "userdel _tfa; ! getent group _tfa >/dev/null || groupdel _tfa");
}

/* Every file of the machine with its mode, owner and content; but for what
 * useradd keeps of before. */
char *
machine_files(void)
{
	return run(ARGV("sh", "-c",
		       "find /etc /run /var/lib /root ! -name '*-' "
		       "! -name tfa-setup.lock "
		       "! -name .pwd.lock ! -name sshd.log -printf "
		       "'%p %m %u %g\\n' -type f -exec md5sum {} + | sort"),
	    NULL, 0)
	    ->out;
}

struct run *
machine_setup(const char *a, const char *b, const char *c)
{
	return run(ARGV("/usr/sbin/tfa-admin", "setup", a, b, c), NULL, 0);
}

void
machine_install(void)
{
	assert_status(machine_setup("--yes", NULL, NULL), 0);
	assert_status(machine_setup("--confirm", "--yes", NULL), 0);
}

void
machine_keeper(void)
{
	machine_sh("install -d -m 0755 /run/tfa\n"
		   "setsid /usr/sbin/tfa-keeper </dev/null >/dev/null 2>&1 &\n"
		   "for i in $(seq 50); do\n"
		   "	[ -S /run/tfa/keeper.sock ] || sleep 0.1\n"
		   "done");
}

/* Waits until no setup is under way. */
void
machine_settled(int limit_ms)
{
	long long end = run_clock_ms() + limit_ms;

	while (machine_has("/var/lib/tfa-setup") && run_clock_ms() < end)
		run_sleep_ms(50);
	cr_assert(!machine_has("/var/lib/tfa-setup"));
}
