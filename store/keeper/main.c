#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/hash.h"
#include "store/base/options.h"
#include "store/keeper/keeper.h"
#include "store/fleet/line.h"
#include "store/keeper/confine.h"
#include "store/keeper/join.h"
#include "store/keeper/start.h"
#include "store/core/otp.h"

#define KEEPER_USER "_tfa"
#define FILES       1024 /* descriptors: connections that wait, and some */

/* The options, as they were given. */
struct start {
	struct keeper keeper;
	const char *socket;
	const char *fleet;
	const char *link;
};

static const struct option_row option_rows[] = {
    OPTION_VALUE(struct start, socket, "socket", "PATH",
	"listen here (/run/tfa/keeper.sock)"),
    OPTION_FLAG(struct start, keeper.embedded, "stdio",
	"answer what comes on standard input, a socket"),
    OPTION_VALUE(struct start, keeper.store, "store", "DIR",
	"the folder of records (/var/lib/tfa)"),
    OPTION_VALUE(struct start, keeper.policy, "policy", "FILE",
	"the policy (/etc/tfa/policy.json; with --stdio,\npolicy.json in DIR)"),
    OPTION_VALUE(struct start, fleet, "fleet", "FILE",
	"the fleet, if there is one (/etc/tfa/store.json)"),
    OPTION_VALUE(struct start, link, "link", "PATH",
	"the socket of tfa-link (/run/tfa-link/link.sock)"),
};
static const struct options options = OPTIONS_OF("tfa-keeper", option_rows);

_Noreturn static void
print_usage(FILE *to, int status)
{
	fputs(
	    "usage: tfa-keeper [--socket PATH | --stdio] [--store DIR] "
	    "[--policy FILE]\n"
	    "                  [--fleet FILE] [--link PATH]\n"
	    "\n"
	    "Keeps the second factors and decides who needs one. Runs in the\n"
	    "foreground; takes its socket from systemd, or binds PATH itself.\n"
	    "\n",
	    to);
	options_print(&options, "", to);
	fputs("  --help, --version\n", to);
	exit(status);
}

static void
keeper_options(int argc, char **argv, struct start *ret)
{
	start_options(&options, argc, argv, ret, print_usage);
	if (!ret->keeper.embedded || ret->socket == NULL)
		return;
	warnx("--socket and --stdio exclude each other");
	print_usage(stderr, START_USAGE);
}

/* Only to bind the socket and to make the folder takes root. */
static void
drop_root(const char *store)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return;
	pw = getpwnam(KEEPER_USER);
	if (pw == NULL)
		errx(1,
		    "there is no user %s to run as (useradd --system %s, or "
		    "systemd-sysusers)",
		    KEEPER_USER, KEEPER_USER);
	if (pw->pw_uid != 0 && mkdir(store, 0700) == 0 &&
	    lchown(store, pw->pw_uid, pw->pw_gid) < 0)
		err(1, "%s", store);
	start_become(KEEPER_USER, pw->pw_uid, pw->pw_gid);
}

/* The folder of the socket belongs to the user who starts the keeper: to root,
 * or to the keeper's own user. */
_Noreturn static void
no_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	int len = slash != NULL ? (int)(slash - path) : 1;

	errx(1,
	    "%s: its folder is not there (as root: install -d -m 0755 %s"
	    "%.*s)",
	    path, geteuid() == 0 ? "" : "-o " KEEPER_USER " ", len,
	    slash != NULL ? path : ".");
}

/* Allows one keeper for a path.  The lock is held for as long as the process
 * lives, but not by its workers: one that still serves would keep the next
 * keeper out. */
static void
lock_path(const char *path)
{
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];
	int fd;

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT)
		no_folder(path);
	if (fd < 0)
		err(1, "%s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		errx(1, "%s: another keeper answers there", path);
}

static int
bind_socket(const char *path)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	mode_t mask;

	start_address(path, &address);
	lock_path(path);
	start_clear(&address, "keeper");
	mask = umask(0111);
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		err(1, "%s", path);
	umask(mask);
	return fd;
}

/* True if systemd passed a socket to this process, as descriptor 3: see
 * sd_listen_fds(3). */
static bool
is_activated(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");

	if (pid == NULL || fds == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return false;
	if (strcmp(fds, "1") != 0)
		errx(1, "one socket is expected, not %s", fds);
	return true;
}

static int
inherited_socket(void)
{
	if (!is_activated())
		return -1;
	if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
		err(1, "the socket from systemd");
	return 3;
}

/* Says once what is wrong, and what this kernel cannot do. */
static void
confine(const struct keeper *keeper)
{
	if (keeper->unjoined[0] != '\0')
		syslog(LOG_ERR, "%s", keeper->unjoined);
	if (!keeper_confine_calls())
		syslog(LOG_NOTICE,
		    "no seccomp here (%s): running without a filter of system "
		    "calls",
		    strerror(errno));
	if (!keeper_can_confine_writes())
		syslog(LOG_NOTICE,
		    "no landlock here (%s): only permissions keep the keeper "
		    "from writing outside of its store",
		    strerror(errno));
}

/* Names this boot, so that a connection's name never comes again. */
static void
read_boot_id(char *ret, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file == NULL)
		return;
	if (fgets(ret, (int)size, file) == NULL)
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	fclose(file);
}

/* libcrypto sets itself up at first use: here, once for all workers. */
static void
warm_up(const struct keeper *keeper)
{
	struct otp_secret secret = {.len = 20};
	char code[OTP_DIGITS_MAX + 1], hash[HASH_TEXT];
	bool works = hash_hex("", 0, hash);

	for (int i = OTP_SHA1; i <= OTP_SHA512; i++)
		works &= otp_code((enum otp_algorithm)i, &secret, 0, 6, code) ==
		    FAULT_NONE;
	if (!works || !keeper_seals(keeper))
		errx(1, "libcrypto does not work");
}

/* A store that does not exist yet cannot be confined to.  As after
 * keeper_listen() nothing must be done at exit, where a leak checker traces. */
_Noreturn static void
serve_stdio(const struct keeper *keeper)
{
	static const struct conduct conduct;

	(void)keeper_confine_calls();
	(void)keeper_confine_writes(keeper->store);
	keeper_serve(keeper, STDIN_FILENO, &conduct);
	_exit(0);
}

int
main(int argc, char **argv)
{
	struct start start = {.keeper.store = "/var/lib/tfa",
	    .fleet = FLEET_CONFIG,
	    .link = LINE_SOCKET};
	struct keeper *keeper = &start.keeper;
	char embedded_policy[4096];
	int fd = -1;

	keeper_options(argc, argv, &start);
	if (!keeper_close_inherited(
		!keeper->embedded && is_activated() ? 4 : 3))
		err(1, "cannot close what was inherited");
	start_closed();
	if (!keeper->embedded)
		fd = inherited_socket();
	keeper->activated = fd >= 0;
	if (!keeper->embedded)
		keeper_join(start.fleet, start.link, keeper);
	start_forget();
	keeper_open_log();
	if (!keeper->embedded) {
		if (fd < 0)
			fd = bind_socket(start.socket != NULL
				? start.socket
				: "/run/tfa/keeper.sock");
		drop_root(keeper->store);
		keeper_join_missed(start.fleet, keeper);
	}
	snprintf(embedded_policy, sizeof(embedded_policy), "%s/policy.json",
	    keeper->store);
	if (keeper->policy == NULL)
		keeper->policy = keeper->embedded ? embedded_policy
						  : "/etc/tfa/policy.json";
	read_boot_id(keeper->boot_id, sizeof(keeper->boot_id));
	if (keeper->embedded)
		serve_stdio(keeper);
	keeper_limit_files(FILES);
	warm_up(keeper);
	confine(keeper);
	_exit(keeper_listen(keeper, fd));
}
