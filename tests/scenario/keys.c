/*
 * Restrictions of keys, with the real sshd: a restriction in authorized_keys or
 * in a certificate holds behind the gate, and a key whose restriction is not
 * clear opens nothing. Beside each such key stands a free one. Each test has a
 * user of its own, whose files it writes.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "tests/scenario/site.h"

Scenarios(keys);

#define PATIENCE_MS 30000 /* ends a wait that would last for ever */

#define ONLY "command=\"echo only $SSH_ORIGINAL_COMMAND\""

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

static struct run *
try(const struct site *s, const char *code, const char *command)
{
	return ssh_with_code(s->b, s->user, code, command);
}

static void
assert_only(const struct site *s, const char *code)
{
	struct run *r = try(s, code, "inside");

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "only inside\n");
}

static void
assert_free(const struct site *s, const char *code)
{
	struct run *r = try(s, code, "echo inside");

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}

/* A doubtful key is refused with any code, and spends none. */
static void
assert_doubtful(const struct site *s)
{
	struct run *r = try(s, s->code, "echo inside");

	assert_refused(r, 77);
	assert_says(r->err, "It is not clear what your key may run");
}

static void
assert_unlisted(const struct run *r)
{
	assert_refused(r, 77);
	assert_says(r->err, "Your key is in none of the files");
}

/* authorized_keys, authorized_keys2 and a third: each restricts. */
Test(keys, every_file_of_the_policy_restricts)
{
	static const char *const names[] = {"", "2", "-2128"};
	const char *user = "user28", *key;
	struct bastion *b;
	struct site s;

	needs_people();
	key = key_of(user);
	b = bastion_open(.rules = REQUIRED,
	    .more = "'keys':{'files':['.ssh/authorized_keys',"
		    "'%h/.ssh/authorized_keys2',"
		    "'/home/%u/.ssh/authorized_keys-%U']}",
	    .match = text("Match User %s\n    AuthorizedKeysFile "
			  ".ssh/authorized_keys .ssh/authorized_keys2 "
			  ".ssh/authorized_keys-%%U",
		user));
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++)
			write_text(text("%s%s", list_of(user), names[j]),
			    j == i ? text(ONLY " %s", key) : "# none\n");
		s = site_of(b, user);
		assert_only(&s, s.code);
		/*
		 * The key is also free in another file, so its restriction is
		 * not clear.
		 */
		write_text(text("%s%s", list_of(user), names[(i + 1) % 3]),
		    text("%s", key));
		assert_doubtful(&s);
	}
}

Test(keys, lines_that_say_the_same_restrict)
{
	const char *user = "user19", *key;
	struct site s;

	needs_people();
	key = key_of(user);
	s = site_of(bastion_open(.rules = REQUIRED), user);
	assert_free(&s, s.code);
	write_text(list_of(user),
	    text("from=\"127.0.0.1,::1\",no-pty," ONLY " %s"
		 "restrict," ONLY " %s",
		key, key));
	assert_only(&s, s.later);
}

Test(keys, quotes_reach_the_command_as_they_stand)
{
	const char *user = "user20";
	struct site s;
	struct run *r;

	needs_people();
	s = site_of(bastion_open(.rules = REQUIRED), user);
	write_text(list_of(user),
	    text("command=\"printf '<%%s>' \\\"a  b\\\" 'c\\\"d' "
		 "\\\"$SSH_ORIGINAL_COMMAND\\\"\" %s",
		key_of(user)));
	r = try(&s, s.code, "echo \"x  y\"; id");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "<a  b><c\"d><echo \"x  y\"; id>");
}

/* sshd skips a line that it cannot read, and takes the next one. */
Test(keys, line_that_cannot_be_read_refuses_the_key)
{
	static const char *const broken[] = {"command=\"echo only ",
	    "command=echo ", "command=\"a\",command=\"b\" "};
	const char *user = "user21", *key;
	struct site s;

	needs_people();
	key = key_of(user);
	s = site_of(bastion_open(.rules = REQUIRED), user);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		write_text(list_of(user), text("%s%s%s", broken[i], key, key));
		assert_doubtful(&s);
	}
	write_text(list_of(user), text("# \"%s%s", key, key));
	assert_free(&s, s.code);
}

/* A line as gitolite and others write it. */
Test(keys, git_shell_goes_on_working)
{
	const char *user = "user22";
	char *repository;
	struct site s;

	needs_people();
	needs_program("git");
	s = site_of(bastion_open(.rules = REQUIRED), user);
	repository = text("%s/repository", s.open);
	assert_status(site_shell(text("git init -q --bare %s; chown -R %s %s",
			  repository, user, repository)),
	    0);
	write_text(list_of(user),
	    text("restrict,command=\"git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\""
		 "\" %s",
		key_of(user)));
	assert_status(
	    site_shell(text("git -c core.sshCommand='%s -l %s' ls-remote "
			    "bastion:%s",
		site_ssh(&s, s.code), user, repository)),
	    0);
	assert_refused(try(&s, s.later, "touch /tmp/inside"), 128);
}

Test(keys, rrsync_goes_on_working)
{
	const char *user = "user24";
	struct site s;
	char *sync;

	needs_people();
	needs_program("rsync");
	needs_program("rrsync");
	s = site_of(bastion_open(.rules = REQUIRED), user);
	write_text(list_of(user),
	    text("command=\"rrsync -wo %s\" %s", s.open, key_of(user)));
	write_text(text("%s/here", s.b->dir), "one\n");
	sync = text("rsync -e '%s -l %s' %s/here bastion:there",
	    site_ssh(&s, s.code), user, s.b->dir);
	assert_status(site_shell(sync), 0);
	assert_holds(text("%s/there", s.open), "one\n");
	cr_assert_neq(try(&s, s.later, "touch inside")->status, 0);
	cr_assert_neq(access(text("/home/%s/inside", user), F_OK), 0);
}

/*
 * Makes a certificate of an authority for the user's key; more: "-O" and such.
 * It lies apart from the key, where ssh would find it unasked.
 */
static void
certify(const struct site *s, const char *authority, const char *more)
{
	assert_status(
	    site_shell(text("cd %s; cp %s/%s.pub .; "
			    "ssh-keygen -q -s %s -I %s -n %s %s %s.pub",
		s->b->dir, getenv("TFA_KEYS"), s->user, authority, s->user,
		s->user, more, s->user)),
	    0);
}

static struct run *
by_certificate(const struct site *s, const char *code, const char *command)
{
	return ssh_run(s->b, s->user,
	    ARGV("-o",
		text("CertificateFile=%s/%s-cert.pub", s->b->dir, s->user),
		"-o", with_code(code)),
	    command, NULL);
}

static void
assert_prints(const struct run *r, const char *wanted)
{
	assert_status(r, 0);
	cr_assert_str_eq(r->out, wanted);
}

Test(keys, cert_authority_line_lets_its_certificates_in)
{
	const char *user = "user23", *ca;
	struct site s;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	s = site_of(bastion_open(.rules = REQUIRED), user);
	certify(&s, ca, "");
	write_text(list_of(user),
	    text("cert-authority %s", read_text(text("%s.pub", ca))));
	assert_prints(by_certificate(&s, s.code, "echo inside"), "inside\n");
	/* The file has the authority, not the key itself. */
	assert_refused(try(&s, s.later, "echo inside"), 255);
	write_text(list_of(user),
	    text("cert-authority," ONLY " %s", read_text(text("%s.pub", ca))));
	assert_prints(by_certificate(&s, s.later, "inside"), "only inside\n");
}

/*
 * Where sshd trusts an authority for everyone, the gate wants to be told so,
 * in a file of keys.files; sshd trusts two here, and the gate one.
 */
Test(keys, authority_of_the_whole_site_is_named_in_a_file)
{
	const char *user = "user25", *ca, *other, *list;
	struct bastion *b;
	struct site s;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .more = "'keys':{'files':['.ssh/authorized_keys',"
		    "'/srv/tfa/authorities']}",
	    .match = "TrustedUserCAKeys /srv/tfa/trusted");
	list = "/srv/tfa/authorities";
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	other = text("%s/other-ca", b->dir);
	assert_status(site_shell(text("ssh-keygen -q -t ed25519 -N '' -f %s; "
				      "cat %s.pub %s.pub >/srv/tfa/trusted",
			  other, ca, other)),
	    0);
	s = site_of(b, user);
	write_text(list_of(user), "# none\n");
	certify(&s, ca, "");
	unlink(list);
	assert_unlisted(by_certificate(&s, s.code, "echo inside"));
	write_text(
	    list, text("cert-authority %s", read_text(text("%s.pub", ca))));
	assert_prints(by_certificate(&s, s.code, "echo inside"), "inside\n");
	certify(&s, ca, "-O force-command='echo forced'");
	assert_prints(by_certificate(&s, s.later, "echo inside"), "forced\n");
	certify(&s, other, "");
	assert_unlisted(by_certificate(&s, s.later, "echo inside"));
}

Test(keys, key_in_no_file_passes_where_the_policy_says_so)
{
	const char *user = "user26";
	struct site s;

	needs_people();
	s = site_of(bastion_open(.rules = REQUIRED,
			.more = "'keys':{'files':['.ssh/none'],"
				"'unlisted':'allow'}"),
	    user);
	assert_free(&s, s.code);
	fixture_write_policy(
	    s.b, fixture_policy(REQUIRED, "'keys':{'files':['.ssh/none']}"));
	assert_unlisted(try(&s, s.later, "echo inside"));
}

/* Each message names the file and what is wrong with it. */
Test(keys, that_cannot_be_looked_up_say_which_file_and_why)
{
	static const struct {
		const char *name, *says;
	} cases[] = {
	    {"@/closed/keys", "/closed/keys: Permission denied"},
	    {"@/loop", "/loop: "},
	    {"/srv", "/srv: is not a file"},
	    {"@/fifo", "/fifo: is not a file"},
	    {"/dev/zero", "/dev/zero: is not a file"},
	    {"@/large", "/large: is larger than 4 megabytes"},
	    {"@/nul", "/nul: has a NUL byte"},
	};
	const char *user = "user26";
	struct site s;

	needs_people();
	s = site_of(bastion_open(.rules = REQUIRED), user);
	assert_status(
	    site_shell(text("cd %s; mkdir -m 700 closed; ln -s loop loop; "
			    "mkfifo -m 644 fifo; truncate -s 4194305 large; "
			    "printf 'a\\0b' >nul",
		s.b->dir)),
	    0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = cases[i].name;
		struct run *r;

		if (name[0] == '@')
			name = text("%s%s", s.b->dir, name + 1);
		fixture_write_policy(s.b,
		    fixture_policy(REQUIRED,
			text("'keys':{'files':['.ssh/authorized_keys','%s']}",
			    name)));
		r = try(&s, s.code, "echo inside");
		assert_refused(r, 77);
		assert_says(
		    r->err, "The gate cannot look up what your key may run");
		assert_says(r->err, cases[i].says);
	}
	/* These files cause no message. */
	fixture_write_policy(s.b,
	    fixture_policy(REQUIRED,
		"'keys':{'files':['.ssh/authorized_keys','/dev/null','/none',"
		"'/etc/passwd/none']}"));
	assert_free(&s, s.code);
}

/* The file in which sshd names the key, after a session changed it. */
Test(keys, that_a_session_has_spoilt_say_so)
{
	static const struct {
		const char *spoil, *says;
	} cases[] = {
	    {"chmod 644 $A", ": open to others"},
	    {"chmod 600 $A; : >$A", ": empty"},
	    {"rm $A; mkdir $A", ": not a file"},
	    {"rmdir $A; ln -s /etc/passwd $A", "ymbolic link"},
	    {"rm $A", "No such file"},
	    {"umask 077; echo publickey a b >$A", "damaged"},
	    {"echo publickey a b >>$A", "more than one key"},
	};
	const char *path, *auth;
	struct session *master;
	struct site s;

	needs_people();
	s = site_of(bastion_open(.rules = RULE("exempt")), "user28");
	path = text("ControlPath=%s/master", s.b->dir);
	master = session_open(s.b, s.user, ARGV("-M", "-o", path), NULL);
	session_type(master, "echo \"A=$SSH_USER_AUTH.\"\r");
	session_expect(master, "A=/tmp/");
	auth = text("/tmp/sshauth.%.15s",
	    strstr(strstr(master->seen, "A=/tmp/"), "auth.") + 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r;

		session_type(master,
		    text(
			"A=%s; %s; echo do''ne%zu\r", auth, cases[i].spoil, i));
		session_expect(master, text("done%zu", i));
		r = ssh_run(s.b, s.user, ARGV("-o", path), "echo inside", NULL);
		assert_refused(r, 77);
		assert_says(r->err, cases[i].says);
	}
	session_kill(master);
}

Test(keys, that_sshd_asked_for_more_than_one_of_say_so)
{
	const char *user = "user24", *other, *list;
	struct site s;
	struct run *r;

	needs_people();
	s = site_of(bastion_open(.rules = REQUIRED,
			.match = text("Match User %s\n    "
				      "AuthenticationMethods "
				      "publickey,publickey\n",
			    user)),
	    user);
	other = text("%s/other", s.b->dir);
	list = read_text(list_of(user));
	assert_status(
	    site_shell(text("ssh-keygen -q -t ed25519 -N '' -f %s", other)), 0);
	write_text(list_of(user),
	    text("%s%s", list, read_text(text("%s.pub", other))));
	r = ssh_run(s.b, user, ARGV("-i", other, "-o", with_code(s.code)),
	    "echo inside", NULL);
	write_text(list_of(user), list);
	assert_refused(r, 77);
	assert_says(r->err, "more than one key");
}

Test(keys, certificate_and_authority_that_differ_say_so)
{
	const char *user = "user25", *ca;
	struct site s;
	struct run *r;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	s = site_of(bastion_open(.rules = REQUIRED,
			.more = "'keys':{'files':['/srv/tfa/two']}",
			.match = text("TrustedUserCAKeys %s.pub", ca)),
	    user);
	certify(&s, ca, "-O force-command='echo forced'");
	write_text("/srv/tfa/two",
	    text("cert-authority," ONLY " %s", read_text(text("%s.pub", ca))));
	r = by_certificate(&s, s.code, "echo inside");
	assert_refused(r, 77);
	assert_says(r->err, "name different commands");
}

/* The block that setup prints and tfa-gate(8) has. */
#define LEFT_TO_SSHD                               \
	"    ForceCommand none\n"                  \
	"    AuthenticationMethods publickey\n"    \
	"    PermitTTY no\n"                       \
	"    DisableForwarding yes\n"              \
	"    AllowTcpForwarding no\n"              \
	"    AllowStreamLocalForwarding no\n"      \
	"    AllowAgentForwarding no\n"            \
	"    X11Forwarding no\n"                   \
	"    PermitTunnel no\n"                    \
	"    SetEnv SHLVL=0\n"                     \
	"    AuthorizedKeysFile none\n"            \
	"    AuthorizedKeysCommand /srv/keys-of\n" \
	"    AuthorizedKeysCommandUser nobody"

/*
 * An account like a forge's: no code, no terminal, no forwarding, one command.
 */
Test(keys, account_of_a_command_is_left_to_sshd)
{
	const char *user = "user32";
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .match = text("Match User %s\n" LEFT_TO_SSHD, user));
	write_text("/srv/keys-of",
	    text("#!/bin/sh\necho '%s %s'\n",
		"command=\"echo only $SSH_ORIGINAL_COMMAND $HOME\"",
		text("%.*s", (int)strcspn(key_of(user), "\n"), key_of(user))));
	cr_assert_eq(chmod("/srv/keys-of", 0755), 0);
	r = ssh_run(b, user, NULL, "inside", NULL);
	assert_prints(r, text("only inside /home/%s\n", user));
	r = ssh_run(
	    b, user, ARGV("-W", text("127.0.0.1:%d", b->port)), NULL, NULL);
	cr_expect_neq(r->status, 0);
	cr_expect_str_empty(r->out);
	r = ssh_run(b, user, ARGV("-tt"), "inside", NULL);
	assert_says(r->err, "PTY allocation request failed");
}

#define EXEMPT RULE("exempt")

/*
 * sshd takes a key from a file that the gate does not know, limited to a
 * command there. In the gate's own file the key is free, but sshd would not
 * read that file, since others could have written it.
 */
Test(keys, file_that_others_can_write_lets_no_key_in)
{
	static const char *const opened[] = {"chmod o+w ~/.ssh/authorized_keys",
	    "chmod 0777 ~/.ssh", "chmod 0757 ~",
	    "chown nobody ~/.ssh/authorized_keys; "
	    "chmod 0644 ~/.ssh/authorized_keys",
	    "chown nobody ~/.ssh; chmod 0755 ~/.ssh"};
	const char *user = "user30", *home = "/home/user30";
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = EXEMPT,
	    .more = "'keys':{'files':['.ssh/authorized_keys']}",
	    .match = text("Match User %s\n    AuthorizedKeysFile "
			  "/srv/limited .ssh/authorized_keys",
		user));
	write_text("/srv/limited", text(ONLY " %s", key_of(user)));
	cr_assert_eq(chmod("/srv/limited", 0644), 0);
	write_text(list_of(user), key_of(user));
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		assert_status(
		    site_shell(text("HOME=%s; %s", home, opened[i])), 0);
		r = ssh_run(b, user, NULL, "echo inside", NULL);
		assert_refused(r, 77);
		assert_says(r->err, "Other users can change the file");
		assert_status(
		    site_shell(text("chown %s %s/.ssh %s/.ssh/*; chmod 0700 %s "
				    "%s/.ssh; chmod 0600 %s/.ssh/*",
			user, home, home, home, home, home)),
		    0);
	}
	/* The user has a group of their own: only Debian's sshd lets that
	 * write, and the gate does, too. */
	assert_status(site_shell(text("chgrp %s %s/.ssh; chmod 0775 %s/.ssh; "
				      "rm /srv/limited",
			  user, home, home)),
	    0);
	r = ssh_run(b, user, NULL, "echo inside", NULL);
	assert_status(r, bastion_sshd_is_debians() ? 0 : 255);
}

/* Logs in with these lines. Returns the output, or NULL. */
static const char *
login_with(const struct bastion *b, const char *user, const char *lines)
{
	struct run *r;

	write_text(list_of(user), lines);
	r = ssh_run(b, user, NULL, "echo inside", NULL);
	return r->status == 0 ? r->out : NULL;
}

/*
 * Odd lines, with sshd alone and with the gate. The gate lets in no more than
 * sshd alone. Where the line says so, it refuses what sshd takes.
 */
Test(keys, odd_lines_open_no_more_than_with_sshd_alone)
{
	static const struct {
		const char *before, *after; /* the key */
		bool refused; /* the gate refuses it, whatever sshd does */
	} lines[] = {
	    {"", "\n", false},
	    {"", "", false},
	    {"", "\r\n", false},
	    {" \t", " \t a comment \"with quotes\n", false},
	    {"restrict,pty ", "\n", false},
	    {"RESTRICT,PTY\t\t", "\n", false},
	    {"command=\"echo only\" ", "\n", false},
	    {"\tCOMMAND=\"echo only\"\t", "\r\n", false},
	    {"no-pty,command=\"echo \\\"a\\\"\",from=\"127.0.0.1\" ", "",
		false},
	    {"command=\"echo a\\b\" ", "\n", false},
	    {"command=\"echo a,b=c\" ", "\n", false},
	    {"command=\"echo '# x'\" ", "\n", false},
	    {"expiry-time=\"20200101\" ", "\n", false},
	    {"command=\"echo a\\\\\" ", "\n", true},
	    {"command=echo ", "\n", true},
	    {"command=\"echo ", "\n", true},
	    {"command=\"echo a\",command=\"echo b\" ", "\n", true},
	    {"command=\"echo a\", ", "\n", false},
	    {"command=\"echo a\" , ", "\n", true},
	    {"nonsense ", "\n", true},
	    {"nonsense=\"x\",command=\"echo a\" ", "\n", true},
	    {"principals=\"x\" ", "\n", true},
	    {"cert-authority ", "\n", true},
	    {"\xef\xbb\xbf", "\n", true},
	    {"\xef\xbb\xbf"
	     "command=\"echo a\" ",
		"\n", true},
	    {"\v", "\n", true},
	    {"#", "\n", true},
	    {"x\n \n#y\n\n", "", false},
	};
	const char *user = "user31", *key, *plain, *gated;
	struct bastion *b, *bare;

	needs_people();
	key = key_of(user);
	key = text("%.*s", (int)strcspn(key, "\n"), key);
	b = bastion_open(.rules = EXEMPT);
	bare = bastion_open(.rules = EXEMPT,
	    .match = text("Match User %s\n    ForceCommand none", user));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *all = text(
		    "%s%s%s", lines[i].before, key, lines[i].after);

		plain = login_with(bare, user, all);
		gated = login_with(b, user, all);
		if (lines[i].refused) {
			cr_expect_null(gated, "%zu: %s", i, all);
			continue;
		}
		cr_expect_eq(plain == NULL, gated == NULL, "%zu: %s", i, all);
		if (plain != NULL && gated != NULL)
			cr_expect_str_eq(gated, plain, "%zu: %s", i, all);
		/* A second line of the same key never widens it. */
		gated = login_with(
		    b, user, text("%s\nnonsense %s\n", all, key));
		cr_expect(gated == NULL, "%zu: %s", i, all);
	}
}

static const char *
last_line(const struct bastion *b)
{
	const char *audit = fixture_audit(b);
	const char *line = audit != NULL ? strrchr(audit, '{') : NULL;

	return line == NULL ? "" : text("%.*s", (int)strcspn(line, "\n"), line);
}

/* Keys that the gate refuses, whether the keeper would ask or let in. */
static const struct {
	const char *rules, *files, *reason;
} refused_keys[] = {
    {REQUIRED, ".ssh/none", "key_unlisted"},
    {EXEMPT, ".ssh/none", "key_unlisted"},
    {EXEMPT, "/etc", "key_file"},
};

Test(keys, that_the_gate_refuses_are_refused_in_the_log)
{
	struct bastion *b;
	const char *line;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = EXEMPT);
	fixture_enrol(b, b->me);
	for (size_t i = 0; i < sizeof(refused_keys) / sizeof(refused_keys[0]);
	     i++) {
		fixture_write_policy(b,
		    fixture_policy(refused_keys[i].rules,
			text(
			    "'keys':{'files':['%s']}", refused_keys[i].files)));
		assert_refused(
		    ssh_run(b, b->me, NULL, "echo inside", NULL), 77);
		line = last_line(b);
		cr_expect_str_eq(talk_word(line, "event"), "login", "%s", line);
		cr_expect_str_eq(talk_word(line, "user"), b->me);
		cr_expect_str_eq(talk_word(line, "verdict"), "deny");
		cr_expect_str_eq(
		    talk_word(line, "reason"), refused_keys[i].reason);
		cr_expect_str_eq(talk_word(line, "address"), "127.0.0.1");
		cr_expect_eq(strncmp(talk_word(line, "key"), "SHA256:", 7), 0);
		cr_expect_str_eq(talk_word(line, "command"), "echo inside");
		/* No pass stands before it. */
		cr_expect_eq(fixture_audit_count(b, "{"), i + 1);
	}
	r = bastion_admin(b, ARGV("log", "--user", b->me));
	assert_status(r, 0);
	assert_says(r->out, text("login  deny     %s reason=key_file", b->me));
}

/* Nothing is known of the key then, but the refusal is in the log. */
Test(keys, that_sshd_does_not_name_are_refused_in_the_log)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = EXEMPT,
	    .match = "Match User alice\n    ExposeAuthInfo no");
	assert_refused(ssh_run(b, b->me, NULL, "echo inside", NULL), 78);
	cr_expect_str_eq(talk_word(last_line(b), "verdict"), "deny");
	cr_expect_str_eq(talk_word(last_line(b), "reason"), "key_unknown");
}

/*
 * The audit's lock is held, so the keeper waits: a keeper that serves all, and
 * one that the gate started.
 */
Test(keys, that_the_gate_refuses_do_not_wait_for_the_log)
{
	static const char *const owners[] = {NULL, "user11"};

	needs_people();
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct bastion *b =
		    bastion_open(.policy = fixture_policy(REQUIRED,
				     "'keys':{'files':['.ssh/none']}"),
			.owner = owners[i]);
		long long begun_ms;
		int fd;

		fixture_enrol(b, b->me);
		assert_unlisted(ssh_run(b, b->me, NULL, "echo inside", NULL));
		fd = open(text("%s/audit.jsonl", b->store), O_RDWR | O_CLOEXEC);
		cr_assert_geq(fd, 0);
		cr_assert_eq(flock(fd, LOCK_EX), 0);
		begun_ms = run_clock_ms();
		assert_unlisted(ssh_run(b, b->me, NULL, "echo inside", NULL));
		cr_expect_leq(run_clock_ms() - begun_ms, PATIENCE_MS);
		close(fd);
	}
}

enum after_login { IS_GONE, IS_SILENT, IS_CONFUSED };

#define PASS "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"exempt\""
#define LOOK                                                          \
	"{\"v\":1,\"verdict\":\"deny\",\"reason\":\"look\",\"keys\":" \
	"\"0123456789abcdef\",\"key_files\":[\".ssh/none\"]}"

/*
 * A stand-in for the keeper: answers a login, and then stops, hangs or answers
 * like another version.
 */
static pid_t
pose_as_keeper(const struct bastion *b, const char *pass, enum after_login then)
{
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), peer;
	pid_t pid;

	memcpy(here.sun_path, b->socket, strlen(b->socket));
	unlink(b->socket);
	cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	cr_assert_eq(chmod(b->socket, 0666), 0);
	cr_assert_eq(listen(fd, 4), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		peer = accept(fd, NULL, NULL);
		if (then == IS_GONE)
			close(fd);
		if (talk_receive(peer, TALK_LIMIT_MS) == NULL ||
		    !talk_send(peer, pass, strlen(pass)))
			run_child_fails("no login");
		close(peer);
		if (then == IS_CONFUSED) {
			peer = accept(fd, NULL, NULL);
			(void)talk_send(peer, "{}", 2);
		}
		pause();
	}
	close(fd);
	return pid;
}

/* The refusal holds even if the keeper cannot be told. */
Test(keys, that_the_gate_refuses_are_refused_without_a_keeper_too)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = EXEMPT, .no_keeper = true);
	for (int then = IS_GONE; then <= IS_CONFUSED; then++) {
		pid_t keeper = pose_as_keeper(b, LOOK, (enum after_login)then);
		long long begun_ms = run_clock_ms();

		assert_unlisted(ssh_run(b, b->me, NULL, "echo inside", NULL));
		cr_expect_leq(
		    run_clock_ms() - begun_ms, PATIENCE_MS, "%d", then);
		kill(keeper, SIGKILL);
		cr_expect_eq(run_wait(keeper, PATIENCE_MS), 128 + SIGKILL);
	}
}

/* A keeper that was taken over can let people in, but run nothing as them. */
Test(keys, run_what_passwd_says_whatever_the_keeper_does)
{
	static const char evil[] = PASS
	    ",\"unlisted\":true,\"user\":\"bob\",\"home\":\"/srv\","
	    "\"shell\":\"/bin/false\"}";
	struct bastion *b;
	struct run *r;
	pid_t keeper;

	needs_people();
	b = bastion_open(.rules = EXEMPT, .no_keeper = true);
	keeper = pose_as_keeper(b, evil, IS_GONE);
	r = ssh_run(b, "alice", NULL, "echo inside $HOME", NULL);
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "inside /home/alice\n");
	kill(keeper, SIGKILL);
	cr_expect_eq(run_wait(keeper, PATIENCE_MS), 128 + SIGKILL);
}
