#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/scenario/probes.h"
#include "tests/support/server.h"

#define OPENS_MS  30000 /* the time that ssh may take, on a busy machine */
#define ARGS_MAX  24
#define KEY_NAME  "key-of-the-agent"
#define X11_FAILS "X11 forwarding request failed"

const struct probe probes[] = {
    {"session", probe_session},
    {"-J", probe_jump},
    {"-W", probe_stdio},
    {"-L", probe_local},
    {"-D", probe_dynamic},
    {"-A", probe_agent},
    {"-R", probe_remote},
    {"-R (SOCKS)", probe_remote_dynamic},
    {"-L to a Unix socket", probe_unix_local},
    {"-R of a Unix socket", probe_unix_remote},
    {"-X", probe_x11},
    {"-w", probe_tunnel},
    {NULL, NULL},
};

struct visit
visit_of(const struct bastion *b, const char *host, const char *user,
    const char *answers)
{
	static const struct bastion *beyond;

	if (beyond == NULL)
		beyond = bastion_open(.no_gate = true);
	return (struct visit){.b = b,
	    .host = host,
	    .user = user,
	    .answers = answers,
	    .beyond = beyond};
}

const char *
visit_new_code(const struct bastion *b, const char *user)
{
	return code_at(fixture_enrol(b, user), step_now());
}

/* The words of ssh with those of the visit before args. */
static const char *const *
words(const struct visit *v, const char *terminal, const char *const args[],
    const char *command)
{
	const char *all[ARGS_MAX] = {"-o", "NumberOfPasswordPrompts=1", "-o",
	    v->option != NULL ? v->option : "Compression=no"};
	size_t n = 4;

	for (; args != NULL && *args != NULL && n < ARGS_MAX - 1; args++)
		all[n++] = *args;
	return door_words(v->b, v->answers,
	    ssh_argv(v->b, v->host, terminal, v->user, all, command));
}

struct run *
visit_run(const struct visit *v, const char *const args[], const char *command)
{
	return run(words(v, "-T", args, command), NULL, 0);
}

struct session *
visit_terminal(
    const struct visit *v, const char *const args[], const char *command)
{
	return session_start(words(v, "-tt", args, command));
}

/* ssh -N with a forwarding, for as long as a probe takes. */
static struct session *
forward(const struct visit *v, const char *flag, const char *what)
{
	return session_start(words(v, "-T",
	    ARGV("-N", "-o", "ExitOnForwardFailure=yes", flag, what), NULL));
}

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/*
 * A port that nobody listens at, for a forwarding to begin.  No other test gets
 * it before this one ends: the UDP port of its number stays ours.
 */
static int
free_port(void)
{
	for (int i = 0; i < 50; i++) {
		scoped_fd int fd = socket(
		    AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int claim = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		unsigned short random = 0;
		struct sockaddr_in here;

		cr_assert_eq(getrandom(&random, sizeof(random), 0),
		    (ssize_t)sizeof(random));
		here = loopback(12000 + random % 8000);
		if (bind(claim, (struct sockaddr *)&here, sizeof(here)) == 0 &&
		    bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
			return ntohs(here.sin_port);
		close(claim);
	}
	fail("no free port");
}

/*
 * Connects to a loopback port, after waiting for the ssh that is to listen
 * there; -1 if that ssh has ended.
 */
static int
reach(struct session *ssh, int port)
{
	struct sockaddr_in there = loopback(port);
	long long end = run_clock_ms() + OPENS_MS;

	while (run_clock_ms() < end) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0)
			return fd;
		close(fd);
		if (session_ends(ssh, 20))
			break;
	}
	return -1;
}

/*
 * True if an SSH server greets at a port where that ssh listens, after we sent
 * some bytes and skipped some of the answer.  Ends the ssh.
 */
static bool
greets(
    struct session *ssh, int port, const void *hello, size_t len, size_t skip)
{
	scoped_fd int fd = reach(ssh, port);
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char answer[64] = "";
	size_t got = 0;

	if (fd >= 0 && (len == 0 || write(fd, hello, len) == (ssize_t)len)) {
		while (got < skip + 4 && poll(&ready, 1, OPENS_MS) > 0) {
			ssize_t n = read(
			    fd, answer + got, sizeof(answer) - 1 - got);

			if (n <= 0)
				break;
			got += (size_t)n;
		}
	}
	session_kill(ssh);
	return got >= skip + 4 && memcmp(answer + skip, "SSH-", 4) == 0;
}

/* SOCKS 4: connect to 127.0.0.1:port as nobody. */
static bool
greets_by_socks(struct session *ssh, int port, int far_port)
{
	const unsigned char hello[] = {4, 1, (unsigned char)(far_port >> 8),
	    (unsigned char)far_port, 127, 0, 0, 1, 0};

	return greets(ssh, port, hello, sizeof(hello), 8);
}

bool
probe_session(const struct visit *v)
{
	return strcmp(visit_run(v, NULL, "echo inside")->out, "inside\n") == 0;
}

/* The far end's host beside the bastion's, in one configuration. */
static char *
jump_config(const struct visit *v)
{
	char *config = text("%s/jump_config", v->b->dir);
	const char *far = strchr(read_text(v->beyond->ssh_config), '\n');

	write_text(config,
	    text("%s\nHost beyond%s", read_text(v->b->ssh_config), far));
	return config;
}

/* The far end's own user is its own bastion's, whoever jumps. */
bool
probe_jump(const struct visit *v)
{
	char *proxy = text("ssh -F %s -o NumberOfPasswordPrompts=1 -o %s "
			   "-l %s -W %%h:%%p %s",
	    jump_config(v), v->option != NULL ? v->option : "Compression=no",
	    v->user, v->host);
	char *plain = text("%s@%s", v->user, v->host);
	const char *const *jump = v->option != NULL
	    ? ARGV("-o", text("ProxyCommand=%s", proxy))
	    : ARGV("-J", plain);
	struct run *r = run(door_words(v->b, v->answers,
				ARGV("ssh", "-F", jump_config(v), "-T", jump[0],
				    jump[1], "beyond", "echo inside")),
	    NULL, 0);

	return strcmp(r->out, "inside\n") == 0;
}

/* Closes its standard input at once, and the server that greeted hangs up. */
bool
probe_stdio(const struct visit *v)
{
	struct run *r = visit_run(
	    v, ARGV("-W", text("127.0.0.1:%d", v->beyond->port)), NULL);

	return strncmp(r->out, "SSH-2.0", 7) == 0;
}

bool
probe_local(const struct visit *v)
{
	int port = free_port();

	return greets(
	    forward(v, "-L",
		text("127.0.0.1:%d:127.0.0.1:%d", port, v->beyond->port)),
	    port, "", 0, 0);
}

bool
probe_dynamic(const struct visit *v)
{
	int port = free_port();

	return greets_by_socks(forward(v, "-D", text("127.0.0.1:%d", port)),
	    port, v->beyond->port);
}

bool
probe_remote(const struct visit *v)
{
	int port = free_port();

	return greets(
	    forward(v, "-R",
		text("127.0.0.1:%d:127.0.0.1:%d", port, v->beyond->port)),
	    port, "", 0, 0);
}

bool
probe_remote_dynamic(const struct visit *v)
{
	int port = free_port();

	return greets_by_socks(forward(v, "-R", text("127.0.0.1:%d", port)),
	    port, v->beyond->port);
}

/* A new name in a folder in which everybody may put a socket. */
static char *
socket_path(const struct visit *v)
{
	static int names;
	char *folder = text("%s/sockets", v->b->dir);

	mkdir(folder, 0777);
	cr_assert_eq(chmod(folder, 0777), 0);
	return text("%s/%d", folder, ++names);
}

/* Greets everybody who connects to a Unix socket, until it is killed. */
static pid_t
unix_greeter(const char *path)
{
	static const char hello[] = "SSH-2.0-unix\r\n";
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	scoped_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	cr_assert_lt(strlen(path), sizeof(here.sun_path));
	memcpy(here.sun_path, path, strlen(path));
	cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	cr_assert_eq(chmod(path, 0777), 0);
	cr_assert_eq(listen(fd, 8), 0);
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0 || write(peer, hello, sizeof(hello) - 1) < 0)
			_exit(0);
		close(peer);
	}
}

bool
probe_unix_local(const struct visit *v)
{
	int port = free_port();
	char *path = socket_path(v);
	pid_t greeter = unix_greeter(path);
	bool open = greets(
	    forward(v, "-L", text("127.0.0.1:%d:%s", port, path)), port, "", 0,
	    0);

	server_stop(&greeter);
	return open;
}

bool
probe_unix_remote(const struct visit *v)
{
	char *path = socket_path(v);
	struct session *s = forward(
	    v, "-R", text("%s:127.0.0.1:%d", path, v->beyond->port));
	bool open = false;

	for (int i = 0; i < OPENS_MS / 10 && !open; i++) {
		open = access(path, F_OK) == 0;
		if (session_ends(s, 10))
			break;
	}
	session_kill(s);
	return open;
}

/* An agent with one key, whose comment is KEY_NAME. */
static pid_t
agent_start(const char *path)
{
	char *log = text("%s.log", path);
	pid_t pid = server_start(
	    ARGV("/usr/bin/ssh-agent", "-D", "-a", path), log);
	struct run *r;

	cr_assert(server_says(log, "SSH_AUTH_SOCK", &pid));
	r = run(ARGV("sh", "-ec",
		    text("ssh-keygen -q -t ed25519 -N '' -C " KEY_NAME
			 " -f %s.key; SSH_AUTH_SOCK=%s ssh-add -q %s.key",
			path, path, path)),
	    NULL, 0);
	assert_status(r, 0);
	return pid;
}

/* True if sshd has made a socket for the user's agent. */
static bool
has_agent_socket(const char *user)
{
	struct run *r = run(ARGV("sh", "-c",
				text("find /tmp/ssh-* /home/%s/.ssh/agent "
				     "-user %s -type s 2>/dev/null",
				    user, user)),
	    NULL, 0);

	return r->out_len > 0;
}

/* Without a code the gate still asks; sshd's socket would be there already. */
bool
probe_agent(const struct visit *v)
{
	char *path = socket_path(v);
	pid_t agent = agent_start(path);
	struct session *s = visit_terminal(v,
	    ARGV("-A", "-o", text("IdentityAgent=%s", path)),
	    "ssh-add -l; echo at the en''d");
	bool open, waits = false;

	for (int i = 0; i < OPENS_MS / 50 && !waits; i++) {
		waits = strstr(s->seen, PROMPT) != NULL;
		if (session_sees(s, "at the end", 50) || session_ends(s, 0))
			break;
	}
	open = strstr(s->seen, KEY_NAME) != NULL ||
	    (waits && has_agent_socket(v->user));
	session_kill(s);
	server_stop(&agent);
	return open;
}

/* ssh says so where the server refuses. */
bool
probe_x11(const struct visit *v)
{
	struct session *s = visit_terminal(v,
	    ARGV("-o", "ForwardX11=yes", "-o", "ForwardX11Trusted=yes"),
	    "echo the en''d");
	bool runs = false;

	for (int i = 0; i < OPENS_MS / 50 && !runs; i++) {
		runs = session_sees(s, "the end", 50) ||
		    strstr(s->seen, PROMPT) != NULL;
		if (session_ends(s, 0))
			break;
	}
	session_kill(s);
	return runs && strstr(s->seen, X11_FAILS) == NULL;
}

/*
 * Only root may open a tunnel device, so a user's is never open.  But sshd says
 * that it tried, or that it does not.  The client needs a device, too.
 */
bool
probe_tunnel(const struct visit *v)
{
	struct run *r = visit_run(v,
	    ARGV("-N", "-w", "any:any", "-o", "ExitOnForwardFailure=yes", "-o",
		"LogLevel=DEBUG1"),
	    NULL);

	return strstr(r->err, "Failed to open the tunnel device") != NULL;
}
