#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/code.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/flood.h"
#include "store/keeper/pool.h"
#include "tests/support/run.h"
#include "tests/support/talk.h"

#define HELD         550 /* more than the keeper lets wait */
#define HELD_MS      2600
#define GUESSERS     50
#define GUESSES      10 /* by each of 50 connections, twice */
#define SHAPES       120
#define PACKET_MOST  65537
#define SLACK_KB     1024
#define RECOVERED_MS 12000

static long
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	long n = 0;

	if (dir == NULL)
		fail("%s: %s", path, strerror(errno));
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static long
number_after(const char *where, const char *word)
{
	const char *found = where == NULL ? NULL : strstr(where, word);

	return found == NULL ? 0 : strtol(found + strlen(word), NULL, 10);
}

struct footprint
flood_footprint(const struct bastion *b)
{
	const char *children = read_text(
	    text("/proc/%d/task/%d/children", b->keeper, b->keeper));
	struct footprint f = {.children = 0};

	f.memory_kb = number_after(
	    read_text(text("/proc/%d/status", b->keeper)), "VmRSS:");
	f.descriptors = count_entries(text("/proc/%d/fd", b->keeper));
	for (const char *c = children; c != NULL && *c != '\0'; c++)
		f.children += *c == ' ';
	return f;
}

/* Idle workers may remain for a while, with one socket to each of them. */
static bool
is_recovered(const struct footprint *now, const struct footprint *before)
{
	return now->children <= POOL_IDLE &&
	    now->descriptors - now->children <=
	    before->descriptors - before->children;
}

void
flood_recovered(const struct bastion *b, const struct footprint *before)
{
	long long end = run_clock_ms() + RECOVERED_MS;
	struct footprint now = flood_footprint(b);

	while (!is_recovered(&now, before) && run_clock_ms() < end) {
		run_sleep_ms(50);
		now = flood_footprint(b);
	}
	if (!is_recovered(&now, before) ||
	    now.memory_kb > before->memory_kb + SLACK_KB)
		fail("the keeper had %ld kB and %ld descriptors, and has %ld "
		     "kB, %ld descriptors and %ld children",
		    before->memory_kb, before->descriptors, now.memory_kb,
		    now.descriptors, now.children);
}

/* Another user and root must be served meanwhile. */
static void
check_others(
    const struct bastion *b, const char *other, struct flood_figures *sum)
{
	long long begun_ms = run_clock_ms();
	char *answer = talk_ask(b, other, "'request':'login','terminal':true");
	long waited_ms = (long)(run_clock_ms() - begun_ms);

	if (!talk_is(answer, "challenge") || waited_ms > FLOOD_PATIENCE_MS)
		fail("%s was told after %ld ms: %s", other, waited_ms,
		    answer == NULL ? "nothing" : answer);
	if (waited_ms > sum->slowest_ms)
		sum->slowest_ms = waited_ms;
	answer = talk_ask(
	    b, "root", text("'request':'unlock','user':'%s'", other));
	if (!talk_is(answer, "pass"))
		fail("root was told: %s", answer == NULL ? "nothing" : answer);
}

void
flood_hold(const struct bastion *b, const char *user, const char *other,
    struct flood_figures *sum)
{
	static const char request[] = "{\"v\":1,\"request\":\"login\"}";
	int fds[HELD];
	long long end;

	for (int i = 0; i < HELD; i++)
		fds[i] = talk_open(b, user);
	end = run_clock_ms() + HELD_MS;
	while (run_clock_ms() < end) {
		check_others(b, other, sum);
		run_sleep_ms(100);
	}
	/* Then the held connections send their request, too late. */
	for (int i = 0; i < HELD; i++) {
		char *answer = NULL;

		if (fds[i] < 0)
			fail("connection %d was not taken", i);
		(void)talk_send(fds[i], request, sizeof(request) - 1);
		answer = talk_receive(fds[i], TALK_LIMIT_MS);
		if (talk_is(answer, "pass"))
			fail("held open, and let in: %s", answer);
		close(fds[i]);
	}
	sum->connections += HELD;
}

struct tally {
	long wrong[GUESSERS], shut[GUESSERS], busy[GUESSERS];
};

static void
guess(const struct bastion *b, const char *user, const char *code, int who,
    struct tally *tally)
{
	char *fields = text(
	    "'request':'verify','terminal':true,'code':'%s'", code);

	for (int i = 0; i < GUESSES; i++) {
		char *answer = talk_ask(b, user, fields);
		const char *reason = talk_word(answer, "reason");

		if (!talk_is(answer, "deny"))
			run_child_fails("a wrong code, and: %s",
			    answer == NULL ? "nothing" : answer);
		tally->wrong[who] += strcmp(reason, "wrong_code") == 0;
		tally->shut[who] += strcmp(reason, "locked") == 0 ||
		    strcmp(reason, "stopped") == 0;
		tally->busy[who] += strcmp(reason, "busy") == 0;
	}
}

/*
 * 500 guesses, half of the 1,000. The record counts only those that were
 * judged.
 */
static void
guess_at_once(const struct bastion *b, const char *user, const char *other,
    const char *code, struct tally *tally, struct flood_figures *sum)
{
	pid_t pids[GUESSERS];

	for (int i = 0; i < GUESSERS; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork: %s", strerror(errno));
		if (pids[i] == 0) {
			guess(b, user, code, i, tally);
			_exit(0);
		}
	}
	check_others(b, other, sum);
	for (int i = 0; i < GUESSERS; i++)
		if (run_wait(pids[i], 2 * TALK_LIMIT_MS) != 0)
			fail("guesser %d saw what must not be", i);
}

void
flood_guess(struct bastion *b, const char *user, const char *other,
    struct flood_figures *sum)
{
	const char *code = code_wrong(fixture_enrol(b, user));
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long wrong = 0, all = 0, counted;

	if (tally == MAP_FAILED)
		fail("out of memory");
	guess_at_once(b, user, other, code, tally, sum);
	bastion_keeper_stop(b);
	bastion_keeper_start(b);
	guess_at_once(b, user, other, code, tally, sum);
	for (int i = 0; i < GUESSERS; i++) {
		wrong += tally->wrong[i];
		all += tally->wrong[i] + tally->shut[i] + tally->busy[i];
	}
	munmap(tally, sizeof(*tally));
	counted = flood_counted(b, user);
	if (all != 2L * GUESSERS * GUESSES || counted != wrong || wrong == 0)
		fail("%ld answers, %ld wrong codes, of which %ld are counted",
		    all, wrong, counted);
	sum->guesses += all;
	sum->counted += counted;
}

long
flood_counted(const struct bastion *b, const char *user)
{
	const char *failures = strstr(fixture_record(b, user), "\"failures\"");
	long count = 0;

	while (failures != NULL &&
	    (failures = strstr(failures, "\"count\":")) != NULL) {
		failures += strlen("\"count\":");
		count += strtol(failures, NULL, 10);
	}
	return count;
}

static void
repeat(char *to, size_t len, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i < len; i++)
		to[i] = what[i % n];
}

/* Makes a packet of this kind, and returns its length. */
static size_t
shape(int kind, unsigned *chance, char to[static PACKET_MOST])
{
	static const char *const whole[] = {
	    "{\"v\":1,\"request\":\"verify\",\"code\":\"123456\"}",
	    "{\"v\":1,\"request\":\"login\",\"request\":\"login\"}",
	    "{\"v\":1,\"request\":\"login\",\"terminal\":1e999}",
	    "{\"v\":1,\"request\":\"login\",\"address\":\"\\u0000\"}",
	    "{\"v\":1,\"request\":\"login\",\"command\":\"\xff\xfe\"}",
	    "{\"v\":99999999999999999999,\"request\":\"login\"}",
	    "{\"v\":1,\"request\":\"login\"}{\"v\":1}",
	    "{\"v\":1,\"request\":\"users\"}",
	    "null",
	    "\xef\xbb\xbf{}",
	};
	static const size_t sizes[] = {0, 1, 2, 4095, 65535, 65536, 65537};
	static const char *const fills[] = {
	    "[", "{\"a\":", "\"", "9", "\\u0041", "[],", "\x1b]0;x\x07", " "};
	const char *text = whole[rand_r(chance) % 10];
	size_t len = strlen(text);

	switch (kind) {
	case 0: /* the beginning of a valid one */
		memcpy(to, text, len);
		return (size_t)rand_r(chance) % (len + 1);
	case 1: /* a valid one with a byte changed */
		memcpy(to, text, len);
		to[(size_t)rand_r(chance) % len] = (char)rand_r(chance);
		return len;
	case 2: /* repeated text: deep, long */
		len = sizes[rand_r(chance) % 7];
		repeat(to, len, fills[rand_r(chance) % 8]);
		return len;
	default: /* garbage */
		len = kind == 3 ? sizes[rand_r(chance) % 7]
				: (size_t)rand_r(chance) % 300;
		for (size_t i = 0; i < len; i++)
			to[i] = (char)rand_r(chance);
		return len;
	}
}

void
flood_packets(const struct bastion *b, const char *user, const char *other,
    unsigned seed, struct flood_figures *sum)
{
	static char packet[PACKET_MOST];

	for (int i = 0; i < SHAPES; i++) {
		size_t len = shape(i % 5, &seed, packet);
		scoped_fd int fd = talk_open(b, user);
		char *answer;

		if (fd < 0)
			fail("the keeper is gone after packet %d", i);
		/* The socket refuses a packet that is too large for it. */
		(void)talk_send(fd, packet, len);
		answer = talk_receive(fd, TALK_LIMIT_MS);
		if (talk_is(answer, "pass"))
			fail(
			    "packet %d, \"%.60s\", and: %s", i, packet, answer);
		if (i % 20 == 0)
			check_others(b, other, sum);
		sum->packets++;
	}
}
