#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/code.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "store/core/record.h"
#include "tests/support/run.h"
#include "tests/support/storm.h"
#include "tests/support/talk.h"

#define WORKERS  4
#define CODES    24
#define CODE_MAX 24
#define LEAST_MS 5
#define MOST_MS  120

enum state { CODE_NONE = 0, CODE_FRESH, CODE_UNSURE, CODE_SPENT };

struct code {
	char text[CODE_MAX];
	enum state state;
};

/* One user and the process that plays this user. Lives through all rounds. */
struct worker {
	const char *user;
	bool enrolled;
	struct code codes[CODES];
	struct storm_figures figures;
};

struct storm {
	struct bastion *b;
	unsigned chance;
	struct worker workers[WORKERS];
};

static int
draw(unsigned *chance, int below)
{
	return rand_r(chance) % below;
}

/* NULL: the keeper was killed, and this round is over. */
static char *
ask(struct storm *s, struct worker *w, const char *as, const char *fields)
{
	char *answer = talk_ask(s->b, as, fields);

	if (answer == NULL) {
		w->figures.unanswered++;
		_exit(0);
	}
	return answer;
}

static void
add_code(struct worker *w, const char *code)
{
	struct code *free_one = &w->codes[0];

	for (int i = 0; i < CODES; i++)
		if (w->codes[i].state == CODE_NONE)
			free_one = &w->codes[i];
	snprintf(free_one->text, sizeof(free_one->text), "%s", code);
	free_one->state = CODE_FRESH;
}

/* Adds all strings of the list "codes" in an answer. */
static void
add_codes(struct worker *w, const char *answer)
{
	const char *at = strstr(answer, "\"codes\":[");
	int n;

	if (at == NULL)
		run_child_fails("no codes in: %s", answer);
	at += strlen("\"codes\":[");
	for (; *at == '"' || *at == ','; at += n + 1) {
		at += *at == ',';
		n = (int)strcspn(++at, "\"");
		add_code(w, text("%.*s", n, at));
	}
}

static void
help(struct storm *s, struct worker *w, const char *fields)
{
	char *answer = ask(
	    s, w, "root", text("'request':%s,'user':'%s'", fields, w->user));

	if (!talk_is(answer, "pass"))
		run_child_fails("root may not %s: %s", fields, answer);
	w->figures.changes++;
	if (strstr(answer, "\"codes\"") != NULL)
		add_codes(w, answer);
}

static void
enrol(struct storm *s, struct worker *w)
{
	const char *secret;
	uint64_t step;
	char *answer;

	w->enrolled = false;
	memset(w->codes, 0, sizeof(w->codes));
	help(s, w, "'revoke'");
	answer = ask(s, w, w->user, "'request':'enroll_begin','terminal':true");
	secret = talk_word(answer, "secret");
	if (!talk_is(answer, "enroll"))
		run_child_fails("%s may not enrol: %s", w->user, answer);
	step = step_now();
	answer = ask(s, w, w->user,
	    text("'request':'enroll_confirm','terminal':true,'code':'%s'",
		code_at(secret, step)));
	if (!talk_is(answer, "pass"))
		run_child_fails("%s did not enrol: %s", w->user, answer);
	w->figures.enrolments++;
	add_codes(w, answer);
	add_code(w, code_at(secret, step + 1));
	w->enrolled = true;
}

/*
 * A code that passed must never pass again. If the answer was cut off, nobody
 * knows whether the code was spent.
 */
static void
verify(struct storm *s, struct worker *w, struct code *code)
{
	enum state before = code->state;
	char *answer;

	if (before == CODE_NONE)
		return;
	if (before == CODE_FRESH)
		code->state = CODE_UNSURE;
	w->figures.replays += before == CODE_SPENT;
	answer = ask(s, w, w->user,
	    text("'request':'verify','terminal':true,'code':'%s'", code->text));
	w->figures.verifies++;
	if (!talk_is(answer, "pass"))
		return;
	if (before == CODE_SPENT)
		run_child_fails("%s passed twice with %s", w->user, code->text);
	code->state = CODE_SPENT;
	w->figures.spent++;
}

/* A code that passed before the last kill, or NULL. */
static struct code *
any_spent(struct worker *w, unsigned *chance)
{
	int from = draw(chance, CODES);

	for (int i = 0; i < CODES; i++)
		if (w->codes[(from + i) % CODES].state == CODE_SPENT)
			return &w->codes[(from + i) % CODES];
	return &w->codes[from];
}

_Noreturn static void
work(struct storm *s, struct worker *w, unsigned chance)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	verify(s, w, any_spent(w, &chance));
	for (;;) {
		int what = draw(&chance, 40);

		if (!w->enrolled || what == 0)
			enrol(s, w);
		else if (what <= 2)
			help(s, w, "'unlock'");
		else if (what <= 8)
			help(s, w, "'code','use':'pass'");
		else
			verify(s, w, &w->codes[draw(&chance, CODES)]);
	}
}

static void
parse_record(const char *path)
{
	char *content = read_text(path);
	struct json_error error;
	struct record record;

	/* The file was renamed or removed after it was listed. */
	if (content == NULL)
		return;
	if (record_parse(content, strlen(content), &record, &error) !=
	    FAULT_NONE)
		fail(
		    "%s: %s: %s in: %s", path, error.path, error.text, content);
	record_done(&record);
	free(content);
}

/*
 * Parses every record, and counts temporary files. The first keeper may have
 * been killed before it made the folder.
 */
static long
parse_records(const struct bastion *b)
{
	char *folder = text("%s/users", b->store);
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	long leftovers = 0;

	if (dir == NULL && errno == ENOENT)
		return 0;
	if (dir == NULL)
		fail("%s: %s", folder, strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0)
			parse_record(text("%s/%s", folder, entry->d_name));
		leftovers += len > 4 &&
		    strcmp(entry->d_name + len - 4, ".new") == 0;
	}
	closedir(dir);
	return leftovers;
}

/*
 * Kills all of the keeper's processes, or only the one that listens: then the
 * workers finish what they serve.
 */
static void
kill_keeper(struct storm *s)
{
	pid_t pid = s->b->keeper;

	kill(draw(&s->chance, 4) == 0 ? pid : -pid, SIGKILL);
	if (run_wait(pid, 5000) != 128 + SIGKILL)
		fail("the keeper ended by itself");
	s->b->keeper = 0;
}

static void
one_round(struct storm *s, struct storm_figures *sum)
{
	pid_t pids[WORKERS];

	bastion_keeper_start(s->b);
	for (int i = 0; i < WORKERS; i++) {
		unsigned chance = (unsigned)draw(&s->chance, 1 << 30);

		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork: %s", strerror(errno));
		if (pids[i] == 0)
			work(s, &s->workers[i], chance);
	}
	run_sleep_ms(LEAST_MS + draw(&s->chance, MOST_MS - LEAST_MS));
	kill_keeper(s);
	for (int i = 0; i < WORKERS; i++)
		if (run_wait(pids[i], TALK_LIMIT_MS + 5000) != 0)
			fail("%s saw what must not be", s->workers[i].user);
	sum->kills++;
	sum->leftovers += parse_records(s->b);
}

/*
 * After the last kill: each user enrols and passes once, and the code does not
 * pass twice. It must go at once, without waiting for a lock.
 */
_Noreturn static void
work_once(struct storm *s, struct worker *w)
{
	long long begun_ms = run_clock_ms();
	long spent = w->figures.spent;

	enrol(s, w);
	verify(s, w, &w->codes[CODES - 1]);
	verify(s, w, &w->codes[CODES - 1]);
	if (w->figures.spent != spent + 1)
		run_child_fails("%s has no use of a good code", w->user);
	if (run_clock_ms() - begun_ms > 5000)
		run_child_fails("%s was kept waiting", w->user);
	_exit(0);
}

static void
check_all_work(struct storm *s)
{
	bastion_keeper_start(s->b);
	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = &s->workers[i];
		long unanswered = w->figures.unanswered;
		pid_t pid = fork();

		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid == 0)
			work_once(s, w);
		if (run_wait(pid, TALK_LIMIT_MS + 5000) != 0 ||
		    w->figures.unanswered != unanswered)
			fail("%s has no use of a keeper that lives", w->user);
	}
	if (parse_records(s->b) != 0)
		fail("a leftover outlived the next write");
}

/* Each answered pass has its line in the audit. */
static void
check_audit(const struct storm *s)
{
	const char *at = fixture_audit(s->b);
	long passes = 0, spent = 0;

	while ((at = strstr(at, "\"event\":\"login\"")) != NULL) {
		const char *end = at + strcspn(at, "\n");
		const char *pass = strstr(at, "\"verdict\":\"pass\"");

		passes += pass != NULL && pass < end;
		at = end;
	}
	for (int i = 0; i < WORKERS; i++)
		spent += s->workers[i].figures.spent;
	if (passes < spent)
		fail("%ld codes passed, and the audit has %ld of them", spent,
		    passes);
}

static void
add_up(const struct storm_figures *one, struct storm_figures *sum)
{
	sum->verifies += one->verifies;
	sum->enrolments += one->enrolments;
	sum->changes += one->changes;
	sum->spent += one->spent;
	sum->replays += one->replays;
	sum->unanswered += one->unanswered;
}

void
storm_run(
    struct bastion *b, unsigned seed, int kills, struct storm_figures *sum)
{
	static const char *const users[WORKERS] = {
	    "user01", "user02", "user03", "user04"};
	struct storm *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		fail("out of memory");
	*s = (struct storm){.b = b, .chance = seed};
	for (int i = 0; i < WORKERS; i++)
		s->workers[i].user = users[i];
	bastion_keeper_stop(b);
	for (int i = 0; i < kills; i++)
		one_round(s, sum);
	check_all_work(s);
	check_audit(s);
	for (int i = 0; i < WORKERS; i++)
		add_up(&s->workers[i].figures, sum);
	munmap(s, sizeof(*s));
}
