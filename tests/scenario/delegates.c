/*
 * Delegates: grace is in the helpdesk, and helps others by giving her own
 * codes.
 */
#include <string.h>

#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(delegates);

static struct bastion *
open_with_helpdesk(void)
{
	return bastion_open(.rules = REQUIRED,
	    .more = "'admins':{'groups':['helpdesk']}");
}

/*
 * Runs tfa-admin in a session of grace's on a terminal. code opens the session;
 * own answers tfa-admin's question for a code, if it asks.
 */
static int
help(const struct bastion *b, const char *code, const char *own,
    const char *args, const char **ret_seen)
{
	struct session *s = session_open(b, "grace", NULL,
	    text("%s/tfa-admin --socket %s --yes %s", getenv("TFA_PROGRAMS"),
		b->socket, args));

	session_expect(s, "Verification code: ");
	session_type(s, text("%s\r", code));
	session_expect(s, "Verification code: ");
	session_type(s, text("%s\r", own));
	*ret_seen = s->seen;
	return session_status(s);
}

Test(delegates, help_with_a_code_of_their_own)
{
	struct bastion *b;
	const char *secret, *code, *seen;
	uint64_t step;

	needs_people();
	b = open_with_helpdesk();
	secret = fixture_enrol(b, "grace");
	fixture_enrol(b, "alice");
	step = step_fresh(10);
	cr_expect_eq(help(b, code_at(secret, step - 1), code_wrong(secret),
			 "revoke alice", &seen),
	    1);
	assert_says(fixture_record(b, "alice"), "\"secret\"");
	code = code_at(secret, step + 1);
	cr_expect_eq(help(b, code_at(secret, step),
			 text("\033[200~%.3s %s\033[201~", code, code + 3),
			 "revoke alice", &seen),
	    0);
	assert_never_says(fixture_record(b, "alice"), "\"secret\"");
	assert_says(fixture_audit(b), "\"event\":\"help\"");
}

Test(delegates, never_touch_root_themselves_or_each_other)
{
	static const char *const refused[] = {
	    "unlock root", "unlock grace", "code alice --pass"};
	struct bastion *b;
	const char *secret, *seen;
	uint64_t step;

	needs_people();
	b = open_with_helpdesk();
	secret = fixture_enrol(b, "grace");
	step = step_fresh(15);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_eq(help(b, code_at(secret, step - 1 + i), "000000",
				 refused[i], &seen),
		    77, "%s", refused[i]);
		assert_says(seen, "may not");
	}
}

Test(delegates, others_may_not_even_read)
{
	struct bastion *b;
	const char *secret;

	needs_people();
	b = open_with_helpdesk();
	secret = fixture_enrol(b, "alice");
	assert_status(ssh_with_code(b, "alice", code_at(secret, step_now()),
			  text("%s/tfa-admin --socket %s users",
			      getenv("TFA_PROGRAMS"), b->socket)),
	    77);
}

/*
 * A command that is refused anyway spends no code: the code still opens a
 * session afterwards.
 */
Test(delegates, spend_no_code_on_what_they_may_not)
{
	static const char *const refused[] = {
	    "'request':'code','user':'alice','use':'pass'",
	    "'request':'revoke','user':'alice','use':'pass'",
	    "'request':'unlock','user':'root'",
	    "'request':'unlock','user':'grace'",
	};
	struct bastion *b;
	const char *code;

	needs_people();
	b = open_with_helpdesk();
	code = code_at(fixture_enrol(b, "grace"), step_now());
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char *answer = talk_ask(
		    b, "grace", text("%s,'code':'%s'", refused[i], code));

		cr_expect_str_eq(talk_word(answer, "reason"), "not_allowed",
		    "%s: %s", refused[i], answer);
	}
	assert_status(ssh_with_code(b, "grace", code, "true"), 0);
}
