/*
 * pam_tfa.so in the files of sudo and su: the real programs, called by people.  Each test has a person of its own, for whom sudoers names a PAM
 * service of its own.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"
#include "tests/support/door.h"

#define LINE "auth required pam_tfa.so caller socket=%s\n"

Scenarios(sudo);

static char *
service_of(const char *user)
{
	return text("tfa-sudo-%s", user);
}

/* sudo asks this person for a code; first: lines above the module's. */
static struct bastion *
sudoer(const char *user, const char *rules, const char *first)
{
	struct bastion *b = bastion_open(.rules = rules);
	char *sudoers = text("/etc/sudoers.d/tfa-%s", user);

	write_text(text("/etc/pam.d/%s", service_of(user)),
	    text("%s" LINE "account required pam_permit.so\n"
		 "session required pam_permit.so\n",
		first, b->socket));
	write_text(sudoers,
	    text("Defaults:%s pam_service=%s, !lecture, !use_pty\n"
		 "%s ALL=(ALL:ALL) ALL\n",
		user, service_of(user), user));
	cr_assert_eq(chmod(sudoers, 0440), 0);
	return b;
}

/* A command of this person's, without a terminal. */
static struct run *
as(const char *user, const char *input, const char *command)
{
	return run(
	    ARGV("setpriv", text("--reuid=%s", user), text("--regid=%s", user),
		"--init-groups", "sh", "-c", command),
	    input, strlen(input));
}

/* How often the person was asked. */
static int
prompts(const struct run *r)
{
	int count = 0;

	for (const char *at = r->err; (at = strstr(at, PROMPT)) != NULL; at++)
		count++;
	return count;
}

static void
assert_refused(const struct run *r)
{
	cr_assert_eq(r->status, 1, "%d: %s", r->status, r->err);
	cr_assert_str_empty(r->out);
}

static char *
line(const char *code)
{
	return text("%s\n", code);
}

Test(sudo, right_code_lets_in_and_a_wrong_one_not)
{
	const char *secret;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer("user46", REQUIRED, "");
	secret = fixture_enrol(b, "user46");
	r = as("user46", line(code_wrong(secret)), "sudo -k -S id -u");
	assert_refused(r);
	assert_says(r->err, "Wrong code.");
	r = as("user46", line(code_at(secret, step_now())), "sudo -k -S id -u");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "0\n");
	cr_assert_eq(prompts(r), 1);
	cr_assert_geq(
	    fixture_audit_count(b, text("\"%s\"", service_of("user46"))), 2);
	cr_assert_eq(fixture_audit_count(b, "which key"), 0);
}

Test(sudo, three_wrong_codes_are_three_prompts)
{
	const char *secret, *wrong;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer("user47", REQUIRED, "");
	secret = fixture_enrol(b, "user47");
	wrong = code_wrong(secret);
	r = as("user47", text("%s\n%s\n%s\n%s\n", wrong, wrong, wrong, wrong),
	    "sudo -k -S id -u");
	assert_refused(r);
	cr_assert_eq(prompts(r), 3, "%s", r->err);
}

Test(sudo, no_code_no_entry)
{
	struct bastion *b;

	needs_door();
	b = sudoer("user48", REQUIRED, "");
	fixture_enrol(b, "user48");
	assert_refused(as("user48", "", "sudo -k -S id -u"));
	assert_refused(as("user48", "\n\n\n", "sudo -k -S id -u"));
}

/* Without a question, also where sudo is told to ask PAM all the same. */
Test(sudo, without_interaction_nobody_is_asked)
{
	const char *secret;
	char *sudoers;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer("user40", REQUIRED, "");
	secret = fixture_enrol(b, "user40");
	r = as("user40", "", "sudo -k -n id -u");
	assert_refused(r);
	cr_assert_eq(prompts(r), 0);
	sudoers = read_text("/etc/sudoers.d/tfa-user40");
	cr_assert_eq(unlink("/etc/sudoers.d/tfa-user40"), 0);
	write_text("/etc/sudoers.d/tfa-user40",
	    text("Defaults:user40 noninteractive_auth\n%s", sudoers));
	r = as("user40", "", "sudo -k -n id -u");
	assert_refused(r);
	cr_assert_eq(prompts(r), 0, "%s", r->err);
	/* After a code that sudo remembers, it needs none. */
	r = as("user40", line(code_at(secret, step_now())),
	    "sudo -S -v && sudo -n id -u");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "0\n");
}

Test(sudo, grace_is_a_note_and_its_end_a_refusal)
{
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer(
	    "user39", text(GRACE, hours_from_now(-48), hours_from_now(30)), "");
	r = as("user39", "", "sudo -k -S id -u");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "0\n");
	cr_assert_eq(prompts(r), 0);
	assert_says(r->err, "A verification code will be required here in");
	fixture_write_policy(b,
	    fixture_policy(
		text(GRACE, hours_from_now(-48), hours_from_now(-1)), NULL));
	r = as("user39", "", "sudo -k -S id -u");
	assert_refused(r);
	cr_assert_eq(prompts(r), 0);
	assert_says(r->err, "A verification code is required here");
}

Test(sudo, keeper_away_is_said)
{
	const char *secret;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer("user38", REQUIRED, "");
	secret = fixture_enrol(b, "user38");
	bastion_keeper_stop(b);
	r = as("user38", line(code_at(secret, step_now())), "sudo -k -S id -u");
	assert_refused(r);
	cr_assert_eq(prompts(r), 0);
	assert_says(r->err, "the keeper cannot be reached");
	bastion_keeper_start(b);
	assert_status(
	    as("user38", line(code_at(secret, step_now())), "sudo -k -S id -u"),
	    0);
}

/* user14's password is correct-horse. */
Test(sudo, code_comes_after_the_password)
{
	const char *secret;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer("user14", REQUIRED, "@include common-auth\n");
	secret = fixture_enrol(b, "user14");
	r = as("user14", text("wrong\n%s\n", code_at(secret, step_now())),
	    "sudo -k -S id -u");
	assert_refused(r);
	cr_assert_eq(prompts(r), 0, "%s", r->err);
	r = as("user14", text("correct-horse\n%s\n", code_wrong(secret)),
	    "sudo -k -S id -u");
	assert_refused(r);
	r = as("user14",
	    text("correct-horse\n%s\n", code_at(secret, step_now())),
	    "sudo -k -S id -u");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "0\n");
}

/* Whatever sudo is told about passwords, and whomever one becomes. */
Test(sudo, person_who_types_is_asked)
{
	static const char *const ways[] = {"", "targetpw", "rootpw", "runaspw"};
	const char *secret;
	char *sudoers;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = sudoer("user37", REQUIRED, "");
	secret = fixture_enrol(b, "user37");
	sudoers = read_text("/etc/sudoers.d/tfa-user37");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		cr_assert_eq(unlink("/etc/sudoers.d/tfa-user37"), 0);
		write_text("/etc/sudoers.d/tfa-user37",
		    text("%s%s%s%s", sudoers,
			*ways[i] != '\0' ? "Defaults:user37 " : "", ways[i],
			*ways[i] != '\0' ? "\n" : ""));
		secret = fixture_enrol(b, "user37");
		r = as("user37", line(code_wrong(secret)),
		    "sudo -k -S -u bob id -un");
		assert_refused(r);
		cr_assert_geq(prompts(r), 1, "%s: %s", ways[i], r->err);
		r = as("user37", line(code_at(secret, step_now())),
		    "sudo -k -S -u bob id -un");
		cr_assert_eq(r->status, 0, "%s: %s", ways[i], r->err);
		cr_assert_str_eq(r->out, "bob\n");
	}
}

/* "su -l" has a PAM service of its own, and no other test calls it. */
Test(sudo, su_asks_the_caller_but_not_root)
{
	const char *secret;
	struct bastion *b;
	struct run *r;

	needs_door();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "alice");
	write_text("/etc/pam.d/su-l",
	    text("auth sufficient pam_rootok.so\n" LINE
		 "account required pam_permit.so\n"
		 "session required pam_permit.so\n",
		b->socket));
	r = as("alice", line(code_wrong(secret)), "su -l bob -c 'id -un'");
	assert_refused(r);
	assert_says(r->err, "Wrong code.");
	r = as("alice", "", "su -l bob -c 'id -un'");
	assert_refused(r);
	r = as("alice", line(code_at(secret, step_now())),
	    "su -l bob -c 'id -un'");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "bob\n");
	/* carol has no device, and could become nobody. */
	r = as("carol", line(code_at(secret, step_now())),
	    "su -l bob -c 'id -un'");
	assert_refused(r);
	cr_assert_eq(prompts(r), 0);
	r = run(ARGV("su", "-l", "bob", "-c", "id -un"), NULL, 0);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "bob\n");
	cr_assert_eq(prompts(r), 0);
	/* Without pam_rootok root is one who calls, like others. */
	write_text("/etc/pam.d/su-l",
	    text(LINE "account required pam_permit.so\n"
		      "session required pam_permit.so\n",
		b->socket));
	r = run(ARGV("su", "-l", "bob", "-c", "id -un"), "", 0);
	assert_refused(r);
}
