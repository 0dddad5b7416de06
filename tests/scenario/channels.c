/*
 * Every channel that sshd could open beside the gate. A thief with the key and
 * no code asks for each. The far end is sshd itself, which greets whoever
 * connects. Through a bastion without the drop-in the same probes reach it, so
 * the probes work.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/scenario/scenario.h"

Scenarios(channels);

#define OPENS_MS 30000 /* the time that ssh may take, on a busy machine */

static struct bastion *
guarded(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	return b;
}

static struct bastion *
open_one(void)
{
	return bastion_open(.no_gate = true);
}

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A port that nobody listens at, for a forwarding to begin. */
static int
free_port(void)
{
	for (int i = 0; i < 50; i++) {
		scoped_fd int fd = socket(AF_INET, SOCK_STREAM, 0);
		unsigned short random = 0;
		struct sockaddr_in here;

		cr_assert_eq(getrandom(&random, sizeof(random), 0),
		    (ssize_t)sizeof(random));
		here = loopback(12000 + random % 8000);
		if (bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
			return ntohs(here.sin_port);
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
 * some bytes.
 */
static bool
greets(
    struct session *ssh, int port, const void *words, size_t len, size_t skip)
{
	scoped_fd int fd = reach(ssh, port);
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char answer[64] = "";
	size_t got = 0;

	if (fd < 0 || (len > 0 && write(fd, words, len) != (ssize_t)len))
		return false;
	while (got < skip + 4 && poll(&ready, 1, OPENS_MS) > 0) {
		ssize_t n = read(fd, answer + got, sizeof(answer) - 1 - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return got >= skip + 4 && memcmp(answer + skip, "SSH-", 4) == 0;
}

/* ssh -N with a forwarding, for as long as a probe takes. */
static struct session *
forward(const struct bastion *b, const char *flag, const char *what)
{
	return session_start(ARGV("ssh", "-F", b->ssh_config, "-N", "-T", "-o",
	    "ExitOnForwardFailure=yes", flag, what, "bastion"));
}

static bool
local_forward_opens(const struct bastion *b)
{
	int port = free_port();
	struct session *s = forward(
	    b, "-L", text("127.0.0.1:%d:127.0.0.1:%d", port, b->port));
	bool open = greets(s, port, "", 0, 0);

	session_kill(s);
	return open;
}

Test(channels, local_forward)
{
	cr_assert(local_forward_opens(open_one()), "the probe does not work");
	cr_assert_not(local_forward_opens(guarded()));
}

static bool
dynamic_forward_opens(const struct bastion *b)
{
	int port = free_port();
	struct session *s = forward(b, "-D", text("127.0.0.1:%d", port));
	/* SOCKS 4: connect to 127.0.0.1:port as nobody. */
	const unsigned char hello[] = {4, 1, (unsigned char)(b->port >> 8),
	    (unsigned char)b->port, 127, 0, 0, 1, 0};
	bool open = greets(s, port, hello, sizeof(hello), 8);

	session_kill(s);
	return open;
}

Test(channels, dynamic_forward)
{
	cr_assert(dynamic_forward_opens(open_one()), "the probe does not work");
	cr_assert_not(dynamic_forward_opens(guarded()));
}

/* Closes its standard input at once, and the server that greeted hangs up. */
static struct run *
standard_forward(const struct bastion *b)
{
	return run(ARGV("ssh", "-F", b->ssh_config, "-W",
		       text("127.0.0.1:%d", b->port), "bastion"),
	    NULL, 0);
}

Test(channels, standard_input_forward)
{
	struct run *r = standard_forward(open_one());

	assert_says(r->out, "SSH-2.0");
	r = standard_forward(guarded());
	cr_assert_str_empty(r->out);
}

/* Jumps through the bastion to the bastion itself. */
static struct run *
jump(const struct bastion *b)
{
	char *config = text("%s/jump_config", b->dir);

	write_text(config,
	    text("%s\nHost beyond\n    HostName 127.0.0.1\n"
		 "    HostKeyAlias bastion\n    ProxyJump bastion\n"
		 "    Port %d\n    User %s\n    IdentityFile %s/%%r\n"
		 "    UserKnownHostsFile %s/known_hosts\n    LogLevel ERROR\n",
		read_text(b->ssh_config), b->port, b->me, getenv("TFA_KEYS"),
		b->dir));
	return run(
	    ARGV("ssh", "-F", config, "-T", "beyond", "echo inside"), NULL, 0);
}

Test(channels, jump)
{
	struct run *r = jump(open_one());

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
	r = jump(guarded());
	assert_status(r, 255);
	cr_assert_str_empty(r->out);
}

static bool
remote_forward_opens(const struct bastion *b)
{
	int port = free_port();
	struct session *s = forward(
	    b, "-R", text("127.0.0.1:%d:127.0.0.1:%d", port, b->port));
	bool open = greets(s, port, "", 0, 0);

	session_kill(s);
	return open;
}

Test(channels, remote_forward)
{
	cr_assert(remote_forward_opens(open_one()), "the probe does not work");
	cr_assert_not(remote_forward_opens(guarded()));
}

/* A folder in which the user may put a socket. */
static char *
socket_path(const struct bastion *b)
{
	char *folder = text("%s/open", b->dir);

	cr_assert_eq(mkdir(folder, 0777), 0);
	cr_assert_eq(chmod(folder, 0777), 0);
	return text("%s/socket", folder);
}

static bool
unix_forward_opens(const struct bastion *b)
{
	char *path = socket_path(b);
	struct session *s = forward(
	    b, "-R", text("%s:127.0.0.1:%d", path, b->port));
	bool open = false;

	for (int i = 0; i < OPENS_MS / 10 && !open; i++) {
		open = access(path, F_OK) == 0;
		if (session_ends(s, 10))
			break;
	}
	session_kill(s);
	return open;
}

Test(channels, remote_forward_of_a_unix_socket)
{
	cr_assert(unix_forward_opens(open_one()), "the probe does not work");
	cr_assert_not(unix_forward_opens(guarded()));
}

/* A session that has passed does not open it either. */
Test(channels, agent_after_the_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = code_at(secret, step_now());
	struct run *r = ssh_run(b, b->me, ARGV("-A", "-o", with_code(code)),
	    "echo \"<$SSH_AUTH_SOCK><$DISPLAY>\"", NULL);

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "<><>\n");
}

/* sshd would offer X11 if the rest of its configuration decided. */
#define X11 "X11Forwarding yes\nXAuthLocation /bin/true\n"

static struct run *
display(const struct bastion *b, const char *option)
{
	return ssh_run(b, b->me,
	    ARGV("-o", "ForwardX11=yes", "-o", "ForwardX11Trusted=yes", "-o",
		option),
	    "echo \"<$DISPLAY>\"", NULL);
}

Test(channels, x11_after_the_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .before = X11);
	const char *secret = fixture_enrol(b, b->me);
	struct run *r;

	setenv("DISPLAY", "127.0.0.1:0", 1);
	r = display(
	    bastion_open(.no_gate = true, .before = X11), "Compression=no");
	cr_assert_neq(strcmp(r->out, "<>\n"), 0, "the probe does not work");
	r = display(b, with_code(code_at(secret, step_now())));
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "<>\n");
}
