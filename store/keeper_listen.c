/*
 * Who may connect, how many at once, and a forked child for each connection:
 * for one request, or for a login and the code that follows at once.
 *
 * A connection costs no process until its request has come: the parent polls
 * all that wait.  One uid may have UID_SLOTS children and UID_WAITING
 * connections, so that nobody keeps others out; some slots are root's alone,
 * and all uids that no user has count as one.  Those that are not known yet
 * share NEW_SLOTS and NEW_WAITING: a user namespace has thousands of them.
 * Whoever must wait longer than WAIT_MS for a slot, or comes too often
 * (keeper_rate.h), is told to try later.
 *
 * Told to stop, it takes nobody in any more and answers those that it has, so
 * that no login notices a restart; DRAIN_MS at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "keeper_confine.h"

#define SLOTS        128 /* children at once */
#define ROOT_SLOTS   16  /* of them kept for root */
#define UID_SLOTS    8
#define NEW_SLOTS    32
#define WAITING      512
#define ROOT_WAITING 32
#define UID_WAITING  64
#define NEW_WAITING  128
#define WAIT_MS      5000
#define POLL_MS      60000
#define DRAIN_MS     10000
#define ACCEPTS      128 /* in one turn */
#define CHILD_FILES  128

struct waiting {
	int fd;
	uid_t uid;
	bool is_new; /* no child has said yet whether a user has this uid */
	bool ready;  /* the request has come; waits for a slot */
	int64_t until_ms;
};

struct child {
	pid_t pid;
	uid_t uid;
	bool is_new;
	int64_t suppressed; /* that it was told to log */
};

struct listener {
	const struct keeper *keeper;
	int fd;
	struct waiting waiting[WAITING];
	size_t waiting_count;
	struct child children[SLOTS];
	size_t child_count;
	struct rates rates;
	sigset_t normal; /* the signal mask outside of poll */
};

static volatile sig_atomic_t stopping;

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
}

/* Only to interrupt poll. */
static void
on_child(int sig)
{
	(void)sig;
}

static int64_t
now_ms(void)
{
	struct timespec ts = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Does not wait for a peer that takes nothing.  What it sent is taken first:
 * unread, it would make the kernel drop the answer. */
static void
refuse(int fd)
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
	rate = rate_connection(&l->rates, uid, now_ms());
	is_new = rate->standing == STANDING_NEW;
	if (!may_wait(l, rate, is_new)) {
		refuse(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	l->waiting[l->waiting_count++] = (struct waiting){.fd = fd,
	    .uid = rate->uid,
	    .is_new = is_new,
	    .until_ms = now_ms() + RECEIVE_MS};
}

/* Many at once, so that nobody stands long behind a flood; but not for as
 * long as it lasts. */
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

static void
drop(struct listener *l, size_t i)
{
	memmove(&l->waiting[i], &l->waiting[i + 1],
	    (l->waiting_count - i - 1) * sizeof(l->waiting[0]));
	l->waiting_count--;
}

static bool
has_slot(const struct listener *l, const struct waiting *w)
{
	size_t same = 0, new = 0;

	if (w->uid == 0)
		return l->child_count < SLOTS;
	for (size_t i = 0; i < l->child_count; i++) {
		same += l->children[i].uid == w->uid;
		new += l->children[i].is_new;
	}
	return same < UID_SLOTS && (!w->is_new || new < NEW_SLOTS) &&
	    l->child_count < SLOTS - ROOT_SLOTS;
}

/* The child's half: default signals, nobody else's connections, and no writing
 * but in the store; where the kernel cannot do that, the parent said so. */
static void
be_child(struct listener *l, int fd, const struct conduct *conduct)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};

	sigaction(SIGTERM, &standard, NULL);
	sigaction(SIGINT, &standard, NULL);
	sigaction(SIGCHLD, &standard, NULL);
	sigprocmask(SIG_SETMASK, &l->normal, NULL);
	if (l->fd >= 0)
		close(l->fd);
	if (l->keeper->lock >= 0)
		close(l->keeper->lock);
	for (size_t i = 0; i < l->waiting_count; i++)
		if (l->waiting[i].fd != fd)
			close(l->waiting[i].fd);
	keeper_limit_files(CHILD_FILES);
	(void)keeper_confine_writes(l->keeper->store);
	_exit(keeper_serve(l->keeper, fd, conduct));
}

static void
start(struct listener *l, size_t i)
{
	struct waiting w = l->waiting[i];
	const struct rate *rate = rate_of(&l->rates, w.uid, now_ms());
	struct conduct conduct = {.quiet = rate_is_quiet(rate),
	    .quiet_claims = rate_is_quiet_of_claims(rate),
	    .suppressed = rate->suppressed};
	pid_t pid = fork();

	if (pid == 0)
		be_child(l, w.fd, &conduct);
	drop(l, i);
	if (pid < 0) {
		refuse(w.fd);
		return;
	}
	close(w.fd);
	l->children[l->child_count++] = (struct child){.pid = pid,
	    .uid = w.uid,
	    .is_new = w.is_new,
	    .suppressed = conduct.suppressed};
}

static void
settle(struct listener *l, const struct child *child, int status)
{
	if (!WIFEXITED(status))
		syslog(LOG_WARNING, "a child was killed by signal %d",
		    WTERMSIG(status));
	else
		rate_settle(&l->rates, child->uid, WEXITSTATUS(status),
		    child->suppressed, now_ms());
}

static void
reap(struct listener *l)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < l->child_count; i++)
			if (l->children[i].pid == pid) {
				settle(l, &l->children[i], status);
				l->children[i] = l->children[--l->child_count];
				break;
			}
}

/* Starts what is ready and has a slot, ends what has waited too long. */
static void
advance(struct listener *l)
{
	int64_t now = now_ms();

	for (size_t i = 0; i < l->waiting_count;) {
		struct waiting *w = &l->waiting[i];

		if (w->ready && has_slot(l, w)) {
			start(l, i);
		} else if (w->until_ms <= now) {
			refuse(w->fd);
			drop(l, i);
		} else {
			i++;
		}
	}
}

/* Until the first of those that wait has waited long enough. */
static struct timespec
patience(const struct listener *l, int64_t most_ms)
{
	int64_t least_ms = most_ms, now = now_ms();

	for (size_t i = 0; i < l->waiting_count; i++)
		if (l->waiting[i].until_ms - now < least_ms)
			least_ms = l->waiting[i].until_ms - now;
	if (least_ms < 0)
		least_ms = 0;
	return (struct timespec){
	    .tv_sec = least_ms / 1000, .tv_nsec = least_ms % 1000 * 1000000};
}

/* Whether the peer sent something, rather than hung up. */
static bool
has_request(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* From the last to the first, since those that hung up are taken out. */
static void
look_at(struct listener *l, const struct pollfd *fds, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		if (fds[i].revents == 0)
			continue;
		if (has_request(l->waiting[i].fd)) {
			l->waiting[i].ready = true;
			l->waiting[i].until_ms = now_ms() + WAIT_MS;
		} else {
			close(l->waiting[i].fd);
			drop(l, i);
		}
	}
}

static void
turn(struct listener *l, int64_t most_ms)
{
	struct pollfd fds[WAITING + 1];
	struct timespec limit = patience(l, most_ms);
	size_t count = l->waiting_count;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){
		    .fd = l->waiting[i].ready ? -1 : l->waiting[i].fd,
		    .events = POLLIN};
	fds[count] = (struct pollfd){.fd = l->fd, .events = POLLIN};
	if (ppoll(fds, count + 1, &limit, &l->normal) > 0) {
		look_at(l, fds, count);
		if (fds[count].revents != 0)
			accept_some(l);
	}
	reap(l);
	advance(l);
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
	sigprocmask(SIG_BLOCK, &blocked, &l->normal);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGCHLD, &child, NULL);
}

/* A second signal does not wait. */
static void
drain(struct listener *l)
{
	int64_t end_ms = now_ms() + DRAIN_MS, left_ms;

	stopping = 0;
	accept_some(l); /* closing would hang up on who is in the queue */
	close(l->fd);
	l->fd = -1;
	while (!stopping && l->waiting_count + l->child_count > 0 &&
	    (left_ms = end_ms - now_ms()) > 0)
		turn(l, left_ms);
}

int
keeper_listen(const struct keeper *keeper, int fd)
{
	static struct listener l;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return 1;
	l.keeper = keeper;
	l.fd = fd;
	catch_signals(&l);
	while (!stopping)
		turn(&l, POLL_MS);
	drain(&l);
	return 0;
}
