#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
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
#include "store/base/options.h"
#include "store/base/when.h"
#include "store/keeper/confine.h"
#include "store/link/check.h"
#include "store/link/link.h"
#include "store/link/listen.h"
#include "store/link/secrets.h"
#include "store/system/systemd.h"

#define EX_WRONG 1
#define EX_USAGE 2
#define FILES    1024 /* descriptors */
#define BACKLOG  256

struct start {
	const char *config, *socket, *credentials, *keeper, *keep;
	bool check;
};

static const struct option_row option_rows[] = {
    OPTION_VALUE(struct start, config, "config", "FILE",
	"the fleet (/etc/tfa/store.json)"),
    OPTION_VALUE(struct start, credentials, "credentials", "DIR",
	"client.key and password (those of systemd;\nelse /etc/tfa/link)"),
    OPTION_VALUE(struct start, socket, "socket", "PATH",
	"listen here (/run/tfa-link/link.sock)"),
    OPTION_VALUE(struct start, keeper, "keeper", "USER",
	"whose keeper may ask, besides root (_tfa)"),
    OPTION_VALUE(struct start, keep, "keep", "DURATION",
	"how much of etcd's history stays (15m)"),
    OPTION_FLAG(struct start, check, "check",
	"ask each member of etcd once, say how it is, and exit"),
};
static const struct options options = OPTIONS_OF("tfa-link", option_rows);

_Noreturn static void
link_usage(FILE *to, int status)
{
	fputs(
	    "usage: tfa-link [--config FILE] [--credentials DIR] "
	    "[--socket PATH]\n"
	    "                [--keeper USER] [--keep DURATION]\n"
	    "       tfa-link --check [--config FILE] [--credentials DIR]\n"
	    "\n"
	    "Asks etcd for the records of a fleet, for the keeper. Runs in the\n"
	    "foreground. It cannot open a record.\n"
	    "\n",
	    to);
	options_print(&options, "", to);
	fputs("  --help, --version\n", to);
	exit(status);
}

static void
link_options(int argc, char **argv, struct start *ret)
{
	switch (options_read(&options, &argc, argv, ret, NULL)) {
	case OPTIONS_WRONG:
		link_usage(stderr, EX_USAGE);
	case OPTIONS_HELP:
		link_usage(stdout, 0);
	case OPTIONS_VERSION:
		fputs("tfa-link " TFA_VERSION "\n", stdout);
		exit(0);
	case OPTIONS_READ:
		break;
	}
	if (argc == 1)
		return;
	warnx("\"%s\" is a word too many", argv[1]);
	link_usage(stderr, EX_USAGE);
}

static int64_t
history_to_keep(const char *text)
{
	int64_t seconds;

	if (!duration_parse(text, &seconds) || seconds == 0)
		errx(EX_USAGE, "--keep: \"%s\" is no duration such as 15m",
		    text);
	return seconds * 1000;
}

static const struct passwd *
user_named(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		errx(
		    1, "there is no user %s (systemd-sysusers makes it)", name);
	return pw;
}

/* The folder of the socket belongs to the link's user: the keeper takes from it
 * whose socket it may trust. */
static void
check_socket_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		errx(1, "%s: the socket needs a folder of its own", path);
	*slash = '\0';
	if (stat(folder, &st) < 0)
		err(1, "%s (as root: install -d -m 0755 -o " LINK_USER " %s)",
		    folder, folder);
	if (st.st_uid != geteuid())
		errx(1, "%s: its owner is not the user that tfa-link runs as",
		    folder);
}

/* A socket that nobody answers is of an earlier link. */
static void
clear_old(const struct sockaddr_un *address)
{
	scoped_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0 || lstat(address->sun_path, &st) < 0)
		return;
	if (!S_ISSOCK(st.st_mode))
		errx(1, "%s is there and is no socket", address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
	    0)
		errx(1, "%s: another link answers there", address->sun_path);
	if (errno == ECONNREFUSED)
		unlink(address->sun_path);
}

/* Gives the socket to the keeper's group, if it is not of that group already. */
static bool
give_to_group(const char *path, gid_t group)
{
	struct stat st;

	return lstat(path, &st) == 0 &&
	    (st.st_gid == group || lchown(path, (uid_t)-1, group) == 0) &&
	    chmod(path, 0660) == 0;
}

/* The keeper's group may connect, and nobody else; once somebody listens. */
static int
bind_link(const char *path, gid_t group)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(
	    AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errx(1, "%s: longer than %zu bytes", path,
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	check_socket_folder(path);
	clear_old(&address);
	umask(0777);
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    !give_to_group(path, group))
		err(1, "%s", path);
	umask(077);
	return fd;
}

static void
close_up(void)
{
	if (!keeper_close_up())
		err(1, "cannot protect this process from others");
}

/* The group is the keeper's: the socket gets it. */
static void
drop_root(gid_t keeper_group)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return;
	pw = user_named(LINK_USER);
	if (pw->pw_uid == 0)
		errx(1, "%s is root", LINK_USER);
	if (setgroups(0, NULL) < 0 ||
	    setresgid(keeper_group, keeper_group, keeper_group) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		err(1, "cannot become %s", LINK_USER);
	/* A change of uid opens /proc again. */
	close_up();
}

static void
confine_link(void)
{
	if (!keeper_confine_writes(NULL))
		syslog(LOG_NOTICE,
		    "no landlock here (%s): only permissions keep the link from "
		    "writing",
		    strerror(errno));
	if (!keeper_confine_calls())
		syslog(LOG_NOTICE,
		    "no seccomp here (%s): running without a filter of system "
		    "calls",
		    strerror(errno));
}

static void
block_signals(void)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const char *
credentials_folder(const struct start *start)
{
	const char *systemd = getenv("CREDENTIALS_DIRECTORY");

	if (start->credentials != NULL)
		return start->credentials;
	return systemd != NULL ? systemd : LINK_CREDENTIALS;
}

static void
read_all(const struct start *start, struct fleet_config *config,
    struct secrets *secrets)
{
	char why[FLEET_WHY_TEXT];
	enum fault fault = fleet_config_read(start->config, config, why);

	if (fault == FAULT_ABSENT)
		errx(1, "%s: there is none: this bastion is in no fleet",
		    start->config);
	if (fault != FAULT_NONE)
		errx(1, "%s", why);
	if (!secrets_read(config, credentials_folder(start), secrets, why))
		errx(1, "%s", why);
}

static void
begin_engine(const struct fleet_config *config, struct secrets *secrets,
    struct engine *engine)
{
	struct http_tls tls = {.ca = secrets->ca,
	    .certificate = secrets->certificate,
	    .key = secrets->key};
	const char *why;
	struct http *http = http_begin(&tls, &why);

	if (http == NULL)
		errx(1, "%s", why);
	engine_begin(engine, config, secrets->password, http);
}

/* Libraries may read the environment of the person who starts this. */
static void
forget(void)
{
	if (clearenv() != 0)
		errx(1, "the environment cannot be cleared");
}

_Noreturn static void
serve(const struct start *start, struct engine *engine, struct upkeep *upkeep,
    const char *notify)
{
	const struct passwd *keeper = user_named(start->keeper);
	uid_t uid = keeper->pw_uid;
	gid_t group = keeper->pw_gid;
	int fd;

	drop_root(group);
	fd = bind_link(start->socket, group);
	confine_link();
	/* Nobody is served before that. */
	if (listen(fd, BACKLOG) < 0)
		err(1, "%s", start->socket);
	if (notify != NULL)
		systemd_notify(notify, "READY=1");
	link_listen(engine, upkeep, fd, uid);
	_exit(0);
}

int
main(int argc, char **argv)
{
	struct start start = {.config = FLEET_CONFIG,
	    .socket = LINE_SOCKET,
	    .keeper = LINK_KEEPER,
	    .keep = "15m"};
	static struct engine engine;
	static struct upkeep upkeep;
	struct fleet_config config;
	struct secrets secrets;
	scoped_free char *notify = NULL;

	link_options(argc, argv, &start);
	upkeep.keep_ms = history_to_keep(start.keep);
	if (!keeper_close_inherited(3))
		err(1, "cannot close what was inherited");
	close_up();
	umask(077);
	read_all(&start, &config, &secrets);
	if (getenv("NOTIFY_SOCKET") != NULL)
		notify = strdup(getenv("NOTIFY_SOCKET"));
	forget();
	closelog();
	openlog("tfa-link", LOG_PID, LOG_AUTHPRIV);
	keeper_limit_files(FILES);
	block_signals();
	begin_engine(&config, &secrets, &engine);
	upkeep.engine = &engine;
	upkeep.certificate_ends_s = secrets.ends_s;
	if (start.check) {
		int status = link_check(&engine, &upkeep) ? 0 : EX_WRONG;

		secrets_done(&secrets);
		fleet_config_done(&config);
		return status;
	}
	serve(&start, &engine, &upkeep, notify);
}
