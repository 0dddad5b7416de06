#include "tests/scenario/tmp.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"

const char *const tmp_names[TMP_KINDS] = {"fine", "no space", "no inodes",
    "read-only", "closed", "over quota", "gone"};

/*
 * Commands that make each kind of /tmp. In a full one, one file has all blocks.
 */
static const char *const spoil[TMP_KINDS] = {
    [TMP_FINE] = "mount -t tmpfs -o mode=1777,size=1m tmpfs /tmp",
    [TMP_NO_SPACE] = "mount -t tmpfs -o mode=1777,size=64k tmpfs /tmp\n"
		     "cat /dev/zero >/tmp/full 2>/dev/null || :",
    [TMP_NO_INODES] = "mount -t tmpfs -o mode=1777,nr_inodes=8 tmpfs /tmp\n"
		      "for i in 1 2 3 4 5 6 7 8; do "
		      "	(: >/tmp/$i) 2>/dev/null || :\n"
		      "done",
    [TMP_READ_ONLY] = "mount -t tmpfs -o mode=1777,ro tmpfs /tmp",
    [TMP_CLOSED] = "mount -t tmpfs -o mode=755 tmpfs /tmp",
    [TMP_QUOTA] = "mount -t tmpfs -o mode=1777,"
		  "usrquota_inode_hardlimit=1,usrquota_block_hardlimit=4096 "
		  "tmpfs /tmp",
    /* A folder that was taken away while it was mounted elsewhere. */
    [TMP_GONE] = "mount -t tmpfs tmpfs /mnt\nmkdir -m 1777 /mnt/tmp\n"
		 "mount --bind /mnt/tmp /tmp\nrmdir /mnt/tmp\numount -l /mnt",
};

void
tmp_own(void)
{
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	machine_sh(spoil[TMP_FINE]);
	machine_sh("mount -t tmpfs -o mode=755 tmpfs /mnt\n"
		   "cp -a /home/. /mnt/\n"
		   "mount --bind /mnt /home\n"
		   "umount /mnt\n"
		   /* The homes as they were before other tests wrote there. */
		   "for home in /home/user*; do\n"
		   "	rm -rf $home/.pam_environment $home/.ssh/*\n"
		   "	cp $TFA_KEYS/${home##*/}.pub "
		   "$home/.ssh/authorized_keys\n"
		   "done");
}

bool
tmp_put(enum tmp_kind kind)
{
	struct run *r;

	machine_sh("umount -l /tmp");
	r = run(ARGV("sh", "-ec", spoil[kind]), NULL, 0);
	if (r->status == 0)
		return true;
	cr_assert_eq(kind, TMP_QUOTA, "%s: %s", tmp_names[kind], r->err);
	machine_sh(spoil[TMP_FINE]);
	return false;
}
