#include "tests/support/crowd.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/support/fail.h"
#include "tests/support/run.h"
#include "tests/support/talk.h"

#define USERS 120 /* of tests/support/people; each may have eight codes */

struct person {
	char user[16], code[24];
	int at; /* the bastion */
	enum crowd_told told;
	bool doubt; /* was told once that the code may be spent */
	int took_ms;
	char words[160];
};

/* In memory that the processes share. */
struct crowd {
	struct bastion *const *bastions;
	int n_bastions, n;
	atomic_int gone;       /* processes wait for it before they begin */
	pid_t pids[CROWD_MAX]; /* 0: takes no part now */
	struct person people[CROWD_MAX];
};

/* As tests/support/people names them. */
static void
name_user(int number, char ret[static 16])
{
	snprintf(ret, 16, "user%02d", number < 64 ? number + 1 : number + 37);
}

char *
crowd_code(const struct bastion *b, const char *user)
{
	const char *answer = talk_ask(
	    b, "root", text("'request':'code','user':'%s','use':'pass'", user));
	const char *code = answer == NULL ? NULL
					  : strstr(answer, "\"codes\":[\"");

	if (code == NULL)
		fail("no code for %s: %s", user, answer);
	code += strlen("\"codes\":[\"");
	return text("%.*s", (int)strcspn(code, "\""), code);
}

struct crowd *
crowd_gather(struct bastion *const bastions[], int n_bastions, int n)
{
	static int gathered;
	struct crowd *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED || n > CROWD_MAX)
		fail("no room for a crowd of %d", n);
	all->bastions = bastions;
	all->n_bastions = n_bastions;
	all->n = n;
	for (int i = 0; i < n; i++) {
		struct person *p = &all->people[i];

		name_user(gathered++ % USERS, p->user);
		p->at = i % n_bastions;
		snprintf(p->code, sizeof(p->code), "%s",
		    crowd_code(bastions[0], p->user));
	}
	return all;
}

static enum crowd_told
told_by(const char *answer)
{
	const char *reason = talk_word(answer, "reason");

	if (answer == NULL)
		return CROWD_NOTHING;
	if (talk_is(answer, "pass"))
		return CROWD_PASS;
	if (strcmp(reason, "store_away") == 0)
		return CROWD_AWAY;
	return strcmp(reason, "store_unsure") == 0 ? CROWD_UNSURE : CROWD_NOT;
}

static void
use_code(const struct crowd *all, struct person *p, int at)
{
	long long start = run_clock_ms();
	const char *answer = talk_ask(all->bastions[at], p->user,
	    text("'request':'verify','terminal':true,'code':'%s'", p->code));

	p->told = told_by(answer);
	p->doubt |= p->told == CROWD_UNSURE || p->told == CROWD_NOTHING;
	p->took_ms = (int)(run_clock_ms() - start);
	snprintf(p->words, sizeof(p->words), "%s: %s after %d ms", p->user,
	    answer == NULL ? "nothing" : talk_word(answer, "reason"),
	    p->took_ms);
}

void
crowd_begin(struct crowd *all, int within_ms)
{
	all->gone = 0;
	for (int i = 0; i < all->n; i++) {
		struct person *p = &all->people[i];
		pid_t pid;

		all->pids[i] = 0;
		if (p->told == CROWD_PASS)
			continue;
		p->told = CROWD_NOTHING;
		pid = fork();
		if (pid < 0)
			fail("no process");
		/* The child has this memory, too. */
		if (pid > 0) {
			all->pids[i] = pid;
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!all->gone)
			run_sleep_ms(1);
		run_sleep_ms(within_ms * i / all->n);
		use_code(all, p, p->at);
		_exit(0);
	}
	all->gone = 1;
}

void
crowd_end(struct crowd *all)
{
	for (int i = 0; i < all->n; i++)
		if (all->pids[i] > 0 &&
		    run_wait(all->pids[i], RUN_LIMIT_MS) != 0)
			fail("%s did not come to an end", all->people[i].user);
}

int
crowd_count(const struct crowd *all, enum crowd_told told)
{
	int n = 0;

	for (int i = 0; i < all->n; i++)
		n += all->people[i].told == told;
	return n;
}

int
crowd_longest_ms(const struct crowd *all, enum crowd_told told)
{
	int longest_ms = 0;

	for (int i = 0; i < all->n; i++)
		if (all->people[i].told == told &&
		    all->people[i].took_ms > longest_ms)
			longest_ms = all->people[i].took_ms;
	return longest_ms;
}

const char *
crowd_words(const struct crowd *all)
{
	for (int i = 0; i < all->n; i++)
		if (all->people[i].told != CROWD_PASS)
			return all->people[i].words;
	return "";
}

int
crowd_passes_again(struct crowd *all)
{
	int n = 0;

	for (int i = 0; i < all->n; i++) {
		struct person again = all->people[i];

		if (again.told != CROWD_PASS)
			continue;
		use_code(all, &again, (again.at + 1) % all->n_bastions);
		n += again.told == CROWD_PASS;
		if (again.told != CROWD_PASS && again.told != CROWD_NOT)
			fail("%s", again.words);
	}
	return n;
}

int
crowd_robbed(const struct crowd *all)
{
	int n = 0;

	for (int i = 0; i < all->n; i++)
		n += all->people[i].told == CROWD_NOT && !all->people[i].doubt;
	return n;
}
