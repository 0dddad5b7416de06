/*
 * The door: the real sshd and client, pam_tfa.so and a keeper. Nothing opens
 * there before a code, what the policy lets open opens after it, and the gate
 * does not ask again on the same connection. Each test has a user of its own
 * where it looks for something that sshd leaves behind.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"

Scenarios(door);

#define AFTER_CODE "'forwarding':'after-code'"
#define ALL_OPEN                                        \
	"AllowAgentForwarding yes\nX11Forwarding yes\n" \
	"XAuthLocation /bin/true\nPermitTunnel yes\n"   \
	"AllowTcpForwarding yes\nGatewayPorts yes\n"

static struct bastion *
with_door(void)
{
	return bastion_open(.rules = REQUIRED, .more = AFTER_CODE,
	    .before = ALL_OPEN, .door = true);
}

/* Somebody at the door of a bastion with this user's device. */
static struct visit
visit_door(const struct bastion *b, const char *user)
{
	return visit_of(b, "door", user, NULL);
}

/* Each of the three opens nothing, and the fourth shows that the probe works. */
static void
assert_after_a_code(bool (*opens)(const struct visit *v), const char *user)
{
	struct bastion *b = with_door();
	struct visit v = visit_door(b, user);

	fixture_enrol(b, user);
	cr_assert_not(opens(&v), "with the key alone");
	v.option = "BatchMode=yes";
	cr_assert_not(opens(&v), "with the key alone and BatchMode");
	v.option = NULL;
	v.answers = code_wrong(fixture_enrol(b, user));
	cr_assert_not(opens(&v), "after a wrong code");
	v.answers = visit_new_code(b, user);
	cr_assert(opens(&v), "after a code");
	cr_assert_not(opens(&v), "after a code that was used");
}

Test(door, session)
{
	needs_door();
	assert_after_a_code(probe_session, "user49");
}

Test(door, jump)
{
	needs_door();
	assert_after_a_code(probe_jump, "user49");
}

Test(door, stdio)
{
	needs_door();
	assert_after_a_code(probe_stdio, "user49");
}

Test(door, local)
{
	needs_door();
	assert_after_a_code(probe_local, "user49");
}

Test(door, dynamic)
{
	needs_door();
	assert_after_a_code(probe_dynamic, "user49");
}

Test(door, agent)
{
	needs_door();
	assert_after_a_code(probe_agent, "user50");
}

/* On a bastion without a drop-in the probe opens, so it works. */
static void
assert_closed_after_a_code(
    bool (*opens)(const struct visit *v), const char *user)
{
	struct bastion *bare = bastion_open(.no_gate = true,
	    .before = ALL_OPEN);
	struct bastion *b = with_door();
	struct visit v = visit_of(bare, "bastion", user, NULL);

	if (!opens(&v) && opens == probe_tunnel)
		cr_skip("no tunnel device here");
	cr_assert(
	    opens == probe_tunnel || opens(&v), "the probe does not work");
	v = visit_door(b, user);
	v.answers = visit_new_code(b, user);
	cr_assert_not(opens(&v));
	/* The code was good and is used up. */
	v.host = "bastion";
	v.option = with_code(v.answers);
	assert_says(visit_run(&v, NULL, "true")->err, "already used");
}

Test(door, remote_stays_closed)
{
	needs_door();
	assert_closed_after_a_code(probe_remote, "user49");
}

Test(door, remote_socks_stays_closed)
{
	needs_door();
	assert_closed_after_a_code(probe_remote_dynamic, "user49");
}

Test(door, unix_sockets_stay_closed)
{
	needs_door();
	assert_closed_after_a_code(probe_unix_local, "user49");
	assert_closed_after_a_code(probe_unix_remote, "user49");
}

Test(door, x11_stays_closed)
{
	needs_door();
	assert_closed_after_a_code(probe_x11, "user49");
}

Test(door, tunnel_stays_closed)
{
	needs_door();
	assert_closed_after_a_code(probe_tunnel, "user49");
}

/* A shared connection that was opened by answers, or was not. */
static struct run *
open_master(const struct visit *v)
{
	return visit_run(v,
	    ARGV("-M", "-N", "-f", "-o",
		text("ControlPath=%s/master", v->b->dir)),
	    NULL);
}

/* A session of the shared connection, which ssh does not open itself. */
static struct run *
over_master(const struct visit *v, const char *command)
{
	return visit_run(v,
	    ARGV("-o", text("ControlPath=%s/master", v->b->dir), "-o",
		"BatchMode=yes"),
	    command);
}

static void
close_master(const struct visit *v)
{
	assert_status(run(ARGV("ssh", "-F", v->b->ssh_config, "-o",
			      text("ControlPath=%s/master", v->b->dir), "-O",
			      "exit", v->host),
			  NULL, 0),
	    0);
}

/*
 * pam_systemd starts a user's own units when PAM opens a session, and pam_env
 * reads a user's own variables then.  At the door nobody gets that far without a
 * code.
 */
Test(door, pam_opens_no_session_before_the_code)
{
	struct bastion *b;
	struct visit v;
	char *mark;

	needs_door();
	b = with_door();
	mark = text("%s/opened", b->dir);
	write_text(door_pam_path(b),
	    text("%ssession required pam_exec.so /bin/touch %s\n",
		read_text(door_pam_path(b)), mark));
	v = visit_door(b, "user34");
	cr_assert_not(probe_session(&v));
	v.answers = code_wrong(fixture_enrol(b, v.user));
	cr_assert_not(probe_session(&v));
	cr_expect_neq(access(mark, F_OK), 0);
	v.answers = visit_new_code(b, v.user);
	cr_assert(probe_session(&v));
	cr_expect_eq(access(mark, F_OK), 0);
}

/* The audit has one login, which a code let in, and each of its sessions. */
Test(door, one_question_for_a_master_and_its_sessions)
{
	struct bastion *b;
	struct visit v;
	struct run *r;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	fixture_enrol(b, v.user);
	cr_assert_neq(open_master(&v)->status, 0);
	v.answers = visit_new_code(b, v.user);
	cr_assert_eq(door_questions(b), 1);
	assert_status(open_master(&v), 0);
	cr_assert_eq(door_questions(b), 2);
	for (int i = 0; i < 3; i++) {
		r = over_master(&v, "echo inside; env | grep -c ^TFA_");
		cr_assert_str_eq(r->out, "inside\n0\n", "%s", r->err);
		cr_assert_str_empty(r->err);
	}
	r = visit_run(&v,
	    ARGV("-o", text("ControlPath=%s/master", b->dir), "-W",
		text("127.0.0.1:%d", v.beyond->port)),
	    NULL);
	assert_says(r->out, "SSH-2.0");
	cr_assert_eq(door_questions(b), 2);
	close_master(&v);
	cr_assert_eq(fixture_audit_count(b,
			 "\"event\":\"login\",\"user\":\"user49\","
			 "\"verdict\":\"pass\""),
	    1);
	cr_assert_eq(fixture_audit_count(b, "\"event\":\"session\""), 3);
	cr_assert_eq(fixture_audit_count(b, "\"reason\":\"remembered\""), 3);
}

/* Not even to the same user with the same key at the same time. */
Test(door, second_connection_is_asked_again)
{
	struct bastion *b;
	struct visit v, second;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	v.answers = visit_new_code(b, v.user);
	assert_status(open_master(&v), 0);
	second = v;
	second.answers = NULL;
	cr_assert_not(probe_session(&second));
	cr_assert_not(probe_stdio(&second));
	second.host = "bastion";
	cr_assert_not(probe_session(&second));
	assert_status(over_master(&v, "true"), 0);
	close_master(&v);
}

/* On a terminal, as a person sees it: wrong, wrong, right; then the shell. */
Test(door, shell_on_a_terminal)
{
	struct bastion *b;
	const char *secret, *wrong;
	struct session *s;

	needs_door();
	b = with_door();
	secret = fixture_enrol(b, "user49");
	wrong = text("%s\r", code_wrong(secret));
	s = door_session(b, "user49", NULL, NULL);
	session_expect(s, PROMPT);
	session_type(s, wrong);
	session_expect(s, "Wrong code.");
	session_expect(s, PROMPT);
	session_type(s, wrong);
	session_expect(s, "Wrong code.");
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step_now())));
	session_expect(s, "$ ");
	session_type(s, "echo in''side; exit 5\r");
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 5);
}

/* sshd ends after as many wrong codes as it takes tries; the shell is not
 * reached by a fourth. */
Test(door, wrong_codes_end_the_connection)
{
	struct bastion *b;
	const char *secret;
	struct session *s;

	needs_door();
	b = with_door();
	secret = fixture_enrol(b, "user49");
	s = door_session(b, "user49", NULL, "echo in''side");
	for (int i = 0; i < 3; i++) {
		session_expect(s, PROMPT);
		session_type(s, text("%s\r", code_wrong(secret)));
	}
	session_type(s, text("%s\r", code_at(secret, step_now())));
	cr_assert_eq(session_status(s), 255);
	assert_never_says(s->seen, "inside");
	assert_says(s->seen, "Permission denied (keyboard-interactive)");
}

/* Beside each, the same after the keeper is back. */
Test(door, keeper_is_down)
{
	struct bastion *b;
	struct visit v;
	struct run *r;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	v.answers = visit_new_code(b, v.user);
	bastion_keeper_stop(b);
	r = visit_run(
	    &v, ARGV("-W", text("127.0.0.1:%d", v.beyond->port)), NULL);
	assert_refused(r, 255);
	assert_says(r->err, "keeper");
	cr_assert_not(probe_session(&v));
	bastion_keeper_start(b);
	cr_assert(probe_stdio(&v));
}

/* A session that runs when the keeper ends is let be; a new one of its
 * connection is not let in, though its code was good. */
Test(door, keeper_goes_after_the_code)
{
	struct bastion *b;
	struct visit v;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	v.answers = visit_new_code(b, v.user);
	assert_status(open_master(&v), 0);
	assert_status(over_master(&v, "true"), 0);
	bastion_keeper_stop(b);
	assert_refused(over_master(&v, "echo inside"), 69);
	bastion_keeper_start(b);
	assert_status(over_master(&v, "true"), 0);
	close_master(&v);
}

/* A code that opened the one port opens nothing on the other. */
Test(door, code_works_on_one_port)
{
	struct bastion *b;
	struct visit v;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	v.answers = visit_new_code(b, v.user);
	assert_status(ssh_with_code(b, v.user, v.answers, "true"), 0);
	cr_assert_not(probe_stdio(&v));
	v.answers = visit_new_code(b, v.user);
	cr_assert(probe_stdio(&v));
	assert_refused(ssh_with_code(b, v.user, v.answers, "true"), 77);
}

/* A code in the environment comes too late for the door. */
Test(door, code_in_the_environment_is_no_answer)
{
	struct bastion *b;
	struct visit v;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	v.option = with_code(visit_new_code(b, v.user));
	cr_assert_not(probe_session(&v));
	v.host = "bastion";
	cr_assert(probe_session(&v));
}

/* The failures of a record, of known and of other sources together. */
static int
failures(const struct bastion *b, const char *user)
{
	const char *at = fixture_record(b, user);
	int sum = 0;

	while (at != NULL && (at = strstr(at, "\"count\":")) != NULL) {
		at += strlen("\"count\":");
		sum += atoi(at);
	}
	return sum;
}

Test(door, guesses_are_counted_across_both_ports)
{
	struct bastion *b;
	struct visit v;
	const char *secret, *wrong;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	secret = fixture_enrol(b, v.user);
	wrong = code_wrong(secret);
	v.answers = wrong;
	for (int i = 1; i <= 3; i += 2) {
		cr_assert_not(probe_stdio(&v));
		cr_assert_eq(failures(b, v.user), i);
		assert_refused(ssh_with_code(b, v.user, wrong, "true"), 77);
		cr_assert_eq(failures(b, v.user), i + 1);
	}
	v.answers = code_at(secret, step_now());
	cr_assert(probe_stdio(&v));
	cr_assert_eq(failures(b, v.user), 0);
}

/* Guesses on port 22 lock the door, and guesses at the door port 22. */
Test(door, lock_holds_on_both_ports)
{
	struct bastion *b;
	struct visit v;
	const char *secret;
	struct run *r;
	int tries = 0;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	secret = fixture_enrol(b, v.user);
	v.answers = code_wrong(secret);
	while (ssh_with_code(b, v.user, v.answers, "true")->status == 77) {
		cr_assert_lt(++tries, 20, "it is never locked");
		cr_assert_not(probe_stdio(&v));
	}
	v.answers = code_at(secret, step_now());
	r = visit_run(
	    &v, ARGV("-W", text("127.0.0.1:%d", v.beyond->port)), NULL);
	assert_refused(r, 255);
	assert_says(r->err, "Too many wrong codes");
	assert_status(bastion_admin(b, ARGV("unlock", v.user)), 0);
	cr_assert(probe_stdio(&v));
}

/* The next connection is refused; a session that runs goes on, as on port 22. */
Test(door, revoke)
{
	struct bastion *b;
	struct visit v;

	needs_door();
	b = with_door();
	v = visit_door(b, "user49");
	v.answers = visit_new_code(b, v.user);
	assert_status(open_master(&v), 0);
	assert_status(over_master(&v, "true"), 0);
	assert_status(bastion_admin(b, ARGV("revoke", "--yes", v.user)), 0);
	cr_assert_neq(over_master(&v, "true")->status, 0);
	close_master(&v);
	v.answers = code_at(secret_random(), step_now());
	cr_assert_not(probe_stdio(&v));
	v.answers = visit_new_code(b, v.user);
	cr_assert(probe_stdio(&v));
}

/* As many columns as there are ways to come. */
enum { BARE, ORDINARY, ORDINARY_CODE, DOOR, DOOR_WRONG, DOOR_CODE, WAYS };

static const char *const way_names[WAYS] = {
    "no tfa", "22: key", "22: code", "door: key", "door: wrong", "door: code"};

/* The channels in the order of the table of probes: session, -J, -W, -L, -D,
 * -A, then those that stay closed. */
#define SESSION_ONLY   1
#define AFTER_THE_CODE 6

static struct visit
visit_way(const struct bastion *b, const struct bastion *bare, int way)
{
	const char *user = "user51";
	struct visit v = visit_of(way == BARE ? bare : b,
	    way >= DOOR ? "door" : "bastion", user, NULL);

	if (way == ORDINARY_CODE)
		v.option = with_code(visit_new_code(b, user));
	if (way == DOOR_WRONG)
		v.answers = code_wrong(fixture_enrol(b, user));
	if (way == DOOR_CODE)
		v.answers = visit_new_code(b, user);
	return v;
}

static bool
should_open(int probe, int way)
{
	return way == BARE || (way == ORDINARY_CODE && probe < SESSION_ONLY) ||
	    (way == DOOR_CODE && probe < AFTER_THE_CODE);
}

/* Prints the table of all channels, for whoever has what. */
Test(door, table_of_channels, .timeout = 300)
{
	struct bastion *b, *bare;
	char *table = text("%-22s", "");

	needs_door();
	b = with_door();
	bare = bastion_open(.no_gate = true, .before = ALL_OPEN);
	fixture_enrol(b, "user51");
	for (int way = 0; way < WAYS; way++)
		table = text("%s%-12s", table, way_names[way]);
	for (int i = 0; probes[i].name != NULL; i++) {
		table = text("%s\n%-22s", table, probes[i].name);
		for (int way = 0; way < WAYS; way++) {
			struct visit v = visit_way(b, bare, way);
			bool open = probes[i].opens(&v);

			table = text("%s%-12s", table, open ? "open" : "-");
			/* Not every machine has a tunnel device. */
			if (way == BARE && probes[i].opens == probe_tunnel)
				continue;
			cr_expect_eq(open, should_open(i, way), "%s, %s",
			    probes[i].name, way_names[way]);
		}
	}
	fprintf(stderr, "%s\n", table);
}
