#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/own/relay.h"

#define FLOW_BYTES 65536

/* One direction. */
struct flow {
	int from, to;
	bool reads;  /* from has not ended */
	bool writes; /* to was not told the end, and takes more */
	int error;   /* with which from ended, or 0 */
	size_t begin, end;
	char bytes[FLOW_BYTES];
};

static void
flow_begin(struct flow *flow, int from, int to)
{
	flow->from = from;
	flow->to = to;
	flow->reads = flow->writes = true;
	flow->error = 0;
	flow->begin = flow->end = 0;
}

static bool
has_bytes(const struct flow *flow)
{
	return flow->writes && flow->begin < flow->end;
}

static bool
has_room(const struct flow *flow)
{
	return flow->reads && flow->writes && flow->end < FLOW_BYTES;
}

static bool
is_passing(int error)
{
	return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

static void
flow_read(struct flow *flow)
{
	ssize_t n = read(
	    flow->from, flow->bytes + flow->end, FLOW_BYTES - flow->end);

	if (n > 0) {
		flow->end += (size_t)n;
	} else if (n == 0 || !is_passing(errno)) {
		flow->reads = false;
		flow->error = n < 0 ? errno : 0;
	}
}

/* Writes what fits without waiting.  A pipe that is ready takes PIPE_BUF. */
static ssize_t
put(int to, const char *bytes, size_t len)
{
	ssize_t n = send(to, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno != ENOTSOCK)
		return n;
	return write(to, bytes, len < PIPE_BUF ? len : PIPE_BUF);
}

static void
flow_write(struct flow *flow)
{
	ssize_t n = put(
	    flow->to, flow->bytes + flow->begin, flow->end - flow->begin);

	if (n < 0) {
		flow->writes = is_passing(errno);
		return;
	}
	flow->begin += (size_t)n;
	if (flow->begin == flow->end)
		flow->begin = flow->end = 0;
}

/* Tells to that no more comes.  in and out may be one socket, which a close of
 * out would not end. */
static void
flow_end(struct flow *flow)
{
	if (flow->reads || !flow->writes || has_bytes(flow))
		return;
	if (shutdown(flow->to, SHUT_WR) < 0 && errno == ENOTSOCK)
		close(flow->to);
	flow->writes = false;
}

enum side { SIDE_IN, SIDE_OUT, SIDE_NET, SIDES };

/* A side of which nothing is wanted is not looked at: poll(2) would report its
 * end again and again.  Only of out the end counts at any time. */
static void
relay_wants(const struct flow *up, const struct flow *down,
    struct pollfd ret[static SIDES])
{
	short net = (short)((has_bytes(up) ? POLLOUT : 0) |
	    (has_room(down) ? POLLIN : 0));

	ret[SIDE_IN] = (struct pollfd){
	    .fd = has_room(up) ? up->from : -1, .events = POLLIN};
	ret[SIDE_OUT] = (struct pollfd){.fd = down->writes ? down->to : -1,
	    .events = has_bytes(down) ? POLLOUT : 0};
	ret[SIDE_NET] = (struct pollfd){
	    .fd = net != 0 ? up->to : -1, .events = net};
}

/* False where nobody reads out any more. */
static bool
relay_step(struct flow *up, struct flow *down, const struct pollfd sides[])
{
	const short gone = POLLERR | POLLHUP | POLLNVAL;
	short net = sides[SIDE_NET].revents;

	if ((sides[SIDE_OUT].revents & gone) != 0)
		return false;
	if (sides[SIDE_IN].revents != 0)
		flow_read(up);
	if ((net & (POLLOUT | gone)) != 0 && has_bytes(up))
		flow_write(up);
	if ((net & (POLLIN | gone)) != 0 && has_room(down))
		flow_read(down);
	if (down->error != 0)
		up->writes = false; /* it broke off, in both directions */
	if ((sides[SIDE_OUT].revents & POLLOUT) != 0) {
		flow_write(down);
		if (!down->writes)
			return false;
	}
	flow_end(up);
	flow_end(down);
	return true;
}

int
relay(int in, int out, int net, int silent_ms)
{
	static struct flow up, down;
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct pollfd sides[SIDES];

	flow_begin(&up, in, net);
	flow_begin(&down, net, out);
	sigaction(SIGPIPE, &ignore, NULL);
	while (up.writes || down.writes) {
		int ready,
		    wait_ms = down.writes || has_bytes(&up) ? -1 : silent_ms;

		relay_wants(&up, &down, sides);
		ready = poll(sides, SIDES, wait_ms);
		if (ready < 0 && errno != EINTR)
			return errno;
		if (ready == 0 || (ready > 0 && !relay_step(&up, &down, sides)))
			break;
	}
	return up.reads ? down.error : 0;
}
