/*
 * Keys, certificates and the site's own rules at the door: a restriction that
 * sshd imposes holds after a code, and so does whom the site lets in at all.
 * Each test has a user of its own, whose files it writes.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"

Scenarios(door_keys);

#define AFTER_CODE "'forwarding':'after-code'"
#define ONLY       "command=\"echo only $SSH_ORIGINAL_COMMAND\""

static struct visit
visit_door(const char *user, const char *before)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = AFTER_CODE,
	    .before = before, .door = true);

	fixture_enrol(b, user);
	return visit_of(b, "door", user, NULL);
}

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

static void
new_code(struct visit *v)
{
	v->answers = visit_new_code(v->b, v->user);
}

/* A probe with a code that is new. */
static bool
opens(struct visit *v, bool (*probe)(const struct visit *))
{
	new_code(v);
	return probe(v);
}

/* A command's output after a code. */
static const char *
says(struct visit *v, const char *command)
{
	new_code(v);
	return visit_run(v, NULL, command)->out;
}

Test(door_keys, command_of_a_key_holds)
{
	const char *user = "user54", *key;
	struct visit v;

	needs_door();
	v = visit_door(user, NULL);
	key = key_of(user);
	cr_assert_str_eq(says(&v, "echo inside"), "inside\n");
	write_text(list_of(user), text(ONLY " %s", key));
	cr_assert_str_eq(says(&v, "echo inside"), "only echo inside\n");
	/* The manual says that it may forward, unless it has "restrict". */
	cr_assert(opens(&v, probe_stdio));
	write_text(list_of(user), text("restrict," ONLY " %s", key));
	cr_assert_str_eq(says(&v, "echo inside"), "only echo inside\n");
	cr_assert_not(opens(&v, probe_stdio));
	write_text(list_of(user), key);
}

/* Each option closes what it names, and the next line shows the probe. */
Test(door_keys, options_of_a_key_hold)
{
	static const struct {
		const char *options;
		bool forwards, agent;
	} cases[] = {
	    {"", true, true},
	    {"restrict ", false, false},
	    {"restrict,pty,agent-forwarding ", false, true},
	    {"restrict,port-forwarding ", true, false},
	    {"no-port-forwarding ", false, true},
	    {"no-agent-forwarding ", true, false},
	    {"permitopen=\"127.0.0.1:1\" ", false, true},
	};
	const char *user = "user55", *key;
	struct visit v;

	needs_door();
	v = visit_door(user, NULL);
	key = key_of(user);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_text(list_of(user), text("%s%s", cases[i].options, key));
		cr_assert_eq(opens(&v, probe_stdio), cases[i].forwards, "%s",
		    cases[i].options);
		cr_assert_eq(opens(&v, probe_local), cases[i].forwards, "%s",
		    cases[i].options);
		cr_assert_eq(opens(&v, probe_agent), cases[i].agent, "%s",
		    cases[i].options);
	}
	write_text(list_of(user),
	    text("permitopen=\"127.0.0.1:%d\" %s", v.beyond->port, key));
	cr_assert(opens(&v, probe_stdio));
	cr_assert(opens(&v, probe_jump));
	/* The only target is not the bastion itself. */
	v.beyond = v.b;
	cr_assert_not(opens(&v, probe_stdio));
	write_text(list_of(user), key);
}

/* A certificate for the user's key, in the bastion's folder. */
static void
certify(struct visit *v, const char *more)
{
	assert_status(
	    site_shell(text("cd %s; cp %s/%s.pub .; "
			    "ssh-keygen -q -s %s/user-ca -I %s -n %s %s %s.pub",
		v->b->dir, getenv("TFA_KEYS"), v->user, getenv("TFA_KEYS"),
		v->user, v->user, more, v->user)),
	    0);
	v->option = text("CertificateFile=%s/%s-cert.pub", v->b->dir, v->user);
}

/* sshd tells the module the whole certificate. */
Test(door_keys, certificate)
{
	const char *user = "user56";
	struct visit v;

	needs_door();
	v = visit_door(user, NULL);
	write_text(list_of(user),
	    text("cert-authority %s",
		read_text(text("%s/user-ca.pub", getenv("TFA_KEYS")))));
	cr_assert_not(opens(&v, probe_stdio), "without the certificate");
	certify(&v, "");
	v.answers = NULL;
	cr_assert_not(probe_stdio(&v), "without a code");
	cr_assert(opens(&v, probe_stdio));
	cr_assert(opens(&v, probe_session));
	certify(&v, "-O no-port-forwarding");
	cr_assert_not(opens(&v, probe_stdio));
	cr_assert(opens(&v, probe_session));
	certify(&v, "-O force-command='echo forced'");
	cr_assert_str_eq(says(&v, "echo inside"), "forced\n");
	certify(&v, "-O clear -O force-command='echo forced'");
	cr_assert_not(opens(&v, probe_stdio));
}

/*
 * A certificate of 20,000 bytes and more. Where the module or the keeper
 * cannot take it, the user is refused in words; a small one works.
 */
Test(door_keys, large_certificate)
{
	const char *user = "user56";
	struct visit v;
	struct run *r;

	needs_door();
	v = visit_door(user, NULL);
	write_text(list_of(user),
	    text("cert-authority %s",
		read_text(text("%s/user-ca.pub", getenv("TFA_KEYS")))));
	for (int kb = 1; kb <= 32; kb *= 2) {
		certify(&v,
		    text("-O extension:x@example.org=$(head -c %d /dev/zero | "
			 "tr '\\0' x)",
			kb * 1024));
		new_code(&v);
		r = visit_run(
		    &v, ARGV("-W", text("127.0.0.1:%d", v.beyond->port)), NULL);
		cr_log_info("%d: %d %s", kb, r->status, r->err);
		if (r->status != 0)
			assert_says(r->err, "Access denied: ");
		else
			assert_says(r->out, "SSH-2.0");
	}
	certify(&v, "");
	cr_assert(opens(&v, probe_stdio));
}

static char *
new_key(const struct visit *v, const char *name, const char *type)
{
	char *path = text("%s/%s", v->b->dir, name);

	assert_status(
	    run(ARGV("ssh-keygen", "-q", "-t", type, "-N", "", "-f", path),
		NULL, 0),
	    0);
	return path;
}

/* ssh offers them all, and sshd takes the last. */
Test(door_keys, several_are_offered)
{
	struct visit v;
	struct run *r;
	const char *first, *second;

	needs_door();
	v = visit_door("user49", NULL);
	first = new_key(&v, "first", "rsa");
	second = new_key(&v, "second", "ecdsa");
	new_code(&v);
	r = visit_run(&v,
	    ARGV("-i", first, "-i", second, "-W",
		text("127.0.0.1:%d", v.beyond->port)),
	    NULL);
	assert_says(r->out, "SSH-2.0");
	/* The keys of other kinds work, too. */
	write_text(list_of(v.user), read_text(text("%s.pub", first)));
	v.option = text("IdentityFile=%s", first);
	cr_assert(opens(&v, probe_stdio));
	write_text(list_of(v.user), read_text(text("%s.pub", second)));
	v.option = text("IdentityFile=%s", second);
	cr_assert(opens(&v, probe_session));
	write_text(list_of(v.user), key_of(v.user));
}

/* Where a site wants two keys sshd tells the module of two. */
Test(door_keys, two_are_wanted)
{
	struct visit v;
	const char *second;

	needs_door();
	v = visit_door("user57", NULL);
	second = new_key(&v, "second", "ed25519");
	assert_status(
	    run(ARGV("sed", "-i", "s/publickey,keyb/publickey,publickey,keyb/",
		    text("%s/sshd_config", v.b->dir)),
		NULL, 0),
	    0);
	door_restart((struct bastion *)v.b);
	cr_assert_not(opens(&v, probe_stdio), "one key");
	write_text(list_of(v.user),
	    text("%s%s", key_of(v.user), read_text(text("%s.pub", second))));
	v.option = text("IdentityFile=%s", second);
	v.answers = NULL;
	cr_assert_not(probe_stdio(&v), "two keys and no code");
	cr_assert(opens(&v, probe_stdio), "two keys and a code");
	write_text(list_of(v.user), key_of(v.user));
}

/* user14 has a Unix password, which port 22 takes in place of a key. */
Test(door_keys, password)
{
	const char *user = "user14";
	struct bastion *b;
	struct visit v;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .more = AFTER_CODE,
	    .passwords = true, .door = true);
	v = visit_of(b, "door", user, NULL);
	v.answers = text("correct-horse\n%s", visit_new_code(b, user));
	v.option = "PreferredAuthentications=password,keyboard-interactive";
	cr_assert_not(probe_stdio(&v));
	cr_assert_not(probe_session(&v));
	v.answers = visit_new_code(b, user);
	cr_assert_not(probe_stdio(&v), "a code without a key");
	v.option = "PreferredAuthentications=publickey,keyboard-interactive";
	cr_assert(opens(&v, probe_stdio));
	/* The password works. */
	v.host = "bastion";
	v.answers = "correct-horse";
	cr_assert_eq(visit_run(&v,
			 ARGV("-o", "PreferredAuthentications=password", "-o",
			     with_code(visit_new_code(b, user))),
			 "exit 5")
			 ->status,
	    5);
}

/* All that ssh says to somebody, without the name. */
static const char *
farewell(struct visit v, const char *user, const char *option)
{
	struct run *r;
	char *name = text("%s@", user), *found;

	v.user = user;
	v.option = option;
	v.answers = "123456\n123456\n123456";
	r = visit_run(
	    &v, ARGV("-W", text("127.0.0.1:%d", v.beyond->port)), NULL);
	assert_refused(r, 255);
	found = strstr(r->err, name);
	cr_assert_not_null(found, "%s", r->err);
	return text(
	    "%.*s%s", (int)(found - r->err), r->err, found + strlen(name));
}

/*
 * Somebody who is not there, and somebody whom the site denies, look like
 * somebody whose key is another.
 */
Test(door_keys, users_that_cannot_come_in_look_alike)
{
	static const char *const ways[] = {"PreferredAuthentications=publickey",
	    "PreferredAuthentications=publickey,keyboard-interactive",
	    "PreferredAuthentications=keyboard-interactive",
	    "PreferredAuthentications=password,keyboard-interactive"};
	struct visit v;
	size_t before;

	needs_door();
	v = visit_door("user58", "DenyUsers user59\n");
	fixture_enrol(v.b, "user59");
	assert_status(site_shell("cd $TFA_KEYS; cp user58 nobody-here; "
				 "cp user58.pub nobody-here.pub"),
	    0);
	write_text(list_of("user58"), key_of("user57"));
	before = door_questions(v.b);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *here = farewell(v, "user58", ways[i]);

		cr_assert_str_eq(farewell(v, "nobody-here", ways[i]), here);
		cr_assert_str_eq(farewell(v, "user59", ways[i]), here);
	}
	cr_assert_eq(door_questions(v.b), before);
	write_text(list_of("user58"), key_of("user58"));
	cr_assert(opens(&v, probe_stdio));
}

/* With the right key and a good code. */
Test(door_keys, users_that_the_site_denies_stay_out)
{
	struct visit v;

	needs_door();
	v = visit_door("user62", "DenyUsers user62\n");
	cr_assert_not(opens(&v, probe_stdio));
	cr_assert_not(opens(&v, probe_session));
	cr_assert_eq(door_questions(v.b), 0);
	v.user = "user61";
	cr_assert(opens(&v, probe_stdio));
	v = visit_door("user61", "AllowUsers user62\n");
	cr_assert_not(opens(&v, probe_stdio));
	v.user = "user62";
	cr_assert(opens(&v, probe_stdio));
}

/* An account that PAM holds to be over, as port 22 with PAM has it. */
Test(door_keys, account_that_has_expired)
{
	struct visit v;

	needs_door();
	v = visit_door("user60", NULL);
	cr_assert(opens(&v, probe_stdio));
	assert_status(
	    run(ARGV("usermod", "-e", "1970-01-02", "user60"), NULL, 0), 0);
	cr_assert_not(opens(&v, probe_stdio));
	assert_status(run(ARGV("usermod", "-e", "", "user60"), NULL, 0), 0);
	cr_assert(opens(&v, probe_stdio));
}
