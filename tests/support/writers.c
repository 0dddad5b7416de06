#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/writers.h"

#define ROUNDS_MAX  2000
#define PROGRESS_MS 100000
#define PAD         1900 /* a record has some 2 KB */

static void *
shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("out of memory");
	return memory;
}

static pid_t
child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static char *
value_for(const char *key, int writer, long step)
{
	return text("%s of %d: %ld %0*d", key, writer, step, PAD, 0);
}

struct meeting {
	atomic_int arrived;
	atomic_int won[ROUNDS_MAX], wins[WRITERS_MAX], other;
};

/* Waits until all n are there for the time-th time. */
static void
meet(struct meeting *m, int n, int time)
{
	atomic_fetch_add(&m->arrived, 1);
	while (atomic_load(&m->arrived) < n * time)
		usleep(20);
}

_Noreturn static void
race(struct meeting *m, const struct link *l, int n, int me, int rounds)
{
	int fd = link_dial(l);

	for (int round = 0; round < rounds; round++) {
		scoped_free char *value = value_for("race", me, round);
		struct link_answer a;

		meet(m, n, 2 * round + 1);
		a = link_get(fd, "users/race");
		if (!link_is(&a, "ok"))
			run_child_fails("race: get: %s", a.all);
		meet(m, n, 2 * round + 2);
		a = link_put(fd, "users/race", a.mark, value);
		if (link_is(&a, "ok")) {
			atomic_fetch_add(&m->won[round], 1);
			atomic_fetch_add(&m->wins[me], 1);
		} else if (!link_is(&a, "stale")) {
			atomic_fetch_add(&m->other, 1);
		}
	}
	_exit(0);
}

struct race
writers_race(struct link *const links[], int n, int rounds)
{
	struct meeting *m = shared(sizeof(*m));
	struct race result = {0};
	pid_t pids[WRITERS_MAX];

	for (int i = 0; i < n; i++) {
		pids[i] = child();
		if (pids[i] == 0)
			race(m, links[i], n, i, rounds);
	}
	for (int i = 0; i < n; i++)
		if (run_wait(pids[i], RUN_LIMIT_MS) != 0)
			fail("a writer did not come to its end");
	for (int i = 0; i < rounds; i++) {
		result.once += m->won[i] == 1;
		result.twice += m->won[i] > 1;
		result.none += m->won[i] == 0;
	}
	for (int i = 0; i < n; i++)
		result.wins[i] = m->wins[i];
	result.other = m->other;
	munmap(m, sizeof(*m));
	return result;
}

struct writer {
	char key[32];
	pid_t pid;
	long tried;
	atomic_long told; /* the last step that was acknowledged */
	struct account account;
};

struct writers {
	atomic_int over;
	int n, n_links;
	struct link *links[LINKS_MAX];
	struct writer writer[WRITERS_MAX];
};

static void
note_failure(struct writer *w, const char *op, const struct link_answer *a)
{
	if (*a->status == '\0')
		w->account.cut_off++;
	else if (link_is(a, "away") || link_is(a, "unsure"))
		w->account.away++;
	else
		w->account.failed++;
	snprintf(w->account.words, sizeof(w->account.words), "%s %s: %.200s",
	    op, w->key, a->all);
}

static bool
has_step(const struct writer *w, int me, const char *value, long step)
{
	scoped_free char *plain = value_for(w->key, me, step);
	scoped_free char *wanted = cluster_base64(plain);

	return strcmp(value, wanted) == 0;
}

/* One of the writes that ended in doubt since the last one that was acknowledged
 * may be there. */
static void
compare_value(struct writer *w, int me, const char *value)
{
	if (w->told == 0 && *value == '\0')
		return;
	for (long step = w->told; step <= w->tried; step++) {
		if (!has_step(w, me, value, step))
			continue;
		w->told = step;
		return;
	}
	w->account.lost++;
}

static void
one_write(struct writer *w, int me, int fd)
{
	struct link_answer a = link_get(fd, w->key);
	long long start = run_clock_ms() - a.took_ms;
	int took_ms;

	if (link_is(&a, "ok")) {
		scoped_free char *value = NULL;

		compare_value(w, me, a.value);
		w->tried++;
		value = value_for(w->key, me, w->tried);
		a = link_put(fd, w->key, a.mark, value);
		if (link_is(&a, "ok")) {
			w->told = w->tried;
			w->account.acknowledged++;
		} else {
			note_failure(w, "put", &a);
		}
	} else {
		note_failure(w, "get", &a);
	}
	took_ms = (int)(run_clock_ms() - start);
	if (took_ms > w->account.longest_ms)
		w->account.longest_ms = took_ms;
}

_Noreturn static void
write_on(struct writers *all, int me)
{
	struct writer *w = &all->writer[me];
	int fds[LINKS_MAX];

	for (int i = 0; i < all->n_links; i++)
		fds[i] = link_dial(all->links[i]);
	for (int turn = me; !all->over; turn++) {
		int i = turn % all->n_links;
		long before = w->account.acknowledged;

		one_write(w, me, fds[i]);
		if (w->account.acknowledged > before)
			continue;
		run_sleep_ms(20);
		close(fds[i]);
		fds[i] = link_dial(all->links[i]);
	}
	_exit(0);
}

struct writers *
writers_start(struct link *const links[], int n_links, int n)
{
	struct writers *all = shared(sizeof(*all));

	all->n = n;
	all->n_links = n_links;
	for (int i = 0; i < n_links; i++)
		all->links[i] = links[i];
	for (int i = 0; i < n; i++) {
		struct writer *w = &all->writer[i];
		pid_t pid;

		snprintf(w->key, sizeof(w->key), "users/writer%d", i);
		pid = child();
		if (pid == 0)
			write_on(all, i);
		w->pid = pid;
	}
	return all;
}

void
writers_progress(struct writers *all, int more)
{
	long long end = run_clock_ms() + PROGRESS_MS;
	long before[WRITERS_MAX];

	for (int i = 0; i < all->n; i++)
		before[i] = all->writer[i].account.acknowledged;
	for (int i = 0; i < all->n; i++) {
		struct writer *w = &all->writer[i];

		while (*(volatile long *)&w->account.acknowledged <
		    before[i] + more) {
			if (run_clock_ms() > end)
				fail("%s is acknowledged no more: %s", w->key,
				    w->account.words);
			run_sleep_ms(10);
		}
	}
}

long
writers_away(const struct writers *all)
{
	long away = 0;

	for (int i = 0; i < all->n; i++)
		away += *(const volatile long *)&all->writer[i].account.away;
	return away;
}

static void
add_account(struct account *sum, const struct account *one)
{
	sum->acknowledged += one->acknowledged;
	sum->away += one->away;
	sum->failed += one->failed;
	sum->cut_off += one->cut_off;
	sum->lost += one->lost;
	if (one->longest_ms > sum->longest_ms)
		sum->longest_ms = one->longest_ms;
	if (*one->words != '\0')
		memcpy(sum->words, one->words, sizeof(sum->words));
}

struct account
writers_stop(struct writers *all)
{
	struct account sum = {0};

	all->over = 1;
	for (int i = 0; i < all->n; i++)
		if (run_wait(all->writer[i].pid, RUN_LIMIT_MS) != 0)
			fail("a writer did not come to its end");
	for (int i = 0; i < all->n; i++) {
		struct writer *w = &all->writer[i];
		scoped_free char *bytes = cluster_get(
		    all->links[0]->plan.cluster,
		    text(CLUSTER_PREFIX "%s", w->key));
		scoped_free char *value = cluster_base64(bytes);

		compare_value(w, i, value);
		add_account(&sum, &w->account);
	}
	munmap(all, sizeof(*all));
	return sum;
}
