#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/bastion.h"
#include "gate/sshd/guard.h"
#include "store/base/cleanup.h"
#include "store/folder/store.h"
#include "tests/support/charter.h"
#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/link.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

#define DROP_IN      "etc/sshd-tfa.conf"
#define GATE         "/usr/sbin/tfa-gate"
#define BASTIONS_MAX 8

static struct bastion *open_bastions[BASTIONS_MAX];

static const char *
setting(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL)
		fail("%s is not set: use tests/scenario/run", name);
	return value;
}

bool
bastion_has_people(void)
{
	return getenv("TFA_PEOPLE") != NULL;
}

static bool
answers(const char *socket_path)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	scoped_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlen(socket_path) >= sizeof(there.sun_path))
		fail("%s is too long for a socket", socket_path);
	memcpy(there.sun_path, socket_path, strlen(socket_path));
	return connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0;
}

void
bastion_keeper_start(struct bastion *b)
{
	char *program = text("%s/tfa-keeper", setting("TFA_PROGRAMS"));
	long long end = run_clock_ms() + SERVER_LIMIT_MS;

	b->keeper = server_start_at(
	    b->fleet != NULL ? b->fleet->plan.ahead_s : NULL,
	    ARGV(program, "--socket", b->socket, "--store", b->store,
		"--policy", b->policy, b->fleet != NULL ? "--fleet" : NULL,
		b->fleet != NULL ? b->fleet->config : NULL, "--link",
		b->fleet != NULL ? b->fleet->socket : NULL),
	    text("%s/keeper.log", b->dir));
	while (!answers(b->socket)) {
		if (run_clock_ms() > end || run_wait(b->keeper, 0) >= 0) {
			b->keeper = 0;
			fail("the keeper does not start");
		}
		run_sleep_ms(5);
	}
}

void
bastion_keeper_stop(struct bastion *b)
{
	server_stop(&b->keeper);
}

void
bastion_tiny_disk(struct bastion *b)
{
	char *options = text("size=64k,mode=700,uid=2000,gid=2000");
	struct run *r;

	bastion_keeper_stop(b);
	r = run(ARGV("mount", "-t", "tmpfs", "-o", options, "tmpfs", b->store),
	    NULL, 0);
	if (r->status != 0)
		fail("mount: %s", r->err);
	bastion_keeper_start(b);
}

/* Returns in with its only occurrence of what replaced by with. */
static char *
replaced(const char *in, const char *what, const char *with)
{
	const char *found = strstr(in, what);

	if (found == NULL)
		fail("no \"%s\" in %s", what, DROP_IN);
	return text(
	    "%.*s%s%s", (int)(found - in), in, with, found + strlen(what));
}

/*
 * The drop-in that we install, or for a door the one that setup writes, with
 * two changes: the path of the gate, and, under a sanitizer, where it writes
 * its findings. Both are in the first SetEnv, because only the first one of a
 * block counts. Exemptions stand above "Match all".
 */
static char *
drop_in(const struct bastion *b, const struct bastion_plan *plan)
{
	const char *asan = getenv("ASAN_OPTIONS");
	char *config = b->door == 0 ? read_text(DROP_IN)
				    : guard_drop_in(GATE, b->door, NULL);
	char *gate = text("%s/tfa-gate %s %s %s", setting("TFA_PROGRAMS"),
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket,
	    plan->gate == NULL ? "" : plan->gate);

	if (config == NULL)
		fail("no %s here: start at the top of the tree", DROP_IN);
	config = replaced(config, GATE, gate);
	if (plan->match != NULL)
		config = replaced(config, "\nMatch all\n",
		    text("\n%s\nMatch all\n", plan->match));
	if (asan != NULL)
		config = replaced(config, " HOME=/nonexistent",
		    text(" HOME=/nonexistent ASAN_OPTIONS=%s", asan));
	return config;
}

static const char no_gate[] = "ExposeAuthInfo yes\n"
			      "AcceptEnv TFA_CODE LANG LC_*\n";

const char *
bastion_sshd(void)
{
	const char *other = getenv("TFA_SSHD");

	return other != NULL && *other != '\0' ? other : "/usr/sbin/sshd";
}

const char *
bastion_no_penalties(void)
{
	const char *line = getenv("TFA_NO_PENALTIES");

	return line != NULL ? line : "";
}

/* Every sshd refuses this option with its version, and exits with 1. */
bool
bastion_sshd_is_debians(void)
{
	struct run *r = run(ARGV(bastion_sshd(), "-?"), NULL, 0);

	return strstr(r->err, "Debian") != NULL ||
	    strstr(r->err, "Ubuntu") != NULL;
}

static void
write_sshd_config(const struct bastion *b, const struct bastion_plan *plan)
{
	const char *keys = setting("TFA_KEYS");
	char *files = bastion_has_people()
	    ? text("%s", ".ssh/authorized_keys")
	    : text("%s/%s.pub\nStrictModes no", keys, b->me);

	write_text(text("%s/sshd_config", b->dir),
	    text("%s"
		 "Port %d\n"
		 "ListenAddress 127.0.0.1\n"
		 "ListenAddress ::1\n"
		 "HostKey %s/host\n"
		 "AuthorizedKeysFile %s\n"
		 "PidFile none\n"
		 "UsePAM no\n"
		 "PasswordAuthentication %s\n"
		 "KbdInteractiveAuthentication no\n"
		 "MaxStartups 300\n"
		 "MaxSessions 40\n"
		 "UseDNS no\n"
		 "PrintMotd no\n"
		 "PrintLastLog no\n"
		 "LogLevel VERBOSE\n"
		 "Subsystem sftp %s\n"
		 "%s\n"
		 "%s%s",
		plan->before == NULL ? "" : plan->before, b->port, keys, files,
		plan->passwords ? "yes" : "no",
		plan->subsystem == NULL ? "/usr/lib/openssh/sftp-server"
					: plan->subsystem,
		bastion_no_penalties(),
		plan->no_gate ? no_gate : drop_in(b, plan),
		plan->after == NULL ? "" : plan->after));
}

/* A host of the clients' configuration. */
static char *
host_block(const struct bastion *b, const char *host, int port,
    const char *authentications, const char *log_level)
{
	return text("Host %s\n"
		    "    HostName 127.0.0.1\n"
		    "    HostKeyAlias bastion\n"
		    "    Port %d\n"
		    "    User %s\n"
		    "    IdentityFile %s/%%r\n"
		    "    IdentitiesOnly yes\n"
		    "    IdentityAgent none\n"
		    "    UserKnownHostsFile %s/known_hosts\n"
		    "    GlobalKnownHostsFile none\n"
		    "    StrictHostKeyChecking yes\n"
		    "    PreferredAuthentications %s\n"
		    "    ConnectTimeout 10\n"
		    "    LogLevel %s\n",
	    host, port, b->me, setting("TFA_KEYS"), b->dir, authentications,
	    log_level);
}

static void
write_ssh_config(const struct bastion *b)
{
	char *host = read_text(text("%s/host.pub", setting("TFA_KEYS")));
	/* ssh hides what the door says where it shows errors only. */
	char *door_block = host_block(
	    b, "door", b->door, "publickey,keyboard-interactive", "INFO");

	if (host == NULL)
		fail("no host key");
	write_text(text("%s/known_hosts", b->dir), text("bastion %s", host));
	write_text(b->ssh_config,
	    text("%s%s",
		host_block(b, "bastion", b->port, "publickey", "ERROR"),
		b->door == 0 ? "" : door_block));
}

/*
 * A port below the range from which the kernel draws ports for clients. Only
 * another bastion can have it already; then a new one is drawn.
 */
static int
random_port(void)
{
	unsigned short random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		fail("no random bytes");
	return 20000 + random % 12000;
}

static void
sshd_start(struct bastion *b, const struct bastion_plan *plan)
{
	char *config = text("%s/sshd_config", b->dir);

	for (int attempt = 0; attempt < 8; attempt++) {
		b->port = random_port();
		b->door = plan->door ? random_port() : 0;
		write_sshd_config(b, plan);
		unlink(b->log);
		b->sshd = server_start(
		    ARGV(bastion_sshd(), "-D", "-e", "-f", config), b->log);
		if (server_says(
			b->log, "Server listening on 127.0.0.1", &b->sshd) &&
		    (!plan->door || door_opens(b)))
			return;
		server_stop(&b->sshd);
	}
	fail("sshd does not start: %s%s", read_text(b->log),
	    plan->door ? read_text(b->door_log) : "");
}

static void
make_folders(struct bastion *b, const struct bastion_plan *plan)
{
	snprintf(b->dir, sizeof(b->dir), "%s/XXXXXX", setting("TFA_WORK"));
	if (mkdtemp(b->dir) == NULL || chmod(b->dir, 0755) != 0)
		fail("%s: %s", b->dir, strerror(errno));
	b->log = text("%s/sshd.log", b->dir);
	b->door_log = text("%s/door.log", b->dir);
	b->ssh_config = text("%s/ssh_config", b->dir);
	b->store = text("%s/store", b->dir);
	b->socket = text("%s/run/keeper.sock", b->dir);
	b->policy = text("%s/policy.json", b->embedded ? b->store : b->dir);
	if (plan->no_gate)
		return;
	fixture_folder(b->store, 0700, fixture_keeper_user(b));
	if (!b->embedded)
		fixture_folder(
		    text("%s/run", b->dir), 0755, fixture_keeper_user(b));
}

static const char *
myself(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	if (pw == NULL)
		fail("we have no name");
	return text("%s", pw->pw_name);
}

static void
remember_bastion(struct bastion *b)
{
	for (int i = 0; i < BASTIONS_MAX; i++) {
		if (open_bastions[i] == NULL) {
			open_bastions[i] = b;
			return;
		}
	}
	fail("too many bastions");
}

struct bastion *
bastion_start(const struct bastion_plan *plan)
{
	struct bastion *b = calloc(1, sizeof(*b));

	if (b == NULL)
		fail("out of memory");
	b->embedded = !bastion_has_people() || plan->owner != NULL;
	b->me = plan->owner != NULL ? plan->owner
	    : bastion_has_people()  ? "alice"
				    : myself();
	b->fleet = plan->fleet;
	remember_bastion(b);
	make_folders(b, plan);
	if (plan->policy == NULL && !plan->no_gate)
		fixture_write_policy(
		    b, fixture_policy(plan->rules, plan->more));
	else if (plan->policy != NULL && *plan->policy != '\0')
		fixture_write_policy(b, plan->policy);
	if (b->fleet != NULL && !plan->no_fleet)
		charter_found(b->fleet, b->policy);
	if (b->fleet != NULL)
		write_text(text("%s/" STORE_IN_FLEET, b->store), CHARTER_ID_1);
	if (!b->embedded && !plan->no_keeper && !plan->no_gate)
		bastion_keeper_start(b);
	sshd_start(b, plan);
	write_ssh_config(b);
	return b;
}

/* Copies the bastion's folder to $KEEP, to find out why a test failed. */
static void
keep(const struct bastion *b)
{
	const char *folder = getenv("KEEP");

	if (folder != NULL && *folder != '\0')
		run(ARGV("cp", "-a", b->dir, folder), NULL, 0);
}

void
bastion_close_all(void)
{
	for (int i = 0; i < BASTIONS_MAX; i++) {
		struct bastion *b = open_bastions[i];

		open_bastions[i] = NULL;
		if (b == NULL)
			continue;
		server_stop(&b->sshd);
		door_close(b);
		server_stop(&b->keeper);
		keep(b);
		run(ARGV("rm", "-rf", b->dir), NULL, 0);
	}
}

void
bastion_show_logs(void)
{
	for (int i = 0; i < BASTIONS_MAX; i++) {
		const struct bastion *b = open_bastions[i];

		if (b == NULL)
			continue;
		fprintf(stderr, "sshd:\n%s\nkeeper:\n%s\n", read_text(b->log),
		    read_text(text("%s/keeper.log", b->dir)));
		if (b->door != 0)
			fprintf(stderr, "door:\n%s\n", read_text(b->door_log));
	}
}

struct run *
bastion_admin_start(const struct bastion *b, const char *const args[])
{
	const char *argv[24] = {text("%s/tfa-admin", setting("TFA_PROGRAMS")),
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket};
	size_t n = 3;

	if (!b->embedded) {
		argv[n++] = "--policy";
		argv[n++] = b->policy;
		argv[n++] = "--fleet";
		argv[n++] = b->fleet != NULL ? b->fleet->config : "/none";
	}
	while (*args != NULL && n < 23)
		argv[n++] = *args++;
	return run_start(argv, NULL, 0);
}

struct run *
bastion_admin(const struct bastion *b, const char *const args[])
{
	struct run *r = bastion_admin_start(b, args);

	run_finish(r);
	return r;
}
