#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/descriptor.h"
#include "store/keeper/confine.h"
#include "store/keeper/machine.h"

/* The kernel's version of landlock, from 1 on; less if it has none. */
static long
landlock_version(void)
{
	return syscall(CALL_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION);
}

bool
keeper_can_confine_writes(void)
{
	return landlock_version() > 0;
}

/* Everything that changes a file system, and execution. */
static uint64_t
changes(long version)
{
	uint64_t all = LANDLOCK_EXECUTE | LANDLOCK_WRITE_FILE |
	    LANDLOCK_REMOVE_DIR | LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_CHAR |
	    LANDLOCK_MAKE_DIR | LANDLOCK_MAKE_REG | LANDLOCK_MAKE_SOCK |
	    LANDLOCK_MAKE_FIFO | LANDLOCK_MAKE_BLOCK | LANDLOCK_MAKE_SYM;

	if (version >= 2)
		all |= LANDLOCK_REFER;
	if (version >= 3)
		all |= LANDLOCK_TRUNCATE;
	return all;
}

static bool
allow(int rules, const char *path, uint64_t access)
{
	scoped_fd int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_beneath beneath = {.allowed = access, .folder = fd};

	return fd >= 0 &&
	    syscall(CALL_LANDLOCK_ADD_RULE, rules, LANDLOCK_BENEATH, &beneath,
		0) == 0;
}

bool
keeper_confine_writes(const char *store)
{
	long version = landlock_version();
	struct landlock_rules attr = {.handled = changes(version)};
	uint64_t needed = changes(version) &
	    (LANDLOCK_WRITE_FILE | LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_DIR |
		LANDLOCK_MAKE_REG | LANDLOCK_TRUNCATE);
	scoped_fd int rules = -1;

	if (version < 1)
		return false;
	rules = (int)syscall(
	    CALL_LANDLOCK_CREATE_RULESET, &attr, sizeof(attr), 0);
	return rules >= 0 && (store == NULL || allow(rules, store, needed)) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(CALL_LANDLOCK_RESTRICT_SELF, rules, 0) == 0;
}

bool
keeper_close_up(void)
{
	struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool
keeper_close_inherited(int from)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return descriptor_close_from(from);
}

void
keeper_limit_files(unsigned most)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void
keeper_open_log(void)
{
	closelog();
	openlog("tfa-keeper", LOG_PID, LOG_AUTHPRIV);
}
