/* policy edit, as visudo does: on a terminal, with editors of every kind. */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(edits);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define INVALID "sed -i 's/\"otherwise\"/\"otherwize\"/' \"$1\"\n"
#define REPAIR  "sed -i 's/\"otherwize\"/\"otherwise\"/' \"$1\"\n"
#define CHANGE \
	"sed -i 's/\"issuer\": *\"[A-Za-z-]*\"/\"issuer\":\"Edited\"/' \"$1\"\n"

/* A program that edits: a script of sh, which has the file as $1. */
static char *
editor(const struct bastion *b, const char *name, const char *script)
{
	char *path = text("%s/%s", b->dir, name);

	write_text(path, text("#!/bin/sh\ncd '%s'\n%s", b->dir, script));
	cr_assert_eq(chmod(path, 0755), 0);
	return path;
}

/* env execs tfa-admin, so the session's pid is tfa-admin's. */
static struct session *
edit(const struct bastion *b, const char *with)
{
	return session_start(
	    ARGV("env", "-u", "VISUAL", text("EDITOR=%s", with),
		text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, "--policy", b->policy,
		"policy", "edit"));
}

/*
 * Counts the copies in the policy's folder, and fails if anything else lies
 * there.
 */
static size_t
copies(const struct bastion *b)
{
	const char *folder = b->embedded ? b->store : b->dir;
	size_t count;
	glob_t all;

	if (glob(text("%s/.policy.json.*", folder), 0, NULL, &all) != 0)
		return 0;
	count = all.gl_pathc;
	for (size_t i = 0; i < all.gl_pathc; i++)
		count -= strstr(all.gl_pathv[i], ".policy.json.lock") != NULL ||
		    strstr(all.gl_pathv[i], ".policy.json.was.") != NULL;
	globfree(&all);
	return count;
}

static void
expect_unchanged(const struct bastion *b, const char *before)
{
	cr_assert_str_eq(read_text(b->policy), before);
	cr_assert_eq(copies(b), 0);
}

static void
wait_for_file(const char *path)
{
	for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++)
		run_sleep_ms(10);
	cr_assert_eq(access(path, F_OK), 0, "%s", path);
}

/* An unset or empty EDITOR is none.  In mounts of its own, since other tests have
 * an editor; vi, which may be the same program, is not there. */
Test(edits, are_made_with_the_editor_of_debian_if_none_is_named)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *mine = editor(b, "mine", CHANGE "touch opened");
	struct run *r;

	if (geteuid() != 0)
		cr_skip("needs root");
	r = run(
	    ARGV("env", "-u", "VISUAL", "EDITOR=", "unshare", "-m", "sh", "-ec",
		text("[ -e /usr/bin/editor ] ||\n"
		     "    ln -sf /etc/alternatives/editor /usr/bin/editor\n"
		     "mount -t tmpfs none /etc/alternatives\n"
		     "ln -s '%s' /etc/alternatives/editor; exec \"$@\"",
		    mine),
		"sh", text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, "--policy", b->policy,
		"--yes", "policy", "edit"),
	    NULL, 0);
	cr_assert_eq(
	    access(text("%s/opened", b->dir), F_OK), 0, "%s%s", r->out, r->err);
}

Test(edits, are_put_in_place_whole_and_logged)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;
	struct stat st;

	cr_assert_eq(chmod(b->policy, 0604), 0);
	s = edit(b, editor(b, "change", CHANGE));
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	cr_assert_str_eq(
	    s->seen, "tfa-admin: issuer: Test-Bastion -> Edited\r\n");
	assert_says(read_text(b->policy), "\"issuer\":\"Edited\"");
	cr_assert_eq(stat(b->policy, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0604);
	cr_assert_eq(copies(b), 0);
	assert_says(fixture_audit(b), "\"detail\":\"policy edit\"");
	assert_says(
	    fixture_audit(b), "\"detail\":\"issuer: Test-Bastion -> Edited\"");
}

/* Until the repair the keeper refuses everybody. */
Test(edits, that_repair_the_policy_are_logged)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;

	assert_status(
	    run(ARGV("sh", "-c", INVALID, "sh", b->policy), NULL, 0), 0);
	s = edit(b, editor(b, "repair", REPAIR));
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	cr_assert_str_eq(s->seen, "tfa-admin: policy: not valid -> valid\r\n");
	assert_says(read_text(b->policy), "\"otherwise\"");
	assert_says(fixture_audit(b), "\"detail\":\"policy edit\"");
}

Test(edits, of_nothing_change_nothing)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct session *s = edit(b, "true");

	cr_assert_eq(session_status(s), 0);
	assert_says(screen_words(s->seen), "unchanged");
	expect_unchanged(b, before);
	cr_assert_null(fixture_audit(b) == NULL
		? NULL
		: strstr(fixture_audit(b), "policy edit"));
}

/* Only one editor runs at a time. A change waits, and is made afterwards. */
Test(edits, keep_others_out_while_they_last)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *first = edit(
	    b, editor(b, "slow", "echo opened; read line\n" CHANGE));
	struct session *second;
	struct run *change;

	session_expect(first, "opened");
	second = edit(b, "true");
	cr_assert_eq(session_status(second), 1);
	assert_says(screen_words(second->seen),
	    "busy, somebody else is changing it; try again later");
	change = bastion_admin_start(b, ARGV("--yes", "exempt", "root"));
	run_sleep_ms(500);
	cr_assert_eq(run_wait(change->pid, 0), -1);
	session_type(first, "\r");
	cr_assert_eq(session_status(first), 0, "%s", first->seen);
	run_finish(change);
	assert_status(change, 0);
	assert_says(read_text(b->policy), "Edited");
	assert_says(read_text(b->policy), "\"root\"");
	cr_assert_eq(session_status(edit(b, "true")), 0);
}

/* Changes the policy while the editor is open, without taking the lock. */
#define OTHER                                                        \
	"sed 's/\"issuer\": *\"[A-Za-z-]*\"/\"issuer\":\"Other\"/' " \
	"\"$POLICY\" >other && mv other \"$POLICY\"\n"

/* An editor as above, which knows where the policy is. */
static char *
editor_beside(const struct bastion *b, const char *script)
{
	return editor(b, "beside", text("POLICY='%s'\n%s", b->policy, script));
}

/* The path of the kept copy; there must be exactly one. */
static char *
kept(const struct bastion *b)
{
	const char *folder = b->embedded ? b->store : b->dir;
	struct stat st;
	glob_t all;
	char *path;

	cr_assert_eq(copies(b), 1);
	cr_assert_eq(
	    glob(text("%s/.policy.json.kept.*", folder), 0, NULL, &all), 0);
	path = text("%s", all.gl_pathv[0]);
	globfree(&all);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	assert_says(read_text(path), "Edited");
	return path;
}

/*
 * The other change stays in force, whether it replaced, spoilt or removed the
 * policy.
 */
Test(edits, over_a_change_of_another_are_kept_beside_it)
{
	static const struct {
		const char *other, *keys;
		int status;
	} ways[] = {{OTHER, "q\r", 1}, {OTHER, "\r", 1}, {OTHER, "y\r", 1},
	    {OTHER, "\004", 1}, {OTHER, "\003", 128 + SIGINT},
	    {"rm \"$POLICY\"\n", "n\r", 1},
	    {"echo '{' >\"$POLICY\"\n", "n\r", 1},
	    {"chmod g+w \"$POLICY\"\n", "n\r", 1},
	    {"rm \"$POLICY\"; mkdir \"$POLICY\"\n", "n\r", 1}};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy), *path;
	struct session *s;

	for (size_t i = 0; i < COUNT(ways); i++) {
		s = edit(
		    b, editor_beside(b, text("%s%s", ways[i].other, CHANGE)));
		session_expect(s, "somebody else changed it");
		session_expect(s, "[s/o/Q] ");
		session_type(s, ways[i].keys);
		cr_assert_eq(session_status(s), ways[i].status, "%zu: %d, %s",
		    i, s->status, s->seen);
		path = kept(b);
		assert_says(screen_words(s->seen), path);
		if (strcmp(ways[i].other, OTHER) == 0)
			assert_says(read_text(b->policy), "Other");
		/*
		 * A kept copy is not in the way of the next edit, which does
		 * not remove it.
		 */
		run(ARGV("rm", "-rf", b->policy), NULL, 0);
		write_text(b->policy, before);
		cr_assert_eq(session_status(edit(b, "true")), 0);
		cr_assert_str_eq(kept(b), path);
		cr_assert_eq(unlink(path), 0);
	}
	cr_assert_null(strstr(fixture_audit(b), "policy edit"));
}

Test(edits, over_a_change_of_another_show_it_and_can_be_made)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s = edit(b, editor_beside(b, OTHER CHANGE));

	session_expect(s, "somebody else changed it");
	session_expect(s, "[s/o/Q] ");
	session_type(s, "s\r");
	session_expect(s, "\n-");
	session_expect(s, "Other");
	session_expect(s, "\n+");
	session_expect(s, "Edited");
	session_expect(s, "[s/o/Q] ");
	assert_says(read_text(b->policy), "Other");
	session_type(s, "o\r");
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "Edited");
	cr_assert_eq(copies(b), 0);
	assert_says(fixture_audit(b), "\"detail\":\"policy edit\"");
}

/* Nobody is there to be asked. */
Test(edits, over_a_change_of_another_are_kept_without_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	setenv("VISUAL", editor_beside(b, OTHER CHANGE), 1);
	r = bastion_admin(b, ARGV("policy", "edit"));
	unsetenv("VISUAL");
	assert_status(r, 1);
	assert_says(r->err, "somebody else changed it");
	assert_says(r->err, kept(b));
	assert_says(read_text(b->policy), "Other");
}

/* The policy was written again with the same text, so nothing is lost. */
Test(edits, over_the_same_again_ask_nothing)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s = edit(b,
	    editor_beside(
		b, "cp \"$POLICY\" other; mv other \"$POLICY\"\n" CHANGE));

	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "Edited");
	cr_assert_eq(copies(b), 0);
}

/* A full disk cannot take the policy, but the work must not be lost. */
Test(edits, that_cannot_be_put_in_place_are_kept)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *folder = b->embedded ? b->store : b->dir;
	char *before = read_text(b->policy);
	struct session *s;
	glob_t kept;

	cr_assert_eq(mkdir(text("%s/.policy.json.new", folder), 0700), 0);
	s = edit(b, editor(b, "change", CHANGE));
	cr_assert_eq(session_status(s), 1, "%s", s->seen);
	cr_assert_str_eq(read_text(b->policy), before);
	cr_assert_eq(
	    glob(text("%s/.policy.json.kept.*", folder), 0, NULL, &kept), 0);
	assert_says(read_text(kept.gl_pathv[0]), "\"Edited\"");
	assert_says(screen_words(s->seen), kept.gl_pathv[0]);
	globfree(&kept);
}

Test(edits, by_an_editor_that_fails_change_nothing)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
	    {CHANGE "exit 3\n", "failed (status 3), nothing is changed"},
	    {CHANGE "kill -KILL $$\n", "was killed (signal 9), nothing is"},
	    {CHANGE "kill -SEGV $$\n", "was killed (signal 11), nothing is"},
	    {CHANGE "rm \"$1\"\n", "No such file"},
	    {"rm \"$1\"; mkdir \"$1\"\n", "Is a directory"},
	    {"rm \"$1\"; mkfifo \"$1\"\n", "Invalid argument"},
	    {CHANGE "mv \"$1\" x; ln -s x \"$1\"\n", "symbolic links"},
	    {"head -c 300000 /dev/zero | tr '\\0' ' ' >>\"$1\"; exec </dev/null\n",
		"larger than"},
	};
	static const char *const programs[] = {
	    "/nonexistent/editor", "/", "no-such-editor -x", "'unbalanced"};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct session *s = edit(
		    b, editor(b, "failing", cases[i].script));

		if (strstr(cases[i].says, "larger") != NULL) {
			session_expect(s, "[Y/n] ");
			session_type(s, "n\r");
		}
		cr_assert_eq(session_status(s), 1, "%zu: %s", i, s->seen);
		assert_says(screen_words(s->seen), cases[i].says);
		run(ARGV("sh", "-c", "rm -rf \"$0\"/.policy.json.edit*",
			b->embedded ? b->store : b->dir),
		    NULL, 0);
		expect_unchanged(b, before);
	}
	for (size_t i = 0; i < COUNT(programs); i++) {
		struct session *s = edit(b, programs[i]);

		cr_assert_eq(session_status(s), 1, "%zu: %s", i, s->seen);
		assert_says(screen_words(s->seen), "nothing is changed");
		expect_unchanged(b, before);
	}
	cr_assert_eq(session_status(edit(b, "true")), 0);
}

Test(edits, name_an_editor_that_is_not_there)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s = edit(b, "no-such-editor -x");

	cr_assert_eq(session_status(s), 1);
	assert_says(screen_words(s->seen),
	    "the editor \"no-such-editor -x\" cannot be run");
	assert_says(
	    screen_words(s->seen), "set VISUAL or EDITOR to another one");
}

/*
 * An invalid edit is given up by an answer, by ^D or by ^C. The old file stays,
 * and the next edit works.
 */
Test(edits, that_are_not_valid_can_be_given_up)
{
	static const struct {
		const char *keys;
		int status;
	} ways[] = {{"n\r", 1}, {"N\r", 1}, {"\004", 1}, {"\003", 128 + SIGINT},
	    {"\034", 128 + SIGQUIT}};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct session *s;

	for (size_t i = 0; i < COUNT(ways); i++) {
		s = edit(b, editor(b, "break", INVALID));
		session_expect(s, "otherwize: unknown key");
		session_expect(s, "^");
		session_expect(s, "[Y/n] ");
		/* A signal that does not end tfa-admin is no answer. */
		kill(s->pid, SIGCHLD);
		run_sleep_ms(50);
		session_type(s, ways[i].keys);
		cr_assert_eq(
		    session_status(s), ways[i].status, "%zu: %d", i, s->status);
		expect_unchanged(b, before);
	}
	s = edit(b, editor(b, "change", CHANGE));
	cr_assert_eq(session_status(s), 0);
	assert_says(read_text(b->policy), "Edited");
}

/* The editor gets the invalid text again. */
Test(edits, that_are_not_valid_can_be_edited_again)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct session *s = edit(b,
	    editor(b, "third",
		"if [ ! -e one ]; then >one\n" INVALID
		"elif [ ! -e two ]; then >two; grep otherwize \"$1\"\n"
		"else\n" REPAIR CHANGE "fi\n"));

	session_expect(s, "otherwize: unknown key");
	session_expect(s, "[Y/n] ");
	cr_assert_str_eq(read_text(b->policy), before);
	session_type(s, "\r");
	session_expect(s, "\"otherwize\":");
	session_expect(s, "[Y/n] ");
	cr_assert_str_eq(read_text(b->policy), before);
	session_type(s, "y\r");
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "Edited");
	cr_assert_eq(copies(b), 0);
}

/* Without a terminal it must neither wait nor install an invalid policy. */
Test(edits, that_are_not_valid_are_given_up_without_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct run *r;

	setenv("VISUAL", editor(b, "break", INVALID), 1);
	r = bastion_admin(b, ARGV("policy", "edit"));
	unsetenv("VISUAL");
	assert_status(r, 1);
	assert_says(r->err, "otherwize: unknown key");
	assert_says(r->err, "nothing is changed");
	expect_unchanged(b, before);
}

/* The policy is valid, but would refuse everybody who reaches this rule. */
Test(edits, that_name_no_group_there_is_are_asked_about)
{
	static const char misspell[] =
	    "sed -i 's/\"users\"/\"usres\"/' \"$1\"\n";
	struct bastion *b = bastion_open(
		.rules =
		    "{'name':'ours','groups':['users'],'mode':'optional'}");
	char *before = read_text(b->policy), *with = editor(b, "mis", misspell);
	struct session *s = edit(b, with);
	struct run *r;

	session_expect(
	    s, "rule \"ours\" names group \"usres\", which does not exist");
	session_expect(s, "[y/N] ");
	session_type(s, "\004");
	cr_assert_eq(session_status(s), 1, "%s", s->seen);
	expect_unchanged(b, before);
	s = edit(b,
	    editor(b, "twice",
		text("if [ ! -e one ]; then >one; %selse\n"
		     "grep -c usres \"$1\"; "
		     "sed -i s/usres/users/ \"$1\"\n" CHANGE "fi\n",
		    misspell)));
	session_expect(s, "[y/N] ");
	session_type(s, "\r");
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "\"Edited\"");
	assert_never_says(read_text(b->policy), "usres");
	s = edit(b, with);
	session_expect(s, "[y/N] ");
	session_type(s, "y\r");
	session_expect(s, "rules.ours.groups: users -> usres");
	session_expect(s, "can no longer log in: root");
	session_expect(s, "Change the policy? [y/N] ");
	session_type(s, "y\r");
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "usres");
	r = bastion_admin(b, ARGV("policy", "check"));
	assert_status(r, 0);
	assert_says(r->err, "warning: ");
	assert_says(r->err, "group \"usres\", which does not exist here");
	setenv("VISUAL", editor(b, "change", CHANGE), 1);
	r = bastion_admin(b, ARGV("policy", "edit"));
	unsetenv("VISUAL");
	assert_status(r, 0);
}

Test(edits, take_an_editor_however_long_it_is)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char filler[6001];
	struct session *s;

	memset(filler, 'x', 6000);
	filler[6000] = '\0';
	s = edit(
	    b, text("env LONG=%s %s", filler, editor(b, "change", CHANGE)));
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "Edited");
}

/* The shell handles variables and several commands. */
Test(edits, take_an_editor_of_more_than_a_word)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *change = editor(
	    b, "change", "[ \"$WORD\" != x ] && exit 5\n" CHANGE);
	struct session *s;

	s = edit(b, text("WORD=x %s", change));
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "Edited");
	s = edit(b, "test -d / && false");
	cr_assert_eq(session_status(s), 1);
	s = edit(b, change);
	cr_assert_eq(session_status(s), 1);
	assert_says(screen_words(s->seen), "status 5");
}

/* ^C is the editor's own; a hang-up or a kill ends both, and cleans up. */
Test(edits, that_are_ended_by_a_signal_leave_no_copy)
{
	static const int signals[] = {SIGHUP, SIGTERM};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	char *waiting = editor(b, "waiting",
	    "trap '' INT QUIT\n" CHANGE "echo opened $$\nread line\n");
	struct session *s;

	for (size_t i = 0; i < COUNT(signals); i++) {
		char *seen;
		pid_t child;

		s = edit(b, waiting);
		session_expect(s, "opened ");
		session_expect(s, "\n");
		seen = strstr(s->seen, "opened ") + strlen("opened ");
		child = (pid_t)strtol(seen, NULL, 10);
		cr_assert_gt(child, 1);
		cr_assert_eq(copies(b), 1);
		kill(s->pid, signals[i]);
		cr_assert_eq(session_status(s), 128 + signals[i]);
		assert_never_says(s->seen, "does not end");
		expect_unchanged(b, before);
		cr_assert_eq(kill(child, 0), -1, "the editor lives on");
	}
	s = edit(b, waiting);
	session_expect(s, "opened ");
	session_type(s, "\003\034");
	run_sleep_ms(200);
	session_type(s, "\r");
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(read_text(b->policy), "Edited");
}

/* A killed vi leaves the terminal raw: nothing typed would be seen. */
Test(edits, leave_the_terminal_as_it_was)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s = edit(
	    b, editor(b, "raw", "stty raw -echo\necho opened\nread line\n"));
	struct termios before, raw, after;

	session_expect(s, "opened");
	cr_assert_eq(tcgetattr(s->fd, &raw), 0);
	cr_assert_eq(raw.c_lflag & (ICANON | ECHO), 0);
	kill(s->pid, SIGTERM);
	cr_assert(session_ends(s, 20000));
	cr_assert_eq(tcgetattr(s->fd, &after), 0);
	s = session_start(ARGV("true"));
	cr_assert_eq(tcgetattr(s->fd, &before), 0);
	cr_assert_eq(after.c_lflag, before.c_lflag);
	cr_assert_eq(after.c_iflag, before.c_iflag);
	cr_assert_eq(after.c_oflag, before.c_oflag);
}

/* tfa-admin does not wait for ever for an editor that ignores signals. */
Test(edits, end_though_the_editor_does_not)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct session *s = edit(b,
	    editor(b, "deaf", "trap '' TERM\necho opened\nread line\n" CHANGE));

	session_expect(s, "opened");
	kill(s->pid, SIGTERM);
	cr_assert(session_ends(s, 20000));
	cr_assert_eq(s->status, 128 + SIGTERM);
	expect_unchanged(b, before);
}

/*
 * tfa-admin is killed, but its editor lives on and saves while somebody else
 * edits. Nobody checked that text, so it must not come into force.
 */
Test(edits, do_not_take_what_the_editor_of_a_dead_one_saves)
{
	static const char evil[] = "{\"version\":1,\"issuer\":\"Evil\","
				   "\"rules\":[],\"otherwise\":\"exempt\"}\n";
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before = read_text(b->policy);
	struct session *s;

	write_text(text("%s/evil", b->dir), evil);
	s = edit(b,
	    editor(b, "orphan",
		"trap '' HUP TERM\necho opened\n"
		"for i in $(seq 500); do [ -e go ] && break; sleep .02; done\n"
		"cat evil >\"$1\"\n>saved\n"));
	session_expect(s, "opened");
	session_kill(s);
	cr_assert_eq(copies(b), 1);
	s = edit(b,
	    editor(b, "next",
		">go\n"
		"for i in $(seq 500); do [ -e saved ] && break; sleep .02; "
		"done\n"));
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	assert_says(screen_words(s->seen), "unchanged");
	cr_assert_str_eq(read_text(b->policy), before);
	wait_for_file(text("%s/saved", b->dir));
	/* The next edit removes the copy. */
	cr_assert_eq(session_status(edit(b, "true")), 0);
	expect_unchanged(b, before);
}
