#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/system/child.h"
#include "admin/doctor/sockets.h"

#define LISTENS 0x0a /* TCP_LISTEN, as /proc/net/tcp has it */

/* An address of 8 or 32 hexadecimal digits, in words of the machine. */
static bool
parse_address(const char *hex, struct in6_addr *ret)
{
	uint32_t words[4] = {0, 0, htonl(0xffff), 0};
	size_t digits = strspn(hex, "0123456789ABCDEFabcdef");
	size_t first = digits == 8 ? 3 : 0;

	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = first; i < 4; i++) {
		char word[9] = "";

		memcpy(word, hex + (i - first) * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	memcpy(ret, words, sizeof(*ret));
	return true;
}

static void
print_address(const struct sockaddr_in6 *from, char ret[static SOCKET_ADDRESS])
{
	char text[INET6_ADDRSTRLEN] = "?";
	bool v4 = IN6_IS_ADDR_V4MAPPED(&from->sin6_addr);

	inet_ntop(v4 ? AF_INET : AF_INET6, from->sin6_addr.s6_addr + 12 * v4,
	    text, sizeof(text));
	snprintf(ret, SOCKET_ADDRESS, v4 ? "%s:%u" : "[%s]:%u", text,
	    (unsigned)ntohs(from->sin6_port));
}

/* "sl: LOCAL:PORT REMOTE:PORT ST TX:RX TR:WHEN RETRNSMT UID TIMEOUT INODE" */
void
sockets_parse(struct sockets *sockets, const char *line)
{
	struct socket found = {.to = {.sin6_family = AF_INET6}}, *slot;
	char local[33], remote[33];
	unsigned port, state;

	if (sscanf(line,
		" %*d: %32[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%*x %x %*s %*s %*s "
		"%*s %*s %lu",
		local, &port, remote, &state, &found.inode) != 5 ||
	    state != LISTENS || !parse_address(local, &found.to.sin6_addr))
		return;
	found.to.sin6_port = htons((uint16_t)port);
	print_address(&found.to, found.address);
	slot = sockets->list.count < SOCKETS_MAX
	    ? list_add(&sockets->list, sizeof(found))
	    : NULL;
	if (slot != NULL)
		*slot = found;
	else
		snprintf(sockets->why, sizeof(sockets->why),
		    "there are more than %d, of which the first were asked",
		    SOCKETS_MAX);
}

void
sockets_list(struct sockets *sockets)
{
	static const char *const files[] = {
	    "/proc/self/net/tcp", "/proc/self/net/tcp6"};
	char line[512];

	for (size_t i = 0; i < 2; i++) {
		FILE *file = fopen(files[i], "re");

		while (file != NULL && fgets(line, sizeof(line), file) != NULL)
			sockets_parse(sockets, line);
		/* A kernel without IPv6 has no tcp6. */
		if (file == NULL ? i == 0 || errno != ENOENT : ferror(file))
			snprintf(sockets->why, sizeof(sockets->why), "%s: %s",
			    files[i], strerror(errno));
		if (file != NULL)
			fclose(file);
	}
}

bool
socket_is_ssh(const char *said, char ret[static SOCKET_BANNER])
{
	/* The words of an OpenSSH that takes no more connections at present. */
	static const char *const greetings[] = {
	    "SSH-", "Exceeded MaxStartups", "Not allowed at this time"};

	for (size_t i = 0; i < sizeof(greetings) / sizeof(*greetings); i++) {
		const char *at = strstr(said, greetings[i]);

		if (at == NULL || (at != said && at[-1] != '\n'))
			continue;
		snprintf(
		    ret, SOCKET_BANNER, "%.*s", (int)strcspn(at, "\r\n"), at);
		return true;
	}
	return false;
}

static struct in6_addr
loopback4(unsigned char last)
{
	return (struct in6_addr){
	    .s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = last}};
}

/* True if another socket listens at this very address. */
static bool
is_taken(const struct sockets *sockets, const struct sockaddr_in6 *to)
{
	list_each(const struct socket, other, sockets->list)
		if (other->to.sin6_port == to->sin6_port &&
		    IN6_ARE_ADDR_EQUAL(&other->to.sin6_addr, &to->sin6_addr))
			return true;
	return false;
}

/*
 * The address to connect to.  A socket that listens everywhere is asked at
 * loopback; if another socket has that address for itself, at an address that
 * the other does not have.
 */
static struct sockaddr_in6
aim(const struct sockets *sockets, const struct socket *socket)
{
	struct sockaddr_in6 to = socket->to;
	struct in6_addr any4 = loopback4(0);

	any4.s6_addr[12] = 0;
	if (IN6_IS_ADDR_UNSPECIFIED(&to.sin6_addr)) {
		to.sin6_addr = in6addr_loopback;
		if (is_taken(sockets, &to))
			to.sin6_addr = loopback4(2);
	} else if (IN6_ARE_ADDR_EQUAL(&to.sin6_addr, &any4)) {
		to.sin6_addr = loopback4(1);
		if (is_taken(sockets, &to))
			to.sin6_addr = loopback4(2);
	}
	return to;
}

/* One of the connections that are open at once. */
struct call {
	struct socket *socket;
	char said[SOCKET_BANNER];
	size_t len;
};

static int
dial(const struct sockaddr_in6 *to)
{
	struct sockaddr_in v4 = {
	    .sin_family = AF_INET, .sin_port = to->sin6_port};
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(&to->sin6_addr);
	int fd = socket(is_v4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int done;

	memcpy(&v4.sin_addr, to->sin6_addr.s6_addr + 12, 4);
	done = is_v4 ? connect(fd, (const struct sockaddr *)&v4, sizeof(v4))
		     : connect(fd, (const struct sockaddr *)to, sizeof(*to));
	if (fd >= 0 && done < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Takes the bytes that are there; false if nothing more will come. */
static bool
hear_socket(struct call *call, int fd)
{
	ssize_t n = read(
	    fd, call->said + call->len, sizeof(call->said) - 1 - call->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n < 0 && call->len == 0 && errno != ECONNRESET)
		return false;
	if (call->socket->answer == SOCKET_UNREACHED)
		call->socket->answer = SOCKET_SILENT;
	if (n <= 0)
		return false;
	for (ssize_t i = 0; i < n; i++)
		if (call->said[call->len + (size_t)i] == '\0')
			call->said[call->len + (size_t)i] = '?';
	call->len += (size_t)n;
	call->said[call->len] = '\0';
	call->socket->answer = SOCKET_OTHER;
	if (!socket_is_ssh(call->said, call->socket->banner))
		return call->len < sizeof(call->said) - 1;
	call->socket->answer = SOCKET_SSH;
	return strchr(call->said, '\n') == NULL;
}

static void
hang_up(struct pollfd *fd)
{
	close(fd->fd);
	fd->fd = -1;
}

static int
dial_socket(const struct sockets *sockets, const struct socket *socket)
{
	struct sockaddr_in6 to = aim(sockets, socket);
	int fd = dial(&to);

	/* Without an IPv6 loopback, [::] is IPv4's too. */
	if (fd < 0 && IN6_IS_ADDR_LOOPBACK(&to.sin6_addr) &&
	    IN6_IS_ADDR_UNSPECIFIED(&socket->to.sin6_addr)) {
		to.sin6_addr = loopback4(1);
		fd = dial(&to);
	}
	return fd;
}

static bool
one_is_open(const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			return true;
	return false;
}

/* A server that is connected and has said nothing is silent. */
static void
end_calls(struct call *calls, struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);

		if (fds[i].fd < 0)
			continue;
		if (calls[i].socket->answer == SOCKET_UNREACHED &&
		    getpeername(fds[i].fd, (struct sockaddr *)&peer, &len) == 0)
			calls[i].socket->answer = SOCKET_SILENT;
		hang_up(&fds[i]);
	}
}

void
sockets_listen(struct sockets *sockets, int limit_ms)
{
	size_t n = sockets->list.count;
	scoped_free struct call *calls = calloc(n + 1, sizeof(*calls));
	scoped_free struct pollfd *fds = calloc(n + 1, sizeof(*fds));
	long long end = clock_ms() + limit_ms, left;

	if (calls == NULL || fds == NULL) {
		snprintf(
		    sockets->why, sizeof(sockets->why), "%s", strerror(ENOMEM));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		calls[i].socket = &sockets->list.items[i];
		fds[i].fd = dial_socket(sockets, calls[i].socket);
		fds[i].events = POLLIN;
	}
	while (one_is_open(fds, n) && (left = end - clock_ms()) > 0) {
		if (poll(fds, (nfds_t)n, (int)left) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < n; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0 &&
			    !hear_socket(&calls[i], fds[i].fd))
				hang_up(&fds[i]);
	}
	end_calls(calls, fds, n);
}

static bool
is_known_socket(const struct sockets *sockets, int pid, size_t socket)
{
	list_each(const struct socket_holder, holder, sockets->holders)
		if (holder->pid == pid && holder->socket == socket)
			return true;
	return false;
}

static void
add_holder(struct sockets *sockets, int pid, unsigned long inode)
{
	struct socket_holder *slot;

	for (size_t i = 0; i < sockets->list.count; i++) {
		if (sockets->list.items[i].inode != inode ||
		    is_known_socket(sockets, pid, i))
			continue;
		slot = list_add(&sockets->holders, sizeof(*slot));
		if (slot != NULL)
			*slot = (struct socket_holder){pid, i};
		else
			snprintf(sockets->why, sizeof(sockets->why), "%s",
			    strerror(ENOMEM));
	}
}

static void
look_into(struct sockets *sockets, int pid)
{
	char path[64], link[80];
	struct dirent *entry;
	unsigned long inode;
	DIR *fds;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	while (fds != NULL && (entry = readdir(fds)) != NULL) {
		n = readlinkat(
		    dirfd(fds), entry->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) == 1)
			add_holder(sockets, pid, inode);
	}
	if (fds != NULL)
		closedir(fds);
}

void
sockets_find_holders(struct sockets *sockets)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (proc == NULL)
		snprintf(sockets->why, sizeof(sockets->why), "/proc: %s",
		    strerror(errno));
	while (proc != NULL && (entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			look_into(
			    sockets, (int)strtol(entry->d_name, NULL, 10));
	if (proc != NULL)
		closedir(proc);
}

bool
socket_is_held(const struct socket *socket, int pid)
{
	struct sockets one = {.why = ""};
	struct socket *slot = list_add(&one.list, sizeof(*slot));
	bool held;

	if (slot == NULL)
		return true;
	*slot = *socket;
	look_into(&one, pid);
	held = one.holders.count > 0 || one.why[0] != '\0';
	sockets_done(&one);
	return held;
}

void
sockets_done(struct sockets *sockets)
{
	free(sockets->list.items);
	free(sockets->holders.items);
	*sockets = (struct sockets){.why = ""};
}
