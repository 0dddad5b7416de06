/*
 * sshd writes into /tmp which key was used. If it cannot, nobody knows the key.
 * A user none of whose keys has a restriction is then asked for a code as
 * usual. A user with a restricted key is refused, since it may be that key.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "tests/scenario/site.h"
#include "tests/scenario/tmp.h"

Scenarios(unknown);

#define ONLY "command=\"echo only\""

static char *
list_of(const char *user)
{
	return text("/home/%s/.ssh/authorized_keys", user);
}

static char *
key_of(const char *user)
{
	return read_text(text("%s/%s.pub", getenv("TFA_KEYS"), user));
}

static struct site
open_site(const char *user, const char *rules, const char *match)
{
	struct bastion *b;

	tmp_own();
	b = bastion_open(.rules = rules, .match = match);
	return site_of(b, user);
}

static struct run *
try(const struct site *s, const char *code, const char *command)
{
	return code == NULL ? ssh_run(s->b, s->user, NULL, command, NULL)
			    : ssh_with_code(s->b, s->user, code, command);
}

/* The login is refused with any code, and the message says why. */
static void
assert_limited(const struct site *s, const char *why)
{
	struct run *r = try(s, s->code, "echo inside");

	assert_refused(r, 75);
	assert_says(r->err, "sshd could not write to /tmp which key you used");
	assert_says(r->err, why);
}

static void
assert_free(const struct site *s, const char *code)
{
	struct run *r = try(s, code, "echo inside");

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}

Test(unknown, key_without_restrictions_is_asked_for_the_code)
{
	struct site s;
	const char *audit;

	needs_people();
	for (int kind = TMP_NO_SPACE; kind < TMP_KINDS; kind++) {
		s = kind == TMP_NO_SPACE ? open_site("user19", REQUIRED, NULL)
					 : site_of(s.b, "user19");
		if (!tmp_put((enum tmp_kind)kind))
			continue;
		assert_refused(try(&s, NULL, "echo inside"), 76);
		assert_refused(try(&s, s.wrong, "echo inside"), 77);
		assert_free(&s, s.code);
		/* The login was not remembered. */
		assert_refused(try(&s, NULL, "echo inside"), 76);
		assert_never_says(fixture_record(s.b, s.user), "\"until\"");
	}
	audit = fixture_audit(s.b);
	assert_says(audit, "\"detail\":\"sshd did not say which key\"");
	assert_never_says(audit, "SHA256:");
}

/*
 * The message says three things: the key has a command, in which file, in which
 * line.
 */
Test(unknown, key_for_one_command_is_refused_in_whichever_file_it_is)
{
	static const char *const names[] = {"", "2"};
	const char *key, *before;
	struct site s;

	needs_people();
	s = open_site("user20", REQUIRED, NULL);
	key = key_of(s.user);
	before = read_text(list_of(s.user));
	tmp_put(TMP_NO_SPACE);
	for (size_t i = 0; i < 2; i++) {
		write_text(list_of(s.user), text("# none\n%s", before));
		write_text(text("%s%s", list_of(s.user), names[i]),
		    text("%s\n" ONLY ",restrict %s", key, key));
		assert_limited(&s,
		    text("authorized_keys%s:3: a key of yours is for one "
			 "command",
			names[i]));
	}
	unlink(text("%s2", list_of(s.user)));
	write_text(list_of(s.user), before);
	assert_free(&s, s.code);
}

/* A line that might be a restriction counts as one. */
Test(unknown, key_is_refused_for_each_line_that_may_restrict_it)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
	    {"command=\"echo only\" ", ":2: a key of yours is for one command"},
	    {"restrict,COMMAND=\"x\" ",
		":2: a key of yours is for one command"},
	    {"cert-authority ", ":2: certificates have limits of their own"},
	    {"command=echo ", ":2: cannot be read"},
	    {"command=\"x\",command=\"y\" ", ":2: cannot be read"},
	    {"command=\"x ", ":2: cannot be read"},
	    {"nonsense ssh-ed25519 AAAA\n", ":2: cannot be read"},
	};
	const char *key;
	struct site s;

	needs_people();
	s = open_site("user21", REQUIRED, NULL);
	key = key_of(s.user);
	tmp_put(TMP_NO_SPACE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_text(
		    list_of(s.user), text("%s%s%s", key, cases[i].line, key));
		assert_limited(&s, cases[i].why);
	}
	/* sshd itself enforces these, even with a ForceCommand. */
	write_text(list_of(s.user),
	    text("# command=\"x\"\n\nfrom=\"127.0.0.1,::1\",no-pty,"
		 "permitopen=\"a:1\",environment=\"A=command=b\" %s",
		key));
	assert_free(&s, s.code);
}

/* Odd files are ignored, or refused with their name. */
Test(unknown, key_is_refused_where_a_file_cannot_be_read)
{
	const char *other;
	struct site s;

	needs_people();
	s = open_site("user22", REQUIRED, NULL);
	other = text("%s2", list_of(s.user));
	tmp_put(TMP_NO_SPACE);
	cr_assert_eq(symlink("/dev/null", other), 0);
	assert_free(&s, s.code);
	unlink(other);
	cr_assert_eq(symlink(other, other), 0);
	assert_limited(&s, "authorized_keys2: ");
	unlink(other);
	cr_assert_eq(mkdir(other, 0755), 0);
	assert_limited(&s, "authorized_keys2: is not a file");
	rmdir(other);
	cr_assert_eq(mkfifo(other, 0644), 0);
	assert_limited(&s, "authorized_keys2: is not a file");
	unlink(other);
	write_text(other, "");
	cr_assert_eq(chmod(other, 0), 0);
	assert_limited(&s, "authorized_keys2: Permission denied");
	unlink(other);
}

/* Sources of keys whose restrictions the gate cannot see. */
Test(unknown, key_is_refused_where_sshd_takes_keys_from_elsewhere)
{
	static const struct {
		const char *match, *why;
	} cases[] = {
	    {"AuthorizedKeysCommand /bin/cat %s\n"
	     "AuthorizedKeysCommandUser nobody",
		": AuthorizedKeysCommand"},
	    {"Match User user23\n"
	     "AuthorizedKeysCommand /bin/cat %s\n"
	     "AuthorizedKeysCommandUser nobody",
		": AuthorizedKeysCommand"},
	    {"Match Address 127.0.0.0/8\n"
	     "AuthorizedKeysFile .ssh/authorized_keys %s",
		": AuthorizedKeysFile"},
	    {"TrustedUserCAKeys %s", ": TrustedUserCAKeys"},
	};
	const char *keys = "/srv/tfa/only-of-user23", *own;
	struct site s;

	needs_people();
	tmp_own();
	own = read_text(list_of("user23"));
	write_text(keys, text(ONLY " %s", key_of("user23")));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *match = text("%s", cases[i].match), *at;

		at = strstr(match, "%s");
		match = text(
		    "%.*s%s%s", (int)(at - match), match, keys, at + 2);
		s = site_of(
		    bastion_open(.rules = REQUIRED, .match = match), "user23");
		tmp_put(TMP_NO_SPACE);
		/* The user has a free key as well, and then none. */
		assert_limited(&s, cases[i].why);
		write_text(list_of(s.user), "# none\n");
		if (i < 3)
			assert_limited(&s, cases[i].why);
		write_text(list_of(s.user), own);
		bastion_close_all();
	}
}

/* A Match block for other users does not concern this one. */
Test(unknown, key_is_asked_beside_an_account_of_another_kind)
{
	struct site s;

	needs_people();
	s = open_site("user24", REQUIRED,
	    "Match User git,user25\n"
	    "    AuthorizedKeysCommand /bin/true\n"
	    "    AuthorizedKeysCommandUser nobody");
	tmp_put(TMP_NO_SPACE);
	assert_free(&s, s.code);
}

/* Certificates carry their restriction themselves. */
Test(unknown, certificate_keeps_its_force_command)
{
	const char *ca;
	struct site s;
	struct run *r;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	s = open_site(
	    "user26", RULE("exempt"), text("TrustedUserCAKeys %s.pub", ca));
	assert_status(
	    site_shell(text("cd %s; cp %s/%s.pub .; ssh-keygen -q -s %s -I x "
			    "-n %s -O force-command='echo only' %s.pub",
		s.b->dir, getenv("TFA_KEYS"), s.user, ca, s.user, s.user)),
	    0);
	tmp_put(TMP_NO_SPACE);
	r = ssh_run(s.b, s.user,
	    ARGV(
		"-o", text("CertificateFile=%s/%s-cert.pub", s.b->dir, s.user)),
	    "echo inside", NULL);
	assert_refused(r, 75);
	assert_says(r->err, "TrustedUserCAKeys");
}

/* Neither an exempt user nor root gains by it. */
Test(unknown, exempt_user_is_let_in_and_with_a_restricted_key_is_not)
{
	const char *before;
	struct site s;

	needs_people();
	s = open_site("user28", RULE("exempt"), NULL);
	before = read_text(list_of(s.user));
	tmp_put(TMP_CLOSED);
	assert_free(&s, NULL);
	write_text(
	    list_of(s.user), text("%s" ONLY " %s", before, key_of(s.user)));
	assert_limited(&s, "a key of yours is for one command");
	write_text(list_of(s.user), before);
	assert_free(&s, NULL);
}

Test(unknown, root_is_let_in_and_with_a_restricted_key_is_not)
{
	const char *list = "/root/.ssh/authorized_keys";
	struct site s;

	needs_people();
	tmp_own();
	assert_status(site_shell("mount -t tmpfs -o mode=700 tmpfs /root; "
				 "mkdir -m 700 /root/.ssh"),
	    0);
	write_text(list, key_of("user28"));
	s = site_of(bastion_open(.rules = RULE("exempt")), "root");
	assert_status(site_shell(text("cp %s/user28 %s/root; chmod 600 %s/root",
			  getenv("TFA_KEYS"), s.b->dir, s.b->dir)),
	    0);
	tmp_put(TMP_NO_SPACE);
	for (int i = 0; i < 2; i++) {
		struct run *r = ssh_run(s.b, "root",
		    ARGV("-i", text("%s/root", s.b->dir)), "echo inside", NULL);

		if (i == 0) {
			assert_status(r, 0);
			write_text(list, text(ONLY " %s", key_of("user28")));
		} else {
			assert_refused(r, 75);
		}
	}
}

/* "--command" goes before the line's, with a known key and without. */
Test(unknown, key_at_a_gate_for_one_command_runs_that)
{
	const char *before;
	struct site s;
	struct run *r;

	needs_people();
	tmp_own();
	s = site_of(
	    bastion_open(.rules = REQUIRED,
		.gate = "--command 'echo forced $SSH_ORIGINAL_COMMAND'"),
	    "user19");
	before = read_text(list_of(s.user));
	tmp_put(TMP_NO_SPACE);
	r = try(&s, s.code, "echo inside");
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "forced echo inside\n");
	write_text(list_of(s.user), text(ONLY " %s", key_of(s.user)));
	r = try(&s, s.later, "echo inside");
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "forced echo inside\n");
	write_text(list_of(s.user), before);
}

/* Opens a shared connection without a session. Returns its path for ssh. */
static const char *
master_of(const struct site *s, struct session **ret)
{
	const char *path = text("ControlPath=%s/master", s->b->dir);

	unlink(text("%s/master", s->b->dir));
	*ret = session_start(ARGV("ssh", "-F", s->b->ssh_config, "-l", s->user,
	    "-M", "-N", "-o", path, "bastion"));
	for (int i = 0; i < 200; i++) {
		if (run(ARGV("ssh", "-F", s->b->ssh_config, "-o", path, "-O",
			    "check", "bastion"),
			NULL, 0)
			->status == 0)
			return path;
		run_sleep_ms(50);
	}
	fail("no connection");
}

/*
 * A restricted key opened a connection while /tmp was full, and then its line
 * was taken away. The connection does not become a free one.
 */
Test(unknown, key_whose_line_was_taken_away_is_refused_on_its_connection)
{
	const char *before, *path;
	struct session *master;
	struct site s;
	struct run *r;

	needs_people();
	s = open_site("user20", RULE("exempt"), NULL);
	before = read_text(list_of(s.user));
	write_text(list_of(s.user), text(ONLY " %s", key_of(s.user)));
	tmp_put(TMP_NO_SPACE);
	path = master_of(&s, &master);
	write_text(list_of(s.user), before);
	r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
	assert_refused(r, 75);
	assert_says(r->err, "was changed after you connected");
	cr_assert_eq(unlink(list_of(s.user)), 0);
	r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
	assert_refused(r, 75);
	assert_says(r->err, "was changed after you connected");
	session_kill(master);
	write_text(list_of(s.user), before);
	assert_free(&s, NULL);
}

/* The files are as old as before; only the way to them was changed. */
Test(unknown, key_whose_folder_or_link_was_swapped_is_refused_on_its_connection)
{
	static const struct {
		const char *list, *free, *before, *swap;
	} cases[] = {
	    {"/home/user20/.ssh/authorized_keys",
		"/home/user20/.ssh-free/authorized_keys",
		"cp -a .ssh .ssh-free", "mv .ssh .ssh-old; mv .ssh-free .ssh"},
	    {"/home/user20/a/b/keys", "/home/user20/a-free/b/keys",
		"mkdir -p a/b; cp -a a a-free", "mv a a-old; mv a-free a"},
	    {"/home/user20/keys", "/home/user20/free", "",
		"mv keys old; mv free keys"},
	    {"/srv/keys/now/user20", "/srv/keys/2/user20",
		"mkdir -p /srv/keys/1 /srv/keys/2; ln -sfn 1 /srv/keys/now",
		"ln -sfn 2 /srv/keys/now"},
	    {"/srv/keys/link/user20", "/srv/keys/2/user20",
		"mkdir -p /srv/keys/1 /srv/keys/2; ln -sfn 1 /srv/keys/now; "
		"ln -sfn /srv/keys/now /srv/keys/link",
		"ln -sfn 2 /srv/keys/now"},
	    {"/srv/keys/is/user20", "/srv/keys/free/user20",
		"mkdir -p /srv/keys/is /srv/keys/free",
		"cd /srv/keys; mv is was; mv free is"},
	};
	const char *at_home = "cd /home/user20; ";

	needs_people();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session *master;
		const char *path, *key = key_of("user20");
		struct site s;
		struct run *r;

		tmp_own();
		assert_status(site_shell(text("rm -rf /srv/keys; %s%s", at_home,
				  cases[i].before)),
		    0);
		s = site_of(
		    bastion_open(.rules = RULE("exempt"),
			.more = text(
			    "'keys':{'files':['%s','.ssh/authorized_keys']}",
			    cases[i].list),
			.before = text(
			    "AuthorizedKeysFile %s\n", cases[i].list)),
		    "user20");
		/*
		 * A free key stays free although something was written beside
		 * its file.
		 */
		write_text(cases[i].list, key);
		tmp_put(TMP_NO_SPACE);
		path = master_of(&s, &master);
		write_text("/home/user20/beside", "");
		r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
		assert_status(r, 0);
		session_kill(master);
		write_text(cases[i].list, text(ONLY " %s", key));
		write_text(cases[i].free, key);
		run_sleep_ms(100);
		path = master_of(&s, &master);
		assert_status(
		    site_shell(text("%s%s", at_home, cases[i].swap)), 0);
		r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
		session_kill(master);
		assert_refused(r, 75);
		assert_says(r->err, "was changed after you connected");
		bastion_close_all();
	}
}

/*
 * A /tmp that has recovered by the time the gate looks keeps nobody out, and
 * what stands in it by then names no key.
 */
Test(unknown, key_is_judged_by_what_sshd_could_do_and_not_by_tmp_of_now)
{
	const char *path;
	struct session *master, *session;
	struct site s;
	struct run *r;

	needs_people();
	s = open_site("user22", REQUIRED, NULL);
	tmp_put(TMP_NO_SPACE);
	path = master_of(&s, &master);
	tmp_put(TMP_FINE);
	r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
	assert_refused(r, 76);
	session = session_open(s.b, s.user, ARGV("-o", path), NULL);
	session_pass(session, s.code);
	r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
	assert_refused(r, 76);
	session_kill(session);
	session_kill(master);
}

/* A mistake in the configuration is not taken for a full /tmp, and a full /tmp
 * does not make one harmless. */
Test(unknown, key_that_sshd_was_not_told_to_name_is_refused)
{
	struct site s;

	needs_people();
	s = open_site("user21", RULE("exempt"),
	    "Match User user21\n    ExposeAuthInfo no");
	for (int kind = TMP_FINE; kind <= TMP_NO_INODES; kind++) {
		struct run *r;

		tmp_put((enum tmp_kind)kind);
		r = try(&s, NULL, "echo inside");
		assert_refused(r, 78);
		assert_says(r->err, "ExposeAuthInfo");
	}
}

/* Replaces it in one step: other tests read it at the same time. */
static void
put_people(const char *people)
{
	write_text("/etc/passwd.new", people);
	cr_assert_eq(rename("/etc/passwd.new", "/etc/passwd"), 0);
}

/* sshd's title shows such names in another way, and it is read there. */
Test(unknown, user_whose_name_a_title_cannot_show_is_asked_like_others)
{
	static const char *const names[] = {"CORP\\alice", "j\303\266rg"};
	char *people, *at;
	struct site s;

	needs_people();
	s = open_site("user22", RULE("exempt"), NULL);
	people = read_text("/etc/passwd");
	at = strstr(people, "\nuser22:");
	cr_assert_not_null(at);
	tmp_put(TMP_NO_SPACE);
	for (size_t i = 0; i < 2; i++) {
		struct run *r;

		/* The first of two names with one uid is the user's. */
		put_people(text("%.*s%s%.*s%s", (int)(at + 1 - people), people,
		    names[i], (int)(strchr(at + 1, '\n') + 1 - (at + 7)),
		    at + 7, at + 1));
		r = ssh_run(s.b, names[i],
		    ARGV("-i", text("%s/user22", getenv("TFA_KEYS"))),
		    "echo inside", NULL);
		put_people(people);
		assert_status(r, 0);
		cr_expect_str_eq(r->out, "inside\n");
	}
}

/* The running sshd read a configuration that has changed on disk since. */
Test(unknown, key_is_refused_where_sshd_was_not_reloaded)
{
	const char *keys = "/srv/tfa/only-of-user23", *config, *path;
	const char *pid_file = "/srv/tfa/pid-of-user23";
	struct session *master;
	struct site s;
	struct run *r;
	char *all;

	needs_people();
	tmp_own();
	write_text(keys, text(ONLY " %s", key_of("user23")));
	for (int has_pid_file = 0; has_pid_file < 2; has_pid_file++) {
		s = site_of(
		    bastion_open(.rules = RULE("exempt"),
			.before = has_pid_file ? text("PidFile %s\n", pid_file)
					       : NULL,
			.match = text("AuthorizedKeysCommand /bin/cat %s\n"
				      "AuthorizedKeysCommandUser nobody",
			    keys)),
		    "user23");
		write_text(list_of(s.user), "# none\n");
		config = text("%s/sshd_config", s.b->dir);
		all = read_text(config);
		memset(strstr(all, "AuthorizedKeysCommand /bin"), '#',
		    strlen("AuthorizedKeysCommand"));
		run_sleep_ms(100);
		write_text(config, all);
		run_sleep_ms(100);
		tmp_put(TMP_NO_SPACE);
		assert_limited(&s, "sshd not reloaded since");
		path = master_of(&s, &master);
		kill(s.b->sshd, SIGHUP);
		run_sleep_ms(500);
		/* This connection was let in before. */
		r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
		assert_refused(r, 75);
		assert_says(r->err, "sshd not reloaded since");
		session_kill(master);
		write_text(list_of(s.user), key_of(s.user));
		if (has_pid_file) {
			assert_free(&s, NULL);
			/* A pid file that others can write is not believed. */
			cr_assert_eq(chmod(pid_file, 0666), 0);
		}
		assert_limited(&s, "sshd not reloaded since");
		bastion_close_all();
	}
}

/* Nothing is left that knows which files that sshd read. */
Test(unknown, key_on_a_connection_without_its_listener_is_told_to_connect_anew)
{
	struct session *master;
	const char *path;
	struct site s;
	struct run *r;

	needs_people();
	s = open_site("user22", RULE("exempt"), NULL);
	tmp_put(TMP_NO_SPACE);
	path = master_of(&s, &master);
	kill(s.b->sshd, SIGKILL);
	run_sleep_ms(300);
	r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
	session_kill(master);
	assert_refused(r, 75);
	assert_says(r->err, "is gone, so connect anew");
	assert_says(r->err, "a socket starts one for each connection");
}

/* sshd obeys a keyword in quotes. */
Test(unknown, key_of_a_command_is_refused_however_its_keyword_is_written)
{
	static const char *const keywords[] = {"\"AuthorizedKeysCommand\" ",
	    "Authorized\"KeysCommand\" ", "=AuthorizedKeysCommand "};
	const char *keys = "/srv/tfa/only-by-a-keyword", *user = "user23";

	needs_people();
	tmp_own();
	write_text(keys, text("command=\"echo only\" %s", key_of(user)));
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		struct bastion *b = bastion_open(.rules = RULE("exempt"),
		    .match = text("%s/bin/cat %s\n"
				  "AuthorizedKeysCommandUser nobody",
			keywords[i], keys));

		write_text(list_of(user), "# none\n");
		tmp_put(TMP_NO_SPACE);
		assert_refused(ssh_run(b, user, NULL, "echo inside", NULL), 75);
		tmp_put(TMP_FINE);
	}
}

/* Its second word is base64 of a blob that names the first one as its type. */
Test(unknown, key_whose_command_looks_like_a_key_is_refused)
{
	const char *user = "user20";
	struct bastion *b;

	needs_people();
	tmp_own();
	b = bastion_open(.rules = RULE("exempt"));
	write_text(list_of(user),
	    text("command=\"echo AAAADWNvbW1hbmQ9ImVjaG8=\" %s", key_of(user)));
	tmp_put(TMP_NO_SPACE);
	assert_refused(ssh_run(b, user, NULL, "echo inside", NULL), 75);
}
