/*
 * The channels beside a session.  Their far end is sshd itself, which greets
 * every client, or a socket of our own.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/probe.h"
#include "store/base/clock.h"

#define TCP_FIX  "DisableForwarding yes, AllowTcpForwarding no"
#define UNIX_FIX "DisableForwarding yes, AllowStreamLocalForwarding no"
#define TUN_FIX  "PermitTunnel no"

static struct sockaddr_un
unix_address(const struct probe *probe, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
	    probe->folder, name);
	return address;
}

/* Connects to one of ssh's own sockets, once it is there. */
static int
reach(struct probe *probe, const struct sockaddr *to, socklen_t len)
{
	long long end = clock_ms() + PROBE_MS;

	do {
		scoped_fd int fd = socket(
		    to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, to, len) == 0)
			return take_fd(&fd);
		child_wait(probe->child, 20);
	} while (clock_ms() < end && probe->child->status == CHILD_RUNNING);
	return -1;
}

/* CHANNEL_OPEN if an SSH server greets.  ssh closes a channel that is
 * refused. */
static enum channel
greeting(struct probe *probe, int fd)
{
	long long end = clock_ms() + PROBE_MS;
	char said[256] = "";
	size_t got = 0;

	while (fd >= 0 && clock_ms() < end && got < sizeof(said)) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t n;

		child_wait(probe->child, 1);
		if (poll(&ready, 1, 50) <= 0)
			continue;
		n = read(fd, said + got, sizeof(said) - got);
		if (n <= 0)
			return CHANNEL_REFUSED;
		got += (size_t)n;
		if (memmem(said, got, "SSH-", 4) != NULL)
			return CHANNEL_OPEN;
	}
	return CHANNEL_UNCLEAR;
}

enum channel
probe_local(struct probe *probe)
{
	struct sockaddr_un to = unix_address(probe, "local");
	scoped_fd int fd = reach(probe, (struct sockaddr *)&to, sizeof(to));

	return greeting(probe, fd);
}

/* The far end is our own socket: ssh connects to it, or hangs up. */
static enum channel
local_unix(struct probe *probe, int target)
{
	struct sockaddr_un to = unix_address(probe, "local-unix");
	scoped_fd int fd = reach(probe, (struct sockaddr *)&to, sizeof(to));
	long long end = clock_ms() + PROBE_MS;

	while (fd >= 0 && clock_ms() < end) {
		struct pollfd ready[] = {{.fd = fd, .events = POLLIN},
		    {.fd = target, .events = POLLIN}};

		child_wait(probe->child, 1);
		if (poll(ready, 2, 50) <= 0)
			continue;
		return ready[1].revents != 0 ? CHANNEL_OPEN : CHANNEL_REFUSED;
	}
	return CHANNEL_UNCLEAR;
}

/* SOCKS 4a, which takes any address as a name. */
static enum channel
dynamic(struct probe *probe, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	scoped_fd int fd = reach(probe, (struct sockaddr *)&to, sizeof(to));
	unsigned long there = strtoul(probe->port, NULL, 10);
	char hello[128] = {
	    4, 1, (char)(there >> 8), (char)there, 0, 0, 0, 1, 0};
	size_t len = 9 + strlen(probe->address) + 1;

	snprintf(hello + 9, sizeof(hello) - 9, "%s", probe->address);
	if (fd < 0 || send(fd, hello, len, MSG_NOSIGNAL) != (ssize_t)len)
		return CHANNEL_UNCLEAR;
	return greeting(probe, fd);
}

/* A port of the loopback interface that is free at present. */
static uint16_t
free_port(void)
{
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	scoped_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(here);

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &len) < 0)
		return 0;
	return ntohs(here.sin_port);
}

/* A socket that the user who logs in can reach. */
static int
listen_at(const struct probe *probe, const char *name)
{
	struct sockaddr_un here = unix_address(probe, name);
	scoped_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    chmod(here.sun_path, 0666) < 0 || listen(fd, 4) < 0)
		return -1;
	return take_fd(&fd);
}

/* -L, -L to a Unix socket and -D, over one connection. */
static void
try_local(struct probe *probe)
{
	scoped_fd int target = listen_at(probe, "target");
	uint16_t port = free_port();
	char tcp[2 * PROBE_TEXT], local[2 * PROBE_TEXT], socks[32];

	snprintf(tcp, sizeof(tcp), "%s/local:%s", probe->folder, probe->there);
	snprintf(local, sizeof(local), "%s/local-unix:%s/target", probe->folder,
	    probe->folder);
	snprintf(socks, sizeof(socks), "127.0.0.1:%u", port);
	if (!probe_ssh(probe,
		(const char *const[]){
		    "-T", "-L", tcp, "-L", local, "-D", socks, NULL},
		NULL))
		return;
	probe_say(probe, "-L to a port", probe_local(probe), TCP_FIX);
	probe_say(
	    probe, "-L to a Unix socket", local_unix(probe, target), UNIX_FIX);
	probe_say(probe, "-D", dynamic(probe, port), TCP_FIX);
	child_stop(probe->child);
}

enum channel
probe_stdio(struct probe *probe, const char *const *more)
{
	long long end = clock_ms() + PROBE_MS;
	struct child *child = probe->child;
	enum channel found;
	const char *words[16] = {"-W", probe->there};
	size_t n = 2;

	while (*more != NULL && n < 15)
		words[n++] = *more++;
	words[n] = NULL;
	if (!probe_ssh(probe, words, NULL))
		return CHANNEL_UNCLEAR;
	while (child->out.len < 4 && probe_waits(child, end))
		;
	found = strncmp(child->out.text, "SSH-", 4) == 0 ? CHANNEL_OPEN
	    : child->status == 255                       ? CHANNEL_REFUSED
							 : CHANNEL_UNCLEAR;
	child_stop(child);
	return found;
}

static void
try_standard_input(struct probe *probe)
{
	probe_say(probe, "-W", probe_stdio(probe, (const char *const[]){NULL}),
	    TCP_FIX);
}

/* A connection that gets through meets the gate on the far side; status 255
 * says that it did not. */
static void
try_jump(struct probe *probe)
{
	struct child *child = probe->child;

	if (!probe_ssh(
		probe, (const char *const[]){"-T", "-J", "jump", NULL}, "true"))
		return;
	child_wait(child, 3 * PROBE_MS);
	probe_say(probe, "-J",
	    child->status == CHILD_RUNNING ? CHANNEL_UNCLEAR
		: child->status == 255     ? CHANNEL_REFUSED
					   : CHANNEL_OPEN,
	    TCP_FIX);
	child_stop(child);
}

/* -R from that address on the far side; a Unix socket is at path. */
static void
try_remote(struct probe *probe, const char *from, const char *path)
{
	long long end = clock_ms() + PROBE_MS;
	char spec[2 * PROBE_TEXT];
	bool open = false;

	snprintf(spec, sizeof(spec), "%s:%s", from, probe->there);
	if (!probe_ssh(probe,
		(const char *const[]){
		    "-T", "-o", "ExitOnForwardFailure=yes", "-R", spec, NULL},
		NULL))
		return;
	while (!open && probe_waits(probe->child, end))
		open = path != NULL
		    ? access(path, F_OK) == 0
		    : strstr(probe->child->err.text, "Allocated port") != NULL;
	probe_say(probe, path != NULL ? "-R of a Unix socket" : "-R of a port",
	    open                              ? CHANNEL_OPEN
		: probe->child->status == 255 ? CHANNEL_REFUSED
					      : CHANNEL_UNCLEAR,
	    path != NULL ? UNIX_FIX : TCP_FIX);
	child_stop(probe->child);
}

/* sshd tells in its debug messages why it refuses a tunnel. */
static void
try_tunnel(struct probe *probe)
{
	static const char no_device[] = "Could not request tunnel forwarding";
	const char *said = probe->child->err.text;
	long long end = clock_ms() + PROBE_MS;
	enum channel found = CHANNEL_UNCLEAR;

	if (!probe_ssh(probe,
		(const char *const[]){"-T", "-o", "LogLevel=DEBUG2", "-o",
		    "ExitOnForwardFailure=yes", "-w", "any:any", NULL},
		NULL))
		return;
	while (found == CHANNEL_UNCLEAR && probe_waits(probe->child, end)) {
		if (strstr(said, "rejected tunnel") != NULL)
			found = CHANNEL_REFUSED;
		else if (strstr(said, "open confirm") != NULL ||
		    strstr(said, "Failed to open the tunnel") != NULL)
			found = CHANNEL_OPEN;
	}
	if (strstr(said, no_device) != NULL)
		doctor_warn(probe->doctor, NULL,
		    "-w: not tried: no tunnel device can be opened here");
	else
		probe_say(probe, "-w", found, TUN_FIX);
	child_stop(probe->child);
}

void
probe_forwards(struct probe *probe)
{
	struct sockaddr_un socket = unix_address(probe, "remote/socket");

	try_standard_input(probe);
	try_local(probe);
	try_jump(probe);
	try_remote(probe, "127.0.0.1:0", NULL);
	try_remote(probe, socket.sun_path, socket.sun_path);
	try_tunnel(probe);
}
