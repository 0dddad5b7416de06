/* The words that an admin reads: on a terminal, in a pipe, as JSON. */
#include <string.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(admin);

#define COLUMNS 80 /* of the terminal that session_start() gives */

static struct session *
on_terminal(const struct bastion *b, const char *command)
{
	return session_start(ARGV("sh", "-c",
	    text("exec %s/tfa-admin %s %s --policy %s %s",
		getenv("TFA_PROGRAMS"), b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, b->policy, command)));
}

static size_t
longest_line(const char *seen)
{
	size_t longest = 0;

	for (size_t len; *seen != '\0'; seen += len + (seen[len] != '\0')) {
		len = strcspn(seen, "\r\n");
		if (len > longest)
			longest = len;
	}
	return longest;
}

Test(admin, log_fits_a_terminal_and_is_whole_in_a_pipe)
{
	static const char command[] =
	    "echo this is a long command, which does not fit into a line of "
	    "eighty columns";
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s;
	struct run *r;

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), command), 0);
	r = bastion_admin(b, ARGV("log"));
	assert_status(r, 0);
	assert_says(r->out, text("command: %s\n", command));
	assert_says(r->out, " from=127.0.0.1 ");
	s = on_terminal(b, "log");
	cr_assert_eq(session_status(s), 0);
	assert_says(s->seen, "TIME             EVENT VERDICT USER ");
	assert_says(s->seen, text(" login pass    %s ", b->me));
	cr_assert_leq(longest_line(s->seen), COLUMNS, "%s", s->seen);
}

/*
 * The log may still have lines about a user who is gone from passwd and store.
 */
Test(admin, log_of_nobody_says_so)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct run *r = bastion_admin(b, ARGV("log", "--user", "nosuch"));

	assert_status(r, 1);
	assert_says(r->err, "no user \"nosuch\"");
	assert_status(bastion_admin(b, ARGV("log", "--user", b->me)), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
	assert_status(
	    run(ARGV("sed", "-i",
		    text("s/\"user\":\"%s\"/\"user\":\"gone\"/", b->me),
		    text("%s/audit.jsonl", b->store)),
		NULL, 0),
	    0);
	assert_status(bastion_admin(b, ARGV("log", "--user", "nosuch")), 1);
	r = bastion_admin(b, ARGV("log", "--user", "gone"));
	assert_status(r, 0);
	assert_says(r->out, " gone ");
	assert_status(
	    bastion_admin(
		b, ARGV("log", "--user", "gone", "--since", "2099-01-01")),
	    0);
}

Test(admin, policy_is_shown_and_checked_as_json)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("--json", "policy", "show"));
	char *draft = text("%s/draft", b->dir);

	assert_status(r, 0);
	cr_assert_eq(strncmp(r->out, "{\"version\":1,", 13), 0, "%s", r->out);
	cr_assert_eq(strcspn(r->out, "\n"), r->out_len - 1);
	write_text(draft, r->out);
	r = bastion_admin(b, ARGV("--json", "policy", "check", draft));
	assert_status(r, 0);
	cr_assert_str_eq(r->out,
	    text("{\"ok\":true,\"file\":\"%s\",\"line\":null,\"column\":null,"
		 "\"message\":null}\n",
		draft));
	write_text(draft, "{\n  \"version\": 2}\n");
	r = bastion_admin(b, ARGV("--json", "policy", "check", draft));
	assert_status(r, 1);
	assert_says(r->out,
	    text(
		"{\"ok\":false,\"file\":\"%s\",\"line\":2,\"column\":", draft));
	assert_says(r->out, "\"message\":\"version: ");
	r = bastion_admin(b, ARGV("--json", "policy", "check", "/nonexistent"));
	assert_status(r, 1);
	assert_says(
	    r->out, "\"line\":null,\"column\":null,\"message\":\"/none");
}

/* The form of a compiler's message, so that an editor can jump there. */
Test(admin, policy_check_points_at_the_mistake)
{
	static const struct {
		const char *policy, *says;
	} cases[] = {
	    {"{\n  \"version\": 1,\n  \"issuer\": \"x\",\n  \"rules\": [],\n"
	     "  \"otherwize\": \"required\"\n}\n",
		":5:3: otherwize: unknown key\n"
		"      \"otherwize\": \"required\"\n"
		"      ^\n"},
	    {"{\"version\": 1, \"issuer\": \"x\", \"rules\": [{\"name\": \"a\", "
	     "\"users\": [\"*\"], \"mode\": \"off\"}], "
	     "\"otherwise\": \"required\"}\n",
		":1:79: rules[0].mode: must be optional, required or exempt\n"
		"    ...es\": [{\"name\": \"a\", \"users\": [\"*\"], "
		"\"mode\": \"off\"}], \"otherwise\": \"req...\n"
		"                                                   ^\n"},
	    {"{\n\t\"version\": 1\n\t\"issuer\": \"x\"\n}\n",
		":3:2: not JSON: a comma or a colon is missing before it\n"
		"     \"issuer\": \"x\"\n"
		"     ^\n"},
	};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *draft = text("%s/draft", b->dir);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r;

		write_text(draft, cases[i].policy);
		r = bastion_admin(b, ARGV("policy", "check", draft));
		assert_status(r, 1);
		cr_assert_str_empty(r->out);
		cr_assert_str_eq(
		    r->err, text("tfa-admin: %s%s", draft, cases[i].says));
	}
}

Test(admin, one_who_never_logged_in_has_never)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("users", b->me));

	assert_status(r, 0);
	assert_says(r->out, "\n  last login     never\n");
	assert_says(r->out, "\n  deadline       none\n");
	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, ", last used never\n");
}

/* The keeper makes batches of rows in another order than it sends them. */
Test(admin, users_lists_everyone_once_and_by_name)
{
	enum { NAMED = 600 };
	char *names = text("'%s'", "zz000");
	const char *last = "";
	size_t named = 0, me = 0;
	struct bastion *b;
	struct run *r;

	for (int i = NAMED - 1; i >= 0; i--)
		names = text("%s,'zz%03d'", names, i);
	b = bastion_open(.rules = text("{'name':'many','users':[%s],"
				       "'mode':'optional'}",
			     names));
	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("--json", "users"));
	assert_status(r, 0);
	for (char *line = r->out; *line != '\0';) {
		static const char start[] = "{\"user\":\"";
		char *user = line + sizeof(start) - 1;

		cr_assert_eq(strncmp(line, start, sizeof(start) - 1), 0);
		line += strcspn(line, "\n") + 1;
		user[strcspn(user, "\"")] = '\0';
		cr_assert_lt(strcmp(last, user), 0, "%s, %s", last, user);
		named += strncmp(user, "zz", 2) == 0;
		me += strcmp(user, b->me) == 0;
		last = user;
	}
	cr_expect_eq(named, NAMED);
	cr_expect_eq(me, 1);
}

Test(admin, group_that_is_not_there_is_named)
{
	struct bastion *b =
	    bastion_open(.rules = "{'name':'x','groups':['nobodys-group'],"
				  "'mode':'required'}");
	static const char says[] = "rule \"x\" names group \"nobodys-group\", "
				   "which does not exist";
	struct run *r = bastion_admin(b, ARGV("users", b->me));

	assert_status(r, 0);
	assert_says(r->out, "state          pending\n");
	assert_says(r->out, says);
	r = bastion_admin(b, ARGV("explain", b->me));
	assert_status(r, 0);
	assert_says(r->out, says);
}

Test(admin, code_says_where_it_is_typed)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("code", b->me, "--enroll"));

	assert_status(r, 0);
	assert_says(r->err, "within 24 hours");
	assert_says(r->err, "type it at \"Verification code: \"");
	r = bastion_admin(b, ARGV("code", b->me, "--pass"));
	assert_status(r, 0);
	assert_says(r->err, "TFA_CODE");
	r = bastion_admin(b, ARGV("--json", "code", b->me, "--pass"));
	cr_assert_str_empty(r->err);
}

Test(admin, one_who_is_stopped_is_locked_until_unlock)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'attempts':{'free':1,'stop':1}");
	const char *secret = fixture_enrol(b, b->me);
	struct run *r;

	assert_status(ssh_with_code(b, b->me, code_wrong(secret), "true"), 77);
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(
	    r->out, "  wrong codes    1, locked until tfa-admin unlock\n");
	r = bastion_admin(b, ARGV("explain", b->me));
	assert_says(
	    r->out, "only a one-time code passes until tfa-admin unlock; ");
	assert_status(bastion_admin(b, ARGV("unlock", b->me)), 0);
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, "  wrong codes    0\n");
}

/* A person could take silence for a failure; a script gets an empty list. */
Test(admin, users_says_nobody_where_nobody_is)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("users", "--state", "invited"));

	assert_status(r, 0);
	assert_says(r->err, "nobody");
	r = bastion_admin(b, ARGV("--json", "users", "--state", "invited"));
	assert_status(r, 0);
	cr_assert_str_empty(r->out);
	assert_never_says(r->err, "nobody");
}

/* Running sessions only matter if something was revoked. */
Test(admin, revoke_speaks_of_sessions_only_where_it_did_revoke)
{
	static const char says[] = "running sessions go on";
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	r = bastion_admin(b, ARGV("revoke", "nosuch", "nobody-else", "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "no user \"nosuch\"");
	assert_never_says(r->err, says);
	r = bastion_admin(b, ARGV("revoke", b->me, "nosuch", "--yes"));
	assert_status(r, 1);
	assert_says(r->err, says);
	assert_says(r->err, "pkill -KILL -u USER");
	if (access("/run/systemd/system", F_OK) < 0)
		assert_never_says(r->err, "loginctl");
	assert_says(r->err, "old entry in the authenticator app");
	assert_status(bastion_admin(b, ARGV("revoke", b->me, "--yes")), 0);
}

/* One stream for both, as in a log or a pipe: the code comes first. */
Test(admin, messages_follow_the_data_that_they_belong_to)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = run(
	    ARGV("sh", "-c",
		text("exec %s/tfa-admin %s %s --policy %s revoke %s --code "
		     "--yes 2>&1",
		    getenv("TFA_PROGRAMS"),
		    b->embedded ? "--store" : "--socket",
		    b->embedded ? b->store : b->socket, b->policy, b->me)),
	    NULL, 0);
	const char *code = strstr(r->out, text("\n%s: ", b->me));
	const char *hint = strstr(r->out, "give this code to");

	assert_status(r, 0);
	cr_assert(code != NULL && hint != NULL && code < hint, "%s", r->out);
}

Test(admin, blocked_user_is_shown_as_blocked)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;
	struct run *r;

	fixture_enrol(b, b->me);
	assert_status(
	    bastion_admin(b, ARGV("revoke", b->me, "--block", "--yes")), 0);
	r = bastion_admin(b, ARGV("users", "--state", "blocked"));
	assert_status(r, 0);
	assert_says(r->out, b->me);
	assert_says(r->out, " blocked ");
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out,
	    "\n  state          blocked, until tfa-admin revoke or code "
	    "--enroll\n");
	r = bastion_admin(b, ARGV("explain", b->me));
	assert_says(r->out,
	    text("%s: deny\n  because   no device, and blocked ", b->me));
	r = bastion_admin(b, ARGV("--json", "users", "--state", "overdue"));
	assert_never_says(r->out, text("\"%s\"", b->me));
	r = bastion_admin(b, ARGV("--json", "users", "--summary"));
	assert_says(
	    r->out, ",\"invited\":0,\"blocked\":1,\"gone\":0,\"overdue\":");
	s = on_terminal(b, "users --summary");
	cr_assert_eq(session_status(s), 0);
	assert_says(
	    s->seen, " ENROLLED BLOCKED OVERDUE GRACE PENDING ADOPTION");
	assert_never_says(s->seen, "LOCKED ENROLLED");
	assert_never_says(s->seen, "INVITED");
	assert_status(bastion_admin(b, ARGV("revoke", b->me, "--yes")), 0);
	r = bastion_admin(b, ARGV("users", "--state", "blocked"));
	assert_never_says(r->out, b->me);
}

Test(admin, users_names_the_states_that_there_are)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("users", "--state", "lost"));

	assert_status(r, 2);
	assert_says(r->err,
	    "lost: there is no such state: a state is exempt, locked, "
	    "enrolled, hardware, invited, blocked, gone, overdue, grace or "
	    "pending\n");
}

Test(admin, explain_says_what_each_address_would_meet)
{
	struct bastion *b =
	    bastion_open(.rules = text(
			     "{'name':'bobs','users':['bob'],'from':"
			     "['192.0.2.0/24'],'mode':'exempt'},"
			     "{'name':'office','users':['*'],'from':"
			     "['10.2.0.0/16'],'mode':'exempt'}," REQUIRED));
	struct run *r;

	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("explain", b->me));
	assert_status(r, 0);
	assert_says(r->out,
	    text("%s: depends on the address (choose one with --from)\n"
		 "  from      10.2.0.0/16: pass\n"
		 "  because   exempt: never asked\n"
		 "  rule      office (exempt)\n"
		 "  from      anywhere else: challenge\n"
		 "  because   a device is enrolled: asked for a code\n"
		 "  rule      all (required)\n"
		 "  not       bobs: names neither the user nor a group of "
		 "theirs\n"
		 "  not       office: the address is not in its \"from\"\n",
		b->me));
	r = bastion_admin(b, ARGV("explain", b->me, "--from", "10.2.0.1"));
	cr_assert_eq(
	    strncmp(r->out, text("%s: pass\n", b->me), strlen(b->me) + 7), 0,
	    "%s", r->out);
}

/* Small mistakes of a person who means well. */
Test(admin, understands_what_is_nearly_right)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;
	struct run *r;

	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("users", "--group", "@root"));
	assert_status(r, 0);
	r = bastion_admin(b, ARGV("users", "--group", "@no-such"));
	assert_status(r, 1);
	assert_says(r->err, "no-such: there is no such group");
	r = bastion_admin(b, ARGV("enforce", b->me, "--until", "14d"));
	assert_status(r, 2);
	assert_says(r->err,
	    "--until takes a date; for a time from now use --grace 14d");
	r = bastion_admin(b, ARGV("code", b->me));
	assert_status(r, 2);
	assert_says(r->err, "code needs --enroll or --pass");
	r = bastion_admin(b, ARGV("revoke", b->me, "--block", "--code"));
	assert_status(r, 2);
	assert_says(r->err, "--block and --code exclude each other");
	r = bastion_admin(b, ARGV("explain", b->me, "root"));
	assert_status(r, 2);
	assert_says(r->err, "explain was given a word too many");
	s = on_terminal(b, text("revoke %s no-such third", b->me));
	session_expect(s, text("Revoke %s, no-such, third? ", b->me));
	session_type(s, "n\r");
	cr_assert_eq(session_status(s), 1);
	assert_says(bastion_admin(b, ARGV("users", b->me))->out, "enrolled");
}

Test(admin, commands_about_users_take_no_group_and_no_empty_name)
{
	static const char *const commands[][2] = {{"users", "--json"},
	    {"explain", "--json"}, {"unlock", "--json"}, {"code", "--pass"},
	    {"revoke", "--yes"}, {"enroll", "--json"}, {"log", "--user"}};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *command = commands[i][0], *option = commands[i][1];

		r = bastion_admin(b, ARGV(command, option, "@staff"));
		assert_status(r, 1);
		assert_says(
		    r->err, "@staff: this takes users, not groups: tfa-admin");
		r = bastion_admin(b, ARGV(command, option, ""));
		assert_status(r, 1);
		assert_says(r->err, "\"\": there is no such user");
		cr_expect_str_empty(r->out);
	}
}
