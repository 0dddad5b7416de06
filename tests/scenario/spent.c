/*
 * Nobody is locked out by sending a spent code again, by pasting, or by typing
 * what is no code.
 */
#include <stdio.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(spent);

#define NAMED "TFA_CODE in your environment: "
#define USED  NAMED "This code was already used"

/* A record whose codes of these steps are spent, the later one last. */
static const char *
enrol_spent(const struct bastion *b, uint64_t before, uint64_t last)
{
	const char *secret = secret_random();

	fixture_put_record(b, b->me,
	    text("'devices':[{'id':'d1','type':'totp','algorithm':'SHA1',"
		 "'digits':6,'period':30,'secret':'%s','last_step':'%llu',"
		 "'spent_steps':['%llu']}],'enrolled_once':true",
		secret, (unsigned long long)last, (unsigned long long)before));
	return secret;
}

/* A client that reconnects sends its old code again. */
Test(spent, old_code_in_the_environment_never_locks_out)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	uint64_t now = step_now();
	const char *secret = enrol_spent(b, now - 2000, now - 100);
	const char *old[] = {
	    code_at(secret, now - 100), code_at(secret, now - 2000)};
	struct run *r;

	for (int i = 0; i < 8; i++) {
		r = ssh_with_code(b, b->me, old[i % 2], "echo inside");
		assert_status(r, 77);
		cr_assert_str_empty(r->out);
		assert_says(r->err, USED);
		assert_says(r->err, "Send a new code in TFA_CODE");
	}
	cr_assert_eq(fixture_audit_count(b, "code_used"), 8);
	assert_says(fixture_record(b, b->me), "\"other\": {\"count\": 0}");
	/* An old code that was never spent is a wrong code. */
	r = ssh_with_code(b, b->me, code_at(secret, now - 101), "true");
	assert_status(r, 77);
	assert_says(r->err, NAMED "Wrong code");
	cr_assert_eq(fixture_audit_count(b, "wrong_code"), 1);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
}

/*
 * A shared connection that sends the code it began with. The policy remembers
 * no connection.
 */
static char *
master_with(struct bastion *b, const char *code, struct session **ret)
{
	char *path = text("ControlPath=%s/master", b->dir);

	*ret = session_open(
	    b, b->me, ARGV("-M", "-o", path, "-o", with_code(code)), NULL);
	session_type(*ret, "echo in''side\r");
	session_expect(*ret, "inside");
	return path;
}

Test(spent, master_with_a_code_is_asked_for_another_on_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'remember':{'connection':'0s'}");
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	struct session *master, *s;
	char *path = master_with(b, code_at(secret, step), &master);
	struct run *r;

	for (int i = 0; i < 7; i++) {
		r = ssh_run(b, b->me, ARGV("-o", path), "echo inside", NULL);
		assert_status(r, 77);
		assert_says(r->err, USED);
		cr_assert_str_empty(r->out);
	}
	s = session_open(b, b->me, ARGV("-o", path), NULL);
	session_expect(s, USED);
	session_pass(s, code_at(secret, step + 1));
	session_kill(s);
	session_kill(master);
	cr_assert_eq(fixture_audit_count(b, "wrong_code"), 0);
}

/*
 * Days later the record has forgotten that code, but the connection is still
 * known by the code it gave.
 */
Test(spent, master_is_known_by_what_it_gave)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'remember':{'connection':'0s'}");
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	struct session *master;
	char *path = master_with(b, code_at(secret, step), &master);
	char *record = fixture_record(b, b->me);
	char *verified = strstr(record, "\"code\": \"");
	struct run *r;

	cr_assert_not_null(verified);
	fixture_put_record(b, b->me,
	    text("%s,'verified':[{'connection':'c','until':'%s','code':"
		 "'%.64s'}]",
		fixture_device(secret, 0), hours_from_now(-9),
		verified + strlen("\"code\": \"")));
	r = ssh_run(b, b->me, ARGV("-o", path), "echo inside", NULL);
	assert_status(r, 77);
	assert_says(r->err, USED);
	/* On another connection it is simply a right code. */
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 0);
	session_kill(master);
}

Test(spent, twenty_sessions_of_one_connection_pass_with_its_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	char *socket = text("%s/master", b->dir);
	char *path = text("ControlPath=%s", socket);
	struct run *master = ssh_start(b, b->me,
	    ARGV("-N", "-M", "-o", path, "-o",
		with_code(code_at(secret, step_now()))),
	    NULL, NULL);
	struct run *sessions[20];

	for (int i = 0; i < 200 && access(socket, F_OK) != 0; i++)
		run_sleep_ms(50);
	for (int i = 0; i < 20; i++)
		sessions[i] = ssh_start(
		    b, b->me, ARGV("-o", path), "echo inside", NULL);
	for (int i = 0; i < 20; i++) {
		run_finish(sessions[i]);
		assert_status(sessions[i], 0);
		cr_assert_str_eq(sessions[i]->out, "inside\n");
	}
	ssh_run(b, b->me, ARGV("-o", path, "-O", "exit"), NULL, NULL);
	run_finish(master);
}

Test(spent, pasted_codes_are_read)
{
	static const char *const pasted[] = {"\033[200~%.3s %s\033[201~",
	    "%.3s-%s", "\302\240%.3s\342\200\213%s\302\240", "\t%.3s\t%s"};
	struct bastion *b = bastion_open(.rules = REQUIRED);

	for (size_t i = 0; i < sizeof(pasted) / sizeof(pasted[0]); i++) {
		const char *secret = fixture_enrol(b, b->me);
		const char *code = code_at(secret, step_now());
		struct session *s = session_open(b, b->me, NULL, NULL);
		char *typed;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		typed = text(pasted[i], code, code + 3);
#pragma GCC diagnostic pop
		session_pass(s, typed);
		session_kill(s);
	}
}

/* Full-width digits, as an input method types them. */
Test(spent, digits_of_another_script_are_read)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *code = code_at(fixture_enrol(b, b->me), step_now());
	char wide[32];
	size_t len = 0;

	for (; *code != '\0'; code++)
		len += (size_t)snprintf(wide + len, sizeof(wide) - len,
		    "\357\274%c", 0x90 + *code - '0');
	assert_status(ssh_with_code(b, b->me, wide, "true"), 0);
}

Test(spent, what_is_no_code_takes_no_try)
{
	static const char *const typed[] = {"Code: 123456", "hello", "12345",
	    "123456789", "12345\033[D6", "123456\033[3~"};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		session_expect(s, PROMPT);
		session_type(s, typed[i]);
		session_type(s, "\r");
		session_expect(s, "That is no code");
	}
	session_pass(s, code_at(secret, step_now()));
	session_kill(s);
	assert_never_says(fixture_audit(b), "wrong_code");
}

Test(spent, what_is_no_code_is_asked_for_so_often_and_no_more)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;

	fixture_enrol(b, b->me);
	s = session_open(b, b->me, NULL, NULL);
	for (int i = 0; i < 13; i++) {
		session_expect(s, PROMPT);
		session_type(s, "hello\r");
		session_expect(s, "That is no code");
	}
	session_type(s, "echo in''side\r");
	cr_assert_eq(session_status(s), 77);
	assert_never_says(s->seen, "inside");
}

Test(spent, environment_without_a_code_is_named)
{
	static const struct {
		const char *code, *says;
		int status;
	} cases[] = {
	    {"hello", NAMED "That is no code", 77},
	    {"12345", NAMED "That is no code", 77},
	    {"1234567890123456789012345678901234567890123456789012345678901234"
	     "5678901234567890",
		NAMED "That is no code", 77},
	    {"", "TFA_CODE in your environment is empty", 76},
	};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = ssh_with_code(
		    b, b->me, cases[i].code, "echo inside");

		assert_status(r, cases[i].status);
		assert_says(r->err, cases[i].says);
		cr_assert_str_empty(r->out);
	}
	cr_assert_eq(fixture_audit_count(b, "empty_code"), 1);
	s = session_open(b, b->me, ARGV("-o", with_code("hello")), NULL);
	session_expect(s, NAMED "That is no code");
	session_pass(s, code_at(secret, step_now()));
	session_kill(s);
	assert_never_says(fixture_audit(b), "wrong_code");
}

Test(spent, locked_environment_is_named)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct run *r;

	for (int i = 0; i < 6; i++)
		assert_status(
		    ssh_with_code(b, b->me, code_wrong(secret), "true"), 77);
	r = ssh_with_code(b, b->me, code_at(secret, step_now()), "true");
	assert_status(r, 75);
	assert_says(r->err, NAMED "Too many wrong codes");
}

Test(spent, recovery_code_is_used_once_and_said_to_be)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *code;
	struct run *r;

	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("code", b->me, "--pass"));
	assert_status(r, 0);
	code = text("%.19s", strstr(r->out, ": ") + 2);
	assert_status(ssh_with_code(b, b->me, code, "true"), 0);
	for (int i = 0; i < 7; i++) {
		r = ssh_with_code(b, b->me, code, "true");
		assert_status(r, 77);
		assert_says(r->err, NAMED "This code was already used on 20");
	}
	cr_assert_eq(fixture_audit_count(b, "one_time_used"), 7);
}

Test(spent, admin_is_told_of_the_code_that_a_ninth_pushes_out)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *first = NULL;
	struct run *r;

	fixture_enrol(b, b->me);
	for (int i = 0; i < 9; i++) {
		r = bastion_admin(b, ARGV("code", b->me, "--pass"));
		assert_status(r, 0);
		if (first == NULL)
			first = text("%.19s", strstr(r->out, ": ") + 2);
		if (i < 8)
			assert_never_says(r->err, "void");
	}
	assert_says(r->err, "the oldest of 8 codes is void now");
	r = ssh_with_code(b, b->me, first, "true");
	assert_status(r, 77);
	assert_says(r->err, NAMED "This one-time code was replaced on 20");
	assert_never_says(fixture_audit(b), "wrong_code");
}

/* Such a record comes from an edit by hand or a merged backup. */
Test(spent, record_with_a_secret_twice_denies_and_says_where)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = secret_random();
	struct run *r;

	fixture_put_record(b, b->me,
	    text("'devices':[{'id':'d1','type':'totp','algorithm':'SHA1',"
		 "'digits':6,'period':30,'secret':'%s','last_step':'0'},"
		 "{'id':'d2','type':'totp','algorithm':'SHA1','digits':6,"
		 "'period':30,'secret':'%s','last_step':'0'}],"
		 "'enrolled_once':true",
		secret, secret));
	r = ssh_with_code(b, b->me, code_at(secret, step_now()), "echo inside");
	assert_status(r, 77);
	assert_says(r->err, "Your record is damaged");
	cr_assert_str_empty(r->out);
	assert_says(fixture_audit(b), "bad_record");
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, "devices[1].secret");
	assert_never_says(r->out, secret);
	assert_never_says(r->err, secret);
	assert_status(bastion_admin(b, ARGV("--yes", "revoke", b->me)), 0);
}
