/*
 * Two bastions on one cluster: each with an sshd, a keeper and a link of its
 * own. A device, a spent code, a wrong code and a revocation at one are there at
 * the other.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"

Fleets(fleet);

#define CODES 8 /* that an administrator may give out to one user */

static struct cluster *c;
static struct bastion *one, *two;

static struct bastion *
open_bastion(int first, const char *enrolment)
{
	return bastion_open(.rules = REQUIRED,
	    .more = text("'enrollment':{'self':'%s'}", enrolment),
	    .fleet = link_open(.cluster = c, .first = first,
		.more = ",'local':['bob']"));
}

static void
two_bastions(int nodes, const char *enrolment)
{
	c = cluster_open(.nodes = nodes, .auth = true);
	one = open_bastion(0, enrolment);
	two = open_bastion(1, enrolment);
}

/* The secret of a device that alice sets up at her first login. */
static const char *
enrol_at(const struct bastion *b, uint64_t step)
{
	struct session *s = session_open(b, "alice", NULL, NULL);
	const char *uri, *secret;

	session_expect(s, PROMPT);
	uri = screen_qr(s->seen);
	cr_assert_not_null(uri, "%s", s->seen);
	secret = uri_parameter(uri, "secret");
	session_type(s, code_at(secret, step));
	session_type(s, "\r");
	session_expect(s, "Press Enter when you have kept them: ");
	session_type(s, "\r");
	session_type(s, "exit\r");
	cr_assert_eq(session_status(s), 0);
	return secret;
}

static const char *
admin_code(const struct bastion *b, const char *user)
{
	struct run *r = bastion_admin(b, ARGV("code", user, "--pass"));

	assert_status(r, 0);
	return text("%.19s", strstr(r->out, ": ") + 2);
}

static void
is_told(
    const struct bastion *b, const char *code, int status, const char *words)
{
	struct run *r = ssh_with_code(b, "alice", code, "echo inside");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

Test(fleet, device_and_spent_code_are_of_both)
{
	uint64_t step;
	const char *secret;

	needs_link();
	two_bastions(3, "always");
	step = step_fresh(15);
	secret = enrol_at(one, step - 1);
	is_told(two, code_at(secret, step - 1), 77, "already used");
	is_told(two, code_at(secret, step), 0, "");
	is_told(one, code_at(secret, step), 77, "already used");
	is_told(two, code_at(secret, step), 77, "already used");
	is_told(one, code_at(secret, step_now() + 1), 0, "");
}

/* The sixth wrong code locks, whichever bastion it was typed at. */
Test(fleet, wrong_codes_are_counted_over_both)
{
	const char *secret;
	struct run *r;

	needs_link();
	two_bastions(1, "always");
	secret = enrol_at(one, step_now());
	for (int i = 0; i < 6; i++)
		is_told(i % 2 == 0 ? one : two, code_wrong(secret), 77,
		    "Wrong code");
	is_told(
	    one, code_at(secret, step_now() + 1), 75, "Too many wrong codes");
	is_told(
	    two, code_at(secret, step_now() + 1), 75, "Too many wrong codes");
	r = bastion_admin(two, ARGV("users", "alice", "--json"));
	assert_status(r, 0);
	assert_status(bastion_admin(two, ARGV("unlock", "alice")), 0);
	is_told(one, code_at(secret, step_now() + 1), 0, "");
}

Test(fleet, revoked_at_one_is_revoked_at_the_other)
{
	const char *secret;
	struct run *r;

	needs_link();
	two_bastions(1, "always");
	secret = enrol_at(one, step_now());
	assert_status(bastion_admin(two, ARGV("revoke", "alice", "--yes")), 0);
	r = ssh_with_code(
	    one, "alice", code_at(secret, step_now() + 1), "echo inside");
	cr_assert_neq(r->status, 0);
	cr_assert_str_empty(r->out);
}

/* Asks until the cluster is well, and then is let in by the code. */
static int
in_after_ms(const struct bastion *b, const char *code)
{
	long long start = run_clock_ms();
	struct run *r;

	do {
		r = ssh_with_code(b, "alice", code, "true");
		cr_assert_lt(run_clock_ms() - start, 60000, "%s", r->err);
	} while (r->status == 75);
	assert_status(r, 0);
	return (int)(run_clock_ms() - start);
}

Test(fleet, away_denies_and_local_users_get_in)
{
	const char *secret, *of_bob;
	uint64_t step;

	needs_link();
	two_bastions(3, "always");
	of_bob = admin_code(one, "bob");
	step = step_fresh(15);
	secret = enrol_at(one, step - 1);
	cluster_kill(c, 0);
	cluster_kill(c, 2);
	is_told(one, code_at(secret, step), 75, "does not answer");
	is_told(two, code_at(secret, step), 75, "does not answer");
	assert_says(fixture_audit(one), "store_away");
	assert_status(ssh_with_code(one, "bob", of_bob, "true"), 0);
	/* Local users have a record at each bastion. */
	cr_assert_neq(ssh_with_code(two, "bob", of_bob, "true")->status, 0);
	cluster_restart(c, 0);
	cluster_restart(c, 2);
	cluster_await(c);
	cr_assert_lt(in_after_ms(one, code_at(secret, step_now() + 1)), 5000);
}

#define ALICE CLUSTER_PREFIX "users/alice"

/* The sealed text of a key, in base64. */
static char *
sealed_at(const char *key)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client",
	    cluster_token(c, 0), "kv/range",
	    text("{\"key\":\"%s\"}", cluster_base64(key)));

	cr_assert_eq(answer.status, 200, "%s", answer.body);
	return text("%s", talk_word(answer.body, "value"));
}

/* Somebody who has etcd puts a sealed text where it was not written. */
static void
put_sealed(const char *key, const char *sealed)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client",
	    cluster_token(c, 0), "kv/put",
	    text("{\"key\":\"%s\",\"value\":\"%s\"}", cluster_base64(key),
		sealed));

	cr_assert_eq(answer.status, 200, "%s", answer.body);
}

static void
is_denied_by_both(const char *code, int status, const char *words)
{
	is_told(one, code, status, words);
	is_told(two, code, status, words);
}

/* A phone that was revoked since, or a spent code, would be good again. */
Test(fleet, record_that_somebody_rolled_back_is_denied)
{
	const char *secret;
	uint64_t step;
	char *before;

	needs_link();
	two_bastions(1, "always");
	step = step_fresh(15);
	secret = enrol_at(one, step - 1);
	before = sealed_at(ALICE);
	is_told(one, code_at(secret, step), 0, "");
	is_told(two, code_at(secret, step), 77, "already used");
	put_sealed(ALICE, before);
	is_denied_by_both(code_at(secret, step), 77, "older state");
	assert_says(fixture_audit(one), "store_back");
}

/* Where records can vanish, whoever has the key sets a phone of their own up. */
Test(fleet, record_that_somebody_removed_is_denied)
{
	const char *secret;
	uint64_t step;
	struct session *s;

	needs_link();
	two_bastions(1, "always");
	step = step_fresh(15);
	secret = enrol_at(one, step - 1);
	is_told(two, code_at(secret, step), 0, "");
	cluster_remove(c, ALICE);
	is_denied_by_both(code_at(secret, step + 1), 77, "older state");
	s = session_open(one, "alice", NULL, NULL);
	session_expect(s, "older state");
	cr_assert_eq(session_status(s), 77);
	cr_assert_null(strstr(s->seen, PROMPT));
}

/* A bastion that is new in the fleet learns who has a record. */
static void
await_learnt(const struct bastion *b, const char *user)
{
	const char *lock = text("%s/locks/%s", b->store, user);
	struct stat st = {.st_size = 0};

	for (int i = 0; i < 200 && st.st_size == 0; i++) {
		run_sleep_ms(50);
		(void)stat(lock, &st);
	}
	cr_assert_gt(st.st_size, 0, "%s", fixture_audit(b));
}

/* Else the thief of a key would remove the record, and go where its owner was
 * never seen. */
Test(fleet, record_is_missed_where_its_user_never_came)
{
	const char *secret;
	struct session *s;
	uint64_t step;

	needs_link();
	c = cluster_open(.nodes = 1, .auth = true);
	one = open_bastion(0, "always");
	step = step_fresh(15);
	secret = enrol_at(one, step - 1);
	two = open_bastion(0, "always");
	await_learnt(two, "alice");
	cluster_remove(c, ALICE);
	is_told(two, code_at(secret, step), 77, "older state");
	s = session_open(two, "alice", NULL, NULL);
	session_expect(s, "older state");
	cr_assert_eq(session_status(s), 77);
	cr_assert_null(strstr(s->seen, PROMPT));
}

Test(fleet, record_of_another_user_is_denied)
{
	const char *secret;
	struct run *r;

	needs_link();
	two_bastions(1, "always");
	secret = enrol_at(one, step_now());
	put_sealed(CLUSTER_PREFIX "users/frank", sealed_at(ALICE));
	r = ssh_with_code(
	    two, "frank", code_at(secret, step_now() + 1), "echo inside");
	assert_status(r, 77);
	assert_says(r->err, "damaged");
	cr_assert_str_empty(r->out);
	assert_says(fixture_audit(two), "bad_record");
}

/* A link has to find out that etcd waits for the token that it sends. */
static void
is_no_longer_away(const struct bastion *b, const char *code)
{
	int status = 75;

	for (int i = 0; i < 40 && status == 75; i++) {
		run_sleep_ms(250);
		status = ssh_with_code(b, "alice", code, "true")->status;
	}
	cr_assert_neq(status, 75);
}

static void
restored(bool bump)
{
	const char *secret;
	uint64_t step;
	char *path;

	two_bastions(3, "always");
	path = text("%s/saved", c->dir);
	step = step_fresh(15);
	secret = enrol_at(one, step - 1);
	cluster_save(c, path);
	is_told(two, code_at(secret, step), 0, "");
	is_told(one, code_at(secret, step), 77, "already used");
	cluster_restore(c, path, bump);
	is_no_longer_away(one, code_at(secret, step));
	is_no_longer_away(two, code_at(secret, step));
	is_denied_by_both(code_at(secret, step), 77, "older state");
}

Test(fleet, state_that_was_restored_is_denied)
{
	needs_link();
	restored(false);
}

/* Newer versions of etcd hide it from who looks at the revision alone. */
Test(fleet, state_that_was_restored_above_all_revisions_is_denied)
{
	needs_link();
	restored(true);
}

/* A code of one user, used at both bastions at once. */
struct match {
	atomic_int ready, passed, refused;
};

static void
use_at(const struct bastion *b, struct match *m, const char *user,
    const char *code, int round)
{
	char *answer;

	atomic_fetch_add(&m->ready, 1);
	while (m->ready < 2 * (round + 1))
		usleep(20);
	answer = talk_ask(b, user,
	    text("'request':'verify','terminal':true,'code':'%s'", code));
	if (talk_is(answer, "pass"))
		atomic_fetch_add(&m[1 + round].passed, 1);
	else if (answer != NULL)
		atomic_fetch_add(&m[1 + round].refused, 1);
}

static const char *
user_of(int round)
{
	int n = round / CODES;

	return text("user%02d", n < 64 ? n + 1 : n + 37);
}

_Noreturn static void
use_all(const struct bastion *b, struct match *m, char **codes, int rounds)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < rounds; i++)
		use_at(b, m, user_of(i), codes[i], i);
	_exit(0);
}

#define MATCHES 1000

Test(fleet, one_code_passes_once_at_two_bastions_at_once)
{
	static char *codes[MATCHES];
	struct match *m = mmap(NULL, sizeof(*m) * (MATCHES + 1),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[2];

	needs_link();
	two_bastions(3, "grace");
	for (int i = 0; i < MATCHES; i++)
		codes[i] = text("%s", admin_code(one, user_of(i)));
	for (int k = 0; k < 2; k++) {
		pid[k] = fork();
		if (pid[k] == 0)
			use_all(k == 0 ? one : two, m, codes, MATCHES);
	}
	for (int k = 0; k < 2; k++)
		cr_assert_eq(run_wait(pid[k], RUN_LIMIT_MS), 0);
	for (int i = 1; i <= MATCHES; i++) {
		cr_assert_eq(
		    m[i].passed, 1, "code %d passed %d times", i, m[i].passed);
		cr_assert_eq(m[i].refused, 1, "code %d", i);
	}
}

#define LOGINS 200

/* Answers to logins of many users at both bastions, all at once. */
struct logins {
	atomic_int answered, away, challenged;
};

static void
log_in_once(struct logins *l, int i)
{
	const char *answer = talk_ask(i % 2 == 0 ? one : two,
	    user_of(CODES * (i % 128)), "'request':'login','terminal':true");

	atomic_fetch_add(&l->answered, answer != NULL);
	atomic_fetch_add(
	    &l->away, strcmp(talk_word(answer, "reason"), "store_away") == 0);
	atomic_fetch_add(&l->challenged, talk_is(answer, "enroll"));
	_exit(0);
}

static struct logins
all_log_in(void)
{
	struct logins *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[LOGINS];

	for (int i = 0; i < LOGINS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			log_in_once(l, i);
	}
	for (int i = 0; i < LOGINS; i++)
		cr_assert_eq(run_wait(pids[i], RUN_LIMIT_MS), 0);
	return *l;
}

Test(fleet, two_hundred_logins_are_answered_while_nobody_leads)
{
	struct logins l;
	long long lost_at;
	const char *of_bob;

	needs_link();
	two_bastions(3, "always");
	of_bob = admin_code(one, "bob");
	l = all_log_in();
	cr_assert_eq(l.challenged, LOGINS);
	lost_at = run_clock_ms();
	cluster_kill(c, 0);
	cluster_kill(c, 2);
	do {
		l = all_log_in();
		cr_assert_eq(l.answered, LOGINS);
		cr_assert_eq(l.challenged, 0);
		cr_assert_gt(l.away, 0);
	} while (run_clock_ms() - lost_at < 30000);
	assert_status(ssh_with_code(one, "bob", of_bob, "true"), 0);
	cluster_restart(c, 0);
	cluster_restart(c, 2);
	cluster_await(c);
	for (int i = 0; i < 20 && l.challenged < LOGINS; i++) {
		run_sleep_ms(250);
		l = all_log_in();
	}
	cr_assert_eq(l.challenged, LOGINS);
}
