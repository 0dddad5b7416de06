/* Setting up a phone: from the screen, with a code, and again after a loss. */
#include <ctype.h>

#include "tests/scenario/scenario.h"

#define SELF_ALWAYS "'enrollment':{'self':'always'}"
#define KEPT        "Press Enter when you have kept them: "
#define CODES_MAX   12

Scenarios(enrolment);

static struct bastion *
open_to_all(void)
{
	return bastion_open(.rules = REQUIRED, .more = SELF_ALWAYS);
}

/* Scans the QR code on the terminal and returns its secret. */
static const char *
scan(struct session *s)
{
	const char *uri, *secret;

	session_expect(s, PROMPT);
	uri = screen_qr(s->seen);
	cr_assert_not_null(uri, "no QR code in: %s", screen_text(s->seen));
	secret = uri_parameter(uri, "secret");
	cr_assert_not_null(secret, "no secret in %s", uri);
	return secret;
}

static void
answer(struct session *s, const char *code)
{
	session_type(s, code);
	session_type(s, "\r");
}

/* True if text begins with a recovery code: XXXX-XXXX-XXXX-XXXX. */
static bool
is_recovery_code(const char *at)
{
	for (int i = 0; i < 19; i++) {
		if (i % 5 == 4 ? at[i] != '-' : !isalnum((unsigned char)at[i]))
			return false;
	}
	return !isalnum((unsigned char)at[19]) && at[19] != '-';
}

static int
recovery_codes(const char *seen, const char *ret[static CODES_MAX])
{
	int count = 0;

	for (const char *at = seen; strlen(at) > 19; at++) {
		bool begins = at == seen ||
		    (!isalnum((unsigned char)at[-1]) && at[-1] != '-');

		if (begins && count < CODES_MAX && is_recovery_code(at))
			ret[count++] = text("%.19s", at);
	}
	return count;
}

/*
 * Enrols from the first prompt to the shell. step is the TOTP step whose code
 * is spent.
 */
static const char *
set_up(struct session *s, uint64_t step)
{
	const char *secret = scan(s);

	answer(s, code_at(secret, step));
	session_expect(s, KEPT);
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
	return secret;
}

Test(enrolment, from_the_screen_to_the_shell)
{
	struct bastion *b = open_to_all();
	uint64_t step = step_now();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = set_up(s, step);

	session_type(s, "exit 6\r");
	cr_assert_eq(session_status(s), 6);
	s = session_open(b, b->me, NULL, NULL);
	session_pass(s, code_at(secret, step + 1));
	session_kill(s);
}

Test(enrolment, uri_is_what_apps_read)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s), *uri = screen_qr(s->seen);
	char *label = text("otpauth://totp/Test-Bastion:%s", b->me);

	cr_assert_eq(strncmp(uri, label, strlen(label)), 0, "%s", uri);
	cr_assert_eq(strlen(secret), 32, "%s", uri);
	cr_assert_str_eq(uri_parameter(uri, "issuer"), "Test-Bastion");
	cr_assert_null(uri_parameter(uri, "period"), "%s", uri);
	cr_assert_leq(strlen(uri), 134, "%s", uri);
	session_kill(s);
}

Test(enrolment, key_stands_beside_the_code_in_fours)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s);
	char *key = text("%.4s", secret);

	for (size_t i = 4; i < strlen(secret); i += 4)
		key = text("%s %.4s", key, secret + i);
	assert_says(screen_words(s->seen), key);
	session_kill(s);
}

Test(enrolment, wrong_code_does_not_enrol)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s);

	answer(s, code_wrong(secret));
	session_expect(s, "Wrong code");
	session_expect(s, PROMPT);
	answer(s, code_at(secret, step_now()));
	session_expect(s, KEPT);
	session_kill(s);
}

/* An admin's code is the wrong one at an enrolment that is open without it. */
Test(enrolment, says_which_code_is_wanted)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s);

	answer(s, "3KZG-TH9V-D5BD-B8H1");
	session_expect(s, "That is not the app's code: type the six digits");
	answer(s, code_at(secret, step_now()));
	session_expect(s, KEPT);
	session_kill(s);
}

Test(enrolment, says_which_way_a_clock_is_off)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s);
	uint64_t step = step_fresh(10);

	answer(s, code_at(secret, step + 10));
	session_expect(s, "Wrong code: the phone's clock is 5 minutes ahead");
	session_expect(s, PROMPT);
	answer(s, code_at(secret, step - 10));
	session_expect(s, "Wrong code: it is from 5 minutes ago, or the");
	session_expect(s, PROMPT);
	answer(s, code_at(secret, step));
	session_expect(s, KEPT);
	session_kill(s);
}

Test(enrolment, closed_laptop_leaves_no_device)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *first = scan(s);

	session_kill(s);
	s = session_open(b, b->me, NULL, NULL);
	cr_assert_str_neq(scan(s), first);
	session_kill(s);
}

/*
 * An IDE opens two terminals. What each shows is right for it; the later one
 * then takes the device that the earlier one set up.
 */
Test(enrolment, two_windows_set_up_what_they_show)
{
	for (int first = 0; first < 2; first++) {
		struct bastion *b = open_to_all();
		struct session *s[2];
		const char *secrets[2];
		uint64_t step;

		for (int i = 0; i < 2; i++) {
			s[i] = session_open(b, b->me, NULL, NULL);
			secrets[i] = scan(s[i]);
		}
		cr_assert_str_neq(secrets[0], secrets[1]);
		step = step_fresh(10);
		answer(s[first], code_at(secrets[first], step));
		session_expect(s[first], KEPT);
		session_type(s[first], "\recho in''side\r");
		session_expect(s[first], "inside");
		answer(s[1 - first], code_at(secrets[1 - first], step));
		session_expect(s[1 - first], "set up from another window");
		session_expect(s[1 - first], PROMPT);
		answer(s[1 - first], code_at(secrets[first], step));
		session_expect(s[1 - first], "already used");
		session_pass(s[1 - first], code_at(secrets[first], step + 1));
		assert_says(fixture_audit(b), "\"reason\":\"elsewhere\"");
		assert_never_says(fixture_record(b, b->me), "pending");
		session_kill(s[0]);
		session_kill(s[1]);
	}
}

/* "Later" in one window does not undo the other. */
Test(enrolment, later_in_one_window_ends_no_other)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"));
	struct session *s = session_open(b, b->me, NULL, NULL);
	struct session *other = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s);

	session_expect(other, PROMPT);
	session_type(other, "\recho in''side\r");
	session_expect(other, "inside");
	answer(s, code_at(secret, step_now()));
	session_expect(s, KEPT);
	session_kill(s);
	session_kill(other);
}

/* Enter is no way round the code once the other window has set up a device. */
Test(enrolment, later_is_too_late_once_another_window_set_it_up)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"));
	struct session *s = session_open(b, b->me, NULL, NULL);
	struct session *other = session_open(b, b->me, NULL, NULL);
	const char *secret = scan(s);
	uint64_t step;

	session_expect(other, PROMPT);
	step = step_fresh(10);
	answer(s, code_at(secret, step));
	session_expect(s, KEPT);
	session_type(other, "\r");
	session_expect(other, "set up from another window");
	session_pass(other, code_at(secret, step + 1));
	session_kill(s);
	session_kill(other);
}

/* Five windows at once are too many: the first one says why it ends. */
Test(enrolment, fifth_window_ends_the_first)
{
	struct bastion *b = open_to_all();
	struct session *s[5];
	const char *secret = NULL;

	for (int i = 0; i < 5; i++) {
		s[i] = session_open(b, b->me, NULL, NULL);
		if (i == 0)
			secret = scan(s[i]);
		else
			session_expect(s[i], PROMPT);
	}
	answer(s[0], code_at(secret, step_now()));
	session_expect(s[0], "begun anew elsewhere");
	cr_assert_eq(session_status(s[0]), 77);
	assert_says(fixture_audit(b), "\"reason\":\"no_pending\"");
	for (int i = 1; i < 5; i++)
		session_kill(s[i]);
}

Test(enrolment, confirming_code_is_spent)
{
	struct bastion *b = open_to_all();
	uint64_t step = step_now();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *secret = set_up(s, step);

	session_kill(s);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 77);
}

Test(enrolment, recovery_codes_work_once_however_written)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *codes[CODES_MAX];
	char bare[20] = "";
	size_t n = 0;

	set_up(s, step_now());
	cr_assert_eq(
	    recovery_codes(s->seen, codes), 10, "%s", screen_text(s->seen));
	session_kill(s);
	assert_status(ssh_with_code(b, b->me, codes[0], "true"), 0);
	assert_status(ssh_with_code(b, b->me, codes[0], "true"), 77);
	for (const char *c = codes[9]; *c != '\0'; c++) {
		if (*c != '-')
			bare[n++] = (char)tolower((unsigned char)*c);
	}
	s = session_open(b, b->me, NULL, "echo in''side");
	session_expect(s, PROMPT);
	answer(s, bare);
	session_expect(s, "inside");
	session_kill(s);
}

Test(enrolment, last_two_recovery_codes_are_told)
{
	struct bastion *b = open_to_all();
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *codes[CODES_MAX];
	struct run *r;

	set_up(s, step_now());
	cr_assert_eq(recovery_codes(s->seen, codes), 10);
	session_kill(s);
	for (int i = 0; i < 7; i++) {
		r = ssh_with_code(b, b->me, codes[i], "true");
		assert_status(r, 0);
		assert_never_says(r->err, "recovery code");
	}
	r = ssh_with_code(b, b->me, codes[7], "true");
	assert_says(r->err, "Only 2 recovery codes left.");
	r = ssh_with_code(b, b->me, codes[8], "true");
	assert_says(r->err, "Only 1 recovery code left.");
	r = ssh_with_code(b, b->me, codes[9], "true");
	assert_says(r->err, "That was your last recovery code.");
}

Test(enrolment, revoke_then_enrol_again)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *lost = fixture_enrol(b, b->me), *secret;
	uint64_t step = step_now();
	struct session *s;

	assert_status(bastion_admin(b, ARGV("revoke", b->me, "--yes")), 0);
	assert_status(ssh_with_code(b, b->me, code_at(lost, step), "true"), 76);
	s = session_open(b, b->me, NULL, NULL);
	secret = set_up(s, step);
	cr_assert_str_neq(secret, lost);
	assert_says(s->seen, "older entry for this login, delete it");
	session_kill(s);
	assert_status(
	    ssh_with_code(b, b->me, code_at(lost, step + 1), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

/* A code of an administrator's, of that use. */
static const char *
admins_code(const struct bastion *b, const char *use)
{
	struct run *r = bastion_admin(b, ARGV("code", b->me, use));
	const char *found[CODES_MAX];

	assert_status(r, 0);
	cr_assert_eq(recovery_codes(r->out, found), 1, "%s", r->out);
	return found[0];
}

/* The code lets in, sets nothing up and is spent. */
static void
assert_pass_code_passes_once(const struct bastion *b)
{
	const char *code = admins_code(b, "--pass");
	struct session *s = session_open(b, b->me, NULL, NULL);

	scan(s);
	answer(s, code);
	session_type(s, "echo in''side; exit 3\r");
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 3);
	assert_never_says(s->seen, "set up");
	cr_assert_eq(fixture_audit_count(b, "\"event\":\"login\""), 1);
	assert_says(fixture_audit(b),
	    "\"verdict\":\"pass\",\"reason\":\"one_time_code\"");
	assert_never_says(fixture_record(b, b->me), "\"codes\"");
	s = session_open(b, b->me, NULL, NULL);
	scan(s);
	answer(s, code);
	session_expect(s, "That is not the app's code");
	session_expect(s, PROMPT);
	session_kill(s);
}

Test(enrolment, pass_code_lets_in_where_a_revoked_user_is_to_enrol)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	assert_status(bastion_admin(b, ARGV("revoke", b->me, "--yes")), 0);
	assert_pass_code_passes_once(b);
}

Test(enrolment, pass_code_lets_in_where_grace_offers_to_enrol)
{
	assert_pass_code_passes_once(
	    bastion_open(.rules = text(
			     GRACE, hours_from_now(-24), hours_from_now(20))));
}

/* Nor does it cost the enrolment: a wrong code is counted and asked again. */
Test(enrolment, wrong_pass_code_leaves_the_enrolment_open)
{
	struct bastion *b = open_to_all();
	const char *secret;
	struct session *s;

	admins_code(b, "--pass");
	s = session_open(b, b->me, NULL, NULL);
	secret = scan(s);
	answer(s, "0000-0000-0000-0000");
	session_expect(s, "Wrong code");
	session_expect(s, PROMPT);
	answer(s, code_at(secret, step_now()));
	session_expect(s, KEPT);
	session_kill(s);
	assert_says(fixture_audit(b), "\"reason\":\"wrong_code\"");
}

Test(enrolment, revoke_forgets_the_connection)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	char *path = text("ControlPath=%s/master", b->dir);
	struct session *s = session_open(
	    b, b->me, ARGV("-M", "-o", path), NULL);

	session_pass(s, code_at(secret, step_now()));
	assert_status(ssh_run(b, b->me, ARGV("-o", path), "true", NULL), 0);
	assert_status(bastion_admin(b, ARGV("revoke", b->me, "--yes")), 0);
	assert_status(ssh_run(b, b->me, ARGV("-o", path), "true", NULL), 76);
	session_kill(s);
}

Test(enrolment, blocked_cannot_set_up)
{
	struct bastion *b = open_to_all();
	struct session *s;

	fixture_enrol(b, b->me);
	assert_status(
	    bastion_admin(b, ARGV("revoke", b->me, "--block", "--yes")), 0);
	s = session_open(b, b->me, NULL, NULL);
	cr_assert_eq(session_status(s), 77);
	cr_assert_null(screen_qr(s->seen));
}

Test(enrolment, by_an_admins_code_only)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'code'}");
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *codes[CODES_MAX];
	struct run *r;

	if (session_sees(s, PROMPT, 30000))
		session_type(s, "000000\r\r");
	cr_assert_eq(session_status(s), 77);
	cr_assert_null(screen_qr(s->seen));
	r = bastion_admin(b, ARGV("code", b->me, "--enroll"));
	assert_status(r, 0);
	cr_assert_eq(recovery_codes(r->out, codes), 1, "%s", r->out);
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	answer(s, codes[0]);
	set_up(s, step_now());
	session_kill(s);
}

/* A user who needs no device yet, whose enrolment only an admin opens. */
static void
assert_code_enrols(const char *rules)
{
	struct bastion *b = bastion_open(.rules = rules,
	    .more = "'enrollment':{'self':'code'}");
	const char *code = admins_code(b, "--enroll");
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, "one-time code");
	session_expect(s, PROMPT);
	answer(s, code);
	set_up(s, step_now());
	session_kill(s);
	assert_says(fixture_record(b, b->me), "\"devices\"");
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
}

Test(enrolment, optional_user_types_the_admins_code)
{
	assert_code_enrols(RULE("optional"));
}

Test(enrolment, user_in_grace_types_the_admins_code)
{
	assert_code_enrols(
	    text(GRACE, hours_from_now(-24), hours_from_now(24)));
}

/* A login that sends the code without a terminal is in the log. */
Test(enrolment, admins_code_without_a_terminal_is_refused_in_the_log)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'code'}");

	assert_status(
	    ssh_with_code(b, b->me, admins_code(b, "--enroll"), "true"), 76);
	assert_says(fixture_audit(b), "\"reason\":\"device_terminal\"");
}

/* Neither Enter nor a wrong code enrols, and neither shuts the user out. */
Test(enrolment, admins_code_may_be_left_for_later)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"),
	    .more = "'enrollment':{'self':'code'}");
	struct session *s;

	admins_code(b, "--enroll");
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	answer(s, "0000-0000-0000-0000");
	session_expect(s, "Wrong code");
	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_expect(s, "tfa add takes it");
	session_type(s, "echo in''side; exit 3\r");
	cr_assert_eq(session_status(s), 3);
	assert_says(s->seen, "inside");
	assert_never_says(fixture_record(b, b->me), "\"devices\"");
	/* A new one is offered at once. */
	admins_code(b, "--enroll");
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	session_kill(s);
}

/* The code opens the enrolment, which may still be left for later. */
Test(enrolment, device_may_be_left_for_later_after_the_admins_code)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"),
	    .more = "'enrollment':{'self':'code'}");
	const char *code = admins_code(b, "--enroll");
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	answer(s, code);
	session_expect(s, "Press Enter to do this later");
	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_expect(s, "tfa add takes it");
	session_type(s, "echo in''side; exit 3\r");
	cr_assert_eq(session_status(s), 3);
	assert_never_says(fixture_record(b, b->me), "\"devices\"");
}

/* Adds a user of that name, who logs in with alice's key. */
static const struct passwd *
add_user(const char *name, int uid)
{
	const char *home = text("/home/u%d", uid);
	const char *line = text(
	    "%s:x:%d:%d::%s:/bin/bash\n", name, uid, uid, home);
	const char *shadow = text("%s:*:19000:0:99999:7:::\n", name);

	assert_status(
	    run(ARGV("sh", "-c",
		    "mkdir -p $1/.ssh && cp /home/alice/.ssh/authorized_keys "
		    "$1/.ssh/ && chown -R $2:$2 $1 && printf %s \"$3\" "
		    ">>/etc/passwd && printf %s \"$4\" >>/etc/shadow",
		    "sh", home, text("%d", uid), line, shadow),
		NULL, 0),
	    0);
	return fixture_person(name);
}

static char *
name_of(size_t len, const char *start)
{
	char *name = text("%*s", (int)len, "");

	memset(name, 'n', len);
	memcpy(name, start, strlen(start));
	return name;
}

/* Names as directories have them: long, with a domain, with a blank. */
Test(enrolment, names_of_all_kinds)
{
	const char *const names[] = {name_of(81, "long"), name_of(256, "u"),
	    name_of(200, "\u00e4\u00e4\u00e4\u00e4"), "DOMAIN\\user",
	    "user@domain.example", "two words", "da-sh", ".dot", "100%"};
	struct bastion *b;

	needs_people();
	b = open_to_all();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *key = text(
		    "IdentityFile=%s/alice", getenv("TFA_KEYS"));
		const char *secret;
		uint64_t step;
		struct session *s;
		struct run *r;

		add_user(names[i], 4001 + (int)i);
		step = step_now();
		s = session_open(b, names[i],
		    ARGV("-o", key, "-o", "IdentitiesOnly=yes"), NULL);
		session_expect(s, PROMPT);
		secret = strstr(screen_words(s->seen), "Key: ");
		cr_assert_not_null(secret, "%s", names[i]);
		{
			char plain[33] = "";
			size_t n = 0;

			for (secret += 5; n < 32 && *secret != '\0'; secret++)
				if (*secret >= '2' && *secret <= 'Z')
					plain[n++] = *secret;
			secret = text("%s", plain);
		}
		answer(s, code_at(secret, step));
		session_expect(s, KEPT);
		session_type(s, "\recho in''side\r");
		session_expect(s, "inside");
		session_kill(s);
		r = bastion_admin(b, ARGV("users", "--json", "--", names[i]));
		assert_status(r, 0);
		assert_says(r->out, "enrolled");
		assert_status(
		    bastion_admin(b, ARGV("explain", "--", names[i])), 0);
		assert_status(
		    bastion_admin(b, ARGV("revoke", "--yes", "--", names[i])),
		    0);
	}
	assert_says(bastion_admin(b, ARGV("users"))->out, names[0]);
}

/* Every program says what is wrong, and what helps. */
Test(enrolment, name_that_is_too_long)
{
	const char *name = name_of(300, "u");
	struct bastion *b;
	struct run *r;

	needs_people();
	b = open_to_all();
	add_user(name, 4100);
	r = ssh_run(b, name,
	    ARGV("-o", text("IdentityFile=%s/alice", getenv("TFA_KEYS")), "-o",
		"IdentitiesOnly=yes"),
	    "true", NULL);
	assert_status(r, 78);
	assert_says(r->err, "Your user name has 300 bytes; tfa takes 256");
	r = bastion_admin(b, ARGV("unlock", name));
	assert_status(r, 1);
	assert_says(r->err, "300 bytes");
	r = bastion_admin(b, ARGV("unlock", "alice\r"));
	assert_status(r, 1);
	assert_says(r->err, "there is no such user");
	r = bastion_admin(b, ARGV("users", "\xff\xfe"));
	assert_status(r, 1);
	assert_says(r->err, "there is no such user");
}
