/*
 * The policy is changed by many at once, by programs that are killed, and by
 * strangers.
 */
#include <stdio.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(changes);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Twenty changes, and what the policy then has or does not have. None of them
 * shuts anybody out at once: the names in that message would depend on the
 * changes made before.
 */
static const struct {
	const char *command, *target, *option, *value;
	const char *has, *has_not;
} twenty[] = {
    {"enable", "alice", NULL, NULL, "'users':['alice'],'mode':'optional'",
	NULL},
    {"enforce", "user01", "--until", "2099-01-01",
	"'users':['user01'],'mode':'required'", NULL},
    {"exempt", "user06", "--from", "10.0.6.0/24",
	"'users':['user06'],'from':['10.0.6.0/24'],'mode':'exempt'", NULL},
    {"disable", "user11", NULL, NULL, NULL, "user11"},
    {"enable", "bob", NULL, NULL, "'users':['bob'],'mode':'optional'", NULL},
    {"enforce", "user02", "--until", "2099-01-01",
	"'users':['user02'],'mode':'required'", NULL},
    {"exempt", "user06", "--from", "10.0.7.0/24",
	"'users':['user06'],'from':['10.0.7.0/24'],'mode':'exempt'", NULL},
    {"disable", "user12", NULL, NULL, NULL, "user12"},
    {"enable", "@engineers", NULL, NULL,
	"'groups':['engineers'],'mode':'optional'", NULL},
    {"enforce", "user03", "--grace", "14d",
	"'users':['user03'],'mode':'required'", NULL},
    {"exempt", "user08", NULL, NULL, "'users':['user08'],'mode':'exempt'",
	NULL},
    {"disable", "user13", NULL, NULL, NULL, "user13"},
    {"enable", "dave", NULL, NULL, "'users':['dave'],'mode':'optional'", NULL},
    {"enforce", "@interns", "--grace", "14d",
	"'groups':['interns'],'mode':'required'", NULL},
    {"exempt", "@helpdesk", NULL, NULL, "'groups':['helpdesk'],'mode':'exempt'",
	NULL},
    {"disable", "user14", NULL, NULL, NULL, "user14"},
    {"enable", "erin", NULL, NULL, "'users':['erin'],'mode':'optional'", NULL},
    {"enforce", "user05", "--grace", "14d",
	"'users':['user05'],'mode':'required'", NULL},
    {"exempt", "user10", NULL, NULL, "'users':['user10'],'mode':'exempt'",
	NULL},
    {"disable", "@contractors", NULL, NULL, NULL, "contractors"},
};

/* The rules that "disable" takes away. */
#define GONE                                                 \
	"{'name':'a','users':['user11'],'mode':'required'}," \
	"{'name':'b','users':['user12'],'mode':'optional'}," \
	"{'name':'c','users':['user13'],'mode':'exempt'},"   \
	"{'name':'d','users':['user14'],'mode':'required'}," \
	"{'name':'e','groups':['contractors'],'mode':'required'},"

static char *
quoted(const char *words)
{
	char *copy = text("%s", words);

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

Test(changes, of_twenty_at_once_are_all_made)
{
	struct run *runs[COUNT(twenty)], *shown;
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = GONE REQUIRED);
	for (size_t i = 0; i < COUNT(twenty); i++)
		runs[i] = bastion_admin_start(b,
		    ARGV("--yes", twenty[i].command, twenty[i].target,
			twenty[i].option, twenty[i].value));
	for (size_t i = 0; i < COUNT(twenty); i++) {
		run_finish(runs[i]);
		assert_status(runs[i], 0);
		assert_never_says(runs[i]->err, "not logged");
	}
	assert_status(bastion_admin(b, ARGV("policy", "check")), 0);
	shown = bastion_admin(b, ARGV("--json", "policy", "show"));
	assert_status(shown, 0);
	for (size_t i = 0; i < COUNT(twenty); i++) {
		if (twenty[i].has != NULL)
			assert_says(shown->out, quoted(twenty[i].has));
		else
			assert_never_says(shown->out, twenty[i].has_not);
		assert_says(fixture_audit(b),
		    text("\"detail\":\"%s %s: ", twenty[i].command,
			twenty[i].target));
	}
}

/* A bastion with a rule for root until 2098; each change replaces it. */
#define UNTIL_98 "2098-01-01T00:00:00Z"
#define UNTIL_99 "2099-01-01T00:00:00Z"
#define SAID_99  "Thu 2099-01-01 00:00 UTC"

static struct run *
put_off(const struct bastion *b, const char *until)
{
	return bastion_admin(
	    b, ARGV("--yes", "enforce", "root", "--until", until));
}

/* A child that stops at each of its system calls. */
static pid_t
start_traced(const struct bastion *b, const char *until)
{
	const char *program = text("%s/tfa-admin", getenv("TFA_PROGRAMS"));
	const char *sanitizer = getenv("ASAN_OPTIONS");
	pid_t child = fork();
	int status;

	if (child == 0) {
		/* A leak checker traces too: not what is traced already. */
		if (sanitizer != NULL)
			setenv("ASAN_OPTIONS",
			    text("%s:detect_leaks=0", sanitizer), 1);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl(program, "tfa-admin",
		    b->embedded ? "--store" : "--socket",
		    b->embedded ? b->store : b->socket, "--policy", b->policy,
		    "--yes", "enforce", "root", "--until", until, (char *)NULL);
		run_child_fails("exec");
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSTOPPED(status));
	cr_assert_eq(ptrace(PTRACE_SETOPTIONS, child, 0,
			 PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
	    0);
	return child;
}

/* Runs the child to its next stop in a system call; false if it has ended. */
static bool
step(pid_t child, struct __ptrace_syscall_info *ret)
{
	int status;

	do {
		cr_assert_eq(ptrace(PTRACE_SYSCALL, child, 0, 0), 0);
		cr_assert_eq(waitpid(child, &status, 0), child);
		if (!WIFSTOPPED(status))
			return false;
	} while (WSTOPSIG(status) != (SIGTRAP | 0x80));
	cr_assert_gt(
	    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(*ret), ret), 0);
	return true;
}

/*
 * Kills a change after it got the lock and made so many stops more, before a
 * system call or after one. False if the change ends first.
 */
static bool
kill_change(const struct bastion *b, const char *until, int stops)
{
	struct __ptrace_syscall_info info;
	pid_t child = start_traced(b, until);
	bool locked = false;

	while (step(child, &info)) {
		locked |= info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    info.entry.nr == SYS_flock;
		if (!locked || stops-- > 0)
			continue;
		kill(child, SIGKILL);
		cr_assert_eq(run_wait(child, 5000), 128 + SIGKILL);
		return true;
	}
	return false;
}

/* How often the log has that a change to 2099 is made. */
static size_t
times_logged(const struct bastion *b)
{
	return fixture_audit_count(
	    b, "\"detail\":\"enforce root: a code is required from " SAID_99);
}

/* Each version can be read, its number follows the last one, and the policy in
 * force is the newest. */
static void
expect_whole_history(const struct bastion *b)
{
	struct run *r = bastion_admin(b, ARGV("--json", "policy", "history"));
	const char *at = r->out;
	long number = 0;

	assert_status(r, 0);
	at = strncmp(at, "{\"number\":1,", 12) == 0 ? strchr(at, '\n') : at;
	cr_assert_not_null(at);
	assert_never_says(at, "by hand, or before the first change");
	at = r->out;
	while ((at = strstr(at, "{\"number\":")) != NULL) {
		long next = strtol(at + 10, NULL, 10);

		cr_assert(number == 0 || next == number + 1, "%s", r->out);
		number = next;
		at += 10;
	}
	cr_assert_gt(number, 0, "%s", r->out);
	assert_says(r->out, text("{\"number\":%ld,", number));
	assert_says(strrchr(r->out, '{'), "\"in_force\":true");
}

/*
 * Kills a change at each moment between lock and end: what a kill leaves behind
 * depends only on the system calls that were made. A sanitizer is slow to start
 * and makes more calls, so it tries some moments only. A change in force must
 * be in the log; a change in the log need not be in force.
 */
Test(changes, killed_at_any_moment_leave_the_old_policy_or_the_new)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	gid_t group = bastion_has_people() ? 3001 : getegid();
	int every = getenv("ASAN_OPTIONS") != NULL ? 7 : 1;
	int killed = 0, found_old = 0, found_new = 0;
	size_t logged;
	char *old, *new, *found;
	struct stat st;

	assert_status(put_off(b, UNTIL_99), 0);
	new = read_text(b->policy);
	assert_status(put_off(b, UNTIL_98), 0);
	old = read_text(b->policy);
	cr_assert_str_neq(old, new);
	logged = times_logged(b);
	cr_assert_eq(chown(b->policy, (uid_t)-1, group), 0);
	cr_assert_eq(chmod(b->policy, 0604), 0);
	for (; kill_change(b, UNTIL_99, killed * every); killed++) {
		found = read_text(b->policy);
		cr_assert_not_null(found, "%d: no policy", killed);
		found_old += strcmp(found, old) == 0;
		found_new += strcmp(found, new) == 0;
		cr_assert_eq(
		    found_old + found_new, killed + 1, "%d: %s", killed, found);
		if (strcmp(found, new) == 0)
			cr_assert_gt(times_logged(b), logged, "%d", killed);
		logged = times_logged(b);
		assert_status(put_off(b, UNTIL_98), 0);
		if (killed % 8 == 0)
			expect_whole_history(b);
		cr_assert_str_eq(read_text(b->policy), old);
		cr_assert_eq(stat(b->policy, &st), 0);
		cr_assert_eq(st.st_mode & 07777, 0604);
		cr_assert_eq(st.st_uid, geteuid());
		cr_assert_eq(st.st_gid, group);
		cr_assert_eq(
		    access(text("%s/.policy.json.new", b->dir), F_OK), -1);
	}
	printf("changes: %d kills, %d left the old policy, %d the new one\n",
	    killed, found_old, found_new);
	cr_assert_geq(found_old, 20 / every);
	cr_assert_geq(found_new, 1);
}

/* A change is logged before it is made. If it fails, a second line says so. */
Test(changes, that_cannot_be_made_are_logged_as_not_made)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *folder = b->embedded ? b->store : b->dir;
	char *before = read_text(b->policy), *made, *not_made;
	struct run *r;

	cr_assert_eq(mkdir(text("%s/.policy.json.new", folder), 0700), 0);
	r = put_off(b, UNTIL_99);
	assert_status(r, 1);
	assert_says(r->err, "move it away");
	cr_assert_str_eq(read_text(b->policy), before);
	made = strstr(fixture_audit(b), "\"detail\":\"enforce root: ");
	cr_assert_not_null(made);
	not_made = strstr(made, "\"detail\":\"not made: enforce root: ");
	cr_assert_not_null(not_made, "%s", made);
}

/* A broken policy must be repaired before a keeper can serve. */
Test(changes, are_made_without_a_keeper_and_say_so)
{
	struct bastion *b;
	long long begun_ms;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	cr_assert_eq(kill(b->keeper, SIGSTOP), 0);
	begun_ms = run_clock_ms();
	r = put_off(b, UNTIL_99);
	cr_expect_leq(run_clock_ms() - begun_ms, 30000);
	cr_assert_eq(kill(b->keeper, SIGCONT), 0);
	assert_status(r, 0);
	assert_says(r->err, "the change is made, but not logged: ");
	assert_says(read_text(b->policy), UNTIL_99);
	bastion_keeper_stop(b);
	r = bastion_admin(b, ARGV("--yes", "exempt", "root", "alice"));
	assert_status(r, 0);
	assert_says(r->err, "the change is made, but not logged: ");
	assert_says(read_text(b->policy), "\"alice\"");
	r = bastion_admin(b, ARGV("--yes", "enforce", "root"));
	assert_status(r, 0);
	assert_says(r->err, "what this does to people is not known");
	r = bastion_admin(b, ARGV("enforce", "alice"));
	assert_status(r, 1);
	assert_says(r->err, "what this does to people is not known");
	assert_says(r->err, "--yes");
	r = bastion_admin(b, ARGV("enforce", "@no-such"));
	assert_status(r, 1);
	assert_never_says(r->err, "is not known");
}

/* Policy and records, as one string. */
static char *
state_of(const struct bastion *b)
{
	return run(ARGV("sh", "-c",
		       "cd \"$0\" && cat policy.json store/users/* && "
		       "find . -name '.policy*' -o -path './store/users/*'",
		       b->dir),
	    NULL, 0)
	    ->out;
}

/* The options that name the bastion. setup takes neither of them. */
static const char *
where(const struct bastion *b, const char *command)
{
	if (strncmp(command, "setup", 5) == 0)
		return "";
	return text("--socket %s --policy %s", b->socket, b->policy);
}

Test(changes, by_a_stranger_are_refused)
{
	static const char *const commands[] = {"enable alice", "enforce alice",
	    "enforce @engineers --grace 14d", "exempt alice",
	    "exempt erin --from 10.0.0.0/8", "disable alice", "policy edit",
	    "revoke alice", "revoke erin --block", "revoke erin --code",
	    "code alice --enroll", "code erin --pass", "unlock alice",
	    "unlock erin", "enroll alice", "enroll erin", "setup",
	    "setup --remove", "setup --undo", "setup --confirm"};
	struct bastion *b;
	char *before;

	needs_people();
	b = bastion_open(.rules = "{'name':'alice','users':['alice'],"
				  "'mode':'optional'}," REQUIRED);
	fixture_enrol(b, "alice");
	fixture_enrol(b, "erin");
	before = state_of(b);
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct session *s = session_start(
		    ARGV("setpriv", "--reuid=2005", "--regid=2005",
			"--clear-groups", "sh", "-c",
			text("EDITOR=true exec %s/tfa-admin --yes %s %s",
			    getenv("TFA_PROGRAMS"), where(b, commands[i]),
			    commands[i])));

		/* Some commands ask a delegate for a code. */
		session_type(s, "000000\r");
		cr_expect_eq(
		    session_status(s), 77, "%s: %s", commands[i], s->seen);
		cr_expect(strstr(s->seen, "may not") != NULL ||
			strstr(s->seen, "only root may") != NULL,
		    "%s: %s", commands[i], s->seen);
		cr_assert_str_eq(state_of(b), before, "%s", commands[i]);
	}
}

/* A refused command does not look at its operands, ask a question or wait. */
Test(changes, by_a_stranger_are_refused_before_all_else)
{
	static const char *const commands[] = {"import erin /nonexistent",
	    "import erin /root", "import erin /etc/shadow", "import nosuch -",
	    "import erin -", "enroll nosuch", "revoke alice",
	    "revoke nosuch --block", "unlock nosuch", "code nosuch --pass",
	    "--yes revoke nosuch"};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct run *r = run(
		    ARGV("setpriv", "--reuid=2005", "--regid=2005",
			"--clear-groups", "sh", "-c",
			text("exec %s/tfa-admin %s %s", getenv("TFA_PROGRAMS"),
			    where(b, commands[i]), commands[i])),
		    "GEZDGNBVGY3TQOJQ", 16);

		cr_expect_eq(r->status, 77, "%s: %d, %s", commands[i],
		    r->status, r->err);
	}
}

/* Only the owner of an embedded store may change it. */
Test(changes, to_a_store_of_somebody_else_are_refused)
{
	static const char in[] = "ls -lA --time-style=full-iso \"$0\"";
	struct bastion *b;
	struct run *r;
	char *before, *listed;

	needs_people();
	b = bastion_open(.policy = quoted(fixture_policy(REQUIRED, NULL)),
	    .owner = "user12");
	before = read_text(b->policy);
	/*
	 * Everybody may write in this folder, and still no lock is left there.
	 */
	cr_assert_eq(chmod(b->store, 0777), 0);
	listed = run(ARGV("sh", "-c", in, b->store), NULL, 0)->out;
	r = bastion_admin(b, ARGV("exempt", "erin"));
	assert_status(r, 1);
	assert_says(r->err, "must belong to root and be writable by nobody");
	r = run(
	    ARGV("setpriv", "--reuid=2005", "--regid=2005", "--clear-groups",
		text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--store",
		b->store, "exempt", "erin"),
	    NULL, 0);
	assert_status(r, 77);
	assert_says(r->err,
	    "you may not change the policy: only root or the "
	    "owner of its folder may");
	cr_assert_str_eq(read_text(b->policy), before);
	cr_assert_str_eq(
	    run(ARGV("sh", "-c", in, b->store), NULL, 0)->out, listed);
}

/* Only the last one would count, without a word about the first. */
Test(changes, by_an_option_that_is_given_twice_are_refused)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct run *r = bastion_admin(b,
	    ARGV("exempt", b->me, "--from", "10.2.0.0/16", "--from",
		"10.3.0.0/16"));

	assert_status(r, 2);
	assert_says(r->err, "--from is given twice");
	cr_assert_str_eq(read_text(b->policy), before);
	/* An option without an argument may be repeated. */
	assert_status(bastion_admin(b, ARGV("--json", "--json", "users")), 0);
}

/* A command typed from habit must not end a roll-out unseen. */
Test(changes, that_end_a_requirement_say_so)
{
	static const char until_now[] = "(until now a code was required)";
	struct bastion *b = bastion_open(.rules = "");
	struct run *r;

	assert_never_says(
	    bastion_admin(b, ARGV("--yes", "enable", b->me))->out, until_now);
	assert_never_says(
	    bastion_admin(b, ARGV("--yes", "enforce", b->me))->out, until_now);
	assert_never_says(
	    bastion_admin(b, ARGV("--yes", "enforce", b->me))->out, until_now);
	r = bastion_admin(b, ARGV("--yes", "enable", b->me));
	assert_status(r, 0);
	assert_says(r->out, text("once there is one %s", until_now));
	assert_never_says(
	    bastion_admin(b, ARGV("--yes", "exempt", b->me))->out, until_now);
	assert_status(bastion_admin(b, ARGV("--yes", "enforce", b->me)), 0);
	r = bastion_admin(b, ARGV("--yes", "disable", b->me));
	assert_status(r, 0);
	assert_says(r->out, text("the rule is gone %s", until_now));
}

/* The admin sees what a requirement replaces, and what goes on beside it. */
Test(changes, that_require_a_code_say_what_was_before)
{
	static const struct {
		const char *a, *b, *c, *says;
	} steps[] = {
	    {"enforce", NULL, NULL, "a code is required from now on\n"},
	    {"exempt", "--from", "10.2.0.0/16",
		"never asked for a code from 10.2.0.0/16\n"},
	    {"enforce", NULL, NULL, "now on (still exempt from 10.2.0.0/16)\n"},
	    {"enforce", "--until", "2097-01-01",
		"(until now a code was required, still exempt from 10.2.0.0"},
	    {"disable", NULL, NULL,
		"the rule is gone (until now a code was required)\n"},
	    {"exempt", "--from", "10.2.0.0/16", "from 10.2.0.0/16\n"},
	    {"exempt", "--from", "10.3.0.0/16", "from 10.3.0.0/16\n"},
	    {"enforce", "--until", "2099-01-01",
		"(until now exempt from 10.3.0.0/16, 10.2.0.0/16)\n"},
	    {"enforce", "--until", "2099-01-01", "a device is optional\n"},
	    {"enforce", "--until", "2098-01-01",
		"(until now from Thu 2099-01-01 00:00 UTC on)\n"},
	    {"enforce", NULL, NULL,
		"now on (until now from Wed 2098-01-01 00:00 UTC on)\n"},
	    {"enforce", "--until", "2098-01-01",
		"(until now a code was required)\n"},
	    {"exempt", NULL, NULL, "(until now a code was required)\n"},
	    {"enforce", NULL, NULL, "from now on (until now exempt)\n"},
	};
	struct bastion *b = bastion_open(.rules = "");

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct run *r = bastion_admin(b,
		    ARGV("--yes", steps[i].a, b->me, steps[i].b, steps[i].c));

		assert_status(r, 0);
		cr_expect_not_null(
		    strstr(r->out, steps[i].says), "%zu: %s", i, r->out);
	}
}

/*
 * The last command counts: an exemption does not stay behind the rule that it
 * was meant to lift.
 */
Test(changes, exempt_from_an_address_counts_after_a_requirement)
{
	struct bastion *b = bastion_open(.rules = "");
	struct run *r;

	for (int i = 0; i < 2; i++) {
		assert_status(bastion_admin(b,
				  ARGV("--yes", "exempt", b->me, "--from",
				      "10.2.0.0/16")),
		    0);
		r = bastion_admin(
		    b, ARGV("explain", b->me, "--from", "10.2.0.1"));
		assert_says(r->out, text("%s: pass\n", b->me));
		assert_status(
		    bastion_admin(b, ARGV("--yes", "enforce", b->me)), 0);
	}
	r = bastion_admin(b, ARGV("explain", b->me, "--from", "192.0.2.1"));
	assert_says(r->out, text("%s: deny\n", b->me));
}

/* An exempt rule with a word about hardware keys would be no valid policy. */
Test(changes, exempt_takes_the_word_about_hardware_keys_away)
{
	struct bastion *b = bastion_open(.rules = "");

	write_text(b->policy,
	    text("{\"version\":1,\"issuer\":\"t\",\"rules\":[{\"name\":\"%s\","
		 "\"users\":[\"%s\"],\"mode\":\"required\","
		 "\"hardware_keys\":\"enough\"}],\"otherwise\":\"optional\"}",
		b->me, b->me));
	assert_status(bastion_admin(b, ARGV("--yes", "exempt", b->me)), 0);
	assert_says(read_text(b->policy), "\"exempt\"");
	assert_never_says(read_text(b->policy), "hardware_keys");
	assert_status(bastion_admin(b, ARGV("policy", "check")), 0);
}

Test(changes, from_a_grace_to_now_count_from_now)
{
	struct bastion *b = bastion_open(.rules = "");
	const char *before, *after;

	assert_status(
	    bastion_admin(b, ARGV("--yes", "enforce", b->me, "--grace", "14d")),
	    0);
	before = strstr(read_text(b->policy), "\"since\"");
	cr_assert_not_null(before);
	run_sleep_ms(1100);
	assert_status(bastion_admin(b, ARGV("--yes", "enforce", b->me)), 0);
	after = strstr(read_text(b->policy), "\"since\"");
	cr_assert_not_null(after);
	cr_assert_neq(strncmp(before, after, 29), 0, "%.29s", after);
}

/* A rule a user is what the limit meets first. */
Test(changes, beyond_the_last_rule_point_at_groups)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *rules = text(RULE("required")), *policy;
	struct run *r;

	for (int i = 1; i < 200; i++)
		rules = text("%s,{'name':'r%d','users':['x%d'],'mode':"
			     "'optional'}",
		    rules, i, i);
	fixture_write_policy(b, fixture_policy(rules, NULL));
	policy = read_text(b->policy);
	r = bastion_admin(b, ARGV("enable", b->me, "--yes"));
	assert_status(r, 1);
	assert_says(
	    r->err, "the policy would have 201 rules, and may have 200");
	assert_says(r->err, "Put these users into a Unix group");
	assert_says(r->err, "@GROUP");
	cr_assert_str_eq(read_text(b->policy), policy);
}
