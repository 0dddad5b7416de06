#include "store/keeper/start.h"

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/keeper/confine.h"

void
start_options(const struct options *options, int argc, char **argv, void *ret,
    start_usage *usage)
{
	switch (options_read(options, &argc, argv, ret, NULL)) {
	case OPTIONS_WRONG:
		usage(stderr, START_USAGE);
		break;
	case OPTIONS_HELP:
		usage(stdout, 0);
		break;
	case OPTIONS_VERSION:
		printf("%s " TFA_VERSION "\n", options->program);
		exit(0);
	case OPTIONS_READ:
		break;
	}
	if (argc == 1)
		return;
	warnx("\"%s\" is a word too many", argv[1]);
	usage(stderr, START_USAGE);
}

void
start_closed(void)
{
	if (!keeper_close_up())
		err(1, "cannot protect this process from others");
	umask(077);
}

void
start_forget(void)
{
	if (clearenv() != 0)
		errx(1, "the environment cannot be cleared");
}

void
start_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		errx(1, "%s: longer than %zu bytes", path,
		    sizeof(ret->sun_path) - 1);
	memcpy(ret->sun_path, path, strlen(path));
}

void
start_clear(const struct sockaddr_un *address, const char *who)
{
	scoped_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0 || lstat(address->sun_path, &st) < 0)
		return;
	if (!S_ISSOCK(st.st_mode))
		errx(1, "%s is there and is no socket", address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
	    0)
		errx(1, "%s: another %s answers there", address->sun_path, who);
	if (errno == ECONNREFUSED)
		unlink(address->sun_path);
}

void
start_become(const char *user, uid_t uid, gid_t gid)
{
	if (uid == 0)
		errx(1, "%s is root", user);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		err(1, "cannot become %s", user);
	/* A change of uid opens /proc again. */
	start_closed();
}
