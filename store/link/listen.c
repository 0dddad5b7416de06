#include "store/link/listen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"

#define CLIENTS  256 /* as many requests in flight */
#define STOP_MS  6000
#define ACCEPTS  64
#define DRAIN_MS 50

struct client {
	int fd;
	bool busy;   /* with a task */
	bool status; /* with a "status" */
};

struct listener {
	struct engine *engine;
	struct upkeep *upkeep;
	int fd, signals;
	uid_t keeper;
	struct client clients[CLIENTS];
	struct pollfd fds[2 + CLIENTS];
	bool away; /* as it was logged */
	char packet[LINK_PACKET + 2];
};

static void
close_client(struct client *client)
{
	close(client->fd);
	*client = (struct client){.fd = -1};
}

/* A peer that does not take its answers is let go. */
static void
send_answer(struct client *client, const struct json_out *answer)
{
	client->busy = client->status = false;
	if (answer->text == NULL || answer->len > LINK_PACKET ||
	    send(client->fd, answer->text, answer->len,
		MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)answer->len)
		close_client(client);
}

static void
refuse_client(struct client *client, enum link_end end, const char *why)
{
	struct json_out answer = json_out_begin(512);

	link_say(&answer, end, why);
	send_answer(client, &answer);
	json_text_free(&answer.text);
}

static void
on_done(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	(void)end;
	(void)result;
	send_answer(task->ctx, answer);
}

static void
take_request(
    struct listener *l, struct client *client, struct link_request *request)
{
	int64_t now_ms = clock_ms();
	struct task *task;

	client->busy = true;
	if (request->op == LINK_STATUS) {
		client->status = true;
		upkeep_poll(l->upkeep, now_ms);
		return;
	}
	task = task_of(l->engine, request, now_ms + request->wait_ms);
	if (task == NULL) {
		refuse_client(client, LINK_AWAY, "tfa-link has no memory left");
		return;
	}
	task->done = on_done;
	task->ctx = client;
	engine_add(l->engine, task, now_ms);
}

static void
read_client(struct listener *l, struct client *client)
{
	ssize_t len = recv(
	    client->fd, l->packet, LINK_PACKET + 1, MSG_DONTWAIT | MSG_TRUNC);
	struct link_request request;
	const char *why;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		close_client(client);
	} else if (len > LINK_PACKET) {
		refuse_client(client, LINK_REFUSED, "the packet is too long");
	} else {
		l->packet[len] = '\0';
		if (link_request_read(l->packet, (size_t)len, &request, &why) ==
		    FAULT_NONE)
			take_request(l, client, &request);
		else
			refuse_client(client, LINK_REFUSED, why);
		link_request_done(&request);
	}
}

/* The kernel says who asks. */
static bool
may_ask(const struct listener *l, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    len == sizeof(peer) && (peer.uid == 0 || peer.uid == l->keeper);
}

static struct client *
free_client(struct listener *l)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (l->clients[i].fd < 0)
			return &l->clients[i];
	return NULL;
}

static void
take_client(struct listener *l, int fd)
{
	struct client *client = free_client(l), spare = {.fd = fd};

	if (!may_ask(l, fd)) {
		close(fd);
		return;
	}
	if (client != NULL) {
		*client = spare;
		return;
	}
	refuse_client(&spare, LINK_AWAY, "too many connections to tfa-link");
	if (spare.fd >= 0)
		close(spare.fd);
}

static void
accept_clients(struct listener *l)
{
	for (int i = 0; i < ACCEPTS; i++) {
		int fd = accept4(
		    l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		take_client(l, fd);
	}
}

/* One line when etcd goes away, and one when it is back. */
static void
log_away(struct listener *l, int64_t now_ms)
{
	bool away = endpoints_are_away(&l->engine->endpoints, now_ms);
	char why[LINK_WHY];

	if (away == l->away)
		return;
	l->away = away;
	engine_away(l->engine, why);
	if (away)
		syslog(LOG_ERR, "%s", why);
	else
		syslog(LOG_NOTICE, "etcd answers again");
}

static void
answer_statuses(struct listener *l, int64_t now_ms)
{
	struct json_out answer = json_out_begin(4096);
	struct timespec ts = {0, 0};

	clock_gettime(CLOCK_REALTIME, &ts);
	upkeep_say(l->upkeep, now_ms, (int64_t)ts.tv_sec, &answer);
	for (size_t i = 0; i < CLIENTS; i++)
		if (l->clients[i].fd >= 0 && l->clients[i].status)
			send_answer(&l->clients[i], &answer);
	json_text_free(&answer.text);
}

static bool
wants_status(const struct listener *l)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (l->clients[i].fd >= 0 && l->clients[i].status)
			return true;
	return false;
}

/* A client with a request is not read from: its answers come in order. */
static unsigned
watch(struct listener *l, struct client *ret[static CLIENTS])
{
	unsigned count = 2;

	l->fds[0] = (struct pollfd){.fd = l->signals, .events = POLLIN};
	l->fds[1] = (struct pollfd){.fd = l->fd, .events = POLLIN};
	for (size_t i = 0; i < CLIENTS; i++)
		if (l->clients[i].fd >= 0 && !l->clients[i].busy) {
			ret[count - 2] = &l->clients[i];
			l->fds[count++] = (struct pollfd){
			    .fd = l->clients[i].fd, .events = POLLIN};
		}
	return count;
}

/* True once it is to stop. */
static bool
link_turn(struct listener *l)
{
	struct client *watched[CLIENTS];
	unsigned count = watch(l, watched);
	int64_t now_ms = clock_ms();
	int wait_ms = engine_wait_ms(
	    l->engine, now_ms, upkeep_wait_ms(l->upkeep, now_ms));

	http_wait(l->engine->http, l->fds, count, wait_ms);
	for (unsigned i = 2; i < count; i++)
		if (l->fds[i].revents != 0)
			read_client(l, watched[i - 2]);
	if (l->fds[1].revents != 0)
		accept_clients(l);
	now_ms = clock_ms();
	upkeep_turn(l->upkeep, now_ms);
	engine_turn(l->engine, now_ms);
	if (wants_status(l) && !upkeep_is_polling(l->upkeep))
		answer_statuses(l, now_ms);
	log_away(l, now_ms);
	return l->fds[0].revents != 0;
}

/* Answers what it was asked; nobody new is taken in. */
static void
finish_requests(struct listener *l)
{
	int64_t end_ms = clock_ms() + STOP_MS;

	close(l->fd);
	for (size_t i = 0; i < CLIENTS; i++)
		if (l->clients[i].fd >= 0 && !l->clients[i].busy)
			close_client(&l->clients[i]);
	while (!engine_is_idle(l->engine) && clock_ms() < end_ms) {
		http_wait(l->engine->http, l->fds, 0, DRAIN_MS);
		engine_turn(l->engine, clock_ms());
	}
}

void
link_listen(struct engine *engine, struct upkeep *upkeep, int fd, uid_t keeper)
{
	static struct listener l;
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	l = (struct listener){
	    .engine = engine, .upkeep = upkeep, .fd = fd, .keeper = keeper};
	for (size_t i = 0; i < CLIENTS; i++)
		l.clients[i].fd = -1;
	l.signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l.signals < 0)
		return;
	while (!link_turn(&l))
		;
	finish_requests(&l);
}
