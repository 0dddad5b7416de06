#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/scenario/site.h"

#define ACCEPT_S 15

struct site
site_of(struct bastion *b, const char *user)
{
	const char *secret = fixture_enrol(b, user);
	uint64_t step = step_now();
	struct site s = {.b = b,
	    .user = user,
	    .secret = secret,
	    .code = code_at(secret, step),
	    .later = code_at(secret, step + 1),
	    .wrong = code_wrong(secret),
	    .open = text("%s/open", b->dir)};

	fixture_folder(s.open, 0777, user);
	return s;
}

struct site
site_open(const char *more)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = more);

	return site_of(b, b->me);
}

char *
site_ssh(const struct site *s, const char *code)
{
	return code == NULL
	    ? text("ssh -F %s", s->b->ssh_config)
	    : text("ssh -F %s -o %s", s->b->ssh_config, with_code(code));
}

char *
site_beyond(const struct site *s, const char *code)
{
	struct bastion *inner = bastion_open(.no_gate = true);
	char *config = text("%s/beyond", inner->dir);

	write_text(config,
	    text("Host beyond\n    ProxyCommand %s bastion nc %%h %%p\n%s",
		site_ssh(s, code),
		strchr(read_text(inner->ssh_config), '\n') + 1));
	return config;
}

/* Serves one connection. True if it took the whole file. */
static bool
serve_one(int fd, const char *path)
{
	int peer = accept(fd, NULL, NULL);
	pid_t pid;

	if (peer < 0)
		run_child_fails("nobody came");
	pid = fork();
	if (pid == 0) {
		dup2(peer, 1);
		execlp("cat", "cat", path, (char *)NULL);
		_exit(127);
	}
	close(peer);
	return run_wait(pid, RUN_LIMIT_MS) == 0;
}

pid_t
site_serve(const char *path, int *ret_port)
{
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = ACCEPT_S};
	socklen_t size = sizeof(here);
	scoped_fd int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	if (bind(fd, (struct sockaddr *)&here, size) != 0 ||
	    listen(fd, 1) != 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &size) != 0 ||
	    setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		fail("no listener");
	*ret_port = ntohs(here.sin_port);
	pid = fork();
	if (pid != 0)
		return pid;
	/* A port scan, such as doctor's probe, may come first, and hang up. */
	while (!serve_one(fd, path))
		continue;
	_exit(0);
}

struct run *
site_shell(const char *script)
{
	return run(ARGV("timeout", "45", "sh", "-ec", script), NULL, 0);
}

const char *const *
site_at_home(const struct site *s, const char *script)
{
	const char **argv = calloc(8, sizeof(*argv));
	char *whole = text(
	    "mount --bind %s/home /root; export HOME=/root LC_ALL=C.UTF-8; "
	    "cd /root; %s",
	    s->b->dir, script);

	cr_assert_not_null(argv);
	memcpy(argv, ARGV("timeout", "45", "unshare", "-m", "sh", "-ec", whole),
	    7 * sizeof(*argv));
	return argv;
}

const char *const *
site_remote_ssh(const struct site *s, const char *config, const char *option,
    const char *host)
{
	const char **argv = calloc(6, sizeof(*argv));
	int port = s->b->port / 2;

	cr_assert_not_null(argv);
	memcpy(argv, ARGV("timeout", "45", "sh", "-ec", "", ""),
	    6 * sizeof(*argv));
	argv[5] = NULL;
	argv[4] = text(
	    "cd %s; rm -f script; mkfifo script; : >out; "
	    "ssh -F %s %s -T -D %d -o ExitOnForwardFailure=yes %s bash "
	    "<script >out & exec 3>script; echo 'echo ready' >&3; "
	    "n=0; until grep -q ready out || [ $((n+=1)) -gt 80 ]; do "
	    "kill -0 $! 2>/dev/null || break; sleep 0.1; done; "
	    "cat out; timeout 5 nc -d -X 5 -x 127.0.0.1:%d 127.0.0.1 %d "
	    "2>/dev/null | head -c 7 || :; "
	    "exec 3>&-; wait $!",
	    s->b->dir, config, option, port, host, port, s->b->port);
	return argv;
}

void
assert_holds(const char *path, const char *wanted)
{
	const char *content = read_text(path);

	cr_assert_not_null(content, "no %s", path);
	cr_assert_str_eq(content, wanted);
}

void
assert_nothing_in(const char *folder)
{
	struct run *r = run(ARGV("ls", "-A", folder), NULL, 0);

	assert_status(r, 0);
	cr_assert_str_empty(r->out);
}
