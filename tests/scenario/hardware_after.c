/*
 * A login with a hardware key leaves nothing that lets another one in, and the
 * door opens by it as by a code. Each test has a user of its own, whose files
 * it writes.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/scenario/hardware.h"
#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"
#include "tests/support/talk.h"

Scenarios(hardware_after);

#define AFTER_CODE "'forwarding':'after-code'," HARDWARE_KEYS
#define AN_HOUR    "'remember':{'connection':'1h','for':'1h'}," HARDWARE_KEYS

/* A key of the user's on a line of root's. */
static const char *
roots_key(const struct bastion *b, const char *user)
{
	const char *key = sk_new(b, "ed25519-sk", NULL);

	write_text(roots_file(user), sk_line("", key));
	return key;
}

/*
 * A code is remembered for an hour, by user, key and address: a thief with the
 * software key is asked, as is the hardware key itself once no line of root's
 * has it.
 */
Test(hardware_after, nothing_is_remembered)
{
	const char *user = "user192", *key;
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"), .more = AN_HOUR,
	    .before = BEFORE);
	fixture_enrol(b, user);
	key = roots_key(b, user);
	assert_enough(by_key(b, user, key));
	assert_asked(by_software(b, user));
	write_text(roots_file(user), "# none\n");
	write_text(users_file(user), sk_line("", key));
	assert_asked(by_key(b, user, key));
	assert_never_says(fixture_record(b, user), "verified");
}

/* A connection of the hardware key, and one of the software key beside it. */
Test(hardware_after, no_connection_is_remembered)
{
	const char *user = "user193", *key, *soft, *hard, *own;
	struct bastion *b, with;
	struct session *s, *h;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"), .more = AN_HOUR,
	    .before = BEFORE);
	fixture_enrol(b, user);
	own = read_text(users_file(user));
	key = roots_key(b, user);
	with = sk_client(b, key);
	soft = text("ControlPath=%s/soft", b->dir);
	hard = text("ControlPath=%s/hard", b->dir);
	s = session_open(b, user, ARGV("-M", "-o", soft), NULL);
	session_expect(s, PROMPT);
	h = session_open(&with, user, ARGV("-M", "-o", hard), NULL);
	session_type(h, "echo in''side\r");
	session_expect(h, "inside");
	assert_never_says(h->seen, PROMPT);
	assert_enough(
	    ssh_run(&with, user, ARGV("-o", hard), "echo inside", NULL));
	assert_asked(ssh_run(b, user, ARGV("-o", soft), "echo inside", NULL));
	write_text(users_file(user), text("%s%s", own, sk_line("", key)));
	write_text(roots_file(user), "# none\n");
	assert_asked(
	    ssh_run(&with, user, ARGV("-o", hard), "echo inside", NULL));
	session_kill(s);
	session_kill(h);
}

/* The record's text from these words to the end of their object. */
static const char *
part_of_record(const struct bastion *b, const char *user, const char *words)
{
	const char *record = fixture_record(b, user);
	const char *at = strstr(record, words);

	cr_assert_not_null(at, "no %s in %s", words, record);
	return text("%.*s", (int)strcspn(at, "}"), at);
}

/* A thief who guesses is not helped by the owner's logins. */
Test(hardware_after, no_wrong_code_is_forgotten)
{
	const char *user = "user194", *key, *secret, *known, *other;
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"),
	    .more = "'attempts':{'free':2,'stop':2}," HARDWARE_KEYS,
	    .before = BEFORE);
	secret = fixture_enrol(b, user);
	key = roots_key(b, user);
	for (int i = 0; i < 2; i++)
		assert_status(
		    ssh_with_code(b, user, code_wrong(secret), "true"), 77);
	known = part_of_record(b, user, "\"known\"");
	other = part_of_record(b, user, "\"other\"");
	assert_status(
	    ssh_with_code(b, user, code_at(secret, step_now()), "true"), 75);
	assert_enough(by_key(b, user, key));
	cr_assert_str_eq(part_of_record(b, user, "\"known\""), known);
	cr_assert_str_eq(part_of_record(b, user, "\"other\""), other);
	assert_status(
	    ssh_with_code(b, user, code_at(secret, step_now()), "true"), 75);
}

/*
 * A program of the user's own says that the key was touched, under the name of
 * a later connection: that answers the program, and lets nobody in.
 */
Test(hardware_after, lie_lets_in_nobody_later)
{
	static const char token[] = "pam/0123456789abcdef0123456789abcdef";
	const char *user = "user202", *key;
	struct bastion *b;
	char *lie, *look;
	int port;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"),
	    .more = "'forwarding':'after-code'," AN_HOUR, .before = BEFORE,
	    .match = text("Match User %s\n    AcceptEnv *\n", user));
	fixture_enrol(b, user);
	key = read_text(text("%s/%s.pub", getenv("TFA_KEYS"), user));
	key = text("%.*s", (int)(strrchr(key, ' ') - key), key);
	lie = text("'request':'login','terminal':true,'address':'127.0.0.1',"
		   "'auth':'publickey %s'",
	    key);
	look = talk_ask(b, user,
	    text("%s,'keys':'default','hardware':'none',"
		 "'auth_path':'/tmp/x'",
		lie));
	lie = text(
	    "%s,'keys':'%s','hardware':'pin'", lie, talk_word(look, "keys"));
	for (int door = 0; door < 2; door++) {
		port = 10000 + b->port / 16 + door;
		cr_assert(talk_is(talk_ask(b, user,
				      text("%s,'door':%s,'auth_path':'%s "
					   "127.0.0.1 %d 127.0.0.1 %d'",
					  lie, door == 0 ? "false" : "true",
					  token, port, b->port)),
		    "pass"));
		assert_asked(ssh_run(b, user,
		    ARGV("-o", text("SetEnv=TFA_CONNECTION=%s", token), "-o",
			text("ProxyCommand=nc -p %d 127.0.0.1 %d", port,
			    b->port)),
		    "echo inside", NULL));
	}
	assert_never_says(fixture_record(b, user), "verified");
}

/*
 * sshd names the key in a file of the user's. A thief with the software key and
 * one code names the hardware key there, which nobody has touched: the sessions
 * behind that one on its connection are asked all the same.
 */
Test(hardware_after, session_that_names_another_key_is_asked)
{
	const char *user = "user211", *key, *path, *named, *secret;
	struct bastion *b;
	struct session *s;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"),
	    .more = "'remember':{'connection':'0s'}," HARDWARE_KEYS,
	    .before = BEFORE);
	key = roots_key(b, user);
	named = sk_line("publickey ", key);
	path = text("ControlPath=%s/master", b->dir);
	secret = fixture_enrol(b, user);
	s = session_open(b, user, ARGV("-M", "-o", path), NULL);
	session_pass(s, code_at(secret, step_now()));
	session_type(s,
	    text("echo '%.*s' >\"$SSH_USER_AUTH\"; echo do''ne\r",
		(int)strcspn(named, "\n"), named));
	session_expect(s, "done");
	assert_asked(ssh_run(b, user, ARGV("-o", path), "echo inside", NULL));
	session_kill(s);
	assert_enough(by_key(b, user, key));
}

/* Such a login is still one: the next one on a terminal is told of it. */
Test(hardware_after, login_is_the_last_one)
{
	const char *user = "user201", *key;
	struct bastion *b, with;
	struct session *s;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = roots_key(b, user);
	with = sk_client(b, key);
	s = session_open(&with, user, NULL, NULL);
	session_type(s, "exit 5\r");
	cr_assert_eq(session_status(s), 5);
	s = session_open(&with, user, NULL, NULL);
	session_expect(s, "Last login");
	session_type(s, "exit 5\r");
	cr_assert_eq(session_status(s), 5);
}

Test(hardware_after, unenrolled_need_no_device)
{
	const char *user = "user195", *key;
	struct bastion *b, with;
	struct session *s;
	struct run *before, *after;

	needs_people();
	b = bastion_for_keys("enough");
	key = roots_key(b, user);
	with = sk_client(b, key);
	before = by_software(b, user);
	cr_assert_neq(before->status, 0);
	s = session_open(&with, user, NULL, NULL);
	session_type(s, "echo in''side; exit 5\r");
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 5);
	assert_never_says(s->seen, PROMPT);
	assert_never_says(s->seen, "Scan");
	after = by_software(b, user);
	cr_assert_eq(after->status, before->status);
	cr_assert_str_eq(after->err, before->err);
	s = session_open(b, user, NULL, NULL);
	session_expect(s, "you have no device");
	cr_assert_eq(session_status(s), 77);
}

/* A hardware key stands for a code, and not for an administrator's word. */
Test(hardware_after, blocked_users_and_damaged_records_stay_out)
{
	const char *user = "user207", *key, *record;
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = roots_key(b, user);
	record = text("%s/users/%s.json", b->store, user);
	assert_enough(by_key(b, user, key));
	assert_status(
	    run(ARGV("sed", "-i", "s/\"uid\":[ ]*[0-9]*/\"uid\":1/", record),
		NULL, 0),
	    0);
	assert_refused(by_key(b, user, key), 77);
	write_text(record, "{");
	assert_refused(by_key(b, user, key), 77);
	unlink(record);
	fixture_enrol(b, user);
	assert_enough(by_key(b, user, key));
	assert_status(
	    bastion_admin(b, ARGV("revoke", user, "--block", "--yes")), 0);
	r = by_key(b, user, key);
	assert_refused(r, 77);
	fixture_write_policy(b, "{");
	assert_refused(by_key(b, user, key), 78);
	bastion_keeper_stop(b);
	cr_assert_neq(by_key(b, user, key)->status, 0);
}

/* A rule's word is for those whom it names, and root's file for its user. */
Test(hardware_after, rule_and_file_of_others_ask)
{
	const char *one = "user196", *other = "user197", *key;
	struct bastion *b;
	char *rules;

	needs_people();
	rules = text("{'name':'hardware','users':['%s'],'mode':'required',"
		     "'hardware_keys':'enough'}",
	    one);
	b = bastion_open(.rules = text("%s," REQUIRED, rules),
	    .more = HARDWARE_KEYS, .before = BEFORE);
	fixture_enrol(b, one);
	fixture_enrol(b, other);
	key = roots_key(b, one);
	assert_enough(by_key(b, one, key));
	write_text(roots_file(other), sk_line("", key));
	assert_asked(by_key(b, other, key));
	fixture_write_policy(b, fixture_policy(WORTH("enough"), HARDWARE_KEYS));
	assert_enough(by_key(b, other, key));
	write_text(roots_file(other), "# none\n");
	write_text(users_file(other), sk_line("", key));
	assert_asked(by_key(b, other, key));
}

/* A store of one's own decides by the same files. */
Test(hardware_after, embedded_store_lets_in)
{
	const char *user = "user198", *key;
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"), .more = HARDWARE_KEYS,
	    .before = BEFORE, .owner = user);
	fixture_enrol(b, user);
	key = roots_key(b, user);
	assert_enough(by_key(b, user, key));
	assert_asked(by_software(b, user));
	write_text(users_file(user), sk_line("no-touch-required ", key));
	assert_asked(by_key(b, user, key));
}

/* Nothing is asked, and what the policy opens after a code opens. */
Test(hardware_after, door_opens)
{
	const char *user = "user199", *key;
	struct bastion *b, with;
	struct visit v;

	needs_door();
	b = bastion_open(.rules = WORTH("enough"), .more = AFTER_CODE,
	    .before = BEFORE, .door = true);
	fixture_enrol(b, user);
	key = roots_key(b, user);
	with = sk_client(b, key);
	v = visit_of(&with, "door", user, NULL);
	cr_assert(probe_stdio(&v));
	cr_assert(probe_jump(&v));
	assert_enough(door_ssh(&with, user, NULL, NULL, "echo inside"));
	cr_assert_eq(door_questions(b), 0);
	sk_person("away");
	cr_assert_not(probe_stdio(&v));
	sk_person("touches");
	/* By the software key nothing opens, before or after. */
	v.b = b;
	cr_assert_not(probe_stdio(&v));
	v.answers = visit_new_code(b, user);
	cr_assert(probe_stdio(&v));
}

/* Without a device there is no code to type: the key is enough there, too. */
Test(hardware_after, door_opens_for_the_unenrolled)
{
	const char *user = "user208";
	struct bastion *b, with;
	struct visit v;

	needs_door();
	b = bastion_open(.rules = WORTH("enough"), .more = AFTER_CODE,
	    .before = BEFORE, .door = true);
	with = sk_client(b, roots_key(b, user));
	v = visit_of(&with, "door", user, NULL);
	cr_assert(probe_stdio(&v));
	v.b = b;
	cr_assert_not(probe_stdio(&v));
	cr_assert_eq(door_questions(b), 0);
}

/* The module judges as the gate does. */
Test(hardware_after, door_stays_shut_for_a_planted_key)
{
	const char *user = "user200", *key, *own;
	struct bastion *b, with;
	struct visit v;

	needs_door();
	b = bastion_open(.rules = WORTH("enough"), .more = AFTER_CODE,
	    .before = BEFORE, .door = true);
	fixture_enrol(b, user);
	key = roots_key(b, user);
	own = read_text(users_file(user));
	with = sk_client(b, key);
	v = visit_of(&with, "door", user, NULL);
	cr_assert(probe_stdio(&v));
	write_text(users_file(user),
	    text("%s%s", own, sk_line("no-touch-required ", key)));
	cr_assert_not(probe_stdio(&v));
	write_text(users_file(user), text("%s%s", own, sk_line("", key)));
	cr_assert(probe_stdio(&v));
	write_text(roots_file(user), "# none\n");
	cr_assert_not(probe_stdio(&v));
	v.answers = visit_new_code(b, user);
	cr_assert(probe_stdio(&v));
	write_text(roots_file(user), sk_line("no-touch-required ", key));
	v.answers = NULL;
	cr_assert_not(probe_stdio(&v));
}

/*
 * A thief has a process of the user's on the bastion, and the key's file, but
 * nobody touches the key: sshd takes the key by a line of the user's, which is
 * gone when the gate looks. What the line said holds for its connection.
 */
Test(hardware_after, line_that_is_gone_holds_for_its_connection)
{
	const char *user = "user205", *key, *own, *path;
	struct bastion *b, with;
	struct session *s;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = roots_key(b, user);
	own = read_text(users_file(user));
	with = sk_client(b, key);
	path = text("ControlPath=%s/master", b->dir);
	write_text(users_file(user), sk_line("no-touch-required ", key));
	sk_person("unasked");
	s = session_open(&with, user, ARGV("-M", "-o", path), NULL);
	session_expect(s, PROMPT);
	write_text(users_file(user), own);
	assert_asked(
	    ssh_run(&with, user, ARGV("-o", path), "echo inside", NULL));
	unlink(users_file(user));
	assert_asked(
	    ssh_run(&with, user, ARGV("-o", path), "echo inside", NULL));
	session_kill(s);
	/* A new connection needs the touch. */
	assert_status(by_key(b, user, key), 255);
	sk_person("touches");
	assert_enough(by_key(b, user, key));
	write_text(users_file(user), own);
}

/* The door asks twice on one connection. */
Test(hardware_after, line_that_is_gone_holds_at_the_door)
{
	const char *user = "user206", *key, *own, *wrong;
	struct bastion *b, with;
	struct session *s;

	needs_door();
	b = bastion_open(.rules = WORTH("enough"), .more = AFTER_CODE,
	    .before = BEFORE, .door = true);
	wrong = code_wrong(fixture_enrol(b, user));
	key = roots_key(b, user);
	own = read_text(users_file(user));
	with = sk_client(b, key);
	write_text(users_file(user), sk_line("no-touch-required ", key));
	sk_person("unasked");
	s = door_session(&with, user, NULL, "exit 5");
	session_expect(s, PROMPT);
	write_text(users_file(user), own);
	session_type(s, text("%s\r", wrong));
	session_expect(s, "Wrong code");
	session_expect(s, PROMPT);
	session_kill(s);
	sk_person("touches");
	s = door_session(&with, user, NULL, "exit 5");
	cr_assert_eq(session_status(s), 5);
	assert_never_says(s->seen, PROMPT);
}
