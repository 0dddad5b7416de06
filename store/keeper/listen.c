/*
 * Takes connections in, and has them wait until the pool (pool.h) serves them.
 *
 * A connection costs no process until its request has come: the parent polls
 * all that wait.  One uid may have UID_WAITING connections, so that nobody
 * keeps others out; ROOT_WAITING are kept for root, and all uids that no user
 * has count as one.  Uids that are not known yet share NEW_WAITING: a user
 * namespace has thousands of them.  A connection that waits longer than WAIT_MS
 * for the pool, or a uid that comes too often (rate.h), is told to try later.
 *
 * When it is told to stop, it takes no connection in any more and has those
 * that it has answered, so that no login notices a restart; for DRAIN_MS at
 * most.  It stops by itself once its program was replaced, if systemd holds the
 * socket: the next connection waits there, and systemd starts the new program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "store/fleet/bastion.h"
#include "store/keeper/keeper.h"
#include "store/base/clock.h"
#include "store/keeper/pool.h"
#include "store/keeper/program.h"
#include "store/keeper/worker.h"
#include "store/wire/protocol.h"

#define WAITING      512
#define ROOT_WAITING 32
#define UID_WAITING  64
#define NEW_WAITING  128
#define WAIT_MS      5000
#define POLL_MS      60000
#define DRAIN_MS     10000
#define ACCEPTS      128 /* connections taken in, in one turn */

struct waiting {
	int fd;
	uid_t uid;
	bool is_new; /* no worker has said yet whether a user has this uid */
	bool ready;  /* the request has come; waits for a slot */
	int64_t until_ms;
};

struct listener {
	int fd; /* the socket that listens; -1 once the keeper is to stop */
	struct program program;
	bool replaced; /* another program has taken its place; that is logged */
	bool leaves;   /* it takes no connection any more, and ends */
	struct waiting waiting[WAITING];
	size_t waiting_count;
	struct pool pool;
	struct rates rates;
	int64_t beat_ms; /* when keeper_beat() is due */
};

static volatile sig_atomic_t stopping;

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
}

/* Its only use is to interrupt poll(2). */
static void
on_child(int sig)
{
	(void)sig;
}

/* Does not wait for a peer that takes nothing.  Reads a byte of the request first:
 * with a request unread, the kernel would drop the answer. */
static void
refuse_busy(int fd)
{
	static const char busy[] =
	    "{\"v\":1,\"verdict\":\"deny\",\"reason\":\"busy\",\"message\":"
	    "\"The server is busy: try again in a moment.\"}";

	char byte;

	(void)recv(fd, &byte, 1, MSG_DONTWAIT);
	send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static bool
may_wait(const struct listener *l, const struct rate *rate, bool is_new)
{
	size_t same = 0, new = 0;

	if (rate->uid == 0)
		return l->waiting_count < WAITING;
	for (size_t i = 0; i < l->waiting_count; i++) {
		same += l->waiting[i].uid == rate->uid;
		new += l->waiting[i].is_new;
	}
	return !rate_is_over(rate) && same < UID_WAITING &&
	    (!is_new || new < NEW_WAITING) &&
	    l->waiting_count < WAITING - ROOT_WAITING;
}

static void
take_in(struct listener *l, int fd)
{
	struct timeval limit = {.tv_sec = 5};
	const struct rate *rate;
	bool is_new;
	uid_t uid;
	pid_t pid;

	if (!packet_peer(fd, &uid, &pid)) {
		close(fd);
		return;
	}
	rate = rate_connection(&l->rates, uid, clock_ms());
	is_new = rate->standing == STANDING_NEW;
	if (!may_wait(l, rate, is_new)) {
		refuse_busy(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	l->waiting[l->waiting_count++] = (struct waiting){.fd = fd,
	    .uid = rate->uid,
	    .is_new = is_new,
	    .until_ms = clock_ms() + RECEIVE_MS};
}

/* Takes many in at once, so that nobody waits long behind a flood, but not for
 * as long as the flood lasts. */
static void
accept_some(struct listener *l)
{
	int fd;

	for (int i = 0; i < ACCEPTS; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return;
		take_in(l, fd);
	}
}

/* A keeper that nobody would start again goes on. */
static void
say_replaced(struct listener *l)
{
	l->replaced = true;
	l->leaves = l->pool.keeper->activated;
	syslog(LOG_NOTICE, "%s was replaced: %s", l->program.path,
	    l->leaves ? "this process ends, and systemd starts the new one"
		      : "this process goes on with the program that it was "
			"started with; stop it and start the new one");
}

/* A keeper that leaves takes none: they wait for the next one. */
static void
take_connections(struct listener *l)
{
	if (!l->replaced && program_is_replaced(&l->program))
		say_replaced(l);
	if (!l->leaves)
		accept_some(l);
}

static void
drop(struct listener *l, size_t i)
{
	memmove(&l->waiting[i], &l->waiting[i + 1],
	    (l->waiting_count - i - 1) * sizeof(l->waiting[0]));
	l->waiting_count--;
}

static void
start_serving(struct listener *l, size_t i)
{
	struct waiting w = l->waiting[i];
	const struct rate *rate = rate_of(&l->rates, w.uid, clock_ms());
	struct conduct conduct = {.quiet = rate_is_quiet(rate),
	    .quiet_claims = rate_is_quiet_of_claims(rate),
	    .suppressed = rate->suppressed};

	drop(l, i);
	if (pool_serve(&l->pool, w.fd, w.uid, w.is_new, &conduct, clock_ms()))
		close(w.fd);
	else
		refuse_busy(w.fd);
}

/* Has those served that are ready and have a slot, and refuses those that have
 * waited too long. */
static void
advance(struct listener *l)
{
	int64_t now = clock_ms();

	for (size_t i = 0; i < l->waiting_count;) {
		struct waiting *w = &l->waiting[i];

		if (w->ready && pool_has_slot(&l->pool, w->uid, w->is_new)) {
			start_serving(l, i);
		} else if (w->until_ms <= now) {
			refuse_busy(w->fd);
			drop(l, i);
		} else {
			i++;
		}
	}
}

/* Has a process do what is due once a minute in a fleet.  If it cannot be made, it
 * is due again a minute later. */
static void
beat(struct listener *l)
{
	const struct keeper *keeper = l->pool.keeper;
	int64_t now = clock_ms();

	if (keeper->fleet == NULL || l->pool.draining || now < l->beat_ms)
		return;
	l->beat_ms = now + BASTION_EACH_S * INT64_C(1000);
	if (fork() == 0)
		worker_beat(keeper, &l->pool.normal);
}

/* How long poll(2) may wait: until the time of a connection that waits, or of a
 * worker that is idle, is over. */
static struct timespec
patience(const struct listener *l, int64_t most_ms)
{
	int64_t now = clock_ms(), left_ms = pool_patience(&l->pool, now);

	if (l->pool.keeper->fleet != NULL && l->beat_ms - now < left_ms)
		left_ms = l->beat_ms - now;
	if (left_ms > most_ms)
		left_ms = most_ms;
	for (size_t i = 0; i < l->waiting_count; i++)
		if (l->waiting[i].until_ms - now < left_ms)
			left_ms = l->waiting[i].until_ms - now;
	if (left_ms < 0)
		left_ms = 0;
	return (struct timespec){.tv_sec = left_ms / 1000,
	    .tv_nsec = (long)(left_ms % 1000) * 1000000};
}

/* True if the peer sent something, rather than hung up. */
static bool
has_request(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Goes from the last to the first, since those that hung up are taken out. */
static void
look_at_waiting(struct listener *l, const struct pollfd *fds, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		if (fds[i].revents == 0)
			continue;
		if (has_request(l->waiting[i].fd)) {
			l->waiting[i].ready = true;
			l->waiting[i].until_ms = clock_ms() + WAIT_MS;
		} else {
			close(l->waiting[i].fd);
			drop(l, i);
		}
	}
}

static void
turn(struct listener *l, int64_t most_ms)
{
	struct pollfd fds[1 + POOL_MAX + WAITING];
	struct pollfd *lines = fds + 1, *waiting = lines + l->pool.count;
	struct timespec limit = patience(l, most_ms);
	size_t waiting_count = l->waiting_count;

	fds[0] = (struct pollfd){.fd = l->fd, .events = POLLIN};
	pool_watch(&l->pool, lines);
	for (size_t i = 0; i < waiting_count; i++)
		waiting[i] = (struct pollfd){
		    .fd = l->waiting[i].ready ? -1 : l->waiting[i].fd,
		    .events = POLLIN};
	if (ppoll(fds, 1 + l->pool.count + waiting_count, &limit,
		&l->pool.normal) > 0) {
		pool_hear(&l->pool, lines, &l->rates, clock_ms());
		look_at_waiting(l, waiting, waiting_count);
		if (fds[0].revents != 0)
			take_connections(l);
	}
	pool_reap(&l->pool, &l->rates, clock_ms());
	advance(l);
	beat(l);
}

static void
catch_signals(struct listener *l)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction child = {.sa_handler = on_child};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &l->pool.normal);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGCHLD, &child, NULL);
}

/* A second signal ends this at once. */
static void
drain(struct listener *l)
{
	int64_t end_ms = clock_ms() + DRAIN_MS, left_ms;

	stopping = 0;
	/* Closing would hang up on those in the queue, unless systemd keeps the
	 * socket. */
	if (!l->leaves)
		accept_some(l);
	close(l->fd);
	l->fd = -1;
	pool_drain(&l->pool);
	while (!stopping && l->waiting_count + l->pool.count > 0 &&
	    (left_ms = end_ms - clock_ms()) > 0)
		turn(l, left_ms);
}

int
keeper_listen(const struct keeper *keeper, int fd)
{
	static struct listener l;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return 1;
	l.pool.keeper = keeper;
	l.fd = fd;
	if (!program_note(&l.program, "/proc/self/exe"))
		syslog(LOG_NOTICE,
		    "the file of this program was replaced while it started, "
		    "or is not seen: it is not told apart from a newer one");
	catch_signals(&l);
	while (!stopping && !l.leaves)
		turn(&l, POLL_MS);
	drain(&l);
	return 0;
}
