/*
 * Nobody can forge what the gate is told: not by any variable, from any place
 * that a client, a user or PAM can fill, while anything that sshd needs is
 * gone.  A thief has the key, has had a session and has no code; somebody with
 * a key for one command wants a shell.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/hostile.h"
#include "tests/scenario/machine.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/tmp.h"

Scenarios(forged);

#define USER       "user27"
#define BATCH      60
#define LIES_ALONE 5 /* at the top of the table */
#define BEFORE     "UsePAM yes\nPermitUserEnvironment yes\n"
#define ACCEPTED   "Match all\n    AcceptEnv *\n"

/* Exempt from an address that nobody has; required from all others. */
#define ELSEWHERE                                            \
	"{'name':'elsewhere','users':['*'],'mode':'exempt'," \
	"'from':['192.0.2.0/24']}," REQUIRED

enum source { BY_CLIENT, BY_PAM_USER, BY_FILE, BY_KEY, BY_PAM, SOURCES };

/*
 * Lies about what sshd says. @/auth is a file as sshd writes it, 0600 and the
 * user's, and the name of a remembered connection; @/password is of a login
 * without a key.
 */
static const struct hostile lies[] = {
    {{"SSH_USER_AUTH=@/auth"}, HOSTILE_PLAIN},
    {{"SSH_USER_AUTH=@/password"}, HOSTILE_PLAIN},
    {{"SSH_USER_AUTH=/dev/null"}, HOSTILE_PLAIN},
    {{"SSH_ORIGINAL_COMMAND=echo inside", "SSH_USER_AUTH=@/auth"},
	HOSTILE_PLAIN},
    {{"SSH_CONNECTION=192.0.2.1 1 127.0.0.1 22", "SSH_CLIENT=192.0.2.1 1 22",
	 "SSH_USER_AUTH=@/auth"},
	HOSTILE_PLAIN},
    {{"TFA_CONNECTION=pam/0123456789abcdef0123456789abcdef",
	 "SSH_CONNECTION=192.0.2.1 1 127.0.0.1 22"},
	HOSTILE_PLAIN},
    {{"SSH_TTY=/dev/tty", "SSH_TUNNEL=tun0", "USER=root", "LOGNAME=root"},
	HOSTILE_PLAIN},
    {{"SSH_AUTH_SOCK=@/agent", "SSH_AUTH_INFO_0=publickey", "KRB5CCNAME=@/auth",
	 "DISPLAY=:0"},
	HOSTILE_PLAIN},
    {{"LC_ALL=C", "LC_CTYPE=C", "LANG=C", "TERM=dumb"}, HOSTILE_PLAIN},
    {{"HOME=@", "SHELL=@/script", "PATH=@:/usr/bin:/bin", "TZ=:@/auth"},
	HOSTILE_PLAIN},
    {{"fish_function_path=@", "fish_complete_path=@", "MAIL=@/auth",
	 "XDG_RUNTIME_DIR=@"},
	HOSTILE_PLAIN},
};
static const size_t lies_count = sizeof(lies) / sizeof(lies[0]);

struct forger {
	struct bastion *b;
	enum source source;
	char *folder, *home, *key, *list;
	bool limited; /* the key is for one command */
};

/* The variables of one login, as "NAME=VALUE". */
struct batch {
	const char *set[BATCH * HOSTILE_SET];
	size_t count;
};

static bool
has_name(const struct batch *batch, const char *set)
{
	size_t n = strcspn(set, "=") + 1;

	for (size_t i = 0; i < batch->count; i++)
		if (strncmp(batch->set[i], set, n) == 0)
			return true;
	return false;
}

/* False if the batch has one of the names already. */
static bool
add(struct batch *batch, const struct hostile *hostile, const char *folder)
{
	for (size_t i = 0; i < HOSTILE_SET && hostile->set[i] != NULL; i++)
		if (has_name(batch, hostile->set[i]) ||
		    batch->count + HOSTILE_SET > BATCH * HOSTILE_SET)
			return false;
	for (size_t i = 0; i < HOSTILE_SET && hostile->set[i] != NULL; i++)
		batch->set[batch->count++] = hostile_text(
		    hostile->set[i], folder);
	return true;
}

/* Copies in, with a backslash before each of these characters. */
static char *
escaped(const char *in, const char *characters)
{
	char *out = text("%s", "");

	for (; *in != '\0'; in++)
		out = text("%s%s%c", out,
		    strchr(characters, *in) != NULL ? "\\" : "", *in);
	return out;
}

/* One variable in the syntax of its source. */
static char *
written(enum source source, const char *set)
{
	size_t n = strcspn(set, "=");

	switch (source) {
	case BY_CLIENT:
		return text(" \"%s\"", set);
	case BY_PAM_USER:
		return text("%.*s DEFAULT=\"%s\"\n", (int)n, set,
		    escaped(set + n + 1, "$@"));
	case BY_KEY:
		return text("environment=\"%s\",", escaped(set, "\""));
	case BY_FILE:
	case BY_PAM:
	case SOURCES:
		break;
	}
	return text("%s\n", set);
}

/* The file of this source. */
static const char *
file_of(const struct forger *f)
{
	switch (f->source) {
	case BY_PAM_USER:
		return text("%s/.pam_environment", f->home);
	case BY_FILE:
		return text("%s/.ssh/environment", f->home);
	case BY_PAM:
		return text("%s/pam", f->folder);
	case BY_KEY:
		return f->list;
	case BY_CLIENT:
	case SOURCES:
		break;
	}
	return NULL;
}

/* Puts the variables there and logs in; command may be NULL. */
static struct run *
login(const struct forger *f, const struct batch *batch, const char *command,
    const char *input, const char *code)
{
	char *all = text("%s", ""), *option;
	const char *limit = f->limited ? "command=\"echo only\"," : "";

	for (size_t i = 0; i < batch->count; i++)
		all = text("%s%s", all, written(f->source, batch->set[i]));
	if (f->source == BY_KEY)
		write_text(
		    f->list, text("%s%srestrict %s", limit, all, f->key));
	else if (f->source != BY_CLIENT)
		write_text(file_of(f), all);
	option = text("SetEnv=A=b%s%s", f->source == BY_CLIENT ? all : "",
	    code != NULL ? text(" TFA_CODE=%s", code) : "");
	return ssh_run(f->b, USER, ARGV("-o", option), command, input);
}

/*
 * Logs in with a batch, and checks that nothing opened: neither for a thief,
 * nor beyond a key's one command.
 */
static void
try(const struct forger *f, const struct batch *batch, const char *what)
{
	struct run *r = login(f, batch, "echo inside", NULL, NULL);
	const char *name = batch->set[0];

	cr_expect(strstr(r->out, "inside") == NULL, "%s opened, %s: %s", name,
	    what, r->out);
	if (f->limited) {
		cr_expect(strcmp(r->out, "only\n") == 0 || r->status > 64,
		    "%s: %d, %s: %s", name, r->status, r->out, r->err);
		return;
	}
	cr_expect_not(hostile_ran(f->folder), "%s ran, %s", name, what);
	/* The loader obeys these, and then starts no shell. */
	if (strncmp(name, "LD_", 3) == 0)
		return;
	cr_expect_str_empty(r->out, "%s, %s", name, what);
	cr_expect_gt(r->status, 64, "%s, %s: status %d: %s", name, what,
	    r->status, r->err);
}

/* Tries the first lies one by one and the rest together. */
static void
try_lies(const struct forger *f, const char *what)
{
	struct batch rest = {.count = 0};

	for (size_t i = 0; i < lies_count; i++) {
		struct batch batch = {.count = 0};

		if (i >= LIES_ALONE) {
			cr_assert(add(&rest, &lies[i], f->folder));
			continue;
		}
		cr_assert(add(&batch, &lies[i], f->folder));
		try(f, &batch, what);
	}
	try(f, &rest, what);
}

/*
 * Tries all entries of a kind, in as few logins as their names allow, or one by
 * one.
 */
static void
try_table(const struct forger *f, enum hostile_kind kind, bool alone,
    const char *what)
{
	bool done[256] = {false};
	size_t left = 0;

	cr_assert_leq(hostile_count, sizeof(done));
	for (size_t i = 0; i < hostile_count; i++)
		left += hostile_table[i].kind == kind;
	while (left > 0) {
		struct batch batch = {.count = 0};

		for (size_t i = 0; i < hostile_count; i++) {
			if (done[i] || hostile_table[i].kind != kind ||
			    (alone && batch.count > 0) ||
			    !add(&batch, &hostile_table[i], f->folder))
				continue;
			done[i] = true;
			left--;
		}
		try(f, &batch, what);
	}
}

/* The lines of Debian 12's PAM that matter here. */
static void
put_pam(const struct forger *f)
{
	const char *file = text("%s/pam.conf", f->b->dir);

	write_text(file,
	    text("account required pam_permit.so\n"
		 "session required pam_permit.so\n"
		 "session required pam_env.so readenv=1 envfile=%s/pam "
		 "user_readenv=%d\n",
		f->folder, f->source == BY_PAM_USER));
	cr_assert_eq(mount(file, "/etc/pam.d/sshd", NULL, MS_BIND, NULL), 0);
}

/* A file that only its user can have made: sshd's own, or a copy. */
static void
put_auth(const char *path, const char *content)
{
	write_text(path, content);
	assert_status(run(ARGV("chown", USER, path), NULL, 0), 0);
	cr_assert_eq(chmod(path, 0600), 0);
}

/* A record in which the connection named FOLDER/auth needs no code. */
static void
put_remembered(const struct forger *f)
{
	const char *key = text("%s/%s.pub", getenv("TFA_KEYS"), USER);
	struct run *name = run(ARGV("sh", "-ec",
				   text("printf '%%s\\0%%s' \"$(cat "
					"/proc/sys/kernel/random/boot_id)\" "
					"%s/auth | sha256sum | cut -d' ' -f1",
				       f->folder)),
	    NULL, 0);
	struct run *print = run(
	    ARGV("sh", "-ec", text("ssh-keygen -lf %s | cut -d' ' -f2", key)),
	    NULL, 0);

	fixture_put_record(f->b, USER,
	    text("%s,'verified':[{'connection':'%.64s','key':'%.50s',"
		 "'until':'%s'}]",
		fixture_device(secret_random(), 0), name->out, print->out,
		hours_from_now(6)));
}

static struct forger
forger_open(enum source source, const char *rules, bool limited)
{
	struct forger f = {.source = source, .limited = limited};

	tmp_own();
	f.b = bastion_open(.rules = rules, .before = BEFORE, .after = ACCEPTED);
	f.folder = hostile_folder(f.b);
	f.home = text("/home/%s", USER);
	f.list = text("%s/.ssh/authorized_keys", f.home);
	f.key = read_text(text("%s/%s.pub", getenv("TFA_KEYS"), USER));
	write_text(text("%s/pam", f.folder), "");
	write_text(text("%s/__fish_set_locale.fish", f.folder),
	    text(": >%s/ran\n", f.folder));
	put_auth(text("%s/auth", f.folder), text("publickey %s", f.key));
	put_auth(text("%s/password", f.folder), "password\n");
	put_pam(&f);
	if (limited)
		write_text(
		    f.list, text("command=\"echo only\",restrict %s", f.key));
	return f;
}

/*
 * Checks the attack itself: a variable of this source arrives, and the thief's
 * remembered connection would pass if the gate believed it.
 */
static bool
works(const struct forger *f)
{
	struct batch batch = {.set = {"FORGED=yes"}, .count = 1};
	struct run *r;

	fixture_write_policy(f->b, fixture_policy(RULE("exempt"), NULL));
	r = login(f, &batch, "echo \"<$FORGED>\"", NULL, NULL);
	fixture_write_policy(f->b, fixture_policy(ELSEWHERE, NULL));
	assert_status(r, 0);
	return strstr(r->out, "<yes>") != NULL;
}

static void
assert_remembered(const struct forger *f)
{
	assert_status(run(ARGV("setpriv", "--reuid=" USER, "--regid=" USER,
			      "--init-groups", "env",
			      text("SSH_USER_AUTH=%s/auth", f->folder),
			      "SSH_CONNECTION=127.0.0.1 1 127.0.0.1 22",
			      "SSH_ORIGINAL_COMMAND=true",
			      text("%s/tfa-gate", getenv("TFA_PROGRAMS")),
			      "--socket", f->b->socket),
			  NULL, 0),
	    0);
}

static void
assert_nothing_for_a_thief(enum source source)
{
	struct forger f = forger_open(source, ELSEWHERE, false);

	put_remembered(&f);
	assert_remembered(&f);
	if (!works(&f) && source == BY_PAM_USER)
		cr_skip("this PAM reads no ~/.pam_environment");
	cr_assert(works(&f));
	for (int kind = TMP_FINE; kind < TMP_KINDS; kind++) {
		bool alone = kind <= TMP_NO_SPACE;
		const char *what = tmp_names[kind];

		if (!tmp_put((enum tmp_kind)kind))
			continue;
		try_lies(&f, what);
		try_table(&f, HOSTILE_RUNS, alone, what);
		if (alone)
			try_table(&f, HOSTILE_PLAIN, false, what);
		/* Sanitizers need a loader that nobody talks to. */
		if (alone && getenv("ASAN_OPTIONS") == NULL)
			try_table(&f, HOSTILE_LOADER, false, what);
	}
	assert_never_says(fixture_audit(f.b), "\"192.0.2.1\"");
	/* The only one is the login by hand. */
	cr_expect_eq(fixture_audit_count(f.b, "\"remembered\""), 1);
}

Test(forged, facts_of_a_client_open_nothing)
{
	needs_people();
	assert_nothing_for_a_thief(BY_CLIENT);
}

Test(forged, facts_of_pam_environment_open_nothing)
{
	needs_people();
	assert_nothing_for_a_thief(BY_PAM_USER);
}

Test(forged, facts_of_a_users_environment_file_open_nothing)
{
	needs_people();
	assert_nothing_for_a_thief(BY_FILE);
}

Test(forged, facts_of_a_key_open_nothing)
{
	needs_people();
	assert_nothing_for_a_thief(BY_KEY);
}

Test(forged, facts_of_pams_own_file_open_nothing)
{
	needs_people();
	assert_nothing_for_a_thief(BY_PAM);
}

/* A key for one command, of somebody who is asked for no code. */
static void
assert_no_wider(enum source source)
{
	struct forger f = forger_open(source, RULE("exempt"), true);

	for (int kind = TMP_FINE; kind < TMP_KINDS; kind++)
		if (tmp_put((enum tmp_kind)kind))
			try_lies(&f, tmp_names[kind]);
}

Test(forged, facts_of_a_client_widen_no_key)
{
	needs_people();
	assert_no_wider(BY_CLIENT);
}

Test(forged, facts_of_pam_environment_widen_no_key)
{
	needs_people();
	assert_no_wider(BY_PAM_USER);
}

Test(forged, facts_of_a_users_environment_file_widen_no_key)
{
	needs_people();
	assert_no_wider(BY_FILE);
}

Test(forged, facts_of_a_key_widen_no_key)
{
	needs_people();
	assert_no_wider(BY_KEY);
}

Test(forged, facts_of_pams_own_file_widen_no_key)
{
	needs_people();
	assert_no_wider(BY_PAM);
}

/*
 * Without a command from sshd she gets her shell, whatever the variables say.
 */
Test(forged, facts_give_no_command_to_who_asks_for_a_shell)
{
	struct forger f;

	needs_people();
	f = forger_open(BY_CLIENT, RULE("exempt"), false);
	for (int source = 0; source < SOURCES; source++) {
		struct batch batch = {
		    .set = {"SSH_ORIGINAL_COMMAND=echo other",
			"SSH_TTY=/dev/other", "SSH_USER_AUTH=/other",
			"SSH_TUNNEL=other"},
		    .count = 4};
		struct run *r;

		f.source = (enum source)source;
		umount("/etc/pam.d/sshd");
		put_pam(&f);
		r = login(&f, &batch, NULL,
		    "echo inside $SSH_TTY$SSH_TUNNEL; env\n", NULL);
		assert_status(r, 0);
		assert_says(r->out, "inside\n");
		assert_says(r->out, "SSH_USER_AUTH=/tmp/sshauth.");
		assert_never_says(r->out, "other");
		assert_never_says(r->out, "SSH_TTY");
	}
}
