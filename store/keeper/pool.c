#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "store/keeper/pool.h"
#include "store/keeper/worker.h"

static size_t
count_of(const struct pool *pool, enum work work)
{
	size_t count = 0;

	for (size_t i = 0; i < pool->count; i++)
		count += pool->workers[i].work == work;
	return count;
}

bool
pool_has_slot(const struct pool *pool, uid_t uid, bool is_new)
{
	size_t busy = pool->count - count_of(pool, WORK_NONE);
	size_t same = 0, new = 0;

	if (uid == 0)
		return busy < SLOTS;
	for (size_t i = 0; i < pool->count; i++) {
		const struct worker *worker = &pool->workers[i];

		same += worker->work == WORK_SERVES && worker->uid == uid;
		new += worker->work == WORK_SERVES && worker->is_new;
	}
	return same < UID_SLOTS && (!is_new || new < NEW_SLOTS) &&
	    busy < SLOTS - ROOT_SLOTS;
}

/* Closing the line makes the worker at its other end exit. */
static void
end_worker(struct worker *worker)
{
	worker->work = WORK_ENDS;
	if (worker->line >= 0)
		close(worker->line);
	worker->line = -1;
}

/* Forks a worker that serves fd; NULL if that fails. */
static struct worker *
spawn(struct pool *pool, int fd, const struct conduct *conduct)
{
	struct worker *worker = &pool->workers[pool->count];
	struct stat store = {.st_ino = 0};
	int pair[2];
	pid_t pid;

	(void)stat(pool->keeper->store, &store);
	if (pool->count == POOL_MAX ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		worker_run(pool->keeper, &pool->normal, pair[1], fd, conduct);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	pool->count++;
	*worker = (struct worker){.pid = pid, .line = pair[0], .store = store};
	return worker;
}

/* True if the store is still the folder that the worker was forked for. */
static bool
has_store(const struct pool *pool, const struct worker *worker)
{
	struct stat now = {.st_ino = 0};

	(void)stat(pool->keeper->store, &now);
	return now.st_dev == worker->store.st_dev &&
	    now.st_ino == worker->store.st_ino;
}

/* The worker that has been idle for the shortest time: the others may end. */
static struct worker *
find_idle(struct pool *pool)
{
	struct worker *found = NULL;

	for (size_t i = 0; i < pool->count; i++) {
		struct worker *worker = &pool->workers[i];

		if (worker->work == WORK_NONE &&
		    (found == NULL || worker->since_ms > found->since_ms))
			found = worker;
	}
	return found;
}

/* A worker that serves fd now.  An idle one that is gone is not missed. */
static struct worker *
employ(struct pool *pool, int fd, const struct conduct *conduct)
{
	struct worker *worker;

	while ((worker = find_idle(pool)) != NULL) {
		if (has_store(pool, worker) &&
		    worker_give(worker->line, fd, conduct))
			return worker;
		end_worker(worker);
	}
	return spawn(pool, fd, conduct);
}

bool
pool_serve(struct pool *pool, int fd, uid_t uid, bool is_new,
    const struct conduct *conduct, int64_t now_ms)
{
	struct worker *worker = employ(pool, fd, conduct);

	if (worker == NULL)
		return false;
	worker->work = WORK_SERVES;
	worker->since_ms = now_ms;
	worker->served++;
	worker->uid = uid;
	worker->is_new = is_new;
	worker->suppressed = conduct->suppressed;
	return true;
}

void
pool_watch(const struct pool *pool, struct pollfd *fds)
{
	for (size_t i = 0; i < pool->count; i++)
		fds[i] = (struct pollfd){
		    .fd = pool->workers[i].work == WORK_SERVES
			? pool->workers[i].line
			: -1,
		    .events = POLLIN};
}

/* Takes the worker's report, or 0 if it died before sending one. */
static void
hear_worker(struct pool *pool, struct worker *worker, struct rates *rates,
    int64_t now_ms)
{
	int report = worker_hear(worker->line);

	rate_settle(rates, worker->uid, report, worker->suppressed, now_ms);
	if ((report & REPORTED_CLEAN) == 0 || pool->draining ||
	    worker->served >= WORKER_MOST ||
	    count_of(pool, WORK_NONE) >= POOL_IDLE) {
		end_worker(worker);
		return;
	}
	worker->work = WORK_NONE;
	worker->since_ms = now_ms;
}

void
pool_hear(struct pool *pool, const struct pollfd *fds, struct rates *rates,
    int64_t now_ms)
{
	for (size_t i = 0; i < pool->count; i++)
		if (fds[i].revents != 0)
			hear_worker(pool, &pool->workers[i], rates, now_ms);
}

/* A worker that has ended: its last report may have come together with that. */
static void
bury(struct pool *pool, pid_t pid, int status, struct rates *rates,
    int64_t now_ms)
{
	struct worker *worker = pool->workers;

	if (!WIFEXITED(status))
		syslog(LOG_WARNING, "a worker was killed by signal %d",
		    WTERMSIG(status));
	while (worker < pool->workers + pool->count && worker->pid != pid)
		worker++;
	if (worker == pool->workers + pool->count)
		return;
	if (worker->work == WORK_SERVES)
		hear_worker(pool, worker, rates, now_ms);
	end_worker(worker);
	*worker = pool->workers[--pool->count];
}

void
pool_reap(struct pool *pool, struct rates *rates, int64_t now_ms)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		bury(pool, pid, status, rates, now_ms);
	if (pool_patience(pool, now_ms) > 0)
		return;
	for (size_t i = 0; i < pool->count; i++)
		if (pool->workers[i].work == WORK_NONE &&
		    now_ms - pool->workers[i].since_ms >= IDLE_MS)
			end_worker(&pool->workers[i]);
}

int64_t
pool_patience(const struct pool *pool, int64_t now_ms)
{
	int64_t left_ms = INT64_MAX;

	for (size_t i = 0; i < pool->count; i++) {
		int64_t ms = pool->workers[i].since_ms + IDLE_MS - now_ms;

		if (pool->workers[i].work == WORK_NONE && ms < left_ms)
			left_ms = ms;
	}
	return left_ms;
}

void
pool_drain(struct pool *pool)
{
	pool->draining = true;
	for (size_t i = 0; i < pool->count; i++)
		if (pool->workers[i].work == WORK_NONE)
			end_worker(&pool->workers[i]);
}
