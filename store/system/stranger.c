#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/system/stranger.h"

#define JOIN_SESSION_KEYRING 1 /* of linux/keyctl.h, which musl lacks */

/* Limits what a runaway program can use up. */
static void
set_limits(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	setrlimit(RLIMIT_CPU, &(struct rlimit){5, 5});
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
}

/* Root's keys stay with root: a process with the session's keyring may read
 * them, whatever its uid.  If the call is not allowed here, no key can be read.
 */
static bool
drop_keys(void)
{
	return syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) >= 0 ||
	    errno == ENOSYS || errno == EPERM;
}

/* A descriptor without O_CLOEXEC is not ours, and is closed too. */
bool
stranger_strip(int *report)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (*report != 3 && dup3(*report, 3, O_CLOEXEC) < 0)
		return false;
	*report = 3;
	for (int fd = 4; fd < (most > 0 && most < 4096 ? most : 4096); fd++)
		close(fd);
	set_limits();
	umask(022);
	return chdir("/") == 0 && drop_keys();
}
